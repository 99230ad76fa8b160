#include "match/forecast.h"

#define SHORT      8 /* weeks; below it there is no choosing */
#define SCALE_BITS 8 /* of what is a count inside: 256 is 1 */
#define LARGEST    (INT64_C(1) << 20)
#define Z80        1282 /* of a normal distribution, thousandths */
#define TREND_LAST 8

const char *
forecast_method_name(enum forecast_method m)
{
	static const char *const names[] = { "none", "last-value",
		"damped-trend", "poisson-gamma" };

	return names[m];
}

static uint64_t
square_root(uint64_t v)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1)
		if ((root | bit) * (root | bit) <= v)
			root |= bit;
	return root;
}

static int64_t
per_mille(int64_t v, int64_t parts)
{
	const int64_t p = v * parts;

	return (p >= 0 ? p + 500 : p - 500) / 1000;
}

/* Least squares through the last few weeks that are known. */
static int64_t
slope_milli(const int64_t *y, size_t n)
{
	int64_t t[TREND_LAST], v[TREND_LAST], st = 0, sv = 0, top = 0, low = 0;
	int64_t k = 0;

	for (size_t i = n; i > 0 && k < TREND_LAST; i--) {
		if (y[i - 1] == FORECAST_MISSING)
			continue;
		t[k] = (int64_t)i;
		v[k] = y[i - 1];
		st += t[k];
		sv += v[k];
		k++;
	}
	for (int64_t i = 0; i < k; i++) {
		top += (k * t[i] - st) * (k * v[i] - sv);
		low += (k * t[i] - st) * (k * t[i] - st);
	}
	return low == 0 ? 0 : top * 1000 / low;
}

/* ---- short series ---- */

static void
forecast_last(
    const int64_t *y, size_t n, uint32_t horizon, struct forecast *out)
{
	int64_t last = FORECAST_MISSING, moved = 0, moves = 0;

	for (size_t i = 0; i < n; i++) {
		if (y[i] == FORECAST_MISSING)
			continue;
		if (last != FORECAST_MISSING) {
			moved += y[i] > last ? y[i] - last : last - y[i];
			moves++;
		}
		last = y[i];
	}
	out->method = FORECAST_NAIVE;
	for (uint32_t h = 1; h <= horizon; h++) {
		/* 1.6 mean moves are about 80 %; 2.5 as they are so few */
		const uint64_t wide =
		    square_root((uint64_t)h * 10000) * 25 * (uint64_t)moved;
		const int64_t half =
		    (int64_t)(wide / (1000 * (uint64_t)MAX(moves, 1))) + 1;
		out->points[h - 1] = (struct forecast_point){ last,
			MAX(last - half, 0), last + half };
	}
}

/* ---- large counts ---- */

/* In thousandths. */
struct holt {
	int64_t alpha, beta, phi;
};

/* Counts times 256; level and trend at the end; the sum of the squares of
 * what was off by one step ahead, in 16ths of a count. */
struct holt_run {
	int64_t level, trend;
	uint64_t squares, n;
};

static struct holt_run
holt_run(const struct holt *c, const int64_t *y, size_t n)
{
	struct holt_run r = { 0 };
	bool begun = false;
	size_t seen = 0;

	for (size_t i = 0; i < n; i++) {
		const int64_t step = per_mille(r.trend, c->phi);
		if (y[i] == FORECAST_MISSING) {
			r.level += begun ? step : 0;
			r.trend = step;
			continue;
		}
		const int64_t v = y[i] << SCALE_BITS;
		if (!begun) {
			r.level = v;
			begun = true;
			continue;
		}
		const int64_t off = v - (r.level + step);
		/* The beginning shows nothing but how it was begun. */
		if (++seen > 2) {
			const int64_t s = off >> (SCALE_BITS - 4);
			r.squares += (uint64_t)(s * s);
			r.n++;
		}
		r.level += step + per_mille(off, c->alpha);
		r.trend = step + per_mille(per_mille(off, c->alpha), c->beta);
	}
	return r;
}

/* The best of the grid, one step ahead; returns its run. */
static struct holt_run
holt_choose(const int64_t *y, size_t n, struct holt *chosen)
{
	static const int64_t alphas[] = { 100, 200, 300, 500, 700, 900, 1000 };
	static const int64_t betas[] = { 0, 50, 100, 300 };
	static const int64_t phis[] = { 800, 900, 980 };
	struct holt best = { 0 };
	struct holt_run run = { 0 };
	uint64_t least = UINT64_MAX;

	for (size_t a = 0; a < ARRAY_LEN(alphas); a++)
		for (size_t b = 0; b < ARRAY_LEN(betas); b++)
			for (size_t p = 0; p < ARRAY_LEN(phis); p++) {
				const struct holt c = { alphas[a], betas[b],
					phis[p] };
				const struct holt_run r = holt_run(&c, y, n);
				/* A trend must earn its keep. */
				const uint64_t cost =
				    r.squares +
				    (c.beta > 0 ? r.squares / 20 : 0);
				if (cost < least) {
					least = cost;
					run = r;
					best = c;
				}
			}
	*chosen = best;
	return run;
}

static void
forecast_holt(
    const int64_t *y, size_t n, uint32_t horizon, struct forecast *out)
{
	struct holt best;
	const struct holt_run run = holt_choose(y, n, &best);

	out->method = FORECAST_HOLT;
	/* Three constants and two beginnings were chosen by the same data. */
	const uint64_t free = run.n > 8 ? run.n - 3 : MAX(run.n / 2, 1U);
	/* Sums of squares of the weights of past errors, in millionths. */
	uint64_t weight = 1000000;
	int64_t value = run.level, damp = best.phi, sum = 0;
	for (uint32_t h = 1; h <= horizon; h++) {
		value += per_mille(run.trend, damp);
		const uint64_t variance =
		    (run.squares / free + 1) * (weight / 1000) / 1000;
		const int64_t half =
		    (int64_t)(square_root(variance) * Z80 / 1000 / 16) + 1;
		const int64_t v =
		    MAX((value + (1 << (SCALE_BITS - 1))) >> SCALE_BITS, 0);
		out->points[h - 1] =
		    (struct forecast_point){ v, MAX(v - half, 0), v + half };
		sum += damp;
		const int64_t w =
		    best.alpha +
		    per_mille(per_mille(best.alpha, best.beta), sum);
		weight += (uint64_t)(w * w);
		damp = per_mille(damp, best.phi);
	}
}

/* ---- small counts ---- */

/* A gamma distribution's shape and rate, times 256. */
struct gamma {
	uint64_t shape, rate;
};

/* ${keep}: what last week's knowledge is worth, in thousandths. */
static struct gamma
gamma_run(const int64_t *y, size_t n, uint64_t keep, uint64_t *squares)
{
	struct gamma g = { 128, 64 }; /* half a count in a quarter of a week */

	*squares = 0;
	for (size_t i = 0; i < n; i++) {
		g.shape = MAX(g.shape * keep / 1000, 16U);
		g.rate = MAX(g.rate * keep / 1000, 16U);
		if (y[i] == FORECAST_MISSING)
			continue;
		const int64_t mean16 = (int64_t)(g.shape * 16 / g.rate);
		const int64_t off = y[i] * 16 - mean16;
		if (i > 2)
			*squares += (uint64_t)(off * off);
		g.shape += (uint64_t)y[i] << SCALE_BITS;
		g.rate += 1U << SCALE_BITS;
	}
	return g;
}

#define COUNTS 512

/* 10 % and 90 % of the negative binomial that follows from it. */
static void
gamma_interval(const struct gamma *g, struct forecast_point *out)
{
	uint64_t w[COUNTS], all = 0, sum = 0;
	bool low = false;

	w[0] = UINT64_C(1) << 24;
	for (uint64_t y = 0; y + 1 < COUNTS; y++) {
		/* Only their ratios count: keep them small enough. */
		if (w[y] > UINT64_C(1) << 36)
			for (uint64_t i = 0; i <= y; i++)
				w[i] >>= 12;
		w[y + 1] = w[y] * (g->shape + (y << SCALE_BITS)) /
			   ((y + 1) * (g->rate + (1U << SCALE_BITS)));
	}
	for (size_t y = 0; y < COUNTS; y++)
		all += w[y];
	out->high = COUNTS - 1;
	for (size_t y = 0; y < COUNTS; y++) {
		sum += w[y];
		if (!low && sum * 10 > all) {
			out->low = (int64_t)y;
			low = true;
		}
		if (sum * 10 >= all * 9) {
			out->high = (int64_t)y;
			return;
		}
	}
}

static uint64_t
forecast_gamma(
    const int64_t *y, size_t n, uint32_t horizon, struct forecast *out)
{
	static const uint64_t keeps[] = { 600, 700, 800, 900, 950, 980 };
	uint64_t least = UINT64_MAX, keep = 900;
	struct gamma g = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(keeps); i++) {
		uint64_t squares;
		const struct gamma one = gamma_run(y, n, keeps[i], &squares);
		if (squares < least) {
			least = squares;
			keep = keeps[i];
			g = one;
		}
	}
	out->method = FORECAST_GAMMA;
	for (uint32_t h = 1; h <= horizon; h++) {
		struct forecast_point *p = &out->points[h - 1];
		g.shape = MAX(g.shape * keep / 1000, 16U);
		g.rate = MAX(g.rate * keep / 1000, 16U);
		p->value = (int64_t)((g.shape + g.rate / 2) / g.rate);
		gamma_interval(&g, p);
	}
	return least;
}

/*
 * Few a week are drawn anew each week; a small stock stays mostly as it was:
 * then the last weeks tell much more than the mean does.
 */
static void
forecast_small(
    const int64_t *y, size_t n, uint32_t horizon, struct forecast *out)
{
	const uint64_t squares = forecast_gamma(y, n, horizon, out);
	struct holt best;

	if (holt_choose(y, n, &best).squares * 10 < squares * 8)
		forecast_holt(y, n, horizon, out);
}

/* ---- which of them ---- */

void
forecast_series(
    const int64_t *values, size_t n, uint32_t horizon, struct forecast *out)
{
	int64_t y[FORECAST_WEEKS_MAX], most = 0, sum = 0;
	unsigned shift = 0;

	ASSERT(horizon >= 1 && horizon <= FORECAST_HORIZON_MAX);
	*out = (struct forecast){ .method = FORECAST_NONE };
	if (n > FORECAST_WEEKS_MAX) {
		values += n - FORECAST_WEEKS_MAX;
		n = FORECAST_WEEKS_MAX;
	}
	for (size_t i = 0; i < n; i++) {
		ASSERT(values[i] == FORECAST_MISSING ||
		       (values[i] >= 0 && values[i] < INT64_C(1) << 31));
		if (values[i] == FORECAST_MISSING)
			continue;
		out->n++;
		most = MAX(most, values[i]);
		sum += values[i];
	}
	if (out->n < FORECAST_LEAST)
		return;
	/* So that squares and their sum fit into 64 bits. */
	while (most >> shift > LARGEST)
		shift++;
	for (size_t i = 0; i < n; i++)
		y[i] = values[i] == FORECAST_MISSING ? FORECAST_MISSING
						     : values[i] >> shift;
	out->points_n = horizon;
	if (out->n < SHORT)
		forecast_last(y, n, horizon, out);
	else if (sum < (int64_t)out->n * FORECAST_SMALL && most < COUNTS / 4)
		forecast_small(y, n, horizon, out);
	else
		forecast_holt(y, n, horizon, out);
	out->trend_milli = slope_milli(y, n) * (INT64_C(1) << shift);
	for (uint32_t h = 0; h < horizon; h++) {
		out->points[h].value <<= shift;
		out->points[h].low <<= shift;
		out->points[h].high <<= shift;
	}
}
