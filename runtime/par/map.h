/* SPDX-License-Identifier: MIT */
/*
 * par/map.h - parallel_map; the public face is weft/parallel.h.
 *
 * A loop over the items. Counts and the lowest failure are kept per block and added up at its end, so that
 * the common case writes nothing that is shared. Fail-fast: a word that is read before each item.
 * Who brings threads of its own to the items (exec/bulk.c) calls the three parts; who has items run elsewhere
 * says of each what became of it.
 */
#ifndef WF_PAR_MAP_H
#define WF_PAR_MAP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <weft/parallel.h>

/* What is called for each item, and where the items are. */
typedef struct wf_map_call {
    weft_item_fn *fn;
    const char *in;
    char *out;
    size_t in_size, out_size, n;
    weft_map_config config;
} wf_map_call;

typedef struct wf_map {
    wf_map_call call;
    /* Before each item: is it to stop? NULL: nobody outside can say so. */
    bool (*asked)(const struct wf_map *m);
    uint32_t stop;        /* 1: no further item starts */
    uint64_t done;        /* items with status 0 */
    pthread_mutex_t lock; /* of the rest; taken only when an item fails, never while one runs */
    size_t failed, index;
    int status;
} wf_map;

/* Which array it is to follow, and the bytes of its items; NULL: none, or it is not there. */
const void *wf_map_near(const wf_map_call *call, size_t *item_bytes);
/* Whole, and for values of some size; or NULL. */
bool wf_codec_fits(const struct weft_codec *codec, size_t size);
/* 0, or why it makes no sense. */
int wf_map_check(wf_map_call *call, const weft_map_config *config);
void wf_map_begin(wf_map *m, const wf_map_call *call);
/* All of its items by a pool's loop, and its end. */
int wf_map_run(wf_map *m, weft_pool *pool);
/* A weft_range_fn. */
void wf_map_items(size_t begin, size_t end, void *map);
/* Any thread that works on it: the item ran; it did not. */
void wf_map_ended(wf_map *m, size_t index, int status);
void wf_map_skipped(wf_map *m, size_t index);
bool wf_map_stopped(const wf_map *m);
/* Any thread that works on it: no further item starts. */
void wf_map_stop(wf_map *m);
/* All that were started have finished. What the call answers if all items were come to. */
int wf_map_end(wf_map *m);

#endif
