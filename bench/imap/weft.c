/* SPDX-License-Identifier: MIT */
/* bench/imap/weft.c - weft_stream, whose items are pulled from a counter. */
#include "../common_weft.h"
#include "imap.h"

static weft_executor *executor;

struct source {
    long next, n;
};

static int pull(void *in, void *ctx)
{
    struct source *source = ctx;
    if (source->next == source->n)
        return 1;
    *(long *)in = source->next++;
    return 0;
}

static int item(const void *in, void *out, void *ctx)
{
    (void)ctx;
    *(long *)out = *(const long *)in;
    return 0;
}

static long run(long n, bool ordered)
{
    struct source source = {0, n};
    weft_stream *stream;
    long out, count = 0, sum = 0, misplaced = 0;
    int err, status;
    bench_must("weft_stream_open",
               weft_stream_open(&stream, WEFT_STREAM_CONFIG(.executor = executor, .fn = item, .ctx = &source,
                                                            .pull = pull, .in_bytes = sizeof(long),
                                                            .out_bytes = sizeof(long), .window = IMAP_WINDOW,
                                                            .unordered = !ordered)));
    for (; (err = weft_stream_next(stream, WEFT_FOREVER, &out, &status, NULL)) == 0; count++) {
        misplaced += status || (ordered && out != count);
        sum += out;
    }
    weft_stream_close(stream);
    return misplaced + (err != WEFT_EEND) + (count != n) + (sum != n * (n - 1) / 2);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    weft_pool *pool = bench_weft(&b);
    bench_must("weft_pool_executor", weft_pool_executor(pool, &executor));
    int status = imap_measure(&b, "ordered-", run, true);
    status |= imap_measure(&b, "unordered-", run, false);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
