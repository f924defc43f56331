/* SPDX-License-Identifier: MIT */
/* race_home.c - strict tasks under many hands: clients and tasks that submit for workers and nodes, wait there for others',
 * cancel, sleep in sections, while places come and go.
 *
 * - Accepted is run plus cancelled, exactly; nothing hangs.
 * - Where places stay, nothing runs at another worker or on another node, but for stand-ins, and nothing strays.
 */
#include "stress.h"

#include <errno.h>
#include <hwloc.h>
#include <stdatomic.h>

#define WORKERS 4
#define PER_NODE 2
#define CLIENTS 3
#define BUNCH 16
#define DEPTH 2

static weft_pool *pool;
static weft_executor *own, *on_node[2];
static atomic_long ran, accepted, cancelled, refused, elsewhere, wrong;
static atomic_int last_wrong;

struct job {
    uint64_t number;
    int depth, first, count; /* the workers that may run it; count 0: anybody */
};

static int run_job(void *arg);

static void answered(int answer, bool right)
{
    if (right)
        return;
    atomic_store(&last_wrong, answer);
    atomic_fetch_add(&wrong, 1);
}

/* Strictly for a worker or a node, through an executor, or with a hint. NULL: there is no such place now. */
static weft_future *submit(uint64_t number, int depth)
{
    uint64_t dice = mix(number);
    int worker = (int)(dice >> 8 & (WORKERS - 1)), node = worker / PER_NODE, kind = (int)(dice % 5);
    struct job job = {number, depth, 0, 0};
    weft_task_spec spec = {.size = sizeof spec, .fn = run_job, .arg = &job, .arg_bytes = sizeof job};
    weft_future *future = NULL;
    if (kind == 2 && depth < DEPTH) /* who waits for an executor's task from inside may hold its tickets */
        kind = 1;
    spec.strict = kind < 3;
    if (kind == 0 || kind == 3)
        spec.worker = WEFT_WORKER(worker);
    else if (kind != 2)
        spec.node = WEFT_NODE(node);
    if (kind < 3) {
        job.first = kind ? node * PER_NODE : worker;
        job.count = kind ? PER_NODE : 1;
    }
    if (kind == 2)
        spec.strict = 0;
    int err = weft_submit_task(kind == 2 ? on_node[node] : own, &spec, &future);
    atomic_fetch_add(err ? &refused : &accepted, 1);
    answered(err, err == 0 || err == -ENODEV);
    return future;
}

/* By its number: cancelled, waited for a while first, or just waited for. */
static void collect(weft_future *future, uint64_t dice)
{
    int status = -1;
    if (!future)
        return;
    if (dice % 4 == 0) {
        int err = weft_future_cancel(future);
        atomic_fetch_add(&cancelled, err == 0);
        answered(err, err == 0 || err == -EBUSY || err == -EALREADY);
    } else if (dice % 4 == 1) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int err = weft_future_wait(future, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + 20000);
        answered(err, err == 0 || err == -ETIMEDOUT);
    }
    int err = weft_future_get(future, &status);
    answered(err ? err : status, err == 0 && (status == 1 || status == -ECANCELED));
    weft_future_release(future);
}

static int run_job(void *arg)
{
    const struct job *job = arg;
    int here = weft_worker_index();
    uint64_t dice = mix(job->number * 31);
    if (job->count && here < WORKERS && (here < job->first || here >= job->first + job->count))
        atomic_fetch_add(&elsewhere, 1);
    if (job->depth && dice % 2)
        collect(submit(job->number * 7 + 1, job->depth - 1), dice / 2);
    if (dice % 8 == 0)
        weft_block_begin();
    disturb(job->number);
    if (dice % 8 == 0)
        weft_block_end();
    atomic_fetch_add(&ran, 1);
    return 1;
}

struct client {
    int number, rounds;
};

static void *client_thread(void *arg)
{
    const struct client *c = arg;
    for (int r = 0; r < c->rounds; r++) {
        weft_future *futures[BUNCH];
        for (int i = 0; i < BUNCH; i++)
            futures[i] = submit((uint64_t)((c->number * c->rounds + r) * BUNCH + i) << 8, DEPTH);
        for (int i = BUNCH; i-- > 0;)
            collect(futures[i], mix((uint64_t)r * 977 + (uint64_t)i));
        disturb((uint64_t)r);
    }
    return NULL;
}

static uint64_t strayed(void)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    CHECK(weft_pool_counters(pool, -1, &c) == 0, "counters");
    return c.strayed;
}

static void rounds_of(hwloc_topology_t machine, int resizes, int rounds)
{
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WORKERS, .topology = machine, .seats = 8));
    CHECK(err == 0 && weft_pool_executor(pool, &own) == 0, "pool: %d", err);
    for (int node = 0; node < 2; node++)
        CHECK(weft_executor_create(&on_node[node], WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(node),
                                                                        .strict = 1, .limit = 2 * node)) == 0,
              "executor");
    ran = accepted = cancelled = refused = elsewhere = wrong = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){i, rounds};
        pthread_create(&threads[i], NULL, client_thread, &clients[i]);
    }
    for (int i = 0; i < resizes; i++) {
        CHECK(weft_pool_resize(pool, 1 + (int)(mix((uint64_t)i) % WORKERS)) == 0, "resize");
        sched_yield();
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    uint64_t gone = strayed();
    for (int node = 0; node < 2; node++)
        CHECK(weft_executor_destroy(on_node[node]) == 0, "destroy");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    CHECK(wrong == 0, "%ld wrong answers, the last one %d", wrong, last_wrong);
    CHECK(ran + cancelled == accepted, "%ld ran, %ld cancelled of %ld", ran, cancelled, accepted);
    CHECK(resizes || (!elsewhere && !gone && !refused), "%ld elsewhere, %llu strayed, %ld refused", elsewhere,
          (unsigned long long)gone, refused);
    printf("%d resizes: %ld accepted, %ld refused, %ld cancelled, %llu strayed\n", resizes, accepted, refused,
           cancelled, (unsigned long long)gone);
}

int main(void)
{
    hwloc_topology_t machine;
    stress_start("race_home");
    CHECK(!hwloc_topology_init(&machine) && !hwloc_topology_set_synthetic(machine, "node:2 core:2 pu:1") &&
              !hwloc_topology_load(machine),
          "a machine");
    for (int i = 0; i < 3; i++) {
        rounds_of(machine, 0, 60);
        rounds_of(machine, 300, 60);
    }
    hwloc_topology_destroy(machine);
    return tally_end();
}
