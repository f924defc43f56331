/* SPDX-License-Identifier: MIT */
/* sched/loop.c - see loop.h. */
#include "sched/loop.h"

#include "base/annotate.h"
#include "os/clock.h"
#include "sched/block.h"
#include "sched/eye.h"
#include "sched/inside.h"
#include "sched/layout.h"
#include "sched/note.h"
#include "sched/presence.h"
#include "sched/sleep.h"
#include "sched/steal.h"
#include "sched/visible.h"

/* Roots count from 1: worker index and nesting depth. */
static uint32_t root_number(const wf_worker *owner, unsigned depth)
{
    return owner->index * WF_LOOP_DEPTH + depth + 1;
}

static wf_worker *root_owner(const weft_pool *pool, uint32_t root)
{
    return wf_worker_at(pool, (root - 1) / WF_LOOP_DEPTH);
}

static wf_loop *root_loop(const weft_pool *pool, uint32_t root)
{
    return &root_owner(pool, root)->loops[(root - 1) % WF_LOOP_DEPTH];
}

/* ---- blocks ------------------------------------------------------------------------------------ */

/*
 * How many units the next block has at most, after one of `units` that lasted `ticks`: what lasts WF_BLOCK_NS, or all
 * that is left there if that is short; but never many times what was measured, for the next items may be heavy ones.
 */
static uint32_t next_block(const weft_pool *pool, wf_loop *mine, const wf_range *from, bool laid,
                           uint32_t units, uint64_t ticks)
{
    uint64_t each = ticks / units + 1, most = (uint64_t)units * WF_BLOCK_GROWTH;
    uint32_t left = wf_span_units(wf_range_peek(from));
    /* A block as short as that measures the call more than the units. */
    wf_store_relaxed(&mine->unit_ticks, ticks * 16 < pool->short_ticks ? 0 : each); /* hint */
    bool others = laid && !left; /* of another range; else nothing is divided for what is not there */
    uint64_t fit = !others && left * each < pool->short_ticks ? left : pool->block_ticks / each;
    fit = fit < most ? fit : most;
    return fit < 1 ? 1 : (uint32_t)fit;
}

/* Is what is left known to last that long? */
static bool lasts(const wf_worker *self, const wf_loop *mine, bool laid, uint64_t ticks)
{
    uint64_t left = laid ? wf_units_of(self) : wf_span_units(wf_range_peek(&mine->range));
    return left * mine->unit_ticks >= ticks;
}

/* It lasts: others should come. Pieces tell, too: if each thief only woke one when it comes, sleepers would come one
 * after the other. */
static void tell(wf_worker *self, bool laid)
{
    if (laid)
        wf_layout_call(self, self);
    if (!wf_wake_origin(self))
        wf_notify(self, WF_PLENTY);
}

/* Of this range; of a loop that is laid out then of another. */
static bool take_block(wf_worker *self, bool laid, wf_range **from, uint32_t units, wf_span *block)
{
    while (!wf_range_take(*from, units, block)) {
        wf_range *next = laid ? wf_layout_next(self) : NULL;
        if (!next)
            return false;
        *from = next;
    }
    return true;
}

static void run_block(const wf_loop *root, wf_span block, void **state)
{
    bool last = block.end > root->items / root->unit; /* or the product would pass items, or wrap */
    size_t begin = block.begin * root->unit, end = last ? root->items : block.end * root->unit;
    if (root->body)
        root->body(root->begin + begin, root->begin + end, root->ctx);
    else
        root->stateful->block(root->begin + begin, root->begin + end, state, root->ctx);
}

static void end_state(const wf_loop *root, void *state)
{
    if (!root->body)
        root->stateful->end(state, root->ctx);
}

/* The unit at the near end, which its runner keeps; the rest is for all. */
static wf_span keep_first(wf_span *span)
{
    wf_span first = *span;
    if (span->backwards)
        first.begin = --span->end;
    else
        first.end = ++span->begin;
    return first;
}

/* The block that self has, then others until nothing remains of mine->range, nor, laid out, of what nobody took from
 * the loop; the units that were run here. */
static inline __attribute__((always_inline)) uint32_t run_all(wf_worker *self, wf_loop *mine,
                                                              const wf_loop *root, wf_span block, bool laid)
{
    const weft_pool *pool = self->pool;
    uint32_t units, all = 0;
    uint64_t before = wf_ticks();
    bool told = false, more;
    void *state = NULL;
    wf_range *from = &mine->range;
    do {
        run_block(root, block, &state);
        all += wf_span_units(block);
        uint64_t now = wf_ticks(), lasted = now - before;
        lasted = lasted > pool->clock_ticks ? lasted - pool->clock_ticks : 0;
        units = next_block(pool, mine, from, laid, wf_span_units(block), lasted);
        before = now;
        if (!told && lasts(self, mine, laid, 2 * pool->block_ticks)) {
            told = true;
            tell(self, laid);
        }
        more = take_block(self, laid, &from, units, &block);
        if (laid)
            wf_layout_end_if_empty(self);
    } while (more);
    end_state(root, state);
    return all;
}

static uint32_t run_blocks(wf_worker *self, wf_loop *mine, const wf_loop *root, wf_span block)
{
    return run_all(self, mine, root, block, false);
}

/* ---- pieces ------------------------------------------------------------------------------------ */

/* The last depth is kept to offer from, which nests nothing. */
static wf_loop *open_loop(wf_worker *self)
{
    return self->loops_open < WF_LOOP_DEPTH - 1 ? &self->loops[self->loops_open++] : NULL;
}

static void close_loop(wf_worker *self, wf_loop *mine)
{
    wf_range_stop(&mine->range);
    self->loops_open--;
}

/* What is forked from here on lies above the piece. */
static void start(wf_worker *self, wf_loop *mine, wf_span span)
{
    uint64_t above = (uint64_t)wf_stack_depth(&self->stack) << 32 | wf_stack_epoch(&self->stack);
    wf_store_relaxed(&mine->piece, above);             /* ordered by pair RG1: before the range */
    wf_store_relaxed(&mine->unit_ticks, (uint64_t)0);  /* hint */
    wf_store_relaxed(&mine->starts, mine->starts + 1); /* hint */
    wf_range_start(&mine->range, span);
}

/* A range is open: the owner of what self runs may help, and somebody should watch it. */
static void announce(wf_worker *self, uint32_t units)
{
    (void)wf_wake_origin(self);
    if (units > 1)
        wf_notify(self, WF_CRUMB);
}

/* At a depth of its own, or with none left as one block; the units that were run here. */
static uint32_t run_piece(wf_worker *self, wf_loop *mine, const wf_loop *root, wf_span span)
{
    uint32_t units = wf_span_units(span);
    if (!mine) {
        void *state = NULL;
        run_block(root, span, &state);
        end_state(root, state);
        return units;
    }
    wf_span first = keep_first(&span);
    span.backwards = span.backwards && root->body;
    start(self, mine, span);
    announce(self, units);
    units = run_blocks(self, mine, root, first);
    close_loop(self, mine);
    return units;
}

void wf_loop_run_piece(wf_worker *self, const wf_piece *piece)
{
    wf_loop *root = root_loop(self->pool, piece->span.root);
    wf_worker *owner = root_owner(self->pool, piece->span.root);
    wf_frame outer;
    wf_running part;
    uint32_t epoch = wf_stack_enter(&self->stack);
    wf_frame_begin(self, (wf_origin){.what = WF_PIECE, .loop = root, .owner = owner}, &outer);
    wf_tsan_acquire(root);
    wf_part_begin(self, &part, root->inside);
    uint32_t units = run_piece(self, open_loop(self), root, piece->span);
    wf_part_end(self, &part);
    wf_tsan_release(root);
    wf_frame_end(self, &outer);
    wf_stack_leave(&self->stack, epoch);
    if (wf_latch_down(&root->latch, units))
        wf_wake_waiter(self, owner);
}

/* ---- cutting ----------------------------------------------------------------------------------- */

/* A short range is left to its runner, unless it stood still since the last look a while ago. */
static bool worth_it(const wf_worker *self, wf_loop *from, wf_span seen)
{
    uint64_t each = wf_load_relaxed(&from->unit_ticks); /* hint */
    if (each && wf_span_units(seen) * each >= self->pool->short_ticks)
        return true;
    uint64_t sight = seen.begin ^ (uint64_t)seen.end << 23 ^ wf_load_relaxed(&from->starts) << 46; /* hint */
    return wf_eye(&from->sight, sight) > self->pool->short_ticks;
}

static bool cut(wf_worker *self, wf_loop *from, wf_span seen, wf_span *piece)
{
    if (!wf_range_cut(&from->range, seen, piece))
        return false;
    wf_count(&self->counters.cuts);
    return true;
}

bool wf_loop_cut(wf_worker *self, wf_worker *victim, wf_piece *piece)
{
    for (unsigned depth = 0; depth < WF_LOOP_DEPTH; depth++) {
        wf_loop *from = &victim->loops[depth];
        wf_span seen = wf_range_peek(&from->range);
        if (!seen.root)
            return false;
        if (!wf_span_units(seen) || !worth_it(self, from, seen))
            continue;
        piece->from = from;
        if (cut(self, from, seen, &piece->span))
            return true;
    }
    return false;
}

/* ---- the owner's wait -------------------------------------------------------------------------- */

/*
 * Something that belongs to the loop: units of it; children forked above a piece of it; units of a loop that
 * runs inside such a piece. The last two only as long as victim is in that very piece, which `above` tells: it
 * holds an epoch that no other piece has.
 */
typedef struct wf_help {
    wf_worker *victim;
    wf_loop *ours;  /* victim's range of a piece of the loop */
    uint64_t above; /* what victim forks there */
    wf_piece piece; /* units to cut; none: children */
} wf_help;

static bool cuttable(wf_worker *self, wf_loop *from, bool eager, wf_piece *piece)
{
    *piece = (wf_piece){.from = from, .span = wf_range_peek(&from->range)};
    return wf_span_units(piece->span) && (eager || worth_it(self, from, piece->span));
}

static bool children(const wf_help *help)
{
    return wf_stack_public_above(&help->victim->stack, (uint32_t)(help->above >> 32), (uint32_t)help->above);
}

/* What there is at and above victim's piece. */
static bool find_help_in(wf_worker *self, unsigned depth, bool eager, wf_help *help)
{
    help->ours = &help->victim->loops[depth];
    help->above = wf_load_relaxed(&help->ours->piece); /* re-checked by still_in() */
    if (cuttable(self, help->ours, eager, &help->piece) || children(help))
        return true;
    if (wf_ask(self, help->victim) && children(help))
        return true;
    while (++depth < WF_LOOP_DEPTH) {
        if (cuttable(self, &help->victim->loops[depth], eager, &help->piece))
            return true;
        if (!help->piece.span.root)
            break;
    }
    return false;
}

static bool find_help_at(wf_worker *self, uint32_t root, bool eager, wf_help *help)
{
    for (unsigned depth = 0; depth < WF_LOOP_DEPTH; depth++) {
        uint32_t at = wf_range_peek(&help->victim->loops[depth].range).root;
        if (!at)
            return false;
        if (at == root)
            return find_help_in(self, depth, eager, help);
    }
    return false;
}

/* eager: the last look before sleep, whatever it is worth. */
static bool find_help(wf_worker *self, uint32_t root, bool eager, wf_help *help)
{
    const weft_pool *pool = self->pool;
    unsigned reach = wf_load_relaxed(&pool->reach);            /* hint: all are looked at again */
    unsigned all = reach + wf_load_relaxed(&pool->seats_used); /* hint, too */
    for (unsigned i = 0; i < all; i++) {
        help->victim = wf_worker_at(pool, i < reach ? i : pool->workers + i - reach);
        if (help->victim != self && find_help_at(self, root, eager, help))
            return true;
    }
    return false;
}

/* Is victim still in the piece in which help was found? Who cut units there, or saw its children, knows of a later one. */
static bool still_in(const wf_help *help, uint32_t root)
{
    uint64_t above = wf_load_relaxed(&help->ours->piece); /* ordered by pair RG1, or TS2 */
    return above == help->above && wf_range_peek(&help->ours->range).root == root;
}

/* Units that turned out to be none of our business: offered from here until others have taken them. Their own
 * loop's owner will, at the latest: it comes to wait for them. (Limit: until then self waits for an unrelated loop,
 * without running any of it. It takes a range that recurred bit by bit between a peek and an exchange.) */
static void offer_again(wf_worker *self, const wf_piece *piece)
{
    wf_loop *mine = &self->loops[self->loops_open++];
    uint32_t epoch = wf_stack_enter(&self->stack); /* a piece as any other to its loop's owner */
    start(self, mine, piece->span);
    const weft_pool *pool = self->pool;
    if (wf_latch_is_parked(&root_loop(pool, piece->span.root)->latch))
        wf_wake_waiter(self, root_owner(pool, piece->span.root));
    wf_notify(self, WF_PLENTY);
    while (wf_span_units(wf_range_peek(&mine->range)))
        wf_thread_yield();
    close_loop(self, mine);
    wf_stack_leave(&self->stack, epoch);
}

static void give_help(wf_worker *self, uint32_t root, wf_help *help)
{
    wf_piece *piece = &help->piece;
    if (piece->span.root && wf_span_units(piece->span)) {
        if (!cut(self, piece->from, piece->span, &piece->span))
            return;
        if (piece->span.root == root || still_in(help, root))
            wf_loop_run_piece(self, piece);
        else
            offer_again(self, piece);
    } else if (still_in(help, root)) {
        uint32_t top = (uint32_t)(help->above >> 32), epoch = (uint32_t)help->above;
        weft_slot_ *slot = wf_stack_steal_above(&help->victim->stack, top, epoch);
        if (slot) {
            wf_count(&self->counters.leapfrogs);
            wf_steal_run(self, help->victim, slot);
        }
    }
}

static void wait_for(wf_worker *self, wf_loop *mine, uint32_t root)
{
    uint64_t since = wf_ticks();
    wf_help help;
    while (!wf_latch_open(&mine->latch)) {
        if (find_help(self, root, false, &help)) {
            give_help(self, root, &help);
            since = wf_ticks();
        } else if (wf_ticks() - since < wf_load_relaxed(&self->pool->wait_ticks)) { /* hint */
            wf_pause_in(self->pool);
        } else {
            wf_block_begin(self, WF_FOR_LOOP, mine);
            if (wf_latch_park(&mine->latch)) {
                if (!find_help(self, root, true, &help)) {
                    wf_hand_over_tasks(self->pool);
                    wf_park(&self->parker, WF_FOREVER);
                }
                wf_latch_unpark(&mine->latch);
            }
            wf_block_end(self);
        }
    }
}

/* ---- the owner --------------------------------------------------------------------------------- */

/* Over the nodes; planned: NULL, or in which way. The first unit stays with who begins. */
__attribute__((noinline)) static uint32_t run_laid_out(wf_worker *self, wf_loop *mine, wf_span all,
                                                       const wf_plan *planned)
{
    wf_plan plan;
    wf_span first = {.end = 1, .root = all.root}, own = {.begin = 1, .end = all.end, .root = all.root};
    if (!planned && wf_layout_by_places(self->pool, mine->items, &plan))
        planned = &plan;
    if (planned)
        own = wf_layout_lay(self, planned, all.root);
    start(self, mine, own);
    announce(self, all.end);
    return run_all(self, mine, mine, first, true);
}

static uint32_t run_own(wf_worker *self, wf_loop *mine, wf_span span)
{
    wf_span first = keep_first(&span);
    start(self, mine, span);
    announce(self, span.end);
    return run_blocks(self, mine, mine, first);
}

/* `mine` has its body. */
static void run_loop(wf_worker *self, wf_loop *mine, size_t begin, size_t items, const wf_plan *plan)
{
    uint32_t root = root_number(self, (unsigned)(mine - self->loops));
    mine->inside = wf_innermost;
    mine->begin = begin;
    mine->items = items;
    mine->unit = (items - 1) / WF_RANGE_UNITS_MAX + 1;
    uint32_t units = (uint32_t)((items - 1) / mine->unit + 1);
    wf_latch_init(&mine->latch, units);
    wf_tsan_release(mine);
    wf_span span = {.end = units, .root = root};
    bool lays = self->stretches && mine == self->loops;
    uint32_t done = lays ? run_laid_out(self, mine, span, plan) : run_own(self, mine, span);
    if (done < units) {
        (void)wf_latch_down(&mine->latch, done);
        wait_for(self, mine, root);
        wf_tsan_acquire(mine);
    }
    close_loop(self, mine);
}

void wf_loop_run_planned(wf_worker *self, size_t begin, size_t items, weft_range_fn *body, void *ctx,
                         const wf_plan *plan)
{
    wf_loop *mine = items > 1 ? open_loop(self) : NULL;
    if (!mine) {
        body(begin, begin + items, ctx);
        return;
    }
    mine->body = body;
    mine->ctx = ctx;
    run_loop(self, mine, begin, items, plan);
}

void wf_loop_run(wf_worker *self, size_t begin, size_t items, weft_range_fn *body, void *ctx)
{
    wf_loop_run_planned(self, begin, items, body, ctx, NULL);
}

void wf_loop_run_stateful(wf_worker *self, size_t begin, size_t items, const wf_stateful *body, void *ctx)
{
    wf_loop *mine = items > 1 ? open_loop(self) : NULL;
    if (!mine) {
        void *state = NULL;
        body->block(begin, begin + items, &state, ctx);
        body->end(state, ctx);
        return;
    }
    mine->body = NULL;
    mine->stateful = body;
    mine->ctx = ctx;
    run_loop(self, mine, begin, items, NULL);
}
