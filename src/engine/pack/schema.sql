-- Versions of the content pack. A dossier names the version under which it was filed.

-- record: one row per version ever in force; the files are one blob named by hash
CREATE TABLE pack_version (
    version TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    stored_us BIGINT NOT NULL,
    n_files BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL
);
CREATE INDEX pack_version_stored ON pack_version (stored_us, version);
CREATE INDEX pack_version_hash ON pack_version (hash);

-- record: each time a version went into force, newest last: which version is in force is its last row
CREATE TABLE pack_live (
    id BIGINT PRIMARY KEY,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,      -- start (the folder had changed when the program started), published, returned
    at_us BIGINT NOT NULL,
    actor BIGINT NOT NULL,   -- account, 0: the program
    reason TEXT NOT NULL,
    folder TEXT NOT NULL     -- returned: the version that the folder held, which a restart leaves alone
);
