#include "node/cli/review.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/cli/commands.h"

#define REVIEW_BYTES_MAX (4U << 20)
#define SURE             100 /* percent: a whole label */
#define QUESTION_BELOW   90

/* ---- the words of an answer ---- */

/* Those of one object with "mapped" and "unmapped", by their number. */
static void
gather_one(json_t *list, json_t *seen, const json_t *from)
{
	const json_t *taken = json_object_get(from, "mapped");
	const json_t *left = json_object_get(from, "unmapped");
	size_t t = 0, l = 0;

	while (t < json_array_size(taken) || l < json_array_size(left)) {
		json_t *a = json_array_get(taken, t);
		json_t *b = json_array_get(left, l);
		const bool first =
		    b == NULL || (a != NULL && json_int(a, "number") <=
						   json_int(b, "number"));
		json_t *entry = first ? a : b;
		t += first;
		l += !first;
		/* without "why" it was never looked up */
		if ((!first && json_object_get(b, "why") == NULL) ||
		    json_str(entry, "text")[0] == '\0' ||
		    json_object_get(seen, json_str(entry, "text")) != NULL)
			continue;
		(void)json_object_set(seen, json_str(entry, "text"), entry);
		(void)json_array_append(list, entry);
	}
}

/* Each different words once, in the order of the file. */
static json_t *
gather(const json_t *reply)
{
	json_t *list = json_array(), *seen = json_object(), *row;
	size_t i;

	gather_one(list, seen, reply);
	json_array_foreach(json_object_get(reply, "rows"), i, row)
	{
		gather_one(list, seen, row);
	}
	json_decref(seen);
	return list;
}

static const char *
name_of(const json_t *term)
{
	const char *label = json_str(term, "label");

	return label[0] != '\0' ? label : json_str(term, "term");
}

static bool
is_taken(const json_t *entry)
{
	return json_object_get(entry, "term") != NULL;
}

/* "gas welding 55 %, brazing 40 %" */
static void
others_of(const json_t *entry, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *v;

	out[0] = '\0';
	json_array_foreach(json_object_get(entry, "alternatives"), i, v)
	{
		if (n < cap)
			n += (size_t)snprintf(out + n, cap - n,
			    "%s%s %" PRId64 " %%", i == 0 ? "" : ", ",
			    name_of(v), json_int(v, "confidence"));
	}
}

/* ---- shown ---- */

static void
show_taken(struct cli *cli, const json_t *words, bool all)
{
	static const char *const heads[] = { "#", "your words", "term", "level",
		"sure", "or" };
	struct table *t = table_new(heads, 6);
	size_t i, whole = 0, shown = 0;
	json_t *v;

	json_array_foreach(words, i, v)
	{
		char number[24], level[24], sure[24], others[400];
		const char *row[6] = { number, json_str(v, "text"), name_of(v),
			level, sure, others };

		if (!is_taken(v))
			continue;
		if (!all && json_int(v, "confidence") >= SURE) {
			whole++;
			continue;
		}
		snprintf(number, sizeof(number), "%zu", i + 1);
		snprintf(
		    level, sizeof(level), "%" PRId64, json_int(v, "level"));
		if (json_object_get(v, "level") == NULL)
			level[0] = '\0';
		snprintf(sure, sizeof(sure), "%" PRId64 " %%%s",
		    json_int(v, "confidence"),
		    json_yes(v, "decided") ? ", by you" : "");
		others_of(v, others, sizeof(others));
		table_add(t, row);
		shown++;
	}
	if (shown > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
	if (whole > 0)
		output_line(&cli->out,
		    "%zu other words are labels of the vocabulary", whole);
}

static void
show_left(struct cli *cli, const json_t *words)
{
	static const char *const heads[] = { "#", "your words", "why",
		"may mean" };
	struct table *t = table_new(heads, 4);
	size_t i, n = 0;
	json_t *v;

	json_array_foreach(words, i, v)
	{
		char number[24], others[400];
		const char *why = json_str(v, "why");
		const char *row[4] = { number, json_str(v, "text"),
			strcmp(why, "dropped") == 0  ? "left out by you"
			: strcmp(why, "unsure") == 0 ? "not sure enough"
						     : "no term found",
			others };

		if (is_taken(v))
			continue;
		snprintf(number, sizeof(number), "%zu", i + 1);
		others_of(v, others, sizeof(others));
		table_add(t, row);
		n++;
	}
	if (n > 0) {
		output_line(&cli->out, "not taken:");
		table_print(t, &cli->out);
	} else {
		table_free(t);
	}
}

void
review_show(struct cli *cli, const json_t *reply, bool all)
{
	json_t *words = gather(reply);

	show_taken(cli, words, all);
	show_left(cli, words);
	json_decref(words);
}

/* ---- the file ---- */

static int
write_file(struct cli *cli, const char *path, const json_t *reply)
{
	json_t *words = gather(reply), *v;
	char *bytes = NULL;
	size_t size = 0, i;
	struct problem p;
	FILE *to = open_memstream(&bytes, &size);

	if (to == NULL) {
		json_decref(words);
		problem_set(&p, EXIT_TEMPORARY, "E1702", "out of memory");
		return cli_fail(cli, &p);
	}
	fprintf(to,
	    "# What your words became. Change the beginning of a line:\n"
	    "#   keep        take the term that is named behind the #\n"
	    "#   drop        leave the words out\n"
	    "#   use TERM    another term: its label, URI or number\n"
	    "# then run the import with this --review file and without "
	    "--dry-run.\n\n");
	json_array_foreach(words, i, v)
	{
		char others[400];
		char *text =
		    json_dumps(json_object_get(v, "text"), JSON_ENCODE_ANY);

		others_of(v, others, sizeof(others));
		if (is_taken(v))
			fprintf(to, "keep %s  # %s, %" PRId64 " %%%s%s\n",
			    text == NULL ? "\"\"" : text, name_of(v),
			    json_int(v, "confidence"),
			    others[0] == '\0' ? "" : "; or: ", others);
		else
			fprintf(to, "drop %s  # not taken%s%s\n",
			    text == NULL ? "\"\"" : text,
			    others[0] == '\0' ? ", no term found"
					      : "; may be: ",
			    others);
		free(text);
	}
	json_decref(words);
	fclose(to);
	/* words of a résumé: for the person's eyes */
	const err e = file_create(path, slice_of(bytes, size), 0600, &p);
	free(bytes);
	if (e != OK)
		return cli_fail(cli, &p);
	output_note(&cli->out,
	    "change %s as you like, then import with --review %s", path, path);
	return EXIT_DONE;
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && memchr(" \t\r", s.p[0], 3) != NULL)
		slice_skip(&s, 1);
	while (s.n > 0 && memchr(" \t\r", s.p[s.n - 1], 3) != NULL)
		s.n--;
	return s;
}

/* "use TERM "words" # ..." into ${to}; false: not of this form. */
static bool
read_line(struct slice line, json_t *to)
{
	const uint8_t *quote = memchr(line.p, '"', line.n);
	json_error_t where;
	json_t *value = NULL;

	if (quote == NULL)
		return false;
	struct slice head = trim(slice_of(line.p, (size_t)(quote - line.p)));
	const size_t left = line.n - (size_t)(quote - line.p);
	json_t *words = json_loadb((const char *)quote, left,
	    JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &where);
	const struct slice rest = !json_is_string(words)
				      ? slice_of(NULL, 0)
				      : trim(slice_of(quote + where.position,
					    left - (size_t)where.position));
	if (slice_eq(head, slice_str("keep")))
		value = json_true();
	else if (slice_eq(head, slice_str("drop")))
		value = json_false();
	else if (head.n > 4 && memcmp(head.p, "use ", 4) == 0) {
		slice_skip(&head, 4);
		head = trim(head);
		value = json_stringn((const char *)head.p, head.n);
	}
	const bool good =
	    json_is_string(words) && value != NULL &&
	    json_string_length(words) > 0 &&
	    (rest.n == 0 || rest.p[0] == '#') &&
	    json_object_set(to, json_string_value(words), value) == 0;
	json_decref(value);
	json_decref(words);
	return good;
}

void
review_read(struct slice text, json_t **decisions, unsigned *line)
{
	*decisions = json_object();
	for (*line = 1; text.n > 0; (*line)++) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		const size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		const struct slice s = trim(slice_of(text.p, n));
		if (s.n > 0 && s.p[0] != '#' && !read_line(s, *decisions)) {
			json_decref(*decisions);
			*decisions = NULL;
			return;
		}
		slice_skip(&text, end == NULL ? n : n + 1);
	}
}

static int
read_file(struct cli *cli, const char *path, json_t **decisions)
{
	struct slice text;
	struct problem p;
	unsigned line;

	if (file_read(path, REVIEW_BYTES_MAX, &text, &p) != OK)
		return cli_fail(cli, &p);
	review_read(text, decisions, &line);
	free((void *)(uintptr_t)text.p);
	if (*decisions != NULL)
		return EXIT_DONE;
	problem_set(&p, EXIT_USAGE, "E1029",
	    "%s, line %u: not a line of a review", path, line);
	problem_hint(&p, "keep \"words\", drop \"words\" or use TERM "
			 "\"words\"; all behind # is a comment");
	return cli_fail(cli, &p);
}

/* ---- numbers and questions ---- */

/* "3,7-9", "all": ${value} for each of them. */
static int
decide_numbers(struct cli *cli, const char *flag, const json_t *words,
    bool value, json_t *decisions)
{
	const char *at = cli_flag(cli, flag);
	const size_t n = json_array_size(words);

	if (at == NULL)
		return EXIT_DONE;
	const bool all = strcmp(at, "all") == 0;
	do {
		char *end = NULL;
		const unsigned long from = all ? 1 : strtoul(at, &end, 10);
		unsigned long to = all ? n : from;
		if (!all && end != at && *end == '-') {
			const char *second = end + 1;
			to = strtoul(second, &end, 10);
			at = end == second ? end : at;
		}
		if (!all && (end == at || from < 1 || to < from || to > n ||
				(*end != ',' && *end != '\0')))
			return cli_usage(cli,
			    "--%s takes numbers of --dry-run, 1 to %zu, such "
			    "as 3,7-9, or all",
			    flag, n);
		for (unsigned long i = from; i <= to; i++)
			(void)json_object_set_new(decisions,
			    json_str(json_array_get(words, i - 1), "text"),
			    json_boolean(value));
		if (all || *end == '\0')
			break;
		at = end + 1;
	} while (true);
	return EXIT_DONE;
}

/* One question; false: no more of them. */
static bool
ask_one(const json_t *entry, json_t *decisions)
{
	const json_t *others = json_object_get(entry, "alternatives");
	const char *text = json_str(entry, "text");
	char line[64], *end;
	size_t i;
	json_t *v;

	if (is_taken(entry))
		fprintf(stderr, "\n\"%s\": %s, %" PRId64 " %%\n", text,
		    name_of(entry), json_int(entry, "confidence"));
	else
		fprintf(stderr, "\n\"%s\": not sure enough\n", text);
	json_array_foreach(others, i, v)
	{
		fprintf(stderr, "  %zu  %s, %" PRId64 " %%\n", i + 1,
		    name_of(v), json_int(v, "confidence"));
	}
	fprintf(stderr, "%s n leaves it out, q asks no more\n> ",
	    is_taken(entry) ? "Enter takes it, a number another,"
			    : "a number takes that one, Enter or");
	if (fgets(line, sizeof(line), stdin) == NULL || line[0] == 'q')
		return false;
	const unsigned long n = strtoul(line, &end, 10);
	v = end != line && n >= 1 ? json_array_get(others, n - 1) : NULL;
	if (v != NULL)
		v = json_incref(json_object_get(v, "term"));
	else
		v = json_boolean(is_taken(entry) && line[0] == '\n');
	(void)json_object_set_new(decisions, text, v);
	return true;
}

static int
ask_all(struct cli *cli, const json_t *words, json_t *decisions)
{
	size_t i;
	json_t *v;

	if (cli_flag(cli, "ask") == NULL)
		return EXIT_DONE;
	if (isatty(STDIN_FILENO) != 1)
		return cli_usage(cli, "--ask needs a terminal; elsewhere "
				      "--review FILE, --accept, --reject");
	json_array_foreach(words, i, v)
	{
		const bool open =
		    is_taken(v) ? json_int(v, "confidence") < QUESTION_BELOW
				: strcmp(json_str(v, "why"), "unsure") == 0;
		if (open &&
		    json_object_get(decisions, json_str(v, "text")) == NULL &&
		    !ask_one(v, decisions))
			break;
	}
	return EXIT_DONE;
}

/* The words as they are without --accept, --reject and --ask. */
static int
decide(struct cli *cli, const char *path, json_t *body, json_t *decisions)
{
	json_t *first = json_copy(body), *reply = NULL;

	(void)json_object_set_new(first, "dry_run", json_true());
	int code = cli_call(cli, "POST", path, first, &reply);
	if (code != EXIT_DONE)
		return code;
	json_t *words = gather(reply);
	json_decref(reply);
	code = decide_numbers(cli, "accept", words, true, decisions);
	if (code == EXIT_DONE)
		code = decide_numbers(cli, "reject", words, false, decisions);
	if (code == EXIT_DONE)
		code = ask_all(cli, words, decisions);
	json_decref(words);
	return code;
}

int
review_call(struct cli *cli, const char *path, json_t *body, json_t **reply)
{
	const char *file = cli_flag(cli, "review");
	const char *least = cli_flag(cli, "confidence");
	const bool make = file != NULL && json_yes(body, "dry_run") &&
			  access(file, F_OK) != 0;
	json_t *decisions = NULL;
	int code = EXIT_DONE;

	if (least != NULL) {
		char *end;
		const unsigned long n = strtoul(least, &end, 10);
		if (end == least || *end != '\0' || n < 1 || n > 100) {
			json_decref(body);
			return cli_usage(cli, "--confidence is 1 to 100");
		}
		(void)json_object_set_new(
		    body, "min_confidence", json_integer((json_int_t)n));
	}
	if (file != NULL && !make)
		code = read_file(cli, file, &decisions);
	if (decisions == NULL)
		decisions = json_object();
	/* also when it is empty: it is filled below */
	(void)json_object_set_new(body, "decisions", decisions);
	if (code == EXIT_DONE && (cli_flag(cli, "accept") != NULL ||
				     cli_flag(cli, "reject") != NULL ||
				     cli_flag(cli, "ask") != NULL))
		code = decide(cli, path, body, decisions);
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	if (json_object_size(decisions) == 0)
		(void)json_object_del(body, "decisions");
	code = cli_call(cli, "POST", path, body, reply);
	if (code == EXIT_DONE && make) {
		code = write_file(cli, file, *reply);
		if (code != EXIT_DONE) {
			json_decref(*reply);
			*reply = NULL;
		}
	}
	return code;
}
