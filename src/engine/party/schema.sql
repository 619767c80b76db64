-- A person or an organisation that the offices serve. record
CREATE TABLE party (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,              -- person, org
    name TEXT NOT NULL,              -- NFC, as written in the identity document
    name_fold TEXT NOT NULL,         -- without marks, lower case: search only
    personal_id TEXT,                -- 12 digits
    tax_code TEXT,
    birth_date TEXT,                 -- YYYY-MM-DD
    sex TEXT,                        -- male, female
    ethnicity TEXT,
    nationality TEXT,
    phone TEXT,
    email TEXT,
    unit TEXT,                       -- commune of residence or seat (code)
    address TEXT,                    -- hamlet and street
    source TEXT NOT NULL,            -- population, counter, e-id, self, correction, generated
    source_us BIGINT NOT NULL,       -- when the source said so
    merged_into BIGINT,              -- the surviving record, when two were one person
    created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX party_personal_id ON party (personal_id) WHERE personal_id IS NOT NULL AND merged_into IS NULL;
CREATE UNIQUE INDEX party_tax_code ON party (tax_code) WHERE tax_code IS NOT NULL AND merged_into IS NULL;
CREATE INDEX party_name ON party (unit, name_fold);
CREATE INDEX party_born ON party (birth_date, name_fold);
CREATE INDEX party_merged ON party (merged_into) WHERE merged_into IS NOT NULL;

-- Name and birth of people with more than one record and at most one number among these: perhaps one person. Kept with each record written. derived
CREATE TABLE party_double (
    birth_date TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    PRIMARY KEY (birth_date, name_fold)
);

-- Who may act for an organisation, and family ties known to the platform. record
CREATE TABLE party_link (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,              -- represents, parent, spouse, guardian
    from_id BIGINT NOT NULL,
    to_id BIGINT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    source TEXT NOT NULL
);
CREATE INDEX party_link_from ON party_link (from_id, kind);
CREATE INDEX party_link_to ON party_link (to_id, kind);

-- A person's request to correct what is kept about them. record
CREATE TABLE party_correction (
    id BIGINT PRIMARY KEY,
    party_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    wanted TEXT NOT NULL,
    reason TEXT NOT NULL,
    held TEXT,                       -- what the record said when it was asked; once corrected: what was replaced
    written TEXT,                    -- what the record says since, when it was corrected
    asked_us BIGINT NOT NULL,
    state TEXT NOT NULL,             -- open, done, refused
    answer TEXT,
    answered_by BIGINT,
    answered_us BIGINT
);
CREATE INDEX party_correction_open ON party_correction (state, id);
CREATE INDEX party_correction_party ON party_correction (party_id, id);

-- What somebody agreed to, or was asked to: to be helped with a filing, or to stand with their data in
-- another's. Found by number, for whoever is named need not be on record. record
CREATE TABLE party_consent (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL,            -- personal ID or tax code of who is asked; '' when name and number do not agree
    name TEXT NOT NULL,
    kind TEXT NOT NULL,              -- helped, named
    part TEXT NOT NULL,              -- named: which person of the form
    part_en TEXT NOT NULL DEFAULT '',
    draft_id BIGINT NOT NULL,
    dossier_id BIGINT NOT NULL,      -- 0 until it is filed
    asker TEXT NOT NULL,             -- name of who files or helps
    wording TEXT NOT NULL,           -- what was put to them: purpose, data, legal basis
    wording_en TEXT NOT NULL DEFAULT '', -- the same in English; the Vietnamese counts
    is_needed BIGINT NOT NULL,       -- the result is not signed before it is given
    state TEXT NOT NULL,             -- asked, given, refused, withdrawn
    how TEXT NOT NULL,               -- account, present, paper, phone; '' while asked
    words TEXT NOT NULL,             -- what they said, or which paper they signed
    account_id BIGINT NOT NULL,      -- who wrote the last state down
    asked_us BIGINT NOT NULL,
    given_us BIGINT NOT NULL DEFAULT 0,
    ended_us BIGINT NOT NULL DEFAULT 0 -- refused or withdrawn
);
CREATE INDEX party_consent_number ON party_consent (number, id);
CREATE INDEX party_consent_draft ON party_consent (draft_id, id);
CREATE INDEX party_consent_dossier ON party_consent (dossier_id, id);
