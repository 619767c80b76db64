-- name: flow_case_insert :exec
-- in: id:i64 subject_id:i64 process_id:str pack_version:str now_us:i64
INSERT INTO flow_case (id, subject_id, process_id, pack_version, state, version, started_us)
VALUES (:id, :subject_id, :process_id, :pack_version, 'open', 1, :now_us)

-- name: flow_case_by_id :one
-- in: id:i64
-- out: id:i64 subject_id:i64 process_id:str pack_version:str state:str result:str version:i64
SELECT id, subject_id, process_id, pack_version, state, result, version FROM flow_case WHERE id = :id

-- name: flow_case_by_subject :one
-- in: subject_id:i64
-- out: id:i64 subject_id:i64 process_id:str pack_version:str state:str result:str version:i64
SELECT id, subject_id, process_id, pack_version, state, result, version FROM flow_case WHERE subject_id = :subject_id ORDER BY id DESC LIMIT 1

-- name: flow_case_touch :exec
-- in: id:i64 version:i64 state:str result:str ended_us:i64?
UPDATE flow_case SET version = version + 1, state = :state, result = :result, ended_us = :ended_us
WHERE id = :id AND version = :version

-- name: flow_tokens_of_case :many
-- in: case_id:i64 limit_n:i64
-- out: id:i64 node:str edge:str
SELECT id, node, edge FROM flow_token WHERE case_id = :case_id ORDER BY id LIMIT :limit_n

-- name: flow_token_put :exec
-- in: id:i64 case_id:i64 node:str edge:str
INSERT INTO flow_token (id, case_id, node, edge) VALUES (:id, :case_id, :node, :edge)
ON CONFLICT (id) DO UPDATE SET node = excluded.node, edge = excluded.edge

-- name: flow_token_delete :exec
-- in: id:i64
DELETE FROM flow_token WHERE id = :id

-- name: flow_task_insert :exec
-- in: id:i64 case_id:i64 subject_id:i64 token_id:i64 step_id:str role:str unit:str action:str budget_s:i64 opened_us:i64 due_us:i64 from_task:i64?
INSERT INTO flow_task (id, case_id, subject_id, token_id, step_id, role, unit, action, budget_s, opened_us, due_us, state, from_task, version)
VALUES (:id, :case_id, :subject_id, :token_id, :step_id, :role, :unit, :action, :budget_s, :opened_us, :due_us, 'open', :from_task, 1)

-- name: flow_task_by_id :one
-- in: id:i64
-- out: id:i64 case_id:i64 subject_id:i64 token_id:i64 step_id:str role:str unit:str action:str assignee:i64 budget_s:i64 opened_us:i64 due_us:i64 closed_us:i64 state:str outcome:str note:str done_by:i64 from_task:i64 handed_from:i64 version:i64
SELECT id, case_id, subject_id, token_id, step_id, role, unit, action, assignee, budget_s, opened_us, due_us, closed_us, state, outcome, note, done_by, from_task, handed_from, version FROM flow_task WHERE id = :id

-- name: flow_task_of_token :one
-- in: token_id:i64
-- out: id:i64 case_id:i64 subject_id:i64 token_id:i64 step_id:str role:str unit:str action:str assignee:i64 budget_s:i64 opened_us:i64 due_us:i64 closed_us:i64 state:str outcome:str note:str done_by:i64 from_task:i64 handed_from:i64 version:i64
SELECT id, case_id, subject_id, token_id, step_id, role, unit, action, assignee, budget_s, opened_us, due_us, closed_us, state, outcome, note, done_by, from_task, handed_from, version FROM flow_task WHERE token_id = :token_id AND state = 'open'

-- name: flow_tasks_of_case :many
-- in: case_id:i64 limit_n:i64
-- out: id:i64 case_id:i64 subject_id:i64 token_id:i64 step_id:str role:str unit:str action:str assignee:i64 budget_s:i64 opened_us:i64 due_us:i64 closed_us:i64 state:str outcome:str note:str done_by:i64 from_task:i64 handed_from:i64 version:i64
SELECT id, case_id, subject_id, token_id, step_id, role, unit, action, assignee, budget_s, opened_us, due_us, closed_us, state, outcome, note, done_by, from_task, handed_from, version FROM flow_task WHERE case_id = :case_id ORDER BY id LIMIT :limit_n

-- name: flow_task_close :exec
-- in: id:i64 version:i64 state:str outcome:str note:str done_by:i64? closed_us:i64
UPDATE flow_task SET version = version + 1, state = :state, outcome = :outcome, note = :note, done_by = :done_by, closed_us = :closed_us
WHERE id = :id AND version = :version AND state = 'open'

-- name: flow_task_assign :exec
-- in: id:i64 version:i64 assignee:i64
UPDATE flow_task SET version = version + 1, assignee = :assignee, handed_from = 0 WHERE id = :id AND version = :version AND state = 'open'

-- name: flow_task_claim :exec
-- in: id:i64 assignee:i64
UPDATE flow_task SET version = version + 1, assignee = :assignee, handed_from = 0 WHERE id = :id AND assignee = 0 AND state = 'open'

-- name: flow_task_hand :exec
-- in: id:i64 assignee:i64 handed_from:i64
UPDATE flow_task SET version = version + 1, assignee = :assignee, handed_from = :handed_from WHERE id = :id AND state = 'open'

-- name: flow_tasks_of_assignee :many
-- in: assignee:i64 unit:str limit_n:i64
-- out: id:i64 case_id:i64 subject_id:i64 token_id:i64 step_id:str role:str unit:str action:str assignee:i64 budget_s:i64 opened_us:i64 due_us:i64 closed_us:i64 state:str outcome:str note:str done_by:i64 from_task:i64 handed_from:i64 version:i64
SELECT id, case_id, subject_id, token_id, step_id, role, unit, action, assignee, budget_s, opened_us, due_us, closed_us, state, outcome, note, done_by, from_task, handed_from, version FROM flow_task
WHERE assignee = :assignee AND unit = :unit AND state = 'open' ORDER BY due_us, id LIMIT :limit_n

-- name: flow_tasks_handed_from :many
-- in: handed_from:i64 unit:str limit_n:i64
-- out: id:i64 case_id:i64 subject_id:i64 token_id:i64 step_id:str role:str unit:str action:str assignee:i64 budget_s:i64 opened_us:i64 due_us:i64 closed_us:i64 state:str outcome:str note:str done_by:i64 from_task:i64 handed_from:i64 version:i64
SELECT id, case_id, subject_id, token_id, step_id, role, unit, action, assignee, budget_s, opened_us, due_us, closed_us, state, outcome, note, done_by, from_task, handed_from, version FROM flow_task
WHERE handed_from = :handed_from AND handed_from <> 0 AND unit = :unit AND state = 'open' ORDER BY due_us, id LIMIT :limit_n

-- name: flow_assigned_n :one
-- in: assignee:i64
-- out: n:i64
SELECT COUNT(*) AS n FROM flow_task WHERE assignee = :assignee AND state = 'open'

-- name: flow_task_move_unit :exec
-- in: from_unit:str to_unit:str
UPDATE flow_task SET version = version + 1, unit = :to_unit, assignee = 0, handed_from = 0
WHERE id IN (SELECT t.id FROM flow_task t WHERE t.unit = :from_unit AND t.state = 'open')

-- name: flow_task_set_due :exec
-- in: id:i64 due_us:i64
UPDATE flow_task SET version = version + 1, due_us = :due_us WHERE id = :id AND state = 'open'

-- name: flow_inbox :many
-- in: unit:str role:str assignee:i64 after_due_us:i64 after_id:i64 before_us:i64 limit_n:i64
-- out: id:i64 case_id:i64 subject_id:i64 token_id:i64 step_id:str role:str unit:str action:str assignee:i64 budget_s:i64 opened_us:i64 due_us:i64 closed_us:i64 state:str outcome:str note:str done_by:i64 from_task:i64 handed_from:i64 version:i64
SELECT id, case_id, subject_id, token_id, step_id, role, unit, action, assignee, budget_s, opened_us, due_us, closed_us, state, outcome, note, done_by, from_task, handed_from, version FROM flow_task
WHERE unit = :unit AND role = :role AND state = 'open' AND due_us >= :after_due_us AND due_us < :before_us
  AND (due_us > :after_due_us OR id > :after_id)
  AND (:assignee = 0 OR (:assignee < 0 AND assignee = 0) OR assignee = :assignee)
ORDER BY due_us, id LIMIT :limit_n

-- name: flow_inbox_count :one
-- in: unit:str role:str me:i64 now_us:i64 soon_us:i64
-- out: n_open:i64 n_late:i64 n_due_soon:i64 n_mine:i64 n_unassigned:i64
SELECT COUNT(*) AS n_open, COALESCE(SUM(CASE WHEN due_us < :now_us THEN 1 ELSE 0 END), 0) AS n_late,
  COALESCE(SUM(CASE WHEN due_us >= :now_us AND due_us < :soon_us THEN 1 ELSE 0 END), 0) AS n_due_soon,
  COALESCE(SUM(CASE WHEN assignee = :me THEN 1 ELSE 0 END), 0) AS n_mine,
  COALESCE(SUM(CASE WHEN assignee = 0 THEN 1 ELSE 0 END), 0) AS n_unassigned
FROM flow_task WHERE unit = :unit AND role = :role AND state = 'open'

-- name: flow_timer_insert :exec
-- in: id:i64 case_id:i64 subject_id:i64 token_id:i64 node:str due_us:i64
INSERT INTO flow_timer (id, case_id, subject_id, token_id, node, due_us) VALUES (:id, :case_id, :subject_id, :token_id, :node, :due_us)

-- name: flow_timer_by_id :one
-- in: id:i64
-- out: id:i64 case_id:i64 token_id:i64 node:str due_us:i64
SELECT id, case_id, token_id, node, due_us FROM flow_timer WHERE id = :id

-- name: flow_timers_due :many
-- in: now_us:i64 limit_n:i64
-- out: id:i64 case_id:i64 subject_id:i64
SELECT id, case_id, subject_id FROM flow_timer WHERE due_us <= :now_us ORDER BY due_us, id LIMIT :limit_n

-- name: flow_timers_of_case :many
-- in: case_id:i64
-- out: node:str due_us:i64
SELECT node, due_us FROM flow_timer WHERE case_id = :case_id ORDER BY due_us, id LIMIT 50

-- name: flow_timer_delete :exec
-- in: id:i64
DELETE FROM flow_timer WHERE id = :id

-- name: flow_timers_of_token_delete :exec
-- in: token_id:i64
DELETE FROM flow_timer WHERE token_id = :token_id

-- name: flow_timers_shift :exec
-- in: token_id:i64 by_us:i64
UPDATE flow_timer SET due_us = due_us + :by_us WHERE token_id = :token_id
