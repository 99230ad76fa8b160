/*
 * watch_dials.c: a preload library that notes everything a process asks of
 * the network, a line each in the file that OHCN_TEST_DIALS names:
 *
 *   connect ADDRESS PORT     TCP or UDP, of IPv4 or IPv6
 *   send ADDRESS PORT        a datagram without a connection
 *   lookup NAME              of a host, by the resolver
 *
 * Nothing is held back.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void
note(const char *what, const char *address, unsigned port)
{
	const char *path = getenv("OHCN_TEST_DIALS");
	char line[512];
	const int n = snprintf(
	    line, sizeof(line), "%s %s %u\n", what, address, port);
	const int fd = path == NULL || n <= 0
			   ? -1
			   : open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0)
		return;
	if (write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

static void
note_socket(const char *what, const struct sockaddr *to)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (to == NULL)
		return;
	if (to->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)to;
		(void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		note(what, text, ntohs(in->sin_port));
	} else if (to->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)to;
		(void)inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
		note(what, text, ntohs(in->sin6_port));
	}
}

int
connect(int fd, const struct sockaddr *to, socklen_t n)
{
	int (*next)(int, const struct sockaddr *, socklen_t);

	*(void **)&next = dlsym(RTLD_NEXT, "connect");
	note_socket("connect", to);
	return next(fd, to, n);
}

ssize_t
sendto(int fd, const void *p, size_t n, int flags, const struct sockaddr *to,
    socklen_t to_n)
{
	ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *,
	    socklen_t);

	*(void **)&next = dlsym(RTLD_NEXT, "sendto");
	note_socket("send", to);
	return next(fd, p, n, flags, to, to_n);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t (*next)(int, const struct msghdr *, int);

	*(void **)&next = dlsym(RTLD_NEXT, "sendmsg");
	note_socket("send", m->msg_name);
	return next(fd, m, flags);
}

int
sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	int (*next)(int, struct mmsghdr *, unsigned, int);

	*(void **)&next = dlsym(RTLD_NEXT, "sendmmsg");
	for (unsigned i = 0; i < n; i++)
		note_socket("send", m[i].msg_hdr.msg_name);
	return next(fd, m, n, flags);
}

int
getaddrinfo(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **out)
{
	int (*next)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);

	*(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
	if (name != NULL)
		note("lookup", name, 0);
	return next(name, service, hints, out);
}
