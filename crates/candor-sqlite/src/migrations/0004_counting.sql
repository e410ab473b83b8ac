-- What the busiest calls write is counted by the statements that follow, in the same transaction: with a
-- trigger SQLite sets up a table for the rows of each update and keeps a copy of every page that a new
-- row's many indexes change. What changes or goes is rarer and is left to triggers.
DROP TRIGGER feedback_comes;
DROP TRIGGER trace_comes;

-- By whom traces are judged; to update it here keeps trace_hours true.
CREATE VIEW judged_traces AS SELECT pk, experiment_id, request_ms, judged_by FROM traces;

CREATE TRIGGER trace_is_judged_otherwise INSTEAD OF UPDATE OF judged_by ON judged_traces BEGIN
    UPDATE traces SET judged_by = NEW.judged_by WHERE pk = OLD.pk;
    INSERT INTO trace_hours
    VALUES (OLD.experiment_id, OLD.request_ms / 3600000 - (OLD.request_ms % 3600000 < 0), NEW.judged_by, 1),
        (OLD.experiment_id, OLD.request_ms / 3600000 - (OLD.request_ms % 3600000 < 0), OLD.judged_by, -1)
    ON CONFLICT DO UPDATE SET traces = traces + excluded.traces;
    DELETE FROM trace_hours WHERE traces = 0;
END;

DROP TRIGGER trace_moves;

CREATE TRIGGER trace_moves AFTER UPDATE OF experiment_id, request_ms ON traces
WHEN OLD.experiment_id <> NEW.experiment_id OR OLD.request_ms <> NEW.request_ms BEGIN
    INSERT INTO trace_hours
    VALUES (NEW.experiment_id, NEW.request_ms / 3600000 - (NEW.request_ms % 3600000 < 0), NEW.judged_by, 1),
        (OLD.experiment_id, OLD.request_ms / 3600000 - (OLD.request_ms % 3600000 < 0), OLD.judged_by, -1)
    ON CONFLICT DO UPDATE SET traces = traces + excluded.traces;
    DELETE FROM trace_hours WHERE traces = 0;
END;

DROP TRIGGER feedback_is_gone;

CREATE TRIGGER feedback_is_gone AFTER DELETE ON assessments WHEN OLD.valid = 1 AND OLD.counted = 1 BEGIN
    UPDATE judged_traces SET judged_by = judged_by & ~(1 << OLD.source_type)
    WHERE pk = OLD.trace_pk AND NOT EXISTS (
        SELECT 1 FROM assessments AS other WHERE other.trace_pk = OLD.trace_pk
        AND other.valid = 1 AND other.counted = 1 AND other.source_type = OLD.source_type);
END;

DROP TRIGGER feedback_has_changed;

CREATE TRIGGER feedback_has_changed AFTER UPDATE OF
    experiment_id, trace_ms, name, source_type, valid, counted, value_type, value_num, value_json ON assessments
BEGIN
    INSERT INTO feedback_hours
    SELECT experiment_id, hour, name, source_type, class, value, 1 FROM counted_feedback WHERE pk = NEW.pk
    ON CONFLICT DO UPDATE SET verdicts = verdicts + 1;
    UPDATE judged_traces SET judged_by = judged_by & ~(1 << OLD.source_type)
    WHERE pk = OLD.trace_pk AND judged_by & (1 << OLD.source_type) <> 0 AND NOT EXISTS (
        SELECT 1 FROM assessments AS other WHERE other.trace_pk = OLD.trace_pk
        AND other.valid = 1 AND other.counted = 1 AND other.source_type = OLD.source_type);
    UPDATE judged_traces SET judged_by = judged_by | (1 << NEW.source_type)
    WHERE pk = NEW.trace_pk AND judged_by & (1 << NEW.source_type) = 0 AND NEW.valid = 1 AND NEW.counted = 1;
END;
