/* cli/help.c: the help, from the table of commands. */
#include <stdlib.h>

#include "node/cli/commands.h"

static void
title(FILE *to, const struct cli_command *c, char *out, size_t cap)
{
	(void)to;
	snprintf(out, cap, "%s%s%s%s%s", c->noun, c->verb == NULL ? "" : " ",
	    c->verb == NULL ? "" : c->verb, c->words[0] == '\0' ? "" : " ",
	    c->words);
}

/* Lines of ${text}, each with ${before}. */
static void
lines(FILE *to, const char *before, const char *text)
{
	while (*text != '\0') {
		const size_t n = strcspn(text, "\n");

		fprintf(to, "%s%.*s\n", before, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void
flag_line(FILE *to, const char *name, const char *value, const char *help)
{
	char left[48];

	snprintf(left, sizeof(left), "--%s%s%s", name, value == NULL ? "" : " ",
	    value == NULL ? "" : value);
	if (strlen(left) > 24)
		fprintf(to, "  %s\n  %-24s %s\n", left, "", help);
	else
		fprintf(to, "  %-24s %s\n", left, help);
}

static void
help_command(FILE *to, const struct cli_command *c)
{
	char name[80];

	title(to, c, name, sizeof(name));
	fprintf(to, "ohcn %s%s\n\n  %s\n", name,
	    c->flags != NULL && c->flags[0].name != NULL ? " [flags]" : "",
	    c->summary);
	if (c->help != NULL) {
		fputc('\n', to);
		lines(to, "  ", c->help);
	}
	if (c->flags != NULL && c->flags[0].name != NULL) {
		fputs("\nflags:\n", to);
		for (const struct cli_flag *f = c->flags; f->name != NULL; f++)
			flag_line(to, f->name, f->value, f->help);
	}
	if (c->examples != NULL) {
		fputs("\nexamples:\n", to);
		lines(to, "  ", c->examples);
	}
	fputs("\nFlags for every command: `ohcn help all`\n", to);
}

static void
help_globals(FILE *to)
{
	fputs("\nflags for every command:\n", to);
	flag_line(to, "home", "DIR",
	    "keep everything below this directory (OHCN_HOME)");
	flag_line(to, "api", "URL",
	    "talk to http://127.0.0.1:PORT instead of the socket");
	flag_line(to, "json", NULL, "one JSON object with a \"schema\"");
	flag_line(to, "set", "S.N=VALUE",
	    "a setting, for this time; of a list: again");
	flag_line(to, "passphrase-file", "FILE", "first line opens the key");
	flag_line(to, "no-passphrase", NULL,
	    "the key file is not protected: anyone who reads it is you");
	flag_line(to, "yes", NULL, "do not ask");
	flag_line(to, "quiet", NULL, "(-q) data only");
	flag_line(to, "persona", "NAME", "as which of your personas");
	flag_line(to, "help", NULL, "(-h) teach this command");
}

static void
help_all(FILE *to)
{
	size_t n;
	const struct cli_command *c = cli_commands(&n);
	const char *last = "";

	fputs("usage: ohcn [flags] COMMAND [ARGUMENTS] [flags]\n", to);
	fputs("\ncommands:\n", to);
	for (size_t i = 0; i < n; i++) {
		char name[80];

		if (strcmp(last, c[i].noun) != 0 && c[i].verb != NULL)
			fputc('\n', to);
		last = c[i].noun;
		title(to, &c[i], name, sizeof(name));
		fprintf(to, "  %-28s %s\n", name, c[i].summary);
	}
	help_globals(to);
	fputs("\nmore: ohcn help NOUN [VERB], ohcn help exit-codes, "
	      "ohcn help config,\n      ohcn help forgetting, ohcn help "
	      "private-network\n",
	    to);
}

/* The daily path of each role, on one screen. */
static void
help_short(FILE *to)
{
	fputs("ohcn: the node of the Open Human Cloud Network\n\n"
	      "a person\n"
	      "  ohcn up                             start your node\n"
	      "  ohcn profile import resume.json     what you can do; stays "
	      "here\n"
	      "  ohcn profile publish --dry-run      what others would see\n"
	      "  ohcn match list                     what fits you, what to "
	      "learn next\n"
	      "a company, a course provider\n"
	      "  ohcn up --role company --name Acme  (or --role provider)\n"
	      "  ohcn organisation publish           who you are\n"
	      "  ohcn demand import jobs.csv         (or ohcn course import "
	      "courses.csv)\n"
	      "  ohcn candidate list --demand ID     who fits, what leaves "
	      "others out\n"
	      "a researcher\n"
	      "  ohcn record list --kind demand      what this node holds\n"
	      "  ohcn signal top                     demand and supply by "
	      "term\n"
	      "  ohcn crawl run --dry-run            visit the whole "
	      "network\n"
	      "every day\n"
	      "  ohcn status, ohcn watch, ohcn doctor, ohcn down\n"
	      "  ohcn invite --qr, ohcn up --join LINK, ohcn peer explain "
	      "ID\n\n"
	      "more: ohcn help all (every command and flag), ohcn help NOUN "
	      "[VERB],\n"
	      "      ohcn help config, ohcn help exit-codes, ohcn help "
	      "forgetting,\n      ohcn help private-network\n",
	    to);
}

static const struct {
	enum exit_code code;
	const char *meaning;
} codes[] = {
	{ EXIT_DONE, "done" },
	{ EXIT_REFUSED, "the node understood and refused" },
	{ EXIT_USAGE, "the command line is wrong" },
	{ EXIT_UNREACHABLE, "no node answers" },
	{ EXIT_AUTH, "token or passphrase is wrong or missing" },
	{ EXIT_NOTFOUND, "there is no such thing" },
	{ EXIT_TIMEOUT, "no answer in time" },
	{ EXIT_PARTIAL, "not all: rows failed, records were not taken, a crawl "
			"was stopped;\n       the report says which" },
	{ EXIT_CONFLICT, "against what is there: key exists, port in use, node "
			 "running,\n       store locked, no profile to match "
			 "with yet" },
	{ EXIT_DAMAGED, "a file of ours is damaged or foreign: key, store" },
	{ EXIT_DISK, "cannot write: disk full, no permission" },
	{ EXIT_TEMPORARY, "not now; try again" },
	{ EXIT_NEWER, "the store is of a newer version of ohcn" },
	{ EXIT_CONFIG, "a setting is wrong" },
};

static void
help_codes(FILE *to)
{
	fputs("exit codes\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		fprintf(
		    to, "  %3d  %s\n", (int)codes[i].code, codes[i].meaning);
	fputs("  128+n  ended by signal n\n", to);
}

/* Each sentence has a test of its own: tests/e2e/forget_test.py and
 * persona_forget_test.py. */
static void
help_forgetting(FILE *to)
{
	fputs("what can be taken back, and what cannot\n\n"
	      "  Before anybody has it\n"
	      "    A card that waits to be published can be taken back "
	      "without a trace:\n"
	      "      ohcn profile forget --yes\n"
	      "  In the network\n"
	      "    The same command replaces a published card, in every node "
	      "that hears of it,\n"
	      "    by a tombstone that says nothing but that it is gone.\n"
	      "    A node that was away does so when it is back.\n"
	      "    An old copy that somebody brings again is refused.\n"
	      "    What you do not withdraw ends by itself: a card after 90 "
	      "days at most.\n"
	      "    A persona ends for good by `ohcn persona revoke NAME`: "
	      "all it has published\n"
	      "    goes, and nothing of it is accepted again, from you "
	      "neither.\n"
	      "  On this machine\n"
	      "    `ohcn persona forget NAME` ends a persona so, and erases "
	      "its talks, documents,\n"
	      "    facts, claims, keys, ledger and name here, and the tokens "
	      "that speak for it\n"
	      "    alone; it goes on after a crash. Its number is kept, here "
	      "and in each backup\n"
	      "    made since, so that its key is not made anew for another "
	      "name. The words alone\n"
	      "    do not have it: a node made again from them learns of it "
	      "by the revocation,\n"
	      "    which lives 400 days and is said again as long as a node "
	      "of yours runs. After\n"
	      "    that a new persona may get its key, and whoever kept what "
	      "it said can tell: so\n"
	      "    make a backup after you have forgotten a persona.\n"
	      "    `ohcn profile forget --draft --yes` deletes draft and "
	      "wishes as well. What is\n"
	      "    deleted is overwritten on the disk a minute later or "
	      "when the node stops, what\n"
	      "    is replaced within the hour. A flash disk or a backup "
	      "may keep older blocks.\n"
	      "    Without the key file the private data opens for nobody, "
	      "with the words\n"
	      "    neither: to forget all of it, delete the key file and "
	      "your backups.\n"
	      "  What cannot be taken back\n"
	      "    Who copied your card before has the copy. A node that "
	      "does not keep the rules\n"
	      "    need not forget, and a tombstone still shows the key and "
	      "that a card was there.\n"
	      "    An offer or an answer that was read stays with who has "
	      "read it, withdrawn or not.\n"
	      "    Who learned your name keeps it.\n\n"
	      "Deletion is a request that all nodes that keep the rules "
	      "carry out.\n",
	    to);
}

/* Tests: tests/e2e/private_test.py; of the link discovery_test.py. */
static void
help_private(FILE *to)
{
	fputs(
	    "a marketplace inside a company: a private network\n\n"
	    "  The nodes of a private network have a key in common and talk "
	    "to nobody else:\n"
	    "  what goes over the wire are random bytes to all who lack it. "
	    "All that ohcn can\n"
	    "  do is there as well: gigs, projects and mentoring, matches, "
	    "sealed offers,\n"
	    "  agreements, outcomes, communities.\n"
	    "  The first node, of the company\n"
	    "    ohcn network key new swarm.key\n"
	    "    ohcn up --role company --name Acme --set "
	    "node.network=acme-inside \\\n"
	    "        --set network.psk_file=$PWD/swarm.key --set "
	    "mdns.mode=off\n"
	    "    ohcn demand import gigs.csv\n"
	    "    ohcn invite --with-key            a link: give it to your "
	    "people, by a way\n"
	    "                                      that you trust: whoever "
	    "has it is inside\n"
	    "  A person of the company\n"
	    "    ohcn up --join 'ohcn:invite?...'  the link brings network, "
	    "key and address\n"
	    "    ohcn profile edit --add-skill welding --level 4\n"
	    "    ohcn profile publish\n"
	    "    ohcn match list\n"
	    "  Then as everywhere: ohcn candidate list, ohcn offer send, ohcn "
	    "inbox list,\n"
	    "  ohcn agreement propose, ohcn outcome propose. Where a manager "
	    "has to agree, the\n"
	    "  demand says permission=manager and a third signature is "
	    "asked for.\n"
	    "  Several recruiters\n"
	    "    ohcn token add anna --scope read,match,offer    one for "
	    "each; ohcn token log\n"
	    "  What to know\n"
	    "    Who is inside sees all cards there: names are in none, but "
	    "few people are easy\n"
	    "    to tell apart (ohcn help profile publish, k-lint).\n"
	    "    The key cannot be taken from one who leaves: make a new "
	    "one, and give it to\n"
	    "    all others.\n"
	    "    Who is in the public network too runs a second node, with a "
	    "home and a key of\n"
	    "    its own (--home DIR): the two know nothing of each other.\n",
	    to);
}

static void
help_config(FILE *to)
{
	size_t n;
	const struct config_setting *s = config_settings(&n);
	char section[32] = "";

	fputs("settings\n\n"
	      "Later ones win: built-in, the file ohcn.conf (`ohcn paths`), "
	      "the environment\n(OHCN_SECTION_NAME), --set "
	      "section.name=value. The node never writes the file.\n"
	      "A list is a repeated name; sizes and times have units "
	      "(256MiB, 30s).\n",
	    to);
	for (size_t i = 0; i < n; i++) {
		const size_t dot = strcspn(s[i].name, ".");

		if (strlen(section) != dot ||
		    strncmp(section, s[i].name, dot) != 0) {
			snprintf(section, sizeof(section), "%.*s", (int)dot,
			    s[i].name);
			fprintf(to, "\n[%s]\n", section);
		}
		fprintf(to, "# %s%s%s%s\n%s = %s\n", s[i].help,
		    s[i].choices == NULL ? "" : " (",
		    s[i].choices == NULL ? "" : s[i].choices,
		    s[i].choices == NULL ? "" : ")", s[i].name + dot + 1,
		    s[i].def);
	}
}

static bool
help_noun(FILE *to, const char *noun)
{
	size_t n;
	const struct cli_command *c = cli_commands(&n);
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		char name[80];

		if (strcmp(c[i].noun, noun) != 0)
			continue;
		if (c[i].verb == NULL) {
			help_command(to, &c[i]);
			return true;
		}
		if (!found)
			fprintf(to, "ohcn %s VERB\n\n", noun);
		found = true;
		title(to, &c[i], name, sizeof(name));
		fprintf(to, "  %-28s %s\n", name, c[i].summary);
	}
	if (!found)
		return false;
	fputs("\nexamples:\n", to);
	for (size_t i = 0; i < n; i++)
		if (strcmp(c[i].noun, noun) == 0 && c[i].examples != NULL)
			fprintf(to, "  %.*s\n",
			    (int)strcspn(c[i].examples, "\n"), c[i].examples);
	fprintf(to, "\nMore: ohcn %s VERB --help\n", noun);
	return true;
}

int
cli_help(const char *noun, const char *verb, FILE *to)
{
	size_t n;
	const struct cli_command *c = cli_commands(&n);

	if (noun == NULL) {
		help_short(to);
		return EXIT_DONE;
	}
	if (strcmp(noun, "all") == 0) {
		help_all(to);
		return EXIT_DONE;
	}
	if (strcmp(noun, "exit-codes") == 0) {
		help_codes(to);
		return EXIT_DONE;
	}
	if (strcmp(noun, "forgetting") == 0) {
		help_forgetting(to);
		return EXIT_DONE;
	}
	if (strcmp(noun, "private-network") == 0) {
		help_private(to);
		return EXIT_DONE;
	}
	if (strcmp(noun, "config") == 0 && verb == NULL) {
		(void)help_noun(to, noun);
		fputc('\n', to);
		help_config(to);
		return EXIT_DONE;
	}
	if (verb == NULL)
		return help_noun(to, noun) ? EXIT_DONE : EXIT_USAGE;
	for (size_t i = 0; i < n; i++) {
		if (c[i].verb != NULL && strcmp(c[i].noun, noun) == 0 &&
		    strcmp(c[i].verb, verb) == 0) {
			help_command(to, &c[i]);
			return EXIT_DONE;
		}
	}
	return EXIT_USAGE;
}

int
run_help(struct cli *cli)
{
	const char *noun = cli->words_n > 0 ? cli->words[0] : NULL;
	const char *verb = cli->words_n > 1 ? cli->words[1] : NULL;

	if (cli_help(noun, verb, stdout) == EXIT_DONE)
		return EXIT_DONE;
	return cli_usage(cli, "there is no command \"%s%s%s\"", noun,
	    verb == NULL ? "" : " ", verb == NULL ? "" : verb);
}
