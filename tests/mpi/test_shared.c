/* SPDX-License-Identifier: MIT */
/*
 * test_shared.c - bytes that the submitting rank shares with all others. Run by tests/mpi/launch.
 *
 * A rank has one copy: whoever looks there remembers the first place, and it has to be the same one for all tasks and items of
 * the call, and its start. Two tasks at least come to each rank, the starts of executors beside.
 * Rank 0 checks and prints; what other ranks find wrong is their exit status.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <weft/bulk.h>
#include <weft/mpi.h>

#include "../fault/tally.h"

static int rank;

#define SHARED ((size_t)20000003)

static unsigned char shared_byte(size_t i)
{
    return (unsigned char)(i * 31 + (i >> 16));
}

static size_t differences(const unsigned char *bytes, size_t count)
{
    size_t wrong = count != SHARED || !bytes;
    for (size_t i = 0; !wrong && i < SHARED; i++)
        wrong += bytes[i] != shared_byte(i);
    return wrong;
}

static atomic_uintptr_t first_place; /* 0: nobody has looked */

static bool is_same_place(const void *bytes)
{
    uintptr_t first = 0;
    return atomic_compare_exchange_strong(&first_place, &first, (uintptr_t)bytes) ||
           first == (uintptr_t)bytes;
}

/* The place as a number. */
static int looks_at_shared(const void *arg, void *result)
{
    size_t count = 0;
    const void *bytes = weft_mpi_shared(&count);
    (void)arg;
    *(uintptr_t *)result = (uintptr_t)bytes;
    return differences(bytes, count) || (uintptr_t)bytes % 16 || !is_same_place(bytes);
}

static int starts_beside(void *arg)
{
    (void)arg;
    return is_same_place(weft_mpi_shared(NULL)) ? 0 : weft_fail(1, "another copy");
}

static void twice_everywhere(weft_executor *first)
{
    for (int i = 0; i < 2; i++) {
        weft_executor *e = NULL;
        char said[200] = "";
        int err = weft_mpi_executor_beside(
            &e, first, WEFT_MPI_CONFIG(.start = starts_beside, .said = said, .said_bytes = sizeof said));
        CHECK(!err, "beside: %s: %s", weft_strerror(err), said);
        if (e)
            CHECK(!weft_executor_destroy(e), "destroy");
    }
}

static int looks_at_one(void *out, const void *in, void *ctx)
{
    const unsigned char *bytes = weft_mpi_shared(NULL);
    size_t i = *(const size_t *)in;
    (void)out;
    (void)ctx;
    return !bytes || bytes[i] != shared_byte(i) || !is_same_place(bytes);
}

static void uses_shared(weft_executor *e, void *arg)
{
    enum { N = 3000 };
    size_t *in = calloc(N, sizeof *in), count = 0;
    int status;
    for (size_t i = 0; i < N; i++)
        in[i] = i * (SHARED / N);
    CHECK(weft_mpi_shared(&count) == arg && count == SHARED, "on the submitting rank: %zu bytes", count);
    weft_future *f = NULL;
    const weft_task_spec spec = {
        .size = sizeof spec, .fn2 = looks_at_shared, .result_bytes = sizeof(uintptr_t)};
    int err = weft_submit_task(e, &spec, &f);
    CHECK(!err, "submit: %s", weft_strerror(err));
    (void)weft_future_get(f, &status);
    const uintptr_t *at = weft_future_result(f);
    CHECK(!status && at && *at, "in a task: %d, %s", status, weft_future_error(f));
    weft_future_release(f);
    err = weft_executor_map(e, looks_at_one, in, sizeof *in, NULL, 0, N, NULL);
    CHECK(!err, "in a map: %s", weft_strerror(err));
    twice_everywhere(e);
    free(in);
}

/* On the others: they are there, and nobody else's. */
static int starts_with_shared(void *arg)
{
    size_t count = 0;
    const void *bytes = weft_mpi_shared(&count);
    CHECK(!differences(bytes, count) && is_same_place(bytes), "in start: %zu bytes", count);
    int err =
        weft_mpi_run(MPI_COMM_SELF, uses_shared, NULL, WEFT_MPI_CONFIG(.shared = &arg, .shared_bytes = 1));
    CHECK(err == -EBUSY && weft_mpi_shared(NULL) == bytes, "a second call: %s", weft_strerror(err));
    return 0;
}

static void none_shared(void)
{
    size_t count = 1;
    CHECK(!weft_mpi_shared(&count) && !count, "%zu bytes are still there", count);
    atomic_store(&first_place, 0);
}

static void shares(void)
{
    unsigned char *bytes = malloc(SHARED);
    for (size_t i = 0; i < SHARED; i++)
        bytes[i] = shared_byte(i);
    int err = weft_mpi_run(MPI_COMM_WORLD, uses_shared, bytes,
                           rank ? WEFT_MPI_CONFIG(.start = starts_with_shared)
                                : WEFT_MPI_CONFIG(.shared = bytes, .shared_bytes = SHARED));
    CHECK(!err, "shared: %s", weft_strerror(err));
    none_shared();
    err = weft_mpi_run(MPI_COMM_SELF, uses_shared, bytes,
                       WEFT_MPI_CONFIG(.shared = bytes, .shared_bytes = SHARED));
    CHECK(!err, "shared with nobody: %s", weft_strerror(err));
    none_shared();
    free(bytes);
}

static void never(weft_executor *e, void *arg)
{
    (void)e;
    (void)arg;
    CHECK(0, "a job that was not to begin");
}

static void shares_too_much(void)
{
    char said[200] = "", one = 1;
    int err = weft_mpi_run(MPI_COMM_WORLD, never, NULL,
                           WEFT_MPI_CONFIG(.shared = &one, .shared_bytes = (size_t)1 << 60, .said = said,
                                           .said_bytes = sizeof said));
    CHECK(err == -ENOMEM && !strncmp(said, "rank 1 (", 8), "%d, '%s'", err, said);
    none_shared();
    err = weft_mpi_run(MPI_COMM_WORLD, never, NULL, WEFT_MPI_CONFIG(.shared_bytes = rank ? 0 : 1));
    CHECK(err == -EINVAL, "no bytes: %s", weft_strerror(err));
}

int main(int argc, char **argv)
{
    int level;
    tally_watch(360);
    none_shared();
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    shares();
    shares_too_much();
    MPI_Finalize();
    return rank ? atomic_load(&tally_failed) != 0 : tally_end();
}
