/* SPDX-License-Identifier: MIT */
/*
 * zstd_pipe - compresses a file of any length on all cores, in bounded memory, and writes it in order.
 *
 * - weft_stream between two ends that go through the file once: pull_block() reads, one thread at a time; compress() makes
 *   a zstd frame of each block, many at a time; this thread takes the frames out in the order of the blocks, and writes.
 * - The window bounds memory: a block weighs what it and its frame may take. When the output is slow, reading stops.
 * - An item owns its block and a result its frame. Whoever gets one frees it; what is under way when an error ends the
 *   stream goes to drop_block() and drop_frame().
 * - All or nothing: an error is told with the number of its block, and what was written to a file is removed. A file
 *   gets its name when it is complete. To zstd the frames, one after the other, are one file.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <weft/weft.h>

#define MIB ((size_t)1 << 20)
#define BLOCKS_A_WORKER 4

static const char help[] =
    "usage: zstd_pipe [options] IN OUT      (-: standard input, standard output)\n"
    "\n"
    "  --block MIB    what becomes one frame (1)\n"
    "  --window MIB   memory for what is between reading and writing (4 blocks a worker)\n"
    "  --level N      of zstd (3)\n"
    "  --stats        at the end, blocks and peak memory in KiB on standard error\n"
    "\n"
    "Exit status: 0 done; 1 failed, and nothing of OUT is left; 2 wrong arguments.\n";

struct options {
    const char *in, *out;
    size_t block, window; /* bytes */
    int level, stats;
};

struct output {
    int fd;
    const char *name;
    char *part; /* where it is written to until it is complete; NULL: not a regular file */
};

/* What the parties share. */
struct run {
    const struct options *options;
    weft_local *contexts; /* a ZSTD_CCtx * for each worker */
    int in;
    size_t blocks; /* pulled */
};

struct block {
    char *data;
    size_t bytes;
};

struct frame {
    char *data;
    size_t bytes;
};

static int __attribute__((format(printf, 2, 3))) fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("zstd_pipe: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

/* ---- blocks in, frames out: any thread ---- */

/* Until the block is full, for a pipe gives less. Negative: -errno. */
static ssize_t read_all(int fd, char *data, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = read(fd, data + done, bytes - done);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)done;
}

static int pull_block(void *in, void *ctx)
{
    struct block *block = in;
    struct run *run = ctx;
    block->data = malloc(run->options->block);
    if (!block->data)
        return -ENOMEM;
    ssize_t got = read_all(run->in, block->data, run->options->block);
    if (got > 0 || (got == 0 && !run->blocks)) { /* an empty file is one empty frame */
        block->bytes = (size_t)got;
        run->blocks++;
        return 0;
    }
    free(block->data);
    return got < 0 ? (int)got : 1;
}

static size_t weigh_block(const void *in, void *ctx)
{
    (void)in; /* the last one may be shorter, and takes as much */
    struct run *run = ctx;
    return run->options->block + ZSTD_compressBound(run->options->block);
}

static int make_frame(ZSTD_CCtx *context, const struct block *block, struct frame *frame)
{
    size_t room = ZSTD_compressBound(block->bytes);
    frame->data = malloc(room);
    if (!frame->data)
        return -ENOMEM;
    frame->bytes = ZSTD_compress2(context, frame->data, room, block->data, block->bytes);
    if (!ZSTD_isError(frame->bytes)) {
        char *less = realloc(frame->data, frame->bytes);
        frame->data = less ? less : frame->data;
        return 0;
    }
    free(frame->data);
    return ZSTD_getErrorCode(frame->bytes) == ZSTD_error_memory_allocation ? -ENOMEM : -EIO;
}

static int compress(const void *in, void *out, void *ctx)
{
    const struct block *block = in;
    struct run *run = ctx;
    ZSTD_CCtx **context = weft_local_get(run->contexts);
    int err = context ? make_frame(*context, block, out) : -ENOMEM;
    free(block->data);
    return err;
}

static void drop_block(void *in, void *ctx)
{
    (void)ctx;
    free(((struct block *)in)->data);
}

static void drop_frame(void *out, void *ctx)
{
    (void)ctx;
    free(((struct frame *)out)->data);
}

static int make_context(void *value, void *ctx)
{
    const struct run *run = ctx;
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        return -1;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, run->options->level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    *(ZSTD_CCtx **)value = context;
    return 0;
}

static void free_context(void *value, void *ctx)
{
    (void)ctx;
    ZSTD_freeCCtx(*(ZSTD_CCtx **)value);
}

/* ---- frames to the output: this thread ---- */

static int write_all(int fd, const char *data, size_t bytes)
{
    while (bytes) {
        ssize_t put = write(fd, data, bytes);
        if (put < 0 && errno != EINTR)
            return -errno;
        data += put > 0 ? put : 0;
        bytes -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

/* Everything, or the first error, told with its block. */
static int write_frames(weft_stream *stream, const struct options *o, const struct output *output)
{
    struct frame frame;
    size_t at;
    int err, status;
    for (at = 0; !(err = weft_stream_next(stream, WEFT_FOREVER, &frame, &status, NULL)); at++) {
        if (status)
            return fail(1, "block %zu: cannot compress: %s", at, strerror(-status));
        err = write_all(output->fd, frame.data, frame.bytes);
        free(frame.data);
        if (err)
            return fail(1, "block %zu: cannot write %s: %s", at, output->name, strerror(-err));
    }
    return err == WEFT_EEND ? 0 : fail(1, "block %zu: cannot read %s: %s", at, o->in, strerror(-err));
}

static int compress_all(const struct options *o, struct run *run, const struct output *output)
{
    weft_stream *stream;
    size_t weight = o->block + ZSTD_compressBound(o->block);
    int workers = weft_pool_workers(NULL);
    size_t window = o->window ? o->window : weight * BLOCKS_A_WORKER * (size_t)(workers > 0 ? workers : 1);
    int err = weft_local_create(&run->contexts, NULL,
                                WEFT_LOCAL_CONFIG(.bytes = sizeof(ZSTD_CCtx *), .init = make_context,
                                                  .fini = free_context, .ctx = run));
    if (err)
        return fail(1, "%s", weft_strerror(err));
    err = weft_stream_open(
        &stream,
        WEFT_STREAM_CONFIG(.fn = compress, .ctx = run, .pull = pull_block, .in_bytes = sizeof(struct block),
                           .out_bytes = sizeof(struct frame), .window = 1024, .window_bytes = window,
                           .weigh = weigh_block, .chunk = 1, .drop = drop_frame, .drop_item = drop_block));
    err = err ? fail(1, "%s", weft_strerror(err)) : write_frames(stream, o, output);
    weft_stream_close(stream);
    weft_local_destroy(run->contexts);
    return err;
}

/* ---- files ---- */

static int open_output(struct output *output)
{
    struct stat s;
    const char *path = output->name;
    if (!strcmp(path, "-")) {
        output->fd = STDOUT_FILENO;
        return 0;
    }
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) { /* a device, a fifo: never to be replaced or removed */
        output->fd = open(path, O_WRONLY | O_CLOEXEC);
    } else if (asprintf(&output->part, "%s.part", path) < 0) {
        output->part = NULL;
        output->fd = -1;
        errno = ENOMEM;
    } else {
        output->fd = open(output->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    const char *name = output->part ? output->part : path;
    return output->fd < 0 ? fail(1, "cannot create %s: %s", name, strerror(errno)) : 0;
}

/* The complete output gets its name; of another one nothing is left. Errors of writing may come as late as at close. */
static int close_output(struct output *output, int status)
{
    if (close(output->fd) && !status)
        status = fail(1, "cannot write %s: %s", output->name, strerror(errno));
    if (output->part && !status && rename(output->part, output->name))
        status = fail(1, "cannot rename %s: %s", output->part, strerror(errno));
    if (output->part && status)
        unlink(output->part);
    free(output->part);
    return status;
}

static void print_stats(const struct run *run)
{
    char line[256];
    unsigned long peak = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "VmHWM: %lu", &peak) != 1)
        ;
    if (file)
        fclose(file);
    fprintf(stderr, "%zu blocks, peak %lu KiB\n", run->blocks, peak);
}

static int run_all(const struct options *o)
{
    struct output output = {.name = o->out};
    struct run run = {.options = o};
    run.in = strcmp(o->in, "-") ? open(o->in, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (run.in < 0)
        return fail(1, "cannot open %s: %s", o->in, strerror(errno));
    int status = open_output(&output);
    if (!status)
        status = close_output(&output, compress_all(o, &run, &output));
    else
        free(output.part);
    close(run.in);
    if (o->stats)
        print_stats(&run);
    return status;
}

/* ---- arguments ---- */

static long number(const char *option, const char *text, long low, long high)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < low || value > high)
        exit(fail(2, "--%s: '%s' is not a number from %ld to %ld", option, text, low, high));
    return value;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"block", 1, NULL, 'b'}, {"window", 1, NULL, 'w'},
                                          {"level", 1, NULL, 'l'}, {"stats", 0, NULL, 's'},
                                          {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
    struct options o = {.block = MIB, .level = 3};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'b')
            o.block = (size_t)number("block", optarg, 1, 1024) * MIB;
        else if (c == 'w')
            o.window = (size_t)number("window", optarg, 1, 1 << 20) * MIB;
        else if (c == 'l')
            o.level = (int)number("level", optarg, 1, ZSTD_maxCLevel());
        else if (c == 's')
            o.stats = 1;
        else if (c == 'h')
            return fputs(help, stdout) < 0 ? 2 : 0;
        else
            return 2; /* getopt said why */
    }
    if (argc - optind != 2)
        return fail(2, "one input and one output; --help tells more");
    o.in = argv[optind];
    o.out = argv[optind + 1];
    return run_all(&o);
}
