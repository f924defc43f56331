/* SPDX-License-Identifier: MIT */
/*
 * libuv_loop - the pool beside a libuv loop: epoll_loop.c again, with handles and callbacks.
 *
 * - A uv_poll_t on the descriptor of weft_completions calls collect(), which takes out what has ended, each with its
 *   tag, until a look finds nothing. No callback ever waits for a task. (uv_queue_work would have done the work in
 *   libuv's own threads, four of them unless told otherwise, beside the file and name lookups that wait there.)
 * - A timer ticks meanwhile: "left" answers how often, too. A loop that is blocked has no ticks.
 * - The end: nothing is read any more and nothing is left, so all handles are closed and uv_run returns by itself. The
 *   poll handle is closed before the set, which closes its descriptor.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <weft/weft.h>

#include "numbers.h"

#define TICK_MS 5

struct loop {
    uv_loop_t uv;
    uv_pipe_t in;
    uv_poll_t ended;  /* futures have */
    uv_timer_t timer; /* counts */
    unsigned long ticks;
    struct input input;
    weft_completions *done;
    weft_stop *stop; /* the token of all tasks */
};

static _Noreturn void __attribute__((format(printf, 1, 2))) die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("libuv_loop: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

/* For calls that nothing can go on without. */
static void must(const char *what, int err)
{
    if (err)
        die("%s: %s", what, weft_strerror(err));
}

static void uv_must(const char *what, int err)
{
    if (err)
        die("%s: %s", what, uv_strerror(err));
}

/* ---- to the pool ---- */

static void submit(struct loop *loop, struct number *number)
{
    weft_future *future;
    must("submit", weft_submit_task(NULL,
                                    &(weft_task_spec){.size = sizeof(weft_task_spec),
                                                      .fn = number_factor,
                                                      .arg = number,
                                                      .stop = loop->stop},
                                    &future));
    must("add", weft_completions_add(loop->done, future, number));
    weft_future_release(future); /* the set has a reference of its own */
}

static void serve(struct loop *loop, const char *line)
{
    struct number *number;
    if (!strcmp(line, "left"))
        printf("left %zu, %lu ticks\n", weft_completions_left(loop->done), loop->ticks);
    else if (!strcmp(line, "stop"))
        weft_stop_request(loop->stop);
    else if ((number = number_parse(line)) != NULL)
        submit(loop, number);
    else
        printf("%s: %s\n", line, strerror(errno));
}

/* ---- reading ---- */

static void give_room(uv_handle_t *in, size_t suggested, uv_buf_t *buffer)
{
    struct loop *loop = in->loop->data;
    (void)suggested;
    buffer->base = input_room(&loop->input, &buffer->len);
}

static void go_on(struct loop *loop);

static void was_read(uv_stream_t *in, ssize_t got, const uv_buf_t *buffer)
{
    struct loop *loop = in->loop->data;
    (void)buffer;
    if (got < 0 && got != UV_EOF)
        uv_must("standard input", (int)got);
    loop->input.bytes += got > 0 ? (size_t)got : 0;
    loop->input.ended = got == UV_EOF;
    go_on(loop);
}

/* ---- back from the pool ---- */

static void collect(uv_poll_t *ended, int status, int events)
{
    struct loop *loop = ended->loop->data;
    weft_future *future;
    void *number;
    int err;
    (void)events;
    uv_must("poll", status);
    while (!(err = weft_completions_next(loop->done, 0, &future, &number))) {
        number_print(number, weft_future_status(future));
        weft_future_release(future);
        free(number);
    }
    if (err != -ETIMEDOUT && err != WEFT_EEND) /* nothing more now; nothing more at all */
        must("next", err);
    go_on(loop);
}

/* ---- after every event that matters ---- */

static void close_all(struct loop *loop)
{
    if (uv_is_closing((uv_handle_t *)&loop->in))
        return;
    uv_close((uv_handle_t *)&loop->in, NULL);
    uv_close((uv_handle_t *)&loop->ended, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
}

static void go_on(struct loop *loop)
{
    const char *line;
    while (weft_completions_left(loop->done) < NUMBERS_MAX && !weft_stop_requested(loop->stop) &&
           (line = input_line(&loop->input)) != NULL)
        serve(loop, line);
    if (weft_stop_requested(loop->stop))
        loop->input = (struct input){.ended = true};
    if (fflush(stdout))
        die("standard output: %s", strerror(errno));

    size_t left = weft_completions_left(loop->done);
    if (loop->input.ended || left >= NUMBERS_MAX)
        uv_read_stop((uv_stream_t *)&loop->in);
    else if (!uv_is_active((uv_handle_t *)&loop->in))
        uv_must("standard input", uv_read_start((uv_stream_t *)&loop->in, give_room, was_read));
    if (loop->input.ended && !left)
        close_all(loop);
}

static void tick(uv_timer_t *timer)
{
    struct loop *loop = timer->loop->data;
    loop->ticks++;
}

/* ---- the loop's beginning and end ---- */

static void open_handles(struct loop *loop)
{
    uv_handle_type kind = uv_guess_handle(0);
    if (kind != UV_NAMED_PIPE && kind != UV_TTY)
        die("standard input: only a pipe, a local socket or a terminal");
    uv_must("loop", uv_loop_init(&loop->uv));
    loop->uv.data = loop;
    uv_must("pipe", uv_pipe_init(&loop->uv, &loop->in, 0));
    uv_must("standard input", uv_pipe_open(&loop->in, 0));
    uv_must("timer", uv_timer_init(&loop->uv, &loop->timer));
    uv_must("timer", uv_timer_start(&loop->timer, tick, TICK_MS, TICK_MS));
    int fd = weft_completions_fd(loop->done);
    must("descriptor", fd < 0 ? fd : 0);
    uv_must("poll", uv_poll_init(&loop->uv, &loop->ended, fd));
    uv_must("poll", uv_poll_start(&loop->ended, UV_READABLE, collect));
}

int main(void)
{
    struct loop loop = {.ticks = 0};
    if (weft_pool_workers(NULL) < 1)
        die("the pool has no thread: all work would be done in the loop's");
    must("completions", weft_completions_create(&loop.done));
    must("stop token", weft_stop_create(&loop.stop, NULL, WEFT_FOREVER));
    open_handles(&loop);
    go_on(&loop);
    uv_must("run", uv_run(&loop.uv, UV_RUN_DEFAULT));
    uv_must("close", uv_loop_close(&loop.uv)); /* refuses while a handle is open */
    weft_completions_destroy(loop.done);
    weft_stop_release(loop.stop);
    return 0;
}
