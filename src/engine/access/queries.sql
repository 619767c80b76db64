-- name: account_by_login :one
-- in: login:str
-- out: id:i64 party_id:i64 login:str password_hash:str totp_secret:str totp_last:i64 state:str is_officer:i64 failed_n:i64 wait_until_us:i64 must_change:i64
SELECT id, party_id, login, password_hash, totp_secret, totp_last, state, is_officer, failed_n, wait_until_us, must_change
FROM account WHERE login = :login

-- name: account_by_id :one
-- in: id:i64
-- out: id:i64 party_id:i64 login:str password_hash:str totp_secret:str totp_last:i64 state:str is_officer:i64 failed_n:i64 wait_until_us:i64 must_change:i64 name:str
SELECT a.id, a.party_id, a.login, a.password_hash, a.totp_secret, a.totp_last, a.state, a.is_officer, a.failed_n, a.wait_until_us, a.must_change, p.name
FROM account a JOIN party p ON p.id = a.party_id WHERE a.id = :id

-- name: account_by_party :one
-- in: party_id:i64
-- out: id:i64
SELECT id FROM account WHERE party_id = :party_id ORDER BY id LIMIT 1

-- name: account_insert :exec
-- in: id:i64 party_id:i64 login:str password_hash:str is_officer:i64 must_change:i64 created_us:i64
INSERT INTO account (id, party_id, login, password_hash, totp_last, state, is_officer, failed_n, wait_until_us, must_change, created_us)
VALUES (:id, :party_id, :login, :password_hash, 0, 'active', :is_officer, 0, 0, :must_change, :created_us)

-- name: account_fail :exec
-- in: id:i64 wait_until_us:i64
UPDATE account SET failed_n = failed_n + 1, wait_until_us = :wait_until_us WHERE id = :id

-- name: account_pass :exec
-- in: id:i64 totp_was:i64 totp_last:i64
UPDATE account SET failed_n = 0, wait_until_us = 0, totp_last = :totp_last WHERE id = :id AND totp_last = :totp_was AND state = 'active'

-- name: account_set_password :exec
-- in: id:i64 password_hash:str must_change:i64
UPDATE account SET password_hash = :password_hash, must_change = :must_change, failed_n = 0, wait_until_us = 0 WHERE id = :id

-- name: account_set_totp :exec
-- in: id:i64 totp_secret:str
UPDATE account SET totp_secret = :totp_secret, totp_last = 0 WHERE id = :id

-- name: account_set_state :exec
-- in: id:i64 state:str
UPDATE account SET state = :state WHERE id = :id

-- name: account_find :many
-- in: after:str login_like:str name_like:str unit:str role:str today:str limit_n:i64
-- out: id:i64 login:str name:str state:str has_totp:i64
SELECT a.id, a.login, p.name, a.state, a.totp_secret IS NOT NULL
FROM account a JOIN party p ON p.id = a.party_id
WHERE a.login > :after AND a.is_officer = 1 AND (a.login LIKE :login_like OR p.name_fold LIKE :name_like)
    AND ((:unit = '' AND :role = '') OR EXISTS (SELECT 1 FROM position o WHERE o.account_id = a.id AND (:unit = '' OR o.unit = :unit)
        AND (:role = '' OR o.role = :role) AND o.valid_from <= :today AND (o.valid_to IS NULL OR o.valid_to >= :today)))
ORDER BY a.login LIMIT :limit_n

-- name: account_reset :exec
-- in: id:i64 password_hash:str
UPDATE account SET password_hash = :password_hash, totp_secret = NULL, totp_last = 0, must_change = 1, failed_n = 0, wait_until_us = 0 WHERE id = :id

-- name: position_of :many
-- in: account_id:i64 today:str limit_n:i64
-- out: id:i64 unit:str role:str title:str
SELECT id, unit, role, title FROM position
WHERE account_id = :account_id AND valid_from <= :today AND (valid_to IS NULL OR valid_to >= :today) ORDER BY id LIMIT :limit_n

-- name: position_all_of :many
-- in: account_id:i64 limit_n:i64
-- out: id:i64 unit:str role:str title:str valid_from:str valid_to:str
SELECT id, unit, role, title, valid_from, valid_to FROM position WHERE account_id = :account_id ORDER BY id LIMIT :limit_n

-- name: position_by_id :one
-- in: id:i64
-- out: id:i64 account_id:i64 unit:str role:str title:str valid_from:str valid_to:str
SELECT id, account_id, unit, role, title, valid_from, valid_to FROM position WHERE id = :id

-- name: position_insert :exec
-- in: id:i64 account_id:i64 unit:str role:str title:str valid_from:str valid_to:str granted_by:i64?
INSERT INTO position (id, account_id, unit, role, title, valid_from, valid_to, granted_by)
VALUES (:id, :account_id, :unit, :role, :title, :valid_from, :valid_to, :granted_by)

-- name: position_end :exec
-- in: id:i64 valid_to:str
UPDATE position SET valid_to = :valid_to WHERE id = :id

-- name: position_in_unit :many
-- in: unit:str role:str today:str limit_n:i64
-- out: id:i64 account_id:i64 title:str name:str
SELECT o.id, o.account_id, o.title, p.name FROM position o JOIN account a ON a.id = o.account_id JOIN party p ON p.id = a.party_id
WHERE o.unit = :unit AND o.role = :role AND o.valid_from <= :today AND (o.valid_to IS NULL OR o.valid_to >= :today) AND a.state = 'active'
ORDER BY o.id LIMIT :limit_n

-- name: position_move_unit :exec
-- in: from_unit:str to_unit:str
UPDATE position SET unit = :to_unit WHERE unit = :from_unit AND valid_to IS NULL

-- name: acting_for :many
-- in: account_id:i64 now_us:i64 today:str limit_n:i64
-- out: id:i64 position_id:i64 unit:str role:str title:str owner:i64 owner_name:str
SELECT c.id, o.id, o.unit, o.role, o.title, o.account_id, p.name
FROM acting c JOIN position o ON o.id = c.position_id JOIN account a ON a.id = o.account_id JOIN party p ON p.id = a.party_id
WHERE c.to_account = :account_id AND c.from_us <= :now_us AND c.to_us > :now_us AND c.revoked_us IS NULL
    AND o.valid_from <= :today AND (o.valid_to IS NULL OR o.valid_to >= :today) AND a.state = 'active' ORDER BY c.id LIMIT :limit_n

-- name: acting_insert :exec
-- in: id:i64 position_id:i64 to_account:i64 from_us:i64 to_us:i64 reason:str
INSERT INTO acting (id, position_id, to_account, from_us, to_us, reason) VALUES (:id, :position_id, :to_account, :from_us, :to_us, :reason)

-- name: acting_given :many
-- in: account_id:i64 now_us:i64 limit_n:i64
-- out: id:i64 unit:str role:str to_name:str from_us:i64 to_us:i64 reason:str
SELECT c.id, o.unit, o.role, p.name, c.from_us, c.to_us, c.reason
FROM position o JOIN acting c ON c.position_id = o.id JOIN account a ON a.id = c.to_account JOIN party p ON p.id = a.party_id
WHERE o.account_id = :account_id AND c.to_us > :now_us AND c.revoked_us IS NULL ORDER BY c.id LIMIT :limit_n

-- name: acting_revoke :exec
-- in: id:i64 account_id:i64 now_us:i64
UPDATE acting SET revoked_us = :now_us WHERE id = :id AND revoked_us IS NULL
    AND position_id IN (SELECT id FROM position WHERE account_id = :account_id)

-- name: acting_end :exec
-- in: position_id:i64 to_account:i64 reason:str now_us:i64
UPDATE acting SET revoked_us = :now_us WHERE position_id = :position_id AND to_account = :to_account AND reason = :reason AND revoked_us IS NULL AND to_us > :now_us

-- name: session_ended_by_token :one
-- in: token_hash:str
-- out: csrf:str account_id:i64 for_party:i64
SELECT csrf, account_id, for_party FROM session WHERE token_hash = :token_hash AND account_id IS NOT NULL

-- name: session_by_token :one
-- in: token_hash:str now_us:i64
-- out: id:i64 csrf:str account_id:i64 level:i64 for_party:i64 seen_us:i64 is_officer:i64 party_id:i64 login:str state:str must_change:i64 name:str
SELECT s.id, s.csrf, s.account_id, s.level, s.for_party, s.seen_us, a.is_officer, a.party_id, a.login, a.state, a.must_change, p.name
FROM session s LEFT JOIN account a ON a.id = s.account_id LEFT JOIN party p ON p.id = a.party_id
WHERE s.token_hash = :token_hash AND s.revoked_us IS NULL AND s.ends_us > :now_us

-- name: session_insert :exec
-- in: id:i64 token_hash:str csrf:str account_id:i64? level:i64 peer:str agent:str created_us:i64 ends_us:i64
INSERT INTO session (id, token_hash, csrf, account_id, level, peer, agent, created_us, seen_us, ends_us)
VALUES (:id, :token_hash, :csrf, :account_id, :level, :peer, :agent, :created_us, :created_us, :ends_us)

-- name: session_seen :exec
-- in: id:i64 seen_us:i64 ends_us:i64
UPDATE session SET seen_us = :seen_us, ends_us = :ends_us WHERE id = :id

-- name: session_set_for :exec
-- in: id:i64 for_party:i64?
UPDATE session SET for_party = :for_party WHERE id = :id

-- name: session_revoke :exec
-- in: id:i64 account_id:i64 now_us:i64
UPDATE session SET revoked_us = :now_us WHERE id = :id AND account_id = :account_id AND revoked_us IS NULL

-- name: session_revoke_all :exec
-- in: account_id:i64 except_id:i64 now_us:i64
UPDATE session SET revoked_us = :now_us WHERE account_id = :account_id AND id <> :except_id AND revoked_us IS NULL

-- name: session_list :many
-- in: account_id:i64 now_us:i64 limit_n:i64
-- out: id:i64 peer:str agent:str created_us:i64 seen_us:i64
SELECT id, peer, agent, created_us, seen_us FROM session WHERE account_id = :account_id AND revoked_us IS NULL AND ends_us > :now_us ORDER BY id DESC LIMIT :limit_n

-- name: session_clean :exec
-- in: before_us:i64
DELETE FROM session WHERE ends_us < :before_us

-- name: token_by_hash :one
-- in: token_hash:str now_us:i64
-- out: id:i64 account_id:i64 perms:str used_us:i64
SELECT id, account_id, perms, used_us FROM api_token WHERE token_hash = :token_hash AND revoked_us IS NULL AND ends_us > :now_us

-- name: token_insert :exec
-- in: id:i64 account_id:i64 name:str token_hash:str perms:str created_us:i64 ends_us:i64
INSERT INTO api_token (id, account_id, name, token_hash, perms, created_us, ends_us) VALUES (:id, :account_id, :name, :token_hash, :perms, :created_us, :ends_us)

-- name: token_list :many
-- in: account_id:i64 limit_n:i64
-- out: id:i64 name:str perms:str created_us:i64 ends_us:i64 used_us:i64 revoked_us:i64
SELECT id, name, perms, created_us, ends_us, used_us, revoked_us FROM api_token WHERE account_id = :account_id ORDER BY id DESC LIMIT :limit_n

-- name: token_revoke :exec
-- in: id:i64 account_id:i64 now_us:i64
UPDATE api_token SET revoked_us = :now_us WHERE id = :id AND account_id = :account_id AND revoked_us IS NULL

-- name: token_used :exec
-- in: id:i64 now_us:i64
UPDATE api_token SET used_us = :now_us WHERE id = :id

-- name: rate_get :one
-- in: key:str
-- out: window_us:i64 n:i64
SELECT window_us, n FROM rate WHERE key = :key

-- name: rate_set :exec
-- in: key:str window_us:i64 n:i64
INSERT INTO rate (key, window_us, n) VALUES (:key, :window_us, :n) ON CONFLICT (key) DO UPDATE SET window_us = excluded.window_us, n = excluded.n

-- name: idem_get :one
-- in: key:str
-- out: fingerprint:str status:i64 body:str at_us:i64
SELECT fingerprint, status, body, at_us FROM idem WHERE key = :key

-- name: idem_claim :exec
-- in: key:str fingerprint:str at_us:i64
INSERT INTO idem (key, fingerprint, status, at_us) VALUES (:key, :fingerprint, 0, :at_us) ON CONFLICT (key) DO NOTHING

-- name: idem_done :exec
-- in: key:str status:i64 body:str
UPDATE idem SET status = :status, body = :body WHERE key = :key

-- name: idem_drop :exec
-- in: key:str
DELETE FROM idem WHERE key = :key AND status = 0

-- name: idem_clean :exec
-- in: before_us:i64
DELETE FROM idem WHERE at_us < :before_us

-- name: oidc_state_insert :exec
-- in: state:str nonce:str verifier:str next:str ends_us:i64
INSERT INTO oidc_state (state, nonce, verifier, next, ends_us) VALUES (:state, :nonce, :verifier, :next, :ends_us)

-- name: oidc_state_take :one
-- in: state:str now_us:i64
-- out: nonce:str verifier:str next:str
SELECT nonce, verifier, next FROM oidc_state WHERE state = :state AND ends_us > :now_us

-- name: oidc_state_drop :exec
-- in: state:str
DELETE FROM oidc_state WHERE state = :state

-- name: oidc_document_get :one
-- in: url:str
-- out: body:str at_us:i64
SELECT body, at_us FROM oidc_document WHERE url = :url

-- name: oidc_document_put :exec
-- in: url:str body:str at_us:i64
INSERT INTO oidc_document (url, body, at_us) VALUES (:url, :body, :at_us)
ON CONFLICT (url) DO UPDATE SET body = excluded.body, at_us = excluded.at_us

-- name: oidc_document_drop :exec
-- in: url:str
DELETE FROM oidc_document WHERE url = :url

-- name: account_party_moved :exec
-- in: from_id:i64 to_id:i64
UPDATE account SET party_id = :to_id WHERE party_id = :from_id

-- name: position_open_in :many
-- in: unit:str today:str limit_n:i64
-- out: id:i64 account_id:i64 role:str title:str valid_to:str name:str
SELECT s.id, s.account_id, s.role, s.title, s.valid_to, p.name FROM position s JOIN account a ON a.id = s.account_id JOIN party p ON p.id = a.party_id
WHERE s.unit = :unit AND (s.valid_to IS NULL OR s.valid_to >= :today) ORDER BY s.id LIMIT :limit_n

-- name: position_posts :many
-- in: role:str today:str after:i64 limit_n:i64
-- out: id:i64 account_id:i64 unit:str party_id:i64 name:str
SELECT o.id, o.account_id, o.unit, a.party_id, p.name FROM position o JOIN account a ON a.id = o.account_id JOIN party p ON p.id = a.party_id
WHERE o.id > :after AND o.role = :role AND a.state = 'active' AND o.valid_from <= :today AND (o.valid_to IS NULL OR o.valid_to >= :today) ORDER BY o.id LIMIT :limit_n
