/* sys.h: the only seam to the operating system for time, randomness and files. Real and fake twins,
 * so that tests step time and seed ids. */
#ifndef SYS_SYS_H
#define SYS_SYS_H

#include "base/ctx.h"

/* --- time ------------------------------------------------------------------------------------ */
struct sys_clock {
    int64_t (*wall_us)(const struct sys_clock *c); /* since 1970, UTC */
    int64_t (*mono_us)(const struct sys_clock *c); /* never goes back */
};
extern const struct sys_clock sys_clock_real;

/* A clock that stands still until told. Thread-safe. */
struct sys_clock_fake {
    struct sys_clock base;
    _Atomic int64_t wall, mono;
};
void sys_clock_fake_init(struct sys_clock_fake *f, int64_t wall_us);
void sys_clock_fake_step(struct sys_clock_fake *f, int64_t by_us);

int64_t sys_now_us(const struct ctx *cx);  /* wall clock */
int64_t sys_mono_us(const struct ctx *cx); /* monotonic */

/* --- randomness ------------------------------------------------------------------------------- */
struct sys_random {
    void (*fill)(struct sys_random *r, void *p, size_t n);
};
/* getrandom(2). Writable only because contexts hold a plain pointer that also fits the seeded twin;
 * it has no state. */
extern struct sys_random
    sys_random_real; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
/* Repeatable bytes; may be shared by threads (the order of draws is then theirs). */
struct sys_random_seeded {
    struct sys_random base;
    _Atomic uint64_t state;
};
void sys_random_seed(struct sys_random_seeded *r, uint64_t seed); /* tests and demo data only */

void sys_random_bytes(struct ctx *cx, void *p, size_t n);
/* n characters of the 32-letter alphabet 0-9A-Z without I, L, O, U (no look-alikes). */
struct str sys_random_code(struct ctx *cx, size_t n);

/* --- memory ----------------------------------------------------------------------------------- */
/* Bounds what each thread keeps of freed memory. Once, before threads are made. */
void sys_memory_bound(void);
/* Gives back what was freed: reading a pack or drawing a document leaves many times what it keeps.
 * Takes milliseconds; not for request threads. */
void sys_memory_trim(void);

/* --- files ------------------------------------------------------------------------------------ */
/* Whole file up to max_bytes. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO. */
NODISCARD enum err sys_file_read(struct ctx *cx, struct str path, size_t max_bytes,
                                 struct str *ret);
/* Writes beside, fsyncs, renames over, fsyncs the folder. ERR_DISK_FULL, ERR_IO. */
NODISCARD enum err sys_file_write(struct ctx *cx, struct str path, struct str bytes);
/* Creates the folder and its parents (mode 0750). */
NODISCARD enum err sys_mkdirs(struct ctx *cx, struct str path);
/* A file that comes with the program, e.g. "packs/demo/names.csv": in the share folder. */
struct str sys_share_path(struct ctx *cx, const char *name);
/* Names in a folder, sorted bytewise, without "." entries. is_dir tells folders. */
struct sys_entry {
    struct str name;
    bool is_dir;
};
NODISCARD enum err sys_dir_list(struct ctx *cx, struct str path, struct sys_entry **ret,
                                size_t *ret_n);
bool sys_file_exists(struct ctx *cx, struct str path);
/* Size and time of last change. ERR_NOT_FOUND, ERR_IO. */
struct sys_file_info {
    int64_t size_bytes, changed_us;
    bool is_dir;
};
NODISCARD enum err sys_file_info(struct ctx *cx, struct str path, struct sys_file_info *ret);
/* Hands the content to fn in chunks of at most 64 KiB. ERR_NOT_FOUND, ERR_IO, or what fn returned.
 */
typedef enum err sys_chunk_fn(struct ctx *cx, struct str chunk, void *arg);
NODISCARD enum err sys_file_each(struct ctx *cx, struct str path, sys_chunk_fn *fn, void *arg);
/* Adds bytes to a file that must be at_bytes long, making it at 0; not durable by itself.
 * ERR_CONFLICT: it has another size. ERR_DISK_FULL, ERR_IO. */
NODISCARD enum err sys_file_add(struct ctx *cx, struct str path, int64_t at_bytes,
                                struct str bytes);
/* Up to max_bytes from a place on; fewer only at the end. ERR_NOT_FOUND, ERR_IO. */
NODISCARD enum err sys_file_part(struct ctx *cx, struct str path, int64_t at_bytes,
                                 size_t max_bytes, struct str *ret);
/* Durable move: fsyncs the file, renames it over `to`, fsyncs the folder of `to`.
 * ERR_UNSUPPORTED when the two are on different file systems (nothing was done). */
NODISCARD enum err sys_file_move(struct ctx *cx, struct str from, struct str to);
/* Durable copy: written beside `to`, fsynced, renamed over it. ERR_DISK_FULL, ERR_IO. */
NODISCARD enum err sys_file_copy(struct ctx *cx, struct str from, struct str to);
/* Sets the time of last change, durably together with the folder's names. ERR_NOT_FOUND, ERR_IO. */
NODISCARD enum err sys_file_touch(struct ctx *cx, struct str path, int64_t at_us);
/* Bytes that this program may still write to the disk of an existing path. ERR_NOT_FOUND, ERR_IO.
 */
NODISCARD enum err sys_disk_free(struct ctx *cx, struct str path, int64_t *ret_bytes);
/* Makes the names in a folder durable. ERR_NOT_FOUND, ERR_IO. */
NODISCARD enum err sys_dir_sync(struct ctx *cx, struct str path);
/* Renames within one file system without syncing. ERR_NOT_FOUND, ERR_IO. */
NODISCARD enum err sys_file_rename(struct ctx *cx, struct str from, struct str to);
/* ERR_OK also when there is no such file. */
NODISCARD enum err sys_file_remove(struct ctx *cx, struct str path);
/* Folder of a path: "a/b" gives "a", "b" gives ".", "/b" gives "/". Borrowed or static. */
struct str sys_path_dir(struct str path);
/* a new empty folder below the system's temporary folder, for tests and tools */
NODISCARD enum err sys_temp_dir(struct ctx *cx, struct str *ret_path);
/* Removes a folder with all its contents (not following links). ERR_OK also when it is not there.
 */
NODISCARD enum err sys_remove_tree(struct ctx *cx, struct str path);

/* --- one process per data folder -----------------------------------------------------------------
 */
struct sys_lock;
/* Takes the lock file at path, creating it. ERR_BUSY when another holder (also of this process) has
 * it. */
NODISCARD enum err sys_lock_open(struct ctx *cx, struct str path, struct sys_lock **ret);
/* Gives it back. Accepts NULL. */
void sys_lock_close(struct sys_lock *l);

/* --- configuration, immutable after start --------------------------------------------------------
 */
struct app_config {
    struct str data_dir;  /* database, blobs, keys, spool */
    struct str pack_dirs; /* ':'-separated, first wins */
    struct str share_dir; /* where packs/ stands; empty: the current folder */
    struct str store_url;
    struct str blobs_url;    /* s3:https://host/bucket[/folder], or empty: below data_dir */
    struct str blobs_key;    /* file: key id, secret, each a line */
    struct str blobs_region; /* empty: us-east-1 */
    struct str base_url;     /* http://localhost:8080, used in links, QR codes, OIDC */
    struct str smtp_url;     /* smtp://host:port or empty: mail waits in the queue */
    struct str clamd_socket; /* empty: no virus check; the page says so */
    struct str oidc_issuer, oidc_client_id, oidc_client_secret;
    struct str
        oidc_claims; /* "id=personal_id,name=name,birth=birthdate": what the provider calls them */
    struct str
        oidc_levels; /* "urn:x:2=2,1=1": acr values and what level they are here; else level 1 */
    struct str sign_module; /* empty: software key of the demo CA; else a PKCS#11 module path */
    struct str sign_pin;
    struct str tls_cert, tls_key; /* PEM paths; empty: plain HTTP */
    struct str relay_address, relay_policy, relay_log, relay_cert, relay_key;
    struct str node_name;       /* this installation's name among others; empty: base_url's host */
    struct str node_address;    /* to listen on for others; empty: 0.0.0.0 */
    struct str node_tsa;        /* RFC 3161 authority; empty: none */
    struct str node_tsa_ca;     /* PEM of the authority's root */
    int32_t node_port;          /* 0: no signed exchange */
    int32_t node_stamp_hours;   /* how long to go on while the authority is away; 0: 4 */
    int32_t node_archive_days;  /* evidence older than that moves to its archive daily; 0: not */
    struct str node_archive_at; /* "02:00", Vietnam */
    int32_t node_log_gib;       /* the evidence log's room on the disk; 0: 50 */
    int32_t box_retry_s;        /* longest wait before a line is tried again; 0: 600 */
    int32_t relay_port;         /* 0: no relay beside the pages */
    int32_t relay_loops;
    struct str today;        /* business date override YYYY-MM-DD, or empty */
    struct str address;      /* to listen on; "0.0.0.0" */
    struct str admin;        /* "127.0.0.1:9108": figures and health checks; empty: none */
    struct str log_level;    /* "error", "warn", "info", "debug" */
    int32_t queue_max;       /* requests waiting for a worker; 0: 512 */
    int32_t connections_max; /* 0: 10000 */
    int32_t drain_s;         /* between "not ready" and the end of accepting */
    int32_t sign_in_tries;   /* per 10 minutes from one address for one login; 0: 30 */
    int32_t sign_in_peer;    /* for all logins from one address, often a whole commune; 0: 2000 */
    int32_t port;
    int32_t n_workers, n_loops;
    bool is_web, is_jobs, is_relay; /* roles of this process: at least one */
    int32_t n_store_connections;    /* PostgreSQL; 0 = three per core */
    bool is_demo;                   /* demo accounts, labelled simulators */
    bool is_secure_cookie;          /* true behind TLS */
};

#endif
