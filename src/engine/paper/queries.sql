-- name: paper_insert :exec
-- in: id:i64 owner_id:i64 dossier_id:i64 requirement:str type:str hash:str media:str name:str captured_by:str pages:i64 size_bytes:i64 received_us:i64 record_id:i64
INSERT INTO paper (id, owner_id, dossier_id, requirement, type, hash, media, name, captured_by, pages, size_bytes, received_us, record_id, state) VALUES (:id, :owner_id, :dossier_id, :requirement, :type, :hash, :media, :name, :captured_by, :pages, :size_bytes, :received_us, :record_id, 'kept')

-- name: paper_by_id :one
-- in: id:i64
-- out: id:i64 owner_id:i64 dossier_id:i64 requirement:str type:str hash:str media:str name:str captured_by:str pages:i64 size_bytes:i64 received_us:i64 record_id:i64 state:str
SELECT id, owner_id, dossier_id, requirement, type, hash, media, name, captured_by, pages, size_bytes, received_us, record_id, state FROM paper WHERE id = :id

-- name: paper_by_hash :one
-- in: hash:str
-- out: id:i64
SELECT id FROM paper WHERE hash = :hash AND state = 'kept' ORDER BY id LIMIT 1

-- name: paper_list :many
-- in: dossier_id:i64
-- out: id:i64 owner_id:i64 dossier_id:i64 requirement:str type:str hash:str media:str name:str captured_by:str pages:i64 size_bytes:i64 received_us:i64 record_id:i64 state:str
SELECT id, owner_id, dossier_id, requirement, type, hash, media, name, captured_by, pages, size_bytes, received_us, record_id, state FROM paper WHERE dossier_id = :dossier_id AND state = 'kept' ORDER BY id LIMIT 200

-- name: paper_remove :exec
-- in: id:i64 dossier_id:i64
UPDATE paper SET state = 'removed' WHERE id = :id AND dossier_id = :dossier_id AND state = 'kept'

-- name: paper_remove_all :exec
-- in: dossier_id:i64
UPDATE paper SET state = 'removed' WHERE dossier_id = :dossier_id AND state = 'kept'

-- name: paper_move :exec
-- in: draft_id:i64 to_id:i64
UPDATE paper SET dossier_id = :to_id WHERE dossier_id = :draft_id

-- name: record_insert :exec
-- in: id:i64 owner_id:i64 dossier_id:i64 type:str title:str number:str hash:str media:str issuer:str pages:i64 size_bytes:i64 issued_day:i64 expires_day:i64 kept_us:i64
INSERT INTO record (id, owner_id, dossier_id, type, title, number, hash, media, issuer, pages, size_bytes, issued_day, expires_day, kept_us) VALUES (:id, :owner_id, :dossier_id, :type, :title, :number, :hash, :media, :issuer, :pages, :size_bytes, :issued_day, :expires_day, :kept_us)

-- name: record_by_id :one
-- in: id:i64
-- out: id:i64 owner_id:i64 dossier_id:i64 type:str title:str number:str hash:str media:str issuer:str pages:i64 size_bytes:i64 issued_day:i64 expires_day:i64 kept_us:i64 revoked_us:i64 revoke_reason:str replaced_by:i64 attest:str attest_by:str
SELECT id, owner_id, dossier_id, type, title, number, hash, media, issuer, pages, size_bytes, issued_day, expires_day, kept_us, revoked_us, revoke_reason, replaced_by, attest, attest_by FROM record WHERE id = :id

-- name: record_by_hash :one
-- in: hash:str
-- out: id:i64
SELECT id FROM record WHERE hash = :hash ORDER BY id DESC LIMIT 1

-- name: record_list :many
-- in: owner_id:i64 type:str before:i64 n:i64
-- out: id:i64 owner_id:i64 dossier_id:i64 type:str title:str number:str hash:str media:str issuer:str pages:i64 size_bytes:i64 issued_day:i64 expires_day:i64 kept_us:i64 revoked_us:i64 revoke_reason:str replaced_by:i64 attest:str attest_by:str
SELECT id, owner_id, dossier_id, type, title, number, hash, media, issuer, pages, size_bytes, issued_day, expires_day, kept_us, revoked_us, revoke_reason, replaced_by, attest, attest_by FROM record
WHERE owner_id = :owner_id AND id < :before AND (:type = '' OR type = :type) ORDER BY id DESC LIMIT :n

-- name: record_attest :exec
-- in: id:i64 attest:str attest_by:str
UPDATE record SET attest = :attest, attest_by = :attest_by WHERE id = :id

-- name: record_by_attest :one
-- in: attest:str
-- out: id:i64
SELECT id FROM record WHERE attest = :attest ORDER BY id LIMIT 1

-- name: record_of_file :one
-- in: owner_id:i64 hash:str
-- out: id:i64
SELECT id FROM record WHERE hash = :hash AND owner_id = :owner_id AND revoked_us = 0 ORDER BY id LIMIT 1

-- name: record_revoke :exec
-- in: id:i64 reason:str replaced_by:i64 now_us:i64
UPDATE record SET revoked_us = :now_us, revoke_reason = :reason, replaced_by = :replaced_by WHERE id = :id AND revoked_us = 0

-- name: custody_insert :exec
-- in: id:i64 dossier_id:i64 unit:str requirement:str what:str n_copies:i64 taken_by:str taken_us:i64
INSERT INTO custody (id, dossier_id, unit, requirement, what, n_copies, taken_by, taken_us) VALUES (:id, :dossier_id, :unit, :requirement, :what, :n_copies, :taken_by, :taken_us)

-- name: custody_return :exec
-- in: id:i64 dossier_id:i64 given_by:str given_to:str given_id:str now_us:i64
UPDATE custody SET returned_us = :now_us, given_by = :given_by, given_to = :given_to, given_id = :given_id WHERE id = :id AND dossier_id = :dossier_id AND returned_us = 0

-- name: custody_list :many
-- in: dossier_id:i64
-- out: id:i64 dossier_id:i64 unit:str requirement:str what:str n_copies:i64 taken_by:str taken_us:i64 given_by:str given_to:str given_id:str returned_us:i64
SELECT id, dossier_id, unit, requirement, what, n_copies, taken_by, taken_us, given_by, given_to, given_id, returned_us FROM custody
WHERE dossier_id = :dossier_id ORDER BY id LIMIT 200

-- name: custody_held :many
-- in: unit:str after:i64 n:i64
-- out: id:i64 dossier_id:i64 what:str n_copies:i64 taken_by:str taken_us:i64
SELECT id, dossier_id, what, n_copies, taken_by, taken_us FROM custody
WHERE unit = :unit AND returned_us = 0 AND id > :after ORDER BY id LIMIT :n

-- name: custody_unit_moved :exec
-- in: from_unit:str to_unit:str
UPDATE custody SET unit = :to_unit WHERE unit = :from_unit AND returned_us = 0

-- name: record_owner_moved :exec
-- in: from_id:i64 to_id:i64
UPDATE record SET owner_id = :to_id WHERE owner_id = :from_id
