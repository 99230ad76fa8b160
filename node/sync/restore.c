#include "node/sync/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/keys/signer.h"
#include "node/matcher.h"
#include "node/sync/sync.h"

#define ADOPT_MAX  4096 /* own records of all personas in one go */
#define CALM_TICKS 10   /* all peers have agreed for so long */
#define ENOUGH     3    /* peers, whoever else is there */

/* ---- is one under way? ---- */

static void
file_of(const char *home, char out[PATH_TEXT_MAX + 16])
{
	(void)snprintf(out, PATH_TEXT_MAX + 16, "%s/" RESTORE_FILE, home);
}

err
restore_mark(const char *home, struct problem *p)
{
	char path[PATH_TEXT_MAX + 16];

	file_of(home, path);
	return file_replace(path, slice_str("sync first\n"), 0600, p);
}

void
restore_open(struct node *n)
{
	char path[PATH_TEXT_MAX + 16];

	file_of(n->paths->home, path);
	n->restoring = access(path, F_OK) == 0;
	if (n->restoring)
		env_log(&n->env, LOG_INFO, "restoring",
		    "what=\"nothing is published before the network was "
		    "asked what these keys have published\"");
}

bool
restore_pending(const struct node *n)
{
	return n->restoring;
}

err
restore_begin(struct node *n)
{
	struct problem ignored = { 0 };

	TRY(restore_mark(n->paths->home, &ignored));
	n->restoring = true;
	return OK;
}

/* ---- which personas have records ---- */

struct counting {
	uint32_t found;
};

static bool
on_found(void *ctx, const struct store_record *s)
{
	struct counting *c = ctx;

	(void)s;
	c->found++;
	return false;
}

static bool
has_records(struct node *n, struct store_view *view, uint32_t index, err *e)
{
	uint8_t pub[ED25519_PUBLIC];
	struct counting c = { 0 };

	*e = signer_public(n->signer, index, pub);
	for (uint32_t kind = 0; *e == OK && kind < STORE_KINDS; kind++)
		if (kind_info(kind) != NULL)
			*e = store_each_author(view, pub, kind, on_found, &c);
	return *e == OK && c.found > 0;
}

/* How many personas there were, as far as records tell. */
static err
personas_seen(struct node *n, uint32_t *count)
{
	struct store_view *view = NULL;
	err e = OK;

	*count = persona_count(n);
	TRY(store_view_open(n->store, &view));
	for (uint32_t i = *count;
	     e == OK && i < *count + PERSONA_GAP && i < PERSONAS_MAX; i++)
		if (has_records(n, view, i, &e))
			*count = i + 1;
	store_view_close(view);
	return e;
}

/* Their names are lost with the vault of before. */
static err
personas_find(struct node *n)
{
	uint32_t count, index;

	TRY(personas_seen(n, &count));
	while (persona_count(n) < count) {
		char name[PERSONA_NAME_MAX + 1];
		(void)snprintf(
		    name, sizeof(name), "persona-%" PRIu32, persona_count(n));
		TRY(persona_restore(n, name, &index));
		matcher_own(n->matcher, persona_get(n, index)->pub);
	}
	return OK;
}

/* ---- what they published becomes our own again ---- */

struct adopting {
	struct node *n;
	uint32_t authors_n;
	uint8_t authors[PERSONAS_MAX][ED25519_PUBLIC];
	/* in the writer's thread */
	struct bytes_kept {
		uint8_t *p;
		size_t n;
	} * kept;
	size_t kept_n;
	err error;
	uint32_t adopted;
};

static bool
on_foreign(void *ctx, const struct store_record *s)
{
	struct adopting *a = ctx;

	if (s->own || a->kept_n == ADOPT_MAX)
		return true;
	struct bytes_kept *k = &a->kept[a->kept_n];
	k->p = malloc(s->bytes.n);
	if (k->p == NULL) {
		a->error = ERR_NOMEM;
		return false;
	}
	memcpy(k->p, s->bytes.p, s->bytes.n);
	k->n = s->bytes.n;
	a->kept_n++;
	return true;
}

static err
collect(struct adopting *a, struct store *s)
{
	struct store_view *view = NULL;
	err e = OK;

	TRY(store_view_open(s, &view));
	for (uint32_t i = 0; e == OK && i < a->authors_n; i++)
		for (uint32_t kind = 0; e == OK && kind < STORE_KINDS; kind++)
			if (kind_info(kind) != NULL)
				e = store_each_author(
				    view, a->authors[i], kind, on_foreign, a);
	store_view_close(view);
	return e == OK ? a->error : e;
}

static err
adopt_work(struct store *s, void *ctx)
{
	struct adopting *a = ctx;
	struct arena scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	err e = scratch.p == NULL ? ERR_NOMEM : collect(a, s);

	for (size_t i = 0; e == OK && i < a->kept_n; i++) {
		struct record r;
		struct store_item item = { .record = &r, .own = true };
		arena_reset(&scratch);
		if (record_read(slice_of(a->kept[i].p, a->kept[i].n), &scratch,
			&r) != RECORD_FINE)
			continue;
		e = store_apply(s, &item, 1, node_now(a->n), NULL, NULL);
		a->adopted += e == OK;
	}
	free(scratch.p);
	return e;
}

static void
adopt_free(struct adopting *a)
{
	for (size_t i = 0; i < a->kept_n; i++)
		free(a->kept[i].p);
	free(a->kept);
	free(a);
}

static void
on_adopted(void *ctx, err e)
{
	struct adopting *a = ctx;
	struct node *n = a->n;
	char path[PATH_TEXT_MAX + 16];

	n->restore_busy = false;
	if (e != OK) {
		env_log(&n->env, LOG_UNUSUAL, "not_restored",
		    "error=%s what=\"it is tried again\"", err_name(e));
	} else {
		file_of(n->paths->home, path);
		(void)unlink(path);
		n->restoring = false;
		env_log(&n->env, LOG_INFO, "restored",
		    "personas=%" PRIu32 " records=%" PRIu32, a->authors_n,
		    a->adopted);
		node_event(n, "restored",
		    json_pack("{s:I, s:I}", "personas",
			(json_int_t)a->authors_n, "records",
			(json_int_t)a->adopted));
	}
	owner_look_again(n);
	publisher_start(n->publisher); /* stamps of those that were found */
	adopt_free(a);
}

err
restore_finish(struct node *n)
{
	if (!n->restoring || n->restore_busy)
		return OK;
	TRY(personas_find(n));
	struct adopting *a = calloc(1, sizeof(*a));
	if (a != NULL)
		a->kept = calloc(ADOPT_MAX, sizeof(*a->kept));
	if (a == NULL || a->kept == NULL) {
		free(a);
		return ERR_NOMEM;
	}
	a->n = n;
	for (; a->authors_n < persona_count(n); a->authors_n++)
		memcpy(a->authors[a->authors_n],
		    persona_get(n, a->authors_n)->pub, ED25519_PUBLIC);
	const err e = pipeline_write(n->pipeline, adopt_work, on_adopted, a);
	if (e != OK)
		adopt_free(a);
	n->restore_busy = e == OK;
	return e;
}

/* Enough peers have told all that they have, or all that are there. */
static bool
network_asked(const struct node *n)
{
	struct syncer_peer p;
	unsigned agreed = 0, open = 0;

	for (unsigned i = 0; syncer_peer_at(n->syncer, i, &p); i++) {
		const bool did = p.agreed_s >= n->started_s;
		agreed += did;
		open += p.connected && !did;
	}
	return agreed >= ENOUGH || (agreed > 0 && open == 0);
}

void
restore_tick(struct node *n)
{
	if (!n->restoring || n->restore_busy || n->stopping ||
	    n->syncer == NULL)
		return;
	n->restore_calm = network_asked(n) ? n->restore_calm + 1 : 0;
	if (n->restore_calm < CALM_TICKS)
		return;
	n->restore_calm = 0;
	const err e = restore_finish(n);
	if (e != OK)
		env_log(&n->env, LOG_UNUSUAL, "not_restored", "error=%s",
		    err_name(e));
}
