-- Times are milliseconds since the epoch (_ms) or nanoseconds (_ns; from 2^63 on they are negative).
-- Trace and assessment ids are their 16 bytes, span ids their 8 bytes as a big-endian integer.
PRAGMA application_id = 1130458724;

CREATE TABLE experiments (
    id                INTEGER PRIMARY KEY,
    name              TEXT NOT NULL UNIQUE,
    artifact_location TEXT NOT NULL,
    deleted           INTEGER NOT NULL,
    creation_ms       INTEGER NOT NULL,
    last_update_ms    INTEGER NOT NULL
) STRICT;

INSERT INTO experiments VALUES (0, 'Default', 'mlflow-artifacts:/0', 0, 0, 0);

CREATE TABLE experiment_tags (
    experiment_id INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    key           TEXT NOT NULL,
    value         TEXT NOT NULL,
    PRIMARY KEY (experiment_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE traces (
    pk                INTEGER PRIMARY KEY,
    trace_id          BLOB NOT NULL UNIQUE,
    experiment_id     INTEGER NOT NULL REFERENCES experiments (id),
    client_request_id TEXT,
    request_ms        INTEGER NOT NULL,
    duration_ms       INTEGER,
    state             TEXT NOT NULL,
    session           TEXT, -- a copy of metadata mlflow.trace.session
    request_preview   TEXT,
    response_preview  TEXT
) STRICT;

CREATE INDEX traces_by_time ON traces (experiment_id, request_ms DESC, trace_id);
CREATE INDEX traces_by_client_request ON traces (client_request_id, request_ms DESC, trace_id)
    WHERE client_request_id IS NOT NULL;
CREATE INDEX traces_by_session ON traces (session, request_ms DESC, trace_id) WHERE session IS NOT NULL;

CREATE TABLE trace_tags (
    trace_pk   INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    value_head TEXT GENERATED ALWAYS AS (substr(value, 1, 100)) VIRTUAL, -- keeps the index small
    PRIMARY KEY (trace_pk, key)
) STRICT, WITHOUT ROWID;

-- What every trace has, and has nearly to itself, would double the index and help nobody.
CREATE INDEX trace_tags_by_value ON trace_tags (key, value_head)
    WHERE key NOT IN ('mlflow.artifactLocation', 'mlflow.trace.spansLocation');

CREATE TABLE trace_metadata (
    trace_pk   INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    value_head TEXT GENERATED ALWAYS AS (substr(value, 1, 100)) VIRTUAL,
    PRIMARY KEY (trace_pk, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX trace_metadata_by_value ON trace_metadata (key, value_head)
    WHERE key NOT IN ('mlflow.trace.infoFinalized', 'mlflow.trace.sizeStats');

CREATE TABLE trace_runs (
    trace_pk INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    run_id   TEXT NOT NULL,
    PRIMARY KEY (trace_pk, run_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX trace_runs_by_run ON trace_runs (run_id);

CREATE TABLE trace_prompts (
    trace_pk INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    prompt   TEXT NOT NULL, -- name/version
    PRIMARY KEY (trace_pk, prompt)
) STRICT, WITHOUT ROWID;

CREATE INDEX trace_prompts_by_prompt ON trace_prompts (prompt);

CREATE TABLE spans (
    pk          INTEGER PRIMARY KEY,
    trace_pk    INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    span_id     INTEGER NOT NULL,
    parent_id   INTEGER,
    start_ns    INTEGER NOT NULL,
    end_ns      INTEGER,
    name        TEXT NOT NULL,
    type        TEXT,
    status      TEXT NOT NULL,
    response_id TEXT,
    usage       TEXT, -- token counts and costs as JSON, when there are any
    content     TEXT NOT NULL -- all the rest; last, since long rows overflow at their end
) STRICT;

CREATE UNIQUE INDEX spans_by_id ON spans (span_id, trace_pk);
CREATE INDEX spans_by_trace ON spans (trace_pk);
CREATE INDEX spans_by_response ON spans (response_id) WHERE response_id IS NOT NULL;

CREATE TABLE assessments (
    pk            INTEGER PRIMARY KEY,
    assessment_id BLOB NOT NULL UNIQUE,
    trace_pk      INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    experiment_id INTEGER NOT NULL, -- the trace's, as trace_ms and session are
    trace_ms      INTEGER NOT NULL,
    session       TEXT, -- only when the assessment speaks for the whole session
    for_session   INTEGER NOT NULL,
    kind          INTEGER NOT NULL, -- 0 feedback, 1 expectation, 2 issue
    name          TEXT NOT NULL,
    span_id       INTEGER,
    source_type   INTEGER NOT NULL, -- 0 unspecified, 1 human, 2 language model, 3 code
    source_id     TEXT,
    create_ms     INTEGER NOT NULL,
    update_ms     INTEGER NOT NULL,
    overrides     BLOB,
    retraction    INTEGER NOT NULL,
    valid         INTEGER NOT NULL,
    counted       INTEGER NOT NULL, -- whether it is feedback that has a value and no error
    value_type    INTEGER, -- 0 null, 1 false, 2 true, 3 integer, 4 double, 5 text, 6 list, 7 map
    value_int     INTEGER, -- exact integers
    value_num     REAL, -- every number
    value_json    TEXT,
    value_head    TEXT, -- its first 100 characters; not generated, or no index would cover it
    value_text    TEXT, -- texts, decoded
    error_code    TEXT,
    error_message TEXT,
    error_stack   TEXT,
    issue_name    TEXT,
    rationale     TEXT,
    metadata      TEXT -- JSON, when there is any
) STRICT;

-- The order of columns serves the natural key, too.
CREATE INDEX assessments_by_trace ON assessments (trace_pk, name, source_id);
CREATE INDEX assessments_by_overridden ON assessments (overrides) WHERE overrides IS NOT NULL;
CREATE INDEX assessments_by_value ON assessments (experiment_id, kind, name, value_head, trace_ms, trace_pk, value_num)
    WHERE valid = 1;
CREATE INDEX assessments_for_session ON assessments (kind, name, session) WHERE session IS NOT NULL AND valid = 1;
-- These two hold all that statistics need, so that counting reads no row.
CREATE INDEX assessments_by_trace_time
    ON assessments (experiment_id, trace_ms, trace_pk, name, source_type, value_type, value_num)
    WHERE valid = 1 AND counted = 1;
CREATE INDEX assessments_by_time
    ON assessments (experiment_id, create_ms, trace_pk, name, source_type, value_type, value_num)
    WHERE valid = 1 AND counted = 1;

CREATE TABLE pending_feedback (
    pk            INTEGER PRIMARY KEY, -- in the order of arrival
    assessment_id BLOB NOT NULL UNIQUE,
    received_ms   INTEGER NOT NULL,
    item          TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX pending_by_time ON pending_feedback (received_ms);

CREATE TABLE pending_refs (
    field      TEXT NOT NULL,
    value      TEXT NOT NULL,
    pending_pk INTEGER NOT NULL REFERENCES pending_feedback (pk) ON DELETE CASCADE,
    PRIMARY KEY (field, value, pending_pk)
) STRICT, WITHOUT ROWID;

CREATE INDEX pending_refs_by_item ON pending_refs (pending_pk);
