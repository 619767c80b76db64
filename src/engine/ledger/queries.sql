-- name: ledger_insert :exec
-- in: id:i64 at_us:i64 kind:str actor:i64 acting_for:i64 unit:str object:str subject:i64 purpose:str note:str salt:str commitment:str
INSERT INTO ledger_entry (id, at_us, kind, actor, acting_for, unit, object, subject, purpose, note, salt, commitment)
VALUES (:id, :at_us, :kind, :actor, :acting_for, :unit, :object, :subject, :purpose, :note, :salt, :commitment)

-- name: ledger_pending_insert :exec
-- in: entry_id:i64
INSERT INTO ledger_pending (entry_id) VALUES (:entry_id)

-- name: ledger_pending_drop :exec
-- in: entry_id:i64
DELETE FROM ledger_pending WHERE entry_id = :entry_id

-- name: ledger_unsequenced :many
-- in: limit_n:i64
-- out: id:i64 at_us:i64 kind:str actor:i64 acting_for:i64 unit:str object:str subject:i64 purpose:str note:str salt:str commitment:str
-- scan: ledger_pending holds only what came within the last second
SELECT e.id, e.at_us, e.kind, e.actor, e.acting_for, e.unit, e.object, e.subject, e.purpose, e.note, e.salt, e.commitment
FROM ledger_pending n CROSS JOIN ledger_entry e WHERE e.id = n.entry_id ORDER BY n.entry_id LIMIT :limit_n

-- name: ledger_lag :one
-- out: n:i64 oldest_us:i64
-- scan: ledger_pending holds only what came within the last second
SELECT COUNT(*), COALESCE(MIN((SELECT e.at_us FROM ledger_entry e WHERE e.id = n.entry_id)), 0) FROM ledger_pending n

-- name: ledger_leaf_insert :exec
-- in: seq:i64 entry_id:i64 hash:str
INSERT INTO ledger_leaf (seq, entry_id, hash) VALUES (:seq, :entry_id, :hash)

-- name: ledger_head_insert :exec
-- in: size:i64 root:str at_us:i64 frontier:str key_id:str signature:str
INSERT INTO ledger_head (size, root, at_us, frontier, key_id, signature) VALUES (:size, :root, :at_us, :frontier, :key_id, :signature)

-- name: ledger_head_newest :one
-- out: size:i64 root:str at_us:i64 frontier:str key_id:str signature:str
SELECT size, root, at_us, frontier, key_id, signature FROM ledger_head ORDER BY size DESC LIMIT 1

-- name: ledger_heads_after :many
-- in: size:i64 limit_n:i64
-- out: size:i64 root:str at_us:i64 key_id:str signature:str
SELECT size, root, at_us, key_id, signature FROM ledger_head WHERE size > :size ORDER BY size LIMIT :limit_n

-- name: ledger_leaves_after :many
-- in: seq:i64 limit_n:i64
-- out: seq:i64 hash:str entry_id:i64 id:i64 at_us:i64 kind:str actor:i64 acting_for:i64 unit:str object:str subject:i64 purpose:str note:str salt:str commitment:str
SELECT l.seq, l.hash, l.entry_id, e.id, e.at_us, e.kind, e.actor, e.acting_for, e.unit, e.object, e.subject, e.purpose, e.note, e.salt, e.commitment
FROM ledger_leaf l LEFT JOIN ledger_entry e ON e.id = l.entry_id WHERE l.seq > :seq ORDER BY l.seq LIMIT :limit_n

-- The next entries: how many, the last of them, how many have no leaf, how many of these do not wait for one either.
-- name: ledger_part :one
-- in: after:i64 limit_n:i64
-- out: n:i64 id:i64 n_missing:i64 n_lost:i64
SELECT COUNT(*), COALESCE(MAX(p.id), 0), COALESCE(CAST(SUM(CASE WHEN p.seq IS NULL THEN 1 ELSE 0 END) AS BIGINT), 0),
    COALESCE(CAST(SUM(CASE WHEN p.seq IS NULL AND p.waits IS NULL THEN 1 ELSE 0 END) AS BIGINT), 0)
FROM (SELECT e.id, (SELECT l.seq FROM ledger_leaf l WHERE l.entry_id = e.id) AS seq, (SELECT n.entry_id FROM ledger_pending n WHERE n.entry_id = e.id) AS waits
    FROM ledger_entry e WHERE e.id > :after ORDER BY e.id LIMIT :limit_n) AS p

-- name: ledger_by_subject :many
-- in: subject:i64 before:i64 limit_n:i64
-- out: id:i64 at_us:i64 kind:str actor:i64 acting_for:i64 unit:str object:str subject:i64 purpose:str note:str seq:i64 actor_name:str
SELECT e.id, e.at_us, e.kind, e.actor, e.acting_for, e.unit, e.object, e.subject, e.purpose, e.note, COALESCE(l.seq, -1),
    COALESCE((SELECT c.held FROM party_correction c WHERE c.party_id = p.id AND c.field = 'name' AND c.written IS NOT NULL AND c.answered_us > e.at_us ORDER BY c.answered_us LIMIT 1), p.name)
FROM ledger_entry e LEFT JOIN ledger_leaf l ON l.entry_id = e.id LEFT JOIN account a ON a.id = e.actor LEFT JOIN party p ON p.id = a.party_id
WHERE (e.subject = :subject OR e.subject IN (SELECT m.id FROM party m WHERE m.merged_into = :subject)) AND e.subject <> 0
    AND e.id < :before ORDER BY e.id DESC LIMIT :limit_n

-- name: ledger_by_object :many
-- in: object:str before:i64 limit_n:i64
-- out: id:i64 at_us:i64 kind:str actor:i64 acting_for:i64 unit:str object:str subject:i64 purpose:str note:str seq:i64 actor_name:str
SELECT e.id, e.at_us, e.kind, e.actor, e.acting_for, e.unit, e.object, e.subject, e.purpose, e.note, COALESCE(l.seq, -1),
    COALESCE((SELECT c.held FROM party_correction c WHERE c.party_id = p.id AND c.field = 'name' AND c.written IS NOT NULL AND c.answered_us > e.at_us ORDER BY c.answered_us LIMIT 1), p.name)
FROM ledger_entry e LEFT JOIN ledger_leaf l ON l.entry_id = e.id LEFT JOIN account a ON a.id = e.actor LEFT JOIN party p ON p.id = a.party_id
WHERE e.object = :object AND e.id < :before ORDER BY e.id DESC LIMIT :limit_n

-- name: ledger_list :many
-- in: before:i64 limit_n:i64
-- out: id:i64 at_us:i64 kind:str actor:i64 acting_for:i64 unit:str object:str subject:i64 purpose:str note:str seq:i64 actor_name:str
SELECT e.id, e.at_us, e.kind, e.actor, e.acting_for, e.unit, e.object, e.subject, e.purpose, e.note, COALESCE(l.seq, -1),
    COALESCE((SELECT c.held FROM party_correction c WHERE c.party_id = p.id AND c.field = 'name' AND c.written IS NOT NULL AND c.answered_us > e.at_us ORDER BY c.answered_us LIMIT 1), p.name)
FROM ledger_entry e LEFT JOIN ledger_leaf l ON l.entry_id = e.id LEFT JOIN account a ON a.id = e.actor LEFT JOIN party p ON p.id = a.party_id
WHERE e.id < :before ORDER BY e.id DESC LIMIT :limit_n
