-- One line of messages: who writes, to whom, about what; their order is kept. record
CREATE TABLE box_stream (
    id BIGINT PRIMARY KEY,
    sender TEXT NOT NULL,            -- system: VN/GOV/X1/MOT-CUA
    receiver TEXT NOT NULL,
    topic TEXT NOT NULL,             -- empty: addressed messages
    way TEXT NOT NULL,               -- here: both are here, out: the receiver is at another installation, in: the sender is
    member TEXT NOT NULL,            -- of the receiver: whose line the other installation is reached by
    last_seq BIGINT NOT NULL,        -- highest number given (here, out) or taken in (in)
    sent_seq BIGINT NOT NULL,        -- out: the other installation has all up to this one
    n_waiting BIGINT NOT NULL,       -- in the box (here, in), or waiting to leave (out)
    n_bytes BIGINT NOT NULL,         -- of these
    n_sent BIGINT NOT NULL,          -- out: at the other installation, not ended there
    is_queued BIGINT NOT NULL,       -- out: an outbox entry will send
    due_us BIGINT NOT NULL,          -- out: nobody tries before
    n_failed BIGINT NOT NULL,        -- out: tries in a row that did not get through
    n_idle BIGINT NOT NULL,          -- out: questions in a row without news
    fault TEXT NOT NULL,             -- out: why it does not get through: line, or the other side's word
    down_us BIGINT NOT NULL          -- out: since when; 0: it gets through
);
CREATE UNIQUE INDEX box_stream_line ON box_stream (sender, receiver, topic);
CREATE INDEX box_stream_receiver ON box_stream (receiver, id);
CREATE INDEX box_stream_due ON box_stream (way, is_queued, due_us);
CREATE INDEX box_stream_member ON box_stream (member, way);

-- A message: here, waiting to leave, or gone to another installation. record
CREATE TABLE box_message (
    id BIGINT PRIMARY KEY,
    stream_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    name TEXT NOT NULL,              -- the sender's id of it
    put_us BIGINT NOT NULL,
    type TEXT NOT NULL,              -- media type of the body
    issue TEXT NOT NULL,             -- the dossier, or empty
    body TEXT NOT NULL,
    hash TEXT NOT NULL,              -- SHA-256 of all that makes it this message
    n_bytes BIGINT NOT NULL,         -- body and files
    state TEXT NOT NULL,             -- waiting, sent, taken, refused, dead, dropped
    due_us BIGINT NOT NULL,          -- waiting in a box: hidden until then
    tries BIGINT NOT NULL,           -- how often it was fetched
    fault TEXT NOT NULL,             -- why it is refused, dead, dropped
    ended_us BIGINT NOT NULL         -- 0: not ended
);
CREATE UNIQUE INDEX box_message_name ON box_message (stream_id, name);
CREATE INDEX box_message_order ON box_message (stream_id, state, seq);
CREATE INDEX box_message_state ON box_message (state, ended_us);
CREATE INDEX box_message_old ON box_message (state, put_us);

-- A file that a message names. record
CREATE TABLE box_attach (
    message_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    n_bytes BIGINT NOT NULL,
    PRIMARY KEY (message_id, place)
);
CREATE INDEX box_attach_hash ON box_attach (hash, message_id);

-- A file that a system has brought whole. record
CREATE TABLE box_file (
    id BIGINT PRIMARY KEY,
    owner TEXT NOT NULL,             -- the system
    hash TEXT NOT NULL,
    n_bytes BIGINT NOT NULL,
    at_us BIGINT NOT NULL            -- brought, or last found in use
);
CREATE UNIQUE INDEX box_file_hash ON box_file (hash, owner);
CREATE INDEX box_file_at ON box_file (at_us);

-- Who reads a topic of whom. record
CREATE TABLE box_sub (
    id BIGINT PRIMARY KEY,
    owner TEXT NOT NULL,             -- the system that publishes
    topic TEXT NOT NULL,
    reader TEXT NOT NULL,
    from_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX box_sub_line ON box_sub (owner, topic, reader);
CREATE INDEX box_sub_reader ON box_sub (reader, id);
