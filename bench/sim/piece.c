/* SPDX-License-Identifier: MIT */
/* bench/sim/piece.c - see piece.h. */
#include "piece.h"

#include "base/tunables.h"
#include "layout.h"
#include "must.h"
#include "wakes.h"

/* The one loop that there is; roots count from 1. */
#define ROOT 1
/* Between two looks of the owner that waits. */
#define POLL (200 * SIM_NS)
#define SHORT (WF_SHORT_NS * SIM_NS)
#define BLOCK (WF_BLOCK_NS * SIM_NS)

/* keep_first. */
static wf_span keep_first(wf_span *span)
{
    wf_span first = *span;
    if (span->backwards)
        first.begin = --span->end;
    else
        first.end = ++span->begin;
    return first;
}

/* next_block. */
static uint32_t next_block(sim_range *mine, const wf_range *from, uint32_t units, sim_time lasted)
{
    sim_time each = lasted / units + 1, most = (sim_time)units * WF_BLOCK_GROWTH;
    sim_time left = wf_span_units(wf_range_peek(from));
    mine->unit = lasted * 16 < SHORT ? 0 : each;
    sim_time fit = left && left * each < SHORT ? left : BLOCK / each;
    fit = fit < most ? fit : most;
    return fit < 1 ? 1 : (uint32_t)fit;
}

/* lasts. */
static bool lasts(const sim_place *self, const sim_frame *frame, sim_time time)
{
    const sim_range *mine = frame->piece.mine;
    uint64_t left = wf_span_units(wf_range_peek(&mine->range));
    if (frame->piece.root)
        left += sim_layout_units(self->pool);
    return (sim_time)left * mine->unit >= time;
}

/* tell. */
static void tell(sim_place *self, const sim_frame *frame)
{
    if (frame->piece.root)
        sim_layout_call(self);
    if (!sim_wake_origin(self))
        sim_notify(self, SIM_PLENTY);
}

/* start, announce, and the first unit of run_piece and run_loop. */
static sim_frame *begin(sim_place *self, wf_span span, bool root)
{
    sim_must(self->loops_open < SIM_DEPTH - 1, "pieces inside pieces inside pieces");
    sim_range *mine = &self->loops[self->loops_open++];
    uint32_t epoch = wf_stack_enter(&self->stack);
    uint32_t units = wf_span_units(span);
    wf_span all = span, first = keep_first(&span);
    if (root)
        span = sim_layout_lay(self, all);
    mine->unit = 0;
    mine->starts++;
    wf_range_start(&mine->range, span);
    sim_frame *frame = sim_push(self, SIM_PIECE);
    frame->piece.mine = mine;
    frame->piece.from = &mine->range;
    frame->piece.block = first;
    frame->piece.epoch = epoch;
    frame->piece.root = root;
    (void)sim_wake_origin(self);
    if (units > 1)
        sim_notify(self, SIM_CRUMB);
    return frame;
}

void sim_piece_root(sim_place *self)
{
    begin(self, (wf_span){.end = self->pool->loop->items, .root = ROOT}, true);
}

void sim_piece_push(sim_place *self, wf_span piece)
{
    self->spent += self->pool->costs->cut;
    begin(self, piece, false);
}

/* worth_it. */
static bool worth_it(sim_place *self, sim_range *from, wf_span seen)
{
    if (from->unit && wf_span_units(seen) * from->unit >= SHORT)
        return true;
    uint64_t sight = seen.begin ^ (uint64_t)seen.end << 23 ^ from->starts << 46;
    return sim_eye(self, &from->sight, sight) > (uint64_t)SHORT;
}

static bool cut(sim_place *self, sim_place *victim, sim_range *from, wf_span seen, wf_span *piece)
{
    if (!wf_range_cut(&from->range, seen, piece))
        return false;
    self->pool->count.cuts[sim_distance(self, victim)]++;
    return true;
}

bool sim_piece_cut(sim_place *self, sim_place *victim, wf_span *piece)
{
    for (unsigned depth = 0; depth < SIM_DEPTH; depth++) {
        sim_range *from = &victim->loops[depth];
        wf_span seen = wf_range_peek(&from->range);
        if (!seen.root)
            return false;
        if (wf_span_units(seen) && worth_it(self, from, seen) && cut(self, victim, from, seen, piece))
            return true;
    }
    return false;
}

static void close_piece(sim_place *self, const sim_frame *frame)
{
    wf_range_stop(&frame->piece.mine->range);
    self->loops_open--;
    wf_stack_leave(&self->stack, frame->piece.epoch);
}

static void end_root(sim_place *self, const sim_frame *frame)
{
    close_piece(self, frame);
    self->depth--;
    self->pool->end = sim_now(self);
}

/* wf_loop_run_piece, from the last block on. */
static void end_piece(sim_place *self)
{
    sim_pool *pool = self->pool;
    sim_frame *frame = sim_top(self);
    close_piece(self, frame);
    self->depth--;
    pool->latch -= frame->piece.done;
    if (!pool->latch && pool->latch_parked)
        sim_wake_waiter(self, sim_place_at(pool, 0));
    if (self->depth)
        sim_top(self)->piece.since = sim_now(self);
}

/* find_help and give_help; eager: whatever it is worth. */
static bool help(sim_place *self, bool eager)
{
    sim_pool *pool = self->pool;
    for (unsigned i = 0; i < pool->places; i++) {
        sim_place *victim = sim_place_at(pool, i);
        wf_span piece;
        self->spent += pool->costs->glance;
        if (victim == self || victim->held > sim_now(self))
            continue;
        if (victim->mode != SIM_IDLE)
            self->spent += pool->costs->look[sim_distance(self, victim)];
        sim_range *from = &victim->loops[0];
        wf_span seen = wf_range_peek(&from->range);
        if (!wf_span_units(seen) || !(eager || worth_it(self, from, seen)) ||
            !cut(self, victim, from, seen, &piece))
            continue;
        sim_time way = pool->costs->steal[sim_distance(self, victim)];
        victim->held = sim_now(self) + way;
        self->spent += way;
        sim_does(self, SIM_RUN);
        sim_piece_push(self, piece);
        return true;
    }
    return false;
}

static bool sleeps(sim_place *self)
{
    sim_block_begin(self);
    self->pool->latch_parked = true;
    if (!help(self, true)) {
        sim_does(self, SIM_BLOCKED);
        self->spent = 0;
        return true;
    }
    self->pool->latch_parked = false;
    sim_block_end(self);
    return false;
}

/* wait_for, one look. */
static bool wait_step(sim_place *self)
{
    sim_pool *pool = self->pool;
    if (pool->latch_parked) {
        pool->latch_parked = false;
        sim_block_end(self);
    }
    if (!pool->latch) {
        end_root(self, sim_top(self));
        return false;
    }
    sim_does(self, SIM_WAIT);
    if (help(self, false))
        return true;
    if (sim_now(self) - sim_top(self)->piece.since >= WF_WAIT_SPIN_NS * SIM_NS) {
        if (sleeps(self))
            return false;
        return true;
    }
    sim_later(self, POLL, sim_go);
    return false;
}

static void run_block(sim_place *self, sim_frame *frame)
{
    const sim_loop *loop = self->pool->loop;
    wf_span block = frame->piece.block;
    for (uint32_t i = block.begin; i < block.end; i++)
        self->pool->ran[i]++;
    self->pool->count.units += wf_span_units(block);
    frame->piece.runs = true;
    frame->piece.lasts = loop->until[block.end] - loop->until[block.begin];
    self->spent += self->pool->costs->block;
    sim_work(self, frame->piece.lasts, sim_go);
}

/* run_all, from the end of one block to the beginning of the next; false: nothing remains. */
static bool take_block(sim_place *self, sim_frame *frame)
{
    sim_range *mine = frame->piece.mine;
    uint32_t ran = wf_span_units(frame->piece.block);
    frame->piece.runs = false;
    frame->piece.done += ran;
    uint32_t units = next_block(mine, frame->piece.from, ran, frame->piece.lasts);
    if (!frame->piece.told && lasts(self, frame, 2 * BLOCK)) {
        frame->piece.told = true;
        tell(self, frame);
    }
    bool more;
    while (!(more = wf_range_take(frame->piece.from, units, &frame->piece.block))) {
        wf_range *next = frame->piece.root ? sim_layout_next(self) : NULL;
        if (!next)
            break;
        frame->piece.from = next;
    }
    if (frame->piece.root)
        sim_layout_end_if_empty(self->pool);
    return more;
}

bool sim_piece_step(sim_place *self)
{
    sim_frame *frame = sim_top(self);
    if (frame->piece.waits)
        return wait_step(self);
    if (!frame->piece.runs || take_block(self, frame)) {
        run_block(self, frame);
        return false;
    }
    if (!frame->piece.root) {
        end_piece(self);
        return true;
    }
    self->pool->latch -= frame->piece.done;
    frame->piece.waits = true;
    frame->piece.since = sim_now(self);
    return true;
}
