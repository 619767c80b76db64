-- Counts folded from deltas. derived
CREATE TABLE indicator (
    metric TEXT NOT NULL,
    day TEXT NOT NULL,               -- business day YYYY-MM-DD
    unit TEXT NOT NULL,
    procedure_code TEXT NOT NULL,
    field TEXT NOT NULL,
    n BIGINT NOT NULL,
    fold BIGINT NOT NULL,            -- number of the fold that wrote the row last
    PRIMARY KEY (metric, day, unit, procedure_code, field)
-- sqlite:
) WITHOUT ROWID; -- sums of a year read thousands of rows in the order of the key
-- postgres:
);
-- end
CREATE INDEX indicator_unit ON indicator (metric, unit, day);
CREATE INDEX indicator_fold ON indicator (fold, n); -- what changed since a process looked last

-- Changes not folded yet: appended in the transaction of what they count. derived
CREATE TABLE indicator_delta (
    id BIGINT PRIMARY KEY,
    metric TEXT NOT NULL,
    day TEXT NOT NULL,
    unit TEXT NOT NULL,
    procedure_code TEXT NOT NULL,
    field TEXT NOT NULL,
    n BIGINT NOT NULL
);
CREATE INDEX indicator_delta_metric ON indicator_delta (metric, day);

-- One counted event and the subject it was counted for: the list behind a figure. record
CREATE TABLE indicator_item (
    id BIGINT PRIMARY KEY,
    metric TEXT NOT NULL,
    day TEXT NOT NULL,
    unit TEXT NOT NULL,
    procedure_code TEXT NOT NULL,
    field TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    n BIGINT NOT NULL
);
CREATE INDEX indicator_item_day ON indicator_item (metric, day);
CREATE INDEX indicator_item_procedure ON indicator_item (metric, procedure_code, day);
CREATE INDEX indicator_item_unit ON indicator_item (metric, unit, day);

-- Who is in a stock now (open, waiting, unpaid). record
CREATE TABLE indicator_stock (
    metric TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    unit TEXT NOT NULL,
    procedure_code TEXT NOT NULL,
    field TEXT NOT NULL,
    PRIMARY KEY (metric, subject_id)
-- sqlite:
) WITHOUT ROWID;
-- postgres:
);
-- end
CREATE INDEX indicator_stock_unit ON indicator_stock (metric, unit, subject_id);
CREATE INDEX indicator_stock_count ON indicator_stock (metric, unit, procedure_code, field);
