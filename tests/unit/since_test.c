/* "Since when": every form, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/base/since.h"

#define NOW UINT64_C(1795342496) /* 2026-11-22T10:14:56Z */

static void
test_forms(void **state)
{
	static const struct {
		const char *text;
		uint64_t hour;
	} good[] = {
		{ "2026-11-22", 498696 },
		{ "2026-11-22T10", 498706 },
		{ "2026-11-22T10:59Z", 498706 },
		{ "2026-11-22T23Z", 498719 },
		{ "1970-01-01", 0 },
		{ "2000-02-29", 264384 },
		{ "0h", 498706 },
		{ "1h", 498705 },
		{ "14m", 498706 },
		{ "15m", 498705 },
		{ "30d", 498706 - 720 },
		{ "2w", 498706 - 336 },
		{ "498706", 498706 },
		{ "0", 0 },
		{ "1795342496", 498706 },
	};
	static const char *const bad[] = { "", "d", "-1d", "1x", "1.5d", " 1d",
		"2026-13-01", "2026-02-29", "2026-11-22T24", "2026-11-22T10:60",
		"2026-11-22 10", "26-11-22", "99999999999d", "1dd", "yesterday",
		"1969-12-31", "123456789012345678901" };
	uint64_t hour;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		hour = 1;
		assert_int_equal(since_read(good[i].text, NOW, &hour), OK);
		if (hour != good[i].hour)
			fail_msg("%s is %llu", good[i].text,
			    (unsigned long long)hour);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (since_read(bad[i], NOW, &hour) != ERR_FORM)
			fail_msg("%s is something", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_forms) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
