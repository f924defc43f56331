/* SPDX-License-Identifier: MIT */
/*
 * test_codec.c - maps, streams and tasks over ranks of values that have pointers: what fault/test_codec.c says of worker processes; letters that hold a
 * few values; pieces that are divided again; hooks that a rank has not.
 *
 *     test_codec PLUGIN
 */
#include "ranks.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdbool.h>

#include "../fault/codec_streams.h"
#include "../fault/codec_tasks.h"

static void check_all(weft_executor *e, const char *what)
{
    static const size_t bytes[] = {1, 100, 8000};
    for (size_t i = 0; i < 3; i++) {
        fill(bytes[i]);
        int err = map(e, WEFT_FAIL_FAST), right = count_right();
        CHECK(err == 0 && right == ITEMS, "%s, %zu bytes: %d, %d right", what, bytes[i], err, right);
        empty();
    }
}

static void there_and_back(weft_executor *first, void *arg)
{
    weft_executor *small = NULL;
    (void)arg;
    check_all(first, "as ever");
    int err = weft_mpi_executor_beside(&small, first, WEFT_MPI_CONFIG(.message_bytes = MESSAGE));
    CHECK(!err, "beside: %d", err);
    check_all(small, "small ones");
}

/* Each is one item's, whoever stands beside it. */
static void failures(weft_executor *e, void *arg)
{
    static const int wanted[KINDS] = {0, 70 + UNPACK_FAILS, 70 + FAILS, 0, -EMSGSIZE, 70 + BACK_FAILS};
    int wrong = 0, cancelled = 0;
    (void)arg;
    fill(1000);
    for (int i = 0; i < ITEMS; i++) {
        int kind = i % 11 < KINDS && i % 11 != DIES ? i % 11 : GOOD;
        in[i].text[0] = (char)('0' + kind);
    }
    int err = map(e, WEFT_COLLECT);
    for (int i = 0; i < ITEMS; i++) {
        int kind = in[i].text[0] - '0';
        bool untouched = !out[i].text && out[i].number == -1;
        wrong += status[i] != wanted[kind] || (kind == GOOD ? !is_right(i) : !untouched);
    }
    CHECK(err == WEFT_EITEM && wrong == 0, "%d, %d are wrong", err, wrong);
    empty();
    fill(10);
    in[17].text[0] = '0' + FAILS;
    err = map(e, WEFT_FAIL_FAST);
    for (int i = 0; i < ITEMS; i++)
        cancelled += status[i] == -ECANCELED ? !out[i].text : i == 17 ? status[i] == 70 + FAILS : is_right(i);
    CHECK(err == WEFT_EITEM && cancelled == ITEMS, "fail fast: %d, %d", err, cancelled);
    empty();
}

static void largest(weft_executor *e, void *arg)
{
    (void)arg;
    check_largest(e);
}

static void one_way(weft_executor *e, void *arg)
{
    static size_t length[ITEMS];
    static int number[ITEMS];
    int wrong = 0;
    (void)arg;
    fill(50);
    int err = weft_executor_map(e, measures, in, sizeof *in, length, sizeof *length, ITEMS,
                                WEFT_MAP_CONFIG(.in_codec = &in_codec));
    for (int i = 0; i < ITEMS; i++) {
        wrong += length[i] != strlen(in[i].text);
        number[i] = i;
    }
    CHECK(err == 0 && wrong == 0, "there: %d, %d wrong", err, wrong);
    err = weft_executor_map(e, spells, number, sizeof *number, out, sizeof *out, ITEMS,
                            WEFT_MAP_CONFIG(.out_codec = &out_codec));
    for (int i = 0; i < ITEMS; i++)
        wrong += !out[i].text || atoi(out[i].text) != i || out[i].number != i;
    CHECK(err == 0 && wrong == 0, "back: %d, %d wrong", err, wrong);
    empty();
}

static void streams(weft_executor *e, void *arg)
{
    (void)arg;
    check_streams(e, DIES);
    check_half_read(e);
    check_array(e);
    check_bad_streams(e);
}

static void tasks(weft_executor *e, void *arg)
{
    (void)arg;
    check_tasks(e, DIES);
}

/* ---- divided again ------------------------------------------------------------------------------- */

static char others_done[300];

/* The first one waits until the last one has run, which may be behind it. */
static int in_turn(void *to, const void *from, void *ctx)
{
    const line *l = from;
    struct stat found;
    if (l->number == ITEMS - 1) {
        int fd = open(l->text + 1, O_CREAT | O_WRONLY, 0600);
        if (fd < 0)
            return -errno;
        (void)close(fd);
    }
    while (l->number == 0 && stat(l->text + 1, &found) && !weft_should_stop())
        sched_yield();
    return twice(to, from, ctx);
}

static void divides(weft_executor *e, void *arg)
{
    (void)arg;
    for (int k = 0; k < 5 && ranks > 2; k++) {
        name_file(others_done, sizeof others_done, "others-done");
        fill(sizeof others_done);
        for (int i = 0; i < ITEMS; i++)
            snprintf(in[i].text + 1, sizeof others_done, "%s", others_done);
        int err = weft_executor_map(e, in_turn, in, sizeof *in, out, sizeof *out, ITEMS,
                                    WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status,
                                                    .in_codec = &in_codec, .out_codec = &out_codec));
        CHECK(err == 0 && count_right() == ITEMS, "divided: %d, %d right", err, count_right());
        empty();
    }
}

/* ---- what does not go ---------------------------------------------------------------------------- */

static void not_there(weft_executor *e, void *plugin)
{
    void *loaded = dlopen(plugin, RTLD_NOW);
    weft_codec codec = in_codec;
    int refused = 0;
    codec.unpack = NULL;
    if (loaded)
        *(void **)(void *)&codec.unpack = dlsym(loaded, "in_plugin");
    CHECK(codec.unpack, "no in_plugin");
    fill(5);
    int err = weft_executor_map(e, twice, in, sizeof *in, out, sizeof *out, ITEMS,
                                WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status,
                                                .in_codec = &codec, .out_codec = &out_codec));
    for (int i = 0; i < ITEMS; i++)
        refused += status[i] == -ENOENT && !out[i].text;
    CHECK(err == WEFT_EITEM && refused == ITEMS, "a hook that is not there: %d, %d", err, refused);
    empty();
    int became = 0;
    line l = line_of(GOOD, 5);
    weft_task_spec spec = of_line(&l);
    spec.arg_codec = &codec;
    weft_future *future = submit_line(e, spec);
    (void)weft_future_get(future, &became);
    CHECK(became == -ENOENT && strstr(weft_future_error(future), "a hook"), "a task's: %d, %s", became,
          weft_future_error(future));
    weft_future_release(future);
    weft_executor *none = NULL;
    err = weft_mpi_executor_beside(&none, e, WEFT_MPI_CONFIG(.message_bytes = 100));
    CHECK(!err, "beside: %d", err);
    fill(1);
    err = map(none, WEFT_FAIL_FAST);
    CHECK(err == -EMSGSIZE, "letters that hold none: %d", err);
    empty();
    l = (line){.text = NULL};
    spec = of_line(&l);
    err = weft_submit_task(none, &spec, &future);
    CHECK(err == -EMSGSIZE && !future, "a task's: %d", err);
}

/* Who submits a task sends it, and waits. */
static void tasks_without_threads(char **argv)
{
    weft_pool *pool = NULL;
    int err = rank ? 0 : weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE));
    CHECK(!err, "a pool: %s", weft_strerror(err));
    err =
        weft_mpi_run(MPI_COMM_WORLD, tasks, argv[1], WEFT_MPI_CONFIG(.pool = pool, .message_bytes = MESSAGE));
    CHECK(!err, "without threads: %s", weft_strerror(err));
    (void)weft_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    static const struct {
        void (*run)(weft_executor *e, void *arg);
        bool small; /* messages */
    } jobs[] = {{there_and_back, false}, {failures, true}, {largest, true},  {one_way, false},
                {streams, true},         {tasks, true},    {divides, false}, {not_there, false}};
    place = getenv("WEFT_TEST_PLACE");
    if (argc < 2 || !place)
        return 2;
    tally_watch(360);
    begin_ranks(argc, argv, MPI_THREAD_FUNNELED);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        const weft_mpi_config *config = jobs[i].small ? WEFT_MPI_CONFIG(.message_bytes = MESSAGE) : NULL;
        int err = weft_mpi_run(MPI_COMM_WORLD, jobs[i].run, argv[1], config);
        CHECK(!err, "job %zu: %s", i, weft_strerror(err));
        CHECK(!rank || atomic_load(&live) == 0, "%d are left on rank %d", atomic_load(&live), rank);
    }
    tasks_without_threads(argv);
    MPI_Finalize();
    return end_ranks();
}
