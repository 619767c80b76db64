-- Counters of dossier numbers. Units themselves live in the content pack.

-- record: how many numbers were given under one stem ("H19.40-261122-{seq}": one unit, one business day)
CREATE TABLE unit_counter (
    stem TEXT NOT NULL PRIMARY KEY,
    n BIGINT NOT NULL
);
