-- name: pack_version_add :exec
-- in: version:str hash:str id:str name:str stored_us:i64 n_files:i64 size_bytes:i64
INSERT INTO pack_version (version, hash, id, name, stored_us, n_files, size_bytes)
VALUES (:version, :hash, :id, :name, :stored_us, :n_files, :size_bytes)
ON CONFLICT (version) DO NOTHING

-- name: pack_version_get :one
-- in: version:str
-- out: hash:str
SELECT hash FROM pack_version WHERE version = :version

-- name: pack_version_by_hash :one
-- in: hash:str
-- out: version:str
SELECT version FROM pack_version WHERE hash = :hash

-- name: pack_version_list :many
-- in: before_us:i64
-- out: version:str id:str name:str stored_us:i64
SELECT version, id, name, stored_us FROM pack_version WHERE stored_us < :before_us
ORDER BY stored_us DESC, version DESC LIMIT 200

-- name: pack_live_add :exec
-- in: id:i64 version:str kind:str at_us:i64 actor:i64 reason:str folder:str
INSERT INTO pack_live (id, version, kind, at_us, actor, reason, folder)
VALUES (:id, :version, :kind, :at_us, :actor, :reason, :folder)

-- name: pack_live_list :many
-- in: before:i64 limit_n:i64
-- out: id:i64 version:str kind:str at_us:i64 actor:i64 reason:str folder:str actor_name:str
SELECT l.id, l.version, l.kind, l.at_us, l.actor, l.reason, l.folder,
    COALESCE((SELECT c.held FROM party_correction c WHERE c.party_id = p.id AND c.field = 'name' AND c.written IS NOT NULL AND c.answered_us > l.at_us ORDER BY c.answered_us LIMIT 1), p.name)
FROM pack_live l LEFT JOIN account a ON a.id = l.actor LEFT JOIN party p ON p.id = a.party_id
WHERE l.id < :before ORDER BY l.id DESC LIMIT :limit_n
