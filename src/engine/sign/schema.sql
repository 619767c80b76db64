-- record: certificates of persons and seals: who may sign as whom, since when, revoked when and why
CREATE TABLE sign_cert (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    org TEXT NOT NULL,
    position TEXT,
    serial TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    pem TEXT NOT NULL,
    key_ref TEXT NOT NULL,
    pin_failures BIGINT NOT NULL DEFAULT 0,
    valid_from_us BIGINT NOT NULL,
    valid_to_us BIGINT NOT NULL,
    revoked_us BIGINT NOT NULL DEFAULT 0,
    is_demo BIGINT NOT NULL
);
CREATE INDEX sign_cert_owner ON sign_cert (kind, owner, state, id);
CREATE INDEX sign_cert_kind ON sign_cert (kind, id);
CREATE UNIQUE INDEX sign_cert_fingerprint ON sign_cert (fingerprint);
