-- The demo switch of the business date.

-- record: at most one row, id 1; absent means the real date
CREATE TABLE calendar_switch (
    id BIGINT PRIMARY KEY,
    today TEXT NOT NULL,
    set_us BIGINT NOT NULL
);

-- record: a day that an operator set over the pack's calendar; never changed but ended
CREATE TABLE calendar_override (
    id BIGINT PRIMARY KEY,
    day BIGINT NOT NULL,         -- civil day number
    kind TEXT NOT NULL,          -- off, work
    as_weekday BIGINT NOT NULL,  -- work: whose hours hold, 0 its own
    unit TEXT NOT NULL,          -- code, empty: all
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    ended_by BIGINT NOT NULL,
    ended_us BIGINT NOT NULL     -- 0: in force
);
CREATE UNIQUE INDEX calendar_override_day ON calendar_override (day, unit) WHERE ended_us = 0;
