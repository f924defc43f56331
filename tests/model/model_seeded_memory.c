/* SPDX-License-Identifier: MIT */
/* model/seeded_memory.c - the checker itself: bugs planted in lifetimes of memory, and in queues (seeded.h). */
#include <urcu/urcu-memb.h>

#include "seeded.h"

static int flag;
static int *object;

BOTH(init_once)
{
    int *mine = right ? GET(object, ACQUIRE) : GET(object, RELAXED);
    if (!mine) {
        while (SWAP(flag, 1, ACQUIRE))
            mc_pause();
        mine = GET(object, RELAXED);
        if (!mine) {
            mine = mc_alloc(sizeof *mine);
            *mine = 7;
            SET(object, mine, RELEASE);
        }
        SET(flag, 0, RELEASE);
    }
    mc_assert(*mine == 7);
}

/* Nothing is written to it, but its zeros are a store, too. */
BOTH(publish_zeros)
{
    int *mine = mc_alloc(sizeof *mine);
    if (right)
        SET(object, mine, RELEASE);
    else
        SET(object, mine, RELAXED);
}
static void look_at_zeros(void)
{
    int *published = GET(object, ACQUIRE);
    if (published)
        mc_assert(*published == 0);
}

BOTH(init_race)
{
    int *mine = mc_alloc(sizeof *mine), *found = NULL;
    if (!SWAP_IF(object, &found, mine, ACQ_REL) && right)
        mc_free(mine);
}
static void free_object(void)
{
    mc_free(object);
}

/* ---- lifetimes ----------------------------------------------------------------------------------- */

static struct counted {
    int count, value[2];
} * shared;
static void make_shared(void)
{
    shared = mc_alloc(sizeof *shared);
    shared->count = 2;
}
BOTH(let_go)
{
    shared->value[mc_self()] = 1;
    if ((right ? ADD(shared->count, -1, ACQ_REL) : ADD(shared->count, -1, RELAXED)) == 1)
        mc_free(shared);
}

static struct latch {
    uint32_t open, sleeps;
} * latch;
static void make_latch(void)
{
    latch = mc_alloc(sizeof *latch);
}
static void wait_and_free(void)
{
    SET(latch->sleeps, 1, SEQ_CST);
    while (!GET(latch->open, ACQUIRE))
        mc_futex_wait(&latch->open, 0, false);
    mc_free(latch);
}
/* A wake needs the address alone: the kernel reads nothing there. */
BOTH(open_latch)
{
    uint32_t *at = &latch->open, *sleeps = &latch->sleeps;
    SET(*at, 1, RELEASE);
    if (right || GET(*sleeps, RELAXED))
        mc_futex_wake(at, 1);
}

/* Treiber's stack (1986). Each pops one and frees it; a grace period makes it wait for who may still look at it. */
static struct node {
    struct node *next;
} * top, nodes[2];
static void make_stack(void)
{
    for (int i = 0; i < 2; i++) {
        struct node *node = mc_alloc(sizeof *node);
        node->next = top;
        top = node;
    }
}
BOTH(pop_and_free)
{
    urcu_memb_register_thread();
    urcu_memb_read_lock();
    struct node *popped = GET(top, ACQUIRE);
    while (popped && !SWAP_IF(top, &popped, GET(popped->next, RELAXED), ACQ_REL))
        ;
    urcu_memb_read_unlock();
    if (right)
        urcu_memb_synchronize_rcu();
    mc_free(popped);
}

/* The same over nodes that are used again: 1, 2; 0 ends. The upper half of the head counts changes. */
static uint64_t head = 1;
static uint32_t below[3] = {0, 2, 0}, out[3];
static inline __attribute__((always_inline)) uint32_t pop(bool right)
{
    uint64_t was = GET(head, ACQUIRE), next;
    do {
        if (!(uint32_t)was)
            return 0;
        next = GET(below[(uint32_t)was], RELAXED) | (right ? (was >> 32) + 1 : 0) << 32;
    } while (!SWAP_IF(head, &was, next, ACQ_REL));
    return (uint32_t)was;
}
static inline __attribute__((always_inline)) void push(uint32_t node, bool right)
{
    uint64_t was = GET(head, RELAXED);
    do {
        SET(below[node], (uint32_t)was, RELAXED);
    } while (!SWAP_IF(head, &was, node | (right ? (was >> 32) + 1 : 0) << 32, ACQ_REL));
}
BOTH(pop_one)
{
    ADD(out[pop(right)], 1, RELAXED);
}
BOTH(pop_two_push_one)
{
    uint32_t first = pop(right), second = pop(right);
    if (first && second)
        push(first, right);
    else
        ADD(out[first], 1, RELAXED);
    ADD(out[second], 1, RELAXED);
}
static void each_once(void)
{
    for (uint32_t node = (uint32_t)head; node; node = below[node])
        out[node]++;
    mc_assert(out[1] == 1 && out[2] == 1);
}

/* Hazard pointer (Michael 2004), its fence on the other side. */
static int *hazard;
static void make_object(void)
{
    object = mc_alloc(sizeof *object);
}
static void use_object(void)
{
    int *mine = GET(object, ACQUIRE);
    SET(hazard, mine, RELAXED);
    if (mine && GET(object, ACQUIRE) == mine)
        mc_assert(*mine == 0);
    SET(hazard, NULL, RELEASE);
}
BOTH(retire_object)
{
    int *mine = GET(object, RELAXED);
    SET(object, NULL, RELEASE);
    if (right)
        mc_fence_everywhere();
    while (GET(hazard, ACQUIRE) == mine)
        mc_pause();
    mc_free(mine);
}

static void make_freed(void)
{
    make_object();
    mc_free(object);
}
static void raise_flag(void)
{
    SET(flag, 1, RELAXED);
}
BOTH(touch_if_flag)
{
    if (GET(flag, RELAXED) && !right)
        mc_assert(*object == 0);
}

BOTH(write_row)
{
    for (int i = 0; i <= 4 - right; i++)
        object[i] = i;
}
static void make_row(void)
{
    object = mc_alloc(4 * sizeof *object);
}

/* ---- queues -------------------------------------------------------------------------------------- */

/* Chase and Lev 2005, in the orders of Le, Pop, Cohen & Zappa Nardelli 2013. */
static int lower, upper, items[2];
static void chase_lev_push(void)
{
    for (int i = 0; i < 2; i++) {
        SET(items[i], i, RELAXED);
        SET(upper, i + 1, RELEASE);
    }
}
BOTH(chase_lev_take)
{
    chase_lev_push();
    for (int i = 0; i < 2; i++) {
        int u = GET(upper, RELAXED) - 1;
        SET(upper, u, RELAXED);
        if (right)
            FENCE(SEQ_CST);
        int l = GET(lower, RELAXED);
        bool last = l == u;
        if (l < u || (last && SWAP_IF(lower, &l, l + 1, SEQ_CST)))
            ADD(out[GET(items[u], RELAXED)], 1, RELAXED);
        if (l >= u)
            SET(upper, u + 1, RELAXED);
    }
}
static void chase_lev_steal(void)
{
    for (int i = 0; i < 2; i++) {
        int l = GET(lower, ACQUIRE);
        FENCE(SEQ_CST);
        if (l >= GET(upper, ACQUIRE))
            continue;
        int item = GET(items[l], RELAXED);
        if (SWAP_IF(lower, &l, l + 1, SEQ_CST))
            ADD(out[item], 1, RELAXED);
    }
}
static void both_once(void)
{
    mc_assert(out[0] == 1 && out[1] == 1);
}

/* Vyukov's queue of many producers: between the two steps of an enqueue it is neither empty nor ready. */
static struct node *tail = &nodes[0];
static void enqueue(void)
{
    struct node *last = SWAP(tail, &nodes[1], ACQ_REL);
    SET(last->next, &nodes[1], RELEASE);
    SET(flag, 1, RELEASE);
}
BOTH(dequeue)
{
    struct node *next;
    while (GET(tail, ACQUIRE) == &nodes[0])
        mc_pause();
    while (!(next = GET(nodes[0].next, ACQUIRE)) && right)
        mc_pause();
    mc_assert(next == &nodes[1]);
}

static const mc_scenario scenarios[] = {
    {RIGHT("init_once"), .thread = {init_once_right, init_once_right}, .check = free_object, U},
    {WRONG("init_once", "race"), .thread = {init_once_wrong, init_once_wrong}, .check = free_object, U},
    {RIGHT("publish_zeros"), .thread = {publish_zeros_right, look_at_zeros}, .check = free_object, U},
    {WRONG("publish_zeros", "race"), .thread = {publish_zeros_wrong, look_at_zeros}, .check = free_object, U},
    {RIGHT("init_race"), .thread = {init_race_right, init_race_right}, .check = free_object, U},
    {WRONG("init_race", "leak"), .thread = {init_race_wrong, init_race_wrong}, .check = free_object, U},

    {RIGHT("count_of_users"), .setup = make_shared, .thread = {let_go_right, let_go_right}, U},
    {WRONG("count_of_users", "race: free"), .setup = make_shared, .thread = {let_go_wrong, let_go_wrong}, U},
    {RIGHT("latch"), .setup = make_latch, .thread = {wait_and_free, open_latch_right}, U},
    {WRONG("latch", "free"), .setup = make_latch, .thread = {wait_and_free, open_latch_wrong}, U},
    {RIGHT("grace"), .setup = make_stack, .thread = {pop_and_free_right, pop_and_free_right}, .bound = 4},
    {WRONG("grace", "free"), .setup = make_stack, .thread = {pop_and_free_wrong, pop_and_free_wrong},
     .bound = 4},
    {RIGHT("aba"), .thread = {pop_one_right, pop_two_push_one_right}, .check = each_once, .bound = 4},
    {WRONG("aba", "out[1] == 1"), .thread = {pop_one_wrong, pop_two_push_one_wrong}, .check = each_once,
     .bound = 4},
    {RIGHT("hazard"), .setup = make_object, .thread = {use_object, retire_object_right}, U},
    {WRONG("hazard", "free"), .setup = make_object, .thread = {use_object, retire_object_wrong}, U},
    {RIGHT("freed_in_setup"), .setup = make_freed, .thread = {touch_if_flag_right, raise_flag}, U},
    {WRONG("freed_in_setup", "use after free"), .setup = make_freed,
     .thread = {touch_if_flag_wrong, raise_flag}, U},
    {RIGHT("row"), .setup = make_row, .thread = {write_row_right}, U},
    {WRONG("row", "out of bounds"), .setup = make_row, .thread = {write_row_wrong}, U},

    {RIGHT("chase_lev"), .thread = {chase_lev_take_right, chase_lev_steal}, .check = both_once, .bound = 4},
    {WRONG("chase_lev", "out[0] == 1"), .thread = {chase_lev_take_wrong, chase_lev_steal}, .check = both_once,
     .bound = 4},
    {RIGHT("queue"), .thread = {enqueue, dequeue_right}, U},
    {WRONG("queue", "next =="), .thread = {enqueue, dequeue_wrong}, U},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
