-- One run of a process for one subject (a dossier). record
CREATE TABLE flow_case (
    id BIGINT PRIMARY KEY,
    subject_id BIGINT NOT NULL,
    process_id TEXT NOT NULL,
    pack_version TEXT NOT NULL,   -- the process of this version is followed to the end
    state TEXT NOT NULL,          -- open, done, cancelled
    result TEXT,                  -- of the end event, or the reason of the cancellation
    version BIGINT NOT NULL,
    started_us BIGINT NOT NULL,
    ended_us BIGINT
);
CREATE INDEX flow_case_subject ON flow_case (subject_id, id);

-- Where a case stands in its graph: one row a token. record
CREATE TABLE flow_token (
    id BIGINT PRIMARY KEY,
    case_id BIGINT NOT NULL,
    node TEXT NOT NULL,
    edge TEXT                     -- by which it came to a join
);
CREATE INDEX flow_token_case ON flow_token (case_id, id);

-- What a person has to do, or has done. record
CREATE TABLE flow_task (
    id BIGINT PRIMARY KEY,
    case_id BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    token_id BIGINT NOT NULL,
    step_id TEXT NOT NULL,
    role TEXT NOT NULL,
    unit TEXT NOT NULL,
    action TEXT NOT NULL,
    assignee BIGINT NOT NULL DEFAULT 0,  -- account, 0 = nobody yet
    budget_s BIGINT NOT NULL,            -- working seconds
    opened_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    closed_us BIGINT,
    state TEXT NOT NULL,                 -- open, done, cancelled
    outcome TEXT,
    note TEXT,
    done_by BIGINT,
    from_task BIGINT,                    -- the task that sent it back
    handed_from BIGINT NOT NULL DEFAULT 0, -- account that is away: it goes back there; 0 = nobody
    version BIGINT NOT NULL
);
CREATE INDEX flow_task_inbox ON flow_task (unit, role, due_us, id) WHERE state = 'open';
CREATE INDEX flow_task_case ON flow_task (case_id, id);
CREATE INDEX flow_task_subject ON flow_task (subject_id, id) WHERE state = 'open';
CREATE INDEX flow_task_token ON flow_task (token_id) WHERE state = 'open';
CREATE INDEX flow_task_assignee ON flow_task (assignee, id) WHERE state = 'open';
CREATE INDEX flow_task_handed ON flow_task (handed_from, id) WHERE handed_from <> 0 AND state = 'open';

-- What happens by itself when its time has come. record
CREATE TABLE flow_timer (
    id BIGINT PRIMARY KEY,
    case_id BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    token_id BIGINT NOT NULL,
    node TEXT NOT NULL,
    due_us BIGINT NOT NULL
);
CREATE INDEX flow_timer_due ON flow_timer (due_us, id);
CREATE INDEX flow_timer_token ON flow_timer (token_id);
CREATE INDEX flow_timer_case ON flow_timer (case_id);
