/* SPDX-License-Identifier: MIT */
/* mpi/ranks.c - see ranks.h. */
#include "mpi/ranks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/tunables.h"
#include "mpi/fleet.h"
#include "mpi/greeting.h"
#include "mpi/handout.h"
#include "mpi/station.h"
#include "os/thread.h"
#include "proc/engine.h"

#define LETTER_MAX ((size_t)1 << 30) /* MPI counts in int */

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
    int wrong;    /* found before anything was exchanged */
} opening;

/* ---- the opening --------------------------------------------------------------------------------- */

static bool sensible(const weft_mpi_config *c)
{
    return c->in_flight >= 0 && c->in_flight <= WF_FLEET_IN_FLIGHT_MAX && c->message_bytes <= LETTER_MAX &&
           c->when_full >= WEFT_BLOCK && c->when_full <= WEFT_CALLER_RUNS && (c->said || !c->said_bytes);
}

static bool sensible_opening(const weft_mpi_config *c, int ranks)
{
    return sensible(c) && c->root >= 0 && c->root < ranks && (c->shared || !c->shared_bytes);
}

static void take_defaults(weft_mpi_config *c)
{
    c->message_bytes = c->message_bytes ? c->message_bytes : WF_AREA_BYTES;
    c->name = c->name ? c->name : "ranks";
}

/* Nothing is exchanged: ranks have what they got at the opening. */
static bool sensible_beside(const weft_mpi_config *c)
{
    return sensible(c) && !c->shared && !c->shared_bytes && !c->start_arg == !c->start_bytes &&
           (c->start || !c->start_bytes);
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
    o->wrong = read && sensible_opening(&o->config, o->ranks) && (o->called || !submits(o)) ? 0 : -EINVAL;
    if (!weft_engine_(WEFT_VERSION_STRING))
        o->wrong = -ELIBBAD;
    if (read && o->config.said)
        o->said = (wf_sentence){.text = o->config.said, .bytes = o->config.said_bytes};
    take_defaults(&o->config);
}

static void fill_card(opening *o, wf_card *card)
{
    weft_pool_info info = {.size = sizeof info};
    card->root = o->config.root;
    card->shared_bytes = o->config.shared_bytes;
    card->err = o->wrong ? o->wrong : wf_card_fill(card);
    if (!card->err)
        card->err = weft_pool_inspect(o->config.pool, &info);
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

/* While it is used: the thread that calls MPI looks without a pause, on the PUs of the pool. */
static void share_cpus(weft_executor *executor, bool begins)
{
    weft_engine_(WEFT_VERSION_STRING)->share(executor, begins);
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

typedef struct job {
    void (*fn)(weft_executor *executor, void *arg);
    void *arg;
    weft_executor *executor;
    wf_fleet *fleet;
} job;

static void *job_main(void *arg)
{
    const job *j = arg;
    wf_thread_name("weft-job");
    j->fn(j->executor, j->arg);
    (void)wf_fleet_clear(j->fleet);
    return NULL;
}

/* The others have begun to serve: they are told that it was all. */
static int call_off(wf_fleet *f, int err)
{
    (void)wf_fleet_clear(f);
    wf_fleet_carry(f);
    wf_fleet_discard(f);
    return err;
}

static int run_job(job *j, const wf_sentence *to)
{
    wf_thread thread;
    wf_fleet *f = j->fleet;
    int err = wf_thread_create(&thread, job_main, j, 0);
    if (err)
        return call_off(f, err);
    wf_fleet_carry(f);
    wf_thread_join(&thread);
    if (*f->hub.wire.said)
        err = wf_sentence_say(to, -EIO, "%s", f->hub.wire.said);
    wf_fleet_discard(f);
    return err;
}

/* A fleet without an executor, of a call that is alone, or whose ranks agree. */
static wf_fleet *assemble(const opening *o, int *err)
{
    unsigned *workers = calloc((size_t)o->ranks, sizeof *workers);
    *err = -ENOMEM;
    for (int r = 0; workers && r < o->ranks; r++)
        workers[r] = r == o->rank ? 0 : o->cards[r].workers;
    wf_fleet *f = workers ? wf_fleet_new(o->comm, workers, o->ranks, o->rank, err) : NULL;
    free(workers);
    return f;
}

/* NULL: no fleet, no executor. */
static wf_fleet *make(const opening *o, weft_executor **executor, int *err)
{
    wf_fleet *f = assemble(o, err);
    if (f)
        *err = wf_fleet_add(f, &o->config, executor);
    if (f && *err) {
        wf_fleet_discard(f);
        return NULL;
    }
    return f;
}

static int lead(opening *o, job *j)
{
    int mine, err;
    wf_fleet *f = make(o, &j->executor, &mine);
    err = all_started(o, mine, 0);
    if (err && f) {
        (void)wf_fleet_clear(f);
        wf_fleet_discard(f);
    }
    if (err)
        return err;
    j->fleet = f;
    o->comm = MPI_COMM_NULL; /* the hub's */
    if (!o->returns)
        return run_job(j, &o->said);
    err = wf_fleet_go_on(f);
    return err ? call_off(f, err) : 0;
}

/* ---- one rank ------------------------------------------------------------------------------------ */

static int alone(const opening *o, job *j)
{
    int err, answered = start_here(o);
    if (answered)
        return wf_sentence_say(&o->said, -ECANCELED, "rank 0: start answered %d", answered);
    wf_fleet *f = make(o, &j->executor, &err);
    if (!f)
        return err;
    f->returns = o->returns;
    if (o->returns)
        return 0;
    j->fn(j->executor, j->arg);
    err = wf_fleet_clear(f);
    wf_fleet_discard(f);
    return err;
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

/* ---- one more ------------------------------------------------------------------------------------ */

/* wf_fleet_add, when start has answered 0 everywhere: what was begun is the user's own. */
static int add(wf_fleet *fleet, const weft_mpi_config *config, weft_executor **executor)
{
    const wf_sentence said = {.text = config->said, .bytes = config->said_bytes};
    int err = wf_fleet_start(fleet, config, &said);
    return err ? err : wf_fleet_add(fleet, config, executor);
}

int weft_mpi_executor_beside(weft_executor **executor, weft_executor *ranks, const weft_mpi_config *given)
{
    weft_mpi_config config;
    weft_pool *pool;
    int err = -EINVAL;
    if (!executor)
        return err;
    *executor = NULL;
    if (!wf_config_read(&config, sizeof config, sizeof config, given) || !sensible_beside(&config))
        return err;
    wf_fleet *fleet = weft_engine_(WEFT_VERSION_STRING) ? wf_fleet_of(ranks, &pool, &err) : NULL;
    if (!fleet)
        return err;
    take_defaults(&config);
    config.pool = config.pool ? config.pool : pool;
    return add(fleet, &config, executor);
}
