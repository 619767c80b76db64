-- Counts folded from deltas. derived
CREATE TABLE indicator (
    metric TEXT NOT NULL,
    day TEXT NOT NULL,               -- business day YYYY-MM-DD
    unit TEXT NOT NULL,
    procedure_code TEXT NOT NULL,
    field TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (metric, day, unit, procedure_code)
);
CREATE INDEX indicator_unit ON indicator (metric, unit, day);

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
