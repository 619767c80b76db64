-- name: node_peer_insert :exec
-- in: id:i64 name:str address:str tls_pem:str thumb:str added_us:i64
INSERT INTO node_peer (id, name, address, tls_pem, thumb, state, added_us)
VALUES (:id, :name, :address, :tls_pem, :thumb, 'active', :added_us)

-- name: node_peer_by_name :one
-- in: name:str
-- out: id:i64 thumb:str
SELECT id, thumb FROM node_peer WHERE name = :name

-- name: node_peer_set_address :exec
-- in: id:i64 address:str
UPDATE node_peer SET address = :address WHERE id = :id

-- name: node_peer_set_state :exec
-- in: id:i64 state:str
UPDATE node_peer SET state = :state WHERE id = :id

-- name: node_peer_all :many
-- in: limit_n:i64
-- out: id:i64 name:str address:str tls_pem:str thumb:str state:str added_us:i64 n_keys:i64
SELECT p.id, p.name, p.address, p.tls_pem, p.thumb, p.state, p.added_us,
       (SELECT COUNT(*) FROM node_key k WHERE k.peer_id = p.id) FROM node_peer p
-- scan: node_peer and node_key: some dozens of other installations, some hundreds of their members
ORDER BY p.name LIMIT :limit_n

-- name: node_key_insert :exec
-- in: id:i64 peer_id:i64 member:str thumb:str name:str pem:str from_us:i64 to_us:i64 added_us:i64
INSERT INTO node_key (id, peer_id, member, thumb, name, pem, from_us, to_us, added_us, revoked_us)
VALUES (:id, :peer_id, :member, :thumb, :name, :pem, :from_us, :to_us, :added_us, 0)

-- name: node_key_by_thumb :one
-- in: thumb:str
-- out: id:i64 peer_id:i64 member:str pem:str
SELECT id, peer_id, member, pem FROM node_key WHERE thumb = :thumb

-- name: node_key_of_member :one
-- in: member:str
-- out: peer_id:i64
SELECT peer_id FROM node_key WHERE member = :member ORDER BY id DESC LIMIT 1

-- name: node_key_revoke :exec
-- in: id:i64 now_us:i64
UPDATE node_key SET revoked_us = :now_us WHERE id = :id AND revoked_us = 0

-- name: node_key_all :many
-- in: limit_n:i64
-- out: id:i64 member:str thumb:str name:str pem:str from_us:i64 to_us:i64 revoked_us:i64 peer:str
SELECT k.id, k.member, k.thumb, k.name, k.pem, k.from_us, k.to_us, k.revoked_us, p.name
FROM node_key k JOIN node_peer p ON p.id = k.peer_id
-- scan: node_key and node_peer: some hundreds of members of other installations
ORDER BY k.id DESC LIMIT :limit_n

-- name: node_evidence_insert :exec
-- in: id:i64 seq:i64 at_us:i64 kind:str way:str request_id:str message_id:str client:str service:str issue:str user_id:str peer:str status:i64 digest:str n_bytes:i64 has_body:i64 segment:i64 at:i64
INSERT INTO node_evidence (id, seq, at_us, kind, way, request_id, message_id, client, service, issue, user_id, peer, status, digest, n_bytes, has_body, segment, at)
VALUES (:id, :seq, :at_us, :kind, :way, :request_id, :message_id, :client, :service, :issue, :user_id, :peer, :status, :digest, :n_bytes, :has_body, :segment, :at)
ON CONFLICT (seq) DO NOTHING

-- name: node_evidence_by_request :many
-- in: request_id:str limit_n:i64
-- out: id:i64 seq:i64 at_us:i64 kind:str way:str request_id:str message_id:str client:str service:str issue:str user_id:str peer:str status:i64 digest:str n_bytes:i64 has_body:i64 segment:i64 at:i64
SELECT id, seq, at_us, kind, way, request_id, message_id, client, service, issue, user_id, peer, status, digest, n_bytes, has_body, segment, at
FROM node_evidence WHERE request_id = :request_id ORDER BY seq DESC LIMIT :limit_n

-- name: node_evidence_by_message :many
-- in: message_id:str limit_n:i64
-- out: id:i64 seq:i64 at_us:i64 kind:str way:str request_id:str message_id:str client:str service:str issue:str user_id:str peer:str status:i64 digest:str n_bytes:i64 has_body:i64 segment:i64 at:i64
SELECT id, seq, at_us, kind, way, request_id, message_id, client, service, issue, user_id, peer, status, digest, n_bytes, has_body, segment, at
FROM node_evidence WHERE message_id = :message_id ORDER BY seq DESC LIMIT :limit_n

-- name: node_evidence_by_issue :many
-- in: issue:str before:i64 from_us:i64 to_us:i64 limit_n:i64
-- out: id:i64 seq:i64 at_us:i64 kind:str way:str request_id:str message_id:str client:str service:str issue:str user_id:str peer:str status:i64 digest:str n_bytes:i64 has_body:i64 segment:i64 at:i64
SELECT id, seq, at_us, kind, way, request_id, message_id, client, service, issue, user_id, peer, status, digest, n_bytes, has_body, segment, at
FROM node_evidence WHERE issue = :issue AND seq < :before AND at_us >= :from_us AND at_us < :to_us ORDER BY seq DESC LIMIT :limit_n

-- name: node_evidence_by_member :many
-- in: low:str high:str before:i64 from_us:i64 to_us:i64 limit_n:i64
-- out: id:i64 seq:i64 at_us:i64 kind:str way:str request_id:str message_id:str client:str service:str issue:str user_id:str peer:str status:i64 digest:str n_bytes:i64 has_body:i64 segment:i64 at:i64
SELECT id, seq, at_us, kind, way, request_id, message_id, client, service, issue, user_id, peer, status, digest, n_bytes, has_body, segment, at
FROM node_evidence
WHERE seq < :before AND at_us >= :from_us AND at_us < :to_us
  AND ((client >= :low AND client < :high) OR (service >= :low AND service < :high))
ORDER BY seq DESC LIMIT :limit_n

-- name: node_evidence_newest :many
-- in: before:i64 from_us:i64 to_us:i64 limit_n:i64
-- out: id:i64 seq:i64 at_us:i64 kind:str way:str request_id:str message_id:str client:str service:str issue:str user_id:str peer:str status:i64 digest:str n_bytes:i64 has_body:i64 segment:i64 at:i64
SELECT id, seq, at_us, kind, way, request_id, message_id, client, service, issue, user_id, peer, status, digest, n_bytes, has_body, segment, at
FROM node_evidence WHERE seq < :before AND at_us >= :from_us AND at_us < :to_us ORDER BY seq DESC LIMIT :limit_n

-- name: node_evidence_received :each
-- in: from_us:i64 least_bytes:i64 limit_n:i64
-- out: digest:str
SELECT digest FROM node_evidence WHERE at_us >= :from_us AND n_bytes >= :least_bytes AND kind = 'request' AND way = 'received' ORDER BY at_us LIMIT :limit_n

-- name: node_evidence_large :one
-- in: digest:str
-- out: id:i64
SELECT id FROM node_evidence WHERE digest = :digest AND n_bytes > 262144 LIMIT 1

-- name: node_evidence_oldest_after :one
-- in: seq:i64
-- out: seq:i64 at_us:i64
SELECT seq, at_us FROM node_evidence WHERE seq > :seq ORDER BY seq LIMIT 1

-- name: node_evidence_after :many
-- in: seq:i64 limit_n:i64
-- out: seq:i64 at_us:i64 segment:i64 at:i64
SELECT seq, at_us, segment, at FROM node_evidence WHERE seq > :seq ORDER BY seq LIMIT :limit_n

-- name: node_stamp_insert :exec
-- in: to_seq:i64 from_seq:i64 at_us:i64 segment:i64 at:i64
INSERT INTO node_stamp (to_seq, from_seq, at_us, segment, at)
VALUES (:to_seq, :from_seq, :at_us, :segment, :at) ON CONFLICT (to_seq) DO NOTHING

-- name: node_stamp_of :one
-- in: seq:i64
-- out: to_seq:i64 from_seq:i64 at_us:i64 segment:i64 at:i64
SELECT to_seq, from_seq, at_us, segment, at FROM node_stamp WHERE to_seq >= :seq ORDER BY to_seq LIMIT 1

-- name: node_stamp_last :one
-- out: to_seq:i64 at_us:i64
SELECT to_seq, at_us FROM node_stamp ORDER BY to_seq DESC LIMIT 1

-- name: node_mark_get :one
-- out: seq:i64 segment:i64 at:i64
SELECT seq, segment, at FROM node_mark WHERE id = 1

-- name: node_mark_set :exec
-- in: seq:i64 segment:i64 at:i64
INSERT INTO node_mark (id, seq, segment, at) VALUES (1, :seq, :segment, :at)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, segment = excluded.segment, at = excluded.at
