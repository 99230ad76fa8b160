/*
 * problem.h: what went wrong, said to a person and to a program: what, why,
 * what to try, a stable code, and the exit code of the process.
 *
 * The exit codes are part of the interface: `ohcn help exit-codes`.
 */
#pragma once

#include "proto/base/base.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,     /* the node understood and said no */
	EXIT_USAGE = 2,       /* the command line is wrong */
	EXIT_UNREACHABLE = 3, /* no node answers */
	EXIT_AUTH = 4,        /* token or passphrase */
	EXIT_NOTFOUND = 5,
	EXIT_TIMEOUT = 6,
	EXIT_PARTIAL = 7,  /* some rows of a bulk job failed */
	EXIT_CONFLICT = 8, /* exists, in use, already running, locked */
	EXIT_DAMAGED = 65, /* data of ours that is damaged or foreign */
	EXIT_DISK = 73,    /* cannot write */
	EXIT_TEMPORARY = 75,
	EXIT_NEWER = 76, /* a store of a newer version of ohcn */
	EXIT_CONFIG = 78,
};

struct problem {
	enum exit_code exit;
	char code[8];   /* "E1203"; the first digit is the area */
	char what[512]; /* a sentence without a full stop */
	char why[512];  /* may be "" */
	char hint[512]; /* a command or an action; may be "" */
};

/**
 * problem_set(p, exit, code, fmt, ...):
 * Fill in ${what} from ${fmt}, clear ${why} and ${hint}. ${p} may be NULL.
 */
void problem_set(struct problem *p, enum exit_code exit, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

void problem_why(struct problem *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void problem_hint(struct problem *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * problem_print(p, context):
 * "ohcn: CONTEXT: WHAT [CODE]", "  why: ", "  try: " on standard error.
 */
void problem_print(const struct problem *p, const char *context);

/** problem_exit(e): the exit code that fits an error best. */
enum exit_code problem_exit(err e);

/**
 * nearest_name(name, names, n, stride): the most similar of ${n} strings, or
 * NULL when none is close enough to be meant. ${names} points at the first
 * `const char *`; ${stride} is the distance in bytes from one to the next.
 */
const char *nearest_name(
    const char *name, const char *const *names, size_t n, size_t stride);
