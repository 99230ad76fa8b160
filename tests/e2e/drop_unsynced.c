/*
 * drop_unsynced.c: a preload library that makes a power cut testable. Before
 * each write to a file "data.mdb" that is not written through (O_DSYNC), the
 * bytes that were there are noted in a journal file; fdatasync() and fsync()
 * empty the journal. After a SIGKILL, play_back() of nodes.py plays it
 * back, so that the file is as if nothing unsynced had reached the disk.
 *
 * OHCN_TEST_JOURNAL   the journal's path (per process)
 * OHCN_TEST_PLANT=nosync   pretends to sync and does not: a planted fault
 *                     that the test must find
 * OHCN_TEST_FULL      while a file of this name exists, the disk is full
 * OHCN_TEST_FULL_IN   for files whose path holds this text; otherwise for the
 *                     store's alone
 * OHCN_TEST_FULL_ERROR   with this error, instead of ENOSPC
 * OHCN_TEST_SYNC_MS   a sync takes this much longer, as on a slow disk, so
 *                     that kills fall between write and sync
 *
 * Journal: entries of offset u64, length u64, file size before u64, bytes;
 * native byte order.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FD_MAX 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static signed char watched[FD_MAX]; /* 0: not looked at, 1: yes, -1: no */
static int journal = -1;
static int planted = -1;

static void *
real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		abort();
	return f;
}

static int
is_planted(void)
{
	if (planted < 0) {
		const char *p = getenv("OHCN_TEST_PLANT");
		planted = p != NULL && strcmp(p, "nosync") == 0;
	}
	return planted;
}

/* Is it a database file whose writes wait for a sync? */
static int
is_watched(int fd)
{
	char link[64], path[PATH_MAX];

	if (fd < 0 || fd >= FD_MAX || getenv("OHCN_TEST_JOURNAL") == NULL)
		return 0;
	if (watched[fd] != 0)
		return watched[fd] > 0;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t n = readlink(link, path, sizeof(path) - 1);
	const int flags = fcntl(fd, F_GETFL);
	int yes = 0;
	if (n > 0) {
		path[n] = 0;
		yes = strstr(path, "/store/data.mdb") != NULL;
	}
	if (yes && (flags & O_DSYNC) != 0 && !is_planted())
		yes = 0;
	watched[fd] = yes ? 1 : -1;
	return yes;
}

/* Is the disk full, and this a file that asks for more of it? */
static int
is_full(int fd)
{
	const char *flag = getenv("OHCN_TEST_FULL");
	const char *in = getenv("OHCN_TEST_FULL_IN");
	const char *error = getenv("OHCN_TEST_FULL_ERROR");
	char link[64], path[PATH_MAX];

	if (flag == NULL || access(flag, F_OK) != 0)
		return 0;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return 0;
	path[n] = 0;
	if (strstr(path, in == NULL ? "/store/data.mdb" : in) == NULL)
		return 0;
	errno = error == NULL ? ENOSPC : (int)strtol(error, NULL, 10);
	return 1;
}

static void
journal_write(const void *p, size_t n)
{
	ssize_t (*write_)(int, const void *, size_t) = real("write");

	if (write_(journal, p, n) != (ssize_t)n)
		abort();
}

/* Notes what stands where n bytes are about to be written. */
static void
note(int fd, off_t at, size_t n)
{
	ssize_t (*pread_)(int, void *, size_t, off_t) = real("pread");
	int (*close_)(int) = real("close");
	struct stat st;
	uint64_t head[3];
	char link[64];

	pthread_mutex_lock(&lock);
	if (journal < 0)
		journal = open(getenv("OHCN_TEST_JOURNAL"),
		    O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	if (journal < 0 || fstat(fd, &st) != 0)
		abort();
	/* ${fd} may be open for writing alone. */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const int in = open(link, O_RDONLY | O_CLOEXEC);
	char *old = calloc(1, n);
	if (old == NULL || in < 0 || pread_(in, old, n, at) < 0)
		abort();
	close_(in);
	head[0] = (uint64_t)at;
	head[1] = n;
	head[2] = (uint64_t)st.st_size;
	journal_write(head, sizeof(head));
	journal_write(old, n);
	free(old);
	pthread_mutex_unlock(&lock);
}

static void
synced(int fd)
{
	pthread_mutex_lock(&lock);
	if (journal >= 0 && is_watched(fd) && ftruncate(journal, 0) != 0)
		abort();
	pthread_mutex_unlock(&lock);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t (*f)(int, const void *, size_t, off_t) = real("pwrite");

	if (is_full(fd))
		return -1;
	if (is_watched(fd))
		note(fd, at, n);
	return f(fd, p, n, at);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return pwrite(fd, p, n, at);
}

ssize_t
pwritev(int fd, const struct iovec *v, int count, off_t at)
{
	ssize_t (*f)(int, const struct iovec *, int, off_t) = real("pwritev");
	size_t n = 0;

	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	if (is_full(fd))
		return -1;
	if (is_watched(fd))
		note(fd, at, n);
	return f(fd, v, count, at);
}

ssize_t
pwritev64(int fd, const struct iovec *v, int count, off_t at)
{
	return pwritev(fd, v, count, at);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	ssize_t (*f)(int, const void *, size_t) = real("write");

	return is_full(fd) ? -1 : f(fd, p, n);
}

ssize_t
writev(int fd, const struct iovec *v, int count)
{
	ssize_t (*f)(int, const struct iovec *, int) = real("writev");
	size_t n = 0;

	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	if (is_full(fd))
		return -1;
	if (is_watched(fd))
		note(fd, lseek(fd, 0, SEEK_CUR), n);
	return f(fd, v, count);
}

static void
spin_up(int fd)
{
	const char *ms = getenv("OHCN_TEST_SYNC_MS");
	const long n = ms == NULL ? 0 : strtol(ms, NULL, 10);
	const struct timespec t = { 0, n * 1000 * 1000 };

	if (n > 0 && n < 1000 && is_watched(fd))
		nanosleep(&t, NULL);
}

int
fdatasync(int fd)
{
	int (*f)(int) = real("fdatasync");

	if (is_watched(fd) && is_planted())
		return 0;
	spin_up(fd);
	const int rc = f(fd);
	if (rc == 0)
		synced(fd);
	return rc;
}

int
fsync(int fd)
{
	int (*f)(int) = real("fsync");

	if (is_watched(fd) && is_planted())
		return 0;
	spin_up(fd);
	const int rc = f(fd);
	if (rc == 0)
		synced(fd);
	return rc;
}

int
close(int fd)
{
	int (*f)(int) = real("close");

	if (fd >= 0 && fd < FD_MAX)
		watched[fd] = 0;
	return f(fd);
}
