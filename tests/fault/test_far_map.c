/* SPDX-License-Identifier: MIT */
/*
 * test_far_map.c - maps over worker processes: what happens to an item is its own doing, whichever others went with it.
 */
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <weft/bulk.h>

enum { ITEMS = 1000 };

static int triple(void *out, const void *in, void *ctx)
{
    *(int *)out = 3 * *(const int *)in;
    return ctx != NULL;
}

static int dies_of_sevens(void *out, const void *in, void *ctx)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (*(const int *)in % 100 == 7)
        (void)raise(SIGKILL);
    return triple(out, in, ctx);
}

static int fails_at_fives(void *out, const void *in, void *ctx)
{
    int number = *(const int *)in;
    return number % 100 == 5 ? number : triple(out, in, ctx);
}

static int knows_nothing(void *out, const void *in, void *ctx)
{
    return out || in || ctx;
}

static int stops(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)in;
    (void)ctx;
    while (!weft_should_stop())
        (void)usleep(1000);
    return 0;
}

/* The other one lasts long enough for two to begin, mostly. */
static int zero_stops(void *out, const void *in, void *ctx)
{
    return *(const int *)in ? usleep(2000) : stops(out, in, ctx);
}

static int input[ITEMS], output[ITEMS], status[ITEMS];

static void fill(void)
{
    for (int i = 0; i < ITEMS; i++) {
        input[i] = i;
        output[i] = -1;
        status[i] = 99;
    }
}

static int count_right(void)
{
    int right = 0;
    for (int i = 0; i < ITEMS; i++)
        right += output[i] == 3 * i && status[i] == 0;
    return right;
}

static int map(weft_executor *e, weft_item_fn *fn, int on_error, weft_map_report *report)
{
    return weft_executor_map(e, fn, input, sizeof *input, output, sizeof *output, ITEMS,
                             WEFT_MAP_CONFIG(.on_error = on_error, .status = status, .report = report));
}

static void test_results(weft_executor *e)
{
    weft_map_report report;
    fill();
    int err = map(e, triple, WEFT_FAIL_FAST, &report);
    CHECK(err == 0 && count_right() == ITEMS, "%d, %d right", err, count_right());
    CHECK(report.done == ITEMS && report.failed == 0 && report.index == ITEMS, "%zu done", report.done);
    err = weft_executor_map(e, triple, input, sizeof *input, input, sizeof *input, ITEMS, NULL);
    int right = 0;
    for (int i = 0; i < ITEMS; i++)
        right += input[i] == 3 * i;
    CHECK(err == 0 && right == ITEMS, "in place: %d, %d right", err, right);
    CHECK(weft_executor_map(e, triple, NULL, 0, NULL, 0, 0, NULL) == 0, "no item");
    CHECK(weft_executor_map(e, knows_nothing, NULL, 0, NULL, 0, 100, NULL) == 0, "no bytes");
}

static void test_deaths(weft_executor *e)
{
    weft_map_report report;
    int died = 0;
    fill();
    int err = map(e, dies_of_sevens, WEFT_COLLECT, &report);
    for (int i = 7; i < ITEMS; i += 100)
        died += status[i] == WEFT_EDIED;
    CHECK(err == WEFT_EITEM && died == 10, "%d, %d died", err, died);
    CHECK(count_right() == ITEMS - 10, "%d are right", count_right());
    CHECK(report.done == ITEMS - 10 && report.failed == 10 && report.index == 7 &&
              report.status == WEFT_EDIED,
          "%zu done, %zu failed, first %zu: %d", report.done, report.failed, report.index, report.status);
}

static void test_failures(weft_executor *e)
{
    weft_map_report report;
    fill();
    int err = map(e, fails_at_fives, WEFT_COLLECT, &report);
    CHECK(err == WEFT_EITEM && report.failed == 10 && report.index == 5 && report.status == 5,
          "collect: %zu failed, first %zu: %d", report.failed, report.index, report.status);
    CHECK(count_right() == ITEMS - 10, "%d are right", count_right());
    fill();
    err = map(e, fails_at_fives, WEFT_FAIL_FAST, &report);
    size_t right = (size_t)count_right(), skipped = 0;
    for (int i = 0; i < ITEMS; i++)
        skipped += status[i] == -ECANCELED && output[i] == -1;
    CHECK(err == WEFT_EITEM && report.failed >= 1 && report.index % 100 == 5, "fail fast: %d, %zu", err,
          report.index);
    CHECK(right == report.done && right + report.failed + skipped == ITEMS,
          "%zu right, %zu failed, %zu not begun", right, report.failed, skipped);
}

static void test_small_messages(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .message_bytes = 256));
    static char large[2][256];
    fill();
    CHECK(map(e, triple, WEFT_FAIL_FAST, NULL) == 0 && count_right() == ITEMS, "%d are right", count_right());
    CHECK(weft_executor_map(e, triple, large, 256, NULL, 0, 2, NULL) == -EMSGSIZE, "too large an item");
    CHECK(weft_executor_map(e, triple, input, 4, output, 4, 2, WEFT_MAP_CONFIG(.ctx = e)) == -EINVAL,
          "a pointer");
    (void)weft_executor_destroy(e);
}

static void test_async(weft_executor *e)
{
    weft_future *future = NULL;
    int got = 1;
    fill();
    int err = weft_executor_map_async(e, triple, input, sizeof *input, output, sizeof *output, ITEMS,
                                      WEFT_MAP_CONFIG(.status = status), &future);
    CHECK(err == 0 && weft_future_get(future, &got) == 0 && got == 0, "%d, %d", err, got);
    CHECK(count_right() == ITEMS, "%d are right", count_right());
    weft_future_release(future);
    err = weft_executor_map_async(e, stops, NULL, 0, NULL, 0, ITEMS, NULL, &future);
    while (err == 0 && weft_future_state(future) == WEFT_PENDING)
        (void)usleep(1000);
    CHECK(weft_future_cancel(future) == -EBUSY, "it runs");
    got = 1;
    err = weft_future_get(future, &got);
    CHECK(err == 0 && got == -ECANCELED, "stopped in the middle: %d, %d", err, got);
    weft_future_release(future);
}

/* One of the two has nothing left, and waits for the other: whichever it is, both are stopped. */
static void test_stopped_while_one_waits(weft_executor *e)
{
    weft_future *future = NULL;
    fill();
    for (int i = 0; i < 40; i++) {
        input[i / 4 % 2] = 0;
        input[!(i / 4 % 2)] = 1;
        int got = 1, err = weft_executor_map_async(e, zero_stops, input, sizeof *input, NULL, 0, 2,
                                                   WEFT_MAP_CONFIG(.status = status), &future);
        while (err == 0 && weft_future_state(future) == WEFT_PENDING)
            (void)sched_yield();
        (void)usleep((useconds_t)(i % 4) * 3000); /* the other one runs, waits for nobody, has ended */
        CHECK(weft_future_cancel(future) == -EBUSY, "it runs");
        err = weft_future_get(future, &got);
        CHECK(err == 0 && (got == -ECANCELED || got == 0), "stopped: %d, %d", err, got);
        weft_future_release(future);
    }
}

/* ---- stopped before a worker begins -------------------------------------------------------------- */

/* In a file that all have mapped: how many workers have come to begin, and how many may. */
typedef struct gate {
    atomic_int come, open;
} gate;

static gate *map_gate(const char *path)
{
    int file = open(path, O_RDWR);
    void *memory = file < 0 || ftruncate(file, sizeof(gate))
                       ? MAP_FAILED
                       : mmap(NULL, sizeof(gate), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0)
        (void)close(file);
    return memory == MAP_FAILED ? NULL : memory;
}

static int waits_at_gate(const void *path)
{
    gate *g = map_gate(path);
    int number = g ? atomic_fetch_add(&g->come, 1) : 0;
    while (g && number >= atomic_load(&g->open))
        (void)usleep(1000);
    return !g;
}

/* Each item has a worker of its own, and that of the second one begins only when its call is to stop: it does not begin the
 * item, which has not failed for that. */
static void test_stopped_before_it_begins(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    int got = 1;
    weft_future *future = NULL;
    snprintf(path, sizeof path, "%s/weft-gate-XXXXXX", folder ? folder : P_tmpdir);
    int file = mkstemp(path);
    gate *g = map_gate(path);
    if (!CHECK(file >= 0 && g, "a file for all"))
        return;
    (void)close(file);
    for (int i = 0; i < 5; i++) {
        atomic_store(&g->come, 0);
        atomic_store(&g->open, 1);
        weft_executor *e =
            make(WEFT_PROCESSES_CONFIG(.processes = 1, .tasks_each = 1, .time_limit_ns = 10 * LIMIT_NS,
                                       .grace_ns = WEFT_FOREVER, .start = waits_at_gate, .start_arg = path,
                                       .start_bytes = strlen(path) + 1));
        fill();
        int err = weft_executor_map_async(e, triple, input, sizeof *input, output, sizeof *output, ITEMS,
                                          WEFT_MAP_CONFIG(.status = status), &future);
        while (err == 0 && atomic_load(&g->come) < 2)
            (void)usleep(1000);
        CHECK(weft_future_cancel(future) == -EBUSY, "it runs");
        atomic_store(&g->open, ITEMS);
        err = weft_future_get(future, &got);
        CHECK(err == 0 && got == -ECANCELED, "stopped before it begins: %d, %d", err, got);
        CHECK(status[0] == 0 && (status[1] == 0 || status[1] == -ECANCELED) && status[2] == -ECANCELED,
              "items: %d, %d, %d", status[0], status[1], status[2]);
        weft_future_release(future);
        CHECK(weft_executor_destroy(e) == 0, "destroyed");
    }
    (void)munmap(g, sizeof *g);
    (void)unlink(path);
}

int main(void)
{
    tally_watch(360);
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .grace_ns = WEFT_FOREVER));
    test_results(e);
    test_deaths(e);
    test_failures(e);
    test_async(e);
    test_stopped_while_one_waits(e);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    test_small_messages();
    test_stopped_before_it_begins();
    return tally_end();
}
