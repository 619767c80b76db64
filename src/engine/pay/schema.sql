-- record: bills bound to a dossier
CREATE TABLE pay_bill (
    id BIGINT PRIMARY KEY,
    dossier_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    unit TEXT NOT NULL,
    payer TEXT NOT NULL,
    lines TEXT NOT NULL,
    state TEXT NOT NULL,
    channel TEXT,
    bank_ref TEXT,
    receipt TEXT,
    amount_vnd BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    paid_us BIGINT NOT NULL DEFAULT 0,
    paid_day BIGINT NOT NULL DEFAULT 0,
    cancel_reason TEXT
);
CREATE UNIQUE INDEX pay_bill_code ON pay_bill (code);
CREATE INDEX pay_bill_dossier ON pay_bill (dossier_id, id);
CREATE INDEX pay_bill_day ON pay_bill (paid_day, channel, id);
CREATE UNIQUE INDEX pay_bill_bank_ref ON pay_bill (bank_ref);

-- record: nonces of callbacks, so that none is accepted twice; older ones may be deleted
CREATE TABLE pay_nonce (
    nonce TEXT NOT NULL PRIMARY KEY,
    at_us BIGINT NOT NULL
);
CREATE INDEX pay_nonce_at ON pay_nonce (at_us);

-- record: payments that no open bill explains: another amount, or a bill paid already
CREATE TABLE pay_stray (
    id BIGINT PRIMARY KEY,
    bank_ref TEXT NOT NULL,
    code TEXT NOT NULL,
    amount_vnd BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX pay_stray_ref ON pay_stray (bank_ref);

-- record: running number of receipts of a unit in a year, whichever way was paid
CREATE TABLE pay_receipt (
    unit TEXT NOT NULL,
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (unit, year)
);

-- record: day book of cash
CREATE TABLE pay_cash (
    id BIGINT PRIMARY KEY,
    unit TEXT NOT NULL,
    day BIGINT NOT NULL,
    bill_id BIGINT NOT NULL,
    amount_vnd BIGINT NOT NULL,
    receipt TEXT NOT NULL,
    payer TEXT NOT NULL,
    code TEXT NOT NULL,
    cashier TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    void_us BIGINT NOT NULL DEFAULT 0,       -- the receipt was declared void: the money went back
    void_by TEXT NOT NULL DEFAULT '',
    void_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX pay_cash_day ON pay_cash (unit, day, id);
CREATE INDEX pay_cash_bill ON pay_cash (bill_id, id);

-- record: a day's cash counted and closed: no receipt is written or declared void in that day any more
CREATE TABLE pay_closing (
    id BIGINT PRIMARY KEY,
    unit TEXT NOT NULL,
    day BIGINT NOT NULL,
    n_valid BIGINT NOT NULL,
    n_void BIGINT NOT NULL,
    expected_vnd BIGINT NOT NULL,
    counted_vnd BIGINT NOT NULL,
    reason TEXT NOT NULL,                    -- of a difference, else ''
    closed_by TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    digest TEXT NOT NULL                     -- SHA-256 of the day book as it was closed; also in the ledger
);
CREATE UNIQUE INDEX pay_closing_day ON pay_closing (unit, day);
