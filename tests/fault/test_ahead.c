/* SPDX-License-Identifier: MIT */
/*
 * test_ahead.c - maps over a worker process whose next call is there before the first has ended: each item runs once or not at
 * all, and its status says which, wherever a call is broken off. Items count themselves in a block that the worker has, too.
 */
#include "processes.h"

#include <sched.h>
#include <stdatomic.h>
#include <weft/bulk.h>

/* A message has room for two calls of some 70 items. */
enum { ITEMS = 300, MESSAGE = 8192, EACH = 30 };

typedef struct work {
    weft_shared_ref counts; /* an atomic_int for each item; and one that tells that a waiting item is there */
    int number, does;
} work;

enum { ONLY_COUNTS, DIES, FAILS, WAITS };

static int count(void *out, const void *in, void *ctx)
{
    const work *w = in;
    void *there;
    if (weft_shared_at(&w->counts, (ITEMS + 1) * sizeof(atomic_int), &there) || ctx)
        return 1;
    atomic_int *ran = there;
    atomic_fetch_add(&ran[w->number], 1);
    *(int *)out = (int)getpid();
    switch (w->does) {
    case DIES:
        return raise(SIGKILL);
    case FAILS:
        return 5;
    case WAITS:
        atomic_store(&ran[ITEMS], 1);
        while (!weft_should_stop())
            (void)sched_yield();
        return 0;
    default:
        return 0;
    }
}

static atomic_int *counts;
static work input[ITEMS];
static int pid[ITEMS], status[ITEMS];

static void fill(int culprit, int does)
{
    weft_shared_ref ref;
    CHECK(weft_shared_ref_of(counts, &ref) == 0, "a name");
    for (int i = 0; i < ITEMS; i++) {
        input[i] = (work){.counts = ref, .number = i, .does = i == culprit ? does : ONLY_COUNTS};
        atomic_store(&counts[i], 0);
        status[i] = 99;
    }
    atomic_store(&counts[ITEMS], 0);
}

static int map(weft_executor *e, int on_error)
{
    return weft_executor_map(e, count, input, sizeof *input, pid, sizeof *pid, ITEMS,
                             WEFT_MAP_CONFIG(.on_error = on_error, .status = status));
}

/* Items that ran as their status says: those that ended well or as the culprit once, the others never. */
static int count_honest(int culprit, int its_status)
{
    int honest = 0;
    for (int i = 0; i < ITEMS; i++) {
        int ran = atomic_load(&counts[i]);
        honest += i == culprit     ? ran == 1 && status[i] == its_status
                  : status[i] == 0 ? ran == 1
                                   : ran == 0 && status[i] == -ECANCELED;
    }
    return honest;
}

static int count_well(void)
{
    int well = 0;
    for (int i = 0; i < ITEMS; i++)
        well += status[i] == 0;
    return well;
}

/* ---- a call is broken off ------------------------------------------------------------------------ */

static void test_deaths(weft_executor *e)
{
    for (int culprit = 0; culprit < ITEMS; culprit += 23) {
        fill(culprit, DIES);
        int err = map(e, WEFT_COLLECT);
        CHECK(err == WEFT_EITEM && count_honest(culprit, WEFT_EDIED) == ITEMS && count_well() == ITEMS - 1,
              "item %d dies: %d, %d honest, %d well", culprit, err, count_honest(culprit, WEFT_EDIED),
              count_well());
    }
}

static void test_failures(weft_executor *e)
{
    for (int culprit = 0; culprit < ITEMS; culprit += 23) {
        fill(culprit, FAILS);
        int err = map(e, WEFT_FAIL_FAST);
        CHECK(err == WEFT_EITEM && count_honest(culprit, 5) == ITEMS &&
                  count_well() < ITEMS - (culprit < 200),
              "item %d fails: %d, %d honest, %d well", culprit, err, count_honest(culprit, 5), count_well());
        fill(culprit, FAILS);
        err = map(e, WEFT_COLLECT);
        CHECK(err == WEFT_EITEM && count_honest(culprit, 5) == ITEMS && count_well() == ITEMS - 1,
              "item %d fails, the others run: %d, %d well", culprit, err, count_well());
    }
}

static void test_stop(weft_executor *e)
{
    for (int culprit = 0; culprit < ITEMS; culprit += 67) {
        weft_future *future = NULL;
        int got = 0;
        fill(culprit, WAITS);
        CHECK(weft_executor_map_async(e, count, input, sizeof *input, pid, sizeof *pid, ITEMS,
                                      WEFT_MAP_CONFIG(.status = status), &future) == 0,
              "submitted");
        while (!atomic_load(&counts[ITEMS]))
            (void)sched_yield();
        (void)weft_future_cancel(future);
        CHECK(weft_future_get(future, &got) == 0 && got == -ECANCELED, "cancelled: %d", got);
        weft_future_release(future);
        CHECK(count_honest(culprit, 0) == ITEMS && count_well() < ITEMS,
              "stopped in item %d: %d honest, %d well", culprit, count_honest(culprit, 0), count_well());
    }
}

/* Where there is a limit of time each item is a call. */
static void test_worn(void)
{
    weft_executor *e =
        make(WEFT_PROCESSES_CONFIG(.processes = 1, .tasks_each = EACH, .time_limit_ns = 10 * LIMIT_NS));
    fill(-1, ONLY_COUNTS);
    CHECK(map(e, WEFT_COLLECT) == 0 && count_honest(-1, 0) == ITEMS, "%d honest", count_honest(-1, 0));
    int before = 0, same = 0, most = 0;
    for (int i = 0; i < ITEMS; i++) {
        same = pid[i] == before ? same + 1 : 1;
        most = same > most ? same : most;
        before = pid[i];
    }
    CHECK(most == EACH, "%d calls of one process", most);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

/* ---- a hook that reads an answer calls the same process ------------------------------------------ */

static weft_executor *again;
static int refused;

static size_t pack_int(const void *value, void *to, size_t room)
{
    if (room >= sizeof(int))
        memcpy(to, value, sizeof(int));
    return sizeof(int);
}

static int unpack_int(void *value, const void *from, size_t bytes)
{
    memcpy(value, from, bytes);
    return bytes != sizeof(int);
}

static int thrice(void *out, const void *in, void *ctx)
{
    *(int *)out = 3 * *(const int *)in;
    return ctx != NULL;
}

static int unpack_and_call(void *value, const void *from, size_t bytes)
{
    int terms[2] = {40, 2};
    outcome o = run(again, add, terms, sizeof terms, sizeof(int));
    refused += o.status == -EDEADLK && strstr(o.error, "a hook that reads") != NULL;
    return unpack_int(value, from, bytes);
}

static void test_call_inside(weft_executor *e)
{
    const weft_codec codec = {.pack = pack_int, .unpack = unpack_int};
    const weft_codec calls = {.pack = pack_int, .unpack = unpack_and_call};
    int numbers[ITEMS], right = 0;
    for (int i = 0; i < ITEMS; i++)
        numbers[i] = i;
    again = e;
    CHECK(weft_executor_map(e, thrice, numbers, sizeof *numbers, numbers, sizeof *numbers, ITEMS,
                            WEFT_MAP_CONFIG(.in_codec = &codec, .out_codec = &calls)) == 0,
          "mapped");
    for (int i = 0; i < ITEMS; i++)
        right += numbers[i] == 3 * i;
    CHECK(right == ITEMS && refused == ITEMS, "%d are right, %d refused", right, refused);
}

int main(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = MESSAGE));
    void *block = NULL;
    tally_watch(360);
    CHECK(weft_shared_alloc((ITEMS + 1) * sizeof *counts, &block) == 0, "a block");
    counts = block;
    test_deaths(e);
    test_failures(e);
    test_stop(e);
    test_worn();
    test_call_inside(e);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    CHECK(weft_shared_free(block) == 0, "freed");
    return tally_end();
}
