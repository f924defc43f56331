/* SPDX-License-Identifier: MIT */
/* mpi/hub.c - see hub.h. */
#include "mpi/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/tunables.h"
#include "os/clock.h"

/* A caller, in his own stack. */
typedef struct wf_visit {
    struct wf_visit *next;
    uint64_t number;
    int rank;
    wf_letter *answer;
    pthread_cond_t came;
} wf_visit;

/* ---- callers ------------------------------------------------------------------------------------- */

/* The one with the fewest calls for its workers. With the lock. */
static int choose(const wf_hub *hub)
{
    int best = -1;
    for (int r = 0; r < hub->ranks; r++) {
        const wf_post *p = &hub->post[r], *b = best < 0 ? NULL : &hub->post[best];
        if (p->workers && (!b || (p->load + 1) * (uint64_t)b->workers < (b->load + 1) * (uint64_t)p->workers))
            best = r;
    }
    return best;
}

/* With the lock. */
static void leave(wf_hub *hub, wf_letter *letter)
{
    letter->next = NULL;
    if (hub->left)
        hub->last_left->next = letter;
    else
        hub->left = letter;
    hub->last_left = letter;
    wf_bell_ring(&hub->bell);
}

static void enter(wf_hub *hub, wf_visit *v, wf_letter *letter)
{
    v->number = letter->head.number = ++hub->number;
    v->rank = letter->rank = choose(hub);
    hub->post[v->rank].load++;
    v->next = hub->calls;
    hub->calls = v;
    leave(hub, letter);
}

static void go(wf_hub *hub, wf_visit *v)
{
    wf_visit **at = &hub->calls;
    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    hub->post[v->rank].load--;
}

/* Each time anew: it may have overtaken the call. Without memory for it the next one does. */
static void leave_stop(wf_hub *hub, const wf_visit *v)
{
    wf_letter *letter = wf_letter_new(0);
    if (!letter)
        return;
    letter->head.kind = WF_LETTER_STOP;
    letter->head.number = v->number;
    letter->rank = v->rank;
    leave(hub, letter);
}

static void await(wf_hub *hub, wf_visit *v, bool (*stop)(void *ctx), void *ctx)
{
    while (!v->answer && !hub->broken) {
        int64_t until = wf_now_ns() + WF_FAR_LOOK_NS;
        struct timespec t = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
        if (!pthread_cond_clockwait(&v->came, &hub->lock, CLOCK_MONOTONIC, &t) || v->answer)
            continue;
        pthread_mutex_unlock(&hub->lock);
        bool stops = stop(ctx);
        pthread_mutex_lock(&hub->lock);
        if (stops && !v->answer)
            leave_stop(hub, v);
    }
}

wf_letter *wf_hub_ask(wf_hub *hub, wf_letter *letter, bool (*stop)(void *ctx), void *ctx, int *rank)
{
    wf_visit v = {.answer = NULL};
    pthread_cond_init(&v.came, NULL);
    pthread_mutex_lock(&hub->lock);
    enter(hub, &v, letter);
    await(hub, &v, stop, ctx);
    go(hub, &v);
    pthread_mutex_unlock(&hub->lock);
    pthread_cond_destroy(&v.came);
    *rank = v.rank;
    return v.answer;
}

void wf_hub_end(wf_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->ends = true;
    for (int r = 0; r < hub->ranks; r++)
        if (hub->post[r].end)
            leave(hub, hub->post[r].end);
    for (int r = 0; r < hub->ranks; r++)
        hub->post[r].end = NULL;
    wf_bell_ring(&hub->bell);
    pthread_mutex_unlock(&hub->lock);
}

/* ---- the thread ---------------------------------------------------------------------------------- */

typedef struct turn {
    wf_letter *left;
    bool awaited; /* somebody waits for an answer */
    bool ends;
} turn;

static turn take(wf_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    turn t = {.left = hub->left, .awaited = hub->calls, .ends = hub->ends};
    hub->left = NULL;
    wf_bell_may_nap(&hub->bell, !t.left && !t.ends);
    pthread_mutex_unlock(&hub->lock);
    return t;
}

static bool send_all(wf_hub *hub, wf_letter *letter)
{
    bool any = letter;
    for (wf_letter *next; letter; letter = next) {
        next = letter->next;
        wf_wire_send(&hub->wire, letter);
    }
    return any;
}

static void hand_over(wf_hub *hub, wf_letter *letter)
{
    pthread_mutex_lock(&hub->lock);
    wf_visit *v = hub->calls;
    while (v && v->number != letter->head.number)
        v = v->next;
    if (v && !v->answer) {
        v->answer = letter;
        pthread_cond_signal(&v->came);
        letter = NULL;
    }
    pthread_mutex_unlock(&hub->lock);
    wf_letter_free(letter);
}

static bool receive_all(wf_hub *hub)
{
    wf_letter *letter;
    bool any = false;
    while ((letter = wf_wire_receive(&hub->wire)) != NULL) {
        hand_over(hub, letter);
        any = true;
    }
    return any;
}

/* Nobody will be answered any more. */
static void tell_broken(wf_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->broken = true;
    for (wf_visit *v = hub->calls; v; v = v->next)
        pthread_cond_signal(&v->came);
    pthread_mutex_unlock(&hub->lock);
}

void wf_hub_run(wf_hub *hub)
{
    for (;;) {
        turn t = take(hub);
        bool any = send_all(hub, t.left);
        any |= receive_all(hub);
        if (*hub->wire.said)
            tell_broken(hub);
        if (t.ends && !t.left && (*hub->wire.said || !wf_wire_busy(&hub->wire)))
            return;
        if (any)
            wf_bell_stir(&hub->bell);
        else
            wf_bell_rest(&hub->bell, *hub->wire.said || (!t.awaited && !wf_wire_busy(&hub->wire)));
    }
}

/* ---- made, and gone ------------------------------------------------------------------------------ */

static int prepare_posts(wf_hub *hub, const unsigned *workers)
{
    hub->post = calloc((size_t)hub->ranks, sizeof *hub->post);
    for (int r = 0; hub->post && r < hub->ranks; r++) {
        wf_letter *end = workers[r] ? wf_letter_new(0) : NULL;
        if (workers[r] && !end)
            return -ENOMEM;
        if (end) {
            end->head.kind = WF_LETTER_END;
            end->rank = r;
        }
        hub->post[r] = (wf_post){.workers = workers[r], .end = end};
    }
    return hub->post ? 0 : -ENOMEM;
}

int wf_hub_init(wf_hub *hub, MPI_Comm comm, const unsigned *workers, int ranks)
{
    *hub = (wf_hub){.ranks = ranks};
    pthread_mutex_init(&hub->lock, NULL);
    wf_wire_init(&hub->wire, comm);
    int err = wf_bell_init(&hub->bell);
    if (!err)
        err = prepare_posts(hub, workers);
    if (err)
        wf_hub_fini(hub);
    return err;
}

void wf_hub_fini(wf_hub *hub)
{
    for (int r = 0; hub->post && r < hub->ranks; r++)
        wf_letter_free(hub->post[r].end);
    free(hub->post);
    wf_wire_fini(&hub->wire);
    wf_bell_fini(&hub->bell);
    pthread_mutex_destroy(&hub->lock);
}
