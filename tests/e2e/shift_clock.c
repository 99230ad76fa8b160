/*
 * shift_clock.c: a preload library that sets a process's wall clock wrong:
 * OHCN_TEST_CLOCK names a file with the seconds to add, read again when it
 * changes, as when somebody sets the clock or a machine wakes up. Monotonic
 * clocks and the times of files stay as they are.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 50

static long long
now_ms(void)
{
	struct timespec t = { 0 };

	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Two threads that look at once read the same. */
static long
offset(void)
{
	static volatile long held;
	static volatile long long looked = -LOOK_EVERY_MS;
	const long long now = now_ms();
	char text[32] = "";

	if (now < looked + LOOK_EVERY_MS)
		return held;
	looked = now;
	const char *path = getenv("OHCN_TEST_CLOCK");
	const int fd =
	    path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
	if (fd < 0)
		return held;
	if (syscall(SYS_read, fd, text, sizeof(text) - 1) > 0)
		held = strtol(text, NULL, 10);
	(void)syscall(SYS_close, fd);
	return held;
}

int
clock_gettime(clockid_t which, struct timespec *t)
{
	const int rc = (int)syscall(SYS_clock_gettime, which, t);

	if (rc == 0 &&
	    (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
		t->tv_sec += offset();
	return rc;
}

int
gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
