/* SPDX-License-Identifier: MIT */
/* data/run_queue: both ends, the last item, growth under a thief's eyes, far indices, no memory, what is left. */
#include "data/run_queue.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include "os/urcu.h"
#include "surroundings.h"

enum { ITEMS = 8192 };
static char item[ITEMS];

static void register_thread(void)
{
    wf_grace_register();
}

static void unregister_thread(void)
{
    wf_grace_unregister();
}

TestSuite(run_queue, .init = register_thread, .fini = unregister_thread, .timeout = 240);

/* -1: nothing came. */
static int number(const void *got)
{
    return got ? (int)((const char *)got - item) : -1;
}

static void put(wf_run_queue *queue, int from, int to)
{
    for (int i = from; i < to; i++)
        cr_assert(wf_run_queue_put(queue, &item[i]));
}

static void assert_empty(wf_run_queue *queue)
{
    cr_assert_eq(wf_run_queue_count(queue), 0);
    cr_assert_not(wf_run_queue_visible(queue));
    cr_assert_null(wf_run_queue_pop(queue));
    cr_assert_null(wf_run_queue_steal(queue));
    cr_assert_eq(wf_run_queue_count(queue), 0, "asking an empty one changes nothing");
    cr_assert_not(wf_run_queue_visible(queue));
}

Test(run_queue, zeroed_memory_is_an_empty_queue)
{
    wf_run_queue queue = {0};
    assert_empty(&queue);
    cr_assert_not(wf_run_queue_reclaim(&queue));
    wf_run_queue_fini(&queue);
    assert_empty(&queue);
}

Test(run_queue, the_newest_can_be_looked_at)
{
    wf_run_queue queue = {0};
    cr_assert_null(wf_run_queue_newest(&queue));
    put(&queue, 0, 3);
    cr_assert_eq(number(wf_run_queue_newest(&queue)), 2);
    cr_assert_eq(number(wf_run_queue_pop(&queue)), 2);
    cr_assert_eq(number(wf_run_queue_newest(&queue)), 1);
    cr_assert_eq(number(wf_run_queue_steal(&queue)), 0);
    cr_assert_eq(number(wf_run_queue_steal(&queue)), 1);
    cr_assert_null(wf_run_queue_newest(&queue));
    wf_run_queue_fini(&queue);
}

Test(run_queue, the_oldest_is_dropped_and_no_other)
{
    wf_run_queue queue = {0};
    cr_assert_null(wf_run_queue_oldest(&queue));
    cr_assert_not(wf_run_queue_drop(&queue, &item[0]));
    put(&queue, 0, 3);
    cr_assert_eq(number(wf_run_queue_oldest(&queue)), 0);
    cr_assert_not(wf_run_queue_drop(&queue, &item[1]), "it lies between others");
    cr_assert(wf_run_queue_drop(&queue, &item[0]));
    cr_assert_not(wf_run_queue_drop(&queue, &item[0]), "it is gone");
    cr_assert_eq(number(wf_run_queue_oldest(&queue)), 1);
    cr_assert_eq(number(wf_run_queue_pop(&queue)), 2);
    cr_assert(wf_run_queue_drop(&queue, &item[1]), "also the last one");
    assert_empty(&queue);
    wf_run_queue_fini(&queue);
}

Test(run_queue, smoke)
{
    wf_run_queue queue = {0};
    put(&queue, 0, 3);
    cr_assert_eq(wf_run_queue_count(&queue), 3);
    cr_assert(wf_run_queue_visible(&queue));
    cr_assert_eq(number(wf_run_queue_pop(&queue)), 2);
    cr_assert_eq(number(wf_run_queue_steal(&queue)), 0);
    cr_assert_eq(number(wf_run_queue_pop(&queue)), 1);
    assert_empty(&queue);
    wf_run_queue_fini(&queue);
}

Test(run_queue, the_owner_gets_the_newest_and_thieves_the_oldest)
{
    wf_run_queue queue = {0};
    int oldest = 0, newest = 999;
    put(&queue, 0, 1000);
    for (int turn = 0; oldest <= newest; turn++) {
        bool steals = turn % 3 == 0 || turn % 7 == 0;
        int got = number(steals ? wf_run_queue_steal(&queue) : wf_run_queue_pop(&queue));
        cr_assert_eq(got, steals ? oldest : newest, "turn %d: %d", turn, got);
        oldest += steals;
        newest -= !steals;
        cr_assert_eq(wf_run_queue_count(&queue), (size_t)(newest - oldest + 1));
        cr_assert_eq(wf_run_queue_visible(&queue), oldest <= newest);
    }
    assert_empty(&queue);
    wf_run_queue_fini(&queue);
}

Test(run_queue, puts_after_pops_take_their_place)
{
    wf_run_queue queue = {0};
    for (int i = 0; i < 100; i++) {
        put(&queue, 2 * i, 2 * i + 2);
        cr_assert_eq(number(wf_run_queue_pop(&queue)), 2 * i + 1);
    }
    for (int i = 0; i < 50; i++)
        cr_assert_eq(number(wf_run_queue_steal(&queue)), 2 * i);
    for (int i = 99; i >= 50; i--)
        cr_assert_eq(number(wf_run_queue_pop(&queue)), 2 * i);
    assert_empty(&queue);
    wf_run_queue_fini(&queue);
}

Test(run_queue, the_last_item_goes_to_one_side_only)
{
    wf_run_queue queue = {0};
    for (int i = 0; i < 1000; i++) {
        put(&queue, i, i + 1);
        cr_assert_eq(number(i % 2 ? wf_run_queue_pop(&queue) : wf_run_queue_steal(&queue)), i);
        assert_empty(&queue);
    }
    wf_run_queue_fini(&queue);
}

/* Three in, one stolen: the queue grows over several rings while its top moves, and is looked into all the time. */
Test(run_queue, grows_under_a_thiefs_eyes)
{
    wf_run_queue queue = {0};
    int in = 0, stolen = 0, rings = 0;
    wf_ring *ring = NULL;
    while (in + 3 <= ITEMS) {
        put(&queue, in, in + 3);
        in += 3;
        rings += queue.ring != ring;
        ring = queue.ring;
        cr_assert_eq(number(wf_run_queue_steal(&queue)), stolen, "after %d puts", in);
        stolen++;
        cr_assert_eq(wf_run_queue_count(&queue), (size_t)(in - stolen));
    }
    cr_assert_geq(rings, 3, "the first ring and two growths, at least: %d", rings);
    cr_assert(wf_run_queue_reclaim(&queue));
    cr_assert_not(wf_run_queue_reclaim(&queue), "once");
    for (int want = in - 1; want >= stolen + 100; want--)
        cr_assert_eq(number(wf_run_queue_pop(&queue)), want);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(number(wf_run_queue_steal(&queue)), stolen + i);
    assert_empty(&queue);
    wf_run_queue_fini(&queue);
}

/* What a thief that stopped half-way sees: rings that were replaced keep their items until they are reclaimed. */
Test(run_queue, a_replaced_ring_stays_as_it_was)
{
    wf_run_queue queue = {0};
    int in = 0;
    put(&queue, in, in + 1);
    in++;
    wf_ring *first = queue.ring;
    while (queue.ring == first)
        put(&queue, in, in + 1), in++;
    wf_ring *second = queue.ring;
    while (queue.ring == second)
        put(&queue, in, in + 1), in++;
    for (int i = 0; i <= first->mask; i++)
        cr_assert_eq(number(first->slot[i]), i);
    for (int i = 0; i <= second->mask; i++)
        cr_assert_eq(number(second->slot[i]), i);
    cr_assert(is_mapped(first) && is_mapped(second));
    cr_assert(wf_run_queue_reclaim(&queue));
    cr_assert(!is_mapped(first) && !is_mapped(second), "one call frees all of them");
    cr_assert_eq(wf_run_queue_count(&queue), (size_t)in);
    wf_run_queue_fini(&queue);
}

typedef struct reader {
    wf_run_queue *queue;
    int owner; /* its thread number */
    int inside, returned;
    bool early;
} reader;

/* A thief that stops inside its read section until the owner sleeps in the call, or is back from it too early. */
static void *read_slowly(void *arg)
{
    reader *r = arg;
    wf_grace_register();
    wf_read_begin();
    __atomic_store_n(&r->inside, 1, __ATOMIC_RELEASE);
    until_asleep(r->owner);
    r->early = __atomic_load_n(&r->returned, __ATOMIC_ACQUIRE);
    wf_read_end(r->queue);
    wf_grace_unregister();
    return NULL;
}

Test(run_queue, reclaim_waits_for_who_reads)
{
    wf_run_queue queue = {0};
    reader r = {.queue = &queue, .owner = thread_number()};
    pthread_t thread;
    put(&queue, 0, 2000);
    cr_assert_eq(pthread_create(&thread, NULL, read_slowly, &r), 0);
    while (!__atomic_load_n(&r.inside, __ATOMIC_ACQUIRE))
        sched_yield();
    cr_assert(wf_run_queue_reclaim(&queue));
    __atomic_store_n(&r.returned, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL); /* without a grace period this is where it sleeps */
    cr_assert_not(r.early, "somebody was still reading");
    wf_run_queue_fini(&queue);
}

Test(run_queue, a_ring_is_used_round_and_round_before_it_grows)
{
    wf_run_queue queue = {0};
    put(&queue, 0, 1);
    wf_ring *first = queue.ring;
    int slots = (int)first->mask + 1, in = 1;
    put(&queue, in, slots);
    in = slots;
    for (int i = 0; i < 3 * slots; i++) {
        cr_assert_eq(number(wf_run_queue_steal(&queue)), i);
        put(&queue, in, in + 1);
        in++;
    }
    cr_assert_eq(queue.ring, first, "never more than there are slots");
    cr_assert_not(wf_run_queue_reclaim(&queue));
    put(&queue, in, in + 1);
    cr_assert_neq(queue.ring, first);
    for (int i = 0; i <= slots; i++)
        cr_assert_eq(number(wf_run_queue_steal(&queue)), 3 * slots + i);
    assert_empty(&queue);
    wf_run_queue_fini(&queue);
}

Test(run_queue, indices_may_be_large)
{
    static const int64_t starts[] = {INT32_MAX - 300, UINT32_MAX - 300ll, ((int64_t)1 << 62) - 300,
                                     INT64_MAX - 4000};
    for (int i = 0; i < 4; i++) {
        wf_run_queue queue = {.top = starts[i], .bottom = starts[i]};
        assert_empty(&queue);
        put(&queue, 0, 3000);
        for (int n = 0; n < 1500; n++) {
            cr_assert_eq(number(wf_run_queue_steal(&queue)), n);
            cr_assert_eq(number(wf_run_queue_pop(&queue)), 2999 - n);
        }
        assert_empty(&queue);
        wf_run_queue_fini(&queue);
    }
}

Test(run_queue, what_is_left_goes_with_it)
{
    wf_run_queue queue = {0};
    put(&queue, 0, 5);
    wf_ring *first = queue.ring;
    put(&queue, 5, 2000);
    wf_ring *last = queue.ring;
    wf_run_queue_fini(&queue);
    cr_assert(!is_mapped(first) && !is_mapped(last), "the retired rings too");
    assert_empty(&queue);
    put(&queue, 0, 1);
    cr_assert_eq(number(wf_run_queue_pop(&queue)), 0, "it can be used again");
    wf_run_queue_fini(&queue);
}

Test(run_queue, without_memory_nothing_is_put)
{
    wf_run_queue queue = {0};
    struct rlimit before;
    cr_assert(scarce_begin(&before));
    bool done = wf_run_queue_put(&queue, &item[0]);
    cr_assert(scarce_end(&before));
    cr_assert_not(done);
    assert_empty(&queue);
    put(&queue, 0, 1);
    cr_assert_eq(number(wf_run_queue_steal(&queue)), 0);
    wf_run_queue_fini(&queue);
}

Test(run_queue, what_was_reserved_needs_no_memory_later)
{
    wf_run_queue queue = {0};
    struct rlimit before;
    int in = 0;
    cr_assert(scarce_begin(&before));
    bool reserved = wf_run_queue_reserve(&queue);
    cr_assert(scarce_end(&before));
    cr_assert_not(reserved, "no memory");
    cr_assert(wf_run_queue_reserve(&queue));
    wf_ring *ring = queue.ring;
    cr_assert(wf_run_queue_reserve(&queue));
    cr_assert_eq(queue.ring, ring, "once is enough");
    assert_empty(&queue);
    cr_assert(scarce_begin(&before));
    while (in < 256 && wf_run_queue_put(&queue, &item[in]))
        in++;
    cr_assert(scarce_end(&before));
    cr_assert_eq(in, 256);
    for (int i = 0; i < in; i++)
        cr_assert_eq(number(wf_run_queue_steal(&queue)), i);
    cr_assert_not(wf_run_queue_reclaim(&queue), "nothing was replaced");
    wf_run_queue_fini(&queue);
}

Test(run_queue, without_memory_to_grow_it_stays_full)
{
    wf_run_queue queue = {0};
    struct rlimit before;
    int in = 1;
    put(&queue, 0, 1);
    cr_assert(scarce_begin(&before));
    while (in < ITEMS && wf_run_queue_put(&queue, &item[in]))
        in++;
    bool again = wf_run_queue_put(&queue, &item[in]);
    void *oldest = wf_run_queue_steal(&queue);
    bool room = wf_run_queue_put(&queue, &item[in]);
    cr_assert(scarce_end(&before));
    cr_assert_eq(in, (int)queue.ring->mask + 1, "all slots are used");
    cr_assert(!again && room, "room comes by taking");
    cr_assert_eq(number(oldest), 0);
    cr_assert_not(wf_run_queue_reclaim(&queue), "nothing was replaced");
    put(&queue, in + 1, in + 2);
    for (int i = 1; i <= in + 1; i++)
        cr_assert_eq(number(wf_run_queue_steal(&queue)), i);
    assert_empty(&queue);
    wf_run_queue_fini(&queue);
}
