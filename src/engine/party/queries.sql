-- name: party_by_id :one
-- in: id:i64
-- out: id:i64 version:i64 kind:str name:str personal_id:str tax_code:str birth_date:str sex:str ethnicity:str nationality:str phone:str email:str unit:str address:str source:str source_us:i64 merged_into:i64
SELECT id, version, kind, name, personal_id, tax_code, birth_date, sex, ethnicity, nationality, phone, email, unit, address, source, source_us, merged_into
FROM party WHERE id = :id

-- name: party_by_personal_id :one
-- in: personal_id:str
-- out: id:i64
SELECT id FROM party WHERE personal_id = :personal_id AND merged_into IS NULL

-- name: party_by_tax_code :one
-- in: tax_code:str
-- out: id:i64
SELECT id FROM party WHERE tax_code = :tax_code AND merged_into IS NULL

-- name: party_insert :exec
-- in: id:i64 kind:str name:str name_fold:str personal_id:str tax_code:str birth_date:str sex:str ethnicity:str nationality:str phone:str email:str unit:str address:str source:str source_us:i64 created_us:i64
INSERT INTO party (id, version, kind, name, name_fold, personal_id, tax_code, birth_date, sex, ethnicity, nationality, phone, email, unit, address, source, source_us, created_us)
VALUES (:id, 1, :kind, :name, :name_fold, :personal_id, :tax_code, :birth_date, :sex, :ethnicity, :nationality, :phone, :email, :unit, :address, :source, :source_us, :created_us)

-- name: party_update :exec
-- in: id:i64 version:i64 name:str name_fold:str birth_date:str sex:str ethnicity:str nationality:str phone:str email:str unit:str address:str source:str source_us:i64
UPDATE party SET version = version + 1, name = :name, name_fold = :name_fold, birth_date = :birth_date, sex = :sex, ethnicity = :ethnicity,
    nationality = :nationality, phone = :phone, email = :email, unit = :unit, address = :address, source = :source, source_us = :source_us
WHERE id = :id AND version = :version

-- name: party_set_contact :exec
-- in: id:i64 phone:str email:str
UPDATE party SET version = version + 1, phone = :phone, email = :email WHERE id = :id

-- name: party_merge :exec
-- in: id:i64 into_id:i64
UPDATE party SET version = version + 1, merged_into = :into_id WHERE id = :id AND merged_into IS NULL

-- name: party_search :many
-- in: unit:str from_fold:str to_fold:str limit_n:i64
-- out: id:i64 name:str personal_id:str birth_date:str kind:str
SELECT id, name, personal_id, birth_date, kind FROM party
WHERE unit = :unit AND name_fold >= :from_fold AND name_fold < :to_fold AND merged_into IS NULL ORDER BY name_fold LIMIT :limit_n

-- name: party_links_from :many
-- in: from_id:i64 kind:str limit_n:i64
-- out: id:i64 to_id:i64 valid_from:str valid_to:str
SELECT id, to_id, valid_from, valid_to FROM party_link WHERE from_id = :from_id AND kind = :kind ORDER BY id LIMIT :limit_n

-- name: party_link_insert :exec
-- in: id:i64 kind:str from_id:i64 to_id:i64 valid_from:str valid_to:str source:str
INSERT INTO party_link (id, kind, from_id, to_id, valid_from, valid_to, source) VALUES (:id, :kind, :from_id, :to_id, :valid_from, :valid_to, :source)

-- name: party_links_move_from :exec
-- in: id:i64 into_id:i64
UPDATE party_link SET from_id = :into_id WHERE from_id = :id

-- name: party_links_move_to :exec
-- in: id:i64 into_id:i64
UPDATE party_link SET to_id = :into_id WHERE to_id = :id

-- name: party_correction_insert :exec
-- in: id:i64 party_id:i64 field:str wanted:str reason:str held:str asked_us:i64
INSERT INTO party_correction (id, party_id, field, wanted, reason, held, asked_us, state) VALUES (:id, :party_id, :field, :wanted, :reason, :held, :asked_us, 'open')

-- name: party_correction_by_id :one
-- in: id:i64
-- out: id:i64 party_id:i64 field:str wanted:str reason:str asked_us:i64 state:str answer:str answered_us:i64 held:str written:str
SELECT id, party_id, field, wanted, reason, asked_us, state, answer, answered_us, held, written FROM party_correction WHERE id = :id

-- name: party_corrections_open :many
-- in: after:i64 limit_n:i64
-- out: id:i64 party_id:i64 field:str wanted:str reason:str asked_us:i64
SELECT id, party_id, field, wanted, reason, asked_us FROM party_correction WHERE state = 'open' AND id > :after ORDER BY id LIMIT :limit_n

-- name: party_corrections_of :many
-- in: party_id:i64 limit_n:i64
-- out: id:i64 field:str wanted:str reason:str asked_us:i64 state:str answer:str answered_us:i64 held:str written:str
SELECT id, field, wanted, reason, asked_us, state, answer, answered_us, held, written FROM party_correction WHERE party_id = :party_id ORDER BY id DESC LIMIT :limit_n

-- name: party_correction_answer :exec
-- in: id:i64 state:str answer:str held:str written:str answered_by:i64 answered_us:i64
UPDATE party_correction SET state = :state, answer = :answer, held = COALESCE(:held, held), written = :written, answered_by = :answered_by, answered_us = :answered_us WHERE id = :id AND state = 'open'

-- name: party_merge_older :exec
-- in: id:i64 into_id:i64
UPDATE party SET merged_into = :into_id WHERE merged_into = :id

-- name: party_fill :exec
-- in: id:i64 personal_id:str tax_code:str
UPDATE party SET version = version + 1, personal_id = COALESCE(personal_id, :personal_id), tax_code = COALESCE(tax_code, :tax_code) WHERE id = :id

-- name: party_corrections_move :exec
-- in: id:i64 into_id:i64
UPDATE party_correction SET party_id = :into_id WHERE party_id = :id

-- name: party_born :many
-- in: birth_date:str name_like:str limit_n:i64
-- out: id:i64 kind:str name:str personal_id:str birth_date:str unit:str source:str
SELECT id, kind, name, personal_id, birth_date, unit, source FROM party
WHERE birth_date = :birth_date AND name_fold LIKE :name_like AND merged_into IS NULL ORDER BY name_fold, id LIMIT :limit_n

-- name: party_doubles :many
-- in: limit_n:i64
-- out: birth_date:str name_fold:str
SELECT birth_date, name_fold FROM party_double ORDER BY birth_date, name_fold LIMIT :limit_n

-- name: party_same :one
-- in: birth_date:str name_fold:str
-- out: n:i64 numbers_n:i64
SELECT COUNT(*), COUNT(DISTINCT personal_id) FROM party
WHERE birth_date = :birth_date AND name_fold = :name_fold AND kind = 'person' AND merged_into IS NULL

-- name: party_double_put :exec
-- in: birth_date:str name_fold:str
INSERT INTO party_double (birth_date, name_fold) VALUES (:birth_date, :name_fold) ON CONFLICT (birth_date, name_fold) DO NOTHING

-- name: party_double_drop :exec
-- in: birth_date:str name_fold:str
DELETE FROM party_double WHERE birth_date = :birth_date AND name_fold = :name_fold

-- name: party_consent_insert :exec
-- in: id:i64 number:str name:str kind:str part:str part_en:str draft_id:i64 dossier_id:i64 asker:str wording:str wording_en:str is_needed:i64 state:str how:str words:str account_id:i64 asked_us:i64 given_us:i64
INSERT INTO party_consent (id, number, name, kind, part, part_en, draft_id, dossier_id, asker, wording, wording_en, is_needed, state, how, words, account_id, asked_us, given_us)
VALUES (:id, :number, :name, :kind, :part, :part_en, :draft_id, :dossier_id, :asker, :wording, :wording_en, :is_needed, :state, :how, :words, :account_id, :asked_us, :given_us)

-- name: party_consent_by_id :one
-- in: id:i64
-- out: id:i64 number:str name:str kind:str part:str part_en:str draft_id:i64 dossier_id:i64 asker:str wording:str wording_en:str is_needed:i64 state:str how:str words:str account_id:i64 asked_us:i64 given_us:i64 ended_us:i64
SELECT id, number, name, kind, part, part_en, draft_id, dossier_id, asker, wording, wording_en, is_needed, state, how, words, account_id, asked_us, given_us, ended_us
FROM party_consent WHERE id = :id

-- name: party_consent_ids_of :many
-- in: number:str limit_n:i64
-- out: id:i64
SELECT id FROM party_consent WHERE number = :number ORDER BY id DESC LIMIT :limit_n

-- name: party_consent_ids_draft :many
-- in: draft_id:i64 limit_n:i64
-- out: id:i64
SELECT id FROM party_consent WHERE draft_id = :draft_id ORDER BY id LIMIT :limit_n

-- name: party_consent_ids_dossier :many
-- in: dossier_id:i64 limit_n:i64
-- out: id:i64
SELECT id FROM party_consent WHERE dossier_id = :dossier_id ORDER BY id LIMIT :limit_n

-- name: party_consent_filed :exec
-- in: draft_id:i64 dossier_id:i64
UPDATE party_consent SET dossier_id = :dossier_id WHERE draft_id = :draft_id

-- name: party_consent_answer :exec
-- in: id:i64 was:str state:str how:str words:str account_id:i64 given_us:i64 ended_us:i64
UPDATE party_consent SET state = :state, how = :how, words = :words, account_id = :account_id,
    given_us = CASE WHEN :given_us = 0 THEN given_us ELSE :given_us END, ended_us = :ended_us WHERE id = :id AND state = :was
