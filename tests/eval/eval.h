/*
 * eval.h: what the evaluations share: figures, the place of the data, chance,
 * and ranks. An evaluation is a program tests/eval/NAME_eval.c; it prints a
 * table of ours beside the usual methods, or with --json one line per figure
 * in the shape of the benchmarks. What is tuned is tuned on one half of the
 * questions; what is reported comes from the other.
 *
 * Numbers here may be floating point: nothing of it goes into a record.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** eval_begin(argc, argv): reads --json. */
void eval_begin(int argc, char **argv);

/** eval_is_json(): tables are for people and then left out. */
bool eval_is_json(void);

/**
 * eval_data(file, path, n):
 * The path of a file of the shared data ("esco-1.2.0/ISCOGroups_en.csv"):
 * below $OHCN_DATA, else ../shared/data beside the source folder. false: it
 * cannot be read.
 */
bool eval_data(const char *file, char *path, size_t n);

/** eval_skip(name, why): says so. Returns the exit status: 0. */
int eval_skip(const char *name, const char *why);

/** eval_note(fmt, ...): a line for people; nothing with --json. */
void eval_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * eval_figure(name, value, unit, goal, peer, peer_value):
 * With --json one line, else nothing: the table shows it. ${goal} < 0: none;
 * ${peer} NULL: none.
 */
void eval_figure(const char *name, double value, const char *unit, double goal,
    const char *peer, double peer_value);

/** eval_chance(seed, below): xorshift64; the same everywhere. */
uint64_t eval_chance(uint64_t *seed, uint64_t below);

/**
 * eval_better(a, b, n, better_share, low, high):
 * Paired bootstrap of the mean difference a - b over ${n} questions: the
 * share of 2000 resamples in which it is above 0, and the middle 95 %.
 */
void eval_better(const double *a, const double *b, size_t n,
    double *better_share, double *low, double *high);
