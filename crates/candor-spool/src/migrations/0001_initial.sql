-- What was acknowledged and is not forwarded yet.

PRAGMA application_id = 1130458707;

CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- assessment, trace, spans or tag
    kind TEXT NOT NULL,
    -- 0 queued, 1 waiting for its trace, 2 dead
    state INTEGER NOT NULL DEFAULT 0,
    -- of assessments: their id, and the time by which they are listed as pending
    assessment_id BLOB UNIQUE,
    held_ms INTEGER,
    received_ms INTEGER NOT NULL,
    -- not to be sent before; 0 for at once
    due_ms INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- why it waits or is dead
    error_kind TEXT,
    reason TEXT,
    died_ms INTEGER,
    bytes INTEGER NOT NULL,
    payload TEXT NOT NULL
) STRICT;

CREATE INDEX entries_queued ON entries (seq, due_ms) WHERE state = 0;
CREATE INDEX entries_due ON entries (state, due_ms);
CREATE INDEX entries_pending ON entries (held_ms, seq) WHERE held_ms IS NOT NULL;

-- The ids that an entry names its traces by: entries that share one keep their order.
CREATE TABLE entry_refs (
    ref TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES entries ON DELETE CASCADE,
    PRIMARY KEY (ref, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_refs_seq ON entry_refs (seq);

-- Counts by state, kept in the same transaction, so that limits cost nothing to check.
CREATE TABLE totals (
    state INTEGER PRIMARY KEY,
    entries INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

INSERT INTO totals VALUES (0, 0, 0), (1, 0, 0), (2, 0, 0);

CREATE TRIGGER entries_inserted AFTER INSERT ON entries BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + NEW.bytes WHERE state = NEW.state;
END;

CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - OLD.bytes WHERE state = OLD.state;
END;

CREATE TRIGGER entries_moved AFTER UPDATE OF state ON entries WHEN OLD.state <> NEW.state BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - OLD.bytes WHERE state = OLD.state;
    UPDATE totals SET entries = entries + 1, bytes = bytes + NEW.bytes WHERE state = NEW.state;
END;
