/* SPDX-License-Identifier: MIT */
/* no_memory_makers.h - as no_memory_calls.h: those that make executors, groups, streams and the like, and follow futures. */
#ifndef WEFT_TESTS_NO_MEMORY_MAKERS_H
#define WEFT_TESTS_NO_MEMORY_MAKERS_H

#include "no_memory_calls.h"

/* ---- executors, groups, limits, tokens ----------------------------------------------------------------- */
static int start_lane(unsigned lane, void *scene)
{
    (void)lane;
    (void)scene;
    return 0;
}

static int executor_create(struct scene *s)
{
    return weft_executor_create(
        (weft_executor **)&s->made,
        WEFT_EXECUTOR_CONFIG(.pool = s->pool, .limit = 2, .stop = s->stop, .start = start_lane, .ctx = s));
}

static int executor_confined(struct scene *s)
{
    return weft_executor_create((weft_executor **)&s->made,
                                WEFT_EXECUTOR_CONFIG(.pool = s->pool, .stop = s->stop, .cpus = "0-4095"));
}

static void end_executor(struct scene *s)
{
    MUST(!weft_submit(s->made, count_task, s, NULL) && !weft_executor_destroy(s->made), "the new executor");
}

static int group_create(struct scene *s)
{
    return weft_group_create(
        (weft_group **)&s->made,
        WEFT_GROUP_CONFIG(.executor = s->executor, .stop = s->stop, .deadline_ns = WEFT_FOREVER - 1));
}

static void end_group(struct scene *s)
{
    MUST(!weft_group_submit(s->made, count_task, s), "submit");
    MUST(!weft_group_destroy(s->made), "the new group");
}

static int limit_create(struct scene *s)
{
    return weft_limit_create((weft_limit **)&s->made, 1, "new");
}

static void end_limit(struct scene *s)
{
    weft_limit_state state = {.size = sizeof state};
    MUST(!weft_limit_inspect(s->made, &state) && state.n == 1, "the new limit: %d", state.n);
    weft_limit_release(s->made);
}

static int stop_create(struct scene *s)
{
    return weft_stop_create((weft_stop **)&s->made, s->stop, WEFT_FOREVER);
}

static void end_stop(struct scene *s)
{
    MUST(!weft_stop_requested(s->made), "not yet");
    MUST(!weft_stop_request(s->stop) && weft_stop_requested(s->made), "it fires with its parent");
    weft_stop_release(s->made);
}

/* ---- what follows futures ------------------------------------------------------------------------------ */
static int then_pending(struct scene *s)
{
    return weft_future_then(s->pending, s->executor, count_after, s, (weft_future **)&s->made);
}

static int then_done(struct scene *s)
{
    return weft_future_then(s->done, s->executor, count_after, s, (weft_future **)&s->made);
}

static int then_inline(struct scene *s)
{
    return weft_future_then(s->pending, WEFT_INLINE, count_after, s, (weft_future **)&s->made);
}

static int then_inline_done(struct scene *s)
{
    return weft_future_then(s->done, WEFT_INLINE, count_after, s, (weft_future **)&s->made);
}

static void keep_promise(struct scene *s)
{
    MUST(!weft_promise_fulfil(s->promise, STATUS), "the promise");
    s->promise = NULL;
}

static void end_follower(struct scene *s)
{
    keep_promise(s);
    end_future(s);
}

/* The first one that ends has that status: of a task that is done it is 0. */
static int when_all(struct scene *s)
{
    weft_future *both[2] = {s->done, s->pending};
    return weft_when_all(both, 2, (weft_future **)&s->made);
}

static int when_all_of_none(struct scene *s)
{
    return weft_when_all(NULL, 0, (weft_future **)&s->made);
}

static int when_any(struct scene *s)
{
    weft_future *both[2] = {s->pending, s->pending};
    return weft_when_any(both, 2, (weft_future **)&s->made);
}

static int when_any_done(struct scene *s)
{
    weft_future *both[2] = {s->pending, s->done};
    return weft_when_any(both, 2, (weft_future **)&s->made);
}

static void end_at_once(struct scene *s)
{
    MUST(weft_future_status(s->made) == 0, "ended at once: %d", weft_future_status(s->made));
    weft_future_release(s->made);
}

/* A look is all that there is: nothing has ended. */
static int wait_for(struct scene *s, int what)
{
    weft_future *both[2] = {s->pending, s->pending};
    int err = weft_wait(both, 2, what, 1, NULL);
    return err == -ETIMEDOUT ? 0 : err ? err : -EIO;
}

static int wait_for_first(struct scene *s)
{
    return wait_for(s, WEFT_FIRST);
}

static int wait_for_error(struct scene *s)
{
    return wait_for(s, WEFT_FIRST_ERROR);
}

/* ---- promises and sets ---------------------------------------------------------------------------------- */
static int promise_create(struct scene *s)
{
    s->future = NO_HANDLE;
    int err = weft_promise_create((weft_promise **)&s->made, s->executor, &s->future);
    MUST(!err || !s->future || (void *)s->future == NO_HANDLE, "no future of a promise");
    return err;
}

static void end_promise(struct scene *s)
{
    MUST(!weft_promise_fulfil(s->made, STATUS) && weft_future_status(s->future) == STATUS, "the new promise");
    weft_future_release(s->future);
}

static int completions_create(struct scene *s)
{
    return weft_completions_create((weft_completions **)&s->made);
}

static void end_set(struct scene *s)
{
    void *tag = NULL;
    MUST(!weft_completions_add(s->made, s->done, s), "the new set");
    MUST(!weft_completions_next(s->made, WEFT_FOREVER, NULL, &tag) && tag == s, "comes out");
    weft_completions_destroy(s->made);
}

static int completions_add(struct scene *s)
{
    return weft_completions_add(s->set, s->pending, s);
}

static int completions_add_done(struct scene *s)
{
    return weft_completions_add(s->set, s->done, s);
}

static int completions_fd(struct scene *s)
{
    int fd = weft_completions_fd(s->set);
    return fd < 0 ? fd : 0;
}

static void end_added(struct scene *s)
{
    void *tag = NULL;
    if (weft_future_state(s->pending) == WEFT_PENDING)
        keep_promise(s);
    MUST(!weft_completions_next(s->set, WEFT_FOREVER, NULL, &tag) && tag == s, "comes out");
    MUST(weft_completions_next(s->set, WEFT_FOREVER, NULL, NULL) == WEFT_EEND, "once");
}

static void end_fd(struct scene *s)
{
    int fd = weft_completions_fd(s->set);
    MUST(fd >= 0 && weft_completions_fd(s->set) == fd, "each time the same");
    MUST(!completions_add(s), "add");
    end_added(s);
}

/* ---- streams -------------------------------------------------------------------------------------------- */
static int count_result(const void *in, void *out, void *scene)
{
    (void)in;
    *(int *)out = STATUS;
    count_task(scene);
    return 0;
}

static int pull_item(void *in, void *scene)
{
    struct scene *s = scene;
    *(int *)in = s->out[0]++;
    return *(int *)in == MANY;
}

static size_t weigh_item(const void *in, void *scene)
{
    (void)in;
    (void)scene;
    return 1;
}

static int stream_open(struct scene *s)
{
    return weft_stream_open((weft_stream **)&s->made,
                            WEFT_STREAM_CONFIG(.executor = s->executor, .fn = count_result, .ctx = s,
                                               .n = MANY, .out_bytes = sizeof(int)));
}

static int stream_open_pulling(struct scene *s)
{
    return weft_stream_open((weft_stream **)&s->made,
                            WEFT_STREAM_CONFIG(.executor = s->executor, .fn = count_result, .ctx = s,
                                               .pull = pull_item, .in_bytes = sizeof(int),
                                               .out_bytes = sizeof(int), .unordered = 1, .window = 2,
                                               .window_bytes = 3, .weigh = weigh_item));
}

static void end_stream(struct scene *s)
{
    int result = 0, sum = 0;
    while (!weft_stream_next(s->made, WEFT_FOREVER, &result, NULL, NULL))
        sum += result;
    MUST(sum == MANY * STATUS, "its results: %d", sum);
    MUST(weft_stream_next(s->made, 0, NULL, NULL, NULL) == WEFT_EEND, "its end");
    weft_stream_close(s->made);
}

/* A stream for it is made while there is memory. */
static int stream_fd(struct scene *s)
{
    int fd = weft_stream_fd(s->stream);
    return fd < 0 ? fd : 0;
}

static void end_stream_fd(struct scene *s)
{
    int fd = weft_stream_fd(s->stream);
    MUST(fd >= 0 && weft_stream_fd(s->stream) == fd, "each time the same");
}

static const struct row making_rows[] = {
    {"executor_create", executor_create, end_executor, NULLS, 1, 0},
    {"executor_create, confined", executor_confined, end_executor, NULLS, 1, 0},
    {"group_create", group_create, end_group, NULLS | VARIES | DEFAULTS, 1, 0},
    {"limit_create", limit_create, end_limit, NULLS, 0, 0},
    {"stop_create", stop_create, end_stop, 0, 0, 0},
    {"future_then", then_pending, end_follower, VARIES, 1, 0},
    {"future_then, ended", then_done, end_future, VARIES, 1, 0},
    {"future_then, inline", then_inline, end_follower, 0, 1, 0},
    {"future_then, inline, ended", then_inline_done, end_future, 0, 1, 0},
    {"when_all", when_all, end_follower, 0, 0, 0},
    {"when_all of none", when_all_of_none, end_at_once, 0, 0, 0},
    {"when_any", when_any, end_follower, 0, 0, 0},
    {"when_any, ended", when_any_done, end_at_once, 0, 0, 0},
    {"wait, first", wait_for_first, end_nothing, 0, 0, 0},
    {"wait, first error", wait_for_error, end_nothing, 0, 0, 0},
    {"promise_create", promise_create, end_promise, VARIES | DEFAULTS, 0, 0},
    {"completions_create", completions_create, end_set, 0, 0, 0},
    {"completions_add", completions_add, end_added, 0, 0, 0},
    {"completions_add, ended", completions_add_done, end_added, 0, 0, 0},
    {"completions_fd", completions_fd, end_fd, 0, 0, 0},
    {"stream_open", stream_open, end_stream, NULLS | VARIES | DOES_WITH, MANY, 0},
    {"stream_open, pulling", stream_open_pulling, end_stream, NULLS | VARIES | DOES_WITH, MANY, 0},
    {"stream_fd", stream_fd, end_stream_fd, 0, 0, 0}};

#endif
