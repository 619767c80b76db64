-- Every file that a row names: a restored installation must have them all.

-- name: backup_paper_hashes :each
-- out: hash:str
-- scan: a restore is verified whole
SELECT DISTINCT hash FROM paper

-- name: backup_record_hashes :each
-- out: hash:str
-- scan: a restore is verified whole
SELECT DISTINCT hash FROM record

-- name: backup_result_hashes :each
-- out: hash:str
-- scan: a restore is verified whole
SELECT hash FROM result WHERE hash IS NOT NULL

-- name: backup_pack_hashes :each
-- out: hash:str
-- scan: a restore is verified whole
SELECT DISTINCT hash FROM pack_version
