/* SPDX-License-Identifier: MIT */
/* race_inbox.c - three putters, three takers or one; items die in the queue and are swept by who killed them.
 *
 * - An item's value is plain: written before the put, read and wiped by who takes or drops it.
 * - Exactly once: each item is taken once or dropped once, and only dead ones are dropped.
 * - Order: what one taker gets of one putter grows. If it is the only taker, all that it is not given was dropped.
 * - taken <= put at every look.
 * - Then: a put and a thread that goes to sleep; one of them must see the other.
 */
#include "jitter.h"

#include "stress.h"

#include "../../runtime/data/inbox.c" /* its own copy, with jitter */

enum { PUTTERS = 3, TAKERS_MAX = 3, ITEMS = 60000, ROUNDS = 6, LAG = 200, SLEEPS = 4000 };
enum state { LIVE, DEAD, TAKEN, DROPPED };

typedef struct item {
    wf_link link;
    uint64_t value; /* plain: the inbox orders it */
    int putter, number;
    int state, met;
} item;

static item items[PUTTERS][ITEMS];
static wf_inbox inbox;
static pthread_barrier_t barrier;
static int takers, left;
static long dropped_in_all;
static bool held_back; /* in some rounds takers leave the newest inside, so that some die there */

static item *item_of(wf_link *link)
{
    return (item *)(void *)link;
}

static uint64_t value_of(const item *it)
{
    return mix((uint64_t)(it->putter * ITEMS + it->number)) | 1;
}

/* It is out of the queue: nobody else touches the plain part of it. */
static void meet_item(item *it)
{
    if (it->value != value_of(it))
        CHECK(false, "putter %d, item %d: another value", it->putter, it->number);
    it->value = 0;
    __atomic_fetch_add(&it->met, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&left, 1, __ATOMIC_RELEASE);
}

/* ---- putters ----------------------------------------------------------------------------------- */
static bool drop(wf_link *link)
{
    item *it = item_of(link);
    int state = DEAD;
    if (!__atomic_compare_exchange_n(&it->state, &state, DROPPED, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return false;
    meet_item(it);
    return true;
}

/* As a cancel does: the item may have been taken meanwhile. */
static void kill_item(item *it)
{
    int state = LIVE;
    if (__atomic_compare_exchange_n(&it->state, &state, DEAD, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        wf_inbox_dead(&inbox, drop);
}

static void put_all(int putter, int round)
{
    for (int i = 0; i < ITEMS + LAG; i++) {
        int victim = i - (int)(mix((uint64_t)i) % LAG);
        bool most = i / 3000 % 2 == 0;
        if (i < ITEMS) {
            items[putter][i].value = value_of(&items[putter][i]);
            wf_inbox_put(&inbox, &items[putter][i].link);
        }
        if (victim >= 0 && victim < ITEMS && mix((uint64_t)(i * ROUNDS + round)) % 10 < (most ? 10 : 2))
            kill_item(&items[putter][victim]);
    }
}

static void *putter_thread(void *arg)
{
    int me = (int)(intptr_t)arg;
    jitter_start(mix((uint64_t)me + 1));
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        put_all(me, round);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

/* ---- takers ------------------------------------------------------------------------------------ */
static void check_order(const item *it, int last[PUTTERS])
{
    int before = last[it->putter];
    if (it->number <= before)
        CHECK(false, "putter %d: %d comes after %d", it->putter, it->number, before);
    last[it->putter] = it->number;
    for (int i = before + 1; takers == 1 && i < it->number; i++)
        if (__atomic_load_n(&items[it->putter][i].state, __ATOMIC_RELAXED) != DROPPED)
            CHECK(false, "putter %d: %d comes before %d", it->putter, it->number, i);
}

static void take_one(item *it, int last[PUTTERS])
{
    if (__atomic_exchange_n(&it->state, TAKEN, __ATOMIC_RELAXED) == DROPPED)
        CHECK(false, "putter %d: %d was dropped", it->putter, it->number);
    check_order(it, last);
    meet_item(it);
}

static void check_counts(void)
{
    uint64_t taken = __atomic_load_n(&inbox.taken, __ATOMIC_ACQUIRE);
    uint64_t put = __atomic_load_n(&inbox.put, __ATOMIC_SEQ_CST);
    if (taken > put)
        CHECK(false, "%llu were taken, %llu were put", (unsigned long long)taken, (unsigned long long)put);
}

static bool may_take(void)
{
    uint64_t put = __atomic_load_n(&inbox.put, __ATOMIC_RELAXED);
    uint64_t taken = __atomic_load_n(&inbox.taken, __ATOMIC_RELAXED);
    return !held_back || put == PUTTERS * ITEMS || put > taken + 3 * LAG;
}

static void take_all(uint64_t number)
{
    int last[PUTTERS] = {-1, -1, -1};
    wf_link *links[16];
    for (uint64_t turn = 0; __atomic_load_n(&left, __ATOMIC_ACQUIRE); turn++) {
        unsigned max = 1 + mix(turn * 8 + number) % 16;
        unsigned count = may_take() ? wf_inbox_take(&inbox, links, max) : 0;
        for (unsigned i = 0; i < count; i++)
            take_one(item_of(links[i]), last);
        check_counts();
        if (!count)
            sched_yield();
    }
}

static void *taker_thread(void *arg)
{
    int me = (int)(intptr_t)arg;
    jitter_start(mix((uint64_t)me + 100));
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        if (me < takers)
            take_all((uint64_t)me);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void start_round(int round)
{
    wf_inbox_init(&inbox);
    takers = round % 2 ? 1 : TAKERS_MAX;
    held_back = round / 2 % 2;
    left = PUTTERS * ITEMS;
    for (int p = 0; p < PUTTERS; p++)
        for (int i = 0; i < ITEMS; i++)
            items[p][i] = (item){.putter = p, .number = i};
}

static void check_round(int round)
{
    int wrong = 0;
    for (int p = 0; p < PUTTERS; p++)
        for (int i = 0; i < ITEMS; i++) {
            const item *it = &items[p][i];
            wrong += it->met != 1 || it->value || it->state < TAKEN;
            dropped_in_all += it->state == DROPPED;
        }
    CHECK(wrong == 0, "round %d: %d items were not met exactly once", round, wrong);
    CHECK(!wf_inbox_visible(&inbox), "round %d: nothing is there any more", round);
    CHECK(inbox.put == PUTTERS * ITEMS && inbox.taken == inbox.put, "round %d: counts", round);
}

static void race(void)
{
    pthread_t threads[PUTTERS + TAKERS_MAX];
    pthread_barrier_init(&barrier, NULL, PUTTERS + TAKERS_MAX + 1);
    for (intptr_t i = 0; i < PUTTERS + TAKERS_MAX; i++) {
        void *(*start)(void *) = i < PUTTERS ? putter_thread : taker_thread;
        void *arg = (void *)(i < PUTTERS ? i : i - PUTTERS);
        CHECK(pthread_create(&threads[i], NULL, start, arg) == 0, "thread");
    }
    for (int round = 0; round < ROUNDS; round++) {
        start_round(round);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        check_round(round);
    }
    for (int i = 0; i < PUTTERS + TAKERS_MAX; i++)
        pthread_join(threads[i], NULL);
    CHECK(dropped_in_all > 0, "there were sweeps");
    pthread_barrier_destroy(&barrier);
}

/* ---- publish, then look for sleepers ----------------------------------------------------------- */
static int turns[2], announced, unseen;

/* Both begin a turn together. */
static void meet(int me, int number)
{
    __atomic_store_n(&turns[me], number, __ATOMIC_SEQ_CST);
    for (int spins = 0; __atomic_load_n(&turns[!me], __ATOMIC_SEQ_CST) < number; spins++)
        if (spins > 100)
            sched_yield();
}

static void *go_to_sleep(void *arg)
{
    jitter_start(mix(99));
    for (int i = 1; i <= SLEEPS; i++) {
        meet(1, 2 * i);
        __atomic_store_n(&announced, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&unseen, !wf_inbox_visible(&inbox), __ATOMIC_RELAXED);
        meet(1, 2 * i + 1);
    }
    return arg;
}

static void put_and_look(void)
{
    pthread_t thread;
    wf_link *link = NULL;
    int lost = 0;
    wf_inbox_init(&inbox);
    CHECK(pthread_create(&thread, NULL, go_to_sleep, NULL) == 0, "thread");
    for (int i = 1; i <= SLEEPS; i++) {
        __atomic_store_n(&announced, 0, __ATOMIC_SEQ_CST);
        meet(0, 2 * i);
        wf_inbox_put(&inbox, &items[0][0].link);
        bool sleeper = __atomic_load_n(&announced, __ATOMIC_SEQ_CST);
        meet(0, 2 * i + 1);
        lost += !sleeper && __atomic_load_n(&unseen, __ATOMIC_RELAXED);
        lost += wf_inbox_take(&inbox, &link, 1) != 1 || link != &items[0][0].link;
    }
    pthread_join(thread, NULL);
    CHECK(lost == 0, "%d of %d sleepers were lost", lost, SLEEPS);
}

int main(void)
{
    stress_start("race_inbox");
    jitter_start(mix(0));
    race();
    put_and_look();
    return tally_end();
}
