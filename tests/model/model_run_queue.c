/* SPDX-License-Identifier: MIT */
/*
 * model/model_run_queue.c - a place's deque: its owner at the bottom, thieves at the top, rings that grow from one slot.
 *
 * Items point to plain numbers that their putter writes; who gets one reads the number and marks it plainly: an item
 * that comes twice, or before what it points to, is a race or a wrong count. What nobody took lies in the queue at the
 * end, in order. Thieves are registered readers, as workers are.
 */
#include "checker/mc.h"
#include "data/run_queue.h"
#include "os/urcu.h"

enum { ITEMS = 5 };
static wf_run_queue queue;
static int number[ITEMS], got[ITEMS], made;
static uint32_t asleep;
static int slept, woken;

static void receive(const int *item)
{
    if (!item)
        return;
    mc_assert(*item == (int)(item - number) + 1);
    got[item - number]++;
}

static void put(void)
{
    number[made] = made + 1;
    mc_assert(wf_run_queue_put(&queue, &number[made]));
    made++;
}

static void drop_oldest(void)
{
    int *item = wf_run_queue_oldest(&queue);
    if (item && wf_run_queue_drop(&queue, item))
        receive(item);
}

static void pop(void)
{
    receive(wf_run_queue_pop(&queue));
}

static void steal(void)
{
    wf_grace_register();
    receive(wf_run_queue_steal(&queue));
    wf_grace_unregister();
}

static void steal_twice(void)
{
    steal();
    steal();
}

static void reclaim(void)
{
    wf_grace_register();
    (void)wf_run_queue_reclaim(&queue);
    wf_grace_unregister();
}

/* Each item went to one, and nothing is left behind. */
static void check(void)
{
    int *item, last = made;
    while ((item = wf_run_queue_pop(&queue)) != NULL) {
        mc_assert(item - number < last);
        last = (int)(item - number);
        receive(item);
    }
    for (int i = 0; i < made; i++)
        mc_assert(got[i] == 1);
    mc_assert(!wf_run_queue_visible(&queue) && !wf_run_queue_backlog(&queue) && !wf_run_queue_count(&queue));
    wf_run_queue_fini(&queue);
}

static void setup(void)
{
    queue = (wf_run_queue){0};
    made = 0;
    mc_name(&queue.top, sizeof queue.top, "top");
    mc_name(&queue.bottom, sizeof queue.bottom, "bottom");
    mc_name(&queue.ring, sizeof queue.ring, "ring");
}

static void setup_one(void)
{
    setup();
    put();
}

static void setup_two(void)
{
    setup_one();
    put();
}

/* ---- owners ------------------------------------------------------------------------------------ */

static void put_pop(void)
{
    put();
    pop();
}

static void pop_put(void)
{
    pop();
    put();
}

static void pop_twice(void)
{
    pop();
    pop();
}

static void put_pop_pop(void)
{
    put();
    pop();
    pop();
}

static void pop_put_pop(void)
{
    pop();
    put();
    pop();
}

static void drop_oldest_put_pop(void)
{
    drop_oldest();
    put();
    pop();
}

static void put_three(void)
{
    put();
    put();
    put();
}

static void put_reclaim_put(void)
{
    put();
    reclaim();
    put();
}

/* ---- who looks before it sleeps ---------------------------------------------------------------- */

static void put_and_look(void)
{
    put();
    woken = __atomic_load_n(&asleep, __ATOMIC_SEQ_CST) != 0;
}

static void sleep_or_not(void)
{
    (void)__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
    slept = !wf_run_queue_visible(&queue);
}

static void check_sleep(void)
{
    mc_assert(!slept || woken || !wf_run_queue_visible(&queue));
    check();
}

/* What is visible has a ring, and is no more than was ever in at a time. */
static void look(void)
{
    bool visible = wf_run_queue_visible(&queue);
    mc_assert(wf_run_queue_ever(&queue) || !visible);
    mc_assert(wf_run_queue_backlog(&queue) <= 1);
}

static const mc_scenario scenarios[] = {
    {.name = "last_item", .setup = setup_one, .thread = {pop, steal}, .check = check, .bound = 3},
    {.name = "last_item_two_thieves",
     .setup = setup_one,
     .thread = {pop, steal, steal},
     .check = check,
     .bound = 3},
    {.name = "two_items_from_both_ends",
     .setup = setup_two,
     .thread = {pop_twice, steal_twice},
     .check = check,
     .bound = 3},
    {.name = "two_items_two_thieves",
     .setup = setup_two,
     .thread = {pop_twice, steal, steal},
     .check = check,
     .bound = 3},
    {.name = "put_then_pop", .setup = setup, .thread = {put_pop, steal}, .check = check, .bound = 3},
    {.name = "slot_used_again",
     .setup = setup_one,
     .thread = {pop_put_pop, steal_twice},
     .check = check,
     .bound = 3},
    {.name = "lost_pop_then_put",
     .setup = setup_one,
     .thread = {pop_put, steal, steal},
     .check = check,
     .bound = 3},
    {.name = "grows_under_a_thief",
     .setup = setup_one,
     .thread = {put_pop_pop, steal_twice},
     .check = check,
     .bound = 3},
    {.name = "grows_twice",
     .setup = setup_one,
     .thread = {put_three, steal_twice},
     .check = check,
     .bound = 3},
    {.name = "grows_two_thieves",
     .setup = setup_one,
     .thread = {put_pop, steal, steal},
     .check = check,
     .bound = 3},
    {.name = "old_ring_freed",
     .setup = setup_one,
     .thread = {put_reclaim_put, steal_twice},
     .check = check,
     .bound = 3},
    {.name = "old_ring_freed_two_thieves",
     .setup = setup_one,
     .thread = {put_reclaim_put, steal, steal},
     .check = check,
     .bound = 3},
    {.name = "old_ring_freed_by_another",
     .setup = setup_one,
     .thread = {put_three, steal, reclaim},
     .check = check,
     .bound = 2},
    {.name = "oldest_under_thieves",
     .setup = setup_two,
     .thread = {drop_oldest_put_pop, steal_twice},
     .check = check,
     .bound = 3},
    {.name = "oldest_under_two_thieves",
     .setup = setup_two,
     .thread = {drop_oldest_put_pop, steal, steal},
     .check = check,
     .bound = 2},
    {.name = "put_or_sleep",
     .setup = setup,
     .thread = {put_and_look, sleep_or_not},
     .check = check_sleep,
     .bound = 3},
    {.name = "put_or_sleep_grown",
     .setup = setup_one,
     .thread = {put_and_look, sleep_or_not, steal_twice},
     .check = check_sleep,
     .bound = 3},
    {.name = "looks", .setup = setup, .thread = {put_pop, look}, .check = check, .bound = 3},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
