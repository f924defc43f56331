/* SPDX-License-Identifier: MIT */
/*
 * data/partials.h - the partial results of a reduction: each of a span of items, combined as soon as two meet.
 *
 * - A partial is open (one runner appends items at its end), then closed. Closing: P1 under the lock, a closed
 *   partial that begins or ends where this one ends or begins is taken out of the list; none: this one is listed,
 *   done. P2 without the lock, the right one of both is combined into the left one, its memory is spare. P1 again.
 * - No two listed partials meet: who lists one has looked, under the same lock. So between two of them lies an open
 *   one, or one that is being closed, or items that a runner has taken and not begun, or a stretch of which something
 *   waits for a runner (a loop that is laid out over nodes has some):
 *       listed <= runners + stretches + 1,   in memory <= runners * 2 + listed <= runners * 3 + stretches + 1
 *   where a runner that is at P2 holds two. The one that begins at the first item is not among the slots: it is the
 *   caller's result, always the left one, and after all items have been closed the only one.
 * - Items are combined in their order, each partial into its left neighbour once: partials opened - 1 combines.
 *
 * Any thread, at the same time: wf_partials_open, wf_partials_close (of its own partial). No callback under the lock.
 * Source: views that begin with a steal and are combined with their neighbours in order, Frigo, Halpern, Leiserson,
 * Lewin-Berlin 2009 (reducers).
 */
#ifndef WF_DATA_PARTIALS_H
#define WF_DATA_PARTIALS_H

#include <pthread.h>
#include <stddef.h>

/* Behind its accumulator, in lines that both have for themselves. */
typedef struct wf_partial {
    size_t begin, end; /* items */
    void *acc;
    struct wf_partial *next;
} wf_partial;

typedef struct wf_partials {
    void (*combine)(void *acc, const void *right, void *ctx);
    void *ctx;
    const void *identity; /* NULL: zeros */
    size_t bytes;         /* of an accumulator */
    char *memory;         /* of the slots; not touched before it is used */
    size_t slots;
    wf_partial first;     /* at the first item, in the caller's result */
    pthread_mutex_t lock; /* of the rest */
    size_t used;          /* slots that were ever used */
    wf_partial *spare, *listed;
} wf_partials;

/* The bytes of one slot for accumulators of that size; bytes is at most PTRDIFF_MAX. */
size_t wf_partials_slot(size_t bytes);
/* The slots that so many runners, stretches and items need at most. */
size_t wf_partials_most(size_t runners, size_t stretches, size_t items);

/* The caller has set the fields up to slots, and first.begin and first.acc. */
void wf_partials_init(wf_partials *p);
void wf_partials_fini(wf_partials *p);
/* A partial that begins at that item: empty, its accumulator the identity. */
wf_partial *wf_partials_open(wf_partials *p, size_t begin);
/* It has all items up to its end. */
void wf_partials_close(wf_partials *p, wf_partial *mine);
/* Writes the identity. */
void wf_partials_clear(const wf_partials *p, void *acc);

#endif
