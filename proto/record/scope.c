#include "proto/record/scope.h"

#include "crypto/crypto.h"

struct scope
scope_all(void)
{
	struct scope s = { .class_mask = SCOPE_ALL_CLASSES,
		.kinds = { UINT64_MAX, UINT64_MAX } };

	for (unsigned i = 0; i < SCOPE_SAMPLES; i++)
		s.samples[i].below = SCOPE_EVERYBODY;
	return s;
}

struct scope
scope_none(void)
{
	struct scope s = scope_all();

	s.class_mask = 0;
	return s;
}

/* Where a region stands, or would. */
static unsigned
region_at(const struct scope *s, const uint8_t region[2])
{
	unsigned at = 0;

	while (at < s->regions_n && memcmp(s->regions[at], region, 2) < 0)
		at++;
	return at;
}

static bool
region_is_listed(const struct scope *s, const uint8_t region[2])
{
	const unsigned at = region_at(s, region);

	return at < s->regions_n && memcmp(s->regions[at], region, 2) == 0;
}

err
scope_add_region(struct scope *s, const char region[2])
{
	const uint8_t r[2] = { (uint8_t)region[0], (uint8_t)region[1] };

	for (unsigned i = 0; i < 2; i++)
		if (r[i] < 'a' || r[i] > 'z')
			return ERR_FORM;
	if (region_is_listed(s, r))
		return OK;
	if (s->regions_n == SCOPE_REGIONS)
		return ERR_LIMIT;
	const unsigned at = region_at(s, r);
	memmove(s->regions[at + 1], s->regions[at],
	    (size_t)(s->regions_n - at) * 2);
	memcpy(s->regions[at], r, 2);
	s->regions_n++;
	return OK;
}

bool
scope_kind(const struct scope *s, uint32_t kind)
{
	const struct kind_info *info = kind_info(kind);

	if (info == NULL)
		return false;
	if (kind == KIND_REVOCATION)
		return true;
	return (s->class_mask >> info->class & 1) != 0 &&
	       (s->kinds[kind / 64] >> kind % 64 & 1) != 0;
}

uint32_t
scope_author_hash(
    const uint8_t salt[SCOPE_SALT], const uint8_t author[SCOPE_AUTHOR])
{
	uint8_t key[16];

	memcpy(key, salt, SCOPE_SALT);
	memcpy(key + SCOPE_SALT, salt, SCOPE_SALT);
	return (uint32_t)(hash_siphash(author, SCOPE_AUTHOR, key) >> 32);
}

bool
scope_has(const struct scope *s, uint32_t kind, const char region[2],
    uint64_t hour, const uint8_t author[SCOPE_AUTHOR])
{
	const uint8_t r[2] = { (uint8_t)region[0], (uint8_t)region[1] };

	if (!scope_kind(s, kind))
		return false;
	if (kind == KIND_REVOCATION)
		return true;
	if (hour < s->since_h || (s->regions_n > 0 && !region_is_listed(s, r)))
		return false;
	for (unsigned i = 0; i < SCOPE_SAMPLES; i++) {
		const struct scope_sample *p = &s->samples[i];
		if (p->below != SCOPE_EVERYBODY &&
		    scope_author_hash(p->salt, author) >= p->below)
			return false;
	}
	return true;
}

bool
scope_equal(const struct scope *a, const struct scope *b)
{
	if (a->class_mask != b->class_mask || a->kinds[0] != b->kinds[0] ||
	    a->kinds[1] != b->kinds[1] || a->since_h != b->since_h ||
	    a->regions_n != b->regions_n ||
	    memcmp(a->regions, b->regions, (size_t)a->regions_n * 2) != 0)
		return false;
	for (unsigned i = 0; i < SCOPE_SAMPLES; i++)
		if (a->samples[i].below != b->samples[i].below ||
		    memcmp(a->samples[i].salt, b->samples[i].salt,
			SCOPE_SALT) != 0)
			return false;
	return true;
}

/* The regions of both; false: there is none. */
static bool
meet_regions(const struct scope *a, const struct scope *b, struct scope *out)
{
	if (a->regions_n == 0 || b->regions_n == 0) {
		const struct scope *from = a->regions_n == 0 ? b : a;
		out->regions_n = from->regions_n;
		memcpy(out->regions, from->regions, sizeof(out->regions));
		return true;
	}
	for (unsigned i = 0; i < a->regions_n; i++)
		if (region_is_listed(b, a->regions[i]))
			memcpy(
			    out->regions[out->regions_n++], a->regions[i], 2);
	return out->regions_n > 0;
}

/* One more sample into out[0..n), which ascends; ERR_LIMIT: no place. */
static err
meet_sample(struct scope_sample *out, unsigned *n, const struct scope_sample *p)
{
	unsigned at = 0;

	if (p->below == SCOPE_EVERYBODY)
		return OK;
	while (at < *n && memcmp(out[at].salt, p->salt, SCOPE_SALT) < 0)
		at++;
	if (at < *n && memcmp(out[at].salt, p->salt, SCOPE_SALT) == 0) {
		out[at].below = MIN(out[at].below, p->below);
		return OK;
	}
	if (*n == SCOPE_SAMPLES)
		return ERR_LIMIT;
	memmove(out + at + 1, out + at, (*n - at) * sizeof(*out));
	out[at] = *p;
	(*n)++;
	return OK;
}

err
scope_meet(const struct scope *a, const struct scope *b, struct scope *out)
{
	struct scope both = scope_all();
	unsigned n = 0;

	both.class_mask = a->class_mask & b->class_mask;
	both.kinds[0] = a->kinds[0] & b->kinds[0];
	both.kinds[1] = a->kinds[1] & b->kinds[1];
	both.since_h = MAX(a->since_h, b->since_h);
	if (!meet_regions(a, b, &both))
		both.class_mask = 0;
	for (unsigned i = 0; i < 2 * SCOPE_SAMPLES; i++) {
		const struct scope *from = i < SCOPE_SAMPLES ? a : b;
		if (meet_sample(both.samples, &n,
			&from->samples[i % SCOPE_SAMPLES]) != OK) {
			*out = scope_none();
			return ERR_LIMIT;
		}
	}
	*out = both;
	return OK;
}

static bool
samples_cover(const struct scope *a, const struct scope *b)
{
	for (unsigned i = 0; i < SCOPE_SAMPLES; i++) {
		const struct scope_sample *p = &a->samples[i];
		bool covered = p->below == SCOPE_EVERYBODY;
		for (unsigned k = 0; k < SCOPE_SAMPLES; k++)
			covered |= b->samples[k].below <= p->below &&
				   memcmp(b->samples[k].salt, p->salt,
				       SCOPE_SALT) == 0;
		if (!covered)
			return false;
	}
	return true;
}

bool
scope_covers(const struct scope *a, const struct scope *b)
{
	/* Kinds that are in no class of b's need not be in a. */
	for (uint32_t k = 1; k <= KIND_OPEN_LAST; k++)
		if (scope_kind(b, k) && !scope_kind(a, k))
			return false;
	if (b->class_mask == 0)
		return true;
	if (a->regions_n > 0) {
		if (b->regions_n == 0)
			return false;
		for (unsigned i = 0; i < b->regions_n; i++)
			if (!region_is_listed(a, b->regions[i]))
				return false;
	}
	return a->since_h <= b->since_h && samples_cover(a, b);
}
