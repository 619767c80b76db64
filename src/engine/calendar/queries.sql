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

-- name: calendar_override_add :exec
-- in: id:i64 day:i64 kind:str as_weekday:i64 unit:str name:str reason:str made_by:i64 now_us:i64
INSERT INTO calendar_override (id, day, kind, as_weekday, unit, name, reason, made_by, made_us, ended_by, ended_us)
VALUES (:id, :day, :kind, :as_weekday, :unit, :name, :reason, :made_by, :now_us, 0, 0)

-- name: calendar_override_close :exec
-- in: id:i64 ended_by:i64 now_us:i64
UPDATE calendar_override SET ended_by = :ended_by, ended_us = :now_us WHERE id = :id

-- name: calendar_override_get :one
-- in: id:i64
-- out: day:i64 ended_us:i64
SELECT day, ended_us FROM calendar_override WHERE id = :id

-- name: calendar_override_same :one
-- in: day:i64 unit:str
-- out: id:i64
SELECT id FROM calendar_override WHERE day = :day AND unit = :unit AND ended_us = 0

-- name: calendar_override_live :many
-- in: limit_n:i64
-- out: day:i64 kind:str as_weekday:i64 unit:str name:str
-- scan: calendar_override: some dozens a year
SELECT day, kind, as_weekday, unit, name FROM calendar_override WHERE ended_us = 0 ORDER BY day, unit LIMIT :limit_n

-- name: calendar_override_stamp :one
-- out: n_changes:i64
-- scan: calendar_override: some dozens a year
SELECT COUNT(*) + COALESCE(SUM(CASE WHEN ended_us > 0 THEN 1 ELSE 0 END), 0) FROM calendar_override

-- name: calendar_override_list :many
-- in: limit_n:i64
-- out: id:i64 day:i64 kind:str unit:str name:str reason:str made_us:i64 ended_us:i64 made_name:str ended_name:str
-- scan: calendar_override: some dozens a year
SELECT o.id, o.day, o.kind, o.unit, o.name, o.reason, o.made_us, o.ended_us, p.name, q.name
FROM calendar_override o LEFT JOIN account a ON a.id = o.made_by LEFT JOIN party p ON p.id = a.party_id
    LEFT JOIN account b ON b.id = o.ended_by LEFT JOIN party q ON q.id = b.party_id
ORDER BY o.day DESC, o.id DESC LIMIT :limit_n
