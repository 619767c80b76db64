-- What happened, one row an act or a reading, written in the transaction it tells of. No personal
-- data: references, and salted commitments where a proof of content is wanted. record
CREATE TABLE ledger_entry (
    id BIGINT PRIMARY KEY,
    at_us BIGINT NOT NULL,
    kind TEXT NOT NULL,              -- dossier.submitted, person.read ...
    actor BIGINT NOT NULL,           -- account, 0: the program itself
    acting_for BIGINT NOT NULL,      -- account of the officer whose position was lent, 0: none
    unit TEXT NOT NULL,              -- unit of the position used, '' for citizens
    object TEXT NOT NULL,            -- "dossier:123", "account:9"
    subject BIGINT NOT NULL,         -- party whose data it concerns, 0: none or a masked list
    purpose TEXT NOT NULL,
    note TEXT NOT NULL,              -- codes and counts only
    salt TEXT NOT NULL,
    commitment TEXT NOT NULL         -- SHA-256 of salt and content, or ''
);
CREATE INDEX ledger_entry_subject ON ledger_entry (subject, id) WHERE subject <> 0;
CREATE INDEX ledger_entry_object ON ledger_entry (object, id);

-- The entry's place in the Merkle tree (RFC 9162). record
CREATE TABLE ledger_leaf (
    seq BIGINT PRIMARY KEY,          -- 0, 1, 2 ... without gaps
    entry_id BIGINT NOT NULL,
    hash TEXT NOT NULL               -- 64 hex digits
);
CREATE UNIQUE INDEX ledger_leaf_entry ON ledger_leaf (entry_id);

-- Signed tree heads, one for each batch. record
CREATE TABLE ledger_head (
    size BIGINT PRIMARY KEY,
    root TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    frontier TEXT NOT NULL,          -- state to go on from, hex
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL
);

-- Entries not yet in the tree. derived
CREATE TABLE ledger_pending (
    entry_id BIGINT PRIMARY KEY
);
