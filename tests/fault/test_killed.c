/* SPDX-License-Identifier: MIT */
/*
 * test_killed.c [SEED] - workers that are killed again and again while there is much to do.
 *
 * - A worker draws after how many tasks it dies, and how: in the task, or by the kernel's timer some microseconds later,
 *   wherever it is then: it answers, it waits, it has the next one.
 * - How often each task was begun is counted in a file that all have mapped. What says that it is done was begun once, what
 *   failed says which signal it was, and nothing was begun twice; each argument is destroyed once, and nothing is left.
 */
#include "processes.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <weft/stream.h>

enum { PROCESSES = 3, TASKS = TALLY_SANITIZED ? 4000 : 100000, KILLS = TALLY_SANITIZED ? 30 : 200 };

/* ---- what all see -------------------------------------------------------------------------------- */

typedef struct sight {
    uint64_t seed;
    atomic_int kills, workers;
    atomic_uchar begun[TASKS];
} sight;

static sight *all;

static sight *map_file(const char *path)
{
    FILE *file = fopen(path, "r+");
    void *memory = MAP_FAILED;
    if (file && !ftruncate(fileno(file), sizeof(sight)))
        memory = mmap(NULL, sizeof(sight), PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    if (file)
        (void)fclose(file);
    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- a worker ------------------------------------------------------------------------------------ */

static uint64_t state;
static unsigned left;  /* tasks before it dies */
static unsigned after; /* as many more until its timer has come, or it does not wait for that */

static unsigned draw(unsigned below)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

/* On average all kills together take half of the tasks, and what is done until timers end at most an eighth more. */
static int begins(const void *path)
{
    all = map_file(path);
    if (!all)
        return 1;
    state = all->seed + (uint64_t)atomic_fetch_add(&all->workers, 1) * 7919;
    (void)draw(2);
    left = 1 + draw(TASKS / KILLS);
    return 0;
}

static void live_on(void)
{
    const struct itimerval soon = {.it_value.tv_usec = 1 + (suseconds_t)draw(50)};
    if (after && !--after)
        (void)kill(getpid(), SIGKILL);
    if (!left || --left || atomic_fetch_add(&all->kills, 1) >= KILLS)
        return;
    if (draw(2))
        (void)kill(getpid(), SIGKILL);
    (void)setitimer(ITIMER_REAL, &soon, NULL);
    after = TASKS / KILLS / 4;
}

static int task(const void *arg, void *result)
{
    int i = *(const int *)arg;
    atomic_fetch_add(&all->begun[i], 1);
    live_on();
    *(int *)result = 3 * i;
    return 0;
}

static int item(const void *in, void *out, void *ctx)
{
    (void)ctx;
    return task(in, out);
}

/* ---- the program --------------------------------------------------------------------------------- */

static atomic_int destroyed;

static void destroy(void *arg)
{
    atomic_fetch_add(&destroyed, arg != NULL);
}

typedef struct seen {
    int done, died, wrong, twice;
} seen;

static void look_at(seen *c, int i, int status, const int *result, const char *said)
{
    int begun = atomic_load(&all->begun[i]);
    c->done += status == 0;
    c->died += status == WEFT_EDIED;
    c->twice += begun > 1;
    c->wrong += status == 0
                    ? begun != 1 || !result || *result != 3 * i
                    : status != WEFT_EDIED || (said && !strstr(said, "SIGKILL") && !strstr(said, "SIGALRM"));
}

static void check_count(const seen *c, const char *what)
{
    CHECK(c->done + c->died == TASKS, "%s: %d done, %d died", what, c->done, c->died);
    CHECK(!c->wrong && !c->twice, "%s: %d wrong, %d begun twice", what, c->wrong, c->twice);
    CHECK(c->died <= KILLS, "%s: %d died", what, c->died); /* a worker that was idle takes nothing with it */
    CHECK(atomic_load(&all->kills) >= KILLS, "%s: %d kills", what, atomic_load(&all->kills));
    CHECK(atomic_load(&all->workers) >= KILLS, "%s: %d workers", what, atomic_load(&all->workers));
}

static weft_executor *make_anew(const char *path, uint64_t seed)
{
    memset(all, 0, sizeof *all);
    all->seed = seed;
    return make(WEFT_PROCESSES_CONFIG(.processes = PROCESSES, .start = begins, .start_arg = path,
                                      .start_bytes = strlen(path) + 1));
}

static void test_tasks(const char *path, uint64_t seed)
{
    static weft_future *futures[TASKS];
    weft_executor *e = make_anew(path, seed);
    seen c = {.done = 0};
    for (int i = 0; i < TASKS; i++) {
        weft_task_spec spec = spec_of(task, &i, sizeof i, sizeof i);
        spec.destroy = destroy;
        if (weft_submit_task(e, &spec, &futures[i]))
            exit(1);
    }
    for (int i = 0; i < TASKS; i++) {
        int status = 1;
        (void)weft_future_get(futures[i], &status);
        look_at(&c, i, status, weft_future_result(futures[i]), weft_future_error(futures[i]));
        weft_future_release(futures[i]);
    }
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    check_count(&c, "tasks");
    CHECK(atomic_load(&destroyed) == TASKS, "%d arguments destroyed", atomic_load(&destroyed));
}

static void test_stream(const char *path, uint64_t seed)
{
    static int numbers[TASKS];
    weft_executor *e = make_anew(path, seed);
    weft_stream *stream = NULL;
    seen c = {.done = 0};
    int result, status, err = 0;
    for (int i = 0; i < TASKS; i++)
        numbers[i] = i;
    CHECK(weft_stream_open(&stream, WEFT_STREAM_CONFIG(.executor = e, .fn = item, .items = numbers,
                                                       .in_bytes = sizeof(int), .n = TASKS,
                                                       .out_bytes = sizeof(int))) == 0,
          "open");
    for (int i = 0; stream && !(err = weft_stream_next(stream, WEFT_FOREVER, &result, &status, NULL)); i++)
        look_at(&c, i, status, &result, NULL);
    CHECK(err == WEFT_EEND, "the end: %d", err);
    weft_stream_close(stream);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    check_count(&c, "items");
}

static void check_nothing_left(int descriptors)
{
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no child");
    CHECK(open_descriptors() == descriptors, "%d descriptors, then %d", descriptors, open_descriptors());
    check_nothing_shared();
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)now_ns();
    const char *folder = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/weft-killed-XXXXXX", folder ? folder : P_tmpdir);
    int file = mkstemp(path), descriptors = open_descriptors() - 1;
    tally_watch(360);
    (void)close(file);
    all = map_file(path);
    if (file < 0 || !all)
        return 1;
    printf("seed %" PRIu64 "\n", seed);
    test_tasks(path, seed);
    check_nothing_left(descriptors);
    test_stream(path, seed + 1);
    check_nothing_left(descriptors);
    (void)unlink(path);
    return tally_end();
}
