-- name: sign_cert_insert :exec
-- in: id:i64 kind:str owner:str name:str org:str position:str serial:str fingerprint:str pem:str key_ref:str valid_from_us:i64 valid_to_us:i64 is_demo:i64
INSERT INTO sign_cert (id, kind, owner, name, org, position, serial, fingerprint, state, pem, key_ref, pin_failures, valid_from_us, valid_to_us, revoked_us, is_demo)
VALUES (:id, :kind, :owner, :name, :org, :position, :serial, :fingerprint, 'valid', :pem, :key_ref, 0, :valid_from_us, :valid_to_us, 0, :is_demo)

-- name: sign_cert_replace :exec
-- in: kind:str owner:str now_us:i64
UPDATE sign_cert SET state = 'revoked', reason = 'replaced', revoked_us = :now_us
WHERE kind = :kind AND owner = :owner AND state <> 'revoked'

-- name: sign_cert_of :one
-- in: kind:str owner:str
-- out: id:i64
SELECT id FROM sign_cert WHERE kind = :kind AND owner = :owner AND state = 'valid' ORDER BY id DESC LIMIT 1

-- name: sign_cert_by_fingerprint :one
-- in: fingerprint:str
-- out: id:i64
SELECT id FROM sign_cert WHERE fingerprint = :fingerprint

-- name: sign_cert_by_id :one
-- in: id:i64
-- out: id:i64 kind:str owner:str name:str org:str position:str serial:str fingerprint:str state:str reason:str pem:str key_ref:str pin_failures:i64 valid_from_us:i64 valid_to_us:i64 revoked_us:i64 is_demo:i64
SELECT id, kind, owner, name, org, position, serial, fingerprint, state, reason, pem, key_ref, pin_failures, valid_from_us, valid_to_us, revoked_us, is_demo
FROM sign_cert WHERE id = :id

-- name: sign_cert_list :many
-- in: before:i64 n:i64
-- out: id:i64 kind:str owner:str name:str org:str position:str serial:str fingerprint:str state:str reason:str pem:str valid_from_us:i64 valid_to_us:i64 revoked_us:i64 is_demo:i64
SELECT id, kind, owner, name, org, position, serial, fingerprint, state, reason, pem, valid_from_us, valid_to_us, revoked_us, is_demo
FROM sign_cert WHERE id < :before ORDER BY id DESC LIMIT :n

-- name: sign_cert_revoke :exec
-- in: id:i64 reason:str now_us:i64
UPDATE sign_cert SET state = 'revoked', reason = :reason, revoked_us = :now_us WHERE id = :id AND state <> 'revoked'

-- name: sign_pin_failed :exec
-- in: id:i64 max:i64
UPDATE sign_cert SET pin_failures = pin_failures + 1,
    state = CASE WHEN pin_failures + 1 >= :max AND state = 'valid' THEN 'locked' ELSE state END
WHERE id = :id

-- name: sign_pin_right :exec
-- in: id:i64
UPDATE sign_cert SET pin_failures = 0 WHERE id = :id AND pin_failures > 0

-- name: sign_cert_of_kind :many
-- in: kind:str limit_n:i64
-- out: id:i64 owner:str name:str fingerprint:str state:str pem:str valid_from_us:i64 valid_to_us:i64 revoked_us:i64
SELECT id, owner, name, fingerprint, state, pem, valid_from_us, valid_to_us, revoked_us
FROM sign_cert WHERE kind = :kind ORDER BY id DESC LIMIT :limit_n
