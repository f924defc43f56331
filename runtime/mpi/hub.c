/* SPDX-License-Identifier: MIT */
/* mpi/hub.c - see hub.h. */
#include "mpi/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/base.h>

#include "base/tunables.h"
#include "os/clock.h"

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

/* Its workers that have no item. With the lock. */
static unsigned idle_of(const wf_post *p)
{
    return p->items < p->workers ? p->workers - (unsigned)p->items : 0;
}

/* The one with the most idle workers; if none has any, that with the fewest calls. With the lock. */
static int choose_idle(const wf_hub *hub)
{
    int best = 0;
    for (int r = 1; r < hub->ranks; r++)
        if (idle_of(&hub->post[r]) > idle_of(&hub->post[best]))
            best = r;
    return idle_of(&hub->post[best]) ? best : choose(hub);
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

/* With the lock. */
static bool have_slot(wf_hub *hub)
{
    if (hub->first_free < hub->room)
        return true;
    uint32_t room = hub->room ? 2 * hub->room : 64;
    wf_slot *slots = realloc(hub->slots, room * sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = hub->room; i < room; i++)
        slots[i] = (wf_slot){.next_free = i + 1};
    hub->slots = slots;
    hub->first_free = hub->room;
    hub->room = room;
    return true;
}

static void enter(wf_hub *hub, wf_call *call)
{
    uint32_t at = hub->first_free;
    wf_slot *slot = &hub->slots[at];
    hub->first_free = slot->next_free < hub->room ? slot->next_free : hub->room;
    hub->used++;
    slot->call = call;
    call->number = call->letter->head.number = (uint64_t)++slot->turn << 32 | at;
    call->rank = call->to_rank ? call->letter->rank : call->part ? choose_idle(hub) : choose(hub);
    call->letter->rank = call->rank;
    call->items = call->given ? call->letter->head.count : 1;
    hub->post[call->rank].load++;
    hub->post[call->rank].items += call->items;
    call->line->away++;
    if (call->given) {
        hub->divisible++;
        call->left = call->items;
        call->since_ns = wf_now_ns();
    }
    leave(hub, call->letter);
}

/* With the lock. The call of that number; NULL: none has it. */
static wf_call *find(const wf_hub *hub, uint64_t number)
{
    uint32_t at = (uint32_t)number;
    wf_call *call = at < hub->room ? hub->slots[at].call : NULL;
    return call && call->number == number ? call : NULL;
}

/* With the lock. */
static void ask(wf_hub *hub, wf_call *call)
{
    call->asked = true;
    call->line->asked++;
    hub->asked++;
}

static void ask_no_more(wf_hub *hub, wf_call *call)
{
    call->line->asked -= call->asked;
    hub->asked -= call->asked;
    call->asked = false;
}

/* With the lock. Out of its slot. */
static wf_call *take_out(wf_hub *hub, uint64_t number)
{
    uint32_t at = (uint32_t)number;
    wf_call *call = find(hub, number);
    if (!call)
        return NULL;
    hub->slots[at].call = NULL;
    hub->slots[at].next_free = hub->first_free;
    hub->first_free = at;
    hub->used--;
    hub->post[call->rank].load--;
    hub->post[call->rank].items -= call->items;
    call->line->away--;
    hub->divisible -= call->given != NULL;
    ask_no_more(hub, call);
    return call;
}

void wf_hub_shared(wf_hub *hub, wf_call *call)
{
    pthread_mutex_lock(&hub->lock);
    ask_no_more(hub, call);
    pthread_mutex_unlock(&hub->lock);
}

int wf_hub_call(wf_hub *hub, wf_call *call)
{
    pthread_mutex_lock(&hub->lock);
    int err = hub->broken ? WEFT_EDIED : have_slot(hub) ? 0 : -ENOMEM;
    if (!err)
        enter(hub, call);
    pthread_mutex_unlock(&hub->lock);
    return err;
}

/* ---- for callers that wait ----------------------------------------------------------------------- */

/* Each time anew: it may have overtaken the call. Without memory for it the next one does. */
static wf_letter *new_stop(const wf_call *call)
{
    wf_letter *letter = wf_letter_new(0);
    if (!letter)
        return NULL;
    letter->head.kind = WF_LETTER_STOP;
    letter->head.number = call->number;
    letter->rank = call->rank;
    return letter;
}

void wf_hub_stop(wf_hub *hub, const wf_call *call)
{
    wf_letter *letter = new_stop(call);
    if (letter)
        leave(hub, letter);
}

bool wf_hub_await(wf_hub *hub, pthread_cond_t *news)
{
    int64_t until = wf_now_ns() + WF_FAR_LOOK_NS;
    struct timespec t = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    return !pthread_cond_clockwait(news, &hub->lock, CLOCK_MONOTONIC, &t);
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
    bool awaited; /* by somebody, or by the thread itself */
    bool divisible;
    bool ends;
} turn;

static turn take(wf_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    turn t = {.left = hub->left,
              .awaited = hub->used || hub->gives,
              .divisible = hub->divisible,
              .ends = hub->ends};
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
    wf_wire_flush(&hub->wire);
    return any;
}

/* Faster is believed at once, slower by and by. */
static void keep_pace(wf_line *line)
{
    int64_t now = wf_now_ns(), since = now - line->pace_ns;
    line->answers++;
    if (since < WF_HUB_PACE_NS)
        return;
    unsigned pace = (unsigned)(line->answers * (int64_t)WF_HUB_PACE_NS / since);
    line->pace = pace > line->pace || since > 8 * WF_HUB_PACE_NS ? pace : (pace + line->pace) / 2;
    line->pace_ns = now;
    line->answers = 0;
    if (line->paced)
        line->paced(line);
}

/* With the lock. As many of its items are its rank's no more. */
static void give_up(wf_hub *hub, wf_call *call, const wf_letter *list)
{
    uint64_t count = list->head.bytes / sizeof(uint64_t);
    if (!list->head.status)
        call->left = count;
    call->items -= count;
    hub->post[call->rank].items -= count;
    call->since_ns = wf_now_ns();
}

/* Of a call that was answered meanwhile nothing is done: the answer has said the same. */
static void tell_given(wf_hub *hub, wf_letter *list)
{
    pthread_mutex_lock(&hub->lock);
    wf_call *call = find(hub, list->head.number);
    if (call)
        give_up(hub, call, list);
    pthread_mutex_unlock(&hub->lock);
    if (call && list->head.bytes) {
        call->given(call, list);
        return;
    }
    wf_letter_free(list);
    if (call)
        wf_hub_shared(hub, call);
}

static void hand_over(wf_hub *hub, wf_letter *letter)
{
    if (letter->head.kind == WF_LETTER_GIVEN) {
        hub->gives--;
        tell_given(hub, letter);
        return;
    }
    pthread_mutex_lock(&hub->lock);
    wf_call *call = take_out(hub, letter->head.number);
    pthread_mutex_unlock(&hub->lock);
    if (call) {
        keep_pace(call->line);
        call->answered(call, letter);
    } else {
        wf_letter_free(letter);
    }
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
    for (uint32_t i = 0; hub->used && i < hub->room; i++) {
        wf_call *call = hub->slots[i].call;
        if (!call)
            continue;
        (void)take_out(hub, call->number);
        pthread_mutex_unlock(&hub->lock);
        call->answered(call, NULL);
        pthread_mutex_lock(&hub->lock);
    }
    pthread_mutex_unlock(&hub->lock);
}

/* T4 */
static void look_for_stops(wf_hub *hub)
{
    int64_t now = wf_now_ns();
    if (now < hub->look_ns)
        return;
    hub->look_ns = now + WF_FAR_LOOK_NS;
    pthread_mutex_lock(&hub->lock);
    for (uint32_t i = 0; hub->used && i < hub->room; i++) {
        const wf_call *call = hub->slots[i].call;
        wf_letter *letter = call && call->stops && call->stops(call) ? new_stop(call) : NULL;
        if (letter)
            wf_wire_send(&hub->wire, letter);
    }
    pthread_mutex_unlock(&hub->lock);
    wf_wire_flush(&hub->wire);
}

/* May one more of its executor's calls be away? */
static bool has_room(const wf_line *line)
{
    return !line->most || line->away + line->asked < line->most;
}

/* Has its rank more than its workers can begin? With the lock. */
static bool has_more(const wf_hub *hub, const wf_call *call)
{
    const wf_post *p = &hub->post[call->rank];
    return p->items > p->workers;
}

/* The one with most left of those that are away for long; NULL: none. With the lock. */
static wf_call *find_late(const wf_hub *hub, int64_t now)
{
    wf_call *best = NULL;
    for (uint32_t i = 0; i < hub->room; i++) {
        wf_call *call = hub->slots[i].call;
        if (call && call->given && !call->asked && now - call->since_ns >= WF_HUB_LATE_NS &&
            has_more(hub, call) && has_room(call->line) && call->left > (best ? best->left : 0))
            best = call;
    }
    return best;
}

static wf_letter *new_give(const wf_hub *hub, const wf_call *call, unsigned idle)
{
    const wf_wish wish = {.workers = hub->post[call->rank].workers, .others = idle};
    wf_letter *letter = wf_letter_new(sizeof wish);
    if (!letter)
        return NULL;
    letter->head.kind = WF_LETTER_GIVE;
    letter->head.number = call->number;
    letter->rank = call->rank;
    memcpy(letter->bytes, &wish, sizeof wish);
    return letter;
}

/* For one rank's idle workers. With the lock. */
static bool ask_for_part(wf_hub *hub, unsigned idle, int64_t now)
{
    wf_call *call = find_late(hub, now);
    wf_letter *letter = call ? new_give(hub, call, idle) : NULL;
    if (!letter)
        return false;
    ask(hub, call);
    hub->gives++;
    wf_wire_send(&hub->wire, letter);
    return true;
}

/* T6. For some of these ranks it was done already. */
static bool divide(wf_hub *hub)
{
    int64_t now = wf_now_ns();
    bool any = false;
    if (now < hub->divide_ns)
        return false;
    hub->divide_ns = now + WF_HUB_LATE_NS / 4;
    pthread_mutex_lock(&hub->lock);
    uint32_t served = hub->asked;
    for (int r = 0; r < hub->ranks; r++) {
        unsigned idle = idle_of(&hub->post[r]);
        if (!idle || (served && served--))
            continue;
        if (!ask_for_part(hub, idle, now))
            break;
        any = true;
    }
    pthread_mutex_unlock(&hub->lock);
    wf_wire_flush(&hub->wire);
    return any;
}

static bool is_over(const wf_hub *hub, const turn *t)
{
    return t->ends && !t->left && (*hub->wire.said || !(hub->gives || wf_wire_busy(&hub->wire)));
}

/* T5 */
static int64_t nap_of(const wf_hub *hub, const turn *t)
{
    bool busy = wf_wire_busy(&hub->wire);
    if (*hub->wire.said || !(t->awaited || busy))
        return -1;
    return busy ? WF_BELL_SHORT_NS : WF_BELL_LONG_NS;
}

static _Thread_local const wf_hub *carried;

bool wf_hub_is_carrier(const wf_hub *hub)
{
    return carried == hub;
}

static void run(wf_hub *hub)
{
    for (;;) {
        turn t = take(hub);
        bool any = send_all(hub, t.left);
        any |= receive_all(hub);
        if (t.awaited)
            look_for_stops(hub);
        if (t.divisible)
            any |= divide(hub);
        if (*hub->wire.said)
            tell_broken(hub);
        if (is_over(hub, &t))
            return;
        if (any)
            wf_bell_stir(&hub->bell);
        else
            wf_bell_rest(&hub->bell, nap_of(hub, &t));
    }
}

void wf_hub_run(wf_hub *hub)
{
    carried = hub;
    run(hub);
    carried = NULL;
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
    *hub = (wf_hub){.ranks = ranks, .wire.probed = MPI_MESSAGE_NULL};
    pthread_mutex_init(&hub->lock, NULL);
    int err = wf_bell_init(&hub->bell);
    if (!err)
        err = wf_wire_init(&hub->wire, comm);
    if (!err)
        err = prepare_posts(hub, workers);
    if (err)
        wf_hub_fini(hub);
    return err;
}

void wf_hub_fini(wf_hub *hub)
{
    for (wf_letter *next; hub->left; hub->left = next) { /* it never ran */
        next = hub->left->next;
        wf_letter_free(hub->left);
    }
    for (int r = 0; hub->post && r < hub->ranks; r++)
        wf_letter_free(hub->post[r].end);
    free(hub->post);
    free(hub->slots);
    wf_wire_fini(&hub->wire);
    wf_bell_fini(&hub->bell);
    pthread_mutex_destroy(&hub->lock);
}
