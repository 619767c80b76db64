-- name: xmember_insert :exec
-- in: id:i64 class:str code:str name:str name_en:str unit:str contact:str created_us:i64
INSERT INTO exchange_member (id, class, code, name, name_en, unit, contact, state, note, created_us)
VALUES (:id, :class, :code, :name, :name_en, :unit, :contact, 'active', '', :created_us)

-- name: xmember_by_id :one
-- in: id:i64
-- out: id:i64 class:str code:str name:str name_en:str unit:str contact:str state:str note:str
SELECT id, class, code, name, name_en, unit, contact, state, note FROM exchange_member WHERE id = :id

-- name: xmember_by_code :one
-- in: class:str code:str
-- out: id:i64
SELECT id FROM exchange_member WHERE class = :class AND code = :code

-- name: xmember_list :many
-- in: class:str code:str limit_n:i64
-- out: id:i64 class:str code:str name:str name_en:str unit:str contact:str state:str note:str
SELECT id, class, code, name, name_en, unit, contact, state, note FROM exchange_member
WHERE (class, code) > (:class, :code) ORDER BY class, code LIMIT :limit_n

-- name: xcatalogue_n :one
-- out: members:i64 services:i64
-- scan: exchange_member and exchange_service: some hundreds of a province
SELECT (SELECT count(*) FROM exchange_member), (SELECT count(*) FROM exchange_service WHERE state = 'published')

-- name: xmember_set_state :exec
-- in: id:i64 state:str note:str
UPDATE exchange_member SET state = :state, note = :note WHERE id = :id

-- name: xsub_insert :exec
-- in: id:i64 member_id:i64 code:str name:str contact:str ip_allow:str created_us:i64
INSERT INTO exchange_subsystem (id, member_id, code, name, contact, ip_allow, state, created_us)
VALUES (:id, :member_id, :code, :name, :contact, :ip_allow, 'active', :created_us)

-- name: xsub_by_id :one
-- in: id:i64
-- out: id:i64 member_id:i64 code:str name:str contact:str ip_allow:str state:str class:str member_code:str member_name:str unit:str member_state:str
SELECT s.id, s.member_id, s.code, s.name, s.contact, s.ip_allow, s.state, m.class, m.code, m.name, m.unit, m.state
FROM exchange_subsystem s JOIN exchange_member m ON m.id = s.member_id WHERE s.id = :id

-- name: xsub_by_path :one
-- in: class:str member_code:str code:str
-- out: id:i64
SELECT s.id FROM exchange_member m JOIN exchange_subsystem s ON s.member_id = m.id AND s.code = :code
WHERE m.class = :class AND m.code = :member_code

-- name: xsub_of_member :many
-- in: member_id:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_subsystem WHERE member_id = :member_id ORDER BY code LIMIT :limit_n

-- name: xsub_of_unit :many
-- in: unit:str limit_n:i64
-- out: id:i64
SELECT s.id FROM exchange_member m JOIN exchange_subsystem s ON s.member_id = m.id WHERE m.unit = :unit ORDER BY s.code LIMIT :limit_n

-- name: xsub_all :many
-- in: after:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_subsystem WHERE id > :after ORDER BY id LIMIT :limit_n

-- name: xsub_set_ip :exec
-- in: id:i64 ip_allow:str
UPDATE exchange_subsystem SET ip_allow = :ip_allow WHERE id = :id

-- name: xservice_insert :exec
-- in: id:i64 subsystem_id:i64 code:str name:str summary:str data_class:str contact:str sla_ms:i64 sla_permille:i64 endpoint:str timeout_ms:i64 is_simulated:i64 created_us:i64
INSERT INTO exchange_service (id, subsystem_id, code, name, summary, data_class, contact, sla_ms, sla_permille, endpoint, timeout_ms, version_id, state, is_simulated, created_us)
VALUES (:id, :subsystem_id, :code, :name, :summary, :data_class, :contact, :sla_ms, :sla_permille, :endpoint, :timeout_ms, NULL, 'draft', :is_simulated, :created_us)

-- name: xservice_by_id :one
-- in: id:i64
-- out: id:i64 subsystem_id:i64 code:str name:str summary:str data_class:str contact:str sla_ms:i64 sla_permille:i64 endpoint:str timeout_ms:i64 version_id:i64 state:str is_simulated:i64 sub_code:str class:str member_code:str member_name:str unit:str member_state:str
SELECT v.id, v.subsystem_id, v.code, v.name, v.summary, v.data_class, v.contact, v.sla_ms, v.sla_permille, v.endpoint, v.timeout_ms, v.version_id, v.state, v.is_simulated,
       s.code, m.class, m.code, m.name, m.unit, m.state
FROM exchange_service v JOIN exchange_subsystem s ON s.id = v.subsystem_id JOIN exchange_member m ON m.id = s.member_id WHERE v.id = :id

-- name: xservice_by_path :one
-- in: class:str member_code:str sub_code:str code:str
-- out: id:i64
SELECT v.id FROM exchange_member m JOIN exchange_subsystem s ON s.member_id = m.id AND s.code = :sub_code
JOIN exchange_service v ON v.subsystem_id = s.id AND v.code = :code WHERE m.class = :class AND m.code = :member_code

-- name: xservice_published :many
-- in: after:i64 limit_n:i64
-- out: id:i64 name:str code:str summary:str
SELECT id, name, code, summary FROM exchange_service WHERE state = 'published' AND id > :after ORDER BY id LIMIT :limit_n

-- name: xservice_all :many
-- in: after:i64 limit_n:i64
-- out: id:i64 name:str code:str summary:str
SELECT id, name, code, summary FROM exchange_service WHERE id > :after ORDER BY id LIMIT :limit_n

-- name: xservice_of_sub :many
-- in: subsystem_id:i64 limit_n:i64
-- out: id:i64 kind:str version:str
SELECT s.id, v.kind, v.version FROM exchange_service s JOIN exchange_version v ON v.id = s.version_id
WHERE s.subsystem_id = :subsystem_id AND s.state = 'published' ORDER BY s.code LIMIT :limit_n

-- name: xservice_sensitive :many
-- in: after:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_service WHERE data_class = 'sensitive' AND id > :after
ORDER BY id LIMIT :limit_n

-- name: xservice_publish :exec
-- in: id:i64 version_id:i64
UPDATE exchange_service SET version_id = :version_id, state = 'published' WHERE id = :id

-- name: xservice_move :exec
-- in: id:i64 contact:str endpoint:str
UPDATE exchange_service SET contact = :contact, endpoint = :endpoint WHERE id = :id

-- name: xservice_set_state :exec
-- in: id:i64 state:str
UPDATE exchange_service SET state = :state WHERE id = :id

-- name: xversion_insert :exec
-- in: id:i64 service_id:i64 version:str kind:str hash:str document:str n_operations:i64 imported_us:i64 imported_by:i64?
INSERT INTO exchange_version (id, service_id, version, kind, hash, document, n_operations, imported_us, imported_by)
VALUES (:id, :service_id, :version, :kind, :hash, :document, :n_operations, :imported_us, :imported_by)

-- name: xversion_find :one
-- in: service_id:i64 version:str
-- out: id:i64 hash:str
SELECT id, hash FROM exchange_version WHERE service_id = :service_id AND version = :version

-- name: xversion_list :many
-- in: service_id:i64 limit_n:i64
-- out: id:i64 version:str kind:str hash:str n_operations:i64 imported_us:i64
SELECT id, version, kind, hash, n_operations, imported_us FROM exchange_version WHERE service_id = :service_id ORDER BY imported_us DESC, id DESC LIMIT :limit_n

-- name: xversion_document :one
-- in: id:i64
-- out: kind:str document:str
SELECT kind, document FROM exchange_version WHERE id = :id

-- name: xoperation_insert :exec
-- in: id:i64 version_id:i64 code:str method:str path:str summary:str element:str action:str inputs:str outputs:str
INSERT INTO exchange_operation (id, version_id, code, method, path, summary, element, action, inputs, outputs)
VALUES (:id, :version_id, :code, :method, :path, :summary, :element, :action, :inputs, :outputs)

-- name: xoperation_list :many
-- in: version_id:i64 limit_n:i64
-- out: id:i64 code:str method:str path:str summary:str element:str action:str inputs:str outputs:str
SELECT id, code, method, path, summary, element, action, inputs, outputs FROM exchange_operation WHERE version_id = :version_id ORDER BY code LIMIT :limit_n

-- name: xagree_insert :exec
-- in: id:i64 consumer_id:i64 service_id:i64 purpose:str legal_basis:str operations:str removed:str rate_s:i64 quota_day:i64 hours:str valid_from:str valid_to:str asked_by:i64? asked_us:i64
INSERT INTO exchange_agreement (id, version, consumer_id, service_id, state, purpose, legal_basis, operations, removed, rate_s, quota_day, hours, bodies, valid_from, valid_to, asked_by, asked_us, decided_by, decided_us, note, held)
VALUES (:id, 1, :consumer_id, :service_id, 'asked', :purpose, :legal_basis, :operations, :removed, :rate_s, :quota_day, :hours, '', :valid_from, :valid_to, :asked_by, :asked_us, NULL, NULL, '', '')

-- name: xagree_decide :exec
-- in: id:i64 version:i64 state:str operations:str removed:str rate_s:i64 quota_day:i64 hours:str bodies:str valid_from:str valid_to:str decided_by:i64? decided_us:i64 note:str held:str
UPDATE exchange_agreement SET version = version + 1, state = :state, operations = :operations, removed = :removed, rate_s = :rate_s, quota_day = :quota_day, hours = :hours,
    bodies = :bodies, valid_from = :valid_from, valid_to = :valid_to, decided_by = :decided_by, decided_us = :decided_us, note = :note, held = :held
WHERE id = :id AND version = :version

-- name: xagree_hold :exec
-- in: id:i64 version:i64 removed:str held:str
UPDATE exchange_agreement SET version = version + 1, removed = :removed, held = :held WHERE id = :id AND version = :version

-- name: xagree_by_id :one
-- in: id:i64
-- out: id:i64 version:i64 consumer_id:i64 service_id:i64 state:str purpose:str legal_basis:str operations:str removed:str rate_s:i64 quota_day:i64 hours:str bodies:str valid_from:str valid_to:str asked_by:i64 asked_us:i64 decided_by:i64 decided_us:i64 note:str held:str
SELECT id, version, consumer_id, service_id, state, purpose, legal_basis, operations, removed, rate_s, quota_day, hours, bodies, valid_from, valid_to, asked_by, asked_us, decided_by, decided_us, note, held
FROM exchange_agreement WHERE id = :id

-- name: xagree_between :many
-- in: consumer_id:i64 service_id:i64 limit_n:i64
-- out: id:i64 state:str
SELECT id, state FROM exchange_agreement WHERE consumer_id = :consumer_id AND service_id = :service_id ORDER BY id DESC LIMIT :limit_n

-- name: xagree_of_consumer :many
-- in: consumer_id:i64 before:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_agreement WHERE consumer_id = :consumer_id AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xagree_of_service :many
-- in: service_id:i64 before:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_agreement WHERE service_id = :service_id AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xagree_asked_by :many
-- in: subsystem_id:i64 state:str before:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_agreement WHERE consumer_id = :subsystem_id AND id < :before AND (:state = '' OR state = :state) ORDER BY id DESC LIMIT :limit_n

-- name: xagree_offered_by :many
-- in: subsystem_id:i64 state:str before:i64 limit_n:i64
-- out: id:i64
SELECT a.id FROM exchange_service s JOIN exchange_agreement a ON a.service_id = s.id
WHERE s.subsystem_id = :subsystem_id AND a.id < :before AND (:state = '' OR a.state = :state) ORDER BY a.id DESC LIMIT :limit_n

-- name: xagree_in_state :many
-- in: state:str before:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_agreement WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xagree_all :many
-- in: before:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_agreement WHERE id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xagree_granted :many
-- in: after:i64 limit_n:i64
-- out: id:i64 consumer_id:i64 service_id:i64 operations:str removed:str rate_s:i64 quota_day:i64 hours:str valid_from:str valid_to:str
SELECT id, consumer_id, service_id, operations, removed, rate_s, quota_day, hours, valid_from, valid_to
FROM exchange_agreement WHERE state = 'granted' AND id > :after ORDER BY id LIMIT :limit_n

-- name: xagree_bodies :many
-- in: state:str after:i64 limit_n:i64
-- out: id:i64 consumer_id:i64 service_id:i64 bodies:str
SELECT id, consumer_id, service_id, bodies FROM exchange_agreement
WHERE state = :state AND id > :after AND bodies <> '' ORDER BY id LIMIT :limit_n

-- name: xclient_insert :exec
-- in: id:i64 subsystem_id:i64 client_id:str name:str ttl_s:i64 created_us:i64
INSERT INTO exchange_client (id, subsystem_id, client_id, name, ttl_s, cert_thumb, created_us, used_us, revoked_us)
VALUES (:id, :subsystem_id, :client_id, :name, :ttl_s, NULL, :created_us, NULL, NULL)

-- name: xclient_by_id :one
-- in: id:i64
-- out: id:i64 subsystem_id:i64 client_id:str name:str ttl_s:i64 cert_thumb:str created_us:i64 used_us:i64 revoked_us:i64
SELECT id, subsystem_id, client_id, name, ttl_s, cert_thumb, created_us, used_us, revoked_us FROM exchange_client WHERE id = :id

-- name: xclient_by_name :one
-- in: client_id:str
-- out: id:i64 subsystem_id:i64 client_id:str name:str ttl_s:i64 cert_thumb:str created_us:i64 used_us:i64 revoked_us:i64
SELECT id, subsystem_id, client_id, name, ttl_s, cert_thumb, created_us, used_us, revoked_us FROM exchange_client WHERE client_id = :client_id

-- name: xclient_of_sub :many
-- in: subsystem_id:i64 limit_n:i64
-- out: id:i64 subsystem_id:i64 client_id:str name:str ttl_s:i64 cert_thumb:str created_us:i64 used_us:i64 revoked_us:i64
SELECT id, subsystem_id, client_id, name, ttl_s, cert_thumb, created_us, used_us, revoked_us FROM exchange_client WHERE subsystem_id = :subsystem_id ORDER BY id LIMIT :limit_n

-- name: xclient_used :exec
-- in: id:i64 used_us:i64
UPDATE exchange_client SET used_us = :used_us WHERE id = :id

-- name: xclient_revoke :exec
-- in: id:i64 revoked_us:i64
UPDATE exchange_client SET revoked_us = :revoked_us WHERE id = :id AND revoked_us IS NULL

-- name: xclient_bind :exec
-- in: id:i64 cert_thumb:str
UPDATE exchange_client SET cert_thumb = :cert_thumb WHERE id = :id

-- name: xsecret_insert :exec
-- in: id:i64 client_row:i64 hash:str created_us:i64
INSERT INTO exchange_secret (id, client_row, hash, created_us, ends_us) VALUES (:id, :client_row, :hash, :created_us, 0)

-- name: xsecret_end_others :exec
-- in: client_row:i64 keep:i64 ends_us:i64
UPDATE exchange_secret SET ends_us = :ends_us WHERE client_row = :client_row AND id <> :keep AND (ends_us = 0 OR ends_us > :ends_us)

-- name: xsecret_valid :many
-- in: client_row:i64 now_us:i64 limit_n:i64
-- out: id:i64 hash:str ends_us:i64
SELECT id, hash, ends_us FROM exchange_secret WHERE client_row = :client_row AND (ends_us = 0 OR ends_us > :now_us) ORDER BY id DESC LIMIT :limit_n

-- name: xcert_insert :exec
-- in: id:i64 subsystem_id:i64 thumb:str subject:str not_before_us:i64 not_after_us:i64 added_us:i64
INSERT INTO exchange_cert (id, subsystem_id, thumb, subject, not_before_us, not_after_us, added_us, revoked_us)
VALUES (:id, :subsystem_id, :thumb, :subject, :not_before_us, :not_after_us, :added_us, NULL)

-- name: xcert_by_thumb :one
-- in: thumb:str
-- out: id:i64 subsystem_id:i64 not_before_us:i64 not_after_us:i64 revoked_us:i64
SELECT id, subsystem_id, not_before_us, not_after_us, revoked_us FROM exchange_cert WHERE thumb = :thumb

-- name: xcert_of_sub :many
-- in: subsystem_id:i64 limit_n:i64
-- out: id:i64 thumb:str subject:str not_before_us:i64 not_after_us:i64 added_us:i64 revoked_us:i64
SELECT id, thumb, subject, not_before_us, not_after_us, added_us, revoked_us FROM exchange_cert WHERE subsystem_id = :subsystem_id ORDER BY id DESC LIMIT :limit_n

-- Of each system the certificate that holds longest.
-- name: xcert_ends :many
-- in: limit_n:i64
-- scan: exchange_cert and exchange_member: a few certificates for each system that calls
-- out: not_after_us:i64 class:str member:str code:str
SELECT c.not_after_us, m.class, m.code, s.code
FROM exchange_cert c JOIN exchange_subsystem s ON s.id = c.subsystem_id JOIN exchange_member m ON m.id = s.member_id
WHERE c.revoked_us IS NULL AND NOT EXISTS (SELECT 1 FROM exchange_cert o WHERE o.subsystem_id = c.subsystem_id AND o.revoked_us IS NULL
      AND o.not_after_us > c.not_after_us)
ORDER BY c.not_after_us LIMIT :limit_n

-- name: xcert_revoke :exec
-- in: id:i64 subsystem_id:i64 revoked_us:i64
UPDATE exchange_cert SET revoked_us = :revoked_us WHERE id = :id AND subsystem_id = :subsystem_id AND revoked_us IS NULL

-- name: xsession_insert :exec
-- in: id:i64 hash:str client_row:i64 ends_us:i64
INSERT INTO exchange_session (id, hash, client_row, ends_us) VALUES (:id, :hash, :client_row, :ends_us)

-- name: xsession_find :one
-- in: hash:str now_us:i64
-- out: client_row:i64
SELECT client_row FROM exchange_session WHERE hash = :hash AND ends_us > :now_us

-- name: xsession_sweep :exec
-- in: now_us:i64
DELETE FROM exchange_session WHERE ends_us <= :now_us

-- name: xcall_insert :exec
-- in: id:i64 at_us:i64 way:str consumer_id:i64? service_id:i64? agreement_id:i64? operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 up_us:i64 back_us:i64 trace_id:str request_id:str message_id:str
INSERT INTO exchange_call (id, at_us, way, consumer_id, service_id, agreement_id, operation, status, fault, bytes_in, bytes_out, took_us, up_us, back_us, trace_id, request_id, message_id)
VALUES (:id, :at_us, :way, :consumer_id, :service_id, :agreement_id, :operation, :status, :fault, :bytes_in, :bytes_out, :took_us, :up_us, :back_us, :trace_id, :request_id, :message_id)

-- name: xcall_newest :many
-- in: before:i64 limit_n:i64
-- out: id:i64 at_us:i64 way:str consumer_id:i64 service_id:i64 agreement_id:i64 operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 trace_id:str request_id:str
SELECT id, at_us, way, consumer_id, service_id, agreement_id, operation, status, fault, bytes_in, bytes_out, took_us, trace_id, request_id
FROM exchange_call WHERE id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xcall_faulty :many
-- in: before:i64 limit_n:i64
-- out: id:i64 at_us:i64 way:str consumer_id:i64 service_id:i64 agreement_id:i64 operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 trace_id:str request_id:str
SELECT id, at_us, way, consumer_id, service_id, agreement_id, operation, status, fault, bytes_in, bytes_out, took_us, trace_id, request_id
FROM exchange_call WHERE fault <> '' AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xcall_of_consumer :many
-- in: consumer_id:i64 before:i64 limit_n:i64
-- out: id:i64 at_us:i64 way:str consumer_id:i64 service_id:i64 agreement_id:i64 operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 trace_id:str request_id:str
SELECT id, at_us, way, consumer_id, service_id, agreement_id, operation, status, fault, bytes_in, bytes_out, took_us, trace_id, request_id
FROM exchange_call WHERE consumer_id = :consumer_id AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xcall_faulty_of_consumer :many
-- in: consumer_id:i64 before:i64 limit_n:i64
-- out: id:i64 at_us:i64 way:str consumer_id:i64 service_id:i64 agreement_id:i64 operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 trace_id:str request_id:str
SELECT id, at_us, way, consumer_id, service_id, agreement_id, operation, status, fault, bytes_in, bytes_out, took_us, trace_id, request_id
FROM exchange_call WHERE consumer_id = :consumer_id AND fault <> '' AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xcall_of_service :many
-- in: service_id:i64 before:i64 limit_n:i64
-- out: id:i64 at_us:i64 way:str consumer_id:i64 service_id:i64 agreement_id:i64 operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 trace_id:str request_id:str
SELECT id, at_us, way, consumer_id, service_id, agreement_id, operation, status, fault, bytes_in, bytes_out, took_us, trace_id, request_id
FROM exchange_call WHERE service_id = :service_id AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xcall_faulty_of_service :many
-- in: service_id:i64 before:i64 limit_n:i64
-- out: id:i64 at_us:i64 way:str consumer_id:i64 service_id:i64 agreement_id:i64 operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 trace_id:str request_id:str
SELECT id, at_us, way, consumer_id, service_id, agreement_id, operation, status, fault, bytes_in, bytes_out, took_us, trace_id, request_id
FROM exchange_call WHERE service_id = :service_id AND fault <> '' AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xcall_day_n :one
-- in: agreement_id:i64 since_id:i64 consumer_id:i64
-- out: n:i64
SELECT count(*) FROM exchange_call WHERE consumer_id = :consumer_id AND id > :since_id AND agreement_id = :agreement_id AND status <> 429

-- name: xquestion_insert :exec
-- in: id:i64 at_us:i64 connector:str operation:str purpose:str dossier_id:i64? draft_id:i64? officer:i64? subject:i64? request:str state:str fault:str tries:i64 replay_of:i64? key:str
INSERT INTO exchange_question (id, at_us, connector, operation, purpose, dossier_id, draft_id, officer, subject, request, state, fault, tries, replay_of, key)
VALUES (:id, :at_us, :connector, :operation, :purpose, :dossier_id, :draft_id, :officer, :subject, :request, :state, :fault, :tries, :replay_of, :key)

-- name: xquestion_by_id :one
-- in: id:i64
-- out: id:i64 at_us:i64 connector:str operation:str purpose:str dossier_id:i64 draft_id:i64 officer:i64 subject:i64 request:str state:str fault:str tries:i64 replay_of:i64
SELECT id, at_us, connector, operation, purpose, dossier_id, draft_id, officer, subject, request, state, fault, tries, replay_of FROM exchange_question WHERE id = :id

-- name: xquestion_newest :many
-- in: before:i64 limit_n:i64
-- out: id:i64 at_us:i64 connector:str operation:str purpose:str dossier_id:i64 draft_id:i64 officer:i64 subject:i64 state:str fault:str tries:i64 replay_of:i64
SELECT id, at_us, connector, operation, purpose, dossier_id, draft_id, officer, subject, state, fault, tries, replay_of FROM exchange_question WHERE id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xquestion_in_state :many
-- in: state:str before:i64 limit_n:i64
-- out: id:i64 at_us:i64 connector:str operation:str purpose:str dossier_id:i64 draft_id:i64 officer:i64 subject:i64 state:str fault:str tries:i64 replay_of:i64
SELECT id, at_us, connector, operation, purpose, dossier_id, draft_id, officer, subject, state, fault, tries, replay_of FROM exchange_question WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xquestion_again :exec
-- in: id:i64 state:str fault:str
UPDATE exchange_question SET state = :state, fault = :fault, tries = tries + 1 WHERE id = :id

-- name: xsim_row_get :one
-- in: service:str key:str
-- out: body:str n:i64 at_us:i64
SELECT body, n, at_us FROM exchange_sim_row WHERE service = :service AND key = :key

-- name: xsim_row_put :exec
-- in: service:str key:str body:str n:i64 at_us:i64
INSERT INTO exchange_sim_row (service, key, body, n, at_us) VALUES (:service, :key, :body, :n, :at_us)
ON CONFLICT (service, key) DO UPDATE SET body = excluded.body, n = excluded.n, at_us = excluded.at_us

-- name: xsim_message_find :one
-- in: service:str message:str
-- out: id:i64
SELECT id FROM exchange_sim_message WHERE service = :service AND message = :message

-- name: xsim_message_insert :exec
-- in: id:i64 service:str key:str message:str status:str at_us:i64
INSERT INTO exchange_sim_message (id, service, key, message, status, n_again, at_us) VALUES (:id, :service, :key, :message, :status, 0, :at_us)

-- name: xsim_message_again :exec
-- in: id:i64
UPDATE exchange_sim_message SET n_again = n_again + 1 WHERE id = :id

-- name: xsim_messages :many
-- in: service:str key:str limit_n:i64
-- out: id:i64 message:str status:str n_again:i64 at_us:i64
SELECT id, message, status, n_again, at_us FROM exchange_sim_message WHERE service = :service AND key = :key ORDER BY id LIMIT :limit_n

-- name: xsim_mode_get :one
-- in: service:str
-- out: mode:str
SELECT mode FROM exchange_sim_mode WHERE service = :service

-- name: xsim_mode_put :exec
-- in: service:str mode:str
INSERT INTO exchange_sim_mode (service, mode) VALUES (:service, :mode) ON CONFLICT (service) DO UPDATE SET mode = excluded.mode

-- name: xuplink_get :one
-- in: uplink:str
-- out: proof:str ends_us:i64
SELECT proof, ends_us FROM exchange_uplink WHERE uplink = :uplink

-- name: xuplink_put :exec
-- in: uplink:str proof:str ends_us:i64
INSERT INTO exchange_uplink (uplink, proof, ends_us) VALUES (:uplink, :proof, :ends_us)
ON CONFLICT (uplink) DO UPDATE SET proof = excluded.proof, ends_us = excluded.ends_us

-- name: xquestion_by_key :one
-- in: key:str
-- out: id:i64
SELECT id FROM exchange_question WHERE key = :key

-- name: xportal_get :one
-- in: dossier_id:i64
-- out: connector:str national:str is_made:i64 sent_step:i64 state:str fault:str
SELECT connector, national, is_made, sent_step, state, fault FROM exchange_portal WHERE dossier_id = :dossier_id

-- name: xportal_put :exec
-- in: dossier_id:i64 connector:str national:str is_made:i64 sent_step:i64 state:str fault:str at_us:i64
INSERT INTO exchange_portal (dossier_id, connector, national, is_made, sent_step, state, fault, at_us)
VALUES (:dossier_id, :connector, :national, :is_made, :sent_step, :state, :fault, :at_us)
ON CONFLICT (dossier_id) DO UPDATE SET national = excluded.national, is_made = excluded.is_made, sent_step = excluded.sent_step, state = excluded.state, fault = excluded.fault, at_us = excluded.at_us

-- name: xfile_put :exec
-- in: paper_id:i64 dossier_id:i64 connector:str file:str at_us:i64
INSERT INTO exchange_portal_file (paper_id, dossier_id, connector, file, at_us) VALUES (:paper_id, :dossier_id, :connector, :file, :at_us)
ON CONFLICT (paper_id) DO UPDATE SET file = excluded.file, at_us = excluded.at_us

-- name: xfile_get :one
-- in: paper_id:i64
-- out: connector:str file:str
SELECT connector, file FROM exchange_portal_file WHERE paper_id = :paper_id

-- name: xfile_of :many
-- in: dossier_id:i64 draft_id:i64 limit_n:i64
-- out: paper_id:i64
SELECT paper_id FROM exchange_portal_file WHERE dossier_id IN (:dossier_id, :draft_id) ORDER BY paper_id LIMIT :limit_n

-- name: xportal_in_state :many
-- in: state:str limit_n:i64
-- out: dossier_id:i64 connector:str national:str fault:str at_us:i64
SELECT dossier_id, connector, national, fault, at_us FROM exchange_portal WHERE state = :state ORDER BY at_us LIMIT :limit_n

-- name: xportal_queue :exec
-- in: dossier_id:i64 at_us:i64
UPDATE exchange_portal SET state = 'queued', at_us = :at_us WHERE dossier_id = :dossier_id AND state IN ('waiting', 'refused')

-- name: xportal_n :one
-- in: state:str
-- out: n:i64
SELECT count(*) FROM exchange_portal WHERE state = :state

-- name: xline_get :one
-- in: connector:str
-- out: is_chosen:i64 n_failed:i64 down_until_us:i64
SELECT is_chosen, n_failed, down_until_us FROM exchange_portal_line WHERE connector = :connector

-- name: xline_chosen :many
-- in: limit_n:i64
-- out: connector:str
-- scan: exchange_portal_line: a row for each connector, a handful
SELECT connector FROM exchange_portal_line WHERE is_chosen = 1 LIMIT :limit_n

-- name: xline_unchoose :exec
-- scan: exchange_portal_line: a row for each connector, a handful
UPDATE exchange_portal_line SET is_chosen = 0

-- name: xline_choose :exec
-- in: connector:str
INSERT INTO exchange_portal_line (connector, is_chosen, n_failed, down_until_us) VALUES (:connector, 1, 0, 0)
ON CONFLICT (connector) DO UPDATE SET is_chosen = 1

-- name: xline_state :exec
-- in: connector:str n_failed:i64 down_until_us:i64
INSERT INTO exchange_portal_line (connector, is_chosen, n_failed, down_until_us) VALUES (:connector, 0, :n_failed, :down_until_us)
ON CONFLICT (connector) DO UPDATE SET n_failed = excluded.n_failed, down_until_us = excluded.down_until_us

-- name: xsim_taken :many
-- in: service:str limit_n:i64
-- out: id:i64 key:str message:str status:str n_again:i64 at_us:i64
SELECT id, key, message, status, n_again, at_us FROM exchange_sim_message WHERE service = :service ORDER BY id DESC LIMIT :limit_n

-- name: xline_poll :exec
-- in: connector:str poll_us:i64
INSERT INTO exchange_portal_line (connector, is_chosen, n_failed, down_until_us, poll_us) VALUES (:connector, 0, 0, 0, :poll_us)
ON CONFLICT (connector) DO UPDATE SET poll_us = excluded.poll_us

-- name: xline_poll_get :one
-- in: connector:str
-- out: poll_us:i64
SELECT poll_us FROM exchange_portal_line WHERE connector = :connector

-- name: xportal_by_national :many
-- in: national:str limit_n:i64
-- out: dossier_id:i64
SELECT dossier_id FROM exchange_portal WHERE national = :national AND national <> '' LIMIT :limit_n

-- name: xarrival_insert :exec
-- in: id:i64 connector:str national:str revision:i64 state:str work:str fault:str outcome:str n_outcome:i64 is_told:i64 dossier_id:i64 at_us:i64
INSERT INTO exchange_arrival (id, connector, national, revision, state, work, fault, note, outcome, n_outcome, is_told, procedure_code, unit_code, draft_id, dossier_id, n_again, tries, next_us, first_us, at_us)
VALUES (:id, :connector, :national, :revision, :state, :work, :fault, '', :outcome, :n_outcome, :is_told, '', '', 0, :dossier_id, 0, 0, 0, :at_us, :at_us)

-- name: xarrival_by_id :one
-- in: id:i64
-- out: id:i64 connector:str national:str revision:i64 state:str work:str fault:str note:str outcome:str n_outcome:i64 is_told:i64 procedure_code:str unit_code:str draft_id:i64 dossier_id:i64 n_again:i64 tries:i64 next_us:i64 first_us:i64 at_us:i64
SELECT id, connector, national, revision, state, work, fault, note, outcome, n_outcome, is_told, procedure_code, unit_code, draft_id, dossier_id, n_again, tries, next_us, first_us, at_us
FROM exchange_arrival WHERE id = :id

-- name: xarrival_by_national :one
-- in: national:str
-- out: id:i64
SELECT id FROM exchange_arrival WHERE national = :national

-- name: xarrival_by_draft :many
-- in: draft_id:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_arrival WHERE draft_id = :draft_id AND draft_id <> 0 LIMIT :limit_n

-- name: xarrival_by_dossier :many
-- in: dossier_id:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_arrival WHERE dossier_id = :dossier_id AND dossier_id <> 0 LIMIT :limit_n

-- name: xarrival_due :many
-- in: now_us:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_arrival WHERE work <> '' AND next_us <= :now_us ORDER BY next_us, id LIMIT :limit_n

-- name: xarrival_untold :many
-- in: after:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_arrival WHERE is_told = 0 AND id > :after ORDER BY id LIMIT :limit_n

-- name: xarrival_newest :many
-- in: before:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_arrival WHERE id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xarrival_in_state :many
-- in: state:str before:i64 limit_n:i64
-- out: id:i64
SELECT id FROM exchange_arrival WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: xarrival_n :one
-- in: state:str
-- out: n:i64
SELECT count(*) FROM exchange_arrival WHERE state = :state

-- name: xarrival_put :exec
-- in: id:i64 revision:i64 state:str work:str fault:str note:str outcome:str n_outcome:i64 is_told:i64 procedure_code:str unit_code:str draft_id:i64 dossier_id:i64 n_again:i64 tries:i64 next_us:i64 at_us:i64
UPDATE exchange_arrival SET revision = :revision, state = :state, work = :work, fault = :fault, note = :note, outcome = :outcome, n_outcome = :n_outcome, is_told = :is_told,
    procedure_code = :procedure_code, unit_code = :unit_code, draft_id = :draft_id, dossier_id = :dossier_id, n_again = :n_again, tries = :tries, next_us = :next_us, at_us = :at_us
WHERE id = :id

-- name: xarrival_told :exec
-- in: id:i64 n_outcome:i64 is_told:i64
UPDATE exchange_arrival SET is_told = :is_told WHERE id = :id AND n_outcome = :n_outcome AND is_told = 0

-- name: xarrival_draft :exec
-- in: id:i64 draft_id:i64
UPDATE exchange_arrival SET draft_id = :draft_id WHERE id = :id

-- name: xsim_dossier_get :one
-- in: service:str national:str
-- out: revision:i64 change:str template:str is_told:i64 outcome:str number:str at_us:i64
SELECT revision, change, template, is_told, outcome, number, at_us FROM exchange_sim_dossier WHERE service = :service AND national = :national

-- name: xsim_dossier_put :exec
-- in: service:str national:str revision:i64 change:str template:str is_told:i64 outcome:str number:str at_us:i64
INSERT INTO exchange_sim_dossier (service, national, revision, change, template, is_told, outcome, number, at_us)
VALUES (:service, :national, :revision, :change, :template, :is_told, :outcome, :number, :at_us)
ON CONFLICT (service, national) DO UPDATE SET revision = excluded.revision, change = excluded.change, template = excluded.template, is_told = excluded.is_told,
    outcome = excluded.outcome, number = excluded.number, at_us = excluded.at_us

-- name: xsim_dossiers :many
-- in: service:str limit_n:i64
-- out: national:str revision:i64 change:str template:str is_told:i64 outcome:str number:str at_us:i64
SELECT national, revision, change, template, is_told, outcome, number, at_us FROM exchange_sim_dossier WHERE service = :service ORDER BY national LIMIT :limit_n

-- name: xmark_get :one
-- out: n:i64
SELECT n FROM exchange_mark WHERE id = 1

-- name: xmark_add :exec
INSERT INTO exchange_mark (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = exchange_mark.n + 1
