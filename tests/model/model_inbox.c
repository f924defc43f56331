/* SPDX-License-Identifier: MIT */
/*
 * model/model_inbox.c - work from outside: who puts, who takes, who sweeps, who looks before it sleeps.
 *
 * Items are allocated, and freed by who takes or drops them: what comes twice is a use after free. Each has plain
 * content of its putter's. Items of one putter come in its order: each taker notes what came last to itself. At
 * the end the rest is taken, and nothing is visible.
 */
#include <string.h>

#include "checker/mc.h"
#include "data/inbox.h"
#include "os/memory.h"

typedef struct item {
    wf_link link;
    int putter, number;
} item;

enum { PUTTERS = 3, EACH = 3 };
static wf_inbox *inbox;
static item *slot[PUTTERS][EACH];
static int made[PUTTERS];
static int got[PUTTERS][EACH];
static uint32_t dead[PUTTERS][EACH]; /* nobody needs it any more */
static uint32_t asleep;
static int slept, woken;

/* One thread's: what it took last of each putter's. */
typedef struct taken {
    int after[PUTTERS];
} taken;

static void receive(taken *mine, wf_link *link)
{
    item *it = (item *)(void *)link;
    mc_assert(it->number >= mine->after[it->putter]);
    mine->after[it->putter] = it->number + 1;
    got[it->putter][it->number]++;
    wf_free(it);
}

static void put(int putter)
{
    item *it = slot[putter][made[putter]];
    *it = (item){.putter = putter, .number = made[putter]++};
    wf_inbox_put(inbox, &it->link);
}

static unsigned take(taken *mine, unsigned max)
{
    wf_link *links[4];
    unsigned count = wf_inbox_take(inbox, links, max);
    for (unsigned i = 0; i < count; i++)
        receive(mine, links[i]);
    return count;
}

static void setup(void)
{
    inbox = wf_alloc(sizeof *inbox);
    wf_inbox_init(inbox);
    memset(made, 0, sizeof made);
    for (int i = 0; i < PUTTERS; i++)
        for (int j = 0; j < EACH; j++)
            slot[i][j] = wf_alloc(sizeof(item));
    mc_name(&inbox->put, sizeof inbox->put, "put");
    mc_name(&inbox->taken, sizeof inbox->taken, "taken");
    mc_name(&inbox->lock, sizeof inbox->lock, "lock");
    mc_name(&inbox->queue, sizeof inbox->queue, "queue");
    mc_name(&inbox->kept, sizeof inbox->kept, "kept");
}

static void setup_one(void)
{
    setup();
    put(2);
}

static void setup_two(void)
{
    setup_one();
    put(2);
}

static void check(void)
{
    taken rest = {{0}};
    while (take(&rest, 1))
        ;
    mc_assert(!wf_inbox_visible(inbox) && !wf_inbox_backlog(inbox));
    for (int i = 0; i < PUTTERS; i++)
        for (int j = 0; j < EACH; j++)
            mc_assert(got[i][j] == (j < made[i]));
}

/* ---- parties ----------------------------------------------------------------------------------- */

static void put_0(void)
{
    put(0);
}

static void put_0_twice(void)
{
    put(0);
    put(0);
}

static void put_1(void)
{
    put(1);
}

static void take_one(void)
{
    taken mine = {{0}};
    (void)take(&mine, 1);
}

static void take_three_times(void)
{
    taken mine = {{0}};
    for (int i = 0; i < 3; i++)
        (void)take(&mine, 1);
}

static void take_many(void)
{
    taken mine = {{0}};
    (void)take(&mine, 4);
    (void)take(&mine, 4);
}

static uint32_t told;

static void put_0_then_tell(void)
{
    put(0);
    __atomic_store_n(&told, 1, __ATOMIC_RELEASE);
}

static void sleeper(void)
{
    (void)__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
    slept = !wf_inbox_visible(inbox);
}

static void put_and_look(void)
{
    put(0);
    woken = __atomic_load_n(&asleep, __ATOMIC_SEQ_CST) != 0;
}

static void check_sleep(void)
{
    mc_assert(!slept || woken || !wf_inbox_visible(inbox));
    check();
}

/* Awake as long as something is visible, as workers are: nothing put stays behind. */
static void take_while_visible(void)
{
    taken mine = {{0}};
    while (!__atomic_load_n(&told, __ATOMIC_ACQUIRE))
        mc_pause();
    mc_assert(wf_inbox_ever(inbox));
    while (wf_inbox_visible(inbox))
        if (!take(&mine, 1))
            mc_pause();
    mc_assert(mine.after[0] == 1);
}

/* ---- dead items -------------------------------------------------------------------------------- */

/* As a task's record tells: dead or not; who drops it gives it up. */
static bool drop(wf_link *link)
{
    item *it = (item *)(void *)link;
    if (!__atomic_load_n(&dead[it->putter][it->number], __ATOMIC_ACQUIRE))
        return false;
    got[it->putter][it->number]++;
    wf_free(it);
    return true;
}

static void kill(int putter, int number)
{
    __atomic_store_n(&dead[putter][number], 1, __ATOMIC_RELEASE);
    wf_inbox_dead(inbox, drop);
}

static void kill_first(void)
{
    kill(2, 0);
}

static void kill_second(void)
{
    kill(2, 1);
}

static void kill_own(void)
{
    put(0);
    put(0);
    kill(0, 1);
}

static void kill_then_take(void)
{
    taken mine = {{0}};
    kill(2, 1);
    (void)take(&mine, 1);
    (void)take(&mine, 1);
}

static const mc_scenario scenarios[] = {
    {.name = "order_of_one_putter",
     .setup = setup,
     .thread = {put_0_twice, take_many},
     .check = check,
     .bound = 3},
    {.name = "two_putters",
     .setup = setup,
     .thread = {put_0, put_1, take_three_times},
     .check = check,
     .bound = 3},
    {.name = "two_putters_at_once",
     .setup = setup,
     .thread = {put_0_twice, put_1, take_many},
     .check = check,
     .bound = 3},
    {.name = "two_takers", .setup = setup_two, .thread = {take_one, take_many}, .check = check, .bound = 3},
    {.name = "two_takers_one_putter",
     .setup = setup_one,
     .thread = {put_0, take_one, take_one},
     .check = check,
     .bound = 3},
    {.name = "put_or_sleep",
     .setup = setup,
     .thread = {put_and_look, sleeper},
     .check = check_sleep,
     .bound = 3},
    {.name = "put_or_sleep_and_take",
     .setup = setup_one,
     .thread = {put_and_look, sleeper, take_many},
     .check = check_sleep,
     .bound = 3},
    {.name = "visible_until_taken",
     .setup = setup,
     .thread = {put_0_then_tell, put_1, take_while_visible},
     .check = check,
     .bound = 3},
    {.name = "sweep_and_put", .setup = setup_two, .thread = {kill_second, put_0}, .check = check, .bound = 3},
    {.name = "sweep_and_take",
     .setup = setup_two,
     .thread = {kill_second, take_many},
     .check = check,
     .bound = 3},
    {.name = "sweep_keeps_order",
     .setup = setup_two,
     .thread = {kill_then_take, put_0_twice},
     .check = check,
     .bound = 3},
    {.name = "two_sweeps",
     .setup = setup_two,
     .thread = {kill_first, kill_second},
     .check = check,
     .bound = 3},
    {.name = "sweep_put_take",
     .setup = setup,
     .thread = {kill_own, put_1, take_one},
     .check = check,
     .bound = 2},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
