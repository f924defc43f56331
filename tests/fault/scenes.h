/* SPDX-License-Identifier: MIT */
/* scenes.h - counted work of every kind, to be run while something disturbs it: nothing is lost, nothing hangs.
 *
 * - Forks, loops, reductions, joins that block, submitted tasks (get, timed wait, cancel, detached), idle gaps, a run
 *   queue that grows, destroy with tasks left. Each scene ends with an exact count.
 * - A thread of the test watches: a scene that lasts too long is shown by weft_dump and ends the program.
 * - Shapes: as many workers as PUs; without spinning and taking over, so that all sleep much; 8 workers on one PU.
 */
#ifndef WEFT_TESTS_SCENES_H
#define WEFT_TESTS_SCENES_H

#include "tally.h"
#include "work.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

struct shape {
    const char *name;
    int workers, one_pu, drowsy;
};

static const struct shape shapes[] = {
    {"2 workers", 2, 0, 0}, {"2 drowsy workers", 2, 0, 1}, {"8 workers on one PU", 8, 1, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static uint64_t scenes_seed;
static __thread int scenes_host; /* this thread is none of the library's */

/* Called by tasks, wherever they run: what a test wants to know of their threads. */
static void (*scenes_look)(void);

__attribute__((unused)) static uint64_t dice(uint64_t x)
{
    x += scenes_seed + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Lets time pass; signals only shorten it. */
static void pass(int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    nanosleep(&t, NULL);
}

/* Not more than that passes with yields: where many want a CPU each may take as long as a scheduler's turn. */
static int64_t yields_until(void)
{
    return now_ns() + 2000000;
}

static void yields(int times)
{
    for (int64_t until = yields_until(); times > 0 && now_ns() < until; times--)
        sched_yield();
}

/* ---- the watch --------------------------------------------------------------------------------- */

#define SCENE_NS (TALLY_PATIENCE * INT64_C(60000000000))

static const char *_Atomic scenes_under, *_Atomic scene_now;
static _Atomic int64_t scene_until; /* 0: none plays */

static void *scenes_watch(void *arg)
{
    for (int64_t until = 0; !until || now_ns() < until; until = atomic_load(&scene_until))
        pass(20000000);
    CHECK(0, "%s: scene '%s' hangs", atomic_load(&scenes_under), atomic_load(&scene_now));
    weft_dump(NULL, 2);
    tally_end();
    _exit(1);
    return arg;
}

/* No signal meets a new thread before it has said whose it is. */
static sigset_t without_signals(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    return before;
}

/* Before the first scene of a process. */
__attribute__((unused)) static void scenes_start(void)
{
    const char *text = getenv("WEFT_TEST_SEED");
    pthread_t watch;
    scenes_host = 1;
    scenes_seed = text ? strtoull(text, NULL, 0) : (uint64_t)now_ns();
    printf("seed %llu\n", (unsigned long long)scenes_seed);
    sigset_t before = without_signals();
    CHECK(pthread_create(&watch, NULL, scenes_watch, NULL) == 0 && pthread_detach(watch) == 0, "a watch");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void scene(const char *name)
{
    atomic_store(&scene_now, name);
    atomic_store(&scene_until, name ? now_ns() + SCENE_NS : 0);
}

/* ---- forks and loops --------------------------------------------------------------------------- */

static atomic_long scenes_done;

static void did(long units)
{
    if (scenes_look)
        scenes_look();
    atomic_fetch_add(&scenes_done, units);
}

static long done_since(void)
{
    return atomic_exchange(&scenes_done, 0);
}

struct slow {
    atomic_int begun, awaited;
};

static WEFT_TASK_VOID(slow_child, struct slow *)

    static void slow_child(struct slow *s)
{
    atomic_store(&s->begun, 1);
    for (int64_t until = yields_until(); now_ns() < until && !atomic_load(&s->awaited);)
        sched_yield();
    yields(20); /* long enough for the parent to fall asleep, mostly */
    did(1);
}

static WEFT_TASK_VOID(small_child)

    static void small_child(void)
{
    did(1);
}

enum { BLOCKS = 40 };

/* Joins children that somebody else runs: published at its forks, or, in odd rounds, by force. */
static void block_root(void *arg)
{
    for (int round = 0; round < BLOCKS; round++) {
        struct slow s = {0, 0};
        int64_t until = yields_until();
        weft_fork(slow_child, slow, &s);
        for (int i = 0; (round % 2 ? now_ns() < until : i < 100) && !atomic_load(&s.begun); i++) {
            if (round % 2) {
                sched_yield();
                did(1);
            } else {
                weft_fork(small_child, small);
                weft_join(small_child, small);
            }
            ++*(long *)arg;
        }
        atomic_store(&s.awaited, 1);
        weft_join(slow_child, slow);
    }
}

static void blocking_joins(weft_pool *pool, const char *under)
{
    long turns = 0;
    scene("blocking joins");
    int err = weft_run(pool, block_root, &turns);
    long came = done_since();
    CHECK(err == 0 && came == turns + BLOCKS, "%s: joins: %ld of %ld, error %d", under, came, turns + BLOCKS,
          err);
}

static void uneven_body(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        yields(dice(i) % 8 ? 0 : 60);
    (void)arg;
    did((long)(end - begin));
}

static void uneven_loops(weft_pool *pool, const char *under)
{
    scene("uneven loops");
    for (int round = 0; round < 10; round++) {
        int err = weft_parallel_for(pool, 0, 100, uneven_body, NULL);
        long came = done_since();
        CHECK(err == 0 && came == 100, "%s: a loop ran %ld of 100 items, error %d", under, came, err);
    }
}

static void everything_small(weft_pool *pool, const char *under)
{
    scene("small calls of every kind");
    for (int round = 0; round < 3; round++) {
        int bad = use_pool(pool);
        CHECK(bad == 0, "%s: wrong result, work.h line %d", under, bad);
    }
}

/* ---- submitted tasks --------------------------------------------------------------------------- */

struct errand {
    int runs, depth;
    weft_future *future;
};

static int run_errand(void *arg)
{
    struct errand *e = arg, inner[2] = {{0, e->depth - 1, NULL}, {0, e->depth - 1, NULL}};
    int sum = 1, status;
    e->runs++;
    did(1);
    for (int i = 0; e->depth > 0 && i < 2; i++)
        if (weft_submit(NULL, run_errand, &inner[i], &inner[i].future))
            return -1000;
    for (int i = 0; e->depth > 0 && i < 2; i++) {
        if (weft_future_get(inner[i].future, &status))
            return -1000;
        weft_future_release(inner[i].future);
        sum += status;
    }
    return sum;
}

struct customer {
    weft_executor *executor;
    int number;
    sigset_t mask;
    long wrong, expected;
};

enum { BUNCH = 16, BUNCHES = 8, CUSTOMERS = 2 };

static void collect(struct customer *c, struct errand *e, uint64_t die)
{
    int status = -1, size = (2 << e->depth) - 1, err, cancelled = 0;
    if (die % 5 == 0) {
        err = weft_future_cancel(e->future);
        cancelled = err == 0;
        c->wrong += err != 0 && err != -EBUSY && err != -EALREADY;
    } else if (die % 5 <= 2) {
        int64_t deadline = die % 5 == 1 ? 1 : now_ns() + (int64_t)(die >> 8) % 300000;
        err = weft_future_wait(e->future, deadline);
        c->wrong += err != 0 && (err != -ETIMEDOUT || now_ns() < deadline);
    }
    c->wrong += weft_future_get(e->future, &status) != 0;
    c->wrong += status != (cancelled ? -ECANCELED : size) || e->runs != !cancelled;
    c->expected += cancelled ? 0 : size;
    weft_future_release(e->future);
}

static void *customer_thread(void *arg)
{
    struct customer *c = arg;
    scenes_host = 1;
    pthread_sigmask(SIG_SETMASK, &c->mask, NULL);
    for (int b = 0; b < BUNCHES; b++) {
        struct errand errands[BUNCH];
        for (int i = 0; i < BUNCH; i++) {
            errands[i] = (struct errand){0, (int)(dice((uint64_t)(b * BUNCH + i)) % 4), NULL};
            c->wrong += weft_submit(c->executor, run_errand, &errands[i], &errands[i].future) != 0;
        }
        for (int i = 0; i < BUNCH; i++)
            collect(c, &errands[i], dice((uint64_t)(c->number * 7777 + b * BUNCH + i)));
    }
    return NULL;
}

static void customers(weft_executor *executor, const char *under)
{
    struct customer c[CUSTOMERS];
    pthread_t thread[CUSTOMERS];
    long wrong = 0, expected = 0, came;
    scene("get, timed wait, cancel");
    sigset_t mask = without_signals();
    for (int i = 0; i < CUSTOMERS; i++) {
        c[i] = (struct customer){executor, i, mask, 0, 0};
        CHECK(pthread_create(&thread[i], NULL, customer_thread, &c[i]) == 0, "a customer");
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_join(thread[i], NULL);
        wrong += c[i].wrong;
        expected += c[i].expected;
    }
    came = done_since();
    CHECK(wrong == 0 && came == expected, "%s: %ld answers wrong; %ld tasks of %ld ran", under, wrong, came,
          expected);
}

static int post_task(void *arg)
{
    did(1);
    sem_post(arg);
    return 0;
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) && errno == EINTR)
        ;
}

/* One at a time: each finds the pool at another stage of falling asleep, and nobody but workers runs it. */
static void idle_gaps(weft_executor *executor, const char *under)
{
    sem_t posted;
    scene("idle gaps");
    sem_init(&posted, 0, 0);
    for (int i = 0; i < 60; i++) {
        if (!CHECK(weft_submit(executor, post_task, &posted, NULL) == 0, "submit"))
            return;
        wait_for(&posted);
        pass(i % 20 * 100000);
    }
    sem_destroy(&posted);
    long came = done_since();
    CHECK(came == 60, "%s: %ld of 60 tasks ran after gaps", under, came);
}

enum { GROWTH = 1200 };

static int grow_task(void *arg)
{
    for (int i = 0; i < GROWTH; i++)
        if (weft_submit(NULL, post_task, arg, NULL))
            return 1;
    sem_post(arg);
    return 0;
}

/* A run queue grows; in the quiet after it its old rings are given back. */
static void growing_queue(weft_executor *executor, const char *under)
{
    sem_t posted;
    scene("a growing run queue");
    sem_init(&posted, 0, 0);
    for (int round = 0; round < 3; round++) {
        if (!CHECK(weft_submit(executor, grow_task, &posted, NULL) == 0, "submit"))
            return;
        for (int i = 0; i < GROWTH + 1; i++)
            wait_for(&posted);
        pass(4000000);
    }
    sem_destroy(&posted);
    long came = done_since();
    CHECK(came == 3 * GROWTH, "%s: %ld of %d tasks ran", under, came, 3 * GROWTH);
}

static int tree_task(void *arg)
{
    intptr_t depth = (intptr_t)arg;
    did(1);
    for (int i = 0; depth > 0 && i < 3; i++)
        if (weft_submit(NULL, tree_task, (void *)(depth - 1), NULL))
            atomic_fetch_sub(&scenes_done, 1000000);
    return 0;
}

/* Destroys the pool while tasks are queued that submit others. */
static void drained(weft_pool *pool, const char *under)
{
    weft_executor *executor;
    scene("destroy with tasks left");
    CHECK(weft_pool_executor(pool, &executor) == 0, "executor");
    for (int i = 0; i < 10; i++)
        CHECK(weft_submit(executor, tree_task, (void *)(intptr_t)3, NULL) == 0, "submit");
    int err = weft_pool_destroy(pool);
    long came = done_since();
    CHECK(err == 0 && came == 400, "%s: destroy %d, %ld of 400 tasks ran", under, err, came);
    scene(NULL);
}

/* ---- all of it --------------------------------------------------------------------------------- */

static void use_in_every_way(weft_pool *pool, const char *under)
{
    weft_executor *executor;
    CHECK(weft_pool_executor(pool, &executor) == 0, "executor");
    everything_small(pool, under);
    blocking_joins(pool, under);
    uneven_loops(pool, under);
    customers(executor, under);
    idle_gaps(executor, under);
    growing_queue(executor, under);
    scene(NULL);
}

static weft_pool *pool_of(const struct shape *shape)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = shape->workers,
                                                       .spin_ns = shape->drowsy ? WEFT_NONE : 0,
                                                       .take_over = shape->drowsy ? WEFT_NONE : 0));
    CHECK(err == 0, "%s: no pool: %d", shape->name, err);
    return pool;
}

/* Waits until the threads have told where they run, and what they told is there. */
static void threads_tell(weft_pool *pool, const char *under)
{
    scene("threads that begin");
    for (int i = 0; i < weft_pool_workers(pool); i++) {
        weft_worker_info info = {.size = sizeof info};
        int err = weft_worker_inspect(pool, i, &info);
        CHECK(err == 0 && info.mask_pus > 0, "%s: worker %d runs on %d PUs, error %d", under, i,
              info.mask_pus, err);
    }
}

/* Threads that are created from now on keep to one PU; *before is the mask to go back to. */
static void keep_to_one_pu(cpu_set_t *before)
{
    cpu_set_t one;
    size_t cpu = 0;
    CHECK(sched_getaffinity(0, sizeof *before, before) == 0, "mask");
    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "one PU");
}

/* A pool of the shape from its creation to its end. */
__attribute__((unused)) static void play(const struct shape *shape, const char *under)
{
    cpu_set_t before;
    char text[160];
    snprintf(text, sizeof text, "%s, %s", under, shape->name);
    atomic_store(&scenes_under, text);
    if (shape->one_pu)
        keep_to_one_pu(&before);
    weft_pool *pool = pool_of(shape);
    if (pool) {
        if (shape->drowsy)
            threads_tell(pool, text);
        use_in_every_way(pool, text);
        drained(pool, text);
    }
    if (shape->one_pu)
        CHECK(sched_setaffinity(0, sizeof before, &before) == 0, "the mask as before");
    atomic_store(&scenes_under, "");
}

#endif
