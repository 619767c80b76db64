-- name: watch_calls :many
-- in: after:i64 before:i64 limit_n:i64
-- out: id:i64 at_us:i64 consumer_id:i64 service_id:i64 agreement_id:i64 is_faulty:i64 bytes:i64 took_us:i64
SELECT id, at_us, coalesce(consumer_id, 0), coalesce(service_id, 0), coalesce(agreement_id, 0), CASE WHEN fault <> '' THEN 1 ELSE 0 END, bytes_in + bytes_out, took_us
FROM exchange_call WHERE id > :after AND id < :before ORDER BY id LIMIT :limit_n

-- name: watch_month_add :exec
-- in: month:str consumer_id:i64 service_id:i64 agreement_id:i64 n:i64 n_faults:i64 bytes:i64 took_us:i64
INSERT INTO watch_month (month, consumer_id, service_id, agreement_id, n, n_faults, bytes, took_us)
VALUES (:month, :consumer_id, :service_id, :agreement_id, :n, :n_faults, :bytes, :took_us)
ON CONFLICT (month, consumer_id, service_id, agreement_id) DO UPDATE SET n = watch_month.n + excluded.n, n_faults = watch_month.n_faults + excluded.n_faults,
  bytes = watch_month.bytes + excluded.bytes, took_us = watch_month.took_us + excluded.took_us

-- name: watch_month_list :each
-- in: month:str
-- out: consumer_id:i64 service_id:i64 agreement_id:i64 n:i64 n_faults:i64 bytes:i64 took_us:i64
SELECT consumer_id, service_id, agreement_id, n, n_faults, bytes, took_us FROM watch_month WHERE month = :month
ORDER BY n DESC, consumer_id, service_id, agreement_id

-- name: watch_month_n :one
-- in: month:str
-- out: n:i64
SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM watch_month WHERE month = :month

-- name: watch_month_open :many
-- in: month:str after:i64 before:str limit_n:i64
-- out: month:str service_id:i64 n:i64 n_faults:i64 bytes:i64
-- the month that was begun after that service, then older ones
SELECT month, service_id, CAST(sum(n) AS BIGINT), CAST(sum(n_faults) AS BIGINT), CAST(sum(bytes) AS BIGINT) FROM watch_month
WHERE month < :before AND service_id > 0 AND month <= :month AND (month < :month OR service_id > :after)
GROUP BY month, service_id ORDER BY month DESC, service_id LIMIT :limit_n

-- name: watch_mark_get :one
-- out: call_id:i64
SELECT call_id FROM watch_mark WHERE id = 1

-- name: watch_mark_set :exec
-- in: call_id:i64
INSERT INTO watch_mark (id, call_id) VALUES (1, :call_id) ON CONFLICT (id) DO UPDATE SET call_id = excluded.call_id

-- name: watch_pairs :each
-- in: after:i64 before:i64
-- out: consumer_id:i64 service_id:i64 n:i64 n_faults:i64 took_us:i64 bytes:i64
-- all of them, the busiest first
SELECT coalesce(consumer_id, 0), coalesce(service_id, 0), count(*), CAST(sum(CASE WHEN fault <> '' THEN 1 ELSE 0 END) AS BIGINT), CAST(sum(took_us) AS BIGINT),
  CAST(sum(bytes_in + bytes_out) AS BIGINT)
-- sqlite:
FROM exchange_call NOT INDEXED WHERE id > :after AND id < :before
-- postgres:
FROM exchange_call WHERE id > :after AND id < :before
-- end
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2

-- name: watch_services :each
-- out: id:i64 words:str
-- what a service is found by
-- scan: exchange_service and exchange_subsystem and exchange_member: some hundreds of a province
SELECT s.id, s.name || ' ' || m.name || ' ' || m.class || '/' || m.code || '/' || u.code || '/' || s.code
FROM exchange_service s JOIN exchange_subsystem u ON u.id = s.subsystem_id JOIN exchange_member m ON m.id = u.member_id ORDER BY s.id

-- name: watch_systems :each
-- out: id:i64 words:str
-- scan: exchange_subsystem and exchange_member: some hundreds of a province
SELECT u.id, u.name || ' ' || m.name || ' ' || m.class || '/' || m.code || '/' || u.code
FROM exchange_subsystem u JOIN exchange_member m ON m.id = u.member_id ORDER BY u.id

-- name: watch_last :one
-- in: service_id:i64
-- out: at_us:i64
SELECT at_us FROM exchange_call WHERE service_id = :service_id ORDER BY id DESC LIMIT 1

-- name: watch_some :one
-- in: service_id:i64 after:i64 limit_n:i64
-- out: n:i64
-- counted no further than it matters
SELECT count(*) FROM (SELECT id FROM exchange_call WHERE service_id = :service_id AND id > :after ORDER BY id LIMIT :limit_n) AS part

-- name: watch_limit_get :one
-- in: rule:str
-- out: value:i64
SELECT value FROM watch_limit WHERE rule = :rule

-- name: watch_limit_set :exec
-- in: rule:str value:i64
INSERT INTO watch_limit (rule, value) VALUES (:rule, :value) ON CONFLICT (rule) DO UPDATE SET value = excluded.value

-- name: watch_alarm_open :each
-- out: id:i64 rule:str object:str
SELECT id, rule, object FROM watch_alarm WHERE ended_us = 0

-- name: watch_alarm_n :one
-- out: n:i64
SELECT count(*) FROM watch_alarm WHERE ended_us = 0

-- name: watch_alarm_on :many
-- in: before:i64 limit_n:i64
-- out: id:i64 rule:str object:str name:str since_us:i64 ended_us:i64 value:i64 limit_n:i64
SELECT id, rule, object, name, since_us, ended_us, value, limit_n FROM watch_alarm WHERE ended_us = 0 AND id < :before ORDER BY id DESC LIMIT :limit_n

-- name: watch_alarm_past :many
-- in: ended_us:i64 id:i64 limit_n:i64
-- out: id:i64 rule:str object:str name:str since_us:i64 ended_us:i64 value:i64 limit_n:i64
SELECT id, rule, object, name, since_us, ended_us, value, limit_n FROM watch_alarm
WHERE ended_us > 0 AND (ended_us, id) < (:ended_us, :id) ORDER BY ended_us DESC, id DESC LIMIT :limit_n

-- name: watch_alarm_add :exec
-- in: id:i64 rule:str object:str name:str since_us:i64 value:i64 limit_n:i64
INSERT INTO watch_alarm (id, rule, object, name, since_us, ended_us, value, limit_n) VALUES (:id, :rule, :object, :name, :since_us, 0, :value, :limit_n)

-- name: watch_alarm_end :exec
-- in: id:i64 ended_us:i64
UPDATE watch_alarm SET ended_us = :ended_us WHERE id = :id

-- name: opmon_stop :one
-- in: after:i64 before:i64 limit_n:i64
-- out: n:i64 id:i64
SELECT count(*), coalesce(max(id), 0) FROM (SELECT id FROM exchange_call WHERE id > :after AND id < :before ORDER BY id LIMIT :limit_n) AS part

-- name: opmon_calls :each
-- in: after:i64 before:i64 system_id:i64
-- out: id:i64 at_us:i64 way:str operation:str status:i64 fault:str bytes_in:i64 bytes_out:i64 took_us:i64 up_us:i64 back_us:i64 request_id:str message_id:str
-- out: client_class:str client_code:str client_system:str owner_class:str owner_code:str owner_system:str service_code:str kind:str
SELECT c.id, c.at_us, c.way, c.operation, c.status, c.fault, c.bytes_in, c.bytes_out, c.took_us, c.up_us, c.back_us, c.request_id, c.message_id,
  cm.class, cm.code, cs.code, pm.class, pm.code, ps.code, s.code, v.kind
FROM exchange_call c LEFT JOIN exchange_subsystem cs ON cs.id = c.consumer_id LEFT JOIN exchange_member cm ON cm.id = cs.member_id
  LEFT JOIN exchange_service s ON s.id = c.service_id LEFT JOIN exchange_version v ON v.id = s.version_id
  LEFT JOIN exchange_subsystem ps ON ps.id = s.subsystem_id LEFT JOIN exchange_member pm ON pm.id = ps.member_id
WHERE c.id > :after AND c.id < :before AND (:system_id = 0 OR c.consumer_id = :system_id OR ps.id = :system_id) ORDER BY c.id

-- name: opmon_services :each
-- out: id:i64 class:str member:str subsystem:str code:str kind:str
SELECT s.id, m.class, m.code, u.code, s.code, v.kind FROM exchange_service s JOIN exchange_subsystem u ON u.id = s.subsystem_id
  JOIN exchange_member m ON m.id = u.member_id LEFT JOIN exchange_version v ON v.id = s.version_id
WHERE s.state = 'published' ORDER BY s.id

-- name: opmon_window :each
-- in: after:i64 before:i64
-- out: service_id:i64 is_faulty:i64 bytes_in:i64 bytes_out:i64 took_us:i64
SELECT coalesce(service_id, 0), CASE WHEN fault <> '' THEN 1 ELSE 0 END, bytes_in, bytes_out, took_us FROM exchange_call WHERE id > :after AND id < :before

-- name: opmon_last :one
-- in: service_id:i64 after:i64 newest_n:i64
-- out: good_us:i64 bad_us:i64
SELECT CAST(coalesce(max(CASE WHEN fault = '' THEN at_us END), 0) AS BIGINT), CAST(coalesce(max(CASE WHEN fault <> '' THEN at_us END), 0) AS BIGINT)
FROM (SELECT at_us, fault FROM exchange_call WHERE service_id = :service_id AND id > :after ORDER BY id DESC LIMIT :newest_n) AS newest

-- name: opmon_back :one
-- in: after:i64 before:i64 limit_n:i64
-- out: n:i64 id:i64
SELECT count(*), coalesce(min(id), 0) FROM (SELECT id FROM exchange_call WHERE id > :after AND id < :before ORDER BY id DESC LIMIT :limit_n) AS part
