-- A message to a person, with what became of it. record
CREATE TABLE notice (
    id BIGINT PRIMARY KEY,
    party_id BIGINT NOT NULL,
    dossier_id BIGINT NOT NULL,
    way TEXT NOT NULL,               -- mail, sms
    sent_to TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,             -- waiting, sent, failed
    error TEXT NOT NULL,
    tries BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    sent_us BIGINT NOT NULL
);
CREATE INDEX notice_party ON notice (party_id, id);
CREATE INDEX notice_state ON notice (way, state, id);
