-- Every file that a row names: a restored installation must have them all.

-- Of papers, records and results, the next in their order: each is among the next of its own table.
-- name: backup_hashes :many
-- in: after:str limit_n:i64
-- out: hash:str
SELECT hash FROM (SELECT DISTINCT hash FROM paper WHERE hash > :after ORDER BY hash LIMIT :limit_n) AS p
UNION SELECT hash FROM (SELECT DISTINCT hash FROM record WHERE hash > :after ORDER BY hash LIMIT :limit_n) AS r
UNION SELECT hash FROM (SELECT DISTINCT hash FROM result WHERE hash IS NOT NULL AND hash > :after ORDER BY hash LIMIT :limit_n) AS d
ORDER BY hash LIMIT :limit_n

-- name: backup_pack_hashes :each
-- out: hash:str
-- scan: pack_version: a row for each version of a pack that an operator took in
SELECT DISTINCT hash FROM pack_version
