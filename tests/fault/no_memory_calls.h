/* SPDX-License-Identifier: MIT */
/* no_memory_calls.h - what test_no_memory.c calls: a row a call, with what ends what it made. Here: those that submit.
 *
 * - call() makes the call; its handle comes to s->made, which was NO_HANDLE. end() is for what was made, and sees that it does
 *   what it is for.
 * - Each function of a task counts itself, each destructor too: a row says how many of them there are to be in the end.
 */
#ifndef WEFT_TESTS_NO_MEMORY_CALLS_H
#define WEFT_TESTS_NO_MEMORY_CALLS_H

#include "tally.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <weft/weft.h>

enum { MANY = 5, LARGE = 4000, STATUS = 6, TICKS = 3, SOON_NS = 1000000 };

struct scene {
    weft_pool *pool;
    weft_executor *own, *executor; /* the pool's, and that of the round */
    int queued;                    /* that is another one */
    weft_group *group;
    weft_completions *set;
    weft_limit *limit;
    weft_stop *stop;
    weft_promise *promise;
    weft_stream *stream;         /* of no items */
    weft_future *pending, *done; /* the promise's; and that of a task */
    atomic_int ran, destroyed;
    void *made;
    weft_future *future; /* what else was made */
    int some;            /* a part was done, as the header says */
    int out[MANY];
};

/* There are many rounds: only what fails is counted, and a row once. */
#define MUST(ok, ...) (void)((ok) || CHECK(0, __VA_ARGS__))

static char place[1];
#define NO_HANDLE ((void *)place)

enum {
    NULLS = 1,      /* after an error the handle is NULL, says the header; else it may be as it was */
    VARIES = 2,     /* through executors of every kind */
    DOES_WITH = 4,  /* may do without the memory, as the header says */
    NOT_SERIAL = 8, /* nobody waits for its tasks */
    CLOCK = 16,     /* creates the pool's clock; its memory may count as a thread that could not be created */
    DEFAULTS = 32   /* also where no pool is there yet */
};

struct row {
    const char *name;
    int (*call)(struct scene *s);
    void (*end)(struct scene *s);
    int flags, runs, destroys;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- what runs ------------------------------------------------------------------------------------ */
static int count_task(void *scene)
{
    atomic_fetch_add(&((struct scene *)scene)->ran, 1);
    return STATUS;
}

static int tick_task(void *scene)
{
    return atomic_fetch_add(&((struct scene *)scene)->ran, 1) == TICKS - 1 ? STATUS : 0;
}

/* What was copied: bytes of a pattern behind the scene's address. */
struct argument {
    struct scene *scene;
    unsigned char bytes[LARGE];
};

static int sum_task(const void *arg, void *result)
{
    const struct argument *a = arg;
    long sum = 0;
    for (int i = 0; i < LARGE; i++)
        sum += a->bytes[i];
    *(long *)result = sum;
    return count_task(a->scene);
}

static void destroy_argument(void *arg)
{
    atomic_fetch_add(&((const struct argument *)arg)->scene->destroyed, 1);
}

static int small_task(const void *arg, void *result)
{
    struct scene *const *s = arg;
    *(struct scene **)result = *s;
    return count_task(*s);
}

static void destroy_small(void *arg)
{
    atomic_fetch_add(&(*(struct scene *const *)arg)->destroyed, 1);
}

static int count_item(void *out, const void *in, void *scene)
{
    (void)in;
    *(int *)out = STATUS;
    count_task(scene);
    return 0;
}

static int count_after(weft_future *before, void *scene)
{
    MUST(weft_future_state(before) == WEFT_DONE, "what comes before has ended");
    return count_task(scene);
}

/* ---- ends ------------------------------------------------------------------------------------------ */
static void end_future(struct scene *s)
{
    int status = -1;
    MUST(!weft_future_get(s->made, &status) && status == STATUS, "its status: %d", status);
    weft_future_release(s->made);
}

static void end_nothing(struct scene *s)
{
    (void)s;
}

static void end_small(struct scene *s)
{
    MUST(!weft_future_get(s->made, NULL), "get");
    struct scene *const *result = weft_future_result(s->made);
    MUST(result && *result == s, "its result");
    end_future(s);
}

static void end_large(struct scene *s)
{
    MUST(!weft_future_get(s->made, NULL), "get");
    const long *sum = weft_future_result(s->made);
    MUST(sum && *sum == 7L * LARGE, "its result");
    end_future(s);
}

static void end_items(struct scene *s)
{
    int sum = 0, status = -1;
    if (s->made != NO_HANDLE) {
        MUST(!weft_future_get(s->made, &status) && !status, "the map: %d", status);
        weft_future_release(s->made);
    }
    for (int i = 0; i < MANY; i++)
        sum += s->out[i];
    MUST(sum == MANY * STATUS, "its items: %d", sum);
}

/* ---- calls ----------------------------------------------------------------------------------------- */
static int submit(struct scene *s)
{
    return weft_submit(s->executor, count_task, s, (weft_future **)&s->made);
}

static int submit_and_forget(struct scene *s)
{
    return weft_submit(s->executor, count_task, s, NULL);
}

static int submit_spec(struct scene *s, weft_task_spec spec)
{
    spec.size = sizeof spec;
    return weft_submit_task(s->executor, &spec, (weft_future **)&s->made);
}

static int submit_plain(struct scene *s)
{
    return submit_spec(s, (weft_task_spec){.fn = count_task, .arg = s});
}

static weft_task_spec small(struct scene **s)
{
    return (weft_task_spec){.fn2 = small_task,
                            .arg = s,
                            .arg_bytes = sizeof *s,
                            .result_bytes = sizeof *s,
                            .destroy = destroy_small};
}

static int submit_small(struct scene *s)
{
    return submit_spec(s, small(&s));
}

/* With everything: bytes of its own, a token of its own, a permit, a time. */
static int submit_large_at(struct scene *s, int64_t start_ns)
{
    struct argument a = {.scene = s};
    memset(a.bytes, 7, sizeof a.bytes);
    return submit_spec(s, (weft_task_spec){.fn2 = sum_task,
                                           .arg = &a,
                                           .arg_bytes = sizeof a,
                                           .result_bytes = sizeof(long),
                                           .destroy = destroy_argument,
                                           .stop = s->stop,
                                           .start_ns = start_ns,
                                           .deadline_ns = WEFT_FOREVER - 1,
                                           .limit = s->limit});
}

static int submit_large(struct scene *s)
{
    return submit_large_at(s, 0);
}

static int submit_large_later(struct scene *s)
{
    return submit_large_at(s, now_ns() + SOON_NS);
}

static int submit_small_later(struct scene *s)
{
    weft_task_spec spec = small(&s);
    spec.start_ns = now_ns() + SOON_NS;
    return submit_spec(s, spec);
}

static int submit_with_limit(struct scene *s)
{
    weft_task_spec spec = small(&s);
    spec.limit = s->limit;
    return submit_spec(s, spec);
}

static int submit_blocking(struct scene *s)
{
    return submit_spec(s, (weft_task_spec){.fn = count_task, .arg = s, .blocking = 1});
}

/* The first so many have been submitted: these run, and are not the row's. */
static int submit_many(struct scene *s)
{
    weft_future *futures[MANY] = {NO_HANDLE, NO_HANDLE, NO_HANDLE, NO_HANDLE, NO_HANDLE};
    size_t accepted = 4711;
    int err = weft_submit_many(s->executor, count_task, s, 0, MANY, futures, &accepted);
    MUST(err ? accepted < MANY : accepted == MANY, "%zu accepted", accepted);
    for (size_t i = 0; i < MANY; i++) {
        int status = -1;
        MUST(i < accepted ? futures[i] && futures[i] != NO_HANDLE : !futures[i], "future %zu of %zu", i,
             accepted);
        if (i < accepted)
            MUST(!weft_future_get(futures[i], &status) && status == STATUS, "task %zu: %d", i, status);
        weft_future_release(futures[i]);
    }
    if (err)
        MUST(atomic_fetch_sub(&s->ran, (int)accepted) == (int)accepted, "those that were accepted ran");
    s->some = err && accepted;
    return err;
}

static int apply(struct scene *s)
{
    int status = -1, err = weft_apply(s->executor, count_task, s, &status);
    MUST(status == (err ? -1 : STATUS), "status %d", status);
    return err;
}

static int executor_map(struct scene *s)
{
    return weft_executor_map(s->executor, count_item, NULL, 0, s->out, sizeof *s->out, MANY,
                             WEFT_MAP_CONFIG(.ctx = s));
}

static int executor_map_async(struct scene *s)
{
    return weft_executor_map_async(s->executor, count_item, NULL, 0, s->out, sizeof *s->out, MANY,
                                   WEFT_MAP_CONFIG(.ctx = s), (weft_future **)&s->made);
}

static int submit_at(struct scene *s)
{
    return weft_submit_at(s->executor, now_ns() + SOON_NS, count_task, s, (weft_future **)&s->made);
}

static int submit_after(struct scene *s)
{
    return weft_submit_after(s->executor, SOON_NS, count_task, s, (weft_future **)&s->made);
}

static int submit_after_nothing(struct scene *s)
{
    return weft_submit_after(s->executor, 0, count_task, s, (weft_future **)&s->made);
}

static int submit_every(struct scene *s)
{
    return weft_submit_every(s->executor, 0, SOON_NS, tick_task, s, (weft_future **)&s->made);
}

static int group_submit(struct scene *s)
{
    return weft_group_submit(s->group, count_task, s);
}

static int group_submit_task(struct scene *s)
{
    weft_task_spec spec = small(&s);
    spec.size = sizeof spec;
    return weft_group_submit_task(s->group, &spec, (weft_future **)&s->made);
}

static int group_submit_later(struct scene *s)
{
    weft_task_spec spec = small(&s);
    spec.size = sizeof spec;
    spec.start_ns = now_ns() + SOON_NS;
    return weft_group_submit_task(s->group, &spec, (weft_future **)&s->made);
}

static void end_member(struct scene *s)
{
    int status = -1;
    MUST(!weft_group_wait(s->group, WEFT_FOREVER, &status) && status == STATUS, "the group: %d", status);
    if (s->made != NO_HANDLE)
        end_small(s);
}

static const struct row submitting_rows[] = {
    {"submit", submit, end_future, NULLS | VARIES | DEFAULTS, 1, 0},
    {"submit, no future", submit_and_forget, end_nothing, VARIES, 1, 0},
    {"submit_task", submit_plain, end_future, NULLS | VARIES, 1, 0},
    {"submit_task, few bytes", submit_small, end_small, NULLS | VARIES, 1, 1},
    {"submit_task, everything", submit_large, end_large, NULLS | VARIES, 1, 1},
    {"submit_task, everything, later", submit_large_later, end_large, NULLS | VARIES | CLOCK, 1, 1},
    {"submit_task, later", submit_small_later, end_small, NULLS | VARIES | CLOCK, 1, 1},
    {"submit_task, limit", submit_with_limit, end_small, NULLS | VARIES, 1, 1},
    {"submit_task, blocking", submit_blocking, end_future, NULLS | VARIES, 1, 0},
    {"submit_many", submit_many, end_nothing, VARIES, MANY, 0},
    {"apply", apply, end_nothing, VARIES, 1, 0},
    {"executor_map", executor_map, end_items, VARIES, MANY, 0},
    {"executor_map_async", executor_map_async, end_items, VARIES, MANY, 0},
    {"submit_at", submit_at, end_future, NULLS | VARIES | CLOCK, 1, 0},
    {"submit_after", submit_after, end_future, NULLS | VARIES | CLOCK, 1, 0},
    {"submit_after, no time", submit_after_nothing, end_future, NULLS | VARIES, 1, 0},
    {"submit_every", submit_every, end_future, NULLS | VARIES | NOT_SERIAL | CLOCK, TICKS, 0},
    {"group_submit", group_submit, end_member, VARIES, 1, 0},
    {"group_submit_task", group_submit_task, end_member, NULLS | VARIES, 1, 1},
    {"group_submit_task, later", group_submit_later, end_member, NULLS | VARIES | CLOCK, 1, 1}};

#endif
