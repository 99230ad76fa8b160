/* main.c: the command line of the attacks, and their table. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/crypto.h"
#include "tests/attack/bomb.h"
#include "tests/attack/flood.h"
#include "tests/attack/mesh.h"
#include "tests/attack/records.h"
#include "tests/attack/ring.h"
#include "tests/attack/spy.h"

static const struct attack attacks[] = {
	{ "s1", "baseline: 200 nodes in peace", attack_s1, false },
	{ "s2", "eclipse: 800 silent sybils dial one node", attack_s2, true },
	{ "s3", "cold boot: sybils first, most nodes 120 s later", attack_s3,
	    true },
	{ "s4", "covert flash: two good minutes, then silence", attack_s4,
	    true },
	{ "s5", "censorship: sybils pass on all but one author", attack_s5,
	    true },
	{ "s6", "flood of bad signatures, 10 x 1,000 a second", attack_s6,
	    true },
	{ "s7", "flood of 10,000 new authors with good stamps", attack_s7,
	    true },
	{ "s8", "every fifth peer swallows what the stem hands it", attack_s8,
	    true },
	{ "s9", "first spy: a tenth of all ask who published what", attack_s9,
	    true },
	{ "s9-first", "first spy: the first peer of newcomers is one",
	    attack_s9_first, true },
	{ "s9-fifth", "first spy: a fifth of all do", attack_s9_fifth, true },
	{ "holes", "every fifth peer swallows what it gets", attack_holes,
	    true },
	{ "s10", "slow readers and memory bombs", attack_s10, true },
	{ "s11", "two halves for an hour, then healed", attack_s11, false },
	{ "s12", "rings of fakes sign for each other", attack_s12, true },
	{ "replay", "old records are said again after an hour", attack_replay,
	    true },
	{ "forged", "a forged copy of each record comes first", attack_forged,
	    true },
};

const struct attack *
attack_at(unsigned i)
{
	return i < ARRAY_LEN(attacks) ? &attacks[i] : NULL;
}

struct options {
	struct attack_options o;
	unsigned seeds;
	bool json, hashes;
	const char *names[32];
	unsigned names_n;
};

static void
usage(void)
{
	(void)fputs(
	    "usage: ./dev attack [NAME...] [OPTIONS]\n\n"
	    "Attacks on a simulated network; each row is a mark that was met "
	    "or\n"
	    "missed. Without names all of them.\n\n"
	    "  --seed N           the first history (1)\n"
	    "  --seeds K          so many histories (1); the worst value "
	    "counts\n"
	    "  --percent P        of the nodes of each world (100)\n"
	    "  --without-defence  what is attacked has no defence; fails when "
	    "an\n"
	    "                     attack misses no mark: it then shows "
	    "nothing\n"
	    "  --json             a line for each mark\n"
	    "  --hashes           of each history, and no marks\n"
	    "  --log              every event\n"
	    "  --real, --stub     with real cryptography, or without "
	    "(default)\n\n",
	    stdout);
	for (unsigned i = 0; i < ARRAY_LEN(attacks); i++)
		(void)printf("  %-10s %s\n", attacks[i].name, attacks[i].what);
}

static bool
wanted(const struct options *o, const char *name)
{
	for (unsigned i = 0; i < o->names_n; i++)
		if (strcmp(o->names[i], name) == 0)
			return true;
	return o->names_n == 0;
}

static void
print_value(uint64_t v, uint32_t scale)
{
	if (scale == 1000)
		(void)printf("%6" PRIu64 ".%03" PRIu64, v / 1000, v % 1000);
	else
		(void)printf("%10" PRIu64, v);
}

static const char *
outcome_text(const struct options *o, const struct attack_mark *m)
{
	static const char *const texts[] = { "met", "MISSED", "not judged" };

	return texts[attack_outcome(m, o->o.percent)];
}

static void
print_json(const struct options *o, const struct attack *a,
    const struct attack_mark *m)
{
	(void)printf("{\"name\":\"attack.%s.%s\",\"seed\":%" PRIu64
		     ",\"value\":%.3f,\"unit\":\"%s\"",
	    a->name, m->what, o->o.seed, (double)m->value / m->scale, m->unit);
	if (m->sense != ATTACK_FIGURE)
		(void)printf(",\"goal\":%.3f,\"least\":%s",
		    (double)m->reach / m->scale,
		    m->sense == ATTACK_LEAST ? "true" : "false");
	(void)printf(",\"outcome\":\"%s\"}\n", outcome_text(o, m));
}

static void
print_mark(const struct options *o, const struct attack *a,
    const struct attack_mark *m)
{
	if (o->json) {
		print_json(o, a, m);
		return;
	}
	(void)printf("%-10s %-32s ", a->name, m->what);
	print_value(m->value, m->scale);
	(void)printf(" %-3s", m->unit);
	if (m->sense != ATTACK_FIGURE) {
		(void)printf(" %s ", m->sense == ATTACK_LEAST ? ">=" : "<=");
		print_value(m->reach, m->scale);
		(void)printf("  %s", outcome_text(o, m));
	}
	(void)putchar('\n');
}

/* The worse of two values of the same mark. */
static void
keep_worst(struct attack_result *worst, const struct attack_result *r)
{
	for (unsigned i = 0; i < r->marks_n; i++) {
		struct attack_mark *w = &worst->marks[i];
		const struct attack_mark *m = &r->marks[i];
		if (i >= worst->marks_n ||
		    (m->sense == ATTACK_LEAST ? m->value < w->value
					      : m->value > w->value))
			*w = *m;
	}
	worst->marks_n = MAX(worst->marks_n, r->marks_n);
	worst->hash ^= r->hash;
	if (worst->why[0] == '\0')
		memcpy(worst->why, r->why, sizeof(r->why));
}

/* Marks that were missed, and one more when an invariant broke. */
static unsigned
run_one(const struct options *o, const struct attack *a)
{
	const time_t began = time(NULL);
	struct attack_result worst = { 0 };
	unsigned missed = 0;

	for (unsigned i = 0; i < o->seeds; i++) {
		struct attack_options one = o->o;
		struct attack_result r = { 0 };
		one.seed += i;
		a->run(&one, &r);
		keep_worst(&worst, &r);
	}
	for (unsigned i = 0; i < worst.marks_n; i++) {
		const struct attack_mark *m = &worst.marks[i];
		if (!o->hashes)
			print_mark(o, a, m);
		missed += attack_outcome(m, o->o.percent) == ATTACK_MISSED;
	}
	if (worst.why[0] != '\0')
		(void)printf("%-10s BROKEN: %s\n", a->name, worst.why);
	if (o->hashes)
		(void)printf("%-10s %016" PRIx64 "\n", a->name, worst.hash);
	else if (!o->json)
		(void)printf("%-10s hash %016" PRIx64 ", %ld s\n", a->name,
		    worst.hash, (long)(time(NULL) - began));
	(void)fflush(stdout);
	return missed + (worst.why[0] != '\0' ? 1 : 0);
}

static void
read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		const bool more = i + 1 < argc;
		if (strcmp(a, "--help") == 0) {
			usage();
			exit(0);
		} else if (strcmp(a, "--seed") == 0 && more)
			o->o.seed = strtoull(argv[++i], NULL, 10);
		else if (strcmp(a, "--seeds") == 0 && more)
			o->seeds = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (strcmp(a, "--percent") == 0 && more)
			o->o.percent = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (strcmp(a, "--without-defence") == 0)
			o->o.defenceless = true;
		else if (strcmp(a, "--json") == 0)
			o->json = true;
		else if (strcmp(a, "--hashes") == 0)
			o->hashes = true;
		else if (strcmp(a, "--log") == 0)
			o->o.loud = true;
		else if (a[0] != '-' && o->names_n < ARRAY_LEN(o->names))
			o->names[o->names_n++] = a;
		else {
			(void)fprintf(stderr,
			    "attack: unknown option %s\ntry: ./dev attack "
			    "--help\n",
			    a);
			exit(2);
		}
	}
}

/* Did it come out as it must? */
static bool
run_attack(const struct options *o, const struct attack *a)
{
	if (a->run == NULL) {
		if (!o->json && !o->hashes)
			(void)printf("%-10s %s\n", a->name, a->what);
		return true;
	}
	const unsigned missed = run_one(o, a);
	/* Without a defence it is the attack that must succeed. */
	if (o->o.defenceless && missed == 0)
		(void)printf(
		    "%-10s NO MARK WAS MISSED without defence\n", a->name);
	return o->o.defenceless ? missed > 0 : missed == 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .o = { .seed = 1, .percent = 100 }, .seeds = 1 };
	unsigned failed = 0, ran = 0;

	read_options(&o, argc, argv);
	if (!crypto_init())
		return 1;
	for (unsigned i = 0; i < ARRAY_LEN(attacks); i++) {
		if (!wanted(&o, attacks[i].name))
			continue;
		if (o.o.defenceless && !attacks[i].has_defence)
			continue;
		ran++;
		failed += run_attack(&o, &attacks[i]) ? 0 : 1;
	}
	if (ran == 0) {
		(void)fprintf(stderr, "attack: no attack of that name\n");
		return 2;
	}
	return failed > 0 ? 1 : 0;
}
