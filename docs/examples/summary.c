/* SPDX-License-Identifier: MIT */
/*
 * summary.c - see summary.h.
 *
 * - A block that fits the first cache is gone through twice: mean, then the squares of the distances from it. That is more
 *   exact than the sum of the squares, and has no division for each value as Welford's method (1962) has.
 * - Blocks, and larger parts, are merged with the formula of Chan, Golub and LeVeque (Algorithms for computing the
 *   sample variance, 1983).
 * - Sums run in eight lanes: additions that do not wait for each other, in an order that no compiler may change.
 */
#include "summary.h"

#include <math.h>
#include <string.h>

#define BLOCK 2048
#define LANES 8

void summary_init(struct summary *summary)
{
    memset(summary, 0, sizeof *summary);
    summary->min = INFINITY;
    summary->max = -INFINITY;
}

/* Moves all but the NaNs to the front; how many that are. */
static size_t without_nans(double *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        values[kept] = values[i];
        kept += isnan(values[i]) ? 0 : 1;
    }
    return kept;
}

static double add_lanes(const double *lane)
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static double mean_of(const double *values, size_t n)
{
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += values[i + k];
    for (; i < n; i++)
        lane[i % LANES] += values[i];
    return add_lanes(lane) / (double)n;
}

static double squares_of(const double *values, size_t n, double mean)
{
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (values[i + k] - mean) * (values[i + k] - mean);
    for (; i < n; i++)
        lane[i % LANES] += (values[i] - mean) * (values[i] - mean);
    return add_lanes(lane);
}

static void find_bounds(struct summary *s, const double *values, size_t n)
{
    double low[LANES], high[LANES];
    for (size_t k = 0; k < LANES; k++)
        low[k] = high[k] = values[0];
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            low[k] = values[i + k] < low[k] ? values[i + k] : low[k];
            high[k] = values[i + k] > high[k] ? values[i + k] : high[k];
        }
    for (; i < n; i++) {
        low[0] = fmin(low[0], values[i]);
        high[0] = fmax(high[0], values[i]);
    }
    for (size_t k = 0; k < LANES; k++) {
        s->min = fmin(s->min, low[k]);
        s->max = fmax(s->max, high[k]);
    }
}

/* First each value's bin, which compilers do for several at a time, then the counting. At most a block. */
static void fill_bins(struct summary *s, const double *values, size_t n, const struct summary_bounds *b)
{
    int bin[BLOCK];
    double low = b->low, high = b->high, last = b->bins - 1, above = b->bins, a_unit = above / (high - low);
    for (size_t i = 0; i < n; i++) {
        double x = values[i], at = (x - low) * a_unit;
        at = at < last ? at : last; /* also what rounding lifted up to high */
        at = x < low ? -1 : at;
        at = x >= high ? above : at;
        bin[i] = (int)at + 1;
    }
    for (size_t i = 0; i < n; i++)
        s->bins[bin[i]]++;
}

static void add_block(struct summary *summary, double *values, size_t n, const struct summary_bounds *bounds)
{
    struct summary block;
    summary_init(&block);
    block.count = without_nans(values, n);
    block.nans = n - block.count;
    if (block.count) {
        block.mean = mean_of(values, block.count);
        block.squares = squares_of(values, block.count, block.mean);
        find_bounds(&block, values, block.count);
    }
    if (bounds->bins)
        fill_bins(&block, values, block.count, bounds);
    summary_merge(summary, &block);
}

void summary_add(struct summary *summary, double *values, size_t n, const struct summary_bounds *bounds)
{
    for (size_t i = 0; i < n; i += BLOCK)
        add_block(summary, values + i, n - i < BLOCK ? n - i : BLOCK, bounds);
}

static void merge_means(struct summary *a, const struct summary *b)
{
    double n = (double)(a->count + b->count), distance = b->mean - a->mean;
    a->squares += b->squares + distance * distance * ((double)a->count * (double)b->count / n);
    a->mean += distance * ((double)b->count / n);
}

void summary_merge(struct summary *summary, const struct summary *more)
{
    if (!summary->count) {
        summary->mean = more->mean;
        summary->squares = more->squares;
    } else if (more->count) {
        merge_means(summary, more);
    }
    summary->count += more->count;
    summary->nans += more->nans;
    summary->min = fmin(summary->min, more->min);
    summary->max = fmax(summary->max, more->max);
    for (size_t i = 0; i < sizeof summary->bins / sizeof *summary->bins; i++)
        summary->bins[i] += more->bins[i];
}

static void print_double(FILE *file, const char *name, double value, int known)
{
    if (!known || isnan(value)) /* the sign of a NaN says nothing */
        fprintf(file, "%s nan\n", name);
    else
        fprintf(file, "%s %.17g\n", name, value);
}

void summary_print(const struct summary *s, const struct summary_bounds *b, FILE *file)
{
    fprintf(file, "count %llu\nnans %llu\n", (unsigned long long)s->count, (unsigned long long)s->nans);
    print_double(file, "mean", s->mean, s->count > 0);
    print_double(file, "variance", s->squares / ((double)s->count - 1), s->count > 1);
    print_double(file, "min", s->min, s->count > 0);
    print_double(file, "max", s->max, s->count > 0);
    for (int i = 0; b->bins && i < b->bins + 2; i++) {
        double from = i ? b->low + (i - 1) * ((b->high - b->low) / b->bins) : -INFINITY;
        fprintf(file, "bin %.17g %llu\n", from, (unsigned long long)s->bins[i]);
    }
}
