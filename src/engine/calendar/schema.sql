-- The demo switch of the business date.

-- record: at most one row, id 1; absent means the real date
CREATE TABLE calendar_switch (
    id BIGINT PRIMARY KEY,
    today TEXT NOT NULL,
    set_us BIGINT NOT NULL
);
