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
