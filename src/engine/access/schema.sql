-- Who can sign in. One account per person. record
CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    party_id BIGINT NOT NULL,
    login TEXT NOT NULL,             -- personal ID number, or an officer's user name
    password_hash TEXT,              -- Argon2id with its parameters; null: only by e-ID
    totp_secret TEXT,                -- sealed; null: no second factor
    totp_last BIGINT NOT NULL,       -- last time step used, against replay
    state TEXT NOT NULL,             -- active, locked
    is_officer BIGINT NOT NULL,
    failed_n BIGINT NOT NULL,
    wait_until_us BIGINT NOT NULL,   -- growing delay after wrong passwords
    must_change BIGINT NOT NULL,
    created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_login ON account (login);
CREATE INDEX account_party ON account (party_id);

-- An officer's place in a unit for a period. record
CREATE TABLE position (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    unit TEXT NOT NULL,
    role TEXT NOT NULL,
    title TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    granted_by BIGINT
);
CREATE INDEX position_account ON position (account_id);
CREATE INDEX position_unit ON position (unit, role);

-- Acting for another officer for a period; every act keeps both names. record
CREATE TABLE acting (
    id BIGINT PRIMARY KEY,
    position_id BIGINT NOT NULL,     -- the position that is lent
    to_account BIGINT NOT NULL,
    from_us BIGINT NOT NULL,
    to_us BIGINT NOT NULL,
    reason TEXT NOT NULL,
    revoked_us BIGINT
);
CREATE INDEX acting_to ON acting (to_account, to_us);
CREATE INDEX acting_position ON acting (position_id);

-- Sign-in sessions; also for those not signed in who hold a draft. record
CREATE TABLE session (
    id BIGINT PRIMARY KEY,
    token_hash TEXT NOT NULL,        -- SHA-256 of the cookie's secret
    csrf TEXT NOT NULL,
    account_id BIGINT,
    level BIGINT NOT NULL,           -- 0 nobody, 1 password or e-ID level 1, 2 second factor or e-ID level 2
    for_party BIGINT,                -- organisation represented, or person assisted with consent
    peer TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL,
    ends_us BIGINT NOT NULL,
    revoked_us BIGINT
);
CREATE UNIQUE INDEX session_token ON session (token_hash);
CREATE INDEX session_account ON session (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX session_ends ON session (ends_us);

-- Bearer tokens of programs. record
CREATE TABLE api_token (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    perms TEXT NOT NULL,             -- space-separated, a subset of the account's
    created_us BIGINT NOT NULL,
    ends_us BIGINT NOT NULL,
    used_us BIGINT,
    revoked_us BIGINT
);
CREATE UNIQUE INDEX api_token_hash ON api_token (token_hash);
CREATE INDEX api_token_account ON api_token (account_id, id);

-- Counts of tries per key (look-up codes, sign-in by address) within a window. derived
CREATE TABLE rate (
    key TEXT PRIMARY KEY,
    window_us BIGINT NOT NULL,
    n BIGINT NOT NULL
);

-- Answers kept for Idempotency-Key. derived
CREATE TABLE idem (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status BIGINT NOT NULL,          -- 0 while running
    body TEXT,
    at_us BIGINT NOT NULL
);
CREATE INDEX idem_at ON idem (at_us);

-- derived: documents of the e-ID provider, as last fetched
CREATE TABLE oidc_document (
    url TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    at_us BIGINT NOT NULL
);

-- A running sign-in with an outside e-ID provider. derived
CREATE TABLE oidc_state (
    state TEXT PRIMARY KEY,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    next TEXT NOT NULL,
    ends_us BIGINT NOT NULL
);
