/* SPDX-License-Identifier: MIT */
/*
 * test_streams.c - streams over ranks: what streams over processes promise, and what is another thing here: a chunk is at least
 * an item for each worker of a rank, letters have a size, a function may not be there.
 *
 *     test_streams PLUGIN
 */
#include "ranks.h"

#include <dlfcn.h>
#include <pthread.h>

#include "../fault/far_streams.h"

static weft_executor *beside(weft_executor *ranks_of, const weft_mpi_config *config)
{
    weft_executor *e = NULL;
    int err = weft_mpi_executor_beside(&e, ranks_of, config);
    CHECK(!err && e, "beside: %s", weft_strerror(err));
    return e;
}

static void *streams_main(void *executor)
{
    for (int i = 0; i < 5; i++) {
        weft_stream_config config = of_array(executor, fails_at_fives);
        config.unordered = i & 1;
        seen t = run_all(config);
        CHECK(t.end == WEFT_EEND && t.failed == 10 && t.right == ITEMS - 10, "%d failed, %d right", t.failed,
              t.right);
    }
    return NULL;
}

static void as_processes(weft_executor *first, void *arg)
{
    (void)arg;
    test_streams(first);
    test_executor_goes(beside(first, NULL));
    test_executor_goes(beside(first, WEFT_MPI_CONFIG(.in_flight = 1)));
    test_results(beside(first, WEFT_MPI_CONFIG(.in_flight = 1)));
}

/* Two streams and maps, by two executors. */
static void at_once(weft_executor *first, void *arg)
{
    pthread_t thread;
    size_t wrong = 0;
    (void)arg;
    CHECK(!pthread_create(&thread, NULL, streams_main, beside(first, NULL)), "a thread");
    for (int i = 0; i < 5; i++)
        wrong += wrong_squares(first, 3000);
    CHECK(!wrong, "%zu squares", wrong);
    (void)streams_main(first);
    pthread_join(thread, NULL);
}

/* ---- chunks -------------------------------------------------------------------------------------- */

/* Closing asks it to stop. */
static int item_stays(const void *in, void *out, void *ctx)
{
    (void)in;
    (void)out;
    (void)ctx;
    while (!weft_should_stop())
        ;
    return 7;
}

static int pull_counted(void *in, void *ctx)
{
    *(int *)in = atomic_fetch_add((atomic_int *)ctx, 1);
    return 0;
}

/* One letter at a time; none of its items ends: so many are in it as have been pulled. */
static void one_for_each_worker(weft_executor *first, void *arg)
{
    atomic_int pulled = 0;
    weft_pool_info info = {.size = sizeof info};
    weft_stream *stream = NULL;
    (void)arg;
    (void)weft_pool_inspect(NULL, &info); /* as large as those of the other ranks */
    int workers = info.workers < 64 ? (int)info.workers : 64;
    weft_stream_config config = {.size = sizeof config,
                                 .executor = beside(first, WEFT_MPI_CONFIG(.in_flight = 1)),
                                 .fn = item_stays,
                                 .pull = pull_counted,
                                 .ctx = &pulled,
                                 .in_bytes = sizeof(int)};
    int err = weft_stream_open(&stream, &config);
    CHECK(!err, "open: %s", weft_strerror(err));
    while (atomic_load(&pulled) < workers)
        ;
    weft_stream_close(stream);
    CHECK(atomic_load(&pulled) == workers, "%d pulled, %d workers", atomic_load(&pulled), workers);
}

typedef struct block {
    int number;
    char more[996];
} block;

static int same_block(const void *in, void *out, void *ctx)
{
    (void)ctx;
    *(block *)out = *(const block *)in;
    return 0;
}

/* A chunk takes several letters. */
static void in_small_letters(weft_executor *first, void *arg)
{
    enum { N = 200 };
    block *in = calloc(N, sizeof *in), out;
    weft_stream *stream = NULL;
    int right = 0, status;
    size_t index;
    (void)arg;
    for (int i = 0; i < N; i++)
        in[i].number = in[i].more[sizeof in[i].more - 1] = (char)i;
    weft_stream_config config = {.size = sizeof config,
                                 .executor = beside(first, WEFT_MPI_CONFIG(.message_bytes = 4000)),
                                 .fn = same_block,
                                 .items = in,
                                 .n = N,
                                 .in_bytes = sizeof *in,
                                 .out_bytes = sizeof out,
                                 .chunk = 64};
    int err = weft_stream_open(&stream, &config);
    CHECK(!err, "open: %s", weft_strerror(err));
    while (!weft_stream_next(stream, WEFT_FOREVER, &out, &status, &index))
        right += !status && !memcmp(&out, &in[index], sizeof out);
    CHECK(right == N, "%d of %d", right, N);
    weft_stream_close(stream);
    config.executor = beside(first, WEFT_MPI_CONFIG(.message_bytes = 500));
    err = weft_stream_open(&stream, &config);
    CHECK(err == -EMSGSIZE && !stream, "a large item: %s", weft_strerror(err));
    free(in);
}

/* In the window as a large letter has them, but for their order: they have to be put together. */
typedef struct large {
    int number;
    char more[4092];
} large;

static int pull_large(void *in, void *ctx)
{
    ((large *)in)->number = (*(int *)ctx)++;
    return ((large *)in)->number == ITEMS;
}

static int tells_number(const void *in, void *out, void *ctx)
{
    (void)out;
    (void)ctx;
    return ((const large *)in)->number + 1;
}

static void out_of_order(weft_executor *first, void *arg)
{
    int next = 0, right = 0, status;
    weft_stream *stream = NULL;
    (void)arg;
    weft_stream_config config = {.size = sizeof config,
                                 .executor = first,
                                 .fn = tells_number,
                                 .pull = pull_large,
                                 .ctx = &next,
                                 .in_bytes = sizeof(large),
                                 .window = 7,
                                 .chunk = 3,
                                 .unordered = 1};
    int err = weft_stream_open(&stream, &config);
    CHECK(!err, "open: %s", weft_strerror(err));
    for (size_t index; !weft_stream_next(stream, WEFT_FOREVER, NULL, &status, &index);)
        right += status == (int)index + 1;
    CHECK(right == ITEMS, "%d of %d", right, ITEMS);
    weft_stream_close(stream);
}

/* ---- what does not run --------------------------------------------------------------------------- */

static void not_there(weft_executor *first, void *plugin)
{
    void *loaded = dlopen(plugin, RTLD_NOW);
    int (*fn)(const void *, void *, void *) = NULL;
    int refused = 0, status, right = 0;
    weft_stream *stream = NULL;
    if (loaded)
        *(void **)(void *)&fn = dlsym(loaded, "in_plugin");
    CHECK(fn, "no in_plugin");
    weft_stream_config config = of_array(first, fn);
    int err = weft_stream_open(&stream, &config);
    CHECK(!err, "open: %s", weft_strerror(err));
    for (size_t index; !weft_stream_next(stream, WEFT_FOREVER, NULL, &status, &index); right++)
        refused += status == -ENOENT && index == (size_t)right;
    CHECK(refused == ITEMS, "%d of %d, in order", refused, ITEMS);
    weft_stream_close(stream);
}

/* The executor is told to stop what runs, and the consumer is not left waiting. */
static void stops_running(weft_executor *first, void *arg)
{
    atomic_int pulled = 0;
    int status, ended = 0, other = 0;
    (void)arg;
    weft_executor *e = beside(first, WEFT_MPI_CONFIG(.in_flight = 2));
    weft_stream *stream = NULL;
    weft_stream_config config = {.size = sizeof config,
                                 .executor = e,
                                 .fn = item_stays,
                                 .pull = pull_counted,
                                 .ctx = &pulled,
                                 .in_bytes = sizeof(int)};
    int err = weft_stream_open(&stream, &config);
    CHECK(!err, "open: %s", weft_strerror(err));
    while (!atomic_load(&pulled))
        ;
    err = weft_executor_shutdown(e, WEFT_STOP_RUNNING, WEFT_FOREVER);
    CHECK(!err, "shut down: %s", weft_strerror(err));
    for (; ended < 100 && !weft_stream_next(stream, WEFT_FOREVER, NULL, &status, NULL); ended++)
        other += status != 7 && status != -ECANCELED;
    CHECK(ended == 100 && !other, "%d ended, %d in another way", ended, other);
    weft_stream_close(stream);
}

static void alone(weft_executor *first, void *arg)
{
    (void)arg;
    seen t = run_all(of_array(first, fails_at_fives));
    CHECK(t.failed == 10 && t.here == ITEMS - 10, "%d failed, %d here", t.failed, t.here);
}

/* ---- all ----------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
    static void (*const jobs[])(weft_executor * e, void *arg) = {
        as_processes, at_once, one_for_each_worker, in_small_letters, out_of_order, not_there, stops_running};
    int err;
    place = getenv("WEFT_TEST_PLACE");
    if (argc < 2 || !place)
        return 2;
    tally_watch(360);
    begin_ranks(argc, argv, MPI_THREAD_FUNNELED);
    fill_input();
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        err = weft_mpi_run(MPI_COMM_WORLD, jobs[i], argv[1], NULL);
        CHECK(!err, "job %zu: %s", i, weft_strerror(err));
    }
    err = weft_mpi_run(MPI_COMM_SELF, alone, NULL, NULL);
    CHECK(!err, "alone: %s", weft_strerror(err));
    MPI_Finalize();
    return end_ranks();
}
