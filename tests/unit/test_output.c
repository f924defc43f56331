/* SPDX-License-Identifier: MIT */
/* os/output: all bytes arrive, in short writes and across signals; errors are told, errno is left alone. */
#include "os/output.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define BYTES ((size_t)1 << 20)

static char sent[BYTES], got[BYTES];
static atomic_int signals;

static void note(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

struct reader {
    int fd;
    pthread_t writer;
    size_t count;
};

/* Reads in small pieces, and disturbs the writer, which sleeps in the full pipe, before each. */
static void *read_slowly(void *arg)
{
    struct reader *r = arg;
    ssize_t n;
    do {
        pthread_kill(r->writer, SIGUSR1);
        n = read(r->fd, got + r->count, r->count + 5000 < BYTES ? 5000 : BYTES - r->count);
        r->count += n > 0 ? (size_t)n : 0;
    } while (n > 0 && r->count < BYTES);
    return NULL;
}

Test(output, a_megabyte_passes_a_pipe_whole_while_signals_come, .timeout = 240)
{
    int fds[2];
    struct reader r = {.writer = pthread_self()};
    struct sigaction action = {.sa_handler = note}; /* without SA_RESTART */
    pthread_t thread;
    for (size_t i = 0; i < BYTES; i++)
        sent[i] = (char)(i * 7 + i / 251);
    cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
    cr_assert_eq(pipe(fds), 0);
    r.fd = fds[0];
    cr_assert_eq(pthread_create(&thread, NULL, read_slowly, &r), 0);
    cr_assert_eq(wf_write_all(fds[1], sent, BYTES), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(r.count, BYTES);
    cr_assert_eq(memcmp(sent, got, BYTES), 0);
    cr_assert_gt(atomic_load(&signals), 0);
}

Test(output, errors_are_told_and_errno_stays)
{
    int fds[2];
    errno = 77;
    cr_assert_eq(wf_write_all(-1, "x", 1), -EBADF);
    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    errno = 77;
    cr_assert_eq(wf_write_all(fds[1], sent, BYTES), -EAGAIN, "a full pipe");
    cr_assert_eq(errno, 77);
    signal(SIGPIPE, SIG_IGN);
    close(fds[0]);
    cr_assert_eq(wf_write_all(fds[1], "x", 1), -EPIPE);
}

Test(output, nothing_is_nothing)
{
    cr_assert_eq(wf_write_all(-1, "x", 0), 0);
}
