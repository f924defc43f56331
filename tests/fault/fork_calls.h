/* SPDX-License-Identifier: MIT */
/* fork_calls.h - the calls of test_fork_calls.c, one function and one row each; what they are called with is the parent's. */
#ifndef WEFT_TESTS_FORK_CALLS_H
#define WEFT_TESTS_FORK_CALLS_H

#include "tally.h"

#include <errno.h>
#include <weft/weft.h>

enum { MANY = 3, BUSY_FORKS = 20 };

struct family {
    weft_pool *pool;
    weft_executor *own, *door; /* the pool's, and one with a queue */
    weft_group *group, *loose; /* of the own executor, and of none that is named */
    weft_completions *set;
    weft_future *future;     /* its task runs */
    weft_executor *executor; /* of the row that is tried: one of these, or NULL */
    weft_pool *of;           /* the same: the pool or NULL */
    atomic_int go, stop, called;
};

/* Where a handle would come: not one. */
static char place[1];
#define NO_HANDLE ((void *)place)

static int note_task(void *family)
{
    atomic_fetch_add(&((struct family *)family)->called, 1);
    return 0;
}

static int note_item(void *out, const void *in, void *family)
{
    (void)out;
    (void)in;
    return note_task(family);
}

static int note_result(const void *in, void *out, void *family)
{
    (void)in;
    (void)out;
    return note_task(family);
}

static int note_after(weft_future *before, void *family)
{
    (void)before;
    return note_task(family);
}

/* ---- one function a call ------------------------------------------------------------------------- */
static int submit_many(struct family *f, void **made)
{
    weft_future *futures[MANY] = {NO_HANDLE, NO_HANDLE, NO_HANDLE};
    size_t accepted = 7;
    int err = weft_submit_many(f->executor, note_task, f, 0, MANY, futures, &accepted);
    CHECK(accepted == 0, "%zu accepted", accepted);
    CHECK(!futures[0] && !futures[1], "no futures");
    *made = futures[2];
    return err;
}

static int apply(struct family *f, void **made)
{
    int status = 4711, err = weft_apply(f->executor, note_task, f, &status);
    (void)made;
    CHECK(status == 4711, "no status: %d", status);
    return err;
}

static int submit_task(struct family *f, void **made)
{
    const weft_task_spec spec = {.size = sizeof spec, .fn = note_task, .arg = f, .arg_bytes = sizeof *f};
    return weft_submit_task(f->executor, &spec, (weft_future **)made);
}

static int submit_after(struct family *f, void **made)
{
    return weft_submit_after(f->executor, 1, note_task, f, (weft_future **)made);
}

static int submit_at(struct family *f, void **made)
{
    return weft_submit_at(f->executor, WEFT_FOREVER - 1, note_task, f, (weft_future **)made);
}

static int submit_every(struct family *f, void **made)
{
    return weft_submit_every(f->executor, 0, 1, note_task, f, (weft_future **)made);
}

static int executor_map(struct family *f, void **made)
{
    (void)made;
    return weft_executor_map(f->executor, note_item, NULL, 0, NULL, 0, MANY, WEFT_MAP_CONFIG(.ctx = f));
}

static int executor_map_async(struct family *f, void **made)
{
    return weft_executor_map_async(f->executor, note_item, NULL, 0, NULL, 0, MANY, WEFT_MAP_CONFIG(.ctx = f),
                                   (weft_future **)made);
}

static int executor_create(struct family *f, void **made)
{
    return weft_executor_create((weft_executor **)made, WEFT_EXECUTOR_CONFIG(.pool = f->of, .limit = 1));
}

static int stream_open(struct family *f, void **made)
{
    return weft_stream_open((weft_stream **)made, WEFT_STREAM_CONFIG(.executor = f->executor,
                                                                     .fn = note_result, .ctx = f, .n = MANY));
}

static int promise_create(struct family *f, void **made)
{
    weft_future *future = NO_HANDLE;
    int err = weft_promise_create((weft_promise **)made, f->executor, &future);
    CHECK(!future || (void *)future == NO_HANDLE, "no future of a promise");
    return err;
}

static int future_then(struct family *f, void **made)
{
    return weft_future_then(f->future, f->executor, note_after, f, (weft_future **)made);
}

static int group_create(struct family *f, void **made)
{
    return weft_group_create((weft_group **)made, WEFT_GROUP_CONFIG(.executor = f->executor));
}

static int group_submit(struct family *f, void **made)
{
    (void)made;
    return weft_group_submit(f->group, note_task, f);
}

static int group_submit_task(struct family *f, void **made)
{
    const weft_task_spec spec = {.size = sizeof spec, .fn = note_task, .arg = f};
    return weft_group_submit_task(f->group, &spec, (weft_future **)made);
}

/* It does not go to a pool of the child. */
static int group_submit_loose(struct family *f, void **made)
{
    (void)made;
    return weft_group_submit(f->loose, note_task, f);
}

static int group_stop(struct family *f, void **made)
{
    int err = weft_group_stop(f->group);
    (void)made;
    CHECK(weft_stop_requested(weft_group_token(f->group)) == 0, "nothing is stopped");
    return err;
}

static int group_wait(struct family *f, void **made)
{
    int status = 4711, err = weft_group_wait(f->group, WEFT_FOREVER, &status);
    (void)made;
    CHECK(status == 4711, "no status: %d", status);
    return err;
}

static int group_look(struct family *f, void **made)
{
    (void)made;
    return weft_group_wait(f->group, 0, NULL);
}

static int group_destroy(struct family *f, void **made)
{
    (void)made;
    return weft_group_destroy(f->group);
}

static int completions_add(struct family *f, void **made)
{
    (void)made;
    return weft_completions_add(f->set, f->future, f);
}

static int completions_next(struct family *f, void **made)
{
    void *tag;
    return weft_completions_next(f->set, WEFT_FOREVER, (weft_future **)made, &tag);
}

static int completions_look(struct family *f, void **made)
{
    return weft_completions_next(f->set, 0, (weft_future **)made, NULL);
}

static int completions_fd(struct family *f, void **made)
{
    (void)made;
    return weft_completions_fd(f->set);
}

/* After it the rows above it are tried once more. */
static int completions_destroy(struct family *f, void **made)
{
    (void)made;
    weft_completions_destroy(f->set);
    return weft_completions_next(f->set, WEFT_FOREVER, NULL, NULL);
}

/* null: the header says that NULL stands there after an error; else it may be as it was. */
static const struct row {
    const char *name;
    int (*call)(struct family *f, void **made);
    int null;
} rows[] = {{"submit_many", submit_many, 1},
            {"apply", apply, 0},
            {"submit_task", submit_task, 1},
            {"submit_after", submit_after, 1},
            {"submit_at", submit_at, 1},
            {"submit_every", submit_every, 1},
            {"executor_map", executor_map, 0},
            {"executor_map_async", executor_map_async, 0},
            {"executor_create", executor_create, 1},
            {"stream_open", stream_open, 1},
            {"promise_create", promise_create, 0},
            {"future_then", future_then, 0},
            {"group_create", group_create, 1},
            {"group_submit", group_submit, 0},
            {"group_submit_task", group_submit_task, 1},
            {"group_submit, no executor", group_submit_loose, 0},
            {"group_stop", group_stop, 0},
            {"group_wait", group_wait, 0},
            {"group_wait, a look", group_look, 0},
            {"group_destroy", group_destroy, 0},
            {"completions_add", completions_add, 0},
            {"completions_next", completions_next, 0},
            {"completions_next, a look", completions_look, 0},
            {"completions_fd", completions_fd, 0},
            {"completions_destroy, then next", completions_destroy, 0}};

#endif
