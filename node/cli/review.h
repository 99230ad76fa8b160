/*
 * cli/review.h: what an import made of the words in a file, shown, asked and
 * decided: --accept, --reject, --ask, --confidence and --review FILE of
 * `profile import`, `demand import` and `course import`.
 *
 * Words are numbered by where they stand first in the file, so that the
 * numbers stay the same whatever is decided.
 *
 * A review file has a line for each: "keep", "drop" or "use TERM" (number,
 * URI or whole label), the words as a JSON string, and a comment behind '#':
 *   keep "Schweissen"  # welding, 100 %
 *   use gas welding "Autogen"  # not taken; may be: gas supply, 35 %
 * Words without a line are not decided.
 */
#pragma once

#include "node/cli/cli.h"

/* The flags, for the table of commands. */
#define REVIEW_FLAGS                                                           \
	{ "review", "FILE", "with --dry-run make it, without follow it" },     \
	    { "accept", "LIST", "take words however unsure: 3,7-9 or all" },   \
	    { "reject", "LIST", "leave words out: numbers of --dry-run" },     \
	    { "ask", NULL, "ask about each word that is not sure" },           \
	{                                                                      \
		"confidence", "N", "least percent that is taken (50)"          \
	}

/**
 * review_call(cli, path, body, reply):
 * POST ${body} (taken; it has "dry_run") with what the flags decide; asks on
 * the terminal, reads or writes the review file. The exit code; ${reply} is
 * the node's answer.
 */
int review_call(
    struct cli *cli, const char *path, json_t *body, json_t **reply);

/**
 * review_show(cli, reply, all):
 * What was taken and what was not, with alternatives. ${all}: also words that
 * are whole labels.
 */
void review_show(struct cli *cli, const json_t *reply, bool all);

/**
 * review_read(text, decisions, line):
 * The lines of a review file as {"words": true | false | "term"}. NULL in
 * ${decisions}: ${line} (from 1) is not of that form.
 */
void review_read(struct slice text, json_t **decisions, unsigned *line);
