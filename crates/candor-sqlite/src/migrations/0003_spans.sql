-- Spans stand in the order of their traces: a trace's lie together, and new ones go to the end of the
-- table. A span's number is its trace's, shifted by 24 bits, and a number within the trace.

CREATE TABLE spans_of_traces (
    pk          INTEGER PRIMARY KEY,
    span_id     INTEGER NOT NULL, -- unique within the trace, which the writer sees to
    parent_id   INTEGER,
    start_ns    INTEGER NOT NULL,
    end_ns      INTEGER,
    name        TEXT NOT NULL,
    type        TEXT,
    status      TEXT NOT NULL,
    response_id TEXT,
    usage       TEXT, -- token counts and costs as JSON, when there are any
    trace_pk    INTEGER NOT NULL GENERATED ALWAYS AS (pk >> 24) VIRTUAL,
    block       INTEGER NOT NULL GENERATED ALWAYS AS (pk >> 38) VIRTUAL, -- of 16384 traces
    content     TEXT NOT NULL -- all the rest; last, since long rows overflow at their end
) STRICT;

INSERT INTO spans_of_traces
SELECT (trace_pk << 24) + row_number() OVER (PARTITION BY trace_pk ORDER BY pk),
    span_id, parent_id, start_ns, end_ns, name, type, status, response_id, usage, content
FROM spans ORDER BY trace_pk, pk;

CREATE TABLE models_of_spans (
    span_pk  INTEGER PRIMARY KEY,
    trace_pk INTEGER NOT NULL GENERATED ALWAYS AS (span_pk >> 24) VIRTUAL,
    model    TEXT,
    provider TEXT
) STRICT;

INSERT INTO models_of_spans
SELECT s.pk, m.model, m.provider FROM span_models AS m
JOIN spans AS old ON old.pk = m.span_pk
JOIN spans_of_traces AS s ON s.pk > old.trace_pk << 24 AND s.pk < (old.trace_pk + 1) << 24 AND s.span_id = old.span_id;

DROP TABLE span_models;
DROP TABLE spans;
ALTER TABLE spans_of_traces RENAME TO spans;
ALTER TABLE models_of_spans RENAME TO span_models;

-- Span ids are random. Spread over one index they would each change a page of it; so each block of
-- traces has its part, of which the latest alone grows. Who looks an id up asks every block.
CREATE INDEX spans_by_id ON spans (block, span_id);
CREATE INDEX spans_by_response ON spans (response_id) WHERE response_id IS NOT NULL;

CREATE TRIGGER trace_takes_its_spans AFTER DELETE ON traces BEGIN
    DELETE FROM spans WHERE pk > OLD.pk << 24 AND pk < (OLD.pk + 1) << 24;
    DELETE FROM span_models WHERE span_pk > OLD.pk << 24 AND span_pk < (OLD.pk + 1) << 24;
END;
