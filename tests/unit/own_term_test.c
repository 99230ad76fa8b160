/* Own terms: the vectors of SPEC section 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "match/own_term.h"
#include "proto/record/names.h"

static void
test_vectors(void **state)
{
	json_t *o = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/own_terms.json", 0, NULL);
	size_t i, refused = 0;
	json_t *v;

	(void)state;
	json_array_foreach(json_object_get(o, "cases"), i, v)
	{
		const json_t *uri = json_object_get(v, "uri");
		uint8_t space[300];
		struct buf out = { space, 0, sizeof(space) };
		const err e = own_term_uri(
		    language_code(slice_str(
			json_string_value(json_object_get(v, "language")))),
		    slice_str(json_string_value(json_object_get(v, "label"))),
		    &out);
		if (json_is_null(uri)) {
			assert_int_equal(e, ERR_FORM);
			refused++;
			continue;
		}
		char term[24];
		assert_int_equal(e, OK);
		assert_int_equal(out.n, json_string_length(uri));
		assert_memory_equal(out.p, json_string_value(uri), out.n);
		(void)snprintf(term, sizeof(term), "%016" PRIx64,
		    term_of_uri(buf_slice(&out)));
		assert_string_equal(
		    term, json_string_value(json_object_get(v, "term")));
		assert_true(own_term_is(buf_slice(&out)));
	}
	assert_true(i > 15 && refused > 2 && refused < i);
	json_decref(o);
}

static void
test_refused(void **state)
{
	uint8_t space[300];
	struct buf out = { space, 0, sizeof(space) };
	struct buf tight = { space, 0, 20 };

	(void)state;
	assert_int_equal(own_term_uri(0, slice_str("a"), &out), ERR_FORM);
	assert_int_equal(
	    own_term_uri(0x656e, slice_str("a\xff"), &out), ERR_FORM);
	assert_int_equal(
	    own_term_uri(0x656e, slice_str("a\nb"), &out), ERR_FORM);
	assert_int_equal(
	    own_term_uri(0x656e, slice_str("pretzel"), &tight), ERR_MORE);
	assert_false(own_term_is(slice_str("urn:ohcn:own:")));
	assert_false(own_term_is(slice_str("urn:ohcn:welding")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
