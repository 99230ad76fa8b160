/*
 * forecast.h: what comes next in a short series of weekly counts, with an
 * interval: for people who look at signals. Integers throughout, but no two
 * nodes need agree on it; nothing that is matched or exchanged rests on it.
 *
 * Large counts: Holt's linear trend, damped; its three constants are those
 * of a small grid that were best one step ahead in the series itself. Small
 * counts (a mean below FORECAST_SMALL): Poisson counts whose rate has a gamma
 * distribution that forgets: closed form, an interval of whole numbers.
 * Which of the two it was is told. Methods: Holt 1957, Gardner and McKenzie
 * 1985; Harvey and Fernandes 1989.
 */
#pragma once

#include "proto/base/base.h"

#define FORECAST_WEEKS_MAX   520
#define FORECAST_HORIZON_MAX 13
#define FORECAST_LEAST       4  /* weeks that are known, for a forecast */
#define FORECAST_SMALL       10 /* mean below which counts are small */
#define FORECAST_MISSING     INT64_MIN

enum forecast_method {
	FORECAST_NONE,  /* too few weeks */
	FORECAST_NAIVE, /* as the last one: shorter than 8 weeks */
	FORECAST_HOLT,
	FORECAST_GAMMA,
};

/** forecast_method_name(m): "damped-trend"; static text. */
const char *forecast_method_name(enum forecast_method m);

struct forecast_point {
	int64_t value, low, high; /* low, high: 80 % lie between them */
};

struct forecast {
	enum forecast_method method;
	uint32_t n; /* weeks that it rests on */
	/* Change a week at the end of the series, in thousandths. */
	int64_t trend_milli;
	uint32_t points_n;
	struct forecast_point points[FORECAST_HORIZON_MAX];
};

/**
 * forecast_series(values, n, horizon, out):
 * ${values} from the oldest on, 0 <= value < 2^31, or FORECAST_MISSING; those
 * before the last FORECAST_WEEKS_MAX are not looked at. ${horizon} 1 to
 * FORECAST_HORIZON_MAX. With fewer than FORECAST_LEAST known values there are
 * no points.
 */
void forecast_series(
    const int64_t *values, size_t n, uint32_t horizon, struct forecast *out);
