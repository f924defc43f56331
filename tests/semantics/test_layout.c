/* SPDX-License-Identifier: MIT */
/* test_layout.c - loops, maps and reductions in pools on several NUMA nodes, which are laid out over the nodes.
 *
 * - The machines are imagined, so that any machine will do: threads run anywhere, but each belongs to a node by plan, and
 *   weft_worker_index says who runs an item.
 * - Pools have the number of workers under test: on the first machine neighbours are on different nodes, on the second
 *   one some are on the same.
 */
#include "insights.h"

#include <hwloc.h>

static weft_pool *pool_on(const char *synthetic, int workers)
{
    hwloc_topology_t t;
    cr_assert_eq(hwloc_topology_init(&t), 0);
    cr_assert_eq(hwloc_topology_set_synthetic(t, synthetic), 0);
    cr_assert_eq(hwloc_topology_load(t), 0);
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = workers, .workers_max = workers > 0 ? workers : 0,
                                       .spare_max = WEFT_NONE, .take_over = WEFT_NONE, .topology = t));
    hwloc_topology_destroy(t);
    return pool;
}

static const char *const machines[] = {"numa:2 core:1 pu:1", "numa:2 core:2 pu:1", "numa:4 core:2 pu:1"};
enum { MACHINES = sizeof machines / sizeof machines[0] };

/* ---- each item once ------------------------------------------------------------------------------ */

enum { MOST = 100000 };

struct items {
    weft_pool *pool;
    size_t n;
    atomic_uchar *times;
    int err;
};

static void count(size_t begin, size_t end, void *arg)
{
    struct items *s = arg;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&s->times[i], 1);
    busy(s->n < 100 ? 2000 : 10);
}

static void loop_once(void *arg)
{
    struct items *s = arg;
    s->err = weft_parallel_for(s->pool, 0, s->n, count, s);
}

static size_t wrong(struct items *s)
{
    size_t bad = 0;
    for (size_t i = 0; i < s->n; i++)
        bad += atomic_exchange(&s->times[i], 0) != 1;
    return bad + (s->err != 0);
}

static int loop_task(void *arg)
{
    loop_once(arg);
    return 0;
}

/* From outside and from a task, which runs on a worker where there are any. */
static void loops_of(weft_pool *pool, size_t n, atomic_uchar *times)
{
    struct items s = {pool, n, times, -1};
    weft_future *future;
    loop_once(&s);
    cr_assert_eq(wrong(&s), 0, "%zu items", n);
    cr_assert_eq(weft_submit(sem_door(pool), loop_task, &s, &future), 0);
    cr_assert_eq(weft_future_get(future, NULL), 0);
    weft_future_release(future);
    cr_assert_eq(wrong(&s), 0, "%zu items in a task", n);
}

PROMISE(each_item_runs_once_however_many_there_are)
{
    static const size_t n[] = {0, 1, 2, 3, 4, 5, 15, 16, 17, 100, 1000, MOST};
    static atomic_uchar times[MOST];
    for (int m = 0; m < MACHINES; m++) {
        weft_pool *pool = pool_on(machines[m], sem_workers());
        for (int round = 0; round < 10; round++)
            for (size_t i = 0; i < sizeof n / sizeof n[0]; i++)
                loops_of(pool, n[i], times);
        sem_end(pool);
    }
}

/* More items than a range has units: a unit is several items, and the last one of fewer. */
static void add_up(size_t begin, size_t end, void *arg)
{
    atomic_fetch_add((atomic_size_t *)arg, end - begin);
}

PROMISE(a_unit_may_be_many_items)
{
    weft_pool *pool = pool_on(machines[1], sem_workers());
    const size_t n[] = {((size_t)1 << 23) + 1, ((size_t)1 << 33) + 12345, SIZE_MAX};
    for (int i = 0; i < 3; i++) {
        atomic_size_t sum = 0;
        cr_assert_eq(weft_parallel_for(pool, 0, n[i], add_up, &sum), 0);
        cr_assert_eq(atomic_load(&sum), n[i]);
    }
    sem_end(pool);
}

enum { OUTER = 40, INNER = 50 };
static atomic_uchar cells[OUTER * INNER];

static void inner(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&cells[*(size_t *)arg * INNER + i], 1);
    busy(100);
}

static void outer(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        cr_assert_eq(weft_parallel_for(arg, 0, INNER, inner, &i), 0);
}

PROMISE(loops_inside_loops_run_each_item_once)
{
    for (int m = 0; m < MACHINES; m++) {
        weft_pool *pool = pool_on(machines[m], sem_workers());
        struct items s = {pool, OUTER * INNER, cells, 0};
        for (int round = 0; round < 20; round++) {
            cr_assert_eq(weft_parallel_for(pool, 0, OUTER, outer, pool), 0);
            cr_assert_eq(wrong(&s), 0);
        }
        sem_end(pool);
    }
}

/* ---- maps and reductions ------------------------------------------------------------------------- */

enum { N = 3000 };

static int fails_at_97(void *out, const void *in, void *ctx)
{
    (void)ctx;
    busy(50);
    *(int *)out = *(const int *)in * 2;
    return *(const int *)in % 97 == 96 ? 7 : 0;
}

static void map_with_errors(weft_pool *pool, int on_error)
{
    static int in[N], out[N], status[N];
    size_t ran = 0, bad = 0;
    weft_map_report report;
    for (int i = 0; i < N; i++)
        in[i] = i;
    int err = weft_parallel_map(pool, fails_at_97, in, sizeof *in, out, sizeof *out, N,
                                WEFT_MAP_CONFIG(.on_error = on_error, .status = status, .report = &report));
    cr_assert_eq(err, WEFT_EITEM);
    for (int i = 0; i < N; i++) {
        bool did = status[i] == (i % 97 == 96 ? 7 : 0) && out[i] == 2 * i;
        bad += !did && (on_error == WEFT_COLLECT || status[i] != -ECANCELED);
        ran += did;
    }
    cr_assert_eq(bad, 0, "%zu items", bad);
    cr_assert(report.done + report.failed == ran && report.status == 7 && report.index % 97 == 96);
    memset(out, 0, sizeof out);
}

PROMISE(maps_collect_errors_or_stop_at_one)
{
    for (int m = 0; m < MACHINES; m++) {
        weft_pool *pool = pool_on(machines[m], sem_workers());
        for (int round = 0; round < 20; round++) {
            map_with_errors(pool, WEFT_COLLECT);
            map_with_errors(pool, WEFT_FAIL_FAST);
        }
        sem_end(pool);
    }
}

/* x -> a x + b, modulo 2^64: composing them is associative and not commutative. */
struct affine {
    uint64_t a, b;
};

static void append(struct affine *f, struct affine g)
{
    *f = (struct affine){g.a * f->a, g.a * f->b + g.b};
}

static void append_items(size_t begin, size_t end, void *acc, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        append(acc, (struct affine){2 * i + 3, i});
    busy(20);
}

static void append_all(void *acc, const void *right, void *ctx)
{
    (void)ctx;
    append(acc, *(const struct affine *)right);
}

PROMISE(reductions_combine_neighbours_in_their_order)
{
    static const size_t n[] = {1, 2, 3, 16, 17, 500, 20000};
    const struct affine identity = {1, 0};
    for (int m = 0; m < MACHINES; m++) {
        weft_pool *pool = pool_on(machines[m], sem_workers());
        for (size_t i = 0; i < 20 * sizeof n / sizeof n[0]; i++) {
            struct affine result, expected = identity;
            size_t items = n[i % (sizeof n / sizeof n[0])];
            append_items(0, items, &expected, NULL);
            cr_assert_eq(weft_parallel_reduce(pool, 0, items, append_items, append_all, &identity, &result,
                                              sizeof result, NULL),
                         0);
            cr_assert(result.a == expected.a && result.b == expected.b, "%zu items", items);
        }
        sem_end(pool);
    }
}

/* ---- near an array ------------------------------------------------------------------------------- */

static void count_bytes(size_t begin, size_t end, void *arg)
{
    struct items *s = arg;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&s->times[i], 1);
}

PROMISE(near_an_array_each_item_runs_once_whatever_its_pages_are)
{
    static atomic_uchar times[MOST];
    for (int m = 0; m < MACHINES; m++) {
        weft_pool *pool = pool_on(machines[m], sem_workers());
        for (size_t n = 0; n <= MOST; n = n * 3 + 1) {
            struct items s = {pool, n, times, 0};
            s.err = weft_parallel_for_near(pool, 0, n, count_bytes, &s, times, 1);
            cr_assert_eq(wrong(&s), 0, "%zu items", n);
            s.err = weft_parallel_for_near(pool, 0, n, count_bytes, &s, &s, 1000000);
            cr_assert_eq(wrong(&s), 0, "%zu items of which most have no memory", n);
        }
        sem_end(pool);
    }
}

PROMISE(an_array_that_makes_no_sense_is_an_error_before_any_item)
{
    weft_pool *pool = pool_on(machines[0], sem_workers());
    char array[8];
    struct items s = {0};
    cr_assert_eq(weft_parallel_for_near(pool, 0, 8, count_bytes, &s, NULL, 1), -EINVAL);
    cr_assert_eq(weft_parallel_for_near(pool, 0, 8, count_bytes, &s, array, 0), -EINVAL);
    cr_assert_eq(weft_parallel_for_near(pool, 0, 8, NULL, &s, array, 1), -EINVAL);
    cr_assert_eq(weft_parallel_for_near(pool, 2, 1, count_bytes, &s, array, 1), -EINVAL);
    cr_assert_eq(weft_parallel_for_near(pool, 0, 8, count_bytes, &s, array, SIZE_MAX / 8), -EOVERFLOW);
    cr_assert_eq(weft_parallel_for_near(pool, 0, SIZE_MAX, count_bytes, &s, array, 1), -EOVERFLOW);
    cr_assert_eq(weft_parallel_for_near(pool, 5, 5, count_bytes, &s, array, 1), 0);
    sem_end(pool);
}

static int twice(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = 2 * *(const int *)in;
    return 0;
}

static int nothing_to_read(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = !in;
    return 0;
}

PROMISE(maps_run_near_what_they_read_or_write)
{
    static int in[N], out[N];
    weft_pool *pool = pool_on(machines[1], sem_workers());
    for (int near = WEFT_NEAR_NONE; near <= WEFT_NEAR_OUT; near++) {
        for (int i = 0; i < N; i++)
            in[i] = i + near;
        cr_assert_eq(weft_parallel_map(pool, twice, in, sizeof *in, out, sizeof *out, N,
                                       WEFT_MAP_CONFIG(.near = near)),
                     0);
        for (int i = 0; i < N; i++)
            cr_assert_eq(out[i], 2 * (i + near));
    }
    for (int near = -1; near <= WEFT_NEAR_OUT + 1; near++) {
        int err = weft_parallel_map(pool, nothing_to_read, NULL, 0, out, sizeof *out, N,
                                    WEFT_MAP_CONFIG(.near = near));
        cr_assert_eq(err, near == WEFT_NEAR_NONE || near == WEFT_NEAR_OUT ? 0 : -EINVAL, "near %d", near);
    }
    sem_end(pool);
}

/* ---- several loops, and a pool that changes meanwhile -------------------------------------------- */

static atomic_uchar times_of_guest[2][MOST / 4];

static void *loops_of_a_guest(void *arg)
{
    struct items *s = arg;
    size_t *bad = calloc(1, sizeof *bad);
    for (int round = 0; round < 30; round++) {
        loop_once(s);
        *bad += wrong(s);
    }
    return bad;
}

static void two_guests(weft_pool *pool)
{
    pthread_t guest[2];
    struct items s[2];
    for (int i = 0; i < 2; i++) {
        s[i] = (struct items){pool, MOST / 4, times_of_guest[i], 0};
        guest[i] = thread_start(loops_of_a_guest, &s[i], 0);
    }
    for (int i = 0; i < 2; i++) {
        void *bad;
        cr_assert_eq(pthread_join(guest[i], &bad), 0);
        cr_assert_eq(*(size_t *)bad, 0);
        free(bad);
    }
}

PROMISE(two_guests_run_a_loop_each)
{
    for (int m = 0; m < MACHINES; m++) {
        weft_pool *pool = pool_on(machines[m], sem_workers());
        two_guests(pool);
        sem_end(pool);
    }
}

static atomic_int over;

static void *resizes(void *arg)
{
    for (unsigned seed = 1; !atomic_load(&over); seed = seed * 1103515245u + 12345u) {
        if (weft_pool_resize(arg, 1 + (int)(seed >> 16) % sem_threads()))
            return arg;
        sched_yield();
    }
    return NULL;
}

PROMISE(places_come_and_go_meanwhile)
{
    NEEDS_WORKERS(2);
    for (int m = 0; m < MACHINES; m++) {
        weft_pool *pool = pool_on(machines[m], sem_workers());
        void *failed;
        atomic_store(&over, 0);
        pthread_t resizer = thread_start(resizes, pool, 0);
        two_guests(pool);
        atomic_store(&over, 1);
        cr_assert_eq(pthread_join(resizer, &failed), 0);
        cr_assert_null(failed);
        sem_end(pool);
    }
}

/* ---- who begins what ----------------------------------------------------------------------------- */

enum { NODES = 4, PER_NODE = 100, ITEMS = NODES * PER_NODE, EACH = 2 };

static struct {
    atomic_int began[NODES]; /* 1 + the worker that runs a node's first item */
    atomic_int times[ITEMS], done, held, open, own;
} scene;

/* The machines here have two PUs on each node. */
static weft_pool *pool_with_nodes(int nodes)
{
    weft_pool *pool = pool_on(nodes == 4 ? "numa:4 core:2 pu:1" : "numa:2 core:2 pu:1", EACH * nodes);
    for (int i = 0; i < EACH * nodes; i++) {
        weft_worker_info info = {.size = sizeof info};
        cr_assert_eq(weft_worker_inspect(pool, i, &info), 0);
        cr_assert_eq(info.node, i / EACH);
    }
    memset(&scene, 0, sizeof scene);
    return pool;
}

/* The first item of all is the caller's, and so is the first one on its own node. */
static bool awaited(int node)
{
    return node > 0 && node != atomic_load(&scene.own);
}

static bool all_began(void)
{
    for (int node = 1; node < NODES; node++)
        if (awaited(node) && !atomic_load(&scene.began[node]))
            return false;
    return true;
}

/* Whoever has an item stays in it until each node's first one has begun: by that time nobody has run two. */
static void begin_and_stay(size_t begin, size_t end, void *arg)
{
    (void)arg;
    for (size_t i = begin; i < end; i++) {
        if (i % PER_NODE == 0)
            atomic_store(&scene.began[i / PER_NODE], 1 + weft_worker_index());
        while (!all_began())
            sched_yield();
    }
}

static int loop_of_a_worker(void *pool)
{
    atomic_store(&scene.own, weft_worker_index() / EACH);
    return weft_parallel_for(pool, 0, ITEMS, begin_and_stay, NULL);
}

/* All workers sleep when it begins. Who has taken its node's part and gets no CPU before it shows it has others go and look
 * elsewhere: not often. */
PROMISE(each_node_begins_its_own_part_of_a_loop)
{
    enum { ROUNDS = 20 };
    weft_pool *pool = pool_with_nodes(NODES);
    weft_future *future;
    int err, strayed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        memset(&scene, 0, sizeof scene);
        await_lines(pool, EACH * NODES, "worker ", ": sleeping;");
        cr_assert_eq(weft_submit(sem_door(pool), loop_of_a_worker, pool, &future), 0);
        cr_assert_eq(weft_future_get(future, &err), 0);
        cr_assert_eq(err, 0);
        weft_future_release(future);
        bool all = true;
        for (int node = 1; node < NODES; node++)
            all &= !awaited(node) || (atomic_load(&scene.began[node]) - 1) / EACH == node;
        strayed += !all;
    }
    cr_assert_leq(strayed, ROUNDS / 4, "in %d of %d rounds", strayed, ROUNDS);
    sem_end(pool);
}

/* One for each of four workers; those of the second node do not end. */
static int hold(void *arg)
{
    (void)arg;
    atomic_fetch_add(&scene.held, 1);
    while (atomic_load(&scene.held) < 2 * EACH)
        sched_yield();
    if (weft_worker_index() / EACH == 1)
        flag_wait(&scene.open);
    return 0;
}

static void wrong_times(void)
{
    for (int i = 0; i < ITEMS; i++)
        cr_assert_eq(atomic_exchange(&scene.times[i], 0), 1, "item %d", i);
}

/* Its caller stays in the first item until all others have been run. */
static void first_is_last(size_t begin, size_t end, void *arg)
{
    (void)arg;
    for (size_t i = begin; i < end; i++) {
        while (i == 0 && atomic_load(&scene.done) < ITEMS - 1)
            sched_yield();
        atomic_fetch_add(&scene.times[i], 1);
        atomic_fetch_add(&scene.done, 1);
    }
}

/* There is room for one worker and the caller: it runs all but the caller's first item. */
PROMISE(what_a_busy_node_does_not_begin_others_run)
{
    weft_pool *pool = pool_with_nodes(2);
    weft_future *future[2 * EACH];
    for (int i = 0; i < 2 * EACH; i++)
        cr_assert_eq(weft_submit(sem_door(pool), hold, NULL, &future[i]), 0);
    while (atomic_load(&scene.held) < 2 * EACH)
        sched_yield();
    for (int round = 0; round < 20; round++) {
        atomic_store(&scene.done, 0);
        cr_assert_eq(weft_parallel_for(pool, 0, ITEMS, first_is_last, NULL), 0);
        wrong_times();
    }
    atomic_store(&scene.open, 1);
    for (int i = 0; i < 2 * EACH; i++) {
        cr_assert_eq(weft_future_get(future[i], NULL), 0);
        weft_future_release(future[i]);
    }
    sem_end(pool);
}

static void stay_on_the_second_node(size_t begin, size_t end, void *arg)
{
    (void)arg;
    for (size_t i = begin; i < end; i++) {
        bool stays = weft_worker_index() / EACH == 1;
        atomic_fetch_add(&scene.times[i], 1);
        if (atomic_fetch_add(&scene.done, 1) == ITEMS - 1)
            atomic_store(&scene.open, 1);
        if (stays)
            flag_wait(&scene.open);
    }
}

/* Each of its workers has begun a piece, if it came in time, and stays in the first item: all else the others run. */
PROMISE(what_a_node_has_begun_and_does_not_end_others_run)
{
    weft_pool *pool = pool_with_nodes(2);
    for (int round = 0; round < 20; round++) {
        memset(&scene, 0, sizeof scene);
        cr_assert_eq(weft_parallel_for(pool, 0, ITEMS, stay_on_the_second_node, NULL), 0);
        wrong_times();
    }
    sem_end(pool);
}
