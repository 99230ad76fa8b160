/* cli/owner.c: what the owner says: profile, organisation, demand, course. */
#define _GNU_SOURCE /* mkstemps */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node/cli/commands.h"
#include "node/cli/review.h"
#include "node/import/page.h"
#include "node/import/text.h"

#define FILE_MAX ((size_t)16 << 20)

static const char *
base_of(const struct cli *cli)
{
	const char *noun = cli->command->noun;

	if (strcmp(noun, "demand") == 0)
		return "/api/v1/demands";
	if (strcmp(noun, "course") == 0)
		return "/api/v1/courses";
	if (strcmp(noun, "pathway") == 0)
		return "/api/v1/pathways";
	return strcmp(noun, "profile") == 0 ? "/api/v1/profile"
					    : "/api/v1/organisation";
}

const char *
short_id(const char *id)
{
	const size_t n = strlen(id);

	return n > 10 ? id + n - 10 : id;
}

void
time_text(char *out, size_t cap, int64_t t)
{
	const time_t at = (time_t)t;
	struct tm tm;

	if (t <= 0 || gmtime_r(&at, &tm) == NULL ||
	    strftime(out, cap, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, cap, "-");
}

const char *
any_text(const json_t *v)
{
	const char *text = json_string_value(
	    json_object_iter_value(json_object_iter((json_t *)(uintptr_t)v)));

	if (json_is_string(v))
		return json_string_value(v);
	if (json_object_get(v, "text") != NULL)
		return json_str(v, "text");
	return text == NULL ? "" : text;
}

void
label_list(const json_t *list, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *v;

	snprintf(out, cap, "-");
	json_array_foreach(list, i, v)
	{
		const char *label = json_is_string(v) ? json_string_value(v)
						      : json_str(v, "label");
		const json_t *term = json_object_get(v, "term");

		if (label[0] == '\0')
			label = json_is_object(term) ? json_str(term, "label")
						     : json_str(v, "term");
		if (n < cap)
			n += (size_t)snprintf(out + n, cap - n, "%s%s",
			    i == 0 ? "" : ", ", label);
	}
}

int
read_text(struct cli *cli, const char *path, json_t **out)
{
	struct slice text;
	struct problem p;

	*out = NULL;
	if (file_read(path, FILE_MAX, &text, &p) != OK)
		return cli_fail(cli, &p);
	const struct text_document *is = text_document(text);
	if (is != NULL && !is_page(text)) {
		free((void *)(uintptr_t)text.p);
		problem_set(&p, EXIT_USAGE, "E1010", "%s is %s, not text", path,
		    is->name);
		problem_hint(&p, "%s", is->hint);
		return cli_fail(cli, &p);
	}
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		*out = json_stringn((const char *)text.p + 3, text.n - 3);
	else
		*out = json_stringn((const char *)text.p, text.n);
	free((void *)(uintptr_t)text.p);
	if (*out != NULL)
		return EXIT_DONE;
	problem_set(&p, EXIT_USAGE, "E1010", "%s is not UTF-8", path);
	problem_hint(&p, "iconv -f latin1 -t utf-8 %s > utf8.txt", path);
	return cli_fail(cli, &p);
}

int
read_json(struct cli *cli, const char *path, json_t **out)
{
	struct slice text;
	struct problem p;
	json_error_t where;

	*out = NULL;
	if (file_read(path, FILE_MAX, &text, &p) != OK)
		return cli_fail(cli, &p);
	*out = json_loadb(
	    (const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &where);
	free((void *)(uintptr_t)text.p);
	if (json_is_object(*out))
		return EXIT_DONE;
	if (*out == NULL)
		problem_set(&p, EXIT_USAGE, "E1011",
		    "%s, line %d, column %d: %s", path, where.line,
		    where.column, where.text);
	else
		problem_set(&p, EXIT_USAGE, "E1011",
		    "%s does not hold a JSON object", path);
	json_decref(*out);
	*out = NULL;
	return cli_fail(cli, &p);
}

static void
print_json(struct cli *cli, const json_t *v)
{
	char *text = json_dumps(
	    v, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
	char *line = text, *next;

	for (; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		output_line(&cli->out, "  %s", line);
	}
	free(text);
}

static void
print_hex(struct cli *cli, const char *hex)
{
	for (size_t n; *hex != '\0'; hex += n) {
		n = MIN(strlen(hex), 64);
		output_line(&cli->out, "  %.*s", (int)n, hex);
	}
}

/* What people do after a record went out. */
static void
next_note(struct cli *cli)
{
	const char *noun = cli->command->noun, *verb = cli->command->verb;
	const char *next = "";

	if (verb != NULL && strcmp(verb, "close") == 0)
		return;
	if (strcmp(noun, "profile") == 0)
		next = "ohcn match list";
	else if (strcmp(noun, "organisation") == 0)
		next = "ohcn demand import FILE --dry-run, or ohcn course "
		       "import FILE --dry-run";
	else if (strcmp(noun, "community") == 0)
		next = "ohcn community list";
	else if (strcmp(noun, "pathway") == 0)
		next = "ohcn pathway list";
	else
		next = strcmp(noun, "demand") == 0 ? "ohcn demand list"
						   : "ohcn course list";
	output_note(&cli->out, "next: %s", next);
}

/* Is the card one of many? In words; what was or would be left out. */
/* By the stem, or, with no peer to hand it to, how long it waits for one. */
static void
show_way(struct cli *cli, const json_t *reply)
{
	const int64_t alone_s = json_int(reply, "alone_s");
	char wait[40];

	if (json_int(reply, "relays") > 0) {
		output_line(&cli->out,
		    "on its way through other nodes, so that nobody sees "
		    "where it began");
		return;
	}
	output_line(&cli->out,
	    "waits for a peer to hand it on, so that nobody sees where it "
	    "began; this node has called none that does");
	if (alone_s == 0)
		return;
	span_text(wait, sizeof(wait), (uint64_t)alone_s);
	output_line(&cli->out,
	    "in %s it goes out from here (stem.alone); "
	    "sooner: ohcn peer connect ADDRESS",
	    wait);
}

static void
show_lint(struct cli *cli, const json_t *lint)
{
	const json_t *done = json_object_get(lint, "coarsened");
	const json_t *proposal = json_object_get(lint, "proposal");
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(lint, "words"), i, v)
	{
		output_line(&cli->out, "%s%s", i == 0 ? "one of many? " : "  ",
		    any_text(v));
	}
	json_array_foreach(json_object_get(done, "words"), i, v)
	{
		output_line(&cli->out, "%s%s", i == 0 ? "coarsened: " : "  ",
		    any_text(v));
	}
	json_array_foreach(json_object_get(proposal, "words"), i, v)
	{
		output_line(&cli->out, "%s%s",
		    i == 0 ? "--coarsen would: " : "  ", any_text(v));
	}
}

int
show_publication(struct cli *cli, json_t *reply)
{
	const json_t *record = json_object_get(reply, "record"), *body;
	const json_t *lint = json_object_get(reply, "lint");
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	char when[32];
	size_t i;
	json_t *v;

	if (cli_show(cli, reply))
		return EXIT_DONE;
	time_text(when, sizeof(when), json_int(reply, "publish_at"));
	if (dry) {
		body = json_object_get(record, "body");
		output_line(&cli->out, "would be public (%" PRId64 " bytes):",
		    json_int(record, "size"));
		print_json(cli, body == NULL ? record : body);
		output_line(&cli->out, "exact bytes:");
		print_hex(cli, json_str(record, "bytes_hex"));
	} else if (json_int(reply, "publish_at") > 0) {
		output_line(&cli->out,
		    "will go out at %s UTC (a random delay; --now to skip it)",
		    when);
	} else {
		output_line(&cli->out, "published %s, %" PRId64 " bytes",
		    json_str(record, "id"), json_int(record, "size"));
	}
	show_lint(cli, lint);
	v = json_object_get(reply, "readers");
	if (v != NULL)
		output_line(&cli->out, "readers: %s",
		    json_is_string(v) ? json_string_value(v) : "everyone");
	if (json_str(record, "topic")[0] != '\0')
		output_line(&cli->out, "topic: %s", json_str(record, "topic"));
	if (!dry && json_yes(reply, "quiet"))
		show_way(cli, reply);
	else if (!dry && json_int(reply, "publish_at") == 0)
		output_line(&cli->out, "sent to %" PRId64 " peer%s%s",
		    json_int(reply, "sent_to"),
		    json_int(reply, "sent_to") == 1 ? "" : "s",
		    json_int(reply, "sent_to") == 0
			? "; the next ones to connect will get it"
			: "");
	json_array_foreach(json_object_get(reply, "warnings"), i, v)
	{
		output_note(&cli->out, "warning: %s", any_text(v));
	}
	if (dry && json_yes(lint, "enforced") &&
	    strcmp(json_str(lint, "verdict"), "refuse") == 0)
		output_note(&cli->out,
		    "nothing was published, and it would be refused like "
		    "this: --coarsen, or --force");
	else if (dry)
		output_note(&cli->out,
		    "nothing was published; without --dry-run it is");
	else
		next_note(cli);
	json_decref(reply);
	return EXIT_DONE;
}

/* profile import */

/* A JSON Resume, by its name or its first letter; else it is text. */
static bool
is_json(const char *path, const char *text)
{
	const char *dot = strrchr(path, '.');

	text += strspn(text, " \t\r\n");
	return text[0] == '{' || text[0] == '\0' ||
	       (dot != NULL && strcmp(dot, ".json") == 0);
}

int
run_profile_import(struct cli *cli)
{
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	json_t *data, *reply = NULL, *v;
	char fields[512] = "", path[128];
	const char *format;
	size_t i, n = 0;
	int code = read_text(cli, cli->words[0], &data);

	if (code != EXIT_DONE)
		return code;
	if (cli_query(path, sizeof(path), "/api/v1/profile/import", "lang",
		cli_flag(cli, "lang"), (char *)NULL) != OK) {
		json_decref(data);
		return cli_usage(cli, "--lang is too long");
	}
	format = is_json(cli->words[0], json_string_value(data)) ? "jsonresume"
								 : "text";
	code = review_call(cli, path,
	    json_pack("{s:s,s:o,s:b}", "format", format, "data", data,
		"dry_run", dry),
	    &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	review_show(cli, reply, true);
	json_array_foreach(json_object_get(reply, "kept_private"), i, v)
	{
		if (n < sizeof(fields))
			n += (size_t)snprintf(fields + n, sizeof(fields) - n,
			    "%s%s", i == 0 ? "" : ", ",
			    json_is_string(v) ? json_string_value(v)
					      : json_str(v, "field"));
	}
	output_line(&cli->out, "stays private: %s", fields);
	output_note(&cli->out,
	    dry ? "the old draft is kept"
		: "kept as your draft; next: ohcn profile publish --dry-run");
	json_decref(reply);
	return EXIT_DONE;
}

/* Drafts */

/* The draft as it is now, an empty one if there is none. */
static int
get_draft(struct cli *cli, json_t **draft)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "GET", base_of(cli), NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	*draft = json_object_get(reply, "draft");
	*draft = json_is_object(*draft) ? json_incref(*draft) : json_object();
	json_decref(reply);
	return EXIT_DONE;
}

/* Takes ${draft}. */
static int
put_draft(struct cli *cli, json_t *draft)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "PUT", base_of(cli),
	    json_pack("{s:o}", "draft", draft), &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	print_json(cli, json_object_get(reply, "draft"));
	output_note(
	    &cli->out, "next: ohcn %s publish --dry-run", cli->command->noun);
	json_decref(reply);
	return EXIT_DONE;
}

static int
run_editor(const char *path)
{
	const char *editor = getenv("VISUAL");
	int status = -1;
	pid_t pid;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	pid = fork();
	if (pid == 0) {
		execlp("sh", "sh", "-c", "exec $0 \"$1\"", editor, path,
		    (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Takes ${draft}, gives the edited one. */
static int
edit_by_hand(struct cli *cli, json_t *draft, json_t **out)
{
	char path[] = "/tmp/ohcn-draft-XXXXXX.json";
	struct problem p;
	FILE *f;
	int fd, code;

	*out = NULL;
	if (isatty(STDIN_FILENO) != 1) {
		json_decref(draft);
		return cli_usage(cli, "what should change? (no terminal for "
				      "an editor)");
	}
	fd = mkstemps(path, 5);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL ||
	    json_dumpf(draft, f, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 ||
	    fclose(f) != 0) {
		json_decref(draft);
		problem_set(&p, EXIT_DISK, "E1012", "cannot write %s", path);
		return cli_fail(cli, &p);
	}
	json_decref(draft);
	if (run_editor(path) != 0) {
		problem_set(
		    &p, EXIT_USAGE, "E1013", "the editor ended with an error");
		problem_hint(
		    &p, "EDITOR=nano ohcn %s edit", cli->command->noun);
		code = cli_fail(cli, &p);
	} else {
		code = read_json(cli, path, out);
	}
	unlink(path);
	return code;
}

static bool
any_flag(const struct cli *cli)
{
	const struct cli_flag *f = cli->command->flags;

	for (size_t i = 0; f[i].name != NULL; i++)
		if (cli->flag_values[i] != NULL &&
		    strcmp(f[i].name, "lang") != 0)
			return true;
	return false;
}

/* --from and the editor, for both; 'done' says that ${draft} is ready. */
static int
whole_draft(struct cli *cli, json_t **draft, bool *done)
{
	const char *from = cli_flag(cli, "from");
	int code;

	*draft = NULL;
	*done = from != NULL || !any_flag(cli);
	if (from != NULL)
		return read_json(cli, from, draft);
	code = get_draft(cli, draft);
	if (code != EXIT_DONE || !*done)
		return code;
	return edit_by_hand(cli, *draft, draft);
}

/* An attribute on which nobody is matched: there is nothing near it. */
static int
never_used(struct cli *cli, const char *words, json_t *reply)
{
	struct problem p;

	json_decref(reply);
	problem_set(&p, EXIT_REFUSED, "E1015",
	    "\"%s\" is never used: nobody is matched by it", words);
	problem_why(&p, "age, sex, origin, religion, health and their like do "
			"not count here, for nobody");
	problem_hint(&p, "leave it out");
	return cli_fail(cli, &p);
}

/*
 * The term that words mean, and its label. Only what is surely meant is
 * taken; the others are named for the person to choose.
 */
int
find_term(struct cli *cli, const char *words, const char *type, char term[20],
    char *label, size_t label_cap)
{
	char path[1024], near[300];
	json_t *reply = NULL, *list, *first;
	struct problem p;
	int code;

	if (cli_query(path, sizeof(path), "/api/v1/vocabulary/search", "q",
		words, "limit", "5", "type", type, "lang",
		cli_flag(cli, "lang"), (char *)NULL) != OK)
		return cli_usage(cli, "\"%.40s...\" is too long", words);
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	list = json_object_get(reply, "terms");
	first = json_array_get(list, 0);
	if (first != NULL && (strcmp(json_str(first, "match"), "exact") == 0 ||
				 strcmp(json_str(first, "term"), words) == 0)) {
		snprintf(term, 20, "%s", json_str(first, "term"));
		snprintf(label, label_cap, "%s", json_str(first, "label"));
	} else {
		label_list(list, near, sizeof(near));
		if (json_yes(reply, "protected"))
			return never_used(cli, words, reply);
		problem_set(&p, EXIT_NOTFOUND, "E1014",
		    "no term is called \"%s\"", words);
		problem_hint(&p, "%s%s", first == NULL ? "" : "one of: ",
		    first == NULL ? "ohcn vocabulary search" : near);
		code = cli_fail(cli, &p);
	}
	json_decref(reply);
	return code;
}

static const char *
term_of(const json_t *entry)
{
	const json_t *inner = json_object_get(entry, "term");

	if (json_is_string(entry))
		return json_string_value(entry);
	return json_is_object(inner) ? json_str(inner, "term")
				     : json_str(entry, "term");
}

void
list_remove(json_t *draft, const char *name, const char *term)
{
	json_t *list = json_object_get(draft, name);

	for (size_t i = json_array_size(list); i-- > 0;)
		if (strcmp(term_of(json_array_get(list, i)), term) == 0)
			json_array_remove(list, i);
	if (list != NULL && json_array_size(list) == 0)
		json_object_del(draft, name);
}

json_t *
list_of(json_t *draft, const char *name)
{
	json_t *list = json_object_get(draft, name);

	if (!json_is_array(list)) {
		list = json_array();
		json_object_set_new(draft, name, list);
	}
	return list;
}

static int
edit_terms(struct cli *cli, json_t *draft, int64_t level)
{
	static const struct {
		const char *flag, *list, *type;
	} adds[] = { { "add-skill", "skills", NULL },
		{ "add-aspiration", "aspirations", NULL },
		{ "add-purpose", "purposes", "purpose" } };
	const char *gone = cli_flag(cli, "remove");
	char term[20], label[160];
	int code;

	for (size_t i = 0; i < ARRAY_LEN(adds); i++) {
		const char *words = cli_flag(cli, adds[i].flag);

		if (words == NULL)
			continue;
		code = find_term(
		    cli, words, adds[i].type, term, label, sizeof(label));
		if (code != EXIT_DONE)
			return code;
		output_note(&cli->out, "\"%s\" is %s", words, label);
		list_remove(draft, adds[i].list, term);
		json_array_append_new(list_of(draft, adds[i].list),
		    i == 2 ? json_string(term)
			   : json_pack("{s:s,s:I}", "term", term, "level",
				 (json_int_t)level));
	}
	if (gone == NULL)
		return EXIT_DONE;
	code = find_term(cli, gone, NULL, term, label, sizeof(label));
	for (size_t i = 0; code == EXIT_DONE && i < ARRAY_LEN(adds); i++)
		list_remove(draft, adds[i].list, term);
	return code;
}

/* "job,gig" to ["job", "gig"]; the node checks the words. */
static json_t *
words_list(const char *text)
{
	json_t *list = json_array();

	while (*text != '\0') {
		const size_t n = strcspn(text, ", ");

		if (n > 0)
			json_array_append_new(list, json_stringn(text, n));
		text += n + (text[n] != '\0');
	}
	return list;
}

static int
edit_language(struct cli *cli, json_t *draft)
{
	const char *text = cli_flag(cli, "language");
	const char *equals = text == NULL ? NULL : strchr(text, '=');
	json_t *list;

	if (text == NULL)
		return EXIT_DONE;
	if (equals == NULL || equals == text || equals[1] == '\0')
		return cli_usage(cli, "--language: CODE=LEVEL is needed, "
				      "such as de=B2");
	list = list_of(draft, "languages");
	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *code =
		    json_str(json_array_get(list, i), "language");

		if (strlen(code) == (size_t)(equals - text) &&
		    strncmp(code, text, (size_t)(equals - text)) == 0)
			json_array_remove(list, i);
	}
	json_array_append_new(
	    list, json_pack("{s:o,s:s}", "language",
		      json_stringn(text, (size_t)(equals - text)), "cefr",
		      equals + 1));
	return EXIT_DONE;
}

/* What a person wants and tells nobody: pay floor, hours, what not. */
static int
put_wishes(struct cli *cli, const char *path)
{
	json_t *wishes, *reply = NULL;
	int code = read_json(cli, path, &wishes);

	if (code == EXIT_DONE)
		code = cli_call(cli, "PUT", "/api/v1/profile",
		    json_pack("{s:o}", "wishes", wishes), &reply);
	if (code != EXIT_DONE)
		return code;
	if (!cli_tell(cli, reply))
		output_note(&cli->out, "kept here; never published");
	return EXIT_DONE;
}

int
run_profile_edit(struct cli *cli)
{
	const char *level = cli_flag(cli, "level");
	json_t *draft;
	bool done;
	int code;

	if (cli_flag(cli, "wishes") != NULL)
		return put_wishes(cli, cli_flag(cli, "wishes"));
	if (level != NULL &&
	    (level[0] < '1' || level[0] > '5' || level[1] != '\0'))
		return cli_usage(cli, "--level is 1 to 5");
	code = whole_draft(cli, &draft, &done);
	if (code != EXIT_DONE || done)
		return code == EXIT_DONE ? put_draft(cli, draft) : code;
	code = edit_terms(cli, draft, level == NULL ? 3 : level[0] - '0');
	if (code == EXIT_DONE)
		code = edit_language(cli, draft);
	if (code != EXIT_DONE) {
		json_decref(draft);
		return code;
	}
	if (cli_flag(cli, "hours") != NULL)
		json_object_set_new(
		    draft, "hours", json_string(cli_flag(cli, "hours")));
	if (cli_flag(cli, "region") != NULL)
		json_object_set_new(
		    draft, "region", json_string(cli_flag(cli, "region")));
	if (cli_flag(cli, "remote") != NULL)
		json_object_set_new(
		    draft, "remote", json_string(cli_flag(cli, "remote")));
	if (cli_flag(cli, "seeks") != NULL)
		json_object_set_new(
		    draft, "seeks", words_list(cli_flag(cli, "seeks")));
	if (cli_flag(cli, "offers") != NULL)
		json_object_set_new(
		    draft, "offers", words_list(cli_flag(cli, "offers")));
	return put_draft(cli, draft);
}

int
run_draft_edit(struct cli *cli)
{
	static const char *const texts[] = { "name", "description" };
	static const char *const plain[] = { "type", "size", "industry",
		"website" };
	const char *lang = cli_flag(cli, "lang");
	json_t *draft;
	bool done;
	int code = cli_need_config(cli);

	if (code == EXIT_DONE)
		code = whole_draft(cli, &draft, &done);
	if (code != EXIT_DONE || done)
		return code == EXIT_DONE ? put_draft(cli, draft) : code;
	if (lang == NULL)
		lang = cli->config.node.language;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *value = cli_flag(cli, texts[i]);
		json_t *text = json_object_get(draft, texts[i]);

		if (value == NULL)
			continue;
		if (!json_is_object(text)) {
			text = json_object();
			json_object_set_new(draft, texts[i], text);
		}
		json_object_set_new(text, lang, json_string(value));
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (cli_flag(cli, plain[i]) != NULL)
			json_object_set_new(draft, plain[i],
			    json_string(cli_flag(cli, plain[i])));
	return put_draft(cli, draft);
}

int
run_draft_show(struct cli *cli)
{
	json_t *reply = NULL, *published;
	const int code = cli_call(cli, "GET", base_of(cli), NULL, &reply);
	char when[32];

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	if (json_is_object(json_object_get(reply, "draft"))) {
		output_line(&cli->out, "draft (here only):");
		print_json(cli, json_object_get(reply, "draft"));
	} else {
		output_line(&cli->out, "no draft");
	}
	published = json_object_get(reply, "published");
	if (json_is_object(published)) {
		time_text(when, sizeof(when), json_int(published, "expires"));
		output_line(&cli->out, "published: %s until %s UTC",
		    json_str(published, "id"), when);
		if (json_yes(published, "on_its_way"))
			output_line(&cli->out,
			    "  on its way through other nodes; until it comes "
			    "back, this one shows what it replaces");
	} else {
		output_line(&cli->out, "not published");
	}
	if (json_is_object(json_object_get(reply, "wishes"))) {
		output_line(&cli->out, "wishes (here only, for matching):");
		print_json(cli, json_object_get(reply, "wishes"));
	}
	if (json_int(reply, "publish_at") > 0) {
		time_text(when, sizeof(when), json_int(reply, "publish_at"));
		output_line(&cli->out, "will go out at %s UTC", when);
	}
	json_decref(reply);
	return EXIT_DONE;
}

int
run_draft_publish(struct cli *cli)
{
	char path[64];
	json_t *reply = NULL;
	int code;

	if (cli_flag(cli, "force") != NULL &&
	    !cli_confirm(cli, "Publish a card by which you might be "
			      "recognised? It cannot be taken back."))
		return cli_usage(cli, "--force: not without --yes");
	snprintf(path, sizeof(path), "%s/publish", base_of(cli));
	code = cli_call(cli, "POST", path,
	    json_pack("{s:b,s:b,s:b,s:b}", "dry_run",
		cli_flag(cli, "dry-run") != NULL, "now",
		cli_flag(cli, "now") != NULL, "coarsen",
		cli_flag(cli, "coarsen") != NULL, "force",
		cli_flag(cli, "force") != NULL),
	    &reply);
	return code != EXIT_DONE ? code : show_publication(cli, reply);
}

int
run_profile_forget(struct cli *cli)
{
	json_t *reply = NULL;
	int code;

	if (!cli_confirm(cli, "Withdraw your card from every node?"))
		return cli_usage(cli, "not without --yes");
	code = cli_call(cli, "POST", "/api/v1/profile/forget",
	    json_pack("{s:b}", "draft", cli_flag(cli, "draft") != NULL),
	    &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	if (json_is_object(json_object_get(reply, "record")))
		output_line(&cli->out, "withdrawn; told %" PRId64 " peers",
		    json_int(reply, "sent_to"));
	else
		output_line(&cli->out, "nothing was published");
	if (json_yes(reply, "draft_deleted"))
		output_line(&cli->out, "the draft is gone too");
	json_decref(reply);
	return EXIT_DONE;
}

/* Demands and courses */

/* By --format, or by the file's name. */
static const char *
format_of(struct cli *cli)
{
	static const char *const text[] = { ".txt", ".text", ".md", ".markdown",
		".pdf", ".docx", ".doc", ".odt", ".rtf" };
	const char *format = cli_flag(cli, "format");
	const char *dot = strrchr(cli->words[0], '.');

	if (format != NULL || dot == NULL)
		return format;
	if (strcmp(dot, ".csv") == 0)
		return "csv";
	if (strcmp(dot, ".ndjson") == 0 || strcmp(dot, ".jsonl") == 0)
		return "ndjson";
	if (strcmp(dot, ".json") == 0 || strcmp(dot, ".jsonld") == 0 ||
	    strcmp(dot, ".html") == 0 || strcmp(dot, ".htm") == 0)
		return "jobposting";
	/* the last ones are told what they are, see read_text() */
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (strcmp(dot, text[i]) == 0)
			return "text";
	return NULL;
}

int
run_post_import(struct cli *cli)
{
	const char *format = format_of(cli), *map = cli_flag(cli, "map");
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	char base[64], path[128];
	json_t *data, *body, *text, *reply = NULL;
	int64_t wrong;
	int code;

	if (format == NULL)
		return cli_usage(cli,
		    "--format is needed for %s: csv, jobposting, ndjson or "
		    "text",
		    cli->words[0]);
	code = read_text(cli, cli->words[0], &data);
	if (code != EXIT_DONE)
		return code;
	body = json_pack("{s:s,s:o,s:b,s:b,s:b}", "format", format, "data",
	    data, "dry_run", dry, "archive_missing",
	    cli_flag(cli, "archive-missing") != NULL, "allow_partial",
	    cli_flag(cli, "allow-partial") != NULL);
	if (map != NULL) {
		code = read_text(cli, map, &text);
		if (code != EXIT_DONE) {
			json_decref(body);
			return code;
		}
		json_object_set_new(body, "map", text);
	}
	snprintf(base, sizeof(base), "%s/import", base_of(cli));
	if (cli_query(path, sizeof(path), base, "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK) {
		json_decref(body);
		return cli_usage(cli, "--lang is too long");
	}
	code = review_call(cli, path, body, &reply);
	if (code != EXIT_DONE)
		return code;
	wrong = json_int(reply, "errors");
	if (!cli->json)
		show_import(cli, reply);
	if (dry)
		output_note(&cli->out, "nothing was published%s",
		    wrong == 0 ? "; without --dry-run it is" : "");
	else if (wrong > 0 && cli_flag(cli, "allow-partial") == NULL)
		output_note(&cli->out, "nothing was published: correct the "
				       "rows, or --allow-partial");
	else
		output_note(
		    &cli->out, "next: ohcn %s list", cli->command->noun);
	if (!cli_show(cli, reply))
		json_decref(reply);
	return wrong > 0 ? EXIT_PARTIAL : EXIT_DONE;
}

int
run_post_one(struct cli *cli)
{
	json_t *payload, *reply = NULL;
	int code = read_json(cli, cli->words[0], &payload);

	if (code != EXIT_DONE)
		return code;
	code = cli_call(cli, "POST", base_of(cli),
	    json_pack("{s:o,s:b}", cli->command->noun, payload, "dry_run",
		cli_flag(cli, "dry-run") != NULL),
	    &reply);
	return code != EXIT_DONE ? code : show_publication(cli, reply);
}

int
run_post_list(struct cli *cli)
{
	static const char *const heads[] = { "external id", "status", "expires",
		"record", "title" };
	const bool course = strcmp(cli->command->noun, "course") == 0;
	struct table *t;
	json_t *reply, *d;
	size_t i;

	const int code = cli_get(cli, &reply, base_of(cli), "status",
	    cli_flag(cli, "status"), (char *)NULL);
	if (reply == NULL)
		return code;
	t = table_new(heads, 5);
	json_array_foreach(
	    json_object_get(reply, course ? "courses" : "demands"), i, d)
	{
		char expires[32];
		const char *row[5] = { json_str(d, "external_id"),
			json_str(d, "status"), expires,
			short_id(json_str(d, "id")),
			any_text(json_object_get(d, "title")) };

		time_text(expires, sizeof(expires), json_int(d, "expires"));
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
	} else {
		table_free(t);
		output_line(&cli->out, "no %ss of yours%s%s",
		    cli->command->noun,
		    cli_flag(cli, "status") == NULL ? "" : " are ",
		    cli_flag(cli, "status") == NULL ? " yet"
						    : cli_flag(cli, "status"));
		output_note(&cli->out, "next: ohcn %s import FILE --dry-run",
		    cli->command->noun);
	}
	if (i > 0 && !course)
		output_note(&cli->out,
		    "who fits: ohcn candidate list --demand ID (external id "
		    "or record)");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_post_close(struct cli *cli)
{
	const char *status = cli_flag(cli, "status");
	char path[512];
	json_t *reply = NULL;
	int code;

	if (status == NULL)
		status = strcmp(cli->command->noun, "demand") == 0
			     ? "filled"
			     : "withdrawn";
	if (cli_under(
		path, sizeof(path), base_of(cli), cli->words[0], "close") != OK)
		return cli_usage(cli, "the id is too long");
	code = cli_call(cli, "POST", path,
	    json_pack("{s:s,s:b}", "status", status, "dry_run",
		cli_flag(cli, "dry-run") != NULL),
	    &reply);
	return code != EXIT_DONE ? code : show_publication(cli, reply);
}
