-- Calls added up by month. derived from exchange_call
CREATE TABLE watch_month (
    month TEXT NOT NULL,             -- 2026-11, of Vietnam
    consumer_id BIGINT NOT NULL,     -- 0: unknown caller
    service_id BIGINT NOT NULL,
    agreement_id BIGINT NOT NULL,
    n BIGINT NOT NULL,
    n_faults BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    took_us BIGINT NOT NULL,
    PRIMARY KEY (month, consumer_id, service_id, agreement_id)
);

-- Up to which call the sums go. derived
CREATE TABLE watch_mark (
    id BIGINT PRIMARY KEY,           -- always 1
    call_id BIGINT NOT NULL
);

-- Limits that an operator set; others are as built in. record
CREATE TABLE watch_limit (
    rule TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

-- An alarm, from its beginning to its end. record
CREATE TABLE watch_alarm (
    id BIGINT PRIMARY KEY,
    rule TEXT NOT NULL,
    object TEXT NOT NULL,            -- service:<id>, cert:<fingerprint>
    name TEXT NOT NULL,
    since_us BIGINT NOT NULL,
    ended_us BIGINT NOT NULL,        -- 0: it is on
    value BIGINT NOT NULL,
    limit_n BIGINT NOT NULL
);
CREATE INDEX watch_alarm_on ON watch_alarm (ended_us, id);
