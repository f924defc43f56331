/* SPDX-License-Identifier: MIT */
/*
 * test_blocks.c - blocks that worker processes use in place: maps without a copy, names of places, workers that die in the
 * middle, blocks that are gone or of somebody else; test_blocks_many.c has the rest.
 */
#include "blocks.h"

#include <sched.h>
#include <sys/stat.h>

enum { ITEMS = 40, ITEM = 64 << 10 };

/* ---- maps ---------------------------------------------------------------------------------------- */

static int triple(void *out, const void *in, void *ctx)
{
    int last = ITEM / (int)sizeof(int) - 1, number = *(const int *)in;
    *(int *)out = 3 * number;
    ((int *)out)[last] += number;
    return ctx != NULL;
}

static int dies_of_seven(void *out, const void *in, void *ctx)
{
    int number = *(const int *)in, err = triple(out, in, ctx), kill_signal = SIGKILL;
    if (number == 7)
        (void)raises(&kill_signal, NULL);
    return err;
}

static int fails_at_five(void *out, const void *in, void *ctx)
{
    return triple(out, in, ctx) ? 1 : *(const int *)in == 5 ? 55 : 0;
}

static void fill(char *in, char *out, size_t bytes)
{
    for (int i = 0; i < ITEMS; i++)
        *(int *)(void *)(in + (size_t)i * bytes) = i;
    for (size_t i = 0; in != out && i < ITEMS * ITEM / sizeof(int); i++)
        ((int *)(void *)out)[i] = 1000;
}

static int count_right(const char *out, int before)
{
    int right = 0;
    for (int i = 0; i < ITEMS; i++) {
        const int *words = (const int *)(const void *)(out + (size_t)i * ITEM);
        right += words[0] == 3 * i && words[ITEM / sizeof(int) - 1] == before + i;
    }
    return right;
}

/* The workers take no message of an item's size: what is right was used in place. */
static void test_in_place(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .message_bytes = 8192));
    char *in = alloc(ITEMS * ITEM), *out = alloc(ITEMS * ITEM), *own = calloc(ITEMS, ITEM);
    fill(in, out, ITEM);
    int err = weft_executor_map(e, triple, in, ITEM, out, ITEM, ITEMS, NULL);
    CHECK(err == 0 && count_right(out, 1000) == ITEMS, "two blocks: %d, %d right", err,
          count_right(out, 1000));
    fill(own, out, sizeof(int));
    err = weft_executor_map(e, triple, own, sizeof(int), out, ITEM, ITEMS, NULL);
    CHECK(err == 0 && count_right(out, 1000) == ITEMS, "out alone: %d, %d right", err,
          count_right(out, 1000));
    memset(in, 0, ITEMS * ITEM);
    fill(in, in, ITEM);
    err = weft_executor_map(e, triple, in, ITEM, in, ITEM, ITEMS, NULL);
    CHECK(err == 0 && count_right(in, 0) == ITEMS, "one for both: %d, %d right", err, count_right(in, 0));
    err = weft_executor_map(e, triple, own, ITEM, out, ITEM, ITEMS, NULL);
    CHECK(err == -EMSGSIZE, "an array of its own is copied: %d", err);
    err = weft_executor_map(e, triple, in + ITEM, ITEM, out, ITEM, ITEMS, NULL);
    CHECK(err == -EMSGSIZE, "and one that is not in the block as a whole: %d", err);
    free(own);
    release(in);
    release(out);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

static void test_in_is_in_place(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    char *in = alloc(ITEMS * ITEM), *own = malloc((size_t)ITEMS * ITEM);
    fill(in, own, ITEM);
    int err = weft_executor_map(e, triple, in, ITEM, own, ITEM, ITEMS, NULL);
    CHECK(err == 0 && count_right(own, 0) == ITEMS, "in alone: %d, %d right", err, count_right(own, 0));
    free(own);
    release(in);
    (void)weft_executor_destroy(e);
}

/* What it has written stays; all others are right. */
static void test_death_in_place(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    char *in = alloc(ITEMS * ITEM), *out = alloc(ITEMS * ITEM);
    int status[ITEMS];
    weft_map_report report;
    fill(in, out, ITEM);
    int err =
        weft_executor_map(e, dies_of_seven, in, ITEM, out, ITEM, ITEMS,
                          WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status, .report = &report));
    CHECK(err == WEFT_EITEM && report.failed == 1 && status[7] == WEFT_EDIED, "%d, %zu failed, %d", err,
          report.failed, status[7]);
    CHECK(count_right(out, 1000) == ITEMS, "%d are there, what the dead one wrote, too",
          count_right(out, 1000));
    fill(in, out, ITEM);
    err = weft_executor_map(e, fails_at_five, in, ITEM, out, ITEM, ITEMS,
                            WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status, .report = &report));
    CHECK(err == WEFT_EITEM && report.failed == 1 && status[5] == 55, "%d, %zu failed, %d", err,
          report.failed, status[5]);
    CHECK(count_right(out, 1000) == ITEMS, "%d are there", count_right(out, 1000));
    release(in);
    release(out);
    (void)weft_executor_destroy(e);
}

/* ---- names --------------------------------------------------------------------------------------- */

static void test_names(weft_executor *e)
{
    weft_executor *pool;
    int *block = alloc(2 * MIB), *second = block + MIB / sizeof(int);
    *block = 21;
    *second = 1000;
    outcome o = run_part(e, ref_of(block), 2 * MIB);
    CHECK(o.status == 0 && o.number == 21 && *block == 42, "in a worker: %d, %d", o.status, *block);
    CHECK(weft_pool_executor(NULL, &pool) == 0, "the pool's own");
    o = run_part(pool, ref_of(block), 2 * MIB);
    CHECK(o.status == 0 && o.number == 42 && *block == 84, "in the program: %d, %d", o.status, *block);
    o = run_part(e, ref_of(second), MIB);
    CHECK(o.status == 0 && o.number == 1000 && *second == 2000, "in its middle: %d, %d", o.status, *second);
    release(block);
}

/* Here and there. */
static void check_refused(weft_executor *e, weft_shared_ref ref, size_t bytes, int status, const char *what)
{
    void *place = e;
    int err = weft_shared_at(&ref, bytes, &place);
    CHECK(err == status && !place, "%s: %d in the program", what, err);
    outcome o = run_part(e, ref, bytes);
    CHECK(o.status == status, "%s: %d in a worker", what, o.status);
}

static void test_wrong_names(weft_executor *e)
{
    int *block = alloc(MIB), *other = alloc(MIB);
    weft_shared_ref ref = ref_of(block), wrong = ref_of(block + MIB / sizeof(int) - 1);
    *block = *other = 7;
    CHECK(run_part(e, ref, MIB).status == 0 && *block == 14, "the block is there");
    check_refused(e, ref, MIB + 1, -EINVAL, "a byte too many");
    check_refused(e, ref, SIZE_MAX, -EINVAL, "as many as there are");
    check_refused(e, wrong, sizeof(int) + 1, -EINVAL, "beyond the end");
    wrong.offset_ = MIB + 1;
    check_refused(e, wrong, 0, -EINVAL, "behind the end");
    wrong.offset_ = UINT64_MAX;
    check_refused(e, wrong, 2, -EINVAL, "around the end");
    check_refused(e, (weft_shared_ref){0}, 0, -ENOENT, "zeros");
    wrong = ref;
    wrong.program_++;
    check_refused(e, wrong, 1, -ENOENT, "another program");
    wrong = ref;
    wrong.block_ += 4096;
    check_refused(e, wrong, 1, -ENOENT, "no block");
    wrong.block_ = UINT64_MAX;
    check_refused(e, wrong, 1, -ENOENT, "nowhere");
    release(block);
    check_refused(e, ref, 1, -ENOENT, "a block that is gone");
    int *again = alloc(MIB);
    check_refused(e, ref, 1, -ENOENT, "and another one in its stead");
    CHECK(*again == 0, "zeros: %d", *again);
    release(again);
    release(other);
}

static void test_bad_input(void)
{
    weft_shared_ref ref = {.home_ = 1};
    void *place = &ref, *block = alloc(1);
    int own = 0;
    CHECK(weft_shared_alloc(1, NULL) == -EINVAL, "alloc: nowhere to");
    CHECK(weft_shared_alloc(0, &place) == 0 && !place, "alloc: nothing");
    place = &ref;
    CHECK(weft_shared_alloc(SIZE_MAX, &place) == -ENOMEM && !place, "alloc: all there is");
    CHECK(weft_shared_alloc((size_t)1 << 50, &place) == -ENOMEM && !place, "alloc: more than addresses");
    CHECK(weft_shared_free(NULL) == 0 && weft_shared_free(&own) == -EINVAL, "free: no block");
    CHECK(weft_shared_free((char *)block + 1) == -EINVAL, "free: inside a block");
    CHECK(weft_shared_ref_of(block, NULL) == -EINVAL, "ref_of: nowhere to");
    CHECK(weft_shared_ref_of(&own, &ref) == -EINVAL && !ref.home_, "ref_of: no block");
    CHECK(weft_shared_ref_of(NULL, &ref) == -EINVAL, "ref_of: NULL");
    CHECK(weft_shared_ref_of((char *)block + 4095, &ref) == 0, "ref_of: the last byte");
    CHECK(weft_shared_at(&ref, 1, NULL) == -EINVAL, "at: nowhere to");
    place = block;
    CHECK(weft_shared_at(NULL, 1, &place) == -EINVAL && !place, "at: no name");
    release(block);
    CHECK(weft_shared_free(block) == -EINVAL, "free: twice");
}

/* ---- gone while in use --------------------------------------------------------------------------- */

typedef struct use {
    weft_shared_ref block, gate;
} use;

enum { CAME = 1, GONE };

/* Has the block, says so, waits until it is gone, uses it; and then does not find it. */
static int outlives(const void *arg, void *result)
{
    const use *u = arg;
    void *block, *gate, *again;
    (void)result;
    if (weft_shared_at(&u->block, MIB, &block) || weft_shared_at(&u->gate, sizeof(int), &gate))
        return 1;
    *(int *)block += 1;
    __atomic_store_n((int *)gate, CAME, __ATOMIC_SEQ_CST);
    while (__atomic_load_n((int *)gate, __ATOMIC_SEQ_CST) != GONE)
        (void)sched_yield();
    int wrong = *(volatile int *)block != 0;
    memset(block, 1, MIB);
    return wrong ? 2 : weft_shared_at(&u->block, MIB, &again) == -ENOENT ? 0 : 3;
}

/* What the file of the blocks takes. */
static int64_t bytes_taken(void)
{
    struct stat is;
    for (int fd = 0; fd < 64; fd++)
        if (fstat(fd, &is) == 0 && is.st_size > INT64_C(1) << 60)
            return (int64_t)is.st_blocks * 512;
    return -1;
}

static void test_gone_in_use(weft_executor *e)
{
    int *gate = alloc(sizeof(int)), status = *gate;
    int64_t before = bytes_taken();
    int *block = alloc(MIB);
    const use u = {.block = ref_of(block), .gate = ref_of(gate)};
    *block = 41;
    weft_future *future = submit(e, outlives, &u, sizeof u, 0);
    while (__atomic_load_n(gate, __ATOMIC_SEQ_CST) != CAME)
        (void)sched_yield();
    CHECK(*block == 42, "the worker has written: %d", *block);
    release(block);
    __atomic_store_n(gate, GONE, __ATOMIC_SEQ_CST);
    CHECK(weft_future_get(future, &status) == 0, "it has ended");
    CHECK(status == 0, "it goes on: %d", status);
    weft_future_release(future);
    int *other = alloc(MIB);
    *other = 1;
    CHECK(run_part(e, ref_of(other), MIB).status == 0 && *other == 2, "and has the next one");
    release(other);
    CHECK(before > 0 && bytes_taken() <= before, "what it wrote to nobody is gone: %ld bytes, %ld before",
          (long)bytes_taken(), (long)before);
    release(gate);
}

int main(void)
{
    tally_watch(360);
    int descriptors = open_descriptors();
    test_in_place();
    test_in_is_in_place();
    test_death_in_place();
    test_bad_input();
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    test_names(e);
    test_wrong_names(e);
    test_gone_in_use(e);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    CHECK(open_descriptors() == descriptors, "%d descriptors, then %d", descriptors, open_descriptors());
    check_nothing_shared();
    return tally_end();
}
