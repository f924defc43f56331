/* SPDX-License-Identifier: MIT */
/* sched/home.c - see home.h. */
#include "sched/home.h"

#include <errno.h>

#include "os/thread.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/sleep.h"
#include "sched/spare.h"

static wf_inbox *inbox_of_node(const weft_pool *pool, unsigned node, int band)
{
    return wf_inbox_in(&pool->inboxes[node * WF_BANDS + WF_STRICT], band);
}

static wf_inbox *strict_of_node(const weft_pool *pool, unsigned node)
{
    return inbox_of_node(pool, node, WF_STRICT);
}

static wf_inbox *strict_inbox(const weft_pool *pool, wf_home home)
{
    return home.kind == WF_AT_WORKER ? &pool->places[home.worker].only
           : home.kind == WF_IN_AREA ? &pool->areas[home.area]
                                     : strict_of_node(pool, home.node);
}

/* ---- who is there -------------------------------------------------------------------------------- */

/* Behind a look at pool->bands. */
static uint32_t areas_of(const wf_place *place)
{
    return wf_load_relaxed(&place->areas); /* ordered by pair SL2 */
}

static bool is_home(const weft_pool *pool, unsigned worker, wf_home home)
{
    const wf_place *place = &pool->places[worker];
    return home.kind == WF_AT_WORKER ? worker == home.worker
           : home.kind == WF_IN_AREA ? areas_of(place) >> home.area & 1
                                     : place->node == home.node;
}

static bool sits(const wf_worker *worker)
{
    return wf_load_seq_cst(&worker->duty) == WF_SITS; /* pair HM1 -> wf_dismiss(): H3 */
}

/* How a home's workers stand to it; the first that holds for one of them. GONE: nobody comes, nor will a spare. */
enum care { IDLE, AWAY, BUSY, GONE };

/* A spare works in its stead, and will look again. */
static bool has_stand_in(const wf_worker *worker)
{
    const weft_pool *pool = worker->pool;
    uint32_t spare = wf_load_seq_cst(&pool->places[worker->index].stand_in); /* pair HM2 -> wf_home_left() */
    return spare && wf_load_seq_cst(&wf_worker_at(pool, spare - 1)->mode) == WF_ACTIVE; /* pair SL4 */
}

static enum care care_of(const wf_worker *worker)
{
    uint32_t mode = wf_load_seq_cst(&worker->mode); /* pair SL4 -> wf_block_begin(): H3 */
    if (!sits(worker))
        return GONE;
    if (mode != WF_WAITING && mode != WF_STILL)
        return mode == WF_IDLE ? IDLE : BUSY;
    if (!worker->pool->spares.most)
        return GONE;
    return has_stand_in(worker) ? BUSY : AWAY;
}

static enum care care_at(const weft_pool *pool, wf_home home)
{
    enum care best = GONE;
    if (home.kind == WF_AT_WORKER)
        return care_of(wf_worker_at(pool, home.worker));
    for (unsigned i = 0; i < pool->workers && best != IDLE; i++)
        if (is_home(pool, i, home)) {
            enum care care = care_of(wf_worker_at(pool, i));
            best = care < best ? care : best;
        }
    return best;
}

/* ---- finding ------------------------------------------------------------------------------------- */

static bool find_worker(const weft_pool *pool, unsigned worker, wf_home *home)
{
    *home = (wf_home){
        .kind = WF_AT_WORKER, .node = (uint16_t)pool->places[worker].node, .worker = (uint16_t)worker};
    return sits(wf_worker_at(pool, worker));
}

/* node: the kernel's. */
static bool find_node(const weft_pool *pool, int node, wf_home *home)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (pool->machine->pu[wf_worker_at(pool, i)->pu].node == node && sits(wf_worker_at(pool, i))) {
            *home = (wf_home){.kind = WF_ON_NODE, .node = (uint16_t)pool->places[i].node};
            return true;
        }
    return false;
}

int wf_home_find(weft_pool *pool, int node, int worker, int strict, wf_home *home)
{
    *home = (wf_home){.kind = WF_NEAR};
    if (node < 0 || worker < 0 || worker > (int)pool->workers || (node && worker) ||
        (strict != 0 && strict != 1) || (strict && !node && !worker))
        return -EINVAL;
    bool there =
        worker ? find_worker(pool, (unsigned)worker - 1, home) : node && find_node(pool, node - 1, home);
    if (!strict)
        return 0;
    if (!there)
        return -ENODEV;
    home->strict = 1;
    (void)wf_or_seq_cst(&pool->bands, (uint32_t)WF_SOME_STRICT); /* pair SL2 -> some_strict(): before H1 */
    return 0;
}

wf_inbox *wf_home_inbox(const weft_pool *pool, const wf_worker *self, wf_home home, int priority)
{
    if (home.strict)
        return strict_inbox(pool, home);
    unsigned node = home.kind != WF_NEAR  ? home.node
                    : self && self->place ? self->place->node
                                          : wf_node_near(pool);
    return inbox_of_node(pool, node, priority);
}

/* ---- waking -------------------------------------------------------------------------------------- */

static void call_sentinel(weft_pool *pool, wf_home home)
{
    int sentinel = wf_sleep_census(pool).sentinel;
    if (sentinel >= 0 && is_home(pool, (unsigned)sentinel, home))
        wf_urge(pool);
}

static bool wake_in_area(weft_pool *pool, wf_worker *self, wf_home home)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (is_home(pool, i, home) && wf_wake_worker(wf_worker_at(pool, i), self))
            return true;
    return false;
}

static bool wake_one_of(weft_pool *pool, wf_worker *self, wf_home home)
{
    return home.kind == WF_AT_WORKER ? wf_wake_worker(wf_worker_at(pool, home.worker), self)
           : home.kind == WF_IN_AREA ? wake_in_area(pool, self, home)
                                     : wf_wake_on_node(pool, self, home.node);
}

static void published_strictly(weft_pool *pool, wf_worker *self, wf_home home)
{
    if (wake_one_of(pool, self, home))
        return;
    call_sentinel(pool, home);
    enum care care = care_at(pool, home);
    if (care == AWAY || care == GONE)
        (void)wf_home_see_to(pool);
}

/* Does somebody of the node search or nap? Then he comes first by himself, or at least soon. */
static bool is_awake_on(const weft_pool *pool, unsigned node)
{
    for (unsigned i = 0; i < pool->workers; i++) {
        const wf_worker *worker = wf_worker_at(pool, i);
        if (pool->places[i].node == node && care_of(worker) == IDLE && !wf_sleeps(worker))
            return true;
    }
    return false;
}

/* One look at the node's workers is what it costs, as a wake that finds nobody does. */
static bool wake_preferred(weft_pool *pool, wf_worker *self, wf_home home)
{
    if (home.kind == WF_AT_WORKER && wf_wake_worker(wf_worker_at(pool, home.worker), self))
        return true;
    return !is_awake_on(pool, home.node) && wf_wake_on_node(pool, self, home.node);
}

void wf_home_published(weft_pool *pool, wf_worker *self, wf_home home)
{
    if (home.strict)
        published_strictly(pool, self, home);
    else if (!wake_preferred(pool, self, home))
        wf_notify_task(pool, self);
}

/* ---- taking -------------------------------------------------------------------------------------- */

static bool some_strict(const weft_pool *pool)
{
    return wf_load_seq_cst(&pool->bands) & WF_SOME_STRICT; /* pair SL2 -> wf_home_find() */
}

static wf_task *take_from(wf_inbox *inbox)
{
    wf_link *link;
    return wf_inbox_take(inbox, &link, 1) ? (wf_task *)(void *)link : NULL;
}

/* The first area of the place, from that one on, for which something lies. */
static bool find_area(const weft_pool *pool, const wf_place *place, unsigned *area)
{
    for (uint32_t left = areas_of(place) >> *area; left; left >>= 1, ++*area)
        if (left & 1 && wf_inbox_visible(&pool->areas[*area]))
            return true;
    return false;
}

static wf_task *take_in_areas(const weft_pool *pool, const wf_place *place)
{
    wf_task *task = NULL;
    for (unsigned area = 0; !task && find_area(pool, place, &area); area++)
        task = take_from(&pool->areas[area]);
    return task;
}

/* Of the place first: nobody else comes for that. */
static wf_task *take_at(const weft_pool *pool, wf_place *place)
{
    wf_task *task = take_from(&place->only);
    if (!task)
        task = take_from(strict_of_node(pool, place->node));
    return task ? task : take_in_areas(pool, place);
}

wf_task *wf_home_take(wf_worker *self)
{
    wf_task *task = take_at(self->pool, self->place);
    if (task)
        wf_count(&self->counters.fetches);
    return task;
}

static bool is_visible_at(const weft_pool *pool, const wf_place *place)
{
    unsigned area = 0;
    return wf_inbox_visible(&place->only) || wf_inbox_visible(strict_of_node(pool, place->node)) ||
           find_area(pool, place, &area);
}

bool wf_home_visible(const wf_worker *self)
{
    return some_strict(self->pool) && is_visible_at(self->pool, self->place);
}

void wf_home_pass_on(wf_worker *self)
{
    weft_pool *pool = self->pool;
    if (!some_strict(pool))
        return;
    if (wf_inbox_visible(strict_of_node(pool, self->place->node)))
        (void)wf_wake_on_node(pool, self, self->place->node);
    for (unsigned area = 0; find_area(pool, self->place, &area); area++)
        (void)wake_in_area(pool, self, (wf_home){.kind = WF_IN_AREA, .area = (uint8_t)area});
}

/* Claims the place of one that is away: NULL: another spare has, or there is nothing. */
static wf_task *take_in_stead(wf_worker *spare, wf_worker *away)
{
    wf_place *place = away->place;
    uint32_t before = wf_load_relaxed(&place->stand_in); /* re-checked by the exchange */
    /* pair HM2 -> has_stand_in() */
    if (!is_visible_at(spare->pool, place) || care_of(away) != AWAY ||
        !wf_cas_seq_cst(&place->stand_in, &before, spare->index + 1))
        return NULL;
    wf_task *task = take_at(spare->pool, place);
    if (!task) {
        wf_home_left(spare, away);
        wf_thread_yield(); /* half-way in, or another takes: a few instructions of theirs */
    }
    return task;
}

wf_task *wf_home_take_for_other(wf_worker *spare, wf_worker **away)
{
    weft_pool *pool = spare->pool;
    wf_task *task = NULL;
    unsigned reach = some_strict(pool) ? wf_reach(pool) : 0;
    for (unsigned i = 0; i < reach && !task; i++) {
        *away = wf_worker_at(pool, i);
        task = take_in_stead(spare, *away);
    }
    if (task)
        (void)wf_home_see_to(pool);
    return task;
}

void wf_home_left(wf_worker *spare, wf_worker *away)
{
    uint32_t own = spare->index + 1;
    /* pair HM2 -> has_stand_in(): H3; another may have come while this one waited */
    (void)wf_cas_seq_cst(&away->place->stand_in, &own, 0u);
}

/* ---- may it run here? ---------------------------------------------------------------------------- */

bool wf_home_is_here(const wf_worker *self, wf_home home)
{
    if (!home.strict)
        return true;
    return self && self->place && is_home(self->pool, self->index, home);
}

bool wf_home_admits(const wf_worker *self, const wf_task *task)
{
    const wf_inbox *inbox =
        wf_load_relaxed(&task->inbox); /* hint: one that has strayed may run where it was to */
    if (!inbox || !inbox->bound)
        return true;
    if (!self || !self->place)
        return false;
    for (unsigned area = 0; area < WF_AREAS_MAX; area++)
        if (inbox == &self->pool->areas[area])
            return areas_of(self->place) >> area & 1;
    return inbox == &self->place->only || inbox == strict_of_node(self->pool, self->place->node);
}

/* ---- nobody comes ------------------------------------------------------------------------------- */

void wf_home_strayed(weft_pool *pool)
{
    wf_count_shared(&pool->outside.strayed);
}

/* One that is half-way in, or behind another taker's lock, is waited for. How many. */
static unsigned move(wf_inbox *from, wf_inbox *to)
{
    unsigned moved = 0;
    while (wf_inbox_visible(from)) {
        wf_task *task = take_from(from);
        if (!task) {
            wf_thread_yield();
            continue;
        }
        wf_store_relaxed(&task->inbox, to); /* hint: nobody sweeps for it, else */
        wf_inbox_put(to, &task->link);
        moved++;
    }
    return moved;
}

/* To the others of its node; true: a spare is wanted. */
static bool see_to_place(weft_pool *pool, unsigned index)
{
    wf_place *place = &pool->places[index];
    if (!wf_inbox_visible(&place->only))
        return false;
    enum care care = care_of(wf_worker_at(pool, index));
    if (care == GONE && move(&place->only, strict_of_node(pool, place->node)))
        (void)wf_wake_on_node(pool, NULL, place->node);
    return care == AWAY;
}

/* Of a node, or an area: to where anybody takes it. */
static bool see_to_all(weft_pool *pool, wf_home home, unsigned node)
{
    wf_inbox *inbox = strict_inbox(pool, home);
    if (!wf_inbox_visible(inbox))
        return false;
    enum care care = care_at(pool, home);
    for (unsigned moved = care == GONE ? move(inbox, inbox_of_node(pool, node, 0)) : 0; moved; moved--) {
        wf_home_strayed(pool);
        wf_notify_task(pool, NULL);
    }
    return care == AWAY;
}

bool wf_home_see_to(weft_pool *pool)
{
    bool wanted = false;
    if (!some_strict(pool))
        return false;
    for (unsigned i = 0; i < pool->workers; i++)
        wanted |= see_to_place(pool, i);
    for (unsigned i = 0; i < pool->nodes; i++)
        wanted |= see_to_all(pool, (wf_home){.kind = WF_ON_NODE, .node = (uint16_t)i}, i);
    for (unsigned i = 0; i < WF_AREAS_MAX; i++)
        wanted |= see_to_all(pool, (wf_home){.kind = WF_IN_AREA, .area = (uint8_t)i}, wf_node_near(pool));
    if (wanted && wf_place_for_spare(pool))
        wf_spare_call(pool, 1);
    return wanted;
}

/* ---- for people ---------------------------------------------------------------------------------- */

uint64_t wf_home_backlog(const weft_pool *pool, wf_home home)
{
    return wf_inbox_backlog(wf_home_inbox(pool, NULL, home, 0));
}

const char *wf_home_waits_for(const weft_pool *pool, wf_home home)
{
    static const char *const words[] = {"on its way", "away, for a spare", "busy", "gone"};
    return words[care_at(pool, home)];
}
