/* SPDX-License-Identifier: MIT */
/* data/inbox: first in, first out, across batches and sweeps; who takes when another does; links that are reused. */
#include "data/inbox.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 4000 };

typedef struct item {
    wf_link link;
    int number;
    bool dead, dropped;
} item;

static item items[ITEMS];

static item *item_of(wf_link *link)
{
    return (item *)(void *)link;
}

static void put(wf_inbox *inbox, int from, int to)
{
    for (int i = from; i < to; i++) {
        items[i] = (item){.number = i};
        wf_inbox_put(inbox, &items[i].link);
    }
}

static bool drop_dead(wf_link *link)
{
    item *it = item_of(link);
    cr_assert_not(it->dropped, "%d is dropped twice", it->number);
    return it->dropped = it->dead;
}

static void kill(wf_inbox *inbox, int i)
{
    items[i].dead = true;
    wf_inbox_dead(inbox, drop_dead);
}

/* Takes in batches; the numbers grow, and none that lives is left out. How many came. */
static int take_in_order(wf_inbox *inbox, unsigned max, int limit, int *next)
{
    wf_link *links[ITEMS];
    int taken = 0;
    for (unsigned count; taken < limit && (count = wf_inbox_take(inbox, links, max)) > 0;
         taken += (int)count) {
        cr_assert_leq(count, max);
        for (unsigned i = 0; i < count; i++) {
            item *it = item_of(links[i]);
            cr_assert_not(it->dropped, "%d was dropped", it->number);
            for (; *next < it->number; ++*next)
                cr_assert(items[*next].dropped, "%d came before %d", it->number, *next);
            cr_assert_eq(it->number, *next, "%d comes late", it->number);
            ++*next;
        }
    }
    return taken;
}

Test(inbox, init_needs_nothing_of_the_memory)
{
    wf_inbox inbox;
    wf_link *links[2];
    memset(&inbox, 0xa5, sizeof inbox);
    wf_inbox_init(&inbox);
    cr_assert_not(wf_inbox_visible(&inbox));
    put(&inbox, 0, 1);
    cr_assert(wf_inbox_visible(&inbox));
    cr_assert_eq(wf_inbox_take(&inbox, links, 2), 1);
}

Test(inbox, empty)
{
    wf_inbox inbox = {0};
    wf_link *links[4];
    wf_inbox_init(&inbox);
    cr_assert_not(wf_inbox_visible(&inbox));
    cr_assert_eq(wf_inbox_take(&inbox, links, 4), 0);
    put(&inbox, 0, 1);
    cr_assert_eq(wf_inbox_take(&inbox, links, 0), 0);
    cr_assert(wf_inbox_visible(&inbox), "a taker of none leaves it there");
    cr_assert_eq(wf_inbox_take(&inbox, links, 4), 1);
    cr_assert_not(wf_inbox_visible(&inbox));
    cr_assert_eq(wf_inbox_take(&inbox, links, 4), 0);
}

Test(inbox, first_in_first_out_across_batches)
{
    wf_inbox inbox = {0};
    int next = 0, in = 0;
    wf_inbox_init(&inbox);
    for (unsigned max = 1; max <= 64; max++) {
        put(&inbox, in, in + 60);
        in += 60;
        cr_assert(take_in_order(&inbox, max, 50, &next) >= 50);
        cr_assert_eq(wf_inbox_visible(&inbox), next < in);
    }
    take_in_order(&inbox, ITEMS, ITEMS, &next);
    cr_assert_eq(next, in);
    cr_assert_not(wf_inbox_visible(&inbox));
}

Test(inbox, takers_take_turns)
{
    wf_inbox inbox = {0};
    wf_link *links[4];
    wf_inbox_init(&inbox);
    put(&inbox, 0, 100);
    inbox.lock = 1; /* as if somebody were taking */
    cr_assert_eq(wf_inbox_take(&inbox, links, 4), 0);
    for (int i = 0; i < 100; i++)
        kill(&inbox, i);
    for (int i = 0; i < 100; i++)
        cr_assert_not(items[i].dropped, "who sweeps is a taker too");
    cr_assert(wf_inbox_visible(&inbox));
    inbox.lock = 0;
    cr_assert_eq(wf_inbox_take(&inbox, links, 4), 4);
}

Test(inbox, most_are_dead_and_are_swept)
{
    wf_inbox inbox = {0};
    int next = 0, inside = 0, taken;
    wf_inbox_init(&inbox);
    put(&inbox, 0, 1000);
    for (int i = 0; i < 1000; i++)
        if (i % 10)
            kill(&inbox, i);
    for (int i = 0; i < 1000; i++)
        inside += items[i].dead && !items[i].dropped;
    cr_assert_leq(inside, 100 + 64, "%d dead ones are left beside 100 that live", inside);
    cr_assert(wf_inbox_visible(&inbox));
    taken = take_in_order(&inbox, 7, ITEMS, &next);
    cr_assert_eq(taken, 100 + inside);
    cr_assert_not(wf_inbox_visible(&inbox), "what was swept is not counted any more");
}

Test(inbox, all_are_dead)
{
    wf_inbox inbox = {0};
    int next = 0, dropped = 0;
    wf_inbox_init(&inbox);
    put(&inbox, 0, 64 * 8);
    for (int i = 64 * 8 - 1; i >= 0; i--)
        kill(&inbox, i);
    for (int i = 0; i < 64 * 8; i++)
        dropped += items[i].dropped;
    cr_assert_geq(dropped, 64 * 7);
    cr_assert_eq(take_in_order(&inbox, 3, ITEMS, &next), 64 * 8 - dropped);
    cr_assert_not(wf_inbox_visible(&inbox));
}

Test(inbox, a_few_dead_ones_are_left_to_the_takers)
{
    wf_inbox inbox = {0};
    int next = 0;
    wf_inbox_init(&inbox);
    put(&inbox, 0, 1000);
    for (int i = 0; i < 400; i++)
        kill(&inbox, i);
    for (int i = 0; i < 1000; i++)
        cr_assert_not(items[i].dropped, "%d of 1,000 are not most of them", i);
    cr_assert_eq(take_in_order(&inbox, 16, ITEMS, &next), 1000);
}

Test(inbox, who_counts_has_even_a_few_swept)
{
    wf_inbox inbox = {0};
    int next = 0;
    wf_inbox_init(&inbox);
    put(&inbox, 0, 100);
    cr_assert(wf_inbox_sweep(&inbox, drop_dead), "none is known of");
    kill(&inbox, 50);
    inbox.lock = 1;
    cr_assert_not(wf_inbox_sweep(&inbox, drop_dead), "somebody takes");
    inbox.lock = 0;
    cr_assert(wf_inbox_sweep(&inbox, drop_dead));
    cr_assert(items[50].dropped);
    cr_assert_eq(wf_inbox_taken(&inbox), 1);
    cr_assert_eq(take_in_order(&inbox, 16, ITEMS, &next), 99);
}

/* Sweeps over what an earlier sweep kept, over what came since, and over both; takes in between. */
Test(inbox, sweeps_keep_the_order)
{
    wf_inbox inbox = {0};
    int next = 0, in = 0, dropped = 0;
    wf_inbox_init(&inbox);
    for (int round = 0; round < 12; round++) {
        put(&inbox, in, in + 300);
        in += 300;
        for (int i = next; i < in; i++)
            if (!items[i].dead && (i * 7 + round) % 5 < 2 + round % 2)
                kill(&inbox, i);
        take_in_order(&inbox, 1 + (unsigned)round * 3, round % 3 * 40, &next);
        put(&inbox, in, in + 20);
        in += 20;
    }
    take_in_order(&inbox, 9, ITEMS, &next);
    for (; next < in; next++)
        cr_assert(items[next].dropped, "%d is lost", next);
    for (int i = 0; i < in; i++)
        dropped += items[i].dropped;
    cr_assert_gt(dropped, 1000, "there were sweeps: %d", dropped);
    cr_assert_not(wf_inbox_visible(&inbox));
    cr_assert_eq(inbox.put, inbox.taken);
}

Test(inbox, links_may_be_put_again_at_once)
{
    wf_inbox inbox = {0};
    wf_link *links[2];
    wf_inbox_init(&inbox);
    put(&inbox, 0, 3);
    for (int turn = 0; turn < 1000; turn++) {
        cr_assert_eq(wf_inbox_take(&inbox, links, 2), 2);
        cr_assert_eq(item_of(links[0])->number, 2 * turn % 3);
        cr_assert_eq(item_of(links[1])->number, (2 * turn + 1) % 3);
        wf_inbox_put(&inbox, links[0]);
        wf_inbox_put(&inbox, links[1]);
    }
}

static int freed;

static bool drop_and_free(wf_link *link)
{
    if (!item_of(link)->dead)
        return false;
    free(link);
    freed++;
    return true;
}

Test(inbox, drop_may_free_its_link)
{
    static item *made[200];
    wf_inbox inbox = {0};
    wf_link *links[200];
    wf_inbox_init(&inbox);
    for (int i = 0; i < 200; i++) {
        made[i] = calloc(1, sizeof *made[i]);
        made[i]->number = i;
        made[i]->dead = i != 17;
        wf_inbox_put(&inbox, &made[i]->link);
    }
    for (int i = 0; i < 199 && !freed; i++)
        wf_inbox_dead(&inbox, drop_and_free);
    cr_assert_eq(freed, 199);
    cr_assert_eq(wf_inbox_take(&inbox, links, 200), 1);
    cr_assert_eq(item_of(links[0])->number, 17);
    free(links[0]);
    cr_assert_not(wf_inbox_visible(&inbox));
}
