/* relay_log.h: calls of the relay as lines of JSON in a file, each line chained to the one before
 * by SHA-256: a line changed, taken out or put in breaks the chain from there on. */
#ifndef NET_RELAY_LOG_H
#define NET_RELAY_LOG_H

#include "net/relay.h"

struct relay_log;
/* Opens or goes on with a log; a last line that was torn by a crash is cut off. ERR_IO;
 * ERR_INVALID: the file is no log of ours. */
NODISCARD enum err relay_log_open(struct ctx *cx, struct str path, struct relay_log **ret);
/* For relay_config.on_records; arg is the struct relay_log. Waits and tries again while the disk is
 * full: the relay then refuses new calls as soon as its rings are full. */
void relay_log_records(void *arg, const struct relay_record *v, size_t n);
/* Ends the waiting for a full disk; what was not written is lost and counted. */
void relay_log_give_up(struct relay_log *log);
/* Syncs and closes. NULL is fine. */
void relay_log_close(struct relay_log *log);

/* Checks a whole log. *ret_n lines were good; *ret_fault_line is 0 or the first line that is not.
 * ERR_NOT_FOUND, ERR_IO. */
NODISCARD enum err relay_log_verify(struct ctx *cx, struct str path, uint64_t *ret_n,
                                    uint64_t *ret_fault_line);

#endif
