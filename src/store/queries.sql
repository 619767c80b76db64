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
