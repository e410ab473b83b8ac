-- The text of a span is compressed, which candor_packed does; and an index by time has its new entries
-- at the end, where pages are filled, instead of at the beginning, where they stay half empty.

DROP INDEX traces_by_time;
CREATE INDEX traces_by_time ON traces (experiment_id, request_ms, trace_id DESC); -- read backwards

DROP TRIGGER trace_takes_its_spans;

CREATE TABLE packed_spans (
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
    content     BLOB NOT NULL -- all the rest; last, since long rows overflow at their end
) STRICT;

INSERT INTO packed_spans
SELECT pk, span_id, parent_id, start_ns, end_ns, name, type, status, response_id, usage, candor_packed(content)
FROM spans ORDER BY pk;

DROP TABLE spans;
ALTER TABLE packed_spans RENAME TO spans;

CREATE INDEX spans_by_id ON spans (block, span_id);
CREATE INDEX spans_by_response ON spans (response_id) WHERE response_id IS NOT NULL;

CREATE TRIGGER trace_takes_its_spans AFTER DELETE ON traces BEGIN
    DELETE FROM spans WHERE pk > OLD.pk << 24 AND pk < (OLD.pk + 1) << 24;
    DELETE FROM span_models WHERE span_pk > OLD.pk << 24 AND span_pk < (OLD.pk + 1) << 24;
END;
