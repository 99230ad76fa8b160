/* Where the name that a stranger told us may lead. */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/net/transport.h"
#include "node/net/transport_internal.h"

#define MAX_RESULTS 3

static void
test_pick(void **state)
{
	static const struct {
		const char *results[MAX_RESULTS];
		const char *world, *any; /* what is dialled; NULL: nothing */
	} cases[] = {
		{ { "127.0.0.1" }, NULL, "127.0.0.1" },
		{ { "192.168.1.1" }, NULL, "192.168.1.1" },
		{ { "169.254.169.254" }, NULL, "169.254.169.254" },
		{ { "::1" }, NULL, "::1" },
		{ { "::ffff:10.0.0.1" }, NULL, "::ffff:10.0.0.1" },
		{ { "fd00::1", "fe80::1", "fec0::1" }, NULL, "fd00::1" },
		{ { "203.0.113.1" }, "203.0.113.1", "203.0.113.1" },
		{ { "10.0.0.1", "203.0.113.1" }, "203.0.113.1", "10.0.0.1" },
		{ { "0.0.0.0", "2001:db8::1" }, "2001:db8::1", "0.0.0.0" },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		struct sockaddr_storage sa[MAX_RESULTS] = { 0 }, out;
		struct addrinfo list[MAX_RESULTS] = { 0 };
		for (size_t i = 0; i < MAX_RESULTS; i++) {
			const char *ip = cases[c].results[i];
			if (ip == NULL)
				break;
			const bool v6 = strchr(ip, ':') != NULL;
			assert_int_equal(
			    v6 ? uv_ip6_addr(ip, 80, (void *)&sa[i])
			       : uv_ip4_addr(ip, 80, (void *)&sa[i]),
			    0);
			list[i].ai_addr = (void *)&sa[i];
			list[i].ai_addrlen = v6 ? sizeof(struct sockaddr_in6)
						: sizeof(struct sockaddr_in);
			if (i > 0)
				list[i - 1].ai_next = &list[i];
		}
		for (unsigned world = 0; world < 2; world++) {
			const char *want =
			    world ? cases[c].world : cases[c].any;
			char text[64] = "";
			if (transport_pick(list, world, &out))
				(void)uv_ip_name(
				    (void *)&out, text, sizeof(text));
			assert_string_equal(text, want == NULL ? "" : want);
		}
	}
	struct sockaddr_storage none;
	assert_false(transport_pick(NULL, false, &none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pick),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
