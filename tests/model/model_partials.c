/* SPDX-License-Identifier: MIT */
/*
 * model/model_partials.c - partial results that meet: each item in order, each partial into its left neighbour once.
 *
 * A partial's accumulator is the list of its items, plain. Runners open at an item, append, close; whoever closes last
 * finds all in the caller's result.
 */
#include <pthread.h>
#include <string.h>

#include "checker/mc.h"
#include "data/partials.h"
#include "os/memory.h"

enum { ITEMS = 4, SLOTS = 3 };
typedef struct list {
    unsigned count;
    unsigned char item[ITEMS];
} list;

static wf_partials partials;
static list result;
static unsigned combines;

static void append(list *to, unsigned item)
{
    mc_assert(to->count < ITEMS);
    to->item[to->count++] = (unsigned char)item;
}

static void combine(void *left, const void *right, void *ctx)
{
    list *into = left;
    const list *from = right;
    (void)ctx;
    for (unsigned i = 0; i < from->count; i++)
        append(into, from->item[i]);
    __atomic_fetch_add(&combines, 1, __ATOMIC_RELAXED);
}

static void setup(void)
{
    partials = (wf_partials){.combine = combine, .bytes = sizeof(list), .slots = SLOTS};
    partials.memory = wf_alloc(SLOTS * wf_partials_slot(sizeof(list)));
    partials.first.acc = &result;
    wf_partials_init(&partials);
    mc_name(&partials, sizeof partials, "partials");
    mc_name(&partials.lock, sizeof partials.lock, "lock");
    mc_name(&result, sizeof result, "result");
}

static void run(unsigned begin, unsigned end)
{
    wf_partial *mine = wf_partials_open(&partials, begin);
    list *acc = mine->acc;
    for (unsigned i = begin; i < end; i++)
        append(acc, i);
    mine->end = end;
    wf_partials_close(&partials, mine);
}

static void run_0(void)
{
    run(0, 1);
}

static void run_1(void)
{
    run(1, 2);
}

static void run_2(void)
{
    run(2, 3);
}

static void run_0_and_2(void)
{
    run(0, 1);
    run(2, 3);
}

static void run_1_and_3(void)
{
    run(3, 4);
    run(1, 2);
}

static void whole(unsigned items)
{
    mc_assert(result.count == items && combines == items - 1);
    for (unsigned i = 0; i < items; i++)
        mc_assert(result.item[i] == i);
    mc_assert(partials.listed == &partials.first && !partials.first.next && partials.first.end == items);
}

static void two(void)
{
    whole(2);
}

static void three(void)
{
    whole(3);
}

static void four(void)
{
    whole(4);
}

static const mc_scenario scenarios[] = {
    {.name = "two_runners", .setup = setup, .thread = {run_0, run_1}, .check = two, .bound = MC_UNBOUNDED},
    {.name = "three_runners",
     .setup = setup,
     .thread = {run_0, run_1, run_2},
     .check = three,
     .bound = MC_UNBOUNDED},
    {.name = "slots_used_again",
     .setup = setup,
     .thread = {run_0_and_2, run_1_and_3},
     .check = four,
     .bound = MC_UNBOUNDED},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
