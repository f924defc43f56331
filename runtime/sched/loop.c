/* SPDX-License-Identifier: MIT */
/* sched/loop.c - see loop.h. */
#include "sched/loop.h"

#include "base/annotate.h"
#include "os/clock.h"
#include "sched/sleep.h"
#include "sched/steal.h"

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

/* How many units the next block has, after one of `units` that lasted `ticks`. */
static uint32_t next_block(const weft_pool *pool, wf_loop *mine, uint32_t units, uint64_t ticks)
{
    uint64_t each = ticks / units + 1;
    uint32_t left = wf_span_units(wf_range_peek(&mine->range));
    wf_store_relaxed(&mine->unit_ticks, each); /* hint */
    if (left * each < pool->short_ticks)
        return left ? left : 1;
    uint64_t fit = pool->block_ticks / each;
    uint64_t most = (uint64_t)units * WF_BLOCK_GROWTH;
    if (fit > most)
        fit = most;
    return fit < 1 ? 1 : fit > left ? left : (uint32_t)fit;
}

static void run_block(const wf_loop *root, wf_span block)
{
    bool last = block.end > root->items / root->unit; /* or the product would pass items, or wrap */
    size_t begin = block.begin * root->unit, end = last ? root->items : block.end * root->unit;
    root->body(root->begin + begin, root->begin + end, root->ctx);
}

/* Until nothing remains of mine->range; the units that were run here. */
static uint32_t run_blocks(wf_worker *self, wf_loop *mine, const wf_loop *root)
{
    const weft_pool *pool = self->pool;
    uint32_t units = 1, all = 0;
    uint64_t before = wf_ticks();
    bool told = mine != root;
    for (wf_span block; wf_range_take(&mine->range, units, &block);) {
        run_block(root, block);
        all += wf_span_units(block);
        uint64_t now = wf_ticks();
        units = next_block(pool, mine, wf_span_units(block), now - before);
        before = now;
        if (!told && (told = true) && wf_span_units(wf_range_peek(&mine->range)) > units)
            wf_notify(self, true);
    }
    return all;
}

/* ---- pieces ------------------------------------------------------------------------------------ */

static wf_loop *open_loop(wf_worker *self)
{
    return self->loops_open < WF_LOOP_DEPTH ? &self->loops[self->loops_open++] : NULL;
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
    wf_store_release(&mine->piece, above);            /* pair LP1 -> steal_above_piece() */
    wf_store_relaxed(&mine->unit_ticks, (uint64_t)0); /* hint */
    wf_range_start(&mine->range, span);
}

void wf_loop_run_piece(wf_worker *self, const wf_piece *piece)
{
    wf_loop *root = root_loop(self->pool, piece->span.root), *mine = open_loop(self);
    wf_worker *owner = root_owner(self->pool, piece->span.root);
    wf_frame outer = wf_frame_begin(self, (wf_origin){.loop = root, .owner = owner});
    uint32_t units = wf_span_units(piece->span);
    wf_tsan_acquire(root);
    if (mine) {
        start(self, mine, piece->span);
        wf_wake_origin(self);
        units = run_blocks(self, mine, root);
        close_loop(self, mine);
    } else {
        run_block(root, piece->span);
    }
    wf_tsan_release(root);
    wf_frame_end(self, &outer);
    if (wf_latch_down(&root->latch, units))
        wf_wake(&owner->parker);
}

/* ---- cutting ----------------------------------------------------------------------------------- */

/* A short range is left to its runner, unless it stood still since the last look a while ago. */
static bool worth_it(wf_worker *self, const wf_loop *from, wf_span seen)
{
    uint64_t each = wf_load_relaxed(&from->unit_ticks); /* hint */
    if (each && wf_span_units(seen) * each >= self->pool->short_ticks)
        return true;
    uint64_t now = wf_ticks();
    if (self->eyed.range == &from->range && self->eyed.begin == seen.begin && self->eyed.end == seen.end)
        return now - self->eyed.since > self->pool->short_ticks;
    self->eyed.range = &from->range;
    self->eyed.begin = seen.begin;
    self->eyed.end = seen.end;
    self->eyed.since = now;
    return false;
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
        if (wf_range_cut(&from->range, seen, &piece->span))
            return true;
    }
    return false;
}

bool wf_loop_visible(const wf_worker *victim)
{
    for (unsigned depth = 0; depth < WF_LOOP_DEPTH; depth++) {
        wf_span seen = wf_range_peek(&victim->loops[depth].range);
        if (!seen.root)
            return false;
        if (wf_span_units(seen))
            return true;
    }
    return false;
}

/* ---- the owner's wait -------------------------------------------------------------------------- */

/* Something that belongs to the loop: units of it, or children that were forked above a piece of it. */
typedef struct wf_help {
    wf_worker *victim;
    wf_piece piece;
    uint64_t above; /* of victim's piece: what it forks there */
} wf_help;

static bool find_help_at(wf_worker *victim, uint32_t root, wf_help *help)
{
    for (unsigned depth = 0; depth < WF_LOOP_DEPTH; depth++) {
        wf_loop *from = &victim->loops[depth];
        wf_span seen = wf_range_peek(&from->range);
        if (!seen.root)
            return false;
        if (seen.root != root)
            continue;
        *help = (wf_help){.victim = victim, .piece = {.from = from, .span = seen}};
        help->above = wf_load_acquire(&from->piece); /* pair LP1 -> start() */
        if (wf_span_units(seen) ||
            wf_stack_public_above(&victim->stack, (uint32_t)(help->above >> 32), (uint32_t)help->above))
            return true;
        wf_stack_ask(&victim->stack);
    }
    return false;
}

static bool find_help(wf_worker *self, uint32_t root, wf_help *help)
{
    const weft_pool *pool = self->pool;
    unsigned all = pool->workers + wf_load_relaxed(&pool->seats_used); /* hint: all are looked at again */
    for (unsigned i = 0; i < all; i++)
        if (i != self->index && find_help_at(wf_worker_at(pool, i), root, help))
            return true;
    return false;
}

static void give_help(wf_worker *self, uint32_t root, wf_help *help)
{
    wf_worker *victim = help->victim;
    wf_loop *from = help->piece.from;
    if (wf_span_units(help->piece.span)) {
        if (wf_range_cut(&from->range, help->piece.span, &help->piece.span))
            wf_loop_run_piece(self, &help->piece);
        return;
    }
    /* Still ours: then `above` is of a piece of ours, or of one that ended since, whose epoch is over. */
    if (wf_range_peek(&from->range).root != root)
        return;
    weft_slot_ *slot =
        wf_stack_steal_above(&victim->stack, (uint32_t)(help->above >> 32), (uint32_t)help->above);
    if (slot)
        wf_steal_run(self, victim, slot);
}

static void wait_for(wf_worker *self, wf_loop *mine, uint32_t root)
{
    uint64_t since = wf_ticks();
    wf_help help;
    while (!wf_latch_open(&mine->latch)) {
        if (find_help(self, root, &help)) {
            give_help(self, root, &help);
            since = wf_ticks();
        } else if (wf_ticks() - since < self->pool->wait_ticks) {
            wf_pause();
        } else {
            wf_block_begin(self);
            if (wf_latch_park(&mine->latch)) {
                if (!find_help(self, root, &help))
                    wf_park(&self->parker, WF_FOREVER);
                wf_latch_unpark(&mine->latch);
            }
            wf_block_end(self);
        }
    }
}

/* ---- the owner --------------------------------------------------------------------------------- */

void wf_loop_run(wf_worker *self, size_t begin, size_t items, weft_range_fn *body, void *ctx)
{
    wf_loop *mine = items > 1 ? open_loop(self) : NULL;
    if (!mine) {
        body(begin, begin + items, ctx);
        return;
    }
    uint32_t root = root_number(self, (unsigned)(mine - self->loops));
    mine->body = body;
    mine->ctx = ctx;
    mine->begin = begin;
    mine->items = items;
    mine->unit = (items - 1) / WF_RANGE_UNITS_MAX + 1;
    uint32_t units = (uint32_t)((items - 1) / mine->unit + 1);
    wf_latch_init(&mine->latch, units);
    wf_tsan_release(mine);
    start(self, mine, (wf_span){.end = units, .root = root});
    wf_notify(self, false);
    uint32_t done = run_blocks(self, mine, mine);
    if (done < units) {
        (void)wf_latch_down(&mine->latch, done);
        wait_for(self, mine, root);
        wf_tsan_acquire(mine);
    }
    close_loop(self, mine);
}
