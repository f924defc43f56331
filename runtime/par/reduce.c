/* SPDX-License-Identifier: MIT */
/* par/reduce.c - see reduce.h. */
#include "par/reduce.h"

#include <errno.h>

#include "data/partials.h"
#include "sched/loop.h"
#include "sched/pool.h"
#include "sched/scratch.h"

typedef struct reduce {
    weft_reduce_fn *body;
    wf_partials partials;
} reduce;

/* A block that does not continue the one before begins a partial of its own. */
static void run_block(size_t begin, size_t end, void **state, void *ctx)
{
    reduce *r = ctx;
    wf_partial *mine = *state;
    if (mine && mine->end != begin) {
        wf_partials_close(&r->partials, mine);
        mine = NULL;
    }
    *state = mine = mine ? mine : wf_partials_open(&r->partials, begin);
    r->body(begin, end, mine->acc, r->partials.ctx);
    mine->end = end;
}

static void end_piece(void *state, void *ctx)
{
    reduce *r = ctx;
    wf_partials_close(&r->partials, state);
}

static const wf_stateful pieces = {.block = run_block, .end = end_piece};

/* With memory for as many accumulators as the threads of the pool can need. */
static int run(wf_worker *self, reduce *r, size_t begin, size_t items)
{
    wf_partials *p = &r->partials;
    size_t bytes;
    p->slots = wf_partials_most(self->pool->workers + self->pool->seats,
                                self->stretches ? WF_STRETCHES_MAX : 0, items);
    if (__builtin_mul_overflow(wf_partials_slot(p->bytes), p->slots, &bytes))
        return -ENOMEM;
    p->memory = bytes ? wf_scratch_take(self, bytes) : NULL;
    if (bytes && !p->memory)
        return -ENOMEM;
    wf_partials_init(p);
    wf_loop_run_stateful(self, begin, items, &pieces, r);
    wf_partials_fini(p);
    wf_scratch_put(self, p->memory);
    return 0;
}

static bool overlap(const void *a, const void *b, size_t bytes)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return (x < y ? y - x : x - y) < bytes;
}

static int check(const reduce *r, size_t begin, size_t end)
{
    const wf_partials *p = &r->partials;
    if (!r->body || !p->combine || !p->first.acc || begin > end || p->bytes == 0)
        return -EINVAL;
    if (p->bytes > PTRDIFF_MAX)
        return -EOVERFLOW;
    return p->identity && overlap(p->identity, p->first.acc, p->bytes) ? -EINVAL : 0;
}

int weft_parallel_reduce(weft_pool *pool, size_t begin, size_t end, weft_reduce_fn *body,
                         weft_combine_fn *combine, const void *identity, void *result, size_t bytes,
                         void *ctx)
{
    wf_entry entry;
    reduce r = {.body = body,
                .partials = {.combine = combine, .ctx = ctx, .identity = identity, .bytes = bytes}};
    r.partials.first = (wf_partial){.begin = begin, .acc = result};
    int err = check(&r, begin, end);
    err = err ? err : wf_pool_enter(pool, &entry);
    if (err)
        return err;
    if (begin < end && entry.self) {
        err = run(entry.self, &r, begin, end - begin);
    } else {
        wf_partials_clear(&r.partials, result);
        if (begin < end)
            body(begin, end, result, ctx);
    }
    wf_pool_leave(&entry);
    return err;
}
