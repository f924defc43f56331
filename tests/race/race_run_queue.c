/* SPDX-License-Identifier: MIT */
/* race_run_queue.c - one owner and three thieves at queues that begin with their smallest ring.
 *
 * - Each round has a fresh queue and puts all cells once; bursts make it grow, small ones make it end and begin.
 *   Some rounds begin near the end of the indices. The owner reclaims replaced rings now and then.
 * - A cell's value is plain: written by the owner before the put, read and wiped by who takes it.
 * - Exactly once: each cell is counted. Order: what one thief steals grows; what the owner pops is its newest,
 *   or the queue is empty.
 * - Then: a put and a thread that goes to sleep; one of them must see the other.
 */
#include "jitter.h"

#include "stress.h"

#include "../../runtime/data/run_queue.c" /* its own copy, with jitter */

enum { THIEVES = 3, CELLS = 4000, ROUNDS = 260, SLEEPS = 4000 };

static struct cell {
    uint64_t value; /* plain: the queue orders it */
    int taken;
} cells[CELLS];

static wf_run_queue queue;
static pthread_barrier_t barrier;
static int round_over;
static bool held_back; /* in every other round: thieves take a quarter at most, so that the queue grows */
static int64_t begin, stolen;
static long reclaims; /* that found something */

static uint64_t value_of(long cell, long round)
{
    return mix((uint64_t)(round * CELLS + cell)) | 1;
}

/* Checked here without CHECK: it counts, and a million counts are a million writes of all threads to one word. */
static long take(struct cell *cell, long round)
{
    long at = cell - cells;
    if (cell->value != value_of(at, round))
        CHECK(false, "round %ld: cell %ld came with another value", round, at);
    cell->value = 0;
    __atomic_fetch_add(&cell->taken, 1, __ATOMIC_RELAXED);
    return at;
}

/* ---- the owner --------------------------------------------------------------------------------- */
struct shadow {
    long newest[CELLS]; /* cells that were put and not popped */
    long count;
};

static void pop(struct shadow *shadow, long round)
{
    struct cell *cell = wf_run_queue_pop(&queue);
    long want = shadow->count ? shadow->newest[shadow->count - 1] : -1;
    if (!cell) {
        shadow->count = 0; /* thieves had the rest */
        if (wf_run_queue_count(&queue) || wf_run_queue_visible(&queue))
            CHECK(false, "round %ld: nothing to pop, and there is something", round);
        return;
    }
    long at = take(cell, round);
    if (at != want)
        CHECK(false, "round %ld: popped %ld, the newest is %ld", round, at, want);
    shadow->count -= shadow->count > 0;
}

/* Half of the replaced rings are reclaimed at once: thieves that have read where they were are still there. */
static void put(struct shadow *shadow, long cell, long round)
{
    const wf_ring *ring = queue.ring;
    cells[cell].value = value_of(cell, round);
    shadow->newest[shadow->count++] = cell;
    if (!wf_run_queue_put(&queue, &cells[cell]))
        CHECK(false, "round %ld: put", round);
    if (queue.ring != ring && mix((uint64_t)cell) % 2)
        reclaims += wf_run_queue_reclaim(&queue);
}

static void own(struct shadow *shadow, long round)
{
    shadow->count = 0;
    for (long next = 0; next < CELLS;) {
        uint64_t draw = mix((uint64_t)(round * CELLS + next) ^ 0xabcd);
        long burst = draw % 4 ? 1 + (long)(draw >> 8) % 5 : 1 + (long)(draw >> 8) % 1000;
        long pops = (long)(draw >> 24) % (burst + 1);
        for (; burst-- && next < CELLS; next++)
            put(shadow, next, round);
        while (pops--)
            pop(shadow, round);
        if ((draw >> 40) % 32 == 0)
            reclaims += wf_run_queue_reclaim(&queue);
    }
    while (wf_run_queue_count(&queue))
        pop(shadow, round);
}

static void check_cells(long round)
{
    long wrong = 0;
    for (long i = 0; i < CELLS; i++) {
        wrong += cells[i].taken != 1 || cells[i].value;
        cells[i].taken = 0;
    }
    CHECK(wrong == 0, "round %ld: %ld cells were not taken exactly once", round, wrong);
}

static void start_round(long round)
{
    static const int64_t starts[] = {0, 0, ((int64_t)1 << 62) - 50, UINT32_MAX - 100ll};
    queue.top = queue.bottom = begin = starts[round / 2 % 4];
    held_back = round % 2;
    stolen = 0;
    wf_store_relaxed(&round_over, 0); /* the barrier orders it */
}

static void own_all(void)
{
    static struct shadow shadow;
    long grown = 0;
    for (long round = 0; round < ROUNDS; round++) {
        start_round(round);
        pthread_barrier_wait(&barrier);
        own(&shadow, round);
        wf_store_release(&round_over, 1);
        pthread_barrier_wait(&barrier);
        check_cells(round);
        grown += queue.ring->mask >= 2 * WF_RING_ITEMS - 1;
        wf_run_queue_fini(&queue);
    }
    CHECK(grown > 0 && reclaims > 0, "%ld queues grew, %ld were reclaimed", grown, reclaims);
}

/* ---- thieves ----------------------------------------------------------------------------------- */
static bool may_steal(bool over)
{
    int64_t in = __atomic_load_n(&queue.bottom, __ATOMIC_RELAXED) - begin;
    return !held_back || over || 4 * __atomic_load_n(&stolen, __ATOMIC_RELAXED) < in;
}

static void steal_round(long round)
{
    long last = -1;
    bool over;
    do {
        over = wf_load_acquire(&round_over);
        struct cell *cell = may_steal(over) ? wf_run_queue_steal(&queue) : NULL;
        if (!cell)
            continue;
        long at = take(cell, round);
        __atomic_fetch_add(&stolen, 1, __ATOMIC_RELAXED);
        if (at <= last)
            CHECK(false, "round %ld: a thief got %ld after %ld", round, at, last);
        last = at;
        over = false;
    } while (!over);
}

static void *thief(void *arg)
{
    jitter_start(mix((uint64_t)(uintptr_t)arg));
    wf_grace_register();
    for (long round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        steal_round(round);
        pthread_barrier_wait(&barrier);
    }
    wf_grace_unregister();
    return NULL;
}

static void race(void)
{
    pthread_t threads[THIEVES];
    pthread_barrier_init(&barrier, NULL, THIEVES + 1);
    for (uintptr_t i = 0; i < THIEVES; i++)
        CHECK(pthread_create(&threads[i], NULL, thief, (void *)(i + 1)) == 0, "thread");
    own_all();
    for (int i = 0; i < THIEVES; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
}

/* ---- publish, then look for sleepers ----------------------------------------------------------- */
static int turn[2], announced, unseen;

/* Both begin a turn together. */
static void meet(int me, int number)
{
    wf_store_seq_cst(&turn[me], number);
    for (int spins = 0; __atomic_load_n(&turn[!me], __ATOMIC_SEQ_CST) < number; spins++)
        if (spins > 100)
            sched_yield();
}

static void *go_to_sleep(void *arg)
{
    jitter_start(mix(99));
    for (int i = 1; i <= SLEEPS; i++) {
        meet(1, 2 * i);
        __atomic_store_n(&announced, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&unseen, !wf_run_queue_visible(&queue), __ATOMIC_RELAXED);
        meet(1, 2 * i + 1);
    }
    return arg;
}

static void put_and_look(void)
{
    pthread_t thread;
    int lost = 0;
    queue = (wf_run_queue){0};
    CHECK(pthread_create(&thread, NULL, go_to_sleep, NULL) == 0, "thread");
    for (int i = 1; i <= SLEEPS; i++) {
        __atomic_store_n(&announced, 0, __ATOMIC_SEQ_CST);
        meet(0, 2 * i);
        bool in = wf_run_queue_put(&queue, &cells[0]);
        bool sleeper = __atomic_load_n(&announced, __ATOMIC_SEQ_CST);
        meet(0, 2 * i + 1);
        lost += !in || (!sleeper && __atomic_load_n(&unseen, __ATOMIC_RELAXED));
        lost += wf_run_queue_pop(&queue) != &cells[0];
    }
    pthread_join(thread, NULL);
    CHECK(lost == 0, "%d of %d sleepers were lost", lost, SLEEPS);
    wf_run_queue_fini(&queue);
}

int main(void)
{
    stress_start("race_run_queue");
    jitter_start(mix(0));
    wf_grace_register();
    race();
    put_and_look();
    wf_grace_unregister();
    return tally_end();
}
