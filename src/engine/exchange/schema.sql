-- Who takes part in the exchange: a unit of the province, or an outside body of another class of trust. record
CREATE TABLE exchange_member (
    id BIGINT PRIMARY KEY,
    class TEXT NOT NULL,             -- X-Road member class: GOV, PTY, COM, NGO
    code TEXT NOT NULL,              -- agency code, or tax code of a company
    name TEXT NOT NULL,
    name_en TEXT NOT NULL,
    unit TEXT,                       -- unit key of a body of the province; null: outside
    contact TEXT NOT NULL,           -- who answers for it: name, e-mail, phone
    state TEXT NOT NULL,             -- active, suspended
    note TEXT NOT NULL,              -- why it is suspended
    created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX exchange_member_code ON exchange_member (class, code);
CREATE INDEX exchange_member_unit ON exchange_member (unit);

-- An information system of a member: what calls and what is called. record
CREATE TABLE exchange_subsystem (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    ip_allow TEXT NOT NULL,          -- addresses and networks with spaces between; empty: any
    state TEXT NOT NULL,             -- active, suspended
    created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX exchange_subsystem_code ON exchange_subsystem (member_id, code);

-- A service that a subsystem offers. record
CREATE TABLE exchange_service (
    id BIGINT PRIMARY KEY,
    subsystem_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    data_class TEXT NOT NULL,        -- open, internal, personal, sensitive
    contact TEXT NOT NULL,
    sla_ms BIGINT NOT NULL,          -- time in which 95 of 100 calls are answered
    sla_permille BIGINT NOT NULL,    -- availability promised, in thousandths
    endpoint TEXT NOT NULL,          -- http(s) base address, "sim:<id>" of a labelled simulator, or "node:" for a service of another installation
    timeout_ms BIGINT NOT NULL,
    version_id BIGINT,               -- the version in force; null: draft
    state TEXT NOT NULL,             -- draft, published, retired
    is_simulated BIGINT NOT NULL,
    created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX exchange_service_code ON exchange_service (subsystem_id, code);
CREATE INDEX exchange_service_state ON exchange_service (state, id);

-- One imported description of a service. record
CREATE TABLE exchange_version (
    id BIGINT PRIMARY KEY,
    service_id BIGINT NOT NULL,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,              -- openapi, wsdl
    hash TEXT NOT NULL,              -- SHA-256 of the document
    document TEXT NOT NULL,
    n_operations BIGINT NOT NULL,
    imported_us BIGINT NOT NULL,
    imported_by BIGINT
);
CREATE UNIQUE INDEX exchange_version_of ON exchange_version (service_id, version);

-- An operation of one version. derived from the document
CREATE TABLE exchange_operation (
    id BIGINT PRIMARY KEY,
    version_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    summary TEXT NOT NULL,
    element TEXT NOT NULL,           -- SOAP: local name of the body's element; else ''
    action TEXT NOT NULL,            -- SOAP: what SOAPAction says, '' when nothing
    inputs TEXT NOT NULL,            -- JSON list of {path, type, text, required}
    outputs TEXT NOT NULL
);
CREATE UNIQUE INDEX exchange_operation_code ON exchange_operation (version_id, code);

-- Who may call which operations of a service, what for, how much, until when. record
CREATE TABLE exchange_agreement (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    consumer_id BIGINT NOT NULL,     -- subsystem
    service_id BIGINT NOT NULL,
    state TEXT NOT NULL,             -- asked, granted, refused, suspended, ended
    purpose TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    operations TEXT NOT NULL,        -- codes with spaces between
    removed TEXT NOT NULL,           -- fields taken out of answers, with spaces between
    rate_s BIGINT NOT NULL,          -- calls a second; 0: no limit of its own
    quota_day BIGINT NOT NULL,       -- calls a day; 0: no limit of its own
    hours TEXT NOT NULL,             -- "1-5 07-17": days, whole hours; empty: always
    bodies TEXT NOT NULL,            -- of signed messages, as evidence: all, hash; empty: as the data class says
    valid_from TEXT,
    valid_to TEXT,
    asked_by BIGINT,
    asked_us BIGINT NOT NULL,
    decided_by BIGINT,
    decided_us BIGINT,
    note TEXT NOT NULL,              -- the owner's words
    held TEXT NOT NULL               -- of the fields removed: new ones of a later version of the service, until the owner decides again
);
CREATE INDEX exchange_agreement_consumer ON exchange_agreement (consumer_id, service_id);
CREATE INDEX exchange_agreement_service ON exchange_agreement (service_id, state);
CREATE INDEX exchange_agreement_state ON exchange_agreement (state, id);

-- A token client of a subsystem. record
CREATE TABLE exchange_client (
    id BIGINT PRIMARY KEY,
    subsystem_id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    ttl_s BIGINT NOT NULL,           -- life of its access tokens
    cert_thumb TEXT,                 -- SHA-256 of the only certificate it may come with; null: any
    created_us BIGINT NOT NULL,
    used_us BIGINT,
    revoked_us BIGINT
);
CREATE UNIQUE INDEX exchange_client_id ON exchange_client (client_id);
CREATE INDEX exchange_client_subsystem ON exchange_client (subsystem_id);

-- Secrets of a token client: two are valid while one is being replaced. record
CREATE TABLE exchange_secret (
    id BIGINT PRIMARY KEY,
    client_row BIGINT NOT NULL,
    hash TEXT NOT NULL,              -- SHA-256 of the secret (43 random characters)
    created_us BIGINT NOT NULL,
    ends_us BIGINT NOT NULL          -- 0: until replaced
);
CREATE INDEX exchange_secret_client ON exchange_secret (client_row);

-- Certificates of a subsystem for mutual TLS. record
CREATE TABLE exchange_cert (
    id BIGINT PRIMARY KEY,
    subsystem_id BIGINT NOT NULL,
    thumb TEXT NOT NULL,             -- SHA-256 of the DER form, hex
    subject TEXT NOT NULL,
    not_before_us BIGINT NOT NULL,
    not_after_us BIGINT NOT NULL,
    added_us BIGINT NOT NULL,
    revoked_us BIGINT
);
CREATE UNIQUE INDEX exchange_cert_thumb ON exchange_cert (thumb);
CREATE INDEX exchange_cert_subsystem ON exchange_cert (subsystem_id);
CREATE INDEX exchange_cert_end ON exchange_cert (not_after_us);

-- Sessions of the older adapter style. record
CREATE TABLE exchange_session (
    id BIGINT PRIMARY KEY,
    hash TEXT NOT NULL,
    client_row BIGINT NOT NULL,
    ends_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX exchange_session_hash ON exchange_session (hash);
CREATE INDEX exchange_session_ends ON exchange_session (ends_us);

-- One call through the exchange: who, what, how it ended, sizes and time; no content. record
CREATE TABLE exchange_call (
    id BIGINT PRIMARY KEY,
    at_us BIGINT NOT NULL,
    way TEXT NOT NULL,               -- relay, connector, adapter, sandbox, inbound
    consumer_id BIGINT,              -- subsystem; null: unknown caller
    service_id BIGINT,
    agreement_id BIGINT,
    operation TEXT NOT NULL,
    status BIGINT NOT NULL,          -- HTTP status that the caller got
    fault TEXT NOT NULL,             -- code of what went wrong, or empty
    bytes_in BIGINT NOT NULL,
    bytes_out BIGINT NOT NULL,
    took_us BIGINT NOT NULL,
    up_us BIGINT NOT NULL,           -- from at_us until the request went out to the service; 0: it did not
    back_us BIGINT NOT NULL,         -- from at_us until its answer began; 0: it did not
    trace_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    message_id TEXT NOT NULL         -- X-Road-Id, as the caller gave it
);
CREATE INDEX exchange_call_consumer ON exchange_call (consumer_id, id);
CREATE INDEX exchange_call_service ON exchange_call (service_id, id);
CREATE INDEX exchange_call_fault ON exchange_call (id) WHERE fault <> '';
CREATE INDEX exchange_call_request ON exchange_call (request_id);

-- A question that the platform itself put to another system: purpose, dossier, officer; can be put again. record
CREATE TABLE exchange_question (
    id BIGINT PRIMARY KEY,
    at_us BIGINT NOT NULL,
    connector TEXT NOT NULL,
    operation TEXT NOT NULL,
    purpose TEXT NOT NULL,
    dossier_id BIGINT,
    draft_id BIGINT,                 -- the draft it was asked for, before there is a dossier
    officer BIGINT,                  -- account; null: the program itself
    subject BIGINT,                  -- party whose data was asked for; null: none or not known here
    request TEXT NOT NULL,           -- our fields as JSON, sealed
    state TEXT NOT NULL,             -- done, failed
    fault TEXT NOT NULL,
    tries BIGINT NOT NULL,
    replay_of BIGINT,
    key TEXT                         -- names the message, however often it is sent; null: none
);
CREATE UNIQUE INDEX exchange_question_key ON exchange_question (key) WHERE key IS NOT NULL;
CREATE INDEX exchange_question_state ON exchange_question (state, id);
CREATE INDEX exchange_question_dossier ON exchange_question (dossier_id);

-- What the national portal knows of a dossier of ours. record
CREATE TABLE exchange_portal (
    dossier_id BIGINT PRIMARY KEY,
    connector TEXT NOT NULL,         -- by which it is told
    national TEXT NOT NULL,          -- the portal's own number; empty: it has none
    is_made BIGINT NOT NULL,         -- the portal has the dossier
    sent_step BIGINT NOT NULL,       -- dossier_step up to which it was told
    state TEXT NOT NULL,             -- waiting (line away), queued (an outbox entry will send), sent, refused (an operator must look)
    fault TEXT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX exchange_portal_state ON exchange_portal (state, at_us);
CREATE INDEX exchange_portal_national ON exchange_portal (national) WHERE national <> '';

-- Papers that the national portal has: it took them from us, or gave them to us. record
CREATE TABLE exchange_portal_file (
    paper_id BIGINT PRIMARY KEY,
    dossier_id BIGINT NOT NULL,      -- or the draft that a dossier of the portal began as
    connector TEXT NOT NULL,
    file TEXT NOT NULL,              -- the portal's own number of it
    at_us BIGINT NOT NULL
);
CREATE INDEX exchange_portal_file_dossier ON exchange_portal_file (dossier_id);

-- How the line to a portal is, and which one is in force. record
CREATE TABLE exchange_portal_line (
    connector TEXT PRIMARY KEY,
    is_chosen BIGINT NOT NULL,
    n_failed BIGINT NOT NULL,        -- calls in a row that got no answer
    down_until_us BIGINT NOT NULL,   -- nobody tries before
    poll_us BIGINT NOT NULL DEFAULT 0 -- when the portal is asked next for dossiers to take in
);

-- Dossiers that a national portal hands over to us. No content: it is read from the portal when it is worked on. record
CREATE TABLE exchange_arrival (
    id BIGINT PRIMARY KEY,
    connector TEXT NOT NULL,
    national TEXT NOT NULL,          -- the portal's number
    revision BIGINT NOT NULL,        -- the portal's count of changes, as it was told last
    state TEXT NOT NULL,             -- new, held (an operator must look), taken, refused (given back), withdrawn
    work TEXT NOT NULL,              -- what is to be done: arrive, change, withdraw; empty: nothing
    fault TEXT NOT NULL,             -- why it is held, or not yet worked on
    note TEXT NOT NULL,              -- which paper, which answers; no personal data
    outcome TEXT NOT NULL,           -- what the portal is told: taken, held, refused, changed, withdrawn, late, own
    n_outcome BIGINT NOT NULL,       -- outcomes so far: names the message, however often it is sent
    is_told BIGINT NOT NULL,         -- 0: the portal must be told, 1: it was, 2: it does not want to hear
    procedure_code TEXT NOT NULL,
    unit_code TEXT NOT NULL,         -- as the portal wrote it
    draft_id BIGINT NOT NULL,        -- 0: none
    dossier_id BIGINT NOT NULL,      -- 0: none
    n_again BIGINT NOT NULL,         -- how often the portal handed the same over again
    tries BIGINT NOT NULL,
    next_us BIGINT NOT NULL,         -- not worked on before
    first_us BIGINT NOT NULL,        -- when the portal handed it over first
    at_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX exchange_arrival_national ON exchange_arrival (national);
CREATE INDEX exchange_arrival_work ON exchange_arrival (next_us, id) WHERE work <> '';
CREATE INDEX exchange_arrival_tell ON exchange_arrival (id) WHERE is_told = 0;
CREATE INDEX exchange_arrival_state ON exchange_arrival (state, id);
CREATE INDEX exchange_arrival_draft ON exchange_arrival (draft_id) WHERE draft_id <> 0;
CREATE INDEX exchange_arrival_dossier ON exchange_arrival (dossier_id) WHERE dossier_id <> 0;

-- Memory of the labelled simulators: what they were given. Only in the demo. derived
CREATE TABLE exchange_sim_row (
    service TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    n BIGINT NOT NULL,               -- how many messages about it were taken
    at_us BIGINT NOT NULL,
    PRIMARY KEY (service, key)
);
-- Messages that a simulator has taken, so that a second one is known as such. derived
CREATE TABLE exchange_sim_message (
    id BIGINT PRIMARY KEY,
    service TEXT NOT NULL,
    key TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL,
    n_again BIGINT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX exchange_sim_message_id ON exchange_sim_message (service, message);
CREATE INDEX exchange_sim_message_key ON exchange_sim_message (service, key, id);
-- Dossiers that wait at a simulated portal to be taken in. derived
CREATE TABLE exchange_sim_dossier (
    service TEXT NOT NULL,
    national TEXT NOT NULL,
    revision BIGINT NOT NULL,
    change TEXT NOT NULL,            -- new, changed, withdrawn
    template TEXT NOT NULL,          -- which of the simulator's arrivals it is
    is_told BIGINT NOT NULL,         -- the other side answered for this revision
    outcome TEXT NOT NULL,           -- what it answered last
    number TEXT NOT NULL,            -- its number there
    at_us BIGINT NOT NULL,
    PRIMARY KEY (service, national)
);
-- How a simulator behaves now. derived
CREATE TABLE exchange_sim_mode (
    service TEXT PRIMARY KEY,
    mode TEXT NOT NULL               -- normal, slow, faulty, down, lossy
);

-- Token or session of this installation at a national uplink. derived
CREATE TABLE exchange_uplink (
    uplink TEXT PRIMARY KEY,
    proof TEXT NOT NULL,             -- sealed
    ends_us BIGINT NOT NULL
);

-- How often members, services or agreements changed: what was read before still holds while this is the same. derived
CREATE TABLE exchange_mark (
    id BIGINT PRIMARY KEY,           -- always 1
    n BIGINT NOT NULL
);
