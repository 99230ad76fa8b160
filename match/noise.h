/*
 * noise.h: discrete Laplace noise for figures that rest on private data:
 * P(x) = (1 - p) / (1 + p) * p^|x| with p = exp(-epsilon / sensitivity).
 * Exact: integers and random bits alone, no table, no rounding (Canonne,
 * Kamath, Steinke 2020). Never for what anybody can count: it hides nothing
 * there.
 */
#pragma once

#include "proto/base/env.h"

#define NOISE_EPSILON_MAX     1000000 /* thousandths */
#define NOISE_SENSITIVITY_MAX 1000000

/**
 * noise_laplace(env, epsilon_milli, sensitivity):
 * One value; both at least 1 and at most the maximum above. Takes as long as
 * the scale sensitivity / epsilon demands: a few dozen random numbers.
 */
int64_t noise_laplace(
    const struct env *env, uint32_t epsilon_milli, uint32_t sensitivity);

/**
 * noise_threshold(k, epsilon_milli, sensitivity, delta_digits):
 * The noisy figure below which one leaves a cell out, so that a cell of a
 * single person shows up with a chance of at most 10^-delta_digits:
 * k + sensitivity * ln(1 / (2 delta)) / epsilon, rounded up.
 */
uint64_t noise_threshold(uint64_t k, uint32_t epsilon_milli,
    uint32_t sensitivity, uint32_t delta_digits);
