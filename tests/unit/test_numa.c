/* SPDX-License-Identifier: MIT */
/* par/numa: what a pool itself has lies on the nodes of its workers, by the kernel's word. */
#include "par/numa.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdatomic.h>
#include <weft/weft.h>

#include "sched/self.h"
#include "sched/worker.h"

enum { WORKERS_MAX = 256 };

/* Of one worker: some of each kind of memory that it has touched. */
typedef struct traces {
    const void *frame, *variable, *slot, *ring, *record;
    wf_worker *worker;
} traces;

static traces found[WORKERS_MAX];
static atomic_int inside;
static int expected;

static WEFT_TASK(int, child, int)

    static int child(int n)
{
    return n;
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* Each worker runs one: it ends when all are running. */
static int leave_traces(void *own)
{
    wf_worker *self = wf_self();
    weft_future *future;
    int status;
    traces t = {__builtin_frame_address(0), &weft_self_, (const void *)self->stack.head.top, .worker = self};
    weft_fork(child, forked, 1);
    (void)weft_join(child, forked);
    if (weft_submit(own, nothing, NULL, &future))
        return -1;
    t.ring = self->place->queue.ring;
    t.record = future;
    found[self->index] = t;
    atomic_fetch_add(&inside, 1);
    while (atomic_load(&inside) < expected)
        sched_yield();
    (void)weft_future_get(future, &status);
    weft_future_release(future);
    return status;
}

static int node_of(const void *address)
{
    int node = -1;
    int err = weft_numa_where(address, 1, &node, 1);
    if (err)
        cr_skip_test("the kernel does not tell where memory lies: %s", weft_strerror(err));
    return node;
}

static void are_at_home(const traces *t, const weft_pool *pool)
{
    int home = pool->machine->pu[t->worker->pu].node;
    if (t->worker->bound == WEFT_BIND_NONE || home < 0)
        cr_skip_test("worker %u is not bound, or its node is not known", t->worker->index);
    cr_assert_eq(node_of(t->frame), home, "stack of worker %u", t->worker->index);
    cr_assert_eq(node_of(t->variable), home, "thread-local variables of worker %u", t->worker->index);
    cr_assert_eq(node_of(t->slot), home, "task stack of worker %u", t->worker->index);
    cr_assert_eq(node_of(t->ring), home, "run queue of worker %u", t->worker->index);
    cr_assert_eq(node_of(t->record), home, "slab of worker %u", t->worker->index);
    cr_assert_eq(node_of(t->worker), home, "record of worker %u", t->worker->index);
}

Test(numa, what_a_worker_has_lies_on_its_node, .timeout = 240)
{
    weft_pool *pool;
    weft_executor *own;
    weft_future *future[WORKERS_MAX];
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    expected = CPU_COUNT(&mask) < WORKERS_MAX ? CPU_COUNT(&mask) : WORKERS_MAX;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = expected, .bind = WEFT_BIND_PU,
                                                          .spare_max = WEFT_NONE, .take_over = WEFT_NONE)),
                 0);
    cr_assert_eq(weft_pool_workers(pool), expected);
    cr_assert_eq(weft_pool_executor(pool, &own), 0);
    for (int i = 0; i < expected; i++)
        cr_assert_eq(weft_submit(own, leave_traces, own, &future[i]), 0);
    for (int i = 0, status; i < expected; i++) {
        cr_assert_eq(weft_future_get(future[i], &status), 0);
        cr_assert_eq(status, 0);
        weft_future_release(future[i]);
    }
    for (int i = 0; i < expected; i++)
        are_at_home(&found[i], pool);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}
