-- Documents: bodies that the database does not look into.
-- A table with rowids, because bodies of some kilobytes would spoil a B-tree that is ordered by key.
CREATE TABLE docs (
    env        BLOB    NOT NULL, -- 16 bytes
    kind       INTEGER NOT NULL, -- countersign_domain::entity::kinds
    id         TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    schema     INTEGER NOT NULL,
    expires_at INTEGER,          -- milliseconds since the epoch; invisible from then on
    filed      TEXT,             -- JSON: the document's rows in entries (i) and uniques (u)
    body       TEXT    NOT NULL  -- JSON
) STRICT;
CREATE UNIQUE INDEX docs_key ON docs (env, kind, id);
CREATE INDEX docs_expiry ON docs (expires_at) WHERE expires_at IS NOT NULL;

-- By which documents are listed.
CREATE TABLE entries (
    env   BLOB    NOT NULL,
    kind  INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    value TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    PRIMARY KEY (env, kind, name, value, id)
) STRICT, WITHOUT ROWID;

-- Values that only one document of a kind may have in an environment.
CREATE TABLE uniques (
    env   BLOB    NOT NULL,
    kind  INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    value TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    PRIMARY KEY (env, kind, name, value)
) STRICT, WITHOUT ROWID;

-- One row: the position of the newest configuration change.
CREATE TABLE counter (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO counter (one, seq) VALUES (1, 0);

-- Per environment the position of its newest configuration change.
CREATE TABLE changes (
    env BLOB    NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX changes_seq ON changes (seq);

-- Audit events: appended, never changed.
CREATE TABLE events (
    env  BLOB    NOT NULL,
    id   TEXT    NOT NULL,
    at   INTEGER NOT NULL,
    body TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_id ON events (env, id);
CREATE INDEX events_at ON events (env, at, id);
