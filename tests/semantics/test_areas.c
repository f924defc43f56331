/* SPDX-License-Identifier: MIT */
/* Executors that are confined to a part of the machine: where their tasks run, what is refused, and what becomes of them when
 * nobody is there. */
#include "hints.h"

#define CONFINED(...) WEFT_EXECUTOR_CONFIG(.pool = pool, __VA_ARGS__)

/* arg: a bit for each worker that may run it. */
static int in_set(void *arg)
{
    int here = weft_worker_index();
    if (here < 0 || !((uintptr_t)arg >> here & 1))
        atomic_fetch_add(&elsewhere, 1);
    atomic_fetch_add(&ran, 1);
    return 0;
}

static void *set(unsigned workers)
{
    return (void *)(uintptr_t)workers;
}

static weft_executor *confined_to(weft_pool *pool, const char *cpus, int limit)
{
    weft_executor *executor;
    cr_assert_eq(weft_executor_create(&executor, CONFINED(.cpus = cpus, .limit = limit)), 0, "%s", cpus);
    return executor;
}

/* ---- what is refused ------------------------------------------------------------------------------ */

PROMISE(parts_that_make_no_sense_are_refused)
{
    weft_pool *pool = pool_with(0);
    const struct {
        int err;
        const weft_executor_config *config;
    } cases[] = {
        {-EINVAL, CONFINED(.cpus = "1-")},
        {-EINVAL, CONFINED(.nodes = "x")},
        {-EINVAL, CONFINED(.core_kind = 3)},
        {-EINVAL, CONFINED(.core_kind = -1)},
        {-EINVAL, CONFINED(.cpus = "1", .node = WEFT_NODE(0))},
        {-EINVAL, CONFINED(.cpus = "1", .blocking = 1)},
        {-EINVAL, CONFINED(.cpus = "1", .engine = WEFT_ENGINE_SERIAL)},
        {-ENODEV, CONFINED(.cpus = "8-11")},
        {-ENODEV, CONFINED(.nodes = "2")},
        {-ENODEV, CONFINED(.cpus = "0", .nodes = "1")},
        {-ENODEV, CONFINED(.core_kind = WEFT_CORES_EFFICIENCY)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weft_executor *executor = (weft_executor *)&executor;
        cr_expect_eq(weft_executor_create(&executor, cases[i].config), cases[i].err, "case %zu", i);
        cr_expect_null(executor);
    }
    end(pool);
}

PROMISE(a_pool_without_threads_has_no_parts)
{
    weft_pool *pool;
    weft_executor *executor;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE)), 0);
    cr_expect_eq(weft_executor_create(&executor, CONFINED(.cpus = "0-1023")), -ENODEV);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}

/* Sixteen of them, however often. */
PROMISE(a_pool_knows_so_many_parts)
{
    weft_pool *pool = pool_with(0);
    weft_executor *executor;
    char cpus[32];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 17; i++) {
            snprintf(cpus, sizeof cpus, "%d,%d", i % 4, 4 + i / 4);
            if (i == 16)
                snprintf(cpus, sizeof cpus, "0-7");
            int err = weft_executor_create(&executor, CONFINED(.cpus = cpus));
            cr_expect_eq(err, i == 16 ? -ENOMEM : 0, "%s: %d", cpus, err);
            cr_expect_eq(weft_executor_destroy(executor), 0);
        }
    end(pool);
}

/* ---- nowhere else --------------------------------------------------------------------------------- */

/* Without spares where a worker's index tells: in the stead of one that the kernel keeps waiting a spare may run what is his. */

struct confined {
    weft_executor *executor;
    unsigned workers;
};

static int submit_some(void *arg)
{
    const struct confined *c = arg;
    for (int i = 0; i < EACH; i++)
        if (weft_submit(c->executor, in_set, set(c->workers), NULL))
            return 1;
    return 0;
}

/* From outside and from both nodes, through a short queue, whose submitters must not run what does not fit; three at once, of
 * which two share workers. */
PROMISE(tasks_run_on_their_part_alone)
{
    static const char *const cpus[] = {"1,4-6", "0-2", "7"};
    static const unsigned workers[] = {0x72, 0x07, 0x80};
    weft_pool *pool = pool_with(WEFT_NONE);
    struct confined c[3];
    weft_future *f[3][4];
    begin();
    for (int i = 0; i < 3; i++) {
        c[i].workers = workers[i];
        cr_assert_eq(weft_executor_create(&c[i].executor, CONFINED(.cpus = cpus[i], .queue_limit = 5,
                                                                   .when_full = WEFT_CALLER_RUNS)),
                     0);
        for (int j = 0; j < 4; j++)
            cr_assert_eq(weft_submit_task(sem_door(pool),
                                          SPEC(.fn = submit_some, .arg = &c[i], .node = WEFT_NODE(j % 2)),
                                          &f[i][j]),
                         0);
        cr_assert_eq(submit_some(&c[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        weft_future *last;
        for (int j = 0; j < 4; j++)
            cr_assert_eq(get(f[i][j]), 0);
        cr_assert_eq(weft_submit(c[i].executor, in_set, set(workers[i]), &last), 0);
        cr_assert_eq(get(last), 0);
        cr_assert_eq(weft_executor_destroy(c[i].executor), 0);
    }
    assert_all_at_home(pool, 3 * (5 * EACH + 1));
    end(pool);
}

/* One at a time: all others are idle, and asleep now and then. */
PROMISE(an_idle_pool_wakes_one_of_the_part)
{
    weft_pool *pool = pool_with(WEFT_NONE);
    weft_executor *executor[2] = {confined_to(pool, "3,5", 1), confined_to(pool, "5-7", 2)};
    begin();
    for (int i = 0; i < 2 * EACH; i++) {
        cr_assert_eq(weft_submit(executor[i % 2], in_set, set(i % 2 ? 0xe0 : 0x28), NULL), 0);
        until_ran(i + 1);
        if (i % 10 == 0)
            usleep(2000); /* so that they sleep, most times */
    }
    assert_all_at_home(pool, 2 * EACH);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(weft_executor_destroy(executor[i]), 0);
    end(pool);
}

/* As many at a time as it has workers: they all hold before the gate opens. */
PROMISE(its_limit_is_the_number_of_its_workers)
{
    weft_pool *pool = pool_with(0);
    weft_executor *executor = confined_to(pool, "2-5", 0);
    atomic_store(&held, 0);
    atomic_store(&gate_open, false);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(weft_submit(executor, hold, NULL, NULL), 0);
    while (atomic_load(&held) < 4)
        sched_yield();
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_expect_eq(state.waiting, 2);
    atomic_store(&gate_open, true);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(atomic_load(&held), 6);
    end(pool);
}

static int note_item(void *out, const void *in, void *ctx)
{
    (void)in;
    *(int *)out = weft_worker_index();
    (void)ctx;
    return 0;
}

PROMISE(maps_run_there_too)
{
    weft_pool *pool = pool_with(WEFT_NONE);
    weft_executor *executor;
    int by[10 * EACH];
    cr_assert_eq(weft_executor_create(&executor, CONFINED(.nodes = "1")), 0);
    cr_assert_eq(weft_executor_map(executor, note_item, NULL, 0, by, sizeof by[0], 10 * EACH, NULL), 0);
    for (int i = 0; i < 10 * EACH; i++)
        cr_assert(by[i] >= PER_NODE && by[i] < WORKERS, "item %d by worker %d", i, by[i]);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    end(pool);
}

/* Two slow cores, two fast ones. */
PROMISE(kinds_of_cores_are_parts)
{
    static const enum weft_core_kind kinds[] = {WEFT_CORES_EFFICIENCY, WEFT_CORES_PERFORMANCE};
    hwloc_topology_t t;
    weft_pool *pool;
    weft_worker_info info = {.size = sizeof info};
    cr_assert(!hwloc_topology_init(&t) && !hwloc_topology_set_synthetic(t, "core:4 pu:1") &&
              !hwloc_topology_load(t));
    for (int kind = 0; kind < 2; kind++) {
        hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
        hwloc_bitmap_set_range(cpus, 2 * (unsigned)kind, 2 * kind + 1);
        cr_assert_eq(hwloc_cpukinds_register(t, cpus, kind, 0, NULL, 0), 0);
        hwloc_bitmap_free(cpus);
    }
    cr_assert_eq(
        weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 4, .topology = t, .spare_max = WEFT_NONE)), 0);
    for (int kind = 0; kind < 2; kind++) {
        weft_executor *executor;
        unsigned workers = 0;
        begin();
        for (int i = 0; i < 4; i++)
            if (!weft_worker_inspect(pool, i, &info) && info.core_rank == kind)
                workers |= 1u << i;
        cr_assert_eq(__builtin_popcount(workers), 2);
        cr_assert_eq(weft_executor_create(&executor, CONFINED(.core_kind = (int)kinds[kind])), 0);
        for (int i = 0; i < EACH; i++)
            cr_assert_eq(weft_submit(executor, in_set, set(workers), NULL), 0);
        cr_assert_eq(weft_executor_destroy(executor), 0);
        assert_all_at_home(pool, EACH);
    }
    cr_assert_eq(weft_pool_destroy(pool), 0);
    hwloc_topology_destroy(t);
}

/* ---- nobody is there ------------------------------------------------------------------------------ */

PROMISE(a_dump_names_what_waits_for_a_part)
{
    weft_pool *pool = pool_with(0);
    weft_executor *executor = confined_to(pool, "2,6", 3);
    static char text[65536];
    begin();
    hold_workers(pool, 2, 1);
    hold_workers(pool, 6, 1);
    cr_assert_eq(weft_submit(executor, in_set, set(0x44), NULL), 0);
    FILE *file = tmpfile();
    cr_assert_eq(weft_dump(pool, fileno(file)), 0);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    cr_expect(strstr(text, ", strictly on part 0: 1 (busy)"), "%s", text);
    atomic_store(&gate_open, true);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    assert_all_at_home(pool, 1);
    end(pool);
}

PROMISE(a_part_that_goes_leaves_its_tasks_to_anybody)
{
    weft_pool *pool = pool_with(0);
    weft_executor *executor = confined_to(pool, "6-7", 1);
    begin();
    hold_workers(pool, 6, 2);
    cr_assert_eq(weft_submit(executor, in_set, set(0x3f), NULL), 0);
    cr_assert_eq(weft_pool_resize(pool, 6), 0);
    until_ran(1);
    cr_assert_eq(atomic_load(&elsewhere), 0);
    cr_assert_eq(strayed(pool), 1);
    weft_executor *late;
    cr_assert_eq(weft_executor_create(&late, CONFINED(.cpus = "6-7")), -ENODEV);
    atomic_store(&gate_open, true);
    cr_assert_eq(weft_pool_resize(pool, WORKERS), 0);
    begin();
    cr_assert_eq(weft_submit(executor, in_set, set(0xc0), NULL), 0);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(atomic_load(&ran), 1);
    cr_assert_eq(atomic_load(&elsewhere), 0);
    end(pool);
}

struct meeting {
    weft_promise *promise;
    weft_future *future;
};

static int wait_for_the_other(void *arg)
{
    int status = 7, err = weft_future_get(((struct meeting *)arg)->future, &status);
    return err ? err : status;
}

static int fulfil(void *arg)
{
    return weft_promise_fulfil(((struct meeting *)arg)->promise, 0);
}

/* Its only worker waits for what the other task brings, which a spare runs in its stead. */
PROMISE(a_spare_works_in_the_stead_of_the_parts_own)
{
    weft_pool *pool = pool_with(2);
    weft_executor *executor = confined_to(pool, "3", 2);
    for (int i = 0; i < EACH; i++) {
        struct meeting m;
        weft_future *f[2];
        cr_assert_eq(weft_promise_create(&m.promise, sem_door(pool), &m.future), 0);
        cr_assert_eq(weft_submit(executor, wait_for_the_other, &m, &f[0]), 0);
        cr_assert_eq(weft_submit(executor, fulfil, &m, &f[1]), 0);
        for (int j = 0; j < 2; j++)
            cr_assert_eq(get(f[j]), 0);
        weft_future_release(m.future);
    }
    cr_assert_eq(strayed(pool), 0);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    end(pool);
}
