/*
 * tests/vectors/learnability.json, which another program made from SPEC.md's
 * text: the same trust, parts, scores and doors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "match/learn/learnability.h"

#define ITEMS 256

static json_t *vectors;

static struct trust_attestation attestations[ITEMS];
static struct trust_link links[ITEMS];
static uint8_t anchors[TRUST_ANCHORS_MAX * TRUST_KEY];
static struct learn_event events[ITEMS];
static struct learn_term terms[ITEMS][LEARN_TERMS];
static struct learn_availability available[ITEMS];
static struct learn_positions positions[ITEMS];

static int64_t
number(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	assert_true(json_is_integer(v));
	return json_integer_value(v);
}

static void
key_named(uint8_t out[32], const json_t *name)
{
	const char *hex = json_string_value(json_object_get(
	    json_object_get(vectors, "keys"), json_string_value(name)));

	assert_non_null(hex);
	assert_int_equal(strlen(hex), 64);
	for (size_t i = 0; i < 32; i++) {
		unsigned byte;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
}

static void
field(uint8_t out[32], const json_t *o, const char *name)
{
	key_named(out, json_object_get(o, name));
}

static void
read_terms(struct learn_event *e, struct learn_term *out, const json_t *list)
{
	size_t i;
	const json_t *t;

	assert_true(json_array_size(list) <= LEARN_TERMS);
	json_array_foreach(list, i, t)
	{
		const json_t *gap = json_object_get(t, "gap");
		out[i] = (struct learn_term){
			.term = (uint64_t)number(t, "term"),
			.group = (uint64_t)number(t, "group"),
			.parent = (uint64_t)number(t, "parent"),
			.learned = json_is_true(json_object_get(t, "learned")),
			.applied = json_is_true(json_object_get(t, "applied")),
			.gap = json_is_null(gap)
				   ? LEARN_NOT_TOLD
				   : (uint16_t)json_integer_value(gap),
			.gap_month = (uint32_t)number(t, "gap_month"),
		};
	}
	e->terms = out;
	e->terms_n = (uint8_t)json_array_size(list);
}

static void
read_event(struct learn_event *e, struct learn_term *room, const json_t *o)
{
	const json_t *answer = json_object_get(o, "answer_days");

	*e = (struct learn_event){
		.kind = (uint8_t)number(o, "kind"),
		.method = (uint8_t)number(o, "method"),
		.value = (uint16_t)number(o, "value"),
		.completion = (uint8_t)number(o, "completion"),
		.pledge = (uint8_t)number(o, "pledge"),
		.opened = json_is_true(json_object_get(o, "opened")),
		.answer_days = json_is_null(answer)
				   ? LEARN_NOT_TOLD
				   : (uint16_t)json_integer_value(answer),
		.hours = (uint32_t)number(o, "hours"),
		.funded = (uint32_t)number(o, "funded"),
		.first_day = (uint32_t)number(o, "first_day"),
		.last_day = (uint32_t)number(o, "last_day"),
		.month = (uint32_t)number(o, "month"),
	};
	field(e->id, o, "id");
	field(e->agreement, o, "agreement");
	field(e->learner, o, "learner");
	field(e->partner, o, "partner");
	read_terms(e, room, json_object_get(o, "terms"));
}

static size_t
read_claims(const json_t *list, struct trust_claim *out)
{
	size_t i;
	const json_t *a;

	json_array_foreach(list, i, a)
	{
		assert_true(i < ITEMS);
		key_named(out[i].by, json_array_get(a, 0));
		key_named(out[i].of, json_array_get(a, 1));
	}
	return json_array_size(list);
}

static void
read_trust(const json_t *c, struct trust_input *out)
{
	static struct trust_claim lists[ITEMS], names[ITEMS];
	size_t i;
	const json_t *a;

	*out = (struct trust_input){
		.anchors = anchors, .attestations = attestations, .links = links
	};
	json_array_foreach(json_object_get(c, "anchors"), i, a)
	    key_named(anchors + TRUST_KEY * out->anchors_n++, a);
	json_array_foreach(json_object_get(c, "attestations"), i, a)
	{
		struct trust_attestation *t =
		    &attestations[out->attestations_n++];
		assert_true(i < ITEMS);
		key_named(t->from, json_array_get(a, 0));
		key_named(t->to, json_array_get(a, 1));
		t->share = (uint16_t)json_integer_value(json_array_get(a, 2));
		t->vouches = (uint8_t)json_integer_value(json_array_get(a, 3));
	}
	json_array_foreach(json_object_get(c, "links"), i, a)
	{
		key_named(links[i].a, json_array_get(a, 0));
		key_named(links[i].b, json_array_get(a, 1));
		out->links_n++;
	}
	const size_t lists_n =
	    read_claims(json_object_get(c, "posting_keys"), lists);
	const size_t names_n =
	    read_claims(json_object_get(c, "organisation_named"), names);
	out->links_n += trust_postings(lists, lists_n, names, names_n,
	    links + out->links_n, ITEMS - out->links_n);
	assert_true(out->links_n <= ITEMS);
}

static void
read_input(const json_t *c, struct learn_input *out)
{
	size_t i;
	const json_t *o;

	*out = (struct learn_input){ .events = events,
		.availability = available,
		.positions = positions,
		.month = (uint32_t)number(c, "month") };
	json_array_foreach(json_object_get(c, "outcomes"), i, o)
	{
		assert_true(i < ITEMS);
		read_event(&events[i], terms[i], o);
		out->events_n++;
	}
	json_array_foreach(json_object_get(c, "availability"), i, o)
	{
		key_named(available[i].key, json_array_get(o, 0));
		available[i].hours_week =
		    (uint16_t)json_integer_value(json_array_get(o, 1));
		out->availability_n++;
	}
	json_array_foreach(json_object_get(c, "positions"), i, o)
	{
		key_named(positions[i].key, json_array_get(o, 0));
		positions[i].n =
		    (uint32_t)json_integer_value(json_array_get(o, 1));
		out->positions_n++;
	}
}

static void
assert_score(const struct learn_book *b, const json_t *s)
{
	const char *role = json_string_value(json_object_get(s, "role"));
	uint8_t key[TRUST_KEY];
	struct learnability l;

	field(key, s, "key");
	assert_int_equal(
	    learnability_of(b, key,
		strcmp(role, "person") == 0 ? LEARN_PERSON : LEARN_COMPANY, &l),
	    OK);
	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		assert_int_equal(l.parts[i].x,
		    json_integer_value(
			json_array_get(json_object_get(s, "x"), i)));
		assert_int_equal(l.parts[i].score,
		    json_integer_value(
			json_array_get(json_object_get(s, "parts"), i)));
	}
	assert_int_equal(l.promise, number(s, "promise"));
	assert_int_equal(l.kept, number(s, "kept"));
	assert_int_equal(l.broken, number(s, "broken"));
	assert_int_equal(l.score, number(s, "score"));
	assert_int_equal(l.independent, number(s, "independent"));
	assert_int_equal(l.counterparties, number(s, "counterparties"));
	assert_string_equal(learn_confidence_name(l.confidence),
	    json_string_value(json_object_get(s, "confidence")));
}

static void
test_cases(void **state)
{
	size_t i, k, scores = 0;
	const json_t *c, *s;

	(void)state;
	json_array_foreach(json_object_get(vectors, "cases"), i, c)
	{
		struct trust_input ti;
		struct learn_input li;
		struct trust *t;
		struct learn_book *b;
		const char *name;
		json_t *tau;
		read_trust(c, &ti);
		read_input(c, &li);
		assert_int_equal(trust_new(&ti, &t), OK);
		assert_int_equal(learn_book_new(&li, t, &b), OK);
		json_object_foreach(json_object_get(c, "tau"), name, tau)
		{
			json_t *n = json_string(name);
			uint8_t key[TRUST_KEY];
			key_named(key, n);
			assert_int_equal(
			    trust_of(t, key), json_integer_value(tau));
			json_decref(n);
		}
		json_array_foreach(json_object_get(c, "scores"), k, s)
		{
			assert_score(b, s);
			scores++;
		}
		learn_book_free(b);
		trust_free(t);
	}
	assert_true(i >= 20 && scores > 100);
}

static void
test_doors(void **state)
{
	size_t i, k;
	const json_t *d, *m;

	(void)state;
	json_array_foreach(json_object_get(vectors, "doors"), i, d)
	{
		struct learn_missing missing[8];
		size_t n = 0;
		json_array_foreach(json_object_get(d, "missing"), k, m)
		    missing[n++] =
			(struct learn_missing){ (uint16_t)number(m, "share"),
				(uint16_t)number(m, "near"),
				json_is_true(json_object_get(m, "taught")) };
		assert_int_equal(learnability_door((uint32_t)number(d, "fit"),
				     missing, n, (uint32_t)number(d, "person"),
				     (uint32_t)number(d, "company")),
		    number(d, "door"));
	}
	assert_int_equal(i, 20);
}

static int
setup(void **state)
{
	(void)state;
	vectors = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/learnability.json", 0, NULL);
	return vectors == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	json_decref(vectors);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_doors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
