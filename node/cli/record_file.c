#define _XOPEN_SOURCE 700 /* fileno, fsync */
/*
 * cli/record_file.c: record export and import: files of any size, in pieces,
 * so that neither side holds more than one of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/cli/commands.h"
#include "proto/record/file.h"

#define WINDOW_BYTES ((size_t)1 << 20)
#define BATCH_BYTES  ((size_t)4 << 20)
#define TELL_EVERY   ((uint64_t)4 << 20) /* bytes, on a terminal */
#define DAMAGES_MAX  100                 /* told one by one */

/* ---- export ---- */

struct progress {
	struct cli *cli;
	uint64_t told;
	bool shown;
};

static void
progress_line(struct progress *p, const char *text)
{
	if (p->cli->out.quiet || isatty(STDERR_FILENO) != 1)
		return;
	(void)fprintf(stderr, "\r%-60s", text);
	p->shown = true;
}

static void
progress_end(struct progress *p)
{
	if (p->shown)
		(void)fprintf(stderr, "\r%-60s\r", "");
	p->shown = false;
}

static void
on_bytes(void *ctx, uint64_t bytes)
{
	struct progress *p = ctx;
	char size[32];

	if (bytes < p->told + TELL_EVERY)
		return;
	p->told = bytes;
	size_text(size, sizeof(size), bytes);
	progress_line(p, size);
}

/* The end of a file that is whole tells how many records it has. */
static uint64_t
count_of(const char *path)
{
	uint8_t end[RECORD_FILE_END] = { 0 };
	FILE *f = fopen(path, "rbe");

	if (f == NULL)
		return 0;
	if (fseek(f, -(long)sizeof(end), SEEK_END) != 0 ||
	    fread(end, 1, sizeof(end), f) != sizeof(end))
		memset(end, 0, sizeof(end));
	(void)fclose(f);
	return get_u64be(end + 1);
}

/* On the stick before it is pulled out. */
static err
finish(FILE *f, const char *half, const char *to, err e, struct problem *p)
{
	errno = 0;
	if (e == OK && (fflush(f) != 0 || fsync(fileno(f)) != 0))
		e = ERR_IO;
	if (fclose(f) != 0 && e == OK)
		e = ERR_IO;
	if (e == OK && rename(half, to) != 0)
		e = ERR_IO;
	if (e == OK)
		return OK;
	if (p->what[0] == '\0')
		problem_set(p, EXIT_DISK, "E1012", "cannot write %s: %s", to,
		    strerror(errno));
	(void)unlink(half);
	return e;
}

int
run_record_export(struct cli *cli)
{
	const char *to = cli_flag(cli, "output");
	char path[300], half[PATH_TEXT_MAX], size[32];
	struct progress progress = { .cli = cli };
	struct problem p = { 0 };
	FILE *f = stdout;
	uint64_t n, records;
	err e;
	int code = cli_need_client(cli);

	if (code != EXIT_DONE)
		return code;
	if (cli_query(path, sizeof(path), "/api/v1/records/export", "kind",
		cli_flag(cli, "kind"), "region", cli_flag(cli, "region"),
		"since", cli_flag(cli, "since"), (char *)NULL) != OK)
		return cli_usage(cli, "a flag is too long");
	if (to == NULL && isatty(STDOUT_FILENO) == 1)
		return cli_usage(cli, "these are bytes; -o FILE");
	if (to != NULL && strcmp(to, "-") == 0)
		to = NULL;
	if (snprintf(half, sizeof(half), "%s.part", to == NULL ? "" : to) >=
	    (int)sizeof(half))
		return cli_usage(cli, "the name of the file is too long");
	if (to != NULL && (f = fopen(half, "we")) == NULL) {
		problem_set(&p, EXIT_DISK, "E1012", "cannot write %s: %s", half,
		    strerror(errno));
		return cli_fail(cli, &p);
	}
	client_timeout(cli->client, 0);
	client_on_progress(cli->client, on_bytes, &progress);
	e = client_download(cli->client, path, f, &n, &p);
	progress_end(&progress);
	if (to != NULL)
		e = finish(f, half, to, e, &p);
	if (e != OK)
		return cli_fail(cli, &p);
	if (to == NULL)
		return EXIT_DONE;
	records = count_of(to);
	if (cli->json)
		return cli_tell(cli,
			   json_pack("{s:s,s:I,s:I}", "file", to, "bytes",
			       (json_int_t)n, "records", (json_int_t)records))
			   ? EXIT_DONE
			   : EXIT_REFUSED;
	size_text(size, sizeof(size), n);
	output_note(
	    &cli->out, "%" PRIu64 " records, %s in %s", records, size, to);
	return EXIT_DONE;
}

/* ---- import ---- */

struct import {
	struct cli *cli;
	struct progress progress;
	FILE *f;
	uint64_t size; /* of the file; 0: not known */
	struct record_file file;
	struct buf batch; /* a file of its own: head, records, end */
	uint64_t batched; /* records in it */
	/* what came of it */
	json_t *outcomes, *damaged;
	int64_t read, rejected, damages, damaged_bytes;
	struct problem problem;
};

static void
note_damage(struct import *x, int64_t offset, int64_t bytes, const char *why)
{
	const size_t n = json_array_size(x->damaged);
	json_t *last = n == 0 ? NULL : json_array_get(x->damaged, n - 1);

	x->damaged_bytes += bytes;
	/* One stretch is told once, though its pieces came one by one. */
	if (last != NULL && bytes > 0 &&
	    json_int(last, "offset") + json_int(last, "bytes") == offset) {
		(void)json_object_set_new(last, "bytes",
		    json_integer(json_int(last, "bytes") + bytes));
		return;
	}
	x->damages++;
	if (n < DAMAGES_MAX)
		(void)json_array_append_new(x->damaged,
		    json_pack("{s:I,s:I,s:s}", "offset", (json_int_t)offset,
			"bytes", (json_int_t)bytes, "why", why));
}

static void
add_reply(struct import *x, const json_t *reply)
{
	const char *name;
	json_t *v;

	json_object_foreach(json_object_get(reply, "outcomes"), name, v)(
	    void) json_object_set_new(x->outcomes, name,
	    json_integer(json_int(x->outcomes, name) + json_integer_value(v)));
	x->read += json_int(reply, "read");
	x->rejected += json_int(reply, "rejected");
	x->damages += json_int(reply, "damages");
	x->damaged_bytes += json_int(reply, "damaged_bytes");
}

static void
show_progress(struct import *x)
{
	char text[100], at[32], of[32];

	size_text(at, sizeof(at), x->file.offset);
	size_text(of, sizeof(of), x->size);
	(void)snprintf(text, sizeof(text), "%" PRId64 " records, %s%s%s",
	    x->read, at, x->size > 0 ? " of " : "", x->size > 0 ? of : "");
	progress_line(&x->progress, text);
}

static err
begin_batch(struct import *x)
{
	x->batch.n = 0;
	x->batched = 0;
	return record_file_head(&x->batch, slice_str(x->file.net));
}

/* Room for an end is always kept. */
static err
send_batch(struct import *x)
{
	json_t *reply = NULL;

	if (x->file.net[0] == '\0')
		return OK;
	if (x->batched == 0)
		return begin_batch(x);
	x->batch.cap += RECORD_FILE_END;
	err e = record_file_end(&x->batch, x->batched);
	x->batch.cap -= RECORD_FILE_END;
	if (e == OK)
		e = client_upload(x->cli->client, "/api/v1/records/import",
		    "application/octet-stream", buf_slice(&x->batch), &reply,
		    &x->problem);
	if (e != OK)
		return e;
	add_reply(x, reply);
	json_decref(reply);
	show_progress(x);
	return begin_batch(x);
}

static err
add_record(struct import *x, struct slice record)
{
	if (record_file_add(&x->batch, record) != OK) {
		TRY(send_batch(x));
		TRY(record_file_add(&x->batch, record));
	}
	x->batched++;
	return OK;
}

/* All that is whole in the window; what is not stays in it. */
static err
take_window(struct import *x, struct slice *in, bool last, bool *done)
{
	struct record_file_item item;
	err e = OK;

	while (e == OK) {
		record_file_next(&x->file, in, last, &item);
		if (item.event == RECORD_FILE_MORE)
			return OK;
		if (item.event == RECORD_FILE_DONE) {
			*done = true;
			return OK;
		}
		if (item.event == RECORD_FILE_RECORD)
			e = add_record(x, item.record);
		else if (item.event == RECORD_FILE_NET)
			e = send_batch(x); /* and a head for this network */
		else
			note_damage(x, (int64_t)item.offset,
			    (int64_t)item.bytes, item.why);
	}
	return e;
}

static err
read_all(struct import *x, uint8_t *window, const char *path)
{
	size_t held = 0;
	bool last = false, done = false;

	while (!done) {
		const size_t n =
		    fread(window + held, 1, WINDOW_BYTES - held, x->f);
		last = last || n < WINDOW_BYTES - held;
		held += n;
		if (last && ferror(x->f)) {
			/* A stick that was pulled out: the rest lacks. */
			note_damage(x, (int64_t)(x->file.offset + held), 0,
			    strerror(errno));
			output_note(&x->cli->out, "cannot read on in %s: %s",
			    path, strerror(errno));
		}
		struct slice in = slice_of(window, held);
		TRY(take_window(x, &in, last, &done));
		memmove(window, in.p, in.n);
		held = in.n;
	}
	return send_batch(x);
}

static json_t *
result(struct import *x)
{
	return json_pack("{s:O,s:I,s:I,s:b,s:I,s:I,s:O}", "outcomes",
	    x->outcomes, "read", (json_int_t)x->read, "rejected",
	    (json_int_t)x->rejected, "whole", x->damages == 0, "damages",
	    (json_int_t)x->damages, "damaged_bytes",
	    (json_int_t)x->damaged_bytes, "damaged", x->damaged);
}

static void
show_result(struct import *x)
{
	struct output *o = &x->cli->out;
	const int64_t not_kept = json_int(x->outcomes, "relayed") +
				 json_int(x->outcomes, "out-of-scope");
	const int64_t not_now = json_int(x->outcomes, "queue-full");
	const char *name;
	json_t *v;
	size_t i;

	json_object_foreach(x->outcomes, name, v) output_line(
	    o, "%8" JSON_INTEGER_FORMAT "  %s", json_integer_value(v), name);
	if (x->read == 0)
		output_line(o, "no records in it");
	if (not_kept > 0)
		output_note(o,
		    "not kept: %" PRId64 " outside of what this node keeps "
		    "(scope.*, or the store is full: ohcn store stat)",
		    not_kept);
	if (not_now > 0)
		output_note(o,
		    "not now: %" PRId64 " came while there was no room; "
		    "import the same file again",
		    not_now);
	json_array_foreach(x->damaged, i, v)
	{
		if (json_int(v, "bytes") == 0)
			output_note(o, "at byte %" PRId64 ": %s",
			    json_int(v, "offset"), json_str(v, "why"));
		else
			output_note(o,
			    "at byte %" PRId64 ": %" PRId64
			    " bytes left out: %s",
			    json_int(v, "offset"), json_int(v, "bytes"),
			    json_str(v, "why"));
	}
	if (x->damages > 0)
		output_note(o,
		    "the file is damaged: all that is whole in it was taken, "
		    "%" PRId64 " records; ask for another copy",
		    x->read);
}

static int
import_run(struct import *x, uint8_t *window, const char *path)
{
	const err e = read_all(x, window, path);

	progress_end(&x->progress);
	if (x->file.net[0] == '\0') {
		problem_set(&x->problem, EXIT_REFUSED, "E3503",
		    "%s: %s; nothing was imported", path,
		    json_str(json_array_get(x->damaged, 0), "why"));
		problem_hint(
		    &x->problem, "a file that ohcn record export made");
		return cli_fail(x->cli, &x->problem);
	}
	if (e != OK) {
		if (x->read > 0)
			output_note(&x->cli->out,
			    "%" PRId64 " records were taken before; the same "
			    "file may be imported again",
			    x->read);
		return cli_fail(x->cli, &x->problem);
	}
	if (!cli_tell(x->cli, result(x)))
		show_result(x);
	return x->rejected > 0 || x->damages > 0 ||
		       json_int(x->outcomes, "queue-full") > 0
		   ? EXIT_PARTIAL
		   : EXIT_DONE;
}

int
run_record_import(struct cli *cli)
{
	const char *path = cli->words[0];
	struct import x = { .cli = cli, .progress.cli = cli };
	int code = cli_need_client(cli);

	if (code != EXIT_DONE)
		return code;
	x.f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	if (x.f == NULL) {
		problem_set(&x.problem, EXIT_NOTFOUND, "E1206",
		    "cannot read %s: %s", path, strerror(errno));
		return cli_fail(cli, &x.problem);
	}
	if (fseek(x.f, 0, SEEK_END) == 0) {
		const long end = ftell(x.f);
		x.size = end > 0 ? (uint64_t)end : 0;
		rewind(x.f);
	}
	const size_t cap =
	    MIN(BATCH_BYTES, (size_t)cli->config.limits.body_bytes);
	uint8_t *window = malloc(WINDOW_BYTES), *batch = malloc(cap);
	if (window != NULL && batch != NULL) {
		x.batch = (struct buf){ batch, 0, cap - RECORD_FILE_END };
		x.outcomes = json_object();
		x.damaged = json_array();
		client_timeout(cli->client, 600);
		code = import_run(&x, window, path);
		json_decref(x.outcomes);
		json_decref(x.damaged);
	} else {
		problem_set(
		    &x.problem, EXIT_TEMPORARY, "E1901", "out of memory");
		code = cli_fail(cli, &x.problem);
	}
	free(window);
	free(batch);
	if (x.f != stdin)
		(void)fclose(x.f);
	return code;
}
