-- Statements of the store itself: outbox and timed jobs.

-- name: store_meta_get :one
-- in: name:str
-- out: value:str
SELECT value FROM store_meta WHERE name = :name

-- name: store_meta_set :exec
-- in: name:str value:str
INSERT INTO store_meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: outbox_put :exec
-- in: id:i64 topic:str key:str payload:str now_us:i64
INSERT INTO outbox (id, topic, key, payload, put_us, due_us)
VALUES (:id, :topic, :key, :payload, :now_us, :now_us)

-- The next entries to handle: due, and the oldest living one of their topic and key.
-- name: outbox_due :many
-- in: now_us:i64 limit_n:i64
-- out: id:i64 topic:str key:str payload:str tries:i64
SELECT o.id, o.topic, o.key, o.payload, o.tries FROM outbox o
WHERE o.is_dead = 0 AND o.due_us <= :now_us
  AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.topic = o.topic AND p.key = o.key AND p.is_dead = 0 AND p.id < o.id)
ORDER BY o.due_us, o.id LIMIT :limit_n

-- The same for one entry that no other process works on, and takes it until a time.
-- name: outbox_take :one
-- in: now_us:i64 until_us:i64 by:i64
-- out: id:i64 topic:str key:str payload:str tries:i64
UPDATE outbox SET taken_until_us = :until_us, taken_by = :by WHERE id = (
    SELECT o.id FROM outbox o
    WHERE o.is_dead = 0 AND o.due_us <= :now_us AND o.taken_until_us <= :now_us
      AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.topic = o.topic AND p.key = o.key AND p.is_dead = 0 AND p.id < o.id)
    ORDER BY o.due_us, o.id LIMIT 1
-- postgres:
    FOR UPDATE OF o SKIP LOCKED
-- end
) RETURNING id, topic, key, payload, tries

-- What an earlier process at this place left behind.
-- name: outbox_release :exec
-- in: by:i64
UPDATE outbox SET taken_until_us = 0, taken_by = 0 WHERE is_dead = 0 AND taken_by = :by

-- What this place has taken; some of it nobody here may be working on (jobs_release_strays).
-- name: outbox_taken :many
-- in: by:i64 limit_n:i64
-- out: id:i64
SELECT id FROM outbox WHERE is_dead = 0 AND taken_by = :by ORDER BY id LIMIT :limit_n

-- name: outbox_free :exec
-- in: id:i64 by:i64
UPDATE outbox SET taken_until_us = 0, taken_by = 0 WHERE id = :id AND taken_by = :by

-- name: outbox_done :exec
-- in: id:i64
DELETE FROM outbox WHERE id = :id

-- name: outbox_later :exec
-- in: id:i64 due_us:i64 last_error:str
UPDATE outbox SET tries = tries + 1, due_us = :due_us, last_error = :last_error, taken_until_us = 0, taken_by = 0 WHERE id = :id

-- name: outbox_bury :exec
-- in: id:i64 last_error:str
UPDATE outbox SET tries = tries + 1, is_dead = 1, last_error = :last_error, taken_until_us = 0, taken_by = 0 WHERE id = :id

-- name: outbox_counts :many
-- out: topic:str n_waiting:i64 n_dead:i64 oldest_us:i64
-- scan: outbox holds what waits; entries leave when handled
SELECT topic, sum(1 - is_dead), sum(is_dead), coalesce(min(CASE WHEN is_dead = 0 THEN put_us END), 0) FROM outbox GROUP BY topic ORDER BY topic LIMIT 200

-- What was put on a clock of its own since an id counts from now on.
-- name: outbox_put_now :exec
-- in: after:i64 now_us:i64
UPDATE outbox SET put_us = :now_us, due_us = :now_us WHERE id > :after

-- name: outbox_dead :many
-- in: before:i64 limit_n:i64
-- out: id:i64 topic:str key:str payload:str put_us:i64 tries:i64 last_error:str
SELECT id, topic, key, payload, put_us, tries, last_error FROM outbox
WHERE is_dead = 1 AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: outbox_revive :exec
-- in: id:i64 now_us:i64
UPDATE outbox SET is_dead = 0, tries = 0, due_us = :now_us WHERE id = :id AND is_dead = 1

-- name: outbox_discard :exec
-- in: id:i64
DELETE FROM outbox WHERE id = :id AND is_dead = 1

-- name: job_timed_get :one
-- in: name:str
-- out: due_us:i64
SELECT due_us FROM job_timed WHERE name = :name

-- name: job_timed_ran :exec
-- in: name:str due_us:i64 ran_us:i64 last_error:str
INSERT INTO job_timed (name, due_us, ran_us, last_error) VALUES (:name, :due_us, :ran_us, :last_error)
ON CONFLICT (name) DO UPDATE SET due_us = excluded.due_us, ran_us = excluded.ran_us, last_error = excluded.last_error

-- Takes a timed job until a time, when it is due; no row changes when another process was first.
-- name: job_timed_take :exec
-- in: name:str now_us:i64 until_us:i64
INSERT INTO job_timed (name, due_us) VALUES (:name, :until_us)
ON CONFLICT (name) DO UPDATE SET due_us = excluded.due_us WHERE job_timed.due_us <= :now_us

-- name: job_timed_list :many
-- out: name:str due_us:i64 ran_us:i64 last_error:str
SELECT name, due_us, ran_us, last_error FROM job_timed ORDER BY name LIMIT 200
