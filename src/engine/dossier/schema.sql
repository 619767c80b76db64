-- What a person is filling in; of one that was submitted the form keeps where answers came from, not the answers. record
CREATE TABLE draft (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    party_id BIGINT NOT NULL,        -- applicant, 0 until signed in
    account_id BIGINT NOT NULL,      -- who fills in, 0: nobody is signed in
    session_id BIGINT NOT NULL,      -- session that began it without sign-in, else 0
    assisted_by BIGINT NOT NULL,
    procedure_code TEXT NOT NULL,
    pack_version TEXT NOT NULL,
    unit TEXT NOT NULL,
    moved_from TEXT NOT NULL DEFAULT '', -- unit that was abolished while the draft was open
    address TEXT NOT NULL,
    form TEXT NOT NULL,
    channel TEXT NOT NULL,
    collect TEXT NOT NULL,
    post_address TEXT NOT NULL,
    phone TEXT NOT NULL,
    email TEXT NOT NULL,
    n_copies BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    dossier_id BIGINT                -- set by submission
);
CREATE INDEX draft_account ON draft (account_id, id);
CREATE INDEX draft_session ON draft (session_id, id);
CREATE INDEX draft_unit ON draft (unit, id);
CREATE INDEX draft_party ON draft (party_id) WHERE dossier_id IS NULL AND party_id <> 0; -- of a dossier: by the dossier's party

-- A case. record
CREATE TABLE dossier (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    number TEXT NOT NULL,
    code TEXT NOT NULL,              -- tracking secret
    draft_id BIGINT,                 -- its draft, for idempotent submission
    parent_id BIGINT NOT NULL,       -- first dossier of one filing with several results, else 0
    procedure_code TEXT NOT NULL,
    field TEXT NOT NULL,
    pack_version TEXT NOT NULL,
    unit TEXT NOT NULL,
    party_id BIGINT NOT NULL,
    applicant TEXT NOT NULL,         -- name at filing
    applicant_fold TEXT NOT NULL,
    filed_by BIGINT NOT NULL,
    assisted_by BIGINT NOT NULL,
    channel TEXT NOT NULL,
    collect TEXT NOT NULL,
    post_address TEXT NOT NULL,
    phone TEXT NOT NULL,
    email TEXT NOT NULL,
    answers TEXT NOT NULL,           -- JSON, frozen
    vars TEXT NOT NULL,              -- JSON, what the process learned
    n_copies BIGINT NOT NULL,
    state TEXT NOT NULL,             -- open, done, refused, withdrawn, stopped
    status BIGINT NOT NULL,          -- national portal 1..10
    case_id BIGINT NOT NULL,
    clock BIGINT NOT NULL,           -- enum dossier_clock
    submitted_us BIGINT NOT NULL,
    react_us BIGINT NOT NULL,
    accepted_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    first_due_us BIGINT NOT NULL,
    paused_us BIGINT NOT NULL,
    remaining_s BIGINT NOT NULL,
    finished_us BIGINT NOT NULL,
    returned_us BIGINT NOT NULL,
    apology_us BIGINT NOT NULL,
    n_supplements BIGINT NOT NULL,
    fee_vnd BIGINT NOT NULL,
    is_paid BIGINT NOT NULL,
    rating BIGINT NOT NULL,
    rating_words TEXT
);
CREATE UNIQUE INDEX dossier_number ON dossier (number);
CREATE UNIQUE INDEX dossier_draft ON dossier (draft_id) WHERE draft_id IS NOT NULL;
CREATE INDEX dossier_party ON dossier (party_id, id);
CREATE INDEX dossier_unit ON dossier (unit, id);
CREATE INDEX dossier_unit_due ON dossier (unit, clock, due_us, procedure_code, field) WHERE state = 'open';
CREATE INDEX dossier_open ON dossier (id) WHERE state = 'open';
CREATE INDEX dossier_due ON dossier (due_us, unit, procedure_code, field) WHERE state = 'open' AND clock = 1;
CREATE INDEX dossier_version ON dossier (pack_version, state);
CREATE INDEX dossier_name ON dossier (unit, applicant_fold, id);
CREATE INDEX dossier_parent ON dossier (parent_id) WHERE parent_id <> 0;

-- Each national status that a dossier had after the first (1, submitted), in order of id: what the national portal is told. record
CREATE TABLE dossier_step (
    id BIGINT PRIMARY KEY,
    dossier_id BIGINT NOT NULL,
    status BIGINT NOT NULL,          -- 1..10
    at_us BIGINT NOT NULL,
    actor BIGINT NOT NULL            -- account, 0: the program
);
CREATE INDEX dossier_step_of ON dossier_step (dossier_id, id);

-- What happened, in words a person can read. record
CREATE TABLE dossier_event (
    id BIGINT PRIMARY KEY,
    dossier_id BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor BIGINT NOT NULL,
    unit TEXT NOT NULL,
    note TEXT NOT NULL,
    is_public BIGINT NOT NULL
);
CREATE INDEX dossier_event_of ON dossier_event (dossier_id, id);

-- The request for everything missing, and its answer. record
CREATE TABLE supplement (
    id BIGINT PRIMARY KEY,
    dossier_id BIGINT NOT NULL,
    asked_us BIGINT NOT NULL,
    asked_by BIGINT NOT NULL,
    items TEXT NOT NULL,
    reason TEXT NOT NULL,
    answered_us BIGINT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX supplement_of ON supplement (dossier_id, id);

-- An officer is away from a unit for a period; others stand in. record
CREATE TABLE absence (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    unit TEXT NOT NULL,
    from_us BIGINT NOT NULL,
    to_us BIGINT NOT NULL,           -- the first instant back
    reason TEXT NOT NULL,
    lends BIGINT NOT NULL,           -- the positions are lent too
    state TEXT NOT NULL,             -- planned, running, over, cancelled
    made_by BIGINT NOT NULL,
    made_us BIGINT NOT NULL
);
CREATE INDEX absence_unit ON absence (unit, id);
CREATE INDEX absence_account ON absence (account_id, state);
CREATE INDEX absence_state ON absence (state, from_us);

-- Who stands in. record
CREATE TABLE absence_stand_in (
    id BIGINT PRIMARY KEY,
    absence_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL
);
CREATE INDEX absence_stand_in_of ON absence_stand_in (absence_id, id);

-- A document that answers the dossier. record
CREATE TABLE result (
    id BIGINT PRIMARY KEY,
    dossier_id BIGINT NOT NULL,
    template_id TEXT NOT NULL,
    title TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,             -- draft, waiting (for the seal alone), signed, published, revoked, dropped
    fields TEXT NOT NULL,            -- JSON, officer's additions
    code TEXT NOT NULL,              -- random, printed on the document: the holder of a paper print checks by it
    hash TEXT,                       -- of the signed PDF
    signer TEXT NOT NULL,
    signed_us BIGINT NOT NULL,
    record_id BIGINT NOT NULL,
    revoked_us BIGINT NOT NULL,
    revoke_reason TEXT NOT NULL,
    replaced_by BIGINT NOT NULL,
    corrects BIGINT NOT NULL DEFAULT 0,      -- the wrong result that this one takes the place of
    correct_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX result_of ON result (dossier_id, id);
CREATE INDEX result_hash ON result (hash) WHERE hash IS NOT NULL; -- copies of a bulk load share a file
CREATE UNIQUE INDEX result_code ON result (code);

-- Register books: one line an entry, numbered per unit, book and year. record
CREATE TABLE register_entry (
    id BIGINT PRIMARY KEY,
    unit TEXT NOT NULL,
    book TEXT NOT NULL,
    year BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    dossier_id BIGINT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX register_entry_seq ON register_entry (unit, book, year, seq);
CREATE INDEX register_entry_dossier ON register_entry (dossier_id);

-- Leaders who were reminded of late dossiers, and on which day: once a day. record
CREATE TABLE dossier_reminder (
    account_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    unit TEXT NOT NULL,
    late_n BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
);
