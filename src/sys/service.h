/* service.h: talking to the supervisor that started us (systemd's sd_notify protocol: one datagram
 * to the socket named by NOTIFY_SOCKET), and what the kernel says about this process and its disk.
 */
#ifndef SYS_SERVICE_H
#define SYS_SERVICE_H

#include "base/ctx.h"

/* "READY=1", "RELOADING=1\nMONOTONIC_USEC=..", "STOPPING=1", "WATCHDOG=1", "STATUS=..". Does
 * nothing without a supervisor. False: there is one, and it could not be told. */
bool sys_notify(const char *state);
/* How often the supervisor wants to hear WATCHDOG=1, in microseconds; 0: not at all. */
int64_t sys_watchdog_us(void);

struct sys_process {
    int64_t memory_bytes; /* resident */
    int64_t cpu_us;       /* user and system time used so far */
    int64_t n_threads, n_files, files_max;
};
void sys_process_read(struct sys_process *ret);

/* Free (for us) and whole size of the file system that holds path. ERR_IO. */
NODISCARD enum err sys_disk(struct ctx *cx, struct str path, int64_t *ret_free_bytes,
                            int64_t *ret_total_bytes);

#endif
