#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/credential/jcs.h"

/* ---- JSON in its one form: RFC 8785 ---- */

/* Appendix B, and powers of two where rounding is not symmetric. */
static void
numbers_are_those_of_the_rfc(void **state)
{
	static const struct {
		uint64_t bits;
		const char *text; /* NULL: refused */
	} cases[] = {
		{ 0x0000000000000000, "0" },
		{ 0x8000000000000000, "0" },
		{ 0x0000000000000001, "5e-324" },
		{ 0x8000000000000001, "-5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" },
		{ 0xffefffffffffffff, "-1.7976931348623157e+308" },
		{ 0x4340000000000000, "9007199254740992" },
		{ 0xc340000000000000, "-9007199254740992" },
		{ 0x4430000000000000, "295147905179352830000" },
		{ 0x7fffffffffffffff, NULL },
		{ 0x7ff0000000000000, NULL },
		{ 0xfff0000000000000, NULL },
		{ 0x44b52d02c7e14af5, "9.999999999999997e+22" },
		{ 0x44b52d02c7e14af6, "1e+23" },
		{ 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
		{ 0x444b1ae4d6e2ef4e, "999999999999999700000" },
		{ 0x444b1ae4d6e2ef4f, "999999999999999900000" },
		{ 0x444b1ae4d6e2ef50, "1e+21" },
		{ 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
		{ 0x3eb0c6f7a0b5ed8d, "0.000001" },
		{ 0x41b3de4355555553, "333333333.3333332" },
		{ 0x41b3de4355555554, "333333333.33333325" },
		{ 0x41b3de4355555555, "333333333.3333333" },
		{ 0x41b3de4355555556, "333333333.3333334" },
		{ 0x41b3de4355555557, "333333333.33333343" },
		{ 0xbecbf647612f3696, "-0.0000033333333333333333" },
		{ 0x43143ff3c1cb0959, "1424953923781206.2" },
		{ 0x3d30000000000000, "5.684341886080802e-14" }, /* 2^-44 */
		{ 0x0010000000000000, "2.2250738585072014e-308" },
		{ 0x3ff0000000000000, "1" },
		{ 0x4024000000000000, "10" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[JCS_NUMBER];
		double x;
		memcpy(&x, &cases[i].bits, sizeof(x));
		assert_int_equal(jcs_number(text, x), cases[i].text != NULL);
		assert_string_equal(
		    text, cases[i].text == NULL ? "" : cases[i].text);
	}
}

/* Whatever is written reads back as the same double. */
static void
numbers_read_back(void **state)
{
	uint64_t bits = 0x9e3779b97f4a7c15u;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		char text[JCS_NUMBER];
		double x;
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		/* every fourth one a power of two */
		const uint64_t some =
		    i % 4 == 0 ? bits & ~0xfffffffffffffu : bits;
		memcpy(&x, &some, sizeof(x));
		if (!jcs_number(text, x))
			continue;
		assert_true(strtod(text, NULL) == x);
		assert_true(strlen(text) < 26);
	}
}

static void
texts_have_one_form(void **state)
{
	/* the second and third are the examples of sections 3.2.2 and 3.2.3 */
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ " { \"b\" : 1 , \"a\" : [ true , null , { } ] } ",
		    "{\"a\":[true,null,{}],\"b\":1}" },
		{ "{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, "
		  "0.000000000000000000000000001], \"string\": "
		  "\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/"
		  "\","
		  " \"literals\": [null, true, false]}",
		    "{\"literals\":[null,true,false],\"numbers\":"
		    "[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":"
		    "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}" },
		{ "{\"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\", "
		  "\"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\", "
		  "\"1\": \"One\", \"\\ud83d\\ude00\": \"Emoji: Grinning "
		  "Face\", \"\\u0080\": \"Control\", \"\\u00f6\": \"Latin "
		  "Small Letter O With Diaeresis\"}",
		    "{\"\\r\":\"Carriage Return\",\"1\":\"One\","
		    "\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin Small "
		    "Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
		    "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
		    "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}" },
		{ "{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}" },
		{ "[-0, -0.0, 1.0, 9007199254740992, -1e0]",
		    "[0,0,1,9007199254740992,-1]" },
		{ "\"\\b\\t\\f\\u001f\\u007f\"", "\"\\b\\t\\f\\u001f\x7f\"" },
		{ "9007199254740994", "9007199254740994" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char why[JCS_WHY] = "";
		struct slice out;
		json_t *v;
		assert_int_equal(jcs_read(slice_str(cases[i].in), &v, why), OK);
		assert_int_equal(jcs_write(v, &out, why), OK);
		assert_string_equal((const char *)out.p, cases[i].out);
		assert_int_equal(out.n, strlen(cases[i].out));
		free((void *)(uintptr_t)out.p);
		json_decref(v);
	}
}

static void
what_signers_would_disagree_about_is_refused(void **state)
{
	static const struct {
		const char *in, *why; /* a part of it */
	} cases[] = {
		{ "{\"a\":1,\"a\":2}", "duplicate" },
		{ "{\"a\":{\"b\":1,\"\\u0062\":1}}", "duplicate" },
		{ "\"\xff\"", "decode byte" },
		{ "\"\xed\xa0\x80\"", "decode byte" },
		{ "\"\\ud800\"", "" },
		{ "\"\\u0000\"", "\\u0000" },
		{ "1e999", "overflow" },
		{ "[1] 2", "end of file" },
		{ "", "" },
		{ "{", "" },
		{ "NaN", "" },
		{ "99999999999999999999", "too big integer" },
		{ "9007199254740993", "2^53" },
		{ "9223372036854775807", "2^53" },
	};
	char deep[2 * JCS_DEPTH + 8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char why[JCS_WHY] = "";
		struct slice out;
		json_t *v;
		err e = jcs_read(slice_str(cases[i].in), &v, why);
		if (e == OK)
			e = jcs_write(v, &out, why);
		assert_int_equal(e, ERR_FORM);
		assert_true(why[0] != '\0');
		assert_non_null(strstr(why, cases[i].why));
		json_decref(v);
	}
	for (size_t levels = JCS_DEPTH; levels <= JCS_DEPTH + 1; levels++) {
		char why[JCS_WHY] = "";
		json_t *v;
		memset(deep, '[', levels);
		memset(deep + levels, ']', levels);
		assert_int_equal(jcs_read(slice_of(deep, 2 * levels), &v, why),
		    levels <= JCS_DEPTH ? OK : ERR_LIMIT);
		json_decref(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_rfc),
		cmocka_unit_test(numbers_read_back),
		cmocka_unit_test(texts_have_one_form),
		cmocka_unit_test(what_signers_would_disagree_about_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
