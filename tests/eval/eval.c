#include "eval.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool json;

void
eval_begin(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		json = json || strcmp(argv[i], "--json") == 0;
}

bool
eval_is_json(void)
{
	return json;
}

bool
eval_data(const char *file, char *path, size_t n)
{
	const char *folder = getenv("OHCN_DATA");

	if (folder == NULL)
		folder = OHCN_SOURCE_DIR "/../shared/data";
	const int len = snprintf(path, n, "%s/%s", folder, file);
	return len > 0 && (size_t)len < n && access(path, R_OK) == 0;
}

int
eval_skip(const char *name, const char *why)
{
	(void)fprintf(json ? stderr : stdout, "SKIP %s: %s\n", name, why);
	return 0;
}

void
eval_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!json) {
		(void)vprintf(fmt, ap);
		(void)fflush(stdout);
	}
	va_end(ap);
}

void
eval_figure(const char *name, double value, const char *unit, double goal,
    const char *peer, double peer_value)
{
	if (!json)
		return;
	printf("{\"name\":\"%s\",\"value\":%.4f,\"unit\":\"%s\",", name, value,
	    unit);
	printf(goal >= 0 ? "\"goal\":%.4f," : "\"goal\":null,", goal);
	if (peer != NULL)
		printf(
		    "\"peer\":\"%s\",\"peer_value\":%.4f,", peer, peer_value);
	else
		printf("\"peer\":null,\"peer_value\":null,");
	printf("\"limit\":null}\n");
	(void)fflush(stdout);
}

uint64_t
eval_chance(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 11) % below;
}

#define RESAMPLES 2000

static int
double_order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void
eval_better(const double *a, const double *b, size_t n, double *better_share,
    double *low, double *high)
{
	static double means[RESAMPLES];
	uint64_t seed = 20240607;
	size_t above = 0;

	for (size_t r = 0; r < RESAMPLES; r++) {
		double sum = 0;
		for (size_t i = 0; i < n; i++) {
			const size_t at = (size_t)eval_chance(&seed, n);
			sum += a[at] - b[at];
		}
		means[r] = sum / (double)n;
		above += means[r] > 0;
	}
	qsort(means, RESAMPLES, sizeof(means[0]), double_order);
	*better_share = (double)above / RESAMPLES;
	*low = means[RESAMPLES / 40];
	*high = means[RESAMPLES - RESAMPLES / 40];
}
