/*
 * forecast_eval [--json]: how good the forecasts of signals are, on series
 * that were made up: no real weekly series is among the shared data. Four
 * weeks ahead, from every week on that has enough before it. MASE: the mean
 * error over that of the naive forecast one week ahead within the series
 * (Hyndman and Koehler 2006); below the naive row is better. Coverage: how
 * often the truth lay in the interval, which says 80 %. Kinds of series with
 * an even seed were for choosing the constants; what is printed comes from
 * the odd ones.
 */
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "match/forecast.h"

#define WEEKS   78
#define FIRST   16
#define HORIZON 4
#define SERIES  400

enum shape {
	STOCK_WALK,   /* a large stock: people come and go */
	STOCK_GROWS,  /* with growth that ends half way */
	STOCK_YEAR,   /* with a season */
	STOCK_JUMP,   /* with a step: an employer opens */
	FLOW_POISSON, /* few new ones a week */
	FLOW_RISES,   /* few, then more */
	STOCK_SMALL,  /* a small stock */
	STEPPED,      /* people as they are shown: in steps of five */
	SHAPES
};

static const char *const shapes[SHAPES] = { "large stock, random walk",
	"large stock, growth that ends", "large stock, yearly season",
	"large stock, a step", "few a week, steady", "few a week, rising",
	"small stock", "shown in steps of 5" };

enum method { NAIVE, MEAN, OURS, METHODS };
static const char *const methods[METHODS] = { "last value", "mean of 12",
	"ours" };

/* ---- series ---- */

static double
uniform(uint64_t *seed)
{
	return (double)eval_chance(seed, 1U << 30) / (1U << 30);
}

static double
normal(uint64_t *seed)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += uniform(seed);
	return sum - 6;
}

/* exp(-x) for the Poisson counts below; the library's would need libm. */
static double
exponential(double x)
{
	double term = 1, sum = 1;

	for (int i = 1; i < 80; i++) {
		term *= x / i;
		sum += term;
	}
	return 1 / sum;
}

static int64_t
poisson(uint64_t *seed, double mean)
{
	const double limit = exponential(mean);
	double p = uniform(seed);
	int64_t n = 0;

	while (p > limit && n < 1000) {
		p *= uniform(seed);
		n++;
	}
	return n;
}

static double
season(int week)
{
	/* a parabola each half year: near enough to a sine */
	const double x = (week % 26) / 26.0;
	const double y = 4 * x * (1 - x);

	return week / 26 % 2 == 0 ? y : -y;
}

static void
make(enum shape shape, uint64_t seed, int64_t y[WEEKS])
{
	uint64_t s = seed * 7919 + shape + 1;
	double level = shape == STOCK_SMALL ? 6 : 200 + uniform(&s) * 800;
	const double noise = level * 0.03;

	for (int w = 0; w < WEEKS; w++) {
		double v = level;
		switch (shape) {
		case STOCK_WALK:
			level += normal(&s) * noise;
			break;
		case STOCK_GROWS:
			level += (w < WEEKS / 2 ? level * 0.015 : 0) +
				 normal(&s) * noise / 3;
			v += normal(&s) * noise / 2;
			break;
		case STOCK_YEAR:
			v += season(w) * level * 0.2 + normal(&s) * noise;
			break;
		case STOCK_JUMP:
			v += (w > 40 ? level * 0.4 : 0) + normal(&s) * noise;
			break;
		case FLOW_POISSON:
			v = (double)poisson(&s, 3);
			break;
		case FLOW_RISES:
			v = (double)poisson(&s, 1 + w * 0.08);
			break;
		case STOCK_SMALL:
			level += (double)poisson(&s, 0.4) -
				 (double)poisson(&s, level * 0.065);
			break;
		case STEPPED:
			level += normal(&s) * noise / 4;
			v = (double)((int64_t)(level + 2.5) / 5 * 5);
			break;
		case SHAPES:
			break;
		}
		y[w] = v < 0 ? 0 : (int64_t)(v + 0.5);
	}
}

/* ---- one series ---- */

struct sums {
	double mase[METHODS];
	double n;
	double covered, width, points;
};

static double
absolute(double x)
{
	return x < 0 ? -x : x;
}

static void
run(enum shape shape, uint64_t seed, struct sums *sum)
{
	int64_t y[WEEKS];
	double errors[METHODS] = { 0 }, naive = 0;
	unsigned n = 0;

	make(shape, seed, y);
	for (int w = 1; w < WEEKS; w++)
		naive += absolute((double)(y[w] - y[w - 1])) / (WEEKS - 1);
	if (naive == 0)
		return;
	for (int w = FIRST; w + HORIZON <= WEEKS; w++) {
		struct forecast f;
		double mean = 0;
		forecast_series(y, (size_t)w, HORIZON, &f);
		for (int i = w - 12; i < w; i++)
			mean += (double)y[i] / 12;
		for (int h = 0; h < HORIZON; h++) {
			const double truth = (double)y[w + h];
			const struct forecast_point *p = &f.points[h];
			errors[NAIVE] += absolute(truth - (double)y[w - 1]);
			errors[MEAN] += absolute(truth - mean);
			errors[OURS] += absolute(truth - (double)p->value);
			sum->covered +=
			    y[w + h] >= p->low && y[w + h] <= p->high;
			sum->width += (double)(p->high - p->low);
			sum->points++;
			n++;
		}
	}
	for (int m = 0; m < METHODS; m++)
		sum->mase[m] += errors[m] / n / naive;
	sum->n++;
}

int
main(int argc, char **argv)
{
	double all[METHODS] = { 0 }, covered = 0;

	eval_begin(argc, argv);
	eval_note("Forecasts four weeks ahead, %d made-up series of %d weeks "
		  "of each kind\n\n",
	    SERIES, WEEKS);
	eval_note("%-32s %10s %10s %10s %10s\n", "MASE", methods[NAIVE],
	    methods[MEAN], methods[OURS], "in 80 %");
	for (int s = 0; s < SHAPES; s++) {
		struct sums sum = { .n = 0 };
		char name[48];
		for (uint64_t i = 0; i < SERIES; i++)
			run((enum shape)s, 2 * i + 1, &sum);
		for (int m = 0; m < METHODS; m++)
			all[m] += sum.mase[m] / sum.n / SHAPES;
		covered += sum.covered / sum.points / SHAPES;
		eval_note("%-32s %10.2f %10.2f %10.2f %9.0f%%\n", shapes[s],
		    sum.mase[NAIVE] / sum.n, sum.mase[MEAN] / sum.n,
		    sum.mase[OURS] / sum.n, 100 * sum.covered / sum.points);
		(void)snprintf(name, sizeof(name), "forecast.%d.mase", s);
		eval_figure(name, sum.mase[OURS] / sum.n, "", -1, "last value",
		    sum.mase[NAIVE] / sum.n);
	}
	eval_note("%-32s %10.2f %10.2f %10.2f %9.0f%%\n", "mean of all",
	    all[NAIVE], all[MEAN], all[OURS], 100 * covered);
	eval_figure(
	    "forecast.mase", all[OURS], "", -1, "last value", all[NAIVE]);
	eval_figure("forecast.coverage", covered, "", 0.8, NULL, 0);
	return 0;
}
