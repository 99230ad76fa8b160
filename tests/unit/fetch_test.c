/* Where a feed may lead this node, and where not; files of the owner's. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
