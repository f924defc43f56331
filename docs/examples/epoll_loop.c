/* SPDX-License-Identifier: MIT */
/*
 * epoll_loop - an event loop of one thread that gives its heavy work to the pool, and never waits for it.
 *
 * - Reads lines from standard input. A number goes to the pool, and is answered with its prime factors when they are
 *   known; "left" is answered at once; "stop" ends the program, whatever runs.
 * - weft_completions has a descriptor: the loop waits for it as for any other. When it is readable, collect() takes out
 *   what has ended, each with its tag, until a look finds nothing; then it is back to epoll_wait.
 * - The loop's thread only ever looks: a deadline of 0 has passed, so weft_completions_next does not wait, and outside
 *   of the pool it runs no task then. For that the pool needs a thread of its own.
 * - While NUMBERS_MAX are worked on nothing is read: who sends faster than we compute is held up, and memory is bounded.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <weft/weft.h>

#include "numbers.h"

struct loop {
    int epoll;
    bool watching; /* standard input is among what epoll watches */
    struct input input;
    weft_completions *done;
    weft_stop *stop; /* the token of all tasks */
};

static _Noreturn void __attribute__((format(printf, 1, 2))) die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("epoll_loop: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

/* For calls of weft that nothing can go on without. */
static void must(const char *what, int err)
{
    if (err)
        die("%s: %s", what, weft_strerror(err));
}

/* ---- to the pool, and back ---- */

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

static void collect(struct loop *loop)
{
    weft_future *future;
    void *number;
    int err;
    while (!(err = weft_completions_next(loop->done, 0, &future, &number))) {
        number_print(number, weft_future_status(future));
        weft_future_release(future);
        free(number);
    }
    if (err != -ETIMEDOUT && err != WEFT_EEND) /* nothing more now; nothing more at all */
        must("next", err);
}

/* ---- standard input ---- */

static bool may_read(const struct loop *loop)
{
    return !loop->input.ended && weft_completions_left(loop->done) < NUMBERS_MAX;
}

static void serve(struct loop *loop, const char *line)
{
    struct number *number;
    if (!strcmp(line, "left"))
        printf("left %zu\n", weft_completions_left(loop->done));
    else if (!strcmp(line, "stop"))
        weft_stop_request(loop->stop);
    else if ((number = number_parse(line)) != NULL)
        submit(loop, number);
    else
        printf("%s: %s\n", line, strerror(errno));
}

static void serve_lines(struct loop *loop)
{
    const char *line;
    while (weft_completions_left(loop->done) < NUMBERS_MAX && !weft_stop_requested(loop->stop) &&
           (line = input_line(&loop->input)) != NULL)
        serve(loop, line);
    if (weft_stop_requested(loop->stop))
        loop->input = (struct input){.ended = true};
}

static void read_input(struct loop *loop)
{
    size_t room;
    char *to = input_room(&loop->input, &room);
    ssize_t got = read(STDIN_FILENO, to, room); /* it is readable: this does not wait */
    if (got < 0 && errno != EINTR && errno != EAGAIN)
        die("standard input: %s", strerror(errno));
    loop->input.bytes += got > 0 ? (size_t)got : 0;
    loop->input.ended = got == 0;
}

/* Taken out, and not just with no events: a hang-up would be reported all the same, again and again. */
static void watch_input(struct loop *loop, bool wanted)
{
    struct epoll_event in = {.events = EPOLLIN, .data.fd = STDIN_FILENO};
    if (wanted != loop->watching &&
        epoll_ctl(loop->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, STDIN_FILENO, &in))
        die("standard input: %s", errno == EPERM ? "only a pipe, a socket or a terminal" : strerror(errno));
    loop->watching = wanted;
}

/* ---- the loop ---- */

static void run(struct loop *loop)
{
    while (!loop->input.ended || weft_completions_left(loop->done)) {
        struct epoll_event events[2];
        watch_input(loop, may_read(loop));
        int n = epoll_wait(loop->epoll, events, 2, -1);
        if (n < 0 && errno != EINTR)
            die("epoll_wait: %s", strerror(errno));
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == STDIN_FILENO)
                read_input(loop);
            else
                collect(loop);
        serve_lines(loop);
        if (fflush(stdout))
            die("standard output: %s", strerror(errno));
    }
}

int main(void)
{
    struct loop loop = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (weft_pool_workers(NULL) < 1)
        die("the pool has no thread: all work would be done in the loop's");
    must("completions", weft_completions_create(&loop.done));
    must("stop token", weft_stop_create(&loop.stop, NULL, WEFT_FOREVER));
    int fd = weft_completions_fd(loop.done);
    struct epoll_event done = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || loop.epoll < 0 || epoll_ctl(loop.epoll, EPOLL_CTL_ADD, fd, &done))
        die("epoll: %s", fd < 0 ? weft_strerror(fd) : strerror(errno));
    run(&loop);
    close(loop.epoll); /* before the set, which closes its descriptor */
    weft_completions_destroy(loop.done);
    weft_stop_release(loop.stop);
    return 0;
}
