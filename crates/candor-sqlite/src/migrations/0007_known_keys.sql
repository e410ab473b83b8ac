-- Keys that most traces carry stand as numbers: rows of tags and metadata and their index entries were
-- mostly key. The program has the same list; a key that is not in it stands as its text.

CREATE TABLE known_keys (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;

INSERT INTO known_keys (number, key) VALUES
    (1, 'mlflow.artifactLocation'),
    (2, 'mlflow.trace.spansLocation'),
    (3, 'mlflow.traceName'),
    (4, 'mlflow.trace.infoFinalized'),
    (5, 'mlflow.trace.sizeStats'),
    (6, 'mlflow.trace.session'),
    (7, 'mlflow.trace.user'),
    (8, 'mlflow.trace.tokenUsage'),
    (9, 'mlflow.trace.cost'),
    (10, 'mlflow.trace.sizeBytes'),
    (11, 'mlflow.sourceRun'),
    (12, 'mlflow.modelId'),
    (13, 'mlflow.trace_schema.version'),
    (14, 'mlflow.traceInputs'),
    (15, 'mlflow.traceOutputs'),
    (16, 'mlflow.user'),
    (17, 'mlflow.source.name'),
    (18, 'mlflow.source.type'),
    (19, 'mlflow.source.git.commit'),
    (20, 'mlflow.source.git.branch'),
    (21, 'mlflow.source.git.repoURL'),
    (22, 'service.name'),
    (23, 'telemetry.sdk.language'),
    (24, 'telemetry.sdk.name'),
    (25, 'telemetry.sdk.version');

CREATE TABLE numbered_tags (
    trace_pk   INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    key        ANY NOT NULL,
    value      TEXT NOT NULL,
    value_head TEXT GENERATED ALWAYS AS (substr(value, 1, 100)) VIRTUAL, -- keeps the index small
    PRIMARY KEY (trace_pk, key)
) STRICT, WITHOUT ROWID;

INSERT INTO numbered_tags (trace_pk, key, value)
SELECT old.trace_pk, ifnull(known.number, old.key) AS stored, old.value
FROM trace_tags AS old LEFT JOIN known_keys AS known ON known.key = old.key ORDER BY old.trace_pk, stored;

DROP TABLE trace_tags;
ALTER TABLE numbered_tags RENAME TO trace_tags;

-- What every trace has, and has nearly to itself, would double the index and help nobody: the places of
-- files and spans.
CREATE INDEX trace_tags_by_value ON trace_tags (key, value_head) WHERE key NOT IN (1, 2);

CREATE TABLE numbered_metadata (
    trace_pk   INTEGER NOT NULL REFERENCES traces (pk) ON DELETE CASCADE,
    key        ANY NOT NULL,
    value      TEXT NOT NULL,
    value_head TEXT GENERATED ALWAYS AS (substr(value, 1, 100)) VIRTUAL,
    PRIMARY KEY (trace_pk, key)
) STRICT, WITHOUT ROWID;

INSERT INTO numbered_metadata (trace_pk, key, value)
SELECT old.trace_pk, ifnull(known.number, old.key) AS stored, old.value
FROM trace_metadata AS old LEFT JOIN known_keys AS known ON known.key = old.key ORDER BY old.trace_pk, stored;

DROP TABLE trace_metadata;
ALTER TABLE numbered_metadata RENAME TO trace_metadata;

-- Neither the marks that MLflow sets, nor sessions, which have an index of their own.
CREATE INDEX trace_metadata_by_value ON trace_metadata (key, value_head) WHERE key NOT IN (4, 5, 6);
