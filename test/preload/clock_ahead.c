/* clock_ahead.c: preloaded into the program by tests, it puts the wall clock CLOCK_AHEAD_S seconds
 * ahead. The monotonic clock and all waiting stay as they are, so that days pass for timers and not
 * for the test. tools/at puts it into a whole command. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t id, struct timespec *ret)
{
    long rc = syscall(SYS_clock_gettime, id, ret);
    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        const char *ahead = getenv("CLOCK_AHEAD_S"); /* NOLINT(concurrency-mt-unsafe): nobody sets
                                                        it while the program runs */
        ret->tv_sec += ahead == NULL ? 0 : strtol(ahead, NULL, 10);
    }
    return (int)rc;
}

time_t
time(time_t *ret)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}

int
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = now.tv_nsec / 1000;
    return 0;
}
