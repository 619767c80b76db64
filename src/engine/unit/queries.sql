-- name: unit_counter_next :one
-- in: stem:str
-- out: n:i64
INSERT INTO unit_counter (stem, n) VALUES (:stem, 1)
ON CONFLICT (stem) DO UPDATE SET n = unit_counter.n + 1
RETURNING n
