-- name: pay_bill_insert :exec
-- in: id:i64 dossier_id:i64 code:str unit:str payer:str lines:str amount_vnd:i64 created_us:i64
INSERT INTO pay_bill (id, dossier_id, code, unit, payer, lines, state, amount_vnd, created_us)
VALUES (:id, :dossier_id, :code, :unit, :payer, :lines, 'open', :amount_vnd, :created_us)

-- name: pay_bill_by_id :one
-- in: id:i64
-- out: id:i64 dossier_id:i64 code:str unit:str payer:str lines:str state:str channel:str bank_ref:str receipt:str amount_vnd:i64 created_us:i64 paid_us:i64
SELECT id, dossier_id, code, unit, payer, lines, state, channel, bank_ref, receipt, amount_vnd, created_us, paid_us FROM pay_bill WHERE id = :id

-- name: pay_bill_by_code :one
-- in: code:str
-- out: id:i64
SELECT id FROM pay_bill WHERE code = :code

-- name: pay_bill_by_ref :one
-- in: bank_ref:str
-- out: id:i64
SELECT id FROM pay_bill WHERE bank_ref = :bank_ref

-- name: pay_bill_same :one
-- in: dossier_id:i64 lines:str
-- out: id:i64
SELECT id FROM pay_bill WHERE dossier_id = :dossier_id AND lines = :lines AND state <> 'cancelled' ORDER BY id DESC LIMIT 1

-- name: pay_bill_list :many
-- in: dossier_id:i64
-- out: id:i64
SELECT id FROM pay_bill WHERE dossier_id = :dossier_id ORDER BY id DESC LIMIT 50

-- name: pay_bill_paid :exec
-- in: id:i64 channel:str bank_ref:str receipt:str paid_us:i64 paid_day:i64
UPDATE pay_bill SET state = 'paid', channel = :channel, bank_ref = :bank_ref, receipt = :receipt, paid_us = :paid_us, paid_day = :paid_day
WHERE id = :id AND state = 'open'

-- name: pay_bill_cancel :exec
-- in: id:i64 reason:str
UPDATE pay_bill SET state = 'cancelled', cancel_reason = :reason WHERE id = :id AND state = 'open'

-- name: pay_bill_of_day :many
-- in: day:i64 n:i64
-- out: code:str bank_ref:str amount_vnd:i64
SELECT code, bank_ref, amount_vnd FROM pay_bill WHERE paid_day = :day AND channel = 'bank' ORDER BY id LIMIT :n

-- name: pay_nonce_put :exec
-- in: nonce:str at_us:i64
INSERT INTO pay_nonce (nonce, at_us) VALUES (:nonce, :at_us) ON CONFLICT (nonce) DO NOTHING

-- name: pay_nonce_sweep :exec
-- in: before_us:i64
DELETE FROM pay_nonce WHERE at_us < :before_us

-- name: pay_stray_put :exec
-- in: id:i64 bank_ref:str code:str amount_vnd:i64 reason:str at_us:i64
INSERT INTO pay_stray (id, bank_ref, code, amount_vnd, reason, at_us) VALUES (:id, :bank_ref, :code, :amount_vnd, :reason, :at_us)
ON CONFLICT (bank_ref) DO NOTHING

-- name: pay_receipt_next :exec
-- in: unit:str year:i64
INSERT INTO pay_receipt (unit, year, last) VALUES (:unit, :year, 1) ON CONFLICT (unit, year) DO UPDATE SET last = pay_receipt.last + 1

-- name: pay_receipt_last :one
-- in: unit:str year:i64
-- out: last:i64
SELECT last FROM pay_receipt WHERE unit = :unit AND year = :year

-- name: pay_cash_insert :exec
-- in: id:i64 unit:str day:i64 bill_id:i64 amount_vnd:i64 receipt:str payer:str code:str cashier:str at_us:i64
INSERT INTO pay_cash (id, unit, day, bill_id, amount_vnd, receipt, payer, code, cashier, at_us)
VALUES (:id, :unit, :day, :bill_id, :amount_vnd, :receipt, :payer, :code, :cashier, :at_us)

-- name: pay_cash_of_day :many
-- in: unit:str day:i64
-- out: id:i64 bill_id:i64 amount_vnd:i64 at_us:i64 receipt:str payer:str code:str cashier:str void_us:i64 void_by:str void_reason:str
SELECT id, bill_id, amount_vnd, at_us, receipt, payer, code, cashier, void_us, void_by, void_reason FROM pay_cash WHERE unit = :unit AND day = :day ORDER BY id LIMIT 2000

-- name: pay_cash_of_bill :one
-- in: bill_id:i64
-- out: id:i64 day:i64 cashier:str
SELECT id, day, cashier FROM pay_cash WHERE bill_id = :bill_id AND void_us = 0 ORDER BY id DESC LIMIT 1

-- name: pay_cash_void :exec
-- in: id:i64 void_us:i64 void_by:str void_reason:str
UPDATE pay_cash SET void_us = :void_us, void_by = :void_by, void_reason = :void_reason WHERE id = :id AND void_us = 0

-- name: pay_bill_reopen :exec
-- in: id:i64
UPDATE pay_bill SET state = 'open', channel = NULL, receipt = NULL, paid_us = 0, paid_day = 0 WHERE id = :id AND state = 'paid' AND channel = 'cash'

-- name: pay_closing_insert :exec
-- in: id:i64 unit:str day:i64 n_valid:i64 n_void:i64 expected_vnd:i64 counted_vnd:i64 reason:str closed_by:str account_id:i64 at_us:i64 digest:str
INSERT INTO pay_closing (id, unit, day, n_valid, n_void, expected_vnd, counted_vnd, reason, closed_by, account_id, at_us, digest)
VALUES (:id, :unit, :day, :n_valid, :n_void, :expected_vnd, :counted_vnd, :reason, :closed_by, :account_id, :at_us, :digest)

-- name: pay_closing_of :one
-- in: unit:str day:i64
-- out: id:i64 day:i64 n_valid:i64 n_void:i64 expected_vnd:i64 counted_vnd:i64 reason:str closed_by:str at_us:i64 digest:str
SELECT id, day, n_valid, n_void, expected_vnd, counted_vnd, reason, closed_by, at_us, digest FROM pay_closing WHERE unit = :unit AND day = :day

-- name: pay_closings :many
-- in: unit:str before_day:i64 limit_n:i64
-- out: id:i64 day:i64 n_valid:i64 n_void:i64 expected_vnd:i64 counted_vnd:i64 reason:str closed_by:str at_us:i64 digest:str
SELECT id, day, n_valid, n_void, expected_vnd, counted_vnd, reason, closed_by, at_us, digest FROM pay_closing
WHERE unit = :unit AND day < :before_day ORDER BY day DESC LIMIT :limit_n
