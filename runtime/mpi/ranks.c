/* SPDX-License-Identifier: MIT */
/* mpi/ranks.c - see ranks.h. */
#include "mpi/ranks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/tunables.h"
#include "mpi/carry.h"
#include "mpi/greeting.h"
#include "mpi/handout.h"
#include "mpi/hub.h"
#include "mpi/portions.h"
#include "mpi/station.h"
#include "os/thread.h"
#include "proc/engine.h"

#define LETTER_MAX ((size_t)1 << 30) /* MPI counts in int */
#define IN_FLIGHT_MAX 65536
#define IN_ADVANCE_MAX 1024

/* An executor's, on the submitting rank. */
typedef struct fleet {
    wf_far far;
    wf_hub hub;
    MPI_Comm comm;
    weft_executor *executor;
    unsigned at_least; /* calls that are away; more while they come back soon */
    bool own_thread;   /* it carries the letters; else it is the one that called */
    wf_thread thread;
} fleet;

/* One call of weft_mpi_run or weft_mpi_executor. */
typedef struct opening {
    weft_mpi_config config;
    wf_sentence said;
    MPI_Comm comm; /* the duplicate */
    wf_card *cards;
    wf_handout handout;
    int rank, ranks;
    bool returns; /* on the submitting rank */
    bool called;  /* with what the submitting rank needs */
    bool threads; /* the pool has some */
    int wrong;    /* found before anything was exchanged */
} opening;

/* While it is used: the thread that calls MPI looks without a pause, on the PUs of the pool. */
static void share_cpus(weft_executor *executor, bool begins)
{
    weft_engine_(WEFT_VERSION_STRING)->share(executor, begins);
}

/* ---- what the executor calls --------------------------------------------------------------------- */

static wf_hub *hub_of(wf_far *far)
{
    return &((fleet *)(void *)far)->hub;
}

/* wf_far.submit, .check, .run */
static int submit(wf_far *far, weft_executor *executor, const weft_task_spec *spec, weft_future **future)
{
    return wf_carry_submit(hub_of(far), executor, far->sends, spec, future);
}

static int check(wf_far *far, const wf_items *items)
{
    return wf_portions_check(hub_of(far), items);
}

static size_t run_items(wf_far *far, wf_items *items, size_t begin, size_t end)
{
    return wf_portions_run(hub_of(far), items, begin, end);
}

static void discard(fleet *r)
{
    wf_hub_fini(&r->hub);
    free(r);
}

/* wf_far.gone */
static void gone(wf_far *far)
{
    fleet *r = (fleet *)(void *)far;
    share_cpus(r->executor, false);
    wf_hub_end(&r->hub);
    if (!r->own_thread)
        return;
    wf_thread_join(&r->thread);
    discard(r);
}

/* ---- the opening --------------------------------------------------------------------------------- */

static bool sensible(const weft_mpi_config *c, int ranks)
{
    return c->root >= 0 && c->root < ranks && c->in_flight >= 0 && c->in_flight <= IN_FLIGHT_MAX &&
           c->message_bytes <= LETTER_MAX && c->when_full >= WEFT_BLOCK && c->when_full <= WEFT_CALLER_RUNS &&
           (c->said || !c->said_bytes) && (c->shared || !c->shared_bytes);
}

/* Of a communicator that can be duplicated. 0, or why not: that is the same on all its ranks. */
static int look_at(MPI_Comm comm)
{
    int there = 0, over = 0, between = 0;
    if (MPI_Initialized(&there) != MPI_SUCCESS || MPI_Finalized(&over) != MPI_SUCCESS || !there || over)
        return -ENOTCONN;
    if (comm == MPI_COMM_NULL || MPI_Comm_test_inter(comm, &between) != MPI_SUCCESS || between)
        return -EINVAL;
    return 0;
}

static int sit_down(opening *o, MPI_Comm comm)
{
    if (MPI_Comm_rank(comm, &o->rank) != MPI_SUCCESS || MPI_Comm_size(comm, &o->ranks) != MPI_SUCCESS ||
        MPI_Comm_dup(comm, &o->comm) != MPI_SUCCESS)
        return -EIO;
    (void)MPI_Comm_set_errhandler(o->comm, MPI_ERRORS_RETURN);
    return 0;
}

static bool submits(const opening *o)
{
    return o->rank == o->config.root;
}

static void read_config(opening *o, const weft_mpi_config *given)
{
    bool read = wf_config_read(&o->config, sizeof o->config, sizeof o->config, given);
    o->wrong = read && sensible(&o->config, o->ranks) && (o->called || !submits(o)) ? 0 : -EINVAL;
    if (!weft_engine_(WEFT_VERSION_STRING))
        o->wrong = -ELIBBAD;
    if (read && o->config.said)
        o->said = (wf_sentence){.text = o->config.said, .bytes = o->config.said_bytes};
    o->config.message_bytes = o->config.message_bytes ? o->config.message_bytes : WF_AREA_BYTES;
    o->config.name = o->config.name ? o->config.name : "ranks";
}

static void fill_card(opening *o, wf_card *card)
{
    weft_pool_info info = {.size = sizeof info};
    card->root = o->config.root;
    card->shared_bytes = o->config.shared_bytes;
    card->err = o->wrong ? o->wrong : wf_card_fill(card);
    if (!card->err)
        card->err = weft_pool_inspect(o->config.pool, &info);
    o->threads = info.workers > 0;
    card->workers = info.workers > 1 ? (unsigned)info.workers : 1;
    if (MPI_Query_thread(&card->level) != MPI_SUCCESS)
        card->level = MPI_THREAD_SINGLE;
    card->level_wanted = submits(o) && o->returns ? MPI_THREAD_SERIALIZED : MPI_THREAD_FUNNELED;
}

/* Who has no memory for the cards cannot take part: then nobody does. */
static int agree(opening *o)
{
    o->cards = calloc((size_t)o->ranks, sizeof *o->cards);
    int none = !o->cards, any = 0;
    if (MPI_Allreduce(&none, &any, 1, MPI_INT, MPI_MAX, o->comm) != MPI_SUCCESS || any)
        return wf_sentence_say(&o->said, -ENOMEM, "a rank has no memory");
    fill_card(o, &o->cards[o->rank]);
    return wf_greeting_agree(o->comm, o->cards, o->ranks, o->rank, &o->said);
}

/* Of the root's config; own: there. All ranks come here, or none. */
static int share_bytes(opening *o)
{
    const void *own = submits(o) ? o->config.shared : NULL;
    size_t bytes = o->cards[o->config.root].shared_bytes;
    if (!bytes)
        return 0;
    int err =
        wf_greeting_all(o->comm, o->cards, o->ranks, wf_handout_init(&o->handout, own, bytes), &o->said);
    return err ? err : wf_handout_send(&o->handout, own, o->comm, o->config.root);
}

static int share_bytes_here(opening *o)
{
    const weft_mpi_config *c = &o->config;
    return c->shared_bytes ? wf_handout_init(&o->handout, c->shared, c->shared_bytes) : 0;
}

static int open(opening *o, MPI_Comm comm, const weft_mpi_config *given)
{
    int err = look_at(comm);
    if (!err)
        err = sit_down(o, comm);
    if (err)
        return err;
    read_config(o, given);
    if (o->ranks == 1)
        return o->wrong ? o->wrong : share_bytes_here(o);
    err = agree(o);
    return err ? err : share_bytes(o);
}

static void shut(opening *o)
{
    wf_handout_fini(&o->handout, o->returns && o->ranks == 1);
    free(o->cards);
    if (o->comm != MPI_COMM_NULL)
        (void)MPI_Comm_free(&o->comm);
}

static int start_here(const opening *o)
{
    return o->config.start ? o->config.start(o->config.start_arg) : 0;
}

static int all_started(opening *o, int err, int answered)
{
    const wf_ready ready = {.err = err, .answered = answered};
    return wf_greeting_start(o->comm, o->cards, o->ranks, o->rank, ready, &o->said);
}

/* ---- a serving rank ------------------------------------------------------------------------------ */

static int serve(opening *o)
{
    wf_station station;
    int err = wf_station_init(&station, o->comm, o->config.pool);
    int made = !err, all = all_started(o, err, made ? start_here(o) : 0);
    if (made && !all) {
        share_cpus(station.executor, true);
        err = wf_station_run(&station);
        share_cpus(station.executor, false);
    }
    if (made && *station.wire.said)
        (void)wf_sentence_say(&o->said, err, "%s", station.wire.said);
    if (made)
        wf_station_fini(&station);
    return all ? all : err;
}

/* ---- the submitting one -------------------------------------------------------------------------- */

static unsigned workers_elsewhere(const opening *o, unsigned *workers)
{
    unsigned sum = 0;
    for (int r = 0; r < o->ranks; r++) {
        workers[r] = r == o->rank ? 0 : o->cards[r].workers;
        sum += workers[r];
    }
    return sum;
}

static weft_executor_config config_of(const opening *o)
{
    const weft_mpi_config *c = &o->config;
    return (weft_executor_config){.size = sizeof(weft_executor_config),
                                  .pool = c->pool,
                                  .name = c->name,
                                  .limit = c->in_flight ? c->in_flight : IN_FLIGHT_MAX,
                                  .queue_limit = c->queue_limit,
                                  .when_full = c->when_full,
                                  .stop = c->stop,
                                  .on_error = c->on_error,
                                  .ctx = c->ctx,
                                  .blocking = 1};
}

/* As many as hide the way there and back, and what is there is done within WF_HUB_PACE_NS: no rank is left with much while
 * others have nothing. */
static void paced(wf_hub *hub)
{
    fleet *r = (fleet *)(void *)((char *)hub - offsetof(fleet, hub));
    unsigned more = hub->pace < IN_ADVANCE_MAX ? hub->pace : IN_ADVANCE_MAX;
    weft_engine_(WEFT_VERSION_STRING)->widen(r->executor, r->at_least + more);
}

static void follow_pace(fleet *r, unsigned at_least)
{
    r->at_least = at_least;
    r->hub.paced = paced;
    paced(&r->hub);
}

static int create(weft_executor **executor, fleet *r, const opening *o)
{
    unsigned *workers = calloc((size_t)o->ranks, sizeof *workers);
    if (!workers)
        return -ENOMEM;
    unsigned sum = workers_elsewhere(o, workers);
    int err = wf_hub_init(&r->hub, o->comm, workers, o->ranks);
    free(workers);
    if (err)
        return err;
    unsigned others = (unsigned)o->ranks - 1;
    const weft_executor_config config = config_of(o);
    r->comm = o->comm;
    r->hub.message_bytes = o->config.message_bytes;
    r->far = (wf_far){.submit = submit,
                      .check = check,
                      .run = run_items,
                      .gone = gone,
                      .sends = o->threads,
                      .width = (size_t)2 * others,
                      .unit = sum / others};
    err = weft_engine_(WEFT_VERSION_STRING)->create(executor, &config, &r->far);
    if (err) {
        wf_hub_fini(&r->hub);
        return err;
    }
    r->executor = *executor;
    share_cpus(r->executor, true);
    if (!o->config.in_flight)
        follow_pace(r, 2 * sum);
    return 0;
}

/* Carries the letters; then nothing of MPI is left. */
static void carry_all(fleet *r)
{
    wf_hub_run(&r->hub);
    (void)MPI_Comm_free(&r->comm);
}

static void *carry_main(void *arg)
{
    wf_thread_name("weft-mpi");
    carry_all(arg);
    return NULL;
}

/* With the executor, when all ranks are ready; it takes over the communicator. */
typedef struct job {
    void (*fn)(weft_executor *executor, void *arg);
    void *arg;
    weft_executor *executor;
} job;

static void *job_main(void *arg)
{
    const job *j = arg;
    wf_thread_name("weft-job");
    j->fn(j->executor, j->arg);
    (void)weft_executor_destroy(j->executor);
    return NULL;
}

/* The others have begun to serve: they are told that it was all. */
static int call_off(fleet *r, weft_executor *executor, int err)
{
    (void)weft_executor_destroy(executor);
    carry_all(r);
    discard(r);
    return err;
}

static int run_job(fleet *r, job *j, const wf_sentence *to)
{
    wf_thread thread;
    int err = wf_thread_create(&thread, job_main, j, 0);
    if (err)
        return call_off(r, j->executor, err);
    wf_hub_run(&r->hub);
    wf_thread_join(&thread);
    (void)MPI_Comm_free(&r->comm);
    if (*r->hub.wire.said)
        err = wf_sentence_say(to, -EIO, "%s", r->hub.wire.said);
    discard(r);
    return err;
}

static int go_on(fleet *r, weft_executor *executor)
{
    int err = wf_thread_create(&r->thread, carry_main, r, 0);
    if (err)
        return call_off(r, executor, err);
    r->own_thread = true;
    return 0;
}

/* NULL: after an error, on all ranks. */
static fleet *make(opening *o, weft_executor **executor, int *err)
{
    fleet *r = calloc(1, sizeof *r);
    int mine = r ? create(executor, r, o) : -ENOMEM;
    *err = all_started(o, mine, 0);
    if (!*err)
        return r;
    if (!mine) {
        (void)weft_executor_destroy(*executor);
        wf_hub_fini(&r->hub);
    }
    free(r);
    return NULL;
}

static int lead(opening *o, job *j)
{
    int err;
    fleet *r = make(o, &j->executor, &err);
    if (!r)
        return err;
    o->comm = MPI_COMM_NULL; /* the hub's */
    err = o->returns ? go_on(r, j->executor) : run_job(r, j, &o->said);
    if (err)
        j->executor = NULL;
    return err;
}

/* ---- one rank ------------------------------------------------------------------------------------ */

/* What is local of the config; nothing is called elsewhere. */
static int create_here(const opening *o, weft_executor **executor)
{
    weft_executor_config config = config_of(o);
    config.limit = config.blocking = 0;
    int answered = start_here(o);
    if (answered)
        return wf_sentence_say(&o->said, -ECANCELED, "rank 0: start answered %d", answered);
    return weft_executor_create(executor, &config);
}

static int alone(const opening *o, job *j)
{
    int err = create_here(o, &j->executor);
    if (err || o->returns)
        return err;
    j->fn(j->executor, j->arg);
    return weft_executor_destroy(j->executor);
}

static int go(opening *o, MPI_Comm comm, job *j, const weft_mpi_config *config)
{
    int err = open(o, comm, config);
    if (!err)
        err = o->ranks == 1 ? alone(o, j) : submits(o) ? lead(o, j) : serve(o);
    shut(o);
    return err;
}

int weft_mpi_run(MPI_Comm comm, void (*fn)(weft_executor *executor, void *arg), void *arg,
                 const weft_mpi_config *config)
{
    opening o = {.comm = MPI_COMM_NULL, .called = fn};
    job j = {.fn = fn, .arg = arg};
    return go(&o, comm, &j, config);
}

int weft_mpi_executor(weft_executor **executor, MPI_Comm comm, const weft_mpi_config *config)
{
    opening o = {.comm = MPI_COMM_NULL, .returns = true, .called = executor};
    job j = {.fn = NULL};
    int err = go(&o, comm, &j, config);
    if (executor)
        *executor = err ? NULL : j.executor;
    return err;
}
