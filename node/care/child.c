#define _GNU_SOURCE /* pipe2 */
#include "node/care/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENCE_MS (600 * 1000)
#define LINE_MAX_  (1U << 20)

struct care_child {
	FILE *to;
};

/* ---- in the child ---- */

static void
say(struct care_child *c, json_t *line)
{
	if (line == NULL)
		return;
	(void)json_dumpf(line, c->to, JSON_COMPACT);
	(void)fputc('\n', c->to);
	(void)fflush(c->to);
	json_decref(line);
}

void
care_say_progress(
    struct care_child *c, const char *stage, uint64_t done, uint64_t all)
{
	say(c, json_pack("{s:s,s:I,s:I}", "stage", stage, "done",
		   (json_int_t)done, "all", (json_int_t)all));
}

void
care_say_fault(struct care_child *c, const char *text)
{
	say(c, json_pack("{s:s}", "fault", text));
}

void
care_say_problem(struct care_child *c, const struct problem *p)
{
	say(c, json_pack("{s:{s:i,s:s,s:s,s:s,s:s}}", "problem", "exit",
		   (int)p->exit, "code", p->code, "what", p->what, "why",
		   p->why, "hint", p->hint));
}

void
care_say_result(struct care_child *c, json_t *result)
{
	say(c, json_pack("{s:o}", "result", result));
}

static _Noreturn void
child(care_work *work, void *arg, int to)
{
	struct care_child c = { fdopen(to, "w") };
	const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* It must not outlive who asked; LMDB's last words help nobody. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null >= 0)
		(void)dup2(null, STDERR_FILENO);
	(void)signal(SIGPIPE, SIG_DFL);
	if (c.to == NULL)
		_exit(EXIT_TEMPORARY);
	work(&c, arg);
	(void)fflush(c.to);
	_exit(EXIT_DONE);
}

/* ---- in the parent ---- */

static const char *
text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : s;
}

static void
problem_of(const json_t *o, struct problem *p)
{
	problem_set(p,
	    (enum exit_code)json_integer_value(json_object_get(o, "exit")),
	    text_of(o, "code"), "%s", text_of(o, "what"));
	problem_why(p, "%s", text_of(o, "why"));
	problem_hint(p, "%s", text_of(o, "hint"));
}

bool
care_line(const char *line, const struct care_news *news, json_t **result,
    struct problem *p)
{
	json_t *o = json_loads(line, 0, NULL), *v;
	const bool ours = json_is_object(o);

	if ((v = json_object_get(o, "stage")) != NULL) {
		if (news->progress != NULL)
			news->progress(news->ctx, json_string_value(v),
			    (uint64_t)json_integer_value(
				json_object_get(o, "done")),
			    (uint64_t)json_integer_value(
				json_object_get(o, "all")));
	} else if ((v = json_object_get(o, "fault")) != NULL) {
		if (news->fault != NULL)
			news->fault(news->ctx, text_of(o, "fault"));
	} else if ((v = json_object_get(o, "problem")) != NULL) {
		problem_of(v, p);
	} else if ((v = json_object_get(o, "result")) != NULL) {
		json_decref(*result);
		*result = json_incref(v);
	}
	json_decref(o);
	return ours;
}

struct reading {
	char *text;
	size_t n, cap;
	char stage[32];
	const struct care_news *news;
	json_t **result;
	struct problem *p;
};

static void
keep_stage(struct reading *r, const char *line)
{
	json_t *o = json_loads(line, 0, NULL);
	const char *stage = json_string_value(json_object_get(o, "stage"));

	if (stage != NULL)
		(void)snprintf(r->stage, sizeof(r->stage), "%s", stage);
	json_decref(o);
}

static void
take_lines(struct reading *r)
{
	char *end;

	while ((end = memchr(r->text, '\n', r->n)) != NULL) {
		const size_t n = (size_t)(end - r->text) + 1;
		*end = '\0';
		keep_stage(r, r->text);
		(void)care_line(r->text, r->news, r->result, r->p);
		memmove(r->text, r->text + n, r->n - n);
		r->n -= n;
	}
}

/* Until its end; false: it said nothing for too long. */
static bool
read_all(struct reading *r, int from)
{
	struct pollfd at = { .fd = from, .events = POLLIN };

	for (;;) {
		const int ready = poll(&at, 1, SILENCE_MS);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		if (r->cap - r->n < 4096) {
			char *more = r->cap >= LINE_MAX_
					 ? NULL
					 : realloc(r->text, r->cap + 65536);
			if (more == NULL)
				return false;
			r->text = more;
			r->cap += 65536;
		}
		const ssize_t n = read(from, r->text + r->n, r->cap - r->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		r->n += (size_t)n;
		take_lines(r);
	}
}

static err
ended(struct reading *r, bool heard, int status)
{
	/* A sanitizer ends it with a code of its own. */
	const bool crashed =
	    WIFSIGNALED(status) ||
	    (WEXITSTATUS(status) != EXIT_DONE && r->p->what[0] == '\0');
	if (!heard || crashed) {
		problem_set(r->p, EXIT_DAMAGED, "E1722",
		    "the process that works on the store %s",
		    heard ? "crashed" : "hung");
		if (heard)
			problem_why(r->p, "%s %d, while it looked at %s",
			    WIFSIGNALED(status) ? "signal" : "exit code",
			    WIFSIGNALED(status) ? WTERMSIG(status)
						: WEXITSTATUS(status),
			    r->stage[0] ? r->stage : "the head of the file");
		else
			problem_why(r->p, "it said nothing for %d minutes",
			    SILENCE_MS / 60000);
		problem_hint(r->p, "ohcn store repair");
		return ERR_CORRUPT;
	}
	if (*r->result != NULL)
		return OK;
	if (r->p->what[0] == '\0')
		problem_set(r->p, EXIT_TEMPORARY, "E1723",
		    "the process that works on the store ended without a "
		    "word");
	return ERR_CLOSED;
}

err
care_run(care_work *work, void *arg, const struct care_news *news,
    json_t **result, struct problem *p)
{
	struct reading r = { .news = news, .result = result, .p = p };
	int ends[2], status = 0;
	pid_t pid;

	*result = NULL;
	*p = (struct problem){ .exit = EXIT_TEMPORARY };
	(void)fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		problem_set(p, EXIT_TEMPORARY, "E1724",
		    "cannot start a process: %s", strerror(errno));
		return ERR_IO;
	}
	if (pid == 0) {
		(void)close(ends[0]);
		child(work, arg, ends[1]);
	}
	(void)close(ends[1]);
	const bool heard = read_all(&r, ends[0]);
	(void)close(ends[0]);
	if (!heard)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	free(r.text);
	const err e = ended(&r, heard, status);
	if (e != OK) {
		json_decref(*result);
		*result = NULL;
	}
	return e;
}
