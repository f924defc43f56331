/* SPDX-License-Identifier: MIT */
/* race_away.c - tasks that run elsewhere (exec/far.h), with an engine that is two threads: they end what was handed over, in any
 * order, while clients submit, wait, cancel, follow, and shut executors down.
 *
 * - With a limit of one, handing over counts in plain memory until the end: two at a time are a race.
 * - Every argument is destroyed once; what was accepted ends once.
 */
#include "stress.h"

#include <errno.h>
#include <stddef.h>
#include <weft/weft.h>

#include "exec/executors.h"
#include "exec/running.h"
#include "exec/task_spec.h"
#include "os/clock.h"
#include "sched/tasks.h"

/* ---- an engine ------------------------------------------------------------------------------------- */

#define ENDERS 2

/* What one task takes along. */
typedef struct parcel {
    struct parcel *next;
    struct engine *engine;
    weft_future *task;
    long *result;
    long number;
    int status; /* refused: it answers that, and is not handed over */
    bool refused, until_stopped;
} parcel;

typedef struct engine {
    wf_far far;
    weft_executor *executor;
    pthread_t ender[ENDERS];
    pthread_mutex_t lock;
    pthread_cond_t came;
    parcel *first;
    bool shut, closed; /* shut: nobody ends anything */
    bool alone;        /* the limit is one */
    long in_one;       /* plain */
    atomic_long out, most, destroyed, gone;
} engine;

static void count_out(engine *e, parcel *p)
{
    long out = atomic_fetch_add(&e->out, 1) + 1, most = atomic_load(&e->most);
    while (out > most && !atomic_compare_exchange_weak(&e->most, &most, out))
        ;
    if (e->alone)
        e->in_one += p->number;
}

/* As the executor begins it. */
static int hand_over(const void *arg, void *result)
{
    parcel *p = (parcel *)(uintptr_t)arg;
    engine *e = p->engine;
    if (p->refused)
        return p->status ? weft_fail(p->status, "number %ld is refused", p->number) : 0;
    count_out(e, p);
    p->task = wf_tasks_innermost()->task;
    p->result = result;
    pthread_mutex_lock(&e->lock);
    p->next = e->first;
    e->first = p;
    pthread_cond_broadcast(&e->came);
    pthread_mutex_unlock(&e->lock);
    return WF_AWAY;
}

static bool is_due(const parcel *p)
{
    return !p->until_stopped || wf_task_should_stop(p->task);
}

/* With the lock; NULL: none may end yet. */
static parcel *take_due(engine *e)
{
    for (parcel **at = &e->first; !e->shut && *at; at = &(*at)->next)
        if (is_due(*at)) {
            parcel *p = *at;
            *at = p->next;
            return p;
        }
    return NULL;
}

static void end_one(parcel *p)
{
    engine *e = p->engine;
    char said[64];
    int status = p->until_stopped ? -ECANCELED : p->status;
    disturb((uint64_t)p->number);
    snprintf(said, sizeof said, "number %ld", p->number);
    if (p->result)
        *p->result += p->number;
    if (e->alone)
        e->in_one -= p->number;
    atomic_fetch_sub(&e->out, 1);
    wf_task_comes_back(p->task, status, status ? said : NULL);
}

static void *ender(void *arg)
{
    engine *e = arg;
    pthread_mutex_lock(&e->lock);
    while (!e->closed || e->first) {
        parcel *p = take_due(e);
        pthread_mutex_unlock(&e->lock);
        if (p)
            end_one(p);
        else
            sched_yield(); /* tokens do not ring */
        pthread_mutex_lock(&e->lock);
        while (!p && !e->closed && (!e->first || e->shut))
            pthread_cond_wait(&e->came, &e->lock);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

static void destroy(void *arg)
{
    parcel *p = arg;
    atomic_fetch_add(&p->engine->destroyed, 1);
    free(p);
}

static void gone(wf_far *far)
{
    atomic_fetch_add(&((engine *)(void *)far)->gone, 1);
}

static void shut(engine *e, bool is)
{
    pthread_mutex_lock(&e->lock);
    e->shut = is;
    pthread_cond_broadcast(&e->came);
    pthread_mutex_unlock(&e->lock);
}

static void engine_begin(engine *e, weft_pool *pool, const weft_executor_config *given)
{
    weft_executor_config config = *given;
    *e = (engine){.far = {.gone = gone, .sends = true}, .alone = given->limit == 1};
    config.pool = pool;
    config.blocking = 1;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->came, NULL);
    int err = wf_executor_create_far(&e->executor, &config, &e->far);
    CHECK(!err, "create: %s", weft_strerror(err));
    for (int i = 0; i < ENDERS; i++)
        pthread_create(&e->ender[i], NULL, ender, e);
}

static void engine_end(engine *e, long accepted)
{
    int err = weft_executor_destroy(e->executor);
    CHECK(!err && atomic_load(&e->gone) == 1, "destroy: %s", weft_strerror(err));
    CHECK(atomic_load(&e->destroyed) == accepted && !atomic_load(&e->out) && !e->first,
          "%ld destroyed, not %ld", atomic_load(&e->destroyed), accepted);
    CHECK(!e->in_one, "%ld of one is left", e->in_one);
    pthread_mutex_lock(&e->lock);
    e->closed = true;
    pthread_cond_broadcast(&e->came);
    pthread_mutex_unlock(&e->lock);
    for (int i = 0; i < ENDERS; i++)
        pthread_join(e->ender[i], NULL);
    pthread_cond_destroy(&e->came);
    pthread_mutex_destroy(&e->lock);
}

static int submit_as(engine *e, const parcel *as, weft_task_spec spec, weft_future **future)
{
    parcel *p = malloc(sizeof *p);
    *p = *as;
    p->engine = e;
    spec.size = sizeof spec;
    spec.fn2 = hand_over;
    spec.arg = p;
    spec.result_bytes = sizeof(long);
    spec.destroy = destroy;
    int err = wf_task_submit_away(e->executor, &spec, future);
    if (err)
        free(p);
    return err;
}

static weft_future *submit(engine *e, parcel as, weft_task_spec spec)
{
    weft_future *future = NULL;
    int err = submit_as(e, &as, spec, &future);
    CHECK(!err && future, "submit: %s", weft_strerror(err));
    return future;
}

/* ---- one at a time --------------------------------------------------------------------------------- */

static void ends_as_its_function_would(weft_pool *pool)
{
    engine e;
    int status = -1;
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = 2));
    weft_future *fine = submit(&e, (parcel){.number = 3}, (weft_task_spec){0});
    weft_future *fails = submit(&e, (parcel){.number = 4, .status = 5}, (weft_task_spec){0});
    weft_future *refused =
        submit(&e, (parcel){.number = 6, .status = 7, .refused = true}, (weft_task_spec){0});
    CHECK(!weft_future_get(fine, &status) && !status, "status %d", status);
    const long *result = weft_future_result(fine);
    CHECK(result && *result == 3, "result %ld", result ? *result : -1);
    CHECK(!weft_future_get(fails, &status) && status == 5, "status %d", status);
    CHECK(!strcmp(weft_future_error(fails), "number 4"), "it says %s", weft_future_error(fails));
    CHECK(!weft_future_get(refused, &status) && status == 7, "status %d", status);
    CHECK(!strcmp(weft_future_error(refused), "number 6 is refused"), "it says %s",
          weft_future_error(refused));
    weft_future_release(fine);
    weft_future_release(fails);
    weft_future_release(refused);
    engine_end(&e, 3);
}

/* While it is away it runs. */
static void is_like_one_that_runs(weft_pool *pool)
{
    engine e;
    char labels[64];
    int status = -1;
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = 1));
    shut(&e, true);
    weft_future *away = submit(&e, (parcel){.number = 1}, (weft_task_spec){.label = "away"});
    weft_future *waits = submit(&e, (parcel){.number = 2}, (weft_task_spec){.label = "waits"});
    weft_future *never = submit(&e, (parcel){.number = 9}, (weft_task_spec){.label = "never"});
    CHECK(weft_future_state(away) == WEFT_RUNNING && weft_future_state(waits) == WEFT_PENDING, "states");
    CHECK(weft_executor_running(e.executor, labels, sizeof labels) == 5 && !strcmp(labels, "away\n"),
          "labels: %s", labels);
    weft_executor_state state = {.size = sizeof state};
    CHECK(!weft_executor_inspect(e.executor, &state) && state.accepted == 3 && !state.ended, "state");
    CHECK(weft_future_wait(away, 1) == -ETIMEDOUT && weft_future_wait(waits, 1) == -ETIMEDOUT, "waits");
    CHECK(weft_executor_shutdown(e.executor, WEFT_DRAIN, 1) == -ETIMEDOUT, "it is not drained");
    CHECK(!weft_future_cancel(never) && weft_future_cancel(away) == -EBUSY, "cancels");
    CHECK(wf_task_should_stop(away), "it is asked to stop");
    shut(&e, false);
    CHECK(!weft_future_get(waits, &status) && !status, "status %d", status);
    CHECK(weft_executor_running(e.executor, NULL, 0) == 0 || weft_future_state(waits) == WEFT_DONE, "none");
    weft_future_release(away);
    weft_future_release(waits);
    weft_future_release(never);
    engine_end(&e, 3);
}

/* A token, a deadline, weft_future_cancel, the executor's end: each stops one. */
static void is_stopped(weft_pool *pool)
{
    engine e;
    weft_stop *stop = NULL;
    CHECK(!weft_stop_create(&stop, NULL, WEFT_FOREVER), "a token");
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = 4));
    const parcel until = {.number = 1, .until_stopped = true};
    weft_future *future[] = {submit(&e, until, (weft_task_spec){.stop = stop}),
                             submit(&e, until, (weft_task_spec){.deadline_ns = wf_now_ns() + 1000000}),
                             submit(&e, until, (weft_task_spec){0}), submit(&e, until, (weft_task_spec){0})};
    (void)weft_stop_request(stop);
    (void)weft_future_cancel(future[2]);
    for (int i = 0; i < 3; i++)
        CHECK(!weft_future_wait(future[i], WEFT_FOREVER) && weft_future_state(future[i]) == WEFT_CANCELLED,
              "number %d is cancelled", i);
    while (weft_future_state(future[3]) == WEFT_PENDING) /* who ended another may be about to begin it */
        sched_yield();
    CHECK(weft_future_state(future[3]) == WEFT_RUNNING, "the last one runs");
    CHECK(!weft_executor_shutdown(e.executor, WEFT_STOP_RUNNING, WEFT_FOREVER), "shutdown");
    CHECK(weft_future_state(future[3]) == WEFT_CANCELLED, "the last one is cancelled");
    for (int i = 0; i < 4; i++)
        weft_future_release(future[i]);
    weft_stop_release(stop);
    engine_end(&e, 4);
}

struct inside {
    engine *e;
    int destroy_said, submit_said;
};

/* In the thread that ends the task before, behind a queue that is full. */
static int goes_on(weft_future *before, void *arg)
{
    struct inside *in = arg;
    parcel next = {.number = 2};
    (void)before;
    in->submit_said = submit_as(in->e, &next, (weft_task_spec){0}, NULL);
    in->destroy_said = weft_executor_destroy(in->e->executor);
    return 0;
}

static void who_ends_one_may_submit(weft_pool *pool)
{
    engine e;
    weft_future *then = NULL;
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = 1, .queue_limit = 1));
    struct inside in = {.e = &e};
    shut(&e, true);
    weft_future *first = submit(&e, (parcel){.number = 1}, (weft_task_spec){0});
    weft_future *fills = submit(&e, (parcel){.number = 1}, (weft_task_spec){0});
    CHECK(!weft_future_then(first, WEFT_INLINE, goes_on, &in, &then), "then");
    shut(&e, false);
    CHECK(!weft_future_wait(then, WEFT_FOREVER), "wait");
    CHECK(!in.submit_said && in.destroy_said == -EDEADLK, "%d, %d", in.submit_said, in.destroy_said);
    weft_future_release(first);
    weft_future_release(fills);
    weft_future_release(then);
    engine_end(&e, 3);
}

/* Its own functions need a thread, and come in the same order. */
static int here(void *arg)
{
    struct inside *in = arg;
    in->submit_said = weft_executor_lane();
    weft_future *inner = submit(in->e, (parcel){.number = 5}, (weft_task_spec){0});
    int err = weft_future_wait(inner, WEFT_FOREVER);
    weft_future_release(inner);
    return err;
}

static void what_runs_here_has_a_thread(weft_pool *pool)
{
    engine e;
    int status = -1;
    weft_future *future = NULL;
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = 2));
    struct inside in = {.e = &e, .submit_said = -1};
    weft_task_spec spec = {.size = sizeof spec, .fn = here, .arg = &in};
    CHECK(!wf_task_submit(e.executor, &spec, &future), "submit");
    while (weft_future_state(future) == WEFT_PENDING) /* nobody waits for it yet */
        sched_yield();
    CHECK(!weft_future_get(future, &status) && !status && in.submit_said >= 0, "status %d", status);
    weft_future_release(future);
    engine_end(&e, 1);
}

static void a_full_queue(weft_pool *pool)
{
    engine e;
    weft_future *future = NULL;
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = 1, .queue_limit = 1, .when_full = WEFT_REJECT));
    shut(&e, true);
    weft_future *first = submit(&e, (parcel){.number = 1}, (weft_task_spec){0});
    weft_future *second = submit(&e, (parcel){.number = 1}, (weft_task_spec){0});
    int err = submit_as(&e, &(parcel){.number = 1}, (weft_task_spec){0}, &future);
    CHECK(err == -EAGAIN && !future, "full: %d", err);
    shut(&e, false);
    weft_future_release(first);
    weft_future_release(second);
    engine_end(&e, 2);
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = 2, .queue_limit = 1, .when_full = WEFT_CALLER_RUNS));
    for (int i = 0; i < 100; i++)
        CHECK(!submit_as(&e, &(parcel){.number = i}, (weft_task_spec){0}, NULL), "caller runs");
    engine_end(&e, 100);
}

/* ---- many hands ------------------------------------------------------------------------------------ */

#define CLIENTS 3
#define BUNCH 16

struct client {
    engine *e;
    weft_pool *pool;
    int number, rounds;
    long wrong, accepted;
};

static int after(weft_future *before, void *arg)
{
    (void)arg;
    return weft_future_status(before) + 1;
}

static void collect(struct client *c, weft_future *future, uint64_t dice)
{
    int status = -1;
    if (dice % 4 == 0) {
        int err = weft_future_cancel(future);
        c->wrong += err != 0 && err != -EBUSY && err != -EALREADY;
    } else if (dice % 4 == 1) {
        weft_future *next = NULL;
        c->wrong += weft_future_then(future, dice & 16 ? WEFT_INLINE : NULL, after, NULL, &next) != 0;
        c->wrong += weft_future_get(next, &status) != 0 || status > 3;
        weft_future_release(next);
    }
    c->wrong += weft_future_get(future, &status) != 0 || (status != -ECANCELED && (status < 0 || status > 2));
    weft_future_release(future);
}

static void bunch(struct client *c, int round)
{
    weft_future *futures[BUNCH];
    size_t n = 0;
    for (int i = 0; i < BUNCH; i++) {
        uint64_t number = (uint64_t)((c->number * c->rounds + round) * BUNCH + i), dice = mix(number);
        parcel p = {.number = (long)number, .status = (int)(dice % 3), .refused = dice % 7 == 0};
        int err = submit_as(c->e, &p, (weft_task_spec){.label = "one"}, &futures[n]);
        c->wrong += err != 0 && err != -ESHUTDOWN;
        c->accepted += !err;
        n += !err;
    }
    while (n--)
        collect(c, futures[n], mix((uint64_t)round * 977 + n));
}

static int all_rounds(void *arg)
{
    struct client *c = arg;
    for (int r = 0; r < c->rounds; r++)
        bunch(c, r);
    return 0;
}

/* One client is a task of the pool. */
static void *client_thread(void *arg)
{
    struct client *c = arg;
    weft_executor *own = NULL;
    int status = -1;
    if (c->number)
        (void)all_rounds(c);
    else
        c->wrong += weft_pool_executor(c->pool, &own) || weft_apply(own, all_rounds, c, &status) || status;
    return NULL;
}

static void many_hands(weft_pool *pool, int limit, int rounds, bool shut_down)
{
    engine e;
    pthread_t thread[CLIENTS];
    struct client client[CLIENTS];
    long accepted = 0;
    engine_begin(&e, pool, WEFT_EXECUTOR_CONFIG(.limit = limit, .queue_limit = limit == 3 ? 8 : 0));
    for (int i = 0; i < CLIENTS; i++) {
        client[i] = (struct client){.e = &e, .pool = pool, .number = i, .rounds = rounds};
        pthread_create(&thread[i], NULL, client_thread, &client[i]);
    }
    if (shut_down) {
        disturb((uint64_t)limit);
        CHECK(!weft_executor_shutdown(e.executor, WEFT_CANCEL_PENDING, WEFT_FOREVER), "shutdown");
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(thread[i], NULL);
        CHECK(!client[i].wrong, "client %d: %ld wrong", i, client[i].wrong);
        accepted += client[i].accepted;
    }
    /* a worker's task never waits for room: it goes above the limit */
    CHECK(limit == 3 || atomic_load(&e.most) <= limit, "%ld at a time, not %d", atomic_load(&e.most), limit);
    engine_end(&e, accepted);
}

int main(void)
{
    stress_start("race_away");
    for (int workers = 1; workers <= 3; workers++) {
        weft_pool *pool = stress_pool(workers, 0);
        ends_as_its_function_would(pool);
        is_like_one_that_runs(pool);
        is_stopped(pool);
        who_ends_one_may_submit(pool);
        what_runs_here_has_a_thread(pool);
        a_full_queue(pool);
        many_hands(pool, 1, 60, false);
        many_hands(pool, 3, 60, false);
        many_hands(pool, 100, 60, false);
        for (int i = 0; i < 8; i++)
            many_hands(pool, 2, 4, true);
        stress_end(pool);
    }
    return tally_end();
}
