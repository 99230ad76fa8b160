/*
 * community/community.h: the communities of this node: those that a persona
 * of it has founded, and those in which one takes part. Each has a name that
 * its owner gave it, which nobody else sees. The record of a community is
 * public (SPEC.md, 10); who takes part is not: roles and sessions are
 * documents (evidence/documents.h), and which record is meant is kept here.
 *
 * Records are renewed and then have another id. Documents name the id that
 * the record had when they were made; this node remembers all that it has
 * seen, so that what names any of them finds its community.
 *
 * Taking part is private: what is kept of it lies sealed under a key of its
 * own in a file of keys (erase.h), and community_erase() overwrites that.
 *
 * A cohort is one, too: a course of type cohort, led by its provider and its
 * coaches. It differs in its record (kind course, the inbox is that of its
 * author's organisation), in what is agreed on (kind cohort) and in its end: a
 * certificate for those who were there (cohort.h). Names are shared: no cohort
 * is called as a community of the same persona.
 *
 * For the loop's thread.
 */
#pragma once

#include "node/keys/persona.h"
#include "proto/evidence/evidence.h"

#define COMMUNITY_NAME_MAX 32  /* bytes: a-z 0-9 - */
#define COMMUNITIES_MAX    64  /* of a persona */
#define COMMUNITY_IDS      256 /* versions remembered: years of weeks */
#define COMMUNITY_TITLE    120 /* bytes */
#define COMMUNITY_KEYS     16  /* facilitators, demands */

/* Keys of the payload, as in SPEC.md. */
#define COMMUNITY_FACILITATORS 18
#define COMMUNITY_JOINING      20
#define COMMUNITY_DEMANDS      36

/* The type of a course that is a cohort, key 0. */
#define COURSE_COHORT 6

enum community_joining { JOINING_OPEN = 1, JOINING_ASK, JOINING_INVITED };

struct communities;

/** communities_open(n): after vault and personas. ERR_IO, ERR_NOMEM. */
NODISCARD err communities_open(struct node *n);
void communities_close(struct node *n); /* fine if never opened */

/** communities_tick(n): each second: notes the new ids of records. */
void communities_tick(struct node *n);

/** communities_looked(n, now_s): when it was called before; 0: never. */
uint64_t communities_looked(struct node *n, uint64_t now_s);

/** community_name_good(name): is it one? */
bool community_name_good(const char *name);

/** community_name_of(out, title): one made of a title; never empty. */
void community_name_of(char out[COMMUNITY_NAME_MAX + 1], const char *title);

/*
 * What is kept of one, as JSON:
 *   founded   {founded: true, slot: N or -1, subject?, ids[], ended?: s,
 *             cohort?: true}
 *   joined    {founded: false, author, slot, subject, ids[], title, talk,
 *             asked: s, agreement?, cohort?: true}
 * author, subject (the first id that was seen) and agreement are 64
 * hexadecimal digits; of each of ids the first 20.
 */

/** community_get(n, persona, name): a new reference; NULL: none. */
json_t *community_get(struct node *n, uint32_t persona, const char *name);

/** community_keep(n, persona, name, value): on the disk on return.
 * ERR_LIMIT: too many, or too large; ERR_IO, ERR_NOMEM. */
NODISCARD err community_keep(
    struct node *n, uint32_t persona, const char *name, const json_t *value);

/** community_erase(n, persona, name): first the key, if it had one; OK also
 * if there is none. ERR_IO: it may still be there. */
NODISCARD err community_erase(
    struct node *n, uint32_t persona, const char *name);

/** communities_each(n, persona, fn, ctx): false ends the walk. ${fn} may not
 * change what is kept. ${value} is borrowed. */
typedef bool community_fn(void *ctx, const char *name, json_t *value);
void communities_each(
    struct node *n, uint32_t persona, community_fn *fn, void *ctx);

/** community_draft(n, persona, name), community_draft_keep(): of its record;
 * as vault_get() and vault_put(); NULL: it goes. */
json_t *community_draft(struct node *n, uint32_t persona, const char *name);
NODISCARD err community_draft_keep(
    struct node *n, uint32_t persona, const char *name, const json_t *draft);

/** community_bytes(value, key, out): of 64 digits; false: not there. */
bool community_bytes(const json_t *value, const char *key, uint8_t out[32]);
void community_bytes_set(
    json_t *value, const char *key, const uint8_t bytes[32]);

/** community_is(value, id): is it an id that its record has, or had? */
bool community_is(const json_t *value, const uint8_t id[RECORD_ID]);

/** community_note(value, id): remember it, and as the subject if there is
 * none; false: it was known. */
bool community_note(json_t *value, const uint8_t id[RECORD_ID]);

/** community_with(n, persona, id, name): whose record has, or had, that id; a
 * new reference. NULL: none of the persona's. */
json_t *community_with(struct node *n, uint32_t persona,
    const uint8_t id[RECORD_ID], char name[COMMUNITY_NAME_MAX + 1]);

struct community_demand {
	uint8_t author[RECORD_AUTHOR];
	uint32_t slot;
};

/* The record of a community as this node has it now; of a cohort what
 * stands below, too. */
struct community_record {
	uint32_t kind; /* KIND_COMMUNITY, KIND_COURSE */
	uint64_t rid;
	uint8_t id[RECORD_ID], author[RECORD_AUTHOR];
	uint32_t slot;
	uint64_t made_h, expires_h;
	char title[COMMUNITY_TITLE + 1];
	enum community_joining joining;
	unsigned facilitators_n, demands_n;
	uint8_t facilitators[COMMUNITY_KEYS][RECORD_AUTHOR];
	struct community_demand demands[COMMUNITY_KEYS];
	bool has_inbox;
	uint8_t inbox[X25519_SIZE];
	/* a cohort; 0: not told */
	uint64_t seats, filled, weeks, hours, sessions, start_h;
	uint16_t grade;
	struct evidence_skills teaches; /* the levels after it */
};

/** community_kind(value): KIND_COURSE of a cohort, else KIND_COMMUNITY. */
uint32_t community_kind(const json_t *value);

/** community_agreement(value): what is agreed in it: enum agreement_kind. */
uint8_t community_agreement(const json_t *value);

/** community_at(n, kind, author, slot, out): ERR_NOTFOUND: it has ended, or is not
 * here; ERR_FORM: not to be read. */
NODISCARD err community_at(struct node *n, uint32_t kind,
    const uint8_t author[RECORD_AUTHOR], uint32_t slot,
    struct community_record *out);

/** community_named(n, kind, text, out): by id or part (record_text_is()).
 * ERR_NOTFOUND; ERR_EXISTS: it fits several. */
NODISCARD err community_named(struct node *n, uint32_t kind, const char *text,
    struct community_record *out);

/** community_leads(r, key): is it one of its facilitators? */
bool community_leads(
    const struct community_record *r, const uint8_t key[RECORD_AUTHOR]);

/** community_of(n, persona, value, out): community_at() of what is kept. */
NODISCARD err community_of(struct node *n, uint32_t persona,
    const json_t *value, struct community_record *out);

/** communities_look(n, persona): note now what communities_tick() would. */
void communities_look(struct node *n, uint32_t persona);

/**
 * community_demands_put(n, persona, list):
 * ${list} as a draft has it: a text is an own demand as its owner calls it,
 * or the id of a record or a part of it; here as {author, slot}, as the
 * schema wants it. What cannot be found stays as it is. A new list.
 */
json_t *community_demands_put(
    struct node *n, uint32_t persona, const json_t *list);
