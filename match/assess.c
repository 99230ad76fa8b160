#include "match/assess.h"

/* Keys of the payload, as in SPEC.md. */
enum {
	MEASURES = 2,
	ITEMS = 4,
	ADAPTIVE = 6,
	STOP = 8,
	EXTERNAL = 14,
	SALT = 16
};

#define FUTURE_S      600
#define LEVEL_DEFAULT 3
#define GUESS_SEVERAL 20 /* thousandths: right without knowing */
#define GUESS_NUMBER  10
#define GUESS_TICKED  50
#define RIGHT_MIN     5
#define RIGHT_MAX     990

/* ---- decoding ---- */

static uint64_t
number_in(const struct value *map, uint64_t key, uint64_t absent)
{
	const struct value *v = value_find(map, key);

	return v != NULL && v->type == VALUE_UINT ? v->u : absent;
}

static uint64_t
term_in(const struct value *map, uint64_t key)
{
	const struct value *v = value_find(map, key);

	return v != NULL && v->type == VALUE_BIN && v->s.n == TERM_ID
		   ? get_u64be(v->s.p)
		   : 0;
}

static bool
bytes_in(const struct value *map, uint64_t key, size_t n, uint8_t *out)
{
	const struct value *v = value_find(map, key);

	if (v == NULL || v->type != VALUE_BIN || v->s.n != n)
		return false;
	memcpy(out, v->s.p, n);
	return true;
}

static const struct value *
list_in(const struct value *map, uint64_t key, uint32_t max)
{
	const struct value *v = value_find(map, key);

	return v != NULL && v->type == VALUE_ARRAY && v->n <= max ? v : NULL;
}

static const char *
measures_read(const struct value *list, struct assessment *out)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *v = &list->items[i];
		struct assess_measure *m = &out->measures[i];
		if (v->type != VALUE_MAP || term_in(v, 0) == 0)
			return "a measure has no term";
		const uint64_t from = number_in(v, 2, 1);
		const uint64_t to = number_in(v, 4, LEVEL_MAX);
		if (from < 1 || from > to || to > LEVEL_MAX)
			return "the levels of a measure are no range";
		*m = (struct assess_measure){ term_in(v, 0), (uint8_t)from,
			(uint8_t)to };
		for (uint32_t j = 0; j < i; j++)
			if (out->measures[j].term == m->term)
				return "a term is measured twice";
	}
	out->measures_n = (uint16_t)list->n;
	return list->n == 0 ? "nothing is measured" : NULL;
}

static bool
key_fits(const struct assess_item *it)
{
	switch (it->type) {
	case ASSESS_SINGLE:
		return it->key >= 0 && it->key < it->options_n;
	case ASSESS_MULTIPLE:
		return it->key >= 0 && it->key >> it->options_n == 0;
	default:
		return it->key >= -ASSESS_NUMBER_MAX &&
		       it->key <= ASSESS_NUMBER_MAX;
	}
}

static const char *
key_read(const struct value *v, bool salted, struct assess_item *it)
{
	const struct value *key = value_find(v, 12);

	it->tolerance =
	    (int64_t)MIN(number_in(v, 14, 0), (uint64_t)ASSESS_NUMBER_MAX);
	it->hidden = bytes_in(v, 16, ANSWER_HASH, it->key_hash);
	if (it->type == ASSESS_SELF || it->type == ASSESS_CHECKLIST)
		return key == NULL && !it->hidden
			   ? NULL
			   : "what people say of themselves has no key";
	if ((key != NULL) == it->hidden)
		return "an item needs a key or the hash of one";
	if (it->hidden)
		return salted ? NULL : "a hidden key needs a salt";
	if (key->type == VALUE_UINT && key->u <= INT64_MAX)
		it->key = (int64_t)key->u;
	else if (key->type == VALUE_INT)
		it->key = key->i;
	else
		return "a key is no number";
	return key_fits(it) ? NULL : "a key is none of the options";
}

static const char *
options_read(const struct value *v, struct assess_item *it)
{
	const struct value *options = list_in(v, 6, ASSESS_OPTIONS_MAX);
	const struct value *levels = list_in(v, 10, ASSESS_OPTIONS_MAX);

	it->options_n = options == NULL ? 0 : (uint8_t)options->n;
	if (it->type == ASSESS_NUMBER)
		return NULL;
	if (it->type == ASSESS_SELF)
		return it->options_n == 0 || it->options_n == ASSESS_LEVELS
			   ? NULL
			   : "a self-rating has six options, or none";
	if (it->options_n < 2)
		return "an item has nothing to choose from";
	if (it->type != ASSESS_CHECKLIST)
		return NULL;
	if (levels != NULL && levels->n != it->options_n)
		return "a checklist needs a level for each option";
	for (uint32_t i = 0; i < it->options_n; i++) {
		const uint64_t level =
		    levels == NULL ? it->level : levels->items[i].u;
		if (level < 1 || level > LEVEL_MAX)
			return "a level is not 1 to 5";
		it->levels[i] = (uint8_t)level;
	}
	return NULL;
}

static const char *
item_read(const struct value *v, bool salted, const struct assessment *a,
    struct assess_item *it)
{
	if (v->type != VALUE_MAP)
		return "an item is no map";
	const uint64_t term = term_in(v, 0), type = number_in(v, 2, 0);
	const uint64_t level = number_in(v, 8, LEVEL_DEFAULT);
	while (it->measure < a->measures_n &&
	       a->measures[it->measure].term != term)
		it->measure++;
	if (it->measure == a->measures_n)
		return "an item is about a term that is not measured";
	if (type < ASSESS_SINGLE || type > ASSESS_CHECKLIST || level < 1 ||
	    level > LEVEL_MAX)
		return "an item is of no known type or level";
	it->type = (uint8_t)type;
	it->level = (uint8_t)level;
	const char *why = options_read(v, it);
	return why != NULL ? why : key_read(v, salted, it);
}

static const char *
read_all(const struct value *payload, struct assessment *out)
{
	const struct value *measures =
	    list_in(payload, MEASURES, ASSESS_MEASURES_MAX);
	const struct value *items = list_in(payload, ITEMS, ASSESS_ITEMS_MAX);
	const struct value *stop = value_find(payload, STOP);
	const struct value *external = value_find(payload, EXTERNAL);
	const bool salted = bytes_in(payload, SALT, ANSWER_SALT, out->salt);
	const char *why;

	if (measures == NULL)
		return "nothing is measured";
	why = measures_read(measures, out);
	for (uint32_t i = 0; why == NULL && items != NULL && i < items->n; i++)
		why = item_read(&items->items[i], salted, out, &out->items[i]);
	if (why != NULL)
		return why;
	out->items_n = items == NULL ? 0 : (uint16_t)items->n;
	out->adaptive = number_in(payload, ADAPTIVE, 0) == 1;
	out->items_max = ASSESS_ITEMS_MAX;
	out->confidence = ASSESS_CONFIDENT;
	if (stop != NULL && stop->type == VALUE_MAP) {
		out->items_max = (uint16_t)MIN(
		    number_in(stop, 0, ASSESS_ITEMS_MAX), ASSESS_ITEMS_MAX);
		out->confidence =
		    (uint16_t)MIN(number_in(stop, 2, ASSESS_CONFIDENT),
			ASSESS_CONFIDENCE_MAX);
	}
	out->external =
	    external != NULL && external->type == VALUE_MAP &&
	    bytes_in(external, 2, ED25519_PUBLIC, out->external_key);
	return out->items_n == 0 && !out->external
		   ? "there are neither items nor an external assessor"
		   : NULL;
}

err
assess_decode(
    const struct value *payload, struct assessment *out, const char **why)
{
	const char *wrong = "it is no map";

	*out = (struct assessment){ 0 };
	if (payload->type == VALUE_MAP)
		wrong = read_all(payload, out);
	if (why != NULL)
		*why = wrong;
	return wrong == NULL ? OK : ERR_FORM;
}

/* ---- answers ---- */

static bool
in_range(const struct assess_item *it, int64_t value)
{
	switch (it->type) {
	case ASSESS_SINGLE:
		return value >= 0 && value < it->options_n;
	case ASSESS_MULTIPLE:
	case ASSESS_CHECKLIST:
		return value >= 0 && value >> it->options_n == 0;
	case ASSESS_SELF:
		return value >= 0 && value <= LEVEL_MAX;
	default:
		return value >= -ASSESS_NUMBER_MAX &&
		       value <= ASSESS_NUMBER_MAX;
	}
}

static bool
has_key(const struct assess_item *it)
{
	return it->type != ASSESS_SELF && it->type != ASSESS_CHECKLIST;
}

err
assess_answer(const struct assessment *a, struct assess_answers *answers,
    unsigned item, struct assess_answer answer)
{
	if (item >= a->items_n)
		return ERR_NOTFOUND;
	if (answer.state > ASSESS_GIVEN ||
	    (answer.state == ASSESS_UNKNOWN && !has_key(&a->items[item])))
		return ERR_FORM;
	if (answer.state == ASSESS_GIVEN &&
	    !in_range(&a->items[item], answer.value))
		return ERR_FORM;
	if (answer.state != ASSESS_GIVEN)
		answer.value = 0;
	answers->of[item] = answer;
	return OK;
}

bool
assess_right(
    const struct assessment *a, unsigned item, struct assess_answer answer)
{
	const struct assess_item *it = &a->items[item];
	uint8_t hash[ANSWER_HASH];

	if (answer.state != ASSESS_GIVEN || !has_key(it))
		return false;
	if (it->hidden) {
		answer_hash(hash, a->salt, item, answer.value);
		return memcmp(hash, it->key_hash, sizeof(hash)) == 0;
	}
	if (it->type != ASSESS_NUMBER)
		return answer.value == it->key;
	const int64_t off = answer.value - it->key;
	return off <= it->tolerance && -off <= it->tolerance;
}

/* ---- what answers say ---- */

/* Thousandths of people of a level that get an item right, by the level less
 * the item's, from -5: a logistic curve of slope 1.6. */
static const uint16_t right_by_step[] = { 1, 5, 27, 119, 401, 769, 943, 988,
	998, 999 };

/* In sixteenths of a bit: how much a self-rating speaks for a level, by how
 * far it is off. The steps do not shrink, so that a higher rating never
 * speaks for a lower level. */
static const uint16_t rating_bits[ASSESS_LEVELS] = { 143, 122, 94, 66, 38, 10 };

/* floor(2^32 / 2^(i/16)) */
static const uint64_t power[16] = { 4294967296, 4112874773, 3938502375,
	3771522796, 3611622602, 3458501653, 3311872529, 3171459999, 3037000499,
	2908241642, 2784941737, 2666869344, 2553802833, 2445529971, 2341847523,
	2242560871 };

struct evidence {
	uint32_t bits[ASSESS_LEVELS]; /* sixteenths */
	uint16_t items;
	bool keyed;
};

static void
put_yes_no(struct evidence *e, unsigned level, unsigned guess, bool yes)
{
	for (unsigned l = 0; l < ASSESS_LEVELS; l++) {
		unsigned p = guess + (1000 - guess) *
					 right_by_step[5 + l - level] / 1000;
		p = MIN(MAX(p, RIGHT_MIN), RIGHT_MAX);
		e->bits[l] += log2_sixteenths(yes ? p : 1000 - p);
	}
}

static unsigned
guess_of(const struct assess_item *it)
{
	if (it->type == ASSESS_SINGLE)
		return 1000U / it->options_n;
	return it->type == ASSESS_MULTIPLE ? GUESS_SEVERAL : GUESS_NUMBER;
}

static void
put_answer(const struct assessment *a, unsigned item, struct assess_answer w,
    struct evidence *e)
{
	const struct assess_item *it = &a->items[item];

	if (w.state == ASSESS_OPEN || w.state == ASSESS_SKIPPED)
		return;
	e->items++;
	if (it->type == ASSESS_SELF) {
		for (unsigned l = 0; l < ASSESS_LEVELS; l++) {
			const unsigned said = (unsigned)w.value;
			e->bits[l] +=
			    rating_bits[said > l ? said - l : l - said];
		}
	} else if (it->type == ASSESS_CHECKLIST) {
		for (unsigned i = 0; i < it->options_n; i++)
			put_yes_no(e, it->levels[i], GUESS_TICKED,
			    (w.value >> i & 1) != 0);
	} else {
		put_yes_no(
		    e, it->level, guess_of(it), assess_right(a, item, w));
		e->keyed = true;
	}
}

static uint64_t
sum_of(const uint64_t w[ASSESS_LEVELS], unsigned from, unsigned to)
{
	uint64_t sum = 0;

	for (unsigned l = from; l < to; l++)
		sum += w[l];
	return sum;
}

static void
weigh(const struct evidence *e, uint64_t w[ASSESS_LEVELS])
{
	uint32_t best = 0;

	for (unsigned l = 0; l < ASSESS_LEVELS; l++)
		best = MAX(best, e->bits[l]);
	for (unsigned l = 0; l < ASSESS_LEVELS; l++) {
		const uint32_t off = best - e->bits[l];
		w[l] =
		    off / 16 < 64 ? (power[off % 16] << 24) >> (off / 16) : 0;
	}
}

static void
level_of(const struct assess_measure *m, const struct evidence *e,
    struct assess_level *out)
{
	uint64_t w[ASSESS_LEVELS];
	unsigned level = LEVEL_MAX, from, to;

	*out = (struct assess_level){ .term = m->term,
		.high = LEVEL_MAX,
		.items = e->items,
		.basis = e->items == 0 ? ASSESS_NOTHING
			 : e->keyed    ? ASSESS_ANSWERS
				       : ASSESS_OWN_WORD };
	if (e->items == 0)
		return;
	weigh(e, w);
	const uint64_t all = sum_of(w, 0, ASSESS_LEVELS);
	while (2 * sum_of(w, level, ASSESS_LEVELS) < all)
		level--;
	/* What it does not tell apart is one. */
	level = level < m->from ? 0 : MIN(level, m->to);
	from = level;
	to = level == 0 ? m->from : level == m->to ? ASSESS_LEVELS : level + 1;
	out->level = (uint8_t)level;
	out->confidence = (uint16_t)(sum_of(w, from, to) / (all / 1000));
	out->confidence = (uint16_t)MIN(out->confidence,
	    e->keyed ? ASSESS_CONFIDENCE_MAX : ASSESS_OWN_WORD_MAX);
	while (out->low < LEVEL_MAX && 10 * sum_of(w, 0, out->low + 1U) <= all)
		out->low++;
	while (out->high > 0 && 10 * sum_of(w, out->high, ASSESS_LEVELS) <= all)
		out->high--;
}

void
assess_levels(const struct assessment *a, const struct assess_answers *answers,
    struct assess_level out[ASSESS_MEASURES_MAX])
{
	struct evidence e[ASSESS_MEASURES_MAX] = { { { 0 }, 0, false } };

	for (unsigned i = 0; i < a->items_n; i++)
		put_answer(a, i, answers->of[i], &e[a->items[i].measure]);
	for (unsigned m = 0; m < a->measures_n; m++)
		level_of(&a->measures[m], &e[m], &out[m]);
}

/* ---- what to ask ---- */

/* How far an item is from a level; people first say what they think. */
static unsigned
distance_of(const struct assess_item *it, unsigned level)
{
	level = MAX(level, 1U);
	if (it->type == ASSESS_SELF || it->type == ASSESS_CHECKLIST)
		return 0;
	/* Of two that are as near the harder one. */
	return it->level > level ? 2U * (it->level - level) - 1
				 : 2U * (level - it->level);
}

static uint16_t
nearest_item(const struct assessment *a, const struct assess_answers *answers,
    unsigned measure, const struct assess_level *now)
{
	const unsigned level =
	    now->basis == ASSESS_NOTHING ? LEVEL_DEFAULT : now->level;
	unsigned best = UINT16_MAX;
	uint16_t found = ASSESS_DONE;

	for (uint16_t i = 0; i < a->items_n; i++) {
		const struct assess_item *it = &a->items[i];
		if (it->measure != measure ||
		    answers->of[i].state != ASSESS_OPEN ||
		    distance_of(it, level) >= best)
			continue;
		best = distance_of(it, level);
		found = i;
	}
	return found;
}

static unsigned
answered_of(const struct assessment *a, const struct assess_answers *answers,
    unsigned measure)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->items_n; i++)
		n += a->items[i].measure == measure &&
		     answers->of[i].state != ASSESS_OPEN;
	return n;
}

uint16_t
assess_next(const struct assessment *a, const struct assess_answers *answers)
{
	struct assess_level now[ASSESS_MEASURES_MAX];
	unsigned fewest = UINT16_MAX;
	uint16_t found = ASSESS_DONE;

	if (a->adaptive)
		assess_levels(a, answers, now);
	for (unsigned i = 0; !a->adaptive && i < a->items_n; i++)
		if (answers->of[i].state == ASSESS_OPEN &&
		    answered_of(a, answers, a->items[i].measure) < a->items_max)
			return (uint16_t)i;
	for (unsigned m = 0; a->adaptive && m < a->measures_n; m++) {
		const unsigned n = answered_of(a, answers, m);
		uint16_t item;
		if (n >= a->items_max || n >= fewest ||
		    (now[m].basis != ASSESS_NOTHING &&
			now[m].confidence >= a->confidence))
			continue;
		item = nearest_item(a, answers, m, &now[m]);
		if (item == ASSESS_DONE)
			continue;
		fewest = n;
		found = item;
	}
	return found;
}

const char *
assess_basis_name(enum assess_basis b)
{
	static const char *const names[] = { "nothing", "own-word", "answers",
		"assessor" };

	return names[b];
}

/* ---- results of others ---- */

static bool
is_measured(const struct assess_stated *s, const struct assessment *a)
{
	for (unsigned i = 0; i < a->measures_n; i++)
		if (a->measures[i].term == s->term)
			return s->level <= a->measures[i].to &&
			       (s->level == 0 ||
				   s->level >= a->measures[i].from);
	return false;
}

enum assess_refusal
assess_result_judge(
    const struct assess_result *r, const struct assess_expected *e)
{
	if (strcmp(r->net, e->net) != 0)
		return ASSESS_OTHER_NET;
	if (memcmp(r->person, e->person, ED25519_PUBLIC) != 0)
		return ASSESS_OTHER_PERSON;
	if (e->assessment == NULL || r->slot != e->slot ||
	    memcmp(r->author, e->author, RECORD_AUTHOR) != 0)
		return ASSESS_NO_ASSESSMENT;
	if (!e->assessment->external)
		return ASSESS_NOT_EXTERNAL;
	if (memcmp(r->assessor, e->assessment->external_key, ED25519_PUBLIC) !=
	    0)
		return ASSESS_OTHER_ASSESSOR;
	if (r->expires_h <= e->now_s / 3600)
		return ASSESS_EXPIRED;
	if (r->taken_h > (e->now_s + FUTURE_S) / 3600)
		return ASSESS_FROM_FUTURE;
	for (unsigned i = 0; i < r->levels_n; i++)
		if (!is_measured(&r->levels[i], e->assessment))
			return ASSESS_NOT_MEASURED;
	return ASSESS_ACCEPTED;
}

const char *
assess_refusal_text(enum assess_refusal r)
{
	static const char *const texts[] = {
		[ASSESS_ACCEPTED] = "it is accepted",
		[ASSESS_OTHER_NET] = "it is of another network",
		[ASSESS_OTHER_PERSON] = "it is about another person's key",
		[ASSESS_NO_ASSESSMENT] =
		    "the assessment that it names is not known here",
		[ASSESS_NOT_EXTERNAL] =
		    "the assessment is taken here, nobody signs its results",
		[ASSESS_OTHER_ASSESSOR] =
		    "it is signed by another key than the assessment names",
		[ASSESS_EXPIRED] = "it has expired",
		[ASSESS_FROM_FUTURE] = "it was taken in the future",
		[ASSESS_NOT_MEASURED] =
		    "it tells a term or level that is not measured",
	};

	return texts[r];
}
