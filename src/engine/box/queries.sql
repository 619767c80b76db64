-- name: box_stream_find :one
-- in: sender:str receiver:str topic:str
-- out: id:i64 sender:str receiver:str topic:str way:str member:str last_seq:i64 sent_seq:i64 n_waiting:i64 n_bytes:i64 n_sent:i64 is_queued:i64 due_us:i64 n_failed:i64 n_idle:i64 fault:str down_us:i64
SELECT id, sender, receiver, topic, way, member, last_seq, sent_seq, n_waiting, n_bytes, n_sent, is_queued, due_us, n_failed, n_idle, fault, down_us
FROM box_stream WHERE sender = :sender AND receiver = :receiver AND topic = :topic

-- name: box_stream_get :one
-- in: id:i64
-- out: id:i64 sender:str receiver:str topic:str way:str member:str last_seq:i64 sent_seq:i64 n_waiting:i64 n_bytes:i64 n_sent:i64 is_queued:i64 due_us:i64 n_failed:i64 n_idle:i64 fault:str down_us:i64
SELECT id, sender, receiver, topic, way, member, last_seq, sent_seq, n_waiting, n_bytes, n_sent, is_queued, due_us, n_failed, n_idle, fault, down_us
FROM box_stream WHERE id = :id

-- name: box_stream_insert :exec
-- in: id:i64 sender:str receiver:str topic:str way:str member:str last_seq:i64 sent_seq:i64 n_waiting:i64 n_bytes:i64 n_sent:i64 is_queued:i64 due_us:i64 n_failed:i64 n_idle:i64 fault:str down_us:i64
INSERT INTO box_stream (id, sender, receiver, topic, way, member, last_seq, sent_seq, n_waiting, n_bytes, n_sent, is_queued, due_us, n_failed, n_idle, fault, down_us)
VALUES (:id, :sender, :receiver, :topic, :way, :member, :last_seq, :sent_seq, :n_waiting, :n_bytes, :n_sent, :is_queued, :due_us, :n_failed, :n_idle, :fault, :down_us)

-- name: box_stream_set :exec
-- in: id:i64 way:str last_seq:i64 sent_seq:i64 n_waiting:i64 n_bytes:i64 n_sent:i64 is_queued:i64 due_us:i64 n_failed:i64 n_idle:i64 fault:str down_us:i64
UPDATE box_stream SET way = :way, last_seq = :last_seq, sent_seq = :sent_seq, n_waiting = :n_waiting, n_bytes = :n_bytes, n_sent = :n_sent, is_queued = :is_queued, due_us = :due_us, n_failed = :n_failed, n_idle = :n_idle, fault = :fault, down_us = :down_us WHERE id = :id

-- name: box_stream_full :many
-- in: receiver:str limit_n:i64
-- out: id:i64
-- lines with something in the box
SELECT id FROM box_stream WHERE receiver = :receiver AND n_waiting > 0 AND way <> 'out' ORDER BY id LIMIT :limit_n

-- name: box_room :one
-- in: receiver:str
-- out: n:i64 n_bytes:i64
SELECT CAST(coalesce(sum(n_waiting), 0) AS BIGINT), CAST(coalesce(sum(n_bytes), 0) AS BIGINT) FROM box_stream WHERE receiver = :receiver

-- name: box_stream_due :many
-- in: now_us:i64 limit_n:i64
-- out: member:str id:i64
-- one line of each member that may be tried
SELECT member, min(id) FROM box_stream
WHERE way = 'out' AND is_queued = 0 AND due_us <= :now_us AND (n_waiting > 0 OR n_sent > 0) GROUP BY member ORDER BY member LIMIT :limit_n

-- name: box_stream_of_member :many
-- in: member:str limit_n:i64
-- out: id:i64
SELECT id FROM box_stream WHERE member = :member AND way = 'out' AND is_queued = 0 AND (n_waiting > 0 OR n_sent > 0) ORDER BY id LIMIT :limit_n

-- name: box_stream_down :exec
-- in: member:str due_us:i64 now_us:i64
UPDATE box_stream SET due_us = :due_us, n_failed = n_failed + 1, fault = 'line', down_us = CASE WHEN down_us = 0 THEN :now_us ELSE down_us END
WHERE member = :member AND way = 'out' AND (n_waiting > 0 OR n_sent > 0)

-- name: box_stream_wake :exec
-- in: member:str now_us:i64
UPDATE box_stream SET due_us = 0 WHERE member = :member AND way = 'out' AND due_us > :now_us AND (n_waiting > 0 OR n_failed > 0)

-- name: box_stream_list :many
-- in: after:i64 limit_n:i64
-- out: id:i64 sender:str receiver:str topic:str way:str member:str last_seq:i64 sent_seq:i64 n_waiting:i64 n_bytes:i64 n_sent:i64 is_queued:i64 due_us:i64 n_failed:i64 n_idle:i64 fault:str down_us:i64
SELECT id, sender, receiver, topic, way, member, last_seq, sent_seq, n_waiting, n_bytes, n_sent, is_queued, due_us, n_failed, n_idle, fault, down_us
FROM box_stream WHERE id > :after ORDER BY id LIMIT :limit_n

-- name: box_stream_between :many
-- in: path:str after:i64 limit_n:i64
-- out: id:i64 sender:str receiver:str topic:str way:str member:str last_seq:i64 sent_seq:i64 n_waiting:i64 n_bytes:i64 n_sent:i64 is_queued:i64 due_us:i64 n_failed:i64 n_idle:i64 fault:str down_us:i64
-- lines of one system, both ways
SELECT id, sender, receiver, topic, way, member, last_seq, sent_seq, n_waiting, n_bytes, n_sent, is_queued, due_us, n_failed, n_idle, fault, down_us
FROM box_stream WHERE id > :after AND (sender = :path OR receiver = :path) ORDER BY id LIMIT :limit_n

-- name: box_message_insert :exec
-- in: id:i64 stream_id:i64 seq:i64 name:str put_us:i64 type:str issue:str body:str hash:str n_bytes:i64 state:str due_us:i64 tries:i64 fault:str ended_us:i64
INSERT INTO box_message (id, stream_id, seq, name, put_us, type, issue, body, hash, n_bytes, state, due_us, tries, fault, ended_us)
VALUES (:id, :stream_id, :seq, :name, :put_us, :type, :issue, :body, :hash, :n_bytes, :state, :due_us, :tries, :fault, :ended_us)

-- name: box_message_find :one
-- in: stream_id:i64 name:str
-- out: id:i64 stream_id:i64 seq:i64 name:str put_us:i64 type:str issue:str body:str hash:str n_bytes:i64 state:str due_us:i64 tries:i64 fault:str ended_us:i64
SELECT id, stream_id, seq, name, put_us, type, issue, body, hash, n_bytes, state, due_us, tries, fault, ended_us
FROM box_message WHERE stream_id = :stream_id AND name = :name

-- name: box_message_get :one
-- in: id:i64
-- out: id:i64 stream_id:i64 seq:i64 name:str put_us:i64 type:str issue:str body:str hash:str n_bytes:i64 state:str due_us:i64 tries:i64 fault:str ended_us:i64
SELECT id, stream_id, seq, name, put_us, type, issue, body, hash, n_bytes, state, due_us, tries, fault, ended_us
FROM box_message WHERE id = :id

-- name: box_message_set :exec
-- in: id:i64 seq:i64 state:str due_us:i64 tries:i64 fault:str ended_us:i64
UPDATE box_message SET seq = :seq, state = :state, due_us = :due_us, tries = :tries, fault = :fault, ended_us = :ended_us WHERE id = :id

-- name: box_message_next :many
-- in: stream_id:i64 state:str after_seq:i64 limit_n:i64
-- out: id:i64 stream_id:i64 seq:i64 name:str put_us:i64 type:str issue:str body:str hash:str n_bytes:i64 state:str due_us:i64 tries:i64 fault:str ended_us:i64
SELECT id, stream_id, seq, name, put_us, type, issue, body, hash, n_bytes, state, due_us, tries, fault, ended_us
FROM box_message WHERE stream_id = :stream_id AND state = :state AND seq > :after_seq ORDER BY seq LIMIT :limit_n

-- name: box_message_range :many
-- in: stream_id:i64 state:str after_seq:i64 to_seq:i64 limit_n:i64
-- out: id:i64 seq:i64 name:str state:str tries:i64 fault:str ended_us:i64 n_bytes:i64
SELECT id, seq, name, state, tries, fault, ended_us, n_bytes
FROM box_message WHERE stream_id = :stream_id AND state = :state AND seq > :after_seq AND seq <= :to_seq ORDER BY seq LIMIT :limit_n

-- name: box_message_heads :many
-- in: stream_id:i64 before:i64 limit_n:i64
-- out: id:i64 stream_id:i64 seq:i64 name:str put_us:i64 type:str issue:str n_bytes:i64 state:str tries:i64 fault:str ended_us:i64
SELECT id, stream_id, seq, name, put_us, type, issue, n_bytes, state, tries, fault, ended_us
FROM box_message WHERE stream_id = :stream_id AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: box_message_ended :many
-- in: state:str before_us:i64 limit_n:i64
-- out: id:i64
SELECT id FROM box_message WHERE state = :state AND ended_us < :before_us ORDER BY ended_us LIMIT :limit_n

-- name: box_message_old :many
-- in: state:str before_us:i64 limit_n:i64
-- out: id:i64
SELECT id FROM box_message WHERE state = :state AND put_us < :before_us ORDER BY put_us LIMIT :limit_n

-- name: box_message_dead :many
-- in: before_us:i64 before:i64 limit_n:i64
-- out: id:i64 stream_id:i64 seq:i64 name:str put_us:i64 type:str issue:str n_bytes:i64 state:str tries:i64 fault:str ended_us:i64
SELECT id, stream_id, seq, name, put_us, type, issue, n_bytes, state, tries, fault, ended_us
FROM box_message WHERE state = 'dead' AND ended_us <= :before_us AND (ended_us < :before_us OR id < :before)
ORDER BY ended_us DESC, id DESC LIMIT :limit_n

-- name: box_message_dead_of :many
-- in: path:str before_us:i64 before:i64 limit_n:i64
-- out: id:i64 stream_id:i64 seq:i64 name:str put_us:i64 type:str issue:str n_bytes:i64 state:str tries:i64 fault:str ended_us:i64
SELECT id, stream_id, seq, name, put_us, type, issue, n_bytes, state, tries, fault, ended_us
FROM box_message WHERE state = 'dead' AND ended_us <= :before_us AND (ended_us < :before_us OR id < :before)
AND stream_id IN (SELECT id FROM box_stream WHERE sender = :path UNION ALL SELECT id FROM box_stream WHERE receiver = :path)
ORDER BY ended_us DESC, id DESC LIMIT :limit_n

-- name: box_message_dead_n :one
-- out: n:i64
SELECT count(*) FROM box_message WHERE state = 'dead'

-- name: box_message_drop :exec
-- in: id:i64
DELETE FROM box_message WHERE id = :id

-- name: box_attach_insert :exec
-- in: message_id:i64 place:i64 hash:str name:str type:str n_bytes:i64
INSERT INTO box_attach (message_id, place, hash, name, type, n_bytes) VALUES (:message_id, :place, :hash, :name, :type, :n_bytes)

-- name: box_attach_of :many
-- in: message_id:i64 limit_n:i64
-- out: hash:str name:str type:str n_bytes:i64
SELECT hash, name, type, n_bytes FROM box_attach WHERE message_id = :message_id ORDER BY place LIMIT :limit_n

-- name: box_attach_drop :exec
-- in: message_id:i64
DELETE FROM box_attach WHERE message_id = :message_id

-- name: box_attach_may :one
-- in: hash:str receiver:str
-- out: id:i64
-- may this system read the file? It is in a message to it
SELECT m.id FROM box_attach a JOIN box_message m ON m.id = a.message_id JOIN box_stream s ON s.id = m.stream_id
WHERE a.hash = :hash AND s.receiver = :receiver LIMIT 1

-- name: box_file_put :exec
-- in: id:i64 owner:str hash:str n_bytes:i64 at_us:i64
INSERT INTO box_file (id, owner, hash, n_bytes, at_us) VALUES (:id, :owner, :hash, :n_bytes, :at_us)
ON CONFLICT (hash, owner) DO UPDATE SET at_us = excluded.at_us

-- name: box_file_get :one
-- in: owner:str hash:str
-- out: n_bytes:i64
SELECT n_bytes FROM box_file WHERE hash = :hash AND owner = :owner

-- name: box_file_any :one
-- in: hash:str
-- out: id:i64
SELECT id FROM box_file WHERE hash = :hash LIMIT 1

-- name: box_file_old :many
-- in: before_us:i64 limit_n:i64
-- out: id:i64 hash:str
SELECT id, hash FROM box_file WHERE at_us < :before_us ORDER BY at_us LIMIT :limit_n

-- name: box_attach_any :one
-- in: hash:str
-- out: message_id:i64
SELECT message_id FROM box_attach WHERE hash = :hash ORDER BY message_id LIMIT 1

-- name: box_file_seen :exec
-- in: id:i64 at_us:i64
UPDATE box_file SET at_us = :at_us WHERE id = :id

-- name: box_file_drop :exec
-- in: id:i64
DELETE FROM box_file WHERE id = :id

-- name: box_sub_put :exec
-- in: id:i64 owner:str topic:str reader:str from_us:i64
INSERT INTO box_sub (id, owner, topic, reader, from_us) VALUES (:id, :owner, :topic, :reader, :from_us)
ON CONFLICT (owner, topic, reader) DO NOTHING

-- name: box_sub_drop :exec
-- in: owner:str topic:str reader:str
DELETE FROM box_sub WHERE owner = :owner AND topic = :topic AND reader = :reader

-- name: box_sub_of :many
-- in: owner:str topic:str limit_n:i64
-- out: reader:str
SELECT reader FROM box_sub WHERE owner = :owner AND topic = :topic ORDER BY reader LIMIT :limit_n

-- name: box_sub_by_reader :many
-- in: reader:str limit_n:i64
-- out: owner:str topic:str from_us:i64
SELECT owner, topic, from_us FROM box_sub WHERE reader = :reader ORDER BY id LIMIT :limit_n

-- name: box_figures :one
-- out: n_waiting:i64 n_leaving:i64 n_sent:i64 n_bytes:i64 n_down:i64 down_us:i64
-- scan: box_stream: a row for each pair of systems that writes, not for each message
SELECT CAST(coalesce(sum(CASE WHEN way <> 'out' THEN n_waiting ELSE 0 END), 0) AS BIGINT), CAST(coalesce(sum(CASE WHEN way = 'out' THEN n_waiting ELSE 0 END), 0) AS BIGINT),
  CAST(coalesce(sum(n_sent), 0) AS BIGINT), CAST(coalesce(sum(n_bytes), 0) AS BIGINT), CAST(coalesce(sum(CASE WHEN n_failed > 0 THEN 1 ELSE 0 END), 0) AS BIGINT), coalesce(min(CASE WHEN down_us > 0 THEN down_us END), 0)
FROM box_stream
