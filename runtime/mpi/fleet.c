/* SPDX-License-Identifier: MIT */
/* mpi/fleet.c - see fleet.h. */
#include "mpi/fleet.h"

#include <errno.h>
#include <stdlib.h>

#include "base/tunables.h"
#include "mpi/carry.h"
#include "mpi/portions.h"
#include "proc/engine.h"

#define IN_ADVANCE_MAX 1024

/* What an executor has here. */
typedef struct wf_outlet {
    wf_far far;
    wf_line line;
    wf_fleet *fleet;
    weft_executor *executor;
    unsigned at_least; /* calls that are away; more while they come back soon */
    struct wf_outlet *next, **before;
} wf_outlet;

static const struct weft_engine_table_ *engine(void)
{
    return weft_engine_(WEFT_VERSION_STRING);
}

/* While it is used: the thread that calls MPI looks without a pause, on the PUs of the pool. */
static void share_cpus(const wf_outlet *out, bool begins)
{
    if (out->fleet->ranks > 1)
        engine()->share(out->executor, begins);
}

/* ---- what an executor calls ---------------------------------------------------------------------- */

static wf_outlet *outlet_of(wf_far *far)
{
    return (wf_outlet *)(void *)far;
}

/* wf_far.submit, .check, .run, .brings */
static int submit(wf_far *far, weft_executor *executor, const weft_task_spec *spec, weft_future **future)
{
    return wf_carry_submit(&outlet_of(far)->line, executor, far->sends, spec, future);
}

static int check(wf_far *far, const wf_items *items)
{
    return wf_portions_check(&outlet_of(far)->line, items);
}

static size_t run_items(wf_far *far, wf_items *items, size_t begin, size_t end)
{
    return wf_portions_run(&outlet_of(far)->line, items, begin, end);
}

static bool brings(const wf_far *far)
{
    return wf_hub_is_carrier(((const wf_outlet *)(const void *)far)->line.hub);
}

static void enter(wf_outlet *out)
{
    wf_fleet *f = out->fleet;
    pthread_mutex_lock(&f->lock);
    out->next = f->outlets;
    out->before = &f->outlets;
    if (out->next)
        out->next->before = &out->next;
    f->outlets = out;
    pthread_mutex_unlock(&f->lock);
}

/* True: it was the last one. */
static bool leave(wf_outlet *out)
{
    wf_fleet *f = out->fleet;
    pthread_mutex_lock(&f->lock);
    *out->before = out->next;
    if (out->next)
        out->next->before = out->before;
    bool last = !f->outlets;
    pthread_mutex_unlock(&f->lock);
    return last;
}

/* wf_far.gone */
static void gone(wf_far *far)
{
    wf_outlet *out = outlet_of(far);
    wf_fleet *f = out->fleet;
    share_cpus(out, false);
    bool last = leave(out);
    free(out);
    if (!last)
        return;
    bool returns = f->returns;
    if (f->ranks > 1)
        wf_hub_end(&f->hub);
    if (returns && f->ranks > 1)
        wf_thread_join(&f->thread);
    if (returns)
        wf_fleet_discard(f);
}

/* ---- an executor is made ------------------------------------------------------------------------- */

static weft_executor_config config_of(const wf_fleet *f, const weft_mpi_config *c)
{
    bool away = f->ranks > 1;
    return (weft_executor_config){.size = sizeof(weft_executor_config),
                                  .pool = c->pool,
                                  .name = c->name,
                                  .limit = !away          ? 0
                                           : c->in_flight ? c->in_flight
                                                          : WF_FLEET_IN_FLIGHT_MAX,
                                  .queue_limit = c->queue_limit,
                                  .when_full = c->when_full,
                                  .stop = c->stop,
                                  .on_error = c->on_error,
                                  .ctx = c->ctx,
                                  .blocking = away};
}

/* As many as hide the way there and back, and what is there is done within WF_HUB_PACE_NS: no rank is left with much while
 * others have nothing. */
static void paced(wf_line *line)
{
    const wf_outlet *out = (wf_outlet *)(void *)((char *)line - offsetof(wf_outlet, line));
    unsigned more = line->pace < IN_ADVANCE_MAX ? line->pace : IN_ADVANCE_MAX;
    engine()->widen(out->executor, out->at_least + more);
}

static void follow_pace(wf_outlet *out)
{
    out->at_least = 2 * out->fleet->workers;
    out->line.paced = paced;
    paced(&out->line);
}

static bool has_threads(weft_pool *pool)
{
    weft_pool_info info = {.size = sizeof info};
    return !weft_pool_inspect(pool, &info) && info.workers > 0;
}

static wf_far far_of(const wf_fleet *f, const weft_mpi_config *c)
{
    unsigned others = (unsigned)f->ranks - 1;
    if (!others)
        return (wf_far){.gone = gone, .here = true};
    return (wf_far){.submit = submit,
                    .check = check,
                    .run = run_items,
                    .gone = gone,
                    .brings = brings,
                    .sends = has_threads(c->pool),
                    .width = (size_t)others * WF_PORTIONS_AWAY(f->workers / others),
                    .unit = f->workers / others,
                    .chunk_ns = WF_RANKS_CHUNK_NS};
}

static wf_outlet *make(wf_fleet *f, const weft_mpi_config *c, int *err)
{
    const weft_executor_config config = config_of(f, c);
    wf_outlet *out = calloc(1, sizeof *out);
    *err = -ENOMEM;
    if (!out)
        return NULL;
    out->far = far_of(f, c);
    out->line = (wf_line){.hub = &f->hub, .message_bytes = c->message_bytes, .most = (unsigned)c->in_flight};
    out->fleet = f;
    *err = engine()->create(&out->executor, &config, &out->far);
    if (*err) {
        free(out);
        return NULL;
    }
    share_cpus(out, true);
    if (f->ranks > 1 && !c->in_flight)
        follow_pace(out);
    enter(out);
    return out;
}

int wf_fleet_add(wf_fleet *f, const weft_mpi_config *c, weft_executor **executor)
{
    int err;
    wf_outlet *out = make(f, c, &err);
    *executor = out ? out->executor : NULL;
    return err;
}

/* ---- a function on each rank --------------------------------------------------------------------- */

static int submit_starts(wf_outlet *out, const weft_mpi_config *c, weft_future **future)
{
    const wf_fleet *f = out->fleet;
    int err = 0;
    for (int r = 0; r < f->ranks && !err; r++)
        if (r != f->rank)
            err = wf_carry_start(&out->line, out->executor, out->far.sends, r, c, &future[r]);
    return err;
}

/* All have ended; the first that did not answer 0. */
static int await_starts(int ranks, weft_future **future, const wf_sentence *to)
{
    int all = 0;
    for (int r = 0; r < ranks; r++) {
        int status = 0;
        if (!future[r])
            continue;
        (void)weft_future_get(future[r], &status);
        if (status && !all)
            all = wf_sentence_say(to, status == WEFT_EDIED ? status : -ECANCELED, "%s (%d)",
                                  weft_future_error(future[r]), status);
        weft_future_release(future[r]);
    }
    return all;
}

/* By an executor of its own: that one's queue has no limit, and nobody else is in it. */
static int start_there(wf_fleet *f, const weft_mpi_config *c, const wf_sentence *to)
{
    weft_future **future = calloc((size_t)f->ranks, sizeof(weft_future *));
    const weft_mpi_config own = {.size = sizeof own,
                                 .pool = c->pool,
                                 .name = "start",
                                 .stop = c->stop,
                                 .message_bytes = c->message_bytes};
    int err = -ENOMEM;
    wf_outlet *out = future ? make(f, &own, &err) : NULL;
    if (out) {
        int refused = submit_starts(out, c, future);
        err = await_starts(f->ranks, future, to);
        err = refused ? refused : err;
        (void)weft_executor_destroy(out->executor);
    }
    free(future);
    return err;
}

int wf_fleet_start(wf_fleet *f, const weft_mpi_config *c, const wf_sentence *to)
{
    if (!c->start)
        return 0;
    if (f->ranks > 1)
        return wf_hub_is_carrier(&f->hub) ? -EDEADLK : start_there(f, c, to);
    int answered = c->start(c->start_arg);
    return answered ? wf_sentence_say(to, -ECANCELED, "rank 0: start answered %d", answered) : 0;
}

/* ---- all of them --------------------------------------------------------------------------------- */

static weft_executor *newest(wf_fleet *f)
{
    pthread_mutex_lock(&f->lock);
    weft_executor *executor = f->outlets ? f->outlets->executor : NULL;
    pthread_mutex_unlock(&f->lock);
    return executor;
}

int wf_fleet_clear(wf_fleet *f)
{
    weft_executor *executor;
    int err = 0;
    while (!err && (executor = newest(f)) != NULL)
        err = weft_executor_destroy(executor);
    return err;
}

wf_fleet *wf_fleet_of(weft_executor *executor, weft_pool **pool, int *err)
{
    wf_far *far;
    *err = engine()->far(executor, &far, pool);
    if (!*err && !(far && far->gone == gone))
        *err = -EINVAL;
    return *err ? NULL : outlet_of(far)->fleet;
}

/* ---- its life ------------------------------------------------------------------------------------ */

wf_fleet *wf_fleet_new(MPI_Comm comm, const unsigned *workers, int ranks, int rank, int *err)
{
    wf_fleet *f = calloc(1, sizeof *f);
    *err = !f ? -ENOMEM : ranks > 1 ? wf_hub_init(&f->hub, comm, workers, ranks) : 0;
    if (*err) {
        free(f);
        return NULL;
    }
    f->comm = comm;
    f->ranks = ranks;
    f->rank = rank;
    for (int r = 0; r < ranks; r++)
        f->workers += workers[r];
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void wf_fleet_discard(wf_fleet *f)
{
    if (f->ranks > 1)
        wf_hub_fini(&f->hub);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void wf_fleet_carry(wf_fleet *f)
{
    wf_hub_run(&f->hub);
    (void)MPI_Comm_free(&f->comm);
}

static void *carry_main(void *arg)
{
    wf_thread_name("weft-mpi");
    wf_fleet_carry(arg);
    return NULL;
}

int wf_fleet_go_on(wf_fleet *f)
{
    int err = wf_thread_create(&f->thread, carry_main, f, 0);
    f->returns = !err;
    return err;
}
