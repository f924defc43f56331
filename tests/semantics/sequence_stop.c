/* SPDX-License-Identifier: MIT */
/* sequence_stop.c - the calls of a sequence about stop tokens and limits.
 *
 * - A token with a deadline that comes soon, and one of a group whose tasks others run, may have fired at any moment;
 *   who asks it learns whether.
 * - Of a limit that is lowered as many go on as had a permit: until fewer have one is the higher number the bound.
 */
#include <errno.h>

#include "sequence.h"

/* ---- tokens --------------------------------------------------------------------------------------- */

int any_stop(struct sequence *q)
{
    int from = q->n_stop ? (int)pick(q, (unsigned)q->n_stop) : 0;
    for (int i = 0; i < q->n_stop; i++)
        if (q->stop[(from + i) % q->n_stop].stop)
            return (from + i) % q->n_stop;
    return -1;
}

/* Parents come before their children. */
void see_who_fires(struct sequence *q)
{
    for (int i = 0; i < q->n_stop; i++) {
        struct stop *s = &q->stop[i];
        s->fired = s->fired || s->called || (s->parent >= 0 && q->stop[s->parent].fired);
        s->perhaps = s->perhaps || (s->parent >= 0 && q->stop[s->parent].perhaps);
    }
    stopped(q);
}

void check_fired(struct sequence *q, int slot, int requested)
{
    struct stop *s = &q->stop[slot];
    MUST(q, requested == s->fired || (requested == 1 && s->perhaps), "stop %d has fired: %d, not %d", slot,
         requested, s->fired);
    if (requested == s->fired)
        return;
    s->fired = true;
    see_who_fires(q);
}

static int64_t pick_deadline(struct sequence *q, struct stop *s)
{
    unsigned how = pick(q, 6);
    s->fired = how == 1;
    s->perhaps = how == 2;
    return how == 1   ? 1
           : how == 2 ? now_ns() + 100000
           : how == 3 ? now_ns() + INT64_C(1000000000000)
                      : WEFT_FOREVER;
}

void op_stop(struct sequence *q)
{
    if (q->n_stop == STOPS)
        return;
    struct stop *s = &q->stop[q->n_stop];
    s->parent = pick(q, 2) ? any_stop(q) : -1;
    s->refs = 1;
    int64_t deadline = pick_deadline(q, s);
    int err = weft_stop_create(&s->stop, s->parent < 0 ? NULL : q->stop[s->parent].stop, deadline);
    say(q, "stop %d = weft_stop_create(stop %d%s) -> %d\n", q->n_stop, s->parent,
        s->fired     ? ", deadline passed"
        : s->perhaps ? ", deadline soon"
                     : "",
        err);
    MUST(q, err == 0, "stop: %s", weft_strerror(err));
    q->n_stop++;
    see_who_fires(q);
}

static void request(struct sequence *q, int i)
{
    struct stop *s = &q->stop[i];
    int expected = s->called ? -EALREADY : 0, err;
    before_call(q);
    s->called = true;
    see_who_fires(q);
    err = weft_stop_request(s->stop);
    after_call(q);
    say(q, "weft_stop_request(stop %d) -> %d\n", i, err);
    MUST(q, err == expected || (err == -EALREADY && s->by_tasks), "request: %s", weft_strerror(err));
}

void op_fire(struct sequence *q)
{
    int i = any_stop(q);
    if (i < 0)
        return;
    if (pick(q, 3))
        request(q, i);
    int requested = weft_stop_requested(q->stop[i].stop);
    say(q, "weft_stop_requested(stop %d) -> %d\n", i, requested);
    check_fired(q, i, requested);
    MUST(q, weft_should_stop() == 0, "the driver is no task");
}

/* Tasks, executors and tokens below it go on with one that the driver has given up. */
void op_stop_refs(struct sequence *q)
{
    int i = any_stop(q);
    if (i < 0)
        return;
    struct stop *s = &q->stop[i];
    bool more = pick(q, 2) && s->refs < 4;
    say(q, "weft_stop_%s(stop %d)\n", more ? "retain" : "release", i);
    if (more)
        weft_stop_retain(s->stop);
    else
        weft_stop_release(s->stop);
    s->refs += more ? 1 : -1;
    if (!s->refs)
        s->stop = NULL;
}

void end_stop(struct sequence *q, struct stop *s)
{
    (void)q;
    for (; s->refs; s->refs--)
        weft_stop_release(s->stop);
    s->stop = NULL;
}

/* ---- limits --------------------------------------------------------------------------------------- */

static weft_limit_state look_at_limit(struct sequence *q, int i)
{
    weft_limit_state state = {.size = sizeof state};
    int err = weft_limit_inspect(q->limit[i], &state);
    MUST(q, err == 0 && state.n == q->permits[i], "limit %d: %s, %d permits", i, weft_strerror(err), state.n);
    int had = (int)(state.running + state.ready), most = atomic_load(&q->most_in_limit[i]);
    MUST(q, had <= most, "limit %d: %d have a permit", i, had);
    if (had <= q->permits[i])
        atomic_store(&q->most_in_limit[i], q->permits[i]);
    return state;
}

static void set_limit(struct sequence *q, int i, int n)
{
    if (n > atomic_load(&q->most_in_limit[i]))
        atomic_store(&q->most_in_limit[i], n);
    before_call(q);
    int err = weft_limit_set(q->limit[i], n);
    after_call(q);
    say(q, "weft_limit_set(limit %d, %d) -> %d\n", i, n, err);
    MUST(q, err == (n < 1 ? -EINVAL : 0), "limit: %s", weft_strerror(err));
    if (!err)
        q->permits[i] = n;
}

void op_limit(struct sequence *q)
{
    int i = (int)pick(q, LIMITS);
    if (pick(q, 3))
        set_limit(q, i, (int)pick(q, 5));
    weft_limit_state state = look_at_limit(q, i);
    say(q, "weft_limit_inspect(limit %d): %d, %d run, %d ready, %d wait\n", i, state.n, (int)state.running,
        (int)state.ready, (int)state.waiting);
}

void end_limit(struct sequence *q, int i)
{
    weft_limit_state state = look_at_limit(q, i);
    MUST(q, !(state.running + state.ready + state.waiting), "limit %d is not free", i);
    weft_limit_release(q->limit[i]);
}
