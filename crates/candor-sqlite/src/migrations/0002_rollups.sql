-- What reports count, by hour, so that they cost hours instead of rows. Triggers keep it true within
-- the very statement that changes what is counted, cascades included.

-- The source types of the trace's feedback that counts, one bit each: 1 << source_type.
ALTER TABLE traces ADD COLUMN judged_by INTEGER NOT NULL DEFAULT 0;

-- Feedback that counts, with what it is counted by. An hour is a number of hours since the epoch.
-- Texts and lists of more than 100 bytes and maps are one value, 0 of type 0; booleans have the type.
CREATE VIEW counted_feedback AS
SELECT pk, trace_pk, experiment_id, trace_ms, create_ms, name, source_type,
    trace_ms / 3600000 - (trace_ms % 3600000 < 0) AS hour,
    CASE
        WHEN value_type IN (3, 4) THEN 4
        WHEN value_type IN (5, 6) AND length(value_json) > 100 OR value_type = 7 THEN 0
        ELSE value_type
    END AS class,
    CASE
        WHEN value_type IN (3, 4) THEN value_num
        WHEN value_type IN (5, 6) AND length(value_json) <= 100 THEN value_json
        ELSE 0
    END AS value
FROM assessments WHERE valid = 1 AND counted = 1;

CREATE TABLE feedback_hours (
    experiment_id INTEGER NOT NULL,
    hour          INTEGER NOT NULL, -- of the trace's request
    name          TEXT NOT NULL,
    source_type   INTEGER NOT NULL,
    class         INTEGER NOT NULL,
    value         ANY NOT NULL,
    verdicts      INTEGER NOT NULL,
    PRIMARY KEY (experiment_id, hour, name, source_type, class, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX feedback_hours_of_none ON feedback_hours (verdicts) WHERE verdicts = 0;

CREATE TABLE trace_hours (
    experiment_id INTEGER NOT NULL,
    hour          INTEGER NOT NULL,
    judged_by     INTEGER NOT NULL,
    traces        INTEGER NOT NULL,
    PRIMARY KEY (experiment_id, hour, judged_by)
) STRICT, WITHOUT ROWID;

CREATE INDEX trace_hours_of_none ON trace_hours (traces) WHERE traces = 0;

UPDATE traces SET judged_by = judged.by FROM (
    SELECT trace_pk, sum(DISTINCT 1 << source_type) AS by FROM counted_feedback GROUP BY trace_pk
) AS judged WHERE judged.trace_pk = traces.pk;

INSERT INTO feedback_hours
SELECT experiment_id, hour, name, source_type, class, value, count(*) FROM counted_feedback
GROUP BY experiment_id, hour, name, source_type, class, value;

INSERT INTO trace_hours
SELECT experiment_id, request_ms / 3600000 - (request_ms % 3600000 < 0) AS hour, judged_by, count(*) FROM traces
GROUP BY experiment_id, hour, judged_by;

CREATE TRIGGER feedback_comes AFTER INSERT ON assessments WHEN NEW.valid = 1 AND NEW.counted = 1 BEGIN
    INSERT INTO feedback_hours
    SELECT experiment_id, hour, name, source_type, class, value, 1 FROM counted_feedback WHERE pk = NEW.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts + 1;
    UPDATE traces SET judged_by = judged_by | (1 << NEW.source_type)
    WHERE pk = NEW.trace_pk AND judged_by & (1 << NEW.source_type) = 0;
END;

CREATE TRIGGER feedback_goes BEFORE DELETE ON assessments WHEN OLD.valid = 1 AND OLD.counted = 1 BEGIN
    INSERT INTO feedback_hours
    SELECT experiment_id, hour, name, source_type, class, value, -1 FROM counted_feedback WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts - 1;
    DELETE FROM feedback_hours WHERE verdicts = 0;
END;

CREATE TRIGGER feedback_is_gone AFTER DELETE ON assessments WHEN OLD.valid = 1 AND OLD.counted = 1 BEGIN
    UPDATE traces SET judged_by = judged_by & ~(1 << OLD.source_type)
    WHERE pk = OLD.trace_pk AND NOT EXISTS (
        SELECT 1 FROM assessments AS other WHERE other.trace_pk = OLD.trace_pk
        AND other.valid = 1 AND other.counted = 1 AND other.source_type = OLD.source_type);
END;

CREATE TRIGGER feedback_changes BEFORE UPDATE OF
    experiment_id, trace_ms, name, source_type, valid, counted, value_type, value_num, value_json ON assessments
WHEN OLD.valid = 1 AND OLD.counted = 1 BEGIN
    INSERT INTO feedback_hours
    SELECT experiment_id, hour, name, source_type, class, value, -1 FROM counted_feedback WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts - 1;
    DELETE FROM feedback_hours WHERE verdicts = 0;
END;

CREATE TRIGGER feedback_has_changed AFTER UPDATE OF
    experiment_id, trace_ms, name, source_type, valid, counted, value_type, value_num, value_json ON assessments
BEGIN
    INSERT INTO feedback_hours
    SELECT experiment_id, hour, name, source_type, class, value, 1 FROM counted_feedback WHERE pk = NEW.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts + 1;
    UPDATE traces SET judged_by = judged_by & ~(1 << NEW.source_type)
    WHERE pk = NEW.trace_pk AND judged_by & (1 << NEW.source_type) <> 0 AND NOT EXISTS (
        SELECT 1 FROM assessments AS other WHERE other.trace_pk = NEW.trace_pk
        AND other.valid = 1 AND other.counted = 1 AND other.source_type = NEW.source_type);
    UPDATE traces SET judged_by = judged_by | (1 << NEW.source_type)
    WHERE pk = NEW.trace_pk AND judged_by & (1 << NEW.source_type) = 0 AND NEW.valid = 1 AND NEW.counted = 1;
END;

CREATE TRIGGER trace_comes AFTER INSERT ON traces BEGIN
    INSERT INTO trace_hours
    VALUES (NEW.experiment_id, NEW.request_ms / 3600000 - (NEW.request_ms % 3600000 < 0), NEW.judged_by, 1)
    ON CONFLICT DO UPDATE SET traces = traces + 1;
END;

CREATE TRIGGER trace_moves AFTER UPDATE OF experiment_id, request_ms, judged_by ON traces
WHEN OLD.experiment_id <> NEW.experiment_id OR OLD.request_ms <> NEW.request_ms OR OLD.judged_by <> NEW.judged_by BEGIN
    INSERT INTO trace_hours
    VALUES (NEW.experiment_id, NEW.request_ms / 3600000 - (NEW.request_ms % 3600000 < 0), NEW.judged_by, 1),
        (OLD.experiment_id, OLD.request_ms / 3600000 - (OLD.request_ms % 3600000 < 0), OLD.judged_by, -1)
    ON CONFLICT DO UPDATE SET traces = traces + excluded.traces;
    DELETE FROM trace_hours WHERE traces = 0;
END;

CREATE TRIGGER trace_goes AFTER DELETE ON traces BEGIN
    UPDATE trace_hours SET traces = traces - 1
    WHERE experiment_id = OLD.experiment_id AND judged_by = OLD.judged_by
        AND hour = OLD.request_ms / 3600000 - (OLD.request_ms % 3600000 < 0);
    DELETE FROM trace_hours WHERE traces = 0;
END;

-- Models that spans name. A table of its own, since columns behind a span's content would be slow to reach.
CREATE TABLE span_models (
    span_pk  INTEGER PRIMARY KEY REFERENCES spans (pk) ON DELETE CASCADE,
    trace_pk INTEGER NOT NULL,
    model    TEXT,
    provider TEXT
) STRICT;

CREATE INDEX span_models_by_trace ON span_models (trace_pk, model);

INSERT INTO span_models
SELECT pk, trace_pk, model, provider FROM (
    SELECT pk, trace_pk, candor_attribute('mlflow.llm.model', content) AS model,
        candor_attribute('mlflow.llm.provider', content) AS provider
    FROM spans WHERE instr(content, 'mlflow.llm.') > 0)
WHERE model IS NOT NULL OR provider IS NOT NULL;

CREATE TRIGGER span_changes AFTER UPDATE ON spans BEGIN
    DELETE FROM span_models WHERE span_pk = NEW.pk;
END;

-- The highest number that a deleted assessment had: numbers tell the order of arrival and must not be
-- used again.
CREATE TABLE last_deleted_assessment (pk INTEGER NOT NULL) STRICT;

INSERT INTO last_deleted_assessment VALUES (0);

CREATE TRIGGER assessment_is_gone AFTER DELETE ON assessments BEGIN
    UPDATE last_deleted_assessment SET pk = OLD.pk WHERE pk < OLD.pk;
END;

-- Comments are looked for from the latest on.
CREATE INDEX assessments_with_comment ON assessments (experiment_id, create_ms, assessment_id)
    WHERE rationale IS NOT NULL AND valid = 1 AND counted = 1;
