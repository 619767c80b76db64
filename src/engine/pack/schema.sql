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
