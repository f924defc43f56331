/* SPDX-License-Identifier: MIT */
/* exec/pieces: each item goes to one taker, whoever takes how much, and from the nearest stretch first. */
#include "exec/pieces.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

enum { NODES = 3, ITEMS = 1000, THREADS = 4 };

static wf_place places[NODES];
static wf_worker workers[NODES];
static weft_pool pool;

static void make_pool(void)
{
    pool = (weft_pool){.all = workers, .places = places, .workers = NODES};
    for (unsigned i = 0; i < NODES; i++) {
        places[i].node = i;
        workers[i] = (wf_worker){.pool = &pool, .place = &places[i], .index = i, .pu = -1};
    }
}

TestSuite(pieces, .init = make_pool, .timeout = 240);

static const wf_plan by_node = {.count = NODES, .stretch = {{2, 100}, {0, 400}, {1, ITEMS}}};

Test(pieces, one_stretch_is_taken_in_order_in_pieces_that_get_smaller)
{
    wf_pieces p;
    size_t begin, end, last = 0, size = ITEMS;
    wf_pieces_init(&p, NULL, ITEMS, 2, 3);
    while (wf_pieces_take(&p, NULL, &begin, &end)) {
        cr_assert_eq(begin, last);
        cr_assert_leq(end - begin, size, "%zu items after %zu", end - begin, size);
        cr_assert(end - begin >= 3 || end == ITEMS);
        last = end;
        size = end - begin;
    }
    cr_assert_eq(last, ITEMS);
    cr_assert_not(wf_pieces_take(&p, NULL, &begin, &end));
}

Test(pieces, of_no_items_there_are_none)
{
    wf_pieces p;
    size_t begin, end;
    wf_pieces_init(&p, NULL, 0, 1, 1);
    cr_assert_not(wf_pieces_take(&p, &workers[0], &begin, &end));
}

Test(pieces, each_worker_takes_what_is_on_its_node_before_all_else)
{
    static const size_t first[NODES] = {100, 400, 0}, behind[NODES] = {400, ITEMS, 100};
    for (unsigned w = 0; w < NODES; w++) {
        wf_pieces p;
        size_t begin, end, items = 0;
        wf_pieces_init(&p, &by_node, ITEMS, 1, 1);
        for (size_t at = first[w]; at < behind[w]; at = end) {
            cr_assert(wf_pieces_take(&p, &workers[w], &begin, &end));
            cr_assert_eq(begin, at, "worker %u: %zu instead of %zu", w, begin, at);
            cr_assert_leq(end, behind[w]);
            items += end - begin;
        }
        while (wf_pieces_take(&p, &workers[w], &begin, &end))
            items += end - begin;
        cr_assert_eq(items, ITEMS);
    }
}

Test(pieces, who_is_no_worker_of_the_pool_takes_them_in_order)
{
    wf_pieces p;
    size_t begin, end, last = 0;
    wf_pieces_init(&p, &by_node, ITEMS, 1, 1);
    for (; wf_pieces_take(&p, NULL, &begin, &end); last = end)
        cr_assert_eq(begin, last);
    cr_assert_eq(last, ITEMS);
}

static wf_pieces shared;
static unsigned char taken[ITEMS];

static void *take_all(void *worker)
{
    size_t begin, end;
    while (wf_pieces_take(&shared, worker, &begin, &end))
        for (; begin < end; begin++)
            taken[begin]++;
    return NULL;
}

Test(pieces, taken_by_several_threads_each_item_goes_to_one)
{
    pthread_t thread[THREADS];
    for (int round = 0; round < 200; round++) {
        memset(taken, 0, sizeof taken);
        wf_pieces_init(&shared, &by_node, ITEMS, THREADS, 1);
        for (unsigned i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&thread[i], NULL, take_all, i < NODES ? &workers[i] : NULL), 0);
        for (unsigned i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_join(thread[i], NULL), 0);
        for (unsigned i = 0; i < ITEMS; i++)
            cr_assert_eq(taken[i], 1, "item %u: %d times", i, taken[i]);
    }
}
