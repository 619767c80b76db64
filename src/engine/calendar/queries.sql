-- name: calendar_switch_get :one
-- in: id:i64
-- out: today:str
SELECT today FROM calendar_switch WHERE id = :id

-- name: calendar_switch_set :exec
-- in: id:i64 today:str set_us:i64
INSERT INTO calendar_switch (id, today, set_us) VALUES (:id, :today, :set_us)
ON CONFLICT (id) DO UPDATE SET today = excluded.today, set_us = excluded.set_us

-- name: calendar_switch_drop :exec
-- in: id:i64
DELETE FROM calendar_switch WHERE id = :id
