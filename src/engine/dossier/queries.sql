-- name: draft_insert :exec
-- in: id:i64 party_id:i64 account_id:i64 session_id:i64 assisted_by:i64 procedure_code:str pack_version:str unit:str address:str form:str channel:str phone:str email:str now_us:i64
INSERT INTO draft (id, version, party_id, account_id, session_id, assisted_by, procedure_code, pack_version, unit, address, form, channel, collect, post_address, phone, email, n_copies, created_us, updated_us)
VALUES (:id, 1, :party_id, :account_id, :session_id, :assisted_by, :procedure_code, :pack_version, :unit, :address, :form, :channel, '', '', :phone, :email, 1, :now_us, :now_us)

-- name: draft_by_id :one
-- in: id:i64
-- out: id:i64 version:i64 party_id:i64 account_id:i64 session_id:i64 assisted_by:i64 procedure_code:str pack_version:str unit:str address:str form:str channel:str collect:str post_address:str phone:str email:str n_copies:i64 created_us:i64 updated_us:i64 dossier_id:i64 moved_from:str
SELECT id, version, party_id, account_id, session_id, assisted_by, procedure_code, pack_version, unit, address, form, channel, collect, post_address, phone, email, n_copies, created_us, updated_us, dossier_id, moved_from
FROM draft WHERE id = :id

-- name: draft_update :exec
-- in: id:i64 version:i64 unit:str moved_from:str address:str form:str collect:str post_address:str phone:str email:str n_copies:i64 now_us:i64
UPDATE draft SET version = version + 1, unit = :unit, moved_from = :moved_from, address = :address, form = :form, collect = :collect, post_address = :post_address,
    phone = :phone, email = :email, n_copies = :n_copies, updated_us = :now_us
WHERE id = :id AND version = :version AND dossier_id IS NULL

-- name: drafts_of_account :many
-- in: account_id:i64 limit_n:i64
-- out: id:i64 procedure_code:str unit:str updated_us:i64 created_us:i64 party_id:i64 channel:str
SELECT id, procedure_code, unit, updated_us, created_us, party_id, channel FROM draft
WHERE account_id = :account_id AND account_id <> 0 AND dossier_id IS NULL ORDER BY id DESC LIMIT :limit_n

-- name: drafts_of_session :many
-- in: session_id:i64 limit_n:i64
-- out: id:i64 procedure_code:str unit:str updated_us:i64 created_us:i64 party_id:i64 channel:str
SELECT id, procedure_code, unit, updated_us, created_us, party_id, channel FROM draft
WHERE session_id = :session_id AND session_id <> 0 AND dossier_id IS NULL ORDER BY id DESC LIMIT :limit_n

-- name: drafts_claim :exec
-- in: session_id:i64 account_id:i64 party_id:i64
UPDATE draft SET version = version + 1, account_id = :account_id, party_id = :party_id, session_id = 0
WHERE session_id = :session_id AND session_id <> 0 AND account_id = 0 AND dossier_id IS NULL

-- name: draft_drop :exec
-- in: id:i64
DELETE FROM draft WHERE id = :id AND dossier_id IS NULL

-- name: draft_done :exec
-- in: id:i64 version:i64 dossier_id:i64 form:str
UPDATE draft SET version = version + 1, dossier_id = :dossier_id, form = :form WHERE id = :id AND version = :version AND dossier_id IS NULL

-- name: draft_form_of :one
-- in: id:i64
-- out: form:str
SELECT f.form FROM dossier d JOIN draft f ON f.id = d.draft_id WHERE d.id = :id

-- name: drafts_move_unit :exec
-- in: from_unit:str to_unit:str
UPDATE draft SET unit = :to_unit, moved_from = :from_unit WHERE unit = :from_unit AND dossier_id IS NULL

-- name: dossier_insert :exec
-- in: id:i64 number:str code:str draft_id:i64? parent_id:i64 procedure_code:str field:str pack_version:str unit:str party_id:i64 applicant:str applicant_fold:str filed_by:i64 assisted_by:i64 channel:str collect:str post_address:str phone:str email:str answers:str vars:str n_copies:i64 state:str status:i64 case_id:i64 clock:i64 submitted_us:i64 react_us:i64 accepted_us:i64 due_us:i64 first_due_us:i64 paused_us:i64 remaining_s:i64 finished_us:i64 returned_us:i64 apology_us:i64 n_supplements:i64 fee_vnd:i64 is_paid:i64
INSERT INTO dossier (id, version, number, code, draft_id, parent_id, procedure_code, field, pack_version, unit, party_id, applicant, applicant_fold, filed_by, assisted_by,
    channel, collect, post_address, phone, email, answers, vars, n_copies, state, status, case_id, clock, submitted_us, react_us, accepted_us, due_us, first_due_us,
    paused_us, remaining_s, finished_us, returned_us, apology_us, n_supplements, fee_vnd, is_paid, rating)
VALUES (:id, 1, :number, :code, :draft_id, :parent_id, :procedure_code, :field, :pack_version, :unit, :party_id, :applicant, :applicant_fold, :filed_by, :assisted_by,
    :channel, :collect, :post_address, :phone, :email, :answers, :vars, :n_copies, :state, :status, :case_id, :clock, :submitted_us, :react_us,
    :accepted_us, :due_us, :first_due_us, :paused_us, :remaining_s, :finished_us, :returned_us, :apology_us, :n_supplements, :fee_vnd, :is_paid, 0)

-- name: dossier_by_id :one
-- in: id:i64
-- out: id:i64 version:i64 number:str code:str draft_id:i64 parent_id:i64 procedure_code:str field:str pack_version:str unit:str party_id:i64 applicant:str filed_by:i64 assisted_by:i64 channel:str collect:str post_address:str phone:str email:str answers:str vars:str n_copies:i64 state:str status:i64 case_id:i64 clock:i64 submitted_us:i64 react_us:i64 accepted_us:i64 due_us:i64 first_due_us:i64 paused_us:i64 remaining_s:i64 finished_us:i64 returned_us:i64 apology_us:i64 n_supplements:i64 fee_vnd:i64 is_paid:i64 rating:i64
SELECT id, version, number, code, draft_id, parent_id, procedure_code, field, pack_version, unit, party_id, applicant, filed_by, assisted_by, channel, collect, post_address, phone, email,
    answers, vars, n_copies, state, status, case_id, clock, submitted_us, react_us, accepted_us, due_us, first_due_us, paused_us, remaining_s, finished_us, returned_us,
    apology_us, n_supplements, fee_vnd, is_paid, rating
FROM dossier WHERE id = :id

-- name: dossier_linked :many
-- in: parent_id:i64
-- out: id:i64
SELECT id FROM dossier WHERE parent_id = :parent_id AND parent_id <> 0 ORDER BY id LIMIT 20

-- name: dossier_id_by_number :one
-- in: number:str
-- out: id:i64
SELECT id FROM dossier WHERE number = :number

-- name: dossier_id_by_draft :one
-- in: draft_id:i64
-- out: id:i64
SELECT id FROM dossier WHERE draft_id = :draft_id

-- name: dossier_update :exec
-- in: id:i64 version:i64 unit:str vars:str state:str status:i64 case_id:i64 clock:i64 react_us:i64 accepted_us:i64 due_us:i64 first_due_us:i64 paused_us:i64 remaining_s:i64 finished_us:i64 returned_us:i64 apology_us:i64 n_supplements:i64 fee_vnd:i64 is_paid:i64
UPDATE dossier SET version = version + 1, unit = :unit, vars = :vars, state = :state, status = :status, case_id = :case_id, clock = :clock, react_us = :react_us, accepted_us = :accepted_us,
    due_us = :due_us, first_due_us = :first_due_us, paused_us = :paused_us, remaining_s = :remaining_s, finished_us = :finished_us, returned_us = :returned_us,
    apology_us = :apology_us, n_supplements = :n_supplements, fee_vnd = :fee_vnd, is_paid = :is_paid
WHERE id = :id AND version = :version

-- name: dossier_rate :exec
-- in: id:i64 rating:i64 words:str
UPDATE dossier SET version = version + 1, rating = :rating, rating_words = :words WHERE id = :id AND rating = 0

-- name: dossier_list_party :many
-- in: party_id:i64 before:i64 limit_n:i64
-- out: id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 version:i64
SELECT id, number, applicant, procedure_code, state, status, unit, clock, due_us, submitted_us, remaining_s, version
FROM dossier WHERE party_id = :party_id AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: dossier_list_name :many
-- in: unit:str from_fold:str to_fold:str limit_n:i64
-- out: id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 version:i64
SELECT id, number, applicant, procedure_code, state, status, unit, clock, due_us, submitted_us, remaining_s, version
FROM dossier WHERE unit = :unit AND applicant_fold >= :from_fold AND applicant_fold < :to_fold ORDER BY applicant_fold, id LIMIT :limit_n

-- name: dossier_list_unit_party :many
-- in: unit:str party_id:i64 limit_n:i64
-- out: id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 version:i64
SELECT id, number, applicant, procedure_code, state, status, unit, clock, due_us, submitted_us, remaining_s, version
FROM dossier WHERE party_id = :party_id AND unit = :unit ORDER BY id DESC LIMIT :limit_n

-- name: dossier_list_unit :many
-- in: unit:str before:i64 limit_n:i64
-- out: id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 version:i64
SELECT id, number, applicant, procedure_code, state, status, unit, clock, due_us, submitted_us, remaining_s, version
FROM dossier WHERE unit = :unit AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: dossier_inbox :many
-- in: unit:str role:str mine:i64 due_before_us:i64 after_due_us:i64 after_id:i64 limit_n:i64
-- out: task:i64 step:str action:str assignee:i64 task_due_us:i64 task_version:i64 id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 version:i64 holder:str pack_version:str
SELECT t.id, t.step_id, t.action, t.assignee, t.due_us, t.version, d.id, d.number, d.applicant, d.procedure_code, d.state, d.status, d.unit, d.clock, d.due_us,
    d.submitted_us, d.remaining_s, d.version, p.name, d.pack_version
FROM flow_task t JOIN dossier d ON d.id = t.subject_id LEFT JOIN account a ON a.id = t.assignee LEFT JOIN party p ON p.id = a.party_id
WHERE t.unit = :unit AND t.role = :role AND t.state = 'open'
    AND (t.due_us > :after_due_us OR (t.due_us = :after_due_us AND t.id > :after_id))
    AND (:due_before_us = 0 OR t.due_us < :due_before_us)
    AND (:mine = 0 OR (:mine = -1 AND t.assignee = 0) OR t.assignee = :mine)
ORDER BY t.due_us, t.id LIMIT :limit_n

-- name: dossier_open_task :many
-- in: subject_id:i64 limit_n:i64
-- out: id:i64 step:str role:str unit:str action:str assignee:i64 due_us:i64 version:i64 holder:str
SELECT t.id, t.step_id, t.role, t.unit, t.action, t.assignee, t.due_us, t.version, p.name
FROM flow_task t LEFT JOIN account a ON a.id = t.assignee LEFT JOIN party p ON p.id = a.party_id
WHERE t.subject_id = :subject_id AND t.state = 'open' ORDER BY t.id LIMIT :limit_n

-- name: dossier_move_unit :exec
-- in: from_unit:str to_unit:str
UPDATE dossier SET version = version + 1, unit = :to_unit WHERE unit = :from_unit AND state = 'open'

-- name: event_insert :exec
-- in: id:i64 dossier_id:i64 at_us:i64 kind:str actor:i64 unit:str note:str is_public:i64
INSERT INTO dossier_event (id, dossier_id, at_us, kind, actor, unit, note, is_public) VALUES (:id, :dossier_id, :at_us, :kind, :actor, :unit, :note, :is_public)

-- name: event_list :many
-- in: dossier_id:i64 limit_n:i64
-- out: id:i64 at_us:i64 kind:str actor:i64 unit:str note:str is_public:i64 actor_name:str
SELECT e.id, e.at_us, e.kind, e.actor, e.unit, e.note, e.is_public,
    COALESCE((SELECT c.held FROM party_correction c WHERE c.party_id = p.id AND c.field = 'name' AND c.written IS NOT NULL AND c.answered_us > e.at_us ORDER BY c.answered_us LIMIT 1), p.name)
FROM dossier_event e LEFT JOIN account a ON a.id = e.actor LEFT JOIN party p ON p.id = a.party_id
WHERE e.dossier_id = :dossier_id ORDER BY e.id LIMIT :limit_n

-- name: supplement_insert :exec
-- in: id:i64 dossier_id:i64 asked_us:i64 asked_by:i64 items:str reason:str
INSERT INTO supplement (id, dossier_id, asked_us, asked_by, items, reason, answered_us, answer) VALUES (:id, :dossier_id, :asked_us, :asked_by, :items, :reason, 0, '')

-- name: supplement_list :many
-- in: dossier_id:i64 limit_n:i64
-- out: id:i64 asked_us:i64 asked_by:i64 items:str reason:str answered_us:i64 answer:str
SELECT id, asked_us, asked_by, items, reason, answered_us, answer FROM supplement WHERE dossier_id = :dossier_id ORDER BY id LIMIT :limit_n

-- name: supplement_answer :exec
-- in: dossier_id:i64 answered_us:i64 answer:str
UPDATE supplement SET answered_us = :answered_us, answer = :answer WHERE dossier_id = :dossier_id AND answered_us = 0

-- name: result_insert :exec
-- in: id:i64 dossier_id:i64 template_id:str title:str number:str fields:str code:str corrects:i64 correct_reason:str
INSERT INTO result (id, dossier_id, template_id, title, number, state, fields, code, signer, signed_us, record_id, revoked_us, revoke_reason, replaced_by, corrects, correct_reason)
VALUES (:id, :dossier_id, :template_id, :title, :number, 'draft', :fields, :code, '', 0, 0, 0, '', 0, :corrects, :correct_reason)

-- name: result_list :many
-- in: dossier_id:i64 limit_n:i64
-- out: id:i64 dossier_id:i64 template_id:str title:str number:str state:str fields:str code:str hash:str signer:str signed_us:i64 record_id:i64 revoked_us:i64 revoke_reason:str replaced_by:i64 corrects:i64 correct_reason:str
SELECT id, dossier_id, template_id, title, number, state, fields, code, hash, signer, signed_us, record_id, revoked_us, revoke_reason, replaced_by, corrects, correct_reason
FROM result WHERE dossier_id = :dossier_id ORDER BY id LIMIT :limit_n

-- name: result_by_id :one
-- in: id:i64
-- out: id:i64 dossier_id:i64 template_id:str title:str number:str state:str fields:str code:str hash:str signer:str signed_us:i64 record_id:i64 revoked_us:i64 revoke_reason:str replaced_by:i64 corrects:i64 correct_reason:str
SELECT id, dossier_id, template_id, title, number, state, fields, code, hash, signer, signed_us, record_id, revoked_us, revoke_reason, replaced_by, corrects, correct_reason
FROM result WHERE id = :id

-- name: result_id_by_hash :one
-- in: hash:str
-- out: id:i64
SELECT id FROM result WHERE hash = :hash ORDER BY id LIMIT 1

-- name: result_id_by_code :one
-- in: code:str
-- out: id:i64
SELECT id FROM result WHERE code = :code

-- name: result_fields :exec
-- in: id:i64 fields:str
UPDATE result SET fields = :fields WHERE id = :id AND state = 'draft'

-- name: result_signed :exec
-- in: id:i64 hash:str signer:str signed_us:i64
UPDATE result SET state = 'signed', hash = :hash, signer = :signer, signed_us = :signed_us WHERE id = :id AND state = 'draft'

-- name: result_waits :exec
-- in: id:i64
UPDATE result SET state = 'waiting' WHERE id = :id AND state = 'draft'

-- name: result_sealed :exec
-- in: id:i64 hash:str signer:str signed_us:i64
UPDATE result SET state = 'signed', hash = :hash, signer = :signer, signed_us = :signed_us WHERE id = :id AND state = 'waiting'

-- name: result_published :exec
-- in: id:i64 record_id:i64
UPDATE result SET state = 'published', record_id = :record_id WHERE id = :id AND state = 'signed'

-- name: result_revoke :exec
-- in: id:i64 revoked_us:i64 reason:str
UPDATE result SET state = 'revoked', revoked_us = :revoked_us, revoke_reason = :reason WHERE id = :id AND state IN ('signed', 'published')

-- name: result_replaced :exec
-- in: id:i64 replaced_by:i64
UPDATE result SET replaced_by = :replaced_by WHERE id = :id

-- name: result_drop :exec
-- in: id:i64
UPDATE result SET state = 'dropped' WHERE id = :id AND state = 'draft' AND corrects <> 0

-- name: register_next :one
-- in: unit:str book:str year:i64
-- out: seq:i64
SELECT COALESCE(MAX(seq), 0) + 1 FROM register_entry WHERE unit = :unit AND book = :book AND year = :year

-- name: register_insert :exec
-- in: id:i64 unit:str book:str year:i64 seq:i64 dossier_id:i64 at_us:i64
INSERT INTO register_entry (id, unit, book, year, seq, dossier_id, at_us) VALUES (:id, :unit, :book, :year, :seq, :dossier_id, :at_us)

-- name: dossier_uses_pack :many
-- in: pack_version:str limit_n:i64
-- out: id:i64
SELECT id FROM dossier WHERE pack_version = :pack_version AND state = 'open' LIMIT :limit_n

-- name: dossier_pack_counts :one
-- in: pack_version:str
-- out: n_open:i64 n_all:i64
SELECT (SELECT COUNT(*) FROM dossier WHERE pack_version = :pack_version AND state = 'open'), (SELECT COUNT(*) FROM dossier WHERE pack_version = :pack_version)

-- name: dossier_oldest_open :one
-- out: submitted_us:i64
SELECT submitted_us FROM dossier WHERE state = 'open' AND id > 0 ORDER BY id LIMIT 1

-- name: figure_item_day :one
-- in: id:i64
-- out: day:str
SELECT day FROM indicator_item WHERE id = :id

-- The newest day first; of the last day shown (to_day) only what comes after the last one shown.
-- name: figure_flow :many
-- in: metric:str from_day:str to_day:str field:str before:i64 limit_n:i64
-- out: key:i64 n:i64 id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 finished_us:i64
SELECT i.id, i.n, d.id, d.number, d.applicant, d.procedure_code, d.state, d.status, d.unit, d.clock, d.due_us, d.submitted_us, d.remaining_s, d.finished_us
FROM indicator_item i JOIN dossier d ON d.id = i.subject_id
WHERE i.metric = :metric AND i.day >= :from_day AND i.day <= :to_day
    AND (:field = '' OR i.field = :field)
    AND (i.day < :to_day OR i.id < :before)
ORDER BY i.day DESC, i.id DESC LIMIT :limit_n

-- name: figure_flow_procedure :many
-- in: metric:str from_day:str to_day:str procedure_code:str field:str before:i64 limit_n:i64
-- out: key:i64 n:i64 id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 finished_us:i64
SELECT i.id, i.n, d.id, d.number, d.applicant, d.procedure_code, d.state, d.status, d.unit, d.clock, d.due_us, d.submitted_us, d.remaining_s, d.finished_us
FROM indicator_item i JOIN dossier d ON d.id = i.subject_id
WHERE i.metric = :metric AND i.procedure_code = :procedure_code AND i.day >= :from_day AND i.day <= :to_day
    AND (:field = '' OR i.field = :field)
    AND (i.day < :to_day OR i.id < :before)
ORDER BY i.day DESC, i.id DESC LIMIT :limit_n

-- name: figure_flow_unit :many
-- in: metric:str from_day:str to_day:str unit:str procedure_code:str field:str before:i64 limit_n:i64
-- out: key:i64 n:i64 id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 finished_us:i64
SELECT i.id, i.n, d.id, d.number, d.applicant, d.procedure_code, d.state, d.status, d.unit, d.clock, d.due_us, d.submitted_us, d.remaining_s, d.finished_us
FROM indicator_item i JOIN dossier d ON d.id = i.subject_id
WHERE i.metric = :metric AND i.unit = :unit AND i.day >= :from_day AND i.day <= :to_day
    AND (:procedure_code = '' OR i.procedure_code = :procedure_code) AND (:field = '' OR i.field = :field)
    AND (i.day < :to_day OR i.id < :before)
ORDER BY i.day DESC, i.id DESC LIMIT :limit_n

-- name: figure_stock :many
-- in: metric:str procedure_code:str field:str before:i64 limit_n:i64
-- out: key:i64 n:i64 id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 finished_us:i64
SELECT d.id, 1, d.id, d.number, d.applicant, d.procedure_code, d.state, d.status, d.unit, d.clock, d.due_us, d.submitted_us, d.remaining_s, d.finished_us
FROM indicator_stock i JOIN dossier d ON d.id = i.subject_id
WHERE i.metric = :metric
    AND (:procedure_code = '' OR i.procedure_code = :procedure_code) AND (:field = '' OR i.field = :field) AND i.subject_id < :before
ORDER BY i.subject_id DESC LIMIT :limit_n

-- name: figure_stock_unit :many
-- in: metric:str unit:str procedure_code:str field:str before:i64 limit_n:i64
-- out: key:i64 n:i64 id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 finished_us:i64
SELECT d.id, 1, d.id, d.number, d.applicant, d.procedure_code, d.state, d.status, d.unit, d.clock, d.due_us, d.submitted_us, d.remaining_s, d.finished_us
FROM indicator_stock i JOIN dossier d ON d.id = i.subject_id
WHERE i.metric = :metric AND i.unit = :unit
    AND (:procedure_code = '' OR i.procedure_code = :procedure_code) AND (:field = '' OR i.field = :field) AND i.subject_id < :before
ORDER BY i.subject_id DESC LIMIT :limit_n

-- name: figure_due :many
-- in: from_us:i64 to_us:i64 unit:str procedure_code:str field:str after:i64 limit_n:i64
-- out: key:i64 n:i64 id:i64 number:str applicant:str procedure_code:str state:str status:i64 unit:str clock:i64 due_us:i64 submitted_us:i64 remaining_s:i64 finished_us:i64
SELECT d.id, 1, d.id, d.number, d.applicant, d.procedure_code, d.state, d.status, d.unit, d.clock, d.due_us, d.submitted_us, d.remaining_s, d.finished_us
FROM dossier d WHERE d.state = 'open' AND d.clock = 1 AND d.due_us >= :from_us AND d.due_us < :to_us AND (:unit = '' OR d.unit = :unit)
    AND (:procedure_code = '' OR d.procedure_code = :procedure_code) AND (:field = '' OR d.field = :field) AND d.id > :after
ORDER BY d.id LIMIT :limit_n

-- name: figure_due_cells :each
-- in: to_us:i64
-- out: due_us:i64 unit:str procedure_code:str field:str
SELECT due_us, unit, procedure_code, field FROM dossier WHERE state = 'open' AND clock = 1 AND due_us < :to_us ORDER BY due_us, unit, procedure_code, field

-- name: figure_due_cells_unit :each
-- in: to_us:i64 unit:str
-- out: due_us:i64 unit:str procedure_code:str field:str
SELECT due_us, unit, procedure_code, field FROM dossier WHERE state = 'open' AND clock = 1 AND unit = :unit AND due_us < :to_us ORDER BY due_us

-- name: figure_due_count :one
-- in: from_us:i64 to_us:i64 unit:str procedure_code:str field:str
-- out: n:i64
SELECT COUNT(*) FROM dossier d WHERE d.state = 'open' AND d.clock = 1 AND d.due_us >= :from_us AND d.due_us < :to_us AND (:unit = '' OR d.unit = :unit)
    AND (:procedure_code = '' OR d.procedure_code = :procedure_code) AND (:field = '' OR d.field = :field)

-- name: figure_due_by_unit :many
-- in: from_us:i64 to_us:i64 unit:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT d.unit, COUNT(*) FROM dossier d WHERE d.state = 'open' AND d.clock = 1 AND d.due_us >= :from_us AND d.due_us < :to_us AND (:unit = '' OR d.unit = :unit)
    AND (:procedure_code = '' OR d.procedure_code = :procedure_code) AND (:field = '' OR d.field = :field)
GROUP BY d.unit ORDER BY d.unit LIMIT :limit_n

-- name: figure_due_by_field :many
-- in: from_us:i64 to_us:i64 unit:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT d.field, COUNT(*) FROM dossier d WHERE d.state = 'open' AND d.clock = 1 AND d.due_us >= :from_us AND d.due_us < :to_us AND (:unit = '' OR d.unit = :unit)
    AND (:procedure_code = '' OR d.procedure_code = :procedure_code) AND (:field = '' OR d.field = :field)
GROUP BY d.field ORDER BY d.field LIMIT :limit_n

-- name: figure_due_by_procedure :many
-- in: from_us:i64 to_us:i64 unit:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT d.procedure_code, COUNT(*) FROM dossier d WHERE d.state = 'open' AND d.clock = 1 AND d.due_us >= :from_us AND d.due_us < :to_us AND (:unit = '' OR d.unit = :unit)
    AND (:procedure_code = '' OR d.procedure_code = :procedure_code) AND (:field = '' OR d.field = :field)
GROUP BY d.procedure_code ORDER BY d.procedure_code LIMIT :limit_n

-- name: register_of :one
-- in: dossier_id:i64 book:str
-- out: seq:i64
SELECT seq FROM register_entry WHERE dossier_id = :dossier_id AND book = :book LIMIT 1

-- name: dossier_party_moved :exec
-- in: from_id:i64 to_id:i64
UPDATE dossier SET version = version + 1, party_id = :to_id WHERE party_id = :from_id

-- name: draft_party_moved :exec
-- in: from_id:i64 to_id:i64
UPDATE draft SET version = version + 1, party_id = :to_id WHERE party_id = :from_id AND dossier_id IS NULL AND party_id <> 0

-- Those that became dossiers; before the dossiers move.
-- name: draft_party_moved_done :exec
-- in: from_id:i64 to_id:i64
UPDATE draft SET version = version + 1, party_id = :to_id
WHERE id IN (SELECT draft_id FROM dossier WHERE party_id = :from_id AND draft_id IS NOT NULL) AND party_id = :from_id

-- Papers are found through what they were handed in for, by indexes that stand anyway; before dossiers and drafts move.
-- name: paper_owner_moved :exec
-- in: from_id:i64 to_id:i64
UPDATE paper SET owner_id = :to_id WHERE id IN (
    SELECT p.id FROM dossier d CROSS JOIN paper p WHERE d.party_id = :from_id AND p.dossier_id = d.id AND p.owner_id = :from_id
    UNION ALL SELECT p.id FROM draft f CROSS JOIN paper p WHERE f.party_id = :from_id AND f.dossier_id IS NULL AND f.party_id <> 0
        AND p.dossier_id = f.id AND p.owner_id = :from_id)

-- name: dossier_unit_counts :one
-- in: unit:str
-- out: n_open:i64 n_drafts:i64
SELECT (SELECT COUNT(*) FROM dossier WHERE unit = :unit AND state = 'open'), (SELECT COUNT(*) FROM draft WHERE unit = :unit AND dossier_id IS NULL)

-- name: absence_insert :exec
-- in: id:i64 account_id:i64 unit:str from_us:i64 to_us:i64 reason:str lends:i64 made_by:i64 made_us:i64
INSERT INTO absence (id, account_id, unit, from_us, to_us, reason, lends, state, made_by, made_us)
VALUES (:id, :account_id, :unit, :from_us, :to_us, :reason, :lends, 'planned', :made_by, :made_us)

-- name: absence_stand_in_insert :exec
-- in: id:i64 absence_id:i64 account_id:i64
INSERT INTO absence_stand_in (id, absence_id, account_id) VALUES (:id, :absence_id, :account_id)

-- name: absence_by_id :one
-- in: id:i64
-- out: id:i64 account_id:i64 unit:str from_us:i64 to_us:i64 reason:str lends:i64 state:str made_by:i64
SELECT id, account_id, unit, from_us, to_us, reason, lends, state, made_by FROM absence WHERE id = :id

-- name: absence_list :many
-- in: unit:str now_us:i64 limit_n:i64
-- out: id:i64 account_id:i64 unit:str from_us:i64 to_us:i64 reason:str lends:i64 state:str made_by:i64
SELECT id, account_id, unit, from_us, to_us, reason, lends, state, made_by FROM absence
WHERE unit = :unit AND (state = 'running' OR state = 'planned') AND to_us > :now_us ORDER BY from_us, id LIMIT :limit_n

-- name: absence_overlap :many
-- in: account_id:i64 unit:str from_us:i64 to_us:i64 limit_n:i64
-- out: id:i64
SELECT id FROM absence WHERE account_id = :account_id AND unit = :unit AND (state = 'running' OR state = 'planned')
    AND from_us < :to_us AND to_us > :from_us ORDER BY id LIMIT :limit_n

-- name: absence_running_of :many
-- in: account_id:i64 unit:str now_us:i64 limit_n:i64
-- out: id:i64 lends:i64
SELECT id, lends FROM absence WHERE account_id = :account_id AND unit = :unit AND state = 'running' AND to_us > :now_us
ORDER BY id LIMIT :limit_n

-- name: absence_to_begin :many
-- in: now_us:i64 limit_n:i64
-- out: id:i64
SELECT id FROM absence WHERE state = 'planned' AND from_us <= :now_us ORDER BY from_us, id LIMIT :limit_n

-- name: absence_to_end :many
-- in: now_us:i64 limit_n:i64
-- out: id:i64
SELECT id FROM absence WHERE state = 'running' AND to_us <= :now_us ORDER BY id LIMIT :limit_n

-- name: absence_set_state :exec
-- in: id:i64 was:str state:str
UPDATE absence SET state = :state WHERE id = :id AND state = :was

-- name: absence_move_unit :exec
-- in: from_unit:str to_unit:str
UPDATE absence SET unit = :to_unit WHERE unit = :from_unit AND (state = 'running' OR state = 'planned')

-- name: absence_stand_ins :many
-- in: absence_id:i64 limit_n:i64
-- out: account_id:i64 name:str
SELECT s.account_id, p.name FROM absence_stand_in s JOIN account a ON a.id = s.account_id JOIN party p ON p.id = a.party_id
WHERE s.absence_id = :absence_id ORDER BY s.id LIMIT :limit_n

-- name: step_insert :exec
-- in: id:i64 dossier_id:i64 status:i64 at_us:i64 actor:i64
INSERT INTO dossier_step (id, dossier_id, status, at_us, actor) VALUES (:id, :dossier_id, :status, :at_us, :actor)

-- name: steps_of :many
-- in: dossier_id:i64 after:i64 limit_n:i64
-- out: id:i64 status:i64 at_us:i64 actor:i64
SELECT id, status, at_us, actor FROM dossier_step WHERE dossier_id = :dossier_id AND id > :after ORDER BY id LIMIT :limit_n

-- name: dossier_late_silent :many
-- in: unit:str now_us:i64 n:i64
-- out: id:i64
SELECT id FROM dossier WHERE unit = :unit AND clock = 1 AND due_us < :now_us AND state = 'open' AND apology_us = 0 ORDER BY due_us LIMIT :n

-- name: reminder_insert :exec
-- in: account_id:i64 day:i64 unit:str late_n:i64 at_us:i64
INSERT INTO dossier_reminder (account_id, day, unit, late_n, at_us) VALUES (:account_id, :day, :unit, :late_n, :at_us) ON CONFLICT (account_id, day) DO NOTHING

-- name: reminder_of :one
-- in: account_id:i64 day:i64
-- out: late_n:i64
SELECT late_n FROM dossier_reminder WHERE account_id = :account_id AND day = :day
