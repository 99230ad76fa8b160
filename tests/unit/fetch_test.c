/* Where a feed may lead this node, and where not; files of the owner's. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/company/fetch.h"

static void
test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool is_public;
	} cases[] = {
		{ "1.1.1.1", true },
		{ "93.184.216.34", true },
		{ "9.255.255.255", true },
		{ "11.0.0.0", true },
		{ "172.15.255.255", true },
		{ "172.32.0.0", true },
		{ "100.63.255.255", true },
		{ "100.128.0.0", true },
		{ "223.255.255.255", true },
		{ "0.0.0.0", false },
		{ "0.1.2.3", false },
		{ "10.0.0.1", false },
		{ "100.64.0.1", false },
		{ "127.0.0.1", false },
		{ "127.255.255.254", false },
		{ "169.254.169.254", false },
		{ "172.16.0.1", false },
		{ "172.31.255.255", false },
		{ "192.0.0.8", false },
		{ "192.168.1.1", false },
		{ "198.19.0.1", false },
		{ "224.0.0.1", false },
		{ "255.255.255.255", false },
		{ "2606:4700::1111", true },
		{ "2a00:1450::1", true },
		{ "::", false },
		{ "::1", false },
		{ "::ffff:127.0.0.1", false },
		{ "::ffff:1.1.1.1", false },
		{ "64:ff9b::7f00:1", false },
		{ "fe80::1", false },
		{ "fc00::1", false },
		{ "fd12:3456::1", false },
		{ "ff02::1", false },
		{ "2001:db8::1", false },
		{ "2001::1", false },
		{ "2002:7f00:1::", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t a[16];
		const int family =
		    strchr(cases[i].text, ':') == NULL ? AF_INET : AF_INET6;
		assert_int_equal(inet_pton(family, cases[i].text, a), 1);
		if (fetch_address_public(family, a) != cases[i].is_public)
			fail_msg("%s", cases[i].text);
	}
}

static void
test_urls(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} cases[] = {
		{ "https://acme.example/jobs.json", true },
		{ "http://acme.example:8080/jobs?x=a@b", true },
		{ "file:jobs.csv", true },
		{ "https://", false },
		{ "https://me:secret@acme.example/", false },
		{ "ftp://acme.example/", false },
		{ "gopher://acme.example/", false },
		{ "/etc/passwd", false },
		{ "file:/etc/passwd", false },
		{ "file:///etc/passwd", false },
		{ "file:../jobs.csv", false },
		{ "file:.hidden", false },
		{ "file:", false },
		{ "https://acme.example/a b", false },
		{ "https://acme.example/\n", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (fetch_url_good(cases[i].url) != cases[i].good)
			fail_msg("%s", cases[i].url);
}

static void
test_hosts(void **state)
{
	static const struct {
		const char *url;
		bool is_public;
	} cases[] = {
		{ "https://acme.example/jobs", true },
		{ "http://1.1.1.1/", true },
		{ "http://[2606:4700::1111]/", true },
		{ "http://127.0.0.1/", false },
		{ "http://2130706433/", false },
		{ "http://0x7f.1/", false },
		{ "http://10.1/", false },
		{ "http://[::1]:80/", false },
		{ "http://[::ffff:127.0.0.1]/", false },
		{ "http://[fe80::1%25eth0]/", false },
		{ "http://localhost/", false },
		{ "http://localhost./", false },
		{ "http://me@printer:99/", false },
		{ "http://a.LOCAL/", false },
		{ "http://metadata.google.internal./", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (fetch_host_public(cases[i].url) != cases[i].is_public)
			fail_msg("%s", cases[i].url);
}

struct proxy {
	int fd;
	int visits;
};

static void
say(int fd, const void *bytes, size_t n)
{
	(void)send(fd, bytes, n, MSG_NOSIGNAL);
}

/* A socks5 proxy at whose end each server points into the house. */
static void *
proxy_run(void *ctx)
{
	static const uint8_t ready[2] = { 5, 0 },
			     done[10] = { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	static const char answer[] =
	    "HTTP/1.1 302 Found\r\nLocation: http://192.168.1.1/jobs\r\n"
	    "Content-Length: 0\r\nConnection: close\r\n\r\n";
	struct proxy *p = ctx;
	uint8_t in[2048];
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		p->visits++;
		if (recv(fd, in, sizeof(in), 0) > 0)
			say(fd, ready, sizeof(ready));
		if (recv(fd, in, sizeof(in), 0) > 0)
			say(fd, done, sizeof(done));
		if (recv(fd, in, sizeof(in), 0) > 0)
			say(fd, answer, sizeof(answer) - 1);
		(void)close(fd);
	}
	return NULL;
}

static void
test_redirect_by_proxy(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	struct proxy p = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
	struct fetch f = { .url = "http://acme.example/jobs",
		.bytes_max = 1000,
		.seconds_max = 60 };
	pthread_t thread;

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(p.fd >= 0);
	assert_int_equal(bind(p.fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(p.fd, 8), 0);
	assert_int_equal(getsockname(p.fd, (struct sockaddr *)&at, &n), 0);
	(void)snprintf(f.proxy, sizeof(f.proxy), "socks5h://127.0.0.1:%u",
	    ntohs(at.sin_port));
	assert_int_equal(pthread_create(&thread, NULL, proxy_run, &p), 0);
	fetch_run(&f);
	(void)shutdown(p.fd, SHUT_RDWR); /* ends accept() */
	(void)pthread_join(thread, NULL);
	(void)close(p.fd);
	assert_int_equal(f.outcome, FETCH_FAILED);
	assert_non_null(strstr(f.why, "private address"));
	assert_int_equal(p.visits, 1); /* the second hop was not asked for */
	free(f.bytes);
}

static void
test_files(void **state)
{
	char directory[] = "/tmp/ohcn-fetch-XXXXXX", path[200], link[200];
	struct fetch f = { .url = "file:jobs.csv", .bytes_max = 10 };

	(void)state;
	fetch_run(&f); /* no directory */
	assert_int_equal(f.outcome, FETCH_FAILED);
	assert_non_null(mkdtemp(directory));
	(void)snprintf(f.directory, sizeof(f.directory), "%s", directory);
	fetch_run(&f); /* no file */
	assert_int_equal(f.outcome, FETCH_FAILED);
	(void)snprintf(path, sizeof(path), "%s/jobs.csv", directory);
	(void)snprintf(link, sizeof(link), "%s/link.csv", directory);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	(void)fputs("0123456789", out);
	(void)fclose(out);
	fetch_run(&f);
	assert_int_equal(f.outcome, FETCH_GOOD);
	assert_int_equal(f.n, 10);
	assert_memory_equal(f.bytes, "0123456789", 10);
	free(f.bytes);
	f.bytes = NULL;
	f.n = 0;
	f.bytes_max = 9;
	fetch_run(&f);
	assert_int_equal(f.outcome, FETCH_FAILED);
	assert_non_null(strstr(f.why, "larger"));
	free(f.bytes);
	f.bytes = NULL;
	f.n = 0;
	/* A link leads elsewhere. */
	assert_int_equal(symlink(path, link), 0);
	(void)snprintf(f.url, sizeof(f.url), "file:link.csv");
	fetch_run(&f);
	assert_int_equal(f.outcome, FETCH_FAILED);
	free(f.bytes);
	(void)unlink(link);
	(void)unlink(path);
	(void)rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_redirect_by_proxy),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
