-- A new verdict's entry in an index by the time of its trace lies anywhere in it, so that each one has a
-- page of its own written, logged and copied. What was counted from there is counted trace by trace,
-- from the index that finds a trace's verdicts, which has all of it now.

DROP INDEX assessments_by_trace_time;
DROP INDEX assessments_by_trace;

-- Up to the source's id the order of columns serves the natural key, too.
CREATE INDEX assessments_by_trace
    ON assessments (trace_pk, name, source_id, source_type, value_type, value_num, valid, counted);
