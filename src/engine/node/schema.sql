-- Another installation with which this one exchanges signed messages. record
CREATE TABLE node_peer (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    address TEXT NOT NULL,           -- host:port of its door for other nodes
    tls_pem TEXT NOT NULL,           -- its certificate for mutual TLS, pinned
    thumb TEXT NOT NULL,             -- SHA-256 of it, hex
    state TEXT NOT NULL,             -- active, suspended
    added_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX node_peer_name ON node_peer (name);
CREATE UNIQUE INDEX node_peer_thumb ON node_peer (thumb);

-- A signing certificate of another installation's member; our own are in sign_cert. record
CREATE TABLE node_key (
    id BIGINT PRIMARY KEY,
    peer_id BIGINT NOT NULL,
    member TEXT NOT NULL,            -- VN/GOV/H19
    thumb TEXT NOT NULL,
    name TEXT NOT NULL,              -- whom the certificate names
    pem TEXT NOT NULL,
    from_us BIGINT NOT NULL,
    to_us BIGINT NOT NULL,
    added_us BIGINT NOT NULL,
    revoked_us BIGINT NOT NULL       -- 0: not revoked
);
CREATE UNIQUE INDEX node_key_thumb ON node_key (thumb);
CREATE INDEX node_key_member ON node_key (member, id);

-- Where each signed message stands in the evidence log. derived from data_dir/evidence
CREATE TABLE node_evidence (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,             -- number of the record
    at_us BIGINT NOT NULL,
    kind TEXT NOT NULL,              -- request, answer
    way TEXT NOT NULL,               -- sent, received
    request_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    client TEXT NOT NULL,
    service TEXT NOT NULL,
    issue TEXT NOT NULL,             -- the dossier, or empty
    user_id TEXT NOT NULL,
    peer TEXT NOT NULL,
    status BIGINT NOT NULL,          -- of an answer
    digest TEXT NOT NULL,
    n_bytes BIGINT NOT NULL,
    has_body BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX node_evidence_seq ON node_evidence (seq);
CREATE INDEX node_evidence_request ON node_evidence (request_id, seq);
CREATE INDEX node_evidence_message ON node_evidence (message_id, seq);
CREATE INDEX node_evidence_client ON node_evidence (client, seq);
CREATE INDEX node_evidence_service ON node_evidence (service, seq);
CREATE INDEX node_evidence_issue ON node_evidence (issue, seq);
CREATE INDEX node_evidence_large ON node_evidence (digest) WHERE n_bytes > 262144;
CREATE INDEX node_evidence_at ON node_evidence (at_us);

-- Which records a time-stamp covers: messages numbered above from_seq up to to_seq. derived from data_dir/evidence
CREATE TABLE node_stamp (
    to_seq BIGINT PRIMARY KEY,
    from_seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    at BIGINT NOT NULL
);

-- How far the evidence log has been read into these tables. derived
CREATE TABLE node_mark (
    id BIGINT PRIMARY KEY,           -- always 1
    seq BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    at BIGINT NOT NULL
);
