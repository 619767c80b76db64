-- record: papers handed in for a draft or dossier; the file is in the blob store under its hash
CREATE TABLE paper (
    id BIGINT PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    dossier_id BIGINT NOT NULL,
    requirement TEXT,
    type TEXT,
    hash TEXT NOT NULL,
    media TEXT NOT NULL,
    name TEXT,
    captured_by TEXT,
    pages BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    received_us BIGINT NOT NULL,
    record_id BIGINT NOT NULL DEFAULT 0,
    state TEXT NOT NULL
);
CREATE INDEX paper_dossier ON paper (dossier_id, state, id);
CREATE INDEX paper_hash ON paper (hash);

-- record: results and papers of a citizen or organisation, kept for reuse
CREATE TABLE record (
    id BIGINT PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    dossier_id BIGINT NOT NULL DEFAULT 0,
    type TEXT NOT NULL,
    title TEXT NOT NULL,
    number TEXT,
    hash TEXT NOT NULL,
    media TEXT NOT NULL,
    issuer TEXT,
    pages BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    issued_day BIGINT NOT NULL,
    expires_day BIGINT NOT NULL DEFAULT 0,
    kept_us BIGINT NOT NULL,
    revoked_us BIGINT NOT NULL DEFAULT 0,
    revoke_reason TEXT,
    replaced_by BIGINT NOT NULL DEFAULT 0,
    attest TEXT,                     -- a paper handed in: SHA-256 of the sheet with which an officer signed for it
    attest_by TEXT                   -- that officer's name
);
CREATE INDEX record_attest ON record (attest) WHERE attest IS NOT NULL;
CREATE INDEX record_owner ON record (owner_id, id);
CREATE INDEX record_hash ON record (hash, id);

-- record: originals taken into custody at the counter and given back against signature
CREATE TABLE custody (
    id BIGINT PRIMARY KEY,
    dossier_id BIGINT NOT NULL,
    unit TEXT NOT NULL,              -- key of the unit whose desk holds it
    requirement TEXT,                -- the required paper it is, NULL: another
    what TEXT NOT NULL,
    n_copies BIGINT NOT NULL,
    taken_by TEXT NOT NULL,
    taken_us BIGINT NOT NULL,
    given_by TEXT,
    given_to TEXT,
    given_id TEXT,                   -- number of the identity paper of who signed for it
    returned_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX custody_held ON custody (unit, id) WHERE returned_us = 0;
CREATE INDEX custody_dossier ON custody (dossier_id, id);
