-- name: notice_insert :exec
-- in: id:i64 party_id:i64 dossier_id:i64 way:str sent_to:str subject:str body:str at_us:i64
INSERT INTO notice (id, party_id, dossier_id, way, sent_to, subject, body, state, error, tries, at_us, sent_us)
VALUES (:id, :party_id, :dossier_id, :way, :sent_to, :subject, :body, 'waiting', '', 0, :at_us, 0)

-- name: notice_by_id :one
-- in: id:i64
-- out: id:i64 party_id:i64 dossier_id:i64 way:str sent_to:str subject:str body:str state:str error:str tries:i64 at_us:i64 sent_us:i64
SELECT id, party_id, dossier_id, way, sent_to, subject, body, state, error, tries, at_us, sent_us FROM notice WHERE id = :id

-- name: notice_list_party :many
-- in: party_id:i64 before:i64 limit_n:i64
-- out: id:i64 party_id:i64 dossier_id:i64 way:str sent_to:str subject:str body:str state:str error:str tries:i64 at_us:i64 sent_us:i64
SELECT id, party_id, dossier_id, way, sent_to, subject, body, state, error, tries, at_us, sent_us
FROM notice WHERE party_id = :party_id AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: notice_list_state :many
-- in: way:str state:str before:i64 limit_n:i64
-- out: id:i64 party_id:i64 dossier_id:i64 way:str sent_to:str subject:str body:str state:str error:str tries:i64 at_us:i64 sent_us:i64
SELECT id, party_id, dossier_id, way, sent_to, subject, body, state, error, tries, at_us, sent_us
FROM notice WHERE way = :way AND state = :state AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: notice_sent :exec
-- in: id:i64 sent_us:i64
UPDATE notice SET state = 'sent', sent_us = :sent_us, tries = tries + 1, error = '' WHERE id = :id

-- name: notice_failed :exec
-- in: id:i64 state:str error:str
UPDATE notice SET state = :state, error = :error, tries = tries + 1 WHERE id = :id

-- name: notice_party_moved :exec
-- in: from_id:i64 to_id:i64
UPDATE notice SET party_id = :to_id WHERE party_id = :from_id
