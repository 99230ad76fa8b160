/* cli/import.c: what `demand import` and `course import` tell people. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/cli/commands.h"
#include "node/cli/review.h"

#define ROWS_SHOWN 25 /* sound rows in the table; --json has all */
#define SAME_MAX   64 /* different messages, words */

/* A sentence that several rows share, with the rows it is about. */
struct same {
	char text[400];
	char rows[60];
	unsigned n;
};

struct sames {
	struct same list[SAME_MAX];
	size_t n;
	unsigned more; /* that did not fit */
};

static void __attribute__((format(printf, 3, 4)))
same_add(struct sames *s, int64_t row, const char *fmt, ...)
{
	char text[400];
	size_t i = 0;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	while (i < s->n && strcmp(s->list[i].text, text) != 0)
		i++;
	if (i == SAME_MAX) {
		s->more++;
		return;
	}
	struct same *at = &s->list[i];
	if (i == s->n) {
		*at = (struct same){ 0 };
		memcpy(at->text, text, sizeof(text));
		s->n++;
	}
	const size_t n = strlen(at->rows);
	if (at->n < 5)
		snprintf(at->rows + n, sizeof(at->rows) - n, "%s%" PRId64,
		    n == 0 ? "" : ", ", row);
	else if (at->n == 5)
		snprintf(at->rows + n, sizeof(at->rows) - n, ", ...");
	at->n++;
}

static void
same_print(struct cli *cli, const struct sames *s)
{
	for (size_t i = 0; i < s->n; i++)
		output_line(&cli->out, "  row%s %s: %s",
		    s->list[i].n == 1 ? "" : "s", s->list[i].rows,
		    s->list[i].text);
	if (s->more > 0)
		output_line(
		    &cli->out, "  and %u more; --json has all", s->more);
}

static void
say(struct sames *s, const json_t *row, const json_t *m)
{
	const char *field = json_str(m, "field"), *hint = json_str(m, "hint");

	same_add(s, json_int(row, "row"), "%s%s%s%s%s", field,
	    field[0] == '\0' ? "" : ": ", json_str(m, "message"),
	    hint[0] == '\0' ? "" : "; ", hint);
}

/* Columns: how they were read, which were not. */
static void
show_columns(struct cli *cli, const json_t *reply)
{
	char text[1000] = "";
	size_t i, n = 0;
	json_t *v;

	json_array_foreach(json_object_get(reply, "columns"), i, v)
	{
		if (n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s = %s", i == 0 ? "" : ", ", json_str(v, "as"),
			    json_str(v, "name"));
	}
	if (n > 0)
		output_line(&cli->out, "columns read as: %s", text);
	n = 0;
	json_array_foreach(json_object_get(reply, "ignored_columns"), i, v)
	{
		if (n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s", i == 0 ? "" : ", ", json_string_value(v));
	}
	if (n == 0)
		return;
	output_line(&cli->out, "columns not used: %s", text);
	output_line(&cli->out,
	    "  to use one, write \"ours = theirs\" into a file: --map FILE");
	json_array_foreach(json_object_get(reply, "messages"), i, v)
	{
		if (json_str(v, "hint")[0] != '\0')
			output_line(&cli->out, "  %s: %s", json_str(v, "field"),
			    json_str(v, "hint"));
	}
}

static void
show_table(struct cli *cli, const json_t *rows)
{
	static const char *const heads[] = { "row", "external id", "state",
		"words found", "title" };
	struct table *t = table_new(heads, 5);
	size_t i, shown = 0, hidden = 0;
	json_t *r;

	json_array_foreach(rows, i, r)
	{
		const bool wrong = strcmp(json_str(r, "state"), "error") == 0;
		const size_t found =
		    json_array_size(json_object_get(r, "mapped"));
		const size_t lost =
		    json_array_size(json_object_get(r, "unmapped"));
		char number[24], words[40] = "";
		const char *row[5] = { number, json_str(r, "external_id"),
			json_str(r, "state"), words, json_str(r, "title") };

		if (!wrong && shown == ROWS_SHOWN) {
			hidden++;
			continue;
		}
		shown += !wrong;
		snprintf(
		    number, sizeof(number), "%" PRId64, json_int(r, "row"));
		if (found + lost > 0)
			snprintf(words, sizeof(words), "%zu of %zu", found,
			    found + lost);
		table_add(t, row);
	}
	table_print(t, &cli->out);
	if (hidden > 0)
		output_line(
		    &cli->out, "and %zu more rows without a fault", hidden);
}

/* What was never looked up: no field of a demand can hold it. */
static void
show_unused(struct cli *cli, const json_t *rows)
{
	struct sames *s = calloc(1, sizeof(*s));
	size_t i, k;
	json_t *r, *v;

	if (s == NULL)
		return;
	json_array_foreach(rows, i, r)
	{
		json_array_foreach(json_object_get(r, "unmapped"), k, v)
		{
			if (json_object_get(v, "why") == NULL)
				same_add(s, json_int(r, "row"), "%s (%s)",
				    json_str(v, "text"), json_str(v, "field"));
		}
	}
	if (s->n > 0) {
		output_line(&cli->out, "not used:");
		same_print(cli, s);
	}
	free(s);
}

/* Faults first: they keep the file back. */
static void
show_messages(struct cli *cli, const json_t *rows)
{
	struct sames *wrong = calloc(1, sizeof(*wrong));
	struct sames *notes = calloc(1, sizeof(*notes));
	size_t i, k;
	json_t *r, *m;

	if (wrong == NULL || notes == NULL)
		goto done;
	json_array_foreach(rows, i, r)
	{
		const bool bad = strcmp(json_str(r, "state"), "error") == 0;
		const json_t *list = json_object_get(r, "messages");

		json_array_foreach(list, k, m)
		{
			say(bad ? wrong : notes, r, m);
		}
		if (bad && json_array_size(list) == 0)
			say(wrong, r, r);
	}
	if (wrong->n > 0)
		output_line(&cli->out, "wrong:");
	same_print(cli, wrong);
	if (notes->n > 0)
		output_line(&cli->out, "please look at:");
	same_print(cli, notes);
done:
	free(wrong);
	free(notes);
}

void
show_import(struct cli *cli, const json_t *reply)
{
	const json_t *rows = json_object_get(reply, "rows");
	const bool dry = json_yes(reply, "dry_run");
	size_t i, nameless = 0;
	json_t *r;

	show_columns(cli, reply);
	show_table(cli, rows);
	review_show(cli, reply, false);
	show_unused(cli, rows);
	show_messages(cli, rows);
	json_array_foreach(rows, i, r)
	{
		nameless += json_str(r, "external_id")[0] == '\0' &&
			    strcmp(json_str(r, "state"), "error") != 0;
	}
	if (nameless > 0)
		output_line(&cli->out,
		    "%zu row%s no id of yours: if changed later, %s; an "
		    "external_id prevents that",
		    nameless, nameless == 1 ? " has" : "s have",
		    nameless == 1 ? "it becomes a new one"
				  : "they become new ones");
	output_line(&cli->out,
	    "%s%" PRId64 " created, %" PRId64 " updated, %" PRId64
	    " unchanged, %" PRId64 " withdrawn, %" PRId64 " wrong",
	    dry ? "would be: " : "", json_int(reply, "created"),
	    json_int(reply, "updated"), json_int(reply, "unchanged"),
	    json_int(reply, "archived"), json_int(reply, "errors"));
}
