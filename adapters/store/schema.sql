-- The ledger file, schema 2. Times are microseconds since 1970-01-01 UTC; hashes are 32 raw bytes.
-- Positions are explicit (never bare rowids, which a dump and restore renumbers), from 1, without gaps.
CREATE TABLE stored_events (
    position              INTEGER PRIMARY KEY,  -- given explicitly, never by SQLite
    originator_id         TEXT    NOT NULL,  -- the stream: "episode/…"
    originator_version    INTEGER,           -- an aggregate's version, 1, 2, ...; facts have none: their order is the position
    topic                 TEXT    NOT NULL,  -- the persisted type name
    state                 BLOB    NOT NULL,  -- canonical bytes exactly as received: what is hashed and signed
    source                TEXT    NOT NULL,
    event_id              TEXT    NOT NULL,
    leaf_hash             BLOB    NOT NULL CHECK (length(leaf_hash) = 32),
    signature             BLOB,              -- beside the bytes, never inside them
    key_id                TEXT,
    facility              TEXT,
    occurred_earliest     INTEGER,
    occurred_latest       INTEGER,
    source_recorded_latest INTEGER,
    recorded_at           INTEGER NOT NULL   -- the ledger's clock, never running backwards
) STRICT;
CREATE UNIQUE INDEX stored_events_version ON stored_events (originator_id, originator_version)
WHERE originator_version IS NOT NULL;
CREATE UNIQUE INDEX stored_events_event ON stored_events (event_id, source);
-- The types that are read apart from the rest, corrections and agreements, are few among many of custody.
CREATE INDEX stored_events_topic ON stored_events (topic, position) WHERE topic NOT LIKE 'custody.%';

-- Where the log mentions "episode/…", "facility/…", "subject/…", "event/…": posting lists, a row for each reference
-- and transaction. The era comes first so that an append touches the newest pages only, however long the log.
CREATE TABLE event_refs (
    era       INTEGER NOT NULL,              -- the first of the positions / 65536
    ref       TEXT    NOT NULL,
    positions TEXT    NOT NULL,              -- JSON: [17,18,24]; in the key, so that REPLACE cannot change it
    PRIMARY KEY (era, ref, positions)
) STRICT, WITHOUT ROWID;

-- One row a transaction: the tree over all leaves so far. Peaks are 32-byte roots, largest subtree first.
CREATE TABLE tree_heads (
    size        INTEGER PRIMARY KEY,
    root        BLOB    NOT NULL CHECK (length(root) = 32),
    peaks       BLOB    NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;

-- Evidence of what was refused: for events their bytes, for rows of a file the place and a digest.
CREATE TABLE rejects (
    reject_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    code        TEXT    NOT NULL,
    field       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    origin      TEXT    NOT NULL,            -- file name and digest, or the way in
    row         INTEGER NOT NULL,
    body        BLOB,
    body_hash   BLOB    NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (origin, row, code, field, body_hash)
) STRICT;

CREATE TRIGGER stored_events_no_update BEFORE UPDATE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: events are never updated'); END;
CREATE TRIGGER stored_events_no_delete BEFORE DELETE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: events are never deleted'); END;
-- REPLACE deletes without firing delete triggers, so an insert may neither reuse a key nor leave a gap.
CREATE TRIGGER stored_events_only_next BEFORE INSERT ON stored_events
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM stored_events)
  OR EXISTS (SELECT 1 FROM stored_events WHERE event_id = NEW.event_id AND source = NEW.source)
  OR (NEW.originator_version IS NOT NULL AND EXISTS (SELECT 1 FROM stored_events
      WHERE originator_id = NEW.originator_id AND originator_version = NEW.originator_version))
BEGIN SELECT RAISE(ABORT, 'the log is append-only: only the next position, with a new id, can be written'); END;
CREATE TRIGGER event_refs_no_update BEFORE UPDATE ON event_refs
BEGIN SELECT RAISE(ABORT, 'the log is append-only: references are never updated'); END;
CREATE TRIGGER event_refs_no_delete BEFORE DELETE ON event_refs
BEGIN SELECT RAISE(ABORT, 'the log is append-only: references are never deleted'); END;
CREATE TRIGGER tree_heads_no_update BEFORE UPDATE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'the log is append-only: tree heads are never updated'); END;
CREATE TRIGGER tree_heads_no_delete BEFORE DELETE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'the log is append-only: tree heads are never deleted'); END;
CREATE TRIGGER tree_heads_only_next BEFORE INSERT ON tree_heads
WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM tree_heads)
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a tree head only grows'); END;
CREATE TRIGGER rejects_only_new BEFORE INSERT ON rejects
WHEN EXISTS (SELECT 1 FROM rejects WHERE reject_id = NEW.reject_id)
  OR EXISTS (SELECT 1 FROM rejects WHERE origin = NEW.origin AND row = NEW.row AND code = NEW.code
             AND field = NEW.field AND body_hash = NEW.body_hash)
BEGIN SELECT RAISE(ABORT, 'refusals are evidence: they are never replaced'); END;
CREATE TRIGGER rejects_no_update BEFORE UPDATE ON rejects
BEGIN SELECT RAISE(ABORT, 'refusals are evidence: they are never updated'); END;
CREATE TRIGGER rejects_no_delete BEFORE DELETE ON rejects
BEGIN SELECT RAISE(ABORT, 'refusals are evidence: they are never deleted'); END;
