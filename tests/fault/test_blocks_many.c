/* SPDX-License-Identifier: MIT */
/*
 * test_blocks_many.c - many blocks, and large ones, those of programs that have forked and of workers that have workers, where
 * little is allowed; and that nothing is left of them.
 */
#include "blocks.h"

static int sums(const void *arg, void *result)
{
    const weft_shared_ref *refs;
    const part *p = arg;
    void *place;
    int err = weft_shared_at(&p->ref, p->bytes, &place);
    refs = place;
    for (size_t i = 0; !err && i < p->bytes / sizeof *refs; i++)
        if (!(err = weft_shared_at(&refs[i], sizeof(int), &place)))
            *(int *)result += *(int *)place;
    return err;
}

/* Of blocks and messages, in a worker that needs one more. */
static int counts_mapped(const void *arg, void *result)
{
    const part *p = arg;
    void *place;
    int err = weft_shared_at(&p->ref, p->bytes, &place);
    *(int *)result = shared_mappings();
    return err;
}

static int count_mapped(weft_executor *e)
{
    void *block = alloc(1);
    const part p = {.ref = ref_of(block), .bytes = 1};
    outcome o = run(e, counts_mapped, &p, sizeof p, sizeof(int));
    CHECK(o.status == 0, "counted: %d", o.status);
    release(block);
    return o.number;
}

static void test_many(weft_executor *e)
{
    enum { BLOCKS = 2000 };
    static int *block[BLOCKS];
    int descriptors = open_descriptors();
    weft_shared_ref *refs = alloc(BLOCKS * sizeof *refs);
    for (int i = 0; i < BLOCKS; i++) {
        block[i] = alloc(1);
        *block[i] = i;
        refs[i] = ref_of(block[i]);
    }
    CHECK(open_descriptors() == descriptors, "%d descriptors, then %d", descriptors, open_descriptors());
    const part all = {.ref = ref_of(refs), .bytes = BLOCKS * sizeof *refs};
    for (int i = 0; i < 2; i++) {
        outcome o = run(e, sums, &all, sizeof all, sizeof(int));
        CHECK(o.status == 0 && o.number == BLOCKS * (BLOCKS - 1) / 2, "%d: %d", o.status, o.number);
    }
    int wrong = 0;
    for (int i = 0; i < BLOCKS; i++)
        wrong += run_part(e, refs[i], 4096).status != 0 || *block[i] != 2 * i;
    CHECK(wrong == 0, "%d were wrong", wrong);
    int kept = count_mapped(e);
    CHECK(kept > 2 && kept < 100, "%d are kept for later calls", kept);
    for (int i = 0; i < BLOCKS; i++)
        release(block[i]);
    release(refs);
    kept = count_mapped(e);
    CHECK(kept == 2, "of those that are gone none: %d", kept);
}

static int touches(void *out, const void *in, void *ctx)
{
    *(char *)out = 1;
    return in || ctx;
}

static void test_large(void)
{
    if (TALLY_SANITIZED) {
        tally_skip("large blocks", "a sanitizer's shadow is larger than any limit");
        return;
    }
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .memory_bytes = (size_t)1 << 30));
    int *large = alloc((size_t)2 << 30), *some[4], status[4];
    outcome o = run_part(e, ref_of(large), sizeof(int));
    CHECK(o.status == -ENOMEM, "a task: %d", o.status);
    int err = weft_executor_map(e, touches, NULL, 0, large, (size_t)512 << 20, 4,
                                WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status));
    CHECK(err == WEFT_EITEM && status[0] == -ENOMEM && status[3] == -ENOMEM && *large == 0, "a map: %d, %d",
          err, status[0]);
    release(large);
    for (int i = 0; i < 4; i++) { /* there is room for one, or two */
        some[i] = alloc((size_t)400 << 20);
        *some[i] = 1;
    }
    for (int i = 0; i < 8; i++) {
        o = run_part(e, ref_of(some[i % 4]), sizeof(int));
        CHECK(o.status == 0 && *some[i % 4] == 2 << i / 4, "one after the other: %d", o.status);
    }
    for (int i = 0; i < 4; i++)
        release(some[i]);
    (void)weft_executor_destroy(e);
}

/* ---- processes of processes ---------------------------------------------------------------------- */

/* In a worker: the program's blocks are here and no further, its own go on. */
static int has_workers(const void *arg, void *result)
{
    weft_executor *e;
    int *own;
    void *memory;
    const part *p = arg;
    if (weft_executor_processes(&e, WEFT_PROCESSES_CONFIG(.processes = 1)) || weft_shared_alloc(1, &memory))
        return 1;
    own = memory;
    *own = 5;
    int here = weft_shared_at(&p->ref, p->bytes, &memory), there = run_part(e, p->ref, p->bytes).status;
    int status = here || there != -ENOENT ? 2 : run_part(e, ref_of(own), 4096).status;
    *(int *)result = *own;
    return weft_executor_destroy(e) || weft_shared_free(own) ? 3 : status;
}

static void test_nested(weft_executor *e)
{
    int *block = alloc(1);
    const part p = {.ref = ref_of(block), .bytes = 4096};
    outcome o = run(e, has_workers, &p, sizeof p, sizeof(int));
    CHECK(o.status == 0 && o.number == 10, "workers of a worker: %d, %d", o.status, o.number);
    release(block);
}

static int in_child(int *block)
{
    weft_shared_ref ref;
    if (weft_shared_ref_of(block, &ref) != -EINVAL || weft_shared_free(block) != -EINVAL)
        return 1;
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    int *own = alloc(1);
    *own = 5;
    *block += 1;
    if (run_part(e, ref_of(own), 4096).status || *own != 10)
        return 2;
    release(own);
    return weft_executor_destroy(e) ? 3 : 0;
}

/* Before there are threads: ThreadSanitizer lets a child make none else. */
static void test_fork(void)
{
    int *block = alloc(MIB), status = 1;
    *block = 20;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        tally_watch(60);
        _exit(in_child(block));
    }
    CHECK(waitpid(pid, &status, 0) == pid, "a child has ended");
    CHECK(status == 0, "in a child: %x", (unsigned)status);
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    outcome o = run_part(e, ref_of(block), MIB);
    CHECK(o.status == 0 && o.number == 21 && *block == 42, "and here: %d, %d", o.status, *block);
    release(block);
    (void)weft_executor_destroy(e);
}

/* ---- limits -------------------------------------------------------------------------------------- */

static int with_small_files(void)
{
    struct rlimit small = {MIB, MIB};
    void *block = NULL, *other;
    if (setrlimit(RLIMIT_FSIZE, &small) || weft_shared_alloc(MIB / 2, &block))
        return 1;
    memset(block, 1, MIB / 2);
    if (weft_shared_alloc(MIB, &other) != -EFBIG || weft_shared_free(block))
        return 2;
    return weft_shared_alloc(MIB / 2, &other) || weft_shared_free(other) ? 3 : 0;
}

static int with_few_files(void)
{
    int wrong = 0;
    void *block = NULL;
    struct rlimit few = {0, 0};
    (void)getrlimit(RLIMIT_NOFILE, &few);
    for (few.rlim_cur = 3; few.rlim_cur <= 5; few.rlim_cur++) /* 3 and 4 may be free */
        wrong += setrlimit(RLIMIT_NOFILE, &few) || weft_shared_alloc(1, &block) != -EMFILE || block;
    few.rlim_cur = 64;
    return wrong || setrlimit(RLIMIT_NOFILE, &few) || weft_shared_alloc(1, &block) || weft_shared_free(block);
}

static void check_child(int (*body)(void), const char *what)
{
    int status = 1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        tally_watch(60);
        _exit(body());
    }
    CHECK(waitpid(pid, &status, 0) == pid, "%s: a child has ended", what);
    CHECK(status == 0, "%s: %x", what, (unsigned)status);
}
int main(void)
{
    tally_watch(360);
    int descriptors = open_descriptors();
    test_fork();
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    test_many(e);
    test_nested(e);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    test_large();
    check_child(with_small_files, "small files");
    check_child(with_few_files, "few descriptors");
    CHECK(open_descriptors() == descriptors, "%d descriptors, then %d", descriptors, open_descriptors());
    check_nothing_shared();
    return tally_end();
}
