-- Counts by the day beside those by the hour, so that reports of months cost days. Counts of nothing may
-- stand: to look for them costs every write more than they cost a report.

CREATE TABLE period_lengths (hours INTEGER PRIMARY KEY) STRICT;

INSERT INTO period_lengths VALUES (1), (24);

-- Feedback that counts, once for each period that it is counted in.
CREATE VIEW counted_in_periods AS
SELECT f.pk, f.experiment_id, hours,
    (f.trace_ms / (hours * 3600000) - (f.trace_ms % (hours * 3600000) < 0)) * hours AS hour,
    f.name, f.source_type, f.class, f.value
FROM counted_feedback AS f CROSS JOIN period_lengths;

-- Traces, likewise.
CREATE VIEW traces_in_periods AS
SELECT t.pk, t.experiment_id, hours,
    (t.request_ms / (hours * 3600000) - (t.request_ms % (hours * 3600000) < 0)) * hours AS hour, t.judged_by
FROM traces AS t CROSS JOIN period_lengths;

CREATE TABLE feedback_periods (
    experiment_id INTEGER NOT NULL,
    hours         INTEGER NOT NULL, -- the period's length
    hour          INTEGER NOT NULL, -- its first one, of the trace's request; hours since the epoch
    name          TEXT NOT NULL,
    source_type   INTEGER NOT NULL,
    class         INTEGER NOT NULL,
    value         ANY NOT NULL,
    verdicts      INTEGER NOT NULL,
    PRIMARY KEY (experiment_id, hours, hour, name, source_type, class, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_periods (
    experiment_id INTEGER NOT NULL,
    hours         INTEGER NOT NULL,
    hour          INTEGER NOT NULL,
    judged_by     INTEGER NOT NULL,
    traces        INTEGER NOT NULL,
    PRIMARY KEY (experiment_id, hours, hour, judged_by)
) STRICT, WITHOUT ROWID;

INSERT INTO feedback_periods
SELECT experiment_id, hours, hour, name, source_type, class, value, count(*) FROM counted_in_periods
GROUP BY experiment_id, hours, hour, name, source_type, class, value;

INSERT INTO trace_periods
SELECT experiment_id, hours, hour, judged_by, count(*) FROM traces_in_periods
GROUP BY experiment_id, hours, hour, judged_by;

DROP TRIGGER feedback_goes;
DROP TRIGGER feedback_changes;
DROP TRIGGER feedback_has_changed;
DROP TRIGGER trace_moves;
DROP TRIGGER trace_goes;
DROP TRIGGER trace_is_judged_otherwise;
DROP TABLE feedback_hours;
DROP TABLE trace_hours;

CREATE TRIGGER feedback_goes BEFORE DELETE ON assessments WHEN OLD.valid = 1 AND OLD.counted = 1 BEGIN
    INSERT INTO feedback_periods
    SELECT experiment_id, hours, hour, name, source_type, class, value, -1 FROM counted_in_periods WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts - 1;
END;

CREATE TRIGGER feedback_changes BEFORE UPDATE OF
    experiment_id, trace_ms, name, source_type, valid, counted, value_type, value_num, value_json ON assessments
WHEN OLD.valid = 1 AND OLD.counted = 1 BEGIN
    INSERT INTO feedback_periods
    SELECT experiment_id, hours, hour, name, source_type, class, value, -1 FROM counted_in_periods WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts - 1;
END;

CREATE TRIGGER feedback_has_changed AFTER UPDATE OF
    experiment_id, trace_ms, name, source_type, valid, counted, value_type, value_num, value_json ON assessments
BEGIN
    INSERT INTO feedback_periods
    SELECT experiment_id, hours, hour, name, source_type, class, value, 1 FROM counted_in_periods WHERE pk = NEW.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts + 1;
    UPDATE judged_traces SET judged_by = judged_by & ~(1 << OLD.source_type)
    WHERE pk = OLD.trace_pk AND judged_by & (1 << OLD.source_type) <> 0 AND NOT EXISTS (
        SELECT 1 FROM assessments AS other WHERE other.trace_pk = OLD.trace_pk
        AND other.valid = 1 AND other.counted = 1 AND other.source_type = OLD.source_type);
    UPDATE judged_traces SET judged_by = judged_by | (1 << NEW.source_type)
    WHERE pk = NEW.trace_pk AND judged_by & (1 << NEW.source_type) = 0 AND NEW.valid = 1 AND NEW.counted = 1;
END;

CREATE TRIGGER trace_is_judged_otherwise INSTEAD OF UPDATE OF judged_by ON judged_traces BEGIN
    INSERT INTO trace_periods
    SELECT experiment_id, hours, hour, OLD.judged_by, -1 FROM traces_in_periods WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET traces = traces - 1;
    INSERT INTO trace_periods
    SELECT experiment_id, hours, hour, NEW.judged_by, 1 FROM traces_in_periods WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET traces = traces + 1;
    UPDATE traces SET judged_by = NEW.judged_by WHERE pk = OLD.pk;
END;

CREATE TRIGGER trace_moves BEFORE UPDATE OF experiment_id, request_ms ON traces
WHEN OLD.experiment_id <> NEW.experiment_id OR OLD.request_ms <> NEW.request_ms BEGIN
    INSERT INTO trace_periods
    SELECT experiment_id, hours, hour, judged_by, -1 FROM traces_in_periods WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET traces = traces - 1;
END;

CREATE TRIGGER trace_has_moved AFTER UPDATE OF experiment_id, request_ms ON traces
WHEN OLD.experiment_id <> NEW.experiment_id OR OLD.request_ms <> NEW.request_ms BEGIN
    INSERT INTO trace_periods
    SELECT experiment_id, hours, hour, judged_by, 1 FROM traces_in_periods WHERE pk = NEW.pk
    ON CONFLICT DO UPDATE SET traces = traces + 1;
END;

CREATE TRIGGER trace_goes BEFORE DELETE ON traces BEGIN
    INSERT INTO trace_periods
    SELECT experiment_id, hours, hour, judged_by, -1 FROM traces_in_periods WHERE pk = OLD.pk
    ON CONFLICT DO UPDATE SET traces = traces - 1;
END;
