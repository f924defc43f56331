/* SPDX-License-Identifier: MIT */
/*
 * summary.h - count, mean, variance, least, greatest and a histogram of many doubles, in parts that are merged.
 *
 * The same values, cut in the same places and merged in the same order, give the same bits: whoever computes the parts,
 * and whenever. NaNs are counted apart; infinities count as values, and mean and variance show it.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SUMMARY_BINS_MAX 64

/* From low to below high in so many bins of one width; no bins: no histogram. */
struct summary_bounds {
    double low, high;
    int bins;
};

struct summary {
    uint64_t count, nans;
    double mean, squares; /* squares: of the distances from the mean, added up */
    double min, max;
    uint64_t bins[SUMMARY_BINS_MAX + 2]; /* the first: below low; the one behind the last: high and above */
};

/* Of no values. */
void summary_init(struct summary *summary);

/* Adds n values. They are moved about if there are NaNs among them. */
void summary_add(struct summary *summary, double *values, size_t n, const struct summary_bounds *bounds);

/* Adds what `more` is the summary of. */
void summary_merge(struct summary *summary, const struct summary *more);

/* A line each; doubles with 17 digits, which are all of their bits. */
void summary_print(const struct summary *summary, const struct summary_bounds *bounds, FILE *file);

#endif
