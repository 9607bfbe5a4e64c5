-- Documents: bodies that the database does not look into.
-- Only BIGINT, BYTEA and TEXT, and nothing that CockroachDB or YugabyteDB lack. Ids and values are
-- bytes: compared bytewise whatever the collation, and free to hold any character.
CREATE TABLE docs (
    env        BYTEA  NOT NULL, -- 16 bytes
    kind       BIGINT NOT NULL, -- countersign_domain::entity::kinds
    id         BYTEA  NOT NULL, -- UTF-8
    version    BIGINT NOT NULL,
    schema     BIGINT NOT NULL,
    expires_at BIGINT,          -- milliseconds since the epoch; invisible from then on
    filed      TEXT,            -- JSON: the document's rows in entries (i) and uniques (u)
    body       TEXT   NOT NULL, -- JSON
    PRIMARY KEY (env, kind, id)
);
CREATE INDEX docs_expiry ON docs (expires_at) WHERE expires_at IS NOT NULL;

-- By which documents are listed.
CREATE TABLE entries (
    env   BYTEA  NOT NULL,
    kind  BIGINT NOT NULL,
    name  TEXT   NOT NULL,
    value BYTEA  NOT NULL, -- UTF-8
    id    BYTEA  NOT NULL,
    PRIMARY KEY (env, kind, name, value, id)
);

-- Values that only one document of a kind may have in an environment.
CREATE TABLE uniques (
    env   BYTEA  NOT NULL,
    kind  BIGINT NOT NULL,
    name  TEXT   NOT NULL,
    value BYTEA  NOT NULL, -- UTF-8
    id    BYTEA  NOT NULL,
    PRIMARY KEY (env, kind, name, value)
);

-- One row: the position of the newest configuration change.
CREATE TABLE counter (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL
);
INSERT INTO counter (one, seq) VALUES (1, 0);

-- Per environment the position of its newest configuration change.
CREATE TABLE changes (
    env BYTEA  NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);
CREATE INDEX changes_seq ON changes (seq);

-- Audit events: appended, never changed.
CREATE TABLE events (
    env  BYTEA  NOT NULL,
    id   BYTEA  NOT NULL, -- UTF-8
    at   BIGINT NOT NULL,
    body TEXT   NOT NULL,
    PRIMARY KEY (env, id)
);
CREATE INDEX events_at ON events (env, at, id);
