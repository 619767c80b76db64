-- Tables of the store itself.

-- record: facts about the database: schema version and fingerprint, highest id handed out
CREATE TABLE store_meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- record: work that must follow a commit; entries of one topic and key are handled in the order of id
CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    put_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    is_dead BIGINT NOT NULL DEFAULT 0,
    taken_until_us BIGINT NOT NULL DEFAULT 0, -- PostgreSQL: a process works on it until then
    taken_by BIGINT NOT NULL DEFAULT 0        -- which: its place + 1
);
CREATE INDEX outbox_due ON outbox (is_dead, due_us, id);
CREATE INDEX outbox_key ON outbox (topic, key, is_dead, id);
CREATE INDEX outbox_dead ON outbox (is_dead, id);

-- derived: when each timed job runs next; rebuilt by running it
CREATE TABLE job_timed (
    name TEXT NOT NULL PRIMARY KEY,
    due_us BIGINT NOT NULL,
    ran_us BIGINT,
    last_error TEXT
);

-- postgres:
-- derived: never holds a row; write transactions lock it (src/store/postgres/write.c)
CREATE TABLE store_lane (
    id BIGINT PRIMARY KEY
);

-- derived: write transactions of the last hour, to learn of one whose answer was lost whether it happened
CREATE TABLE store_commit (
    id BIGINT PRIMARY KEY
);
-- end
