/* SPDX-License-Identifier: MIT */
/* beginnings.h - executors beside others that begin with a function, on each rank, or are refused; for test_beside.c. */
#ifndef WEFT_TESTS_BEGINNINGS_H
#define WEFT_TESTS_BEGINNINGS_H

#include "beside.h"

#include <dlfcn.h>
#include <pthread.h>

static atomic_int begun;

static int begins(void *arg)
{
    atomic_fetch_add(&begun, *(int *)arg);
    return 0;
}

static int asks_begun(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = atomic_load(&begun);
    return 0;
}

static int bad_rank; /* the same on all */

static int fails_on_one(void *arg)
{
    return rank == bad_rank && !arg ? weft_fail(44, "no licence here") : 0;
}

static int begun_otherwise(weft_executor *e, int times)
{
    enum { N = 100 };
    int wrong = 0;
    for (int i = 0; i < N; i++) {
        weft_future *f = submit(e, asks_begun, NULL, 0, sizeof(int), NULL);
        (void)weft_future_get(f, NULL);
        wrong += *(const int *)weft_future_result(f) != times;
        weft_future_release(f);
    }
    return wrong;
}

static void check_refused(weft_executor *first, const weft_mpi_config *config, int wanted, const char *what)
{
    weft_executor *e = first;
    int err = weft_mpi_executor_beside(&e, first, config);
    CHECK(err == wanted && !e, "%s: %s", what, weft_strerror(err));
}

static void refused(weft_executor *first, const char *plugin)
{
    char said[200] = "", wanted[64];
    int number = 1, err;
    check_refused(first, WEFT_MPI_CONFIG(.start = fails_on_one, .said = said, .said_bytes = sizeof said),
                  -ECANCELED, "start failed");
    snprintf(wanted, sizeof wanted, "rank %d, start: no licence here (44)", bad_rank);
    CHECK(!strcmp(said, wanted), "'%s'", said);
    void *loaded = dlopen(plugin, RTLD_NOW);
    int (*fn)(void *) = NULL;
    if (loaded)
        *(void **)(void *)&fn = dlsym(loaded, "in_plugin");
    CHECK(fn, "no in_plugin");
    check_refused(first, WEFT_MPI_CONFIG(.start = fn, .said = said, .said_bytes = sizeof said), -ECANCELED,
                  "start that is not there");
    CHECK(!strncmp(said, "rank 1, start: the function is in a program", 43), "'%s'", said);
    check_refused(first, WEFT_MPI_CONFIG(.start_arg = &number, .start = begins), -EINVAL, "a pointer");
    check_refused(
        first, WEFT_MPI_CONFIG(.start_arg = said, .start_bytes = 101, .start = begins, .message_bytes = 100),
        -EMSGSIZE, "much to start with");
    check_refused(first, WEFT_MPI_CONFIG(.shared = &number, .shared_bytes = 1), -EINVAL, "shared bytes");
    check_refused(first, WEFT_MPI_CONFIG(.in_flight = -1), -EINVAL, "a limit below 0");
    check_refused(NULL, NULL, -EINVAL, "beside nothing");
    weft_executor *local;
    err = weft_executor_create(&local, NULL);
    CHECK(!err, "%s", weft_strerror(err));
    check_refused(local, NULL, -EINVAL, "beside an executor of this process");
    (void)weft_executor_destroy(local);
    err = weft_mpi_executor_beside(NULL, first, NULL);
    CHECK(err == -EINVAL, "for nobody: %s", weft_strerror(err));
}

/* While the ranks have other things to do, more or less of them. */
static void beginnings(weft_executor *first, void *plugin)
{
    enum { TIMES = 20 };
    int one = 1;
    pthread_t thread;
    user other = {first, 0, "ranks"};
    weft_executor *e = NULL;
    CHECK(!pthread_create(&thread, NULL, maps_and_adds, &other), "a thread");
    for (int i = 0; i < TIMES; i++) {
        if (e)
            destroy(e);
        e = beside(first, WEFT_MPI_CONFIG(.start = begins, .start_arg = &one, .start_bytes = sizeof one,
                                          .queue_limit = 1, .when_full = WEFT_REJECT));
    }
    pthread_join(thread, NULL);
    weft_executor_state state = {.size = sizeof state};
    int wrong = begun_otherwise(e, TIMES);
    CHECK(!wrong, "once on each rank, before the first task: %d", wrong);
    (void)weft_executor_inspect(e, &state);
    CHECK(state.accepted == 100, "its own tasks: %d", (int)state.accepted);
    refused(first, plugin);
    check_works(e, "after all of that");
    destroy(e);
}

#endif
