/* SPDX-License-Identifier: MIT */
/*
 * batch_stats - mean, variance, least, greatest and a histogram of large files of doubles, on all cores: a long job that
 * may be killed at any moment and goes on where it stood.
 *
 * - Files are cut into slices, a task each. Tasks are submitted near the NUMA node that holds their first page, through an
 *   executor for each node. This thread takes them out as they end, writes the journal and tells how far the job is.
 * - Slices are merged in their order, not in that in which they end: the result is bit for bit that of --serial. It
 *   depends on --slice, for additions round.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "job.h"
#include "journal.h"
#include "page_node.h"
#include "slice.h"

#define NODES_MAX 64
#define SECOND 1000000000

_Static_assert(sizeof(struct summary) <= JOURNAL_DATA_MAX, "a slice's summary is a record of the journal");

static const char help[] =
    "usage: batch_stats [options] FILE...\n"
    "Count, mean, variance (n - 1), least and greatest of all doubles in the files.\n"
    "\n"
    "      --slice BYTES        what one task does (67108864); a multiple of 8\n"
    "      --bins LOW:HIGH:N    a histogram, too: N bins of one width from LOW to below HIGH; N to 64\n"
    "      --journal FILE       what is done is noted there: a job that was killed goes on from it\n"
    "      --workers N          threads that work; 0: the default pool (0)\n"
    "      --serial             no pool: one slice after the other\n"
    "      --quiet              no progress, a line each second on standard error; nothing but what failed\n"
    "      --help               this text\n"
    "\n"
    "Exit status: 0 done; 1 some slices failed, named on standard error, and are not in the result;\n"
    "2 not done.\n";

struct options {
    struct summary_bounds bounds;
    int64_t slice; /* bytes */
    const char *journal;
    int workers;
    bool serial, quiet;
};

struct amount {
    size_t slices;
    int64_t bytes;
};

struct job {
    struct options options;
    struct input *inputs;
    struct slice *slices;
    size_t n_inputs, unreadable;           /* unreadable: of the inputs, from the start */
    struct amount all, kept, done, failed; /* of all: kept from the journal; done or failed in this run */
    struct journal journal;
    weft_pool *pool;
    weft_executor *door[NODES_MAX + 1]; /* the last: for slices of no known node */
    size_t placed;                      /* slices of a known node */
    int64_t start_ns, tick_ns;          /* tick_ns: when the next line of progress is due */
};

static void count(struct amount *amount, const struct slice *slice)
{
    amount->slices++;
    amount->bytes += slice->bytes;
}

/* ---- how far the job is ---- */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static void print_progress(const struct job *job)
{
    double mib = 1 << 20, seconds = (double)(now_ns() - job->start_ns) / SECOND;
    double rate = (double)job->done.bytes / seconds;
    int64_t behind = job->kept.bytes + job->done.bytes, left = job->all.bytes - behind - job->failed.bytes;
    fprintf(stderr, "%zu of %zu slices, %.1f of %.1f MiB, %.1f MiB/s",
            job->kept.slices + job->done.slices + job->failed.slices, job->all.slices, (double)behind / mib,
            (double)job->all.bytes / mib, rate / mib);
    if (job->done.bytes)
        fprintf(stderr, ", %.0f s left\n", (double)left / rate);
    else
        fputs("\n", stderr);
}

/* Once a second: what was noted is made safe, and a line is printed. */
static void tick(struct job *job)
{
    if (journal_sync(&job->journal))
        job_die("cannot write %s: %s", job->options.journal, job->journal.error);
    if (!job->options.quiet)
        print_progress(job);
    job->tick_ns = now_ns() + SECOND;
}

/* ---- slices go in, and come out as they end: this thread ---- */

static weft_executor *open_door(struct job *job, int node)
{
    int at = node < 0 || node >= NODES_MAX ? NODES_MAX : node, err = 0;
    if (!job->door[at])
        err = weft_executor_create(
            &job->door[at],
            WEFT_EXECUTOR_CONFIG(.pool = job->pool, .name = "slices",
                                 .node = at < NODES_MAX ? WEFT_NODE(at) : 0,
                                 .engine = job->options.serial ? WEFT_ENGINE_SERIAL : WEFT_ENGINE_POOL));
    if (err)
        job_die("%s", weft_strerror(err));
    return job->door[at];
}

/* Where its first page lies; -1: nobody knows, and where one thread does everything nobody asks. */
static int node_of(const struct job *job, const struct slice *slice)
{
    int fd = job->options.serial ? -1 : open(slice->input->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int node = page_node(fd, slice->offset);
    close(fd);
    return node;
}

static void submit(struct job *job, struct slice *slice, weft_completions *ends)
{
    weft_future *future = NULL;
    int node = node_of(job, slice);
    int err = weft_submit(open_door(job, node), slice_run, slice, &future);
    if (!err)
        err = weft_completions_add(ends, future, slice);
    if (err)
        job_die("%s", weft_strerror(err));
    weft_future_release(future);
    job->placed += node >= 0;
}

static void slice_ended(struct job *job, struct slice *slice, const weft_future *future)
{
    slice->done = weft_future_status(future) == 0;
    count(slice->done ? &job->done : &job->failed, slice);
    if (!slice->done)
        fprintf(stderr, "batch_stats: %s: bytes %lld to %lld: %s\n", slice->input->name,
                (long long)slice->offset, (long long)(slice->offset + slice->bytes),
                weft_future_error(future));
    else if (journal_add(&job->journal, (uint64_t)(slice - job->slices), &slice->summary))
        job_die("cannot write %s: %s", job->options.journal, job->journal.error);
}

static void take_out(struct job *job, weft_completions *ends)
{
    weft_future *future;
    void *slice;
    int err;
    while ((err = weft_completions_next(ends, job->tick_ns, &future, &slice)) != WEFT_EEND) {
        if (!err) {
            slice_ended(job, slice, future);
            weft_future_release(future);
        } else if (err != -ETIMEDOUT) {
            job_die("%s", weft_strerror(err));
        }
        if (now_ns() >= job->tick_ns)
            tick(job);
    }
}

static void run_all(struct job *job)
{
    weft_completions *ends;
    int err = weft_completions_create(&ends);
    if (err)
        job_die("%s", weft_strerror(err));
    job->pool = job_pool(job->options.serial ? WEFT_NONE : job->options.workers);
    if (weft_pool_workers(job->pool) == 0) /* a submit would run its slice, and all be noted at the end */
        job->options.serial = true;
    job->start_ns = now_ns();
    job->tick_ns = job->start_ns + SECOND;
    for (size_t i = 0; i < job->all.slices; i++)
        if (!job->slices[i].done)
            submit(job, &job->slices[i], ends);
    take_out(job, ends);
    tick(job);
    weft_completions_destroy(ends);
    for (int i = 0; i <= NODES_MAX; i++)
        weft_executor_destroy(job->door[i]);
    weft_pool_destroy(job->pool);
}

/* ---- before it ---- */

static void look_at_all(struct job *job, char **names)
{
    job->inputs = calloc(job->n_inputs, sizeof *job->inputs);
    if (!job->inputs)
        job_die("%s", strerror(errno));
    for (size_t i = 0; i < job->n_inputs; i++) {
        const char *error;
        job->inputs[i] = input_of(names[i], &error);
        if (!error) {
            int64_t bytes = job->inputs[i].bytes, most = job->options.slice;
            job->all.bytes += bytes;
            job->all.slices += (size_t)(bytes / most + (bytes % most > 0));
            continue;
        }
        job->unreadable++;
        fprintf(stderr, "batch_stats: %s: %s\n", names[i], error);
    }
}

static void cut_all(struct job *job)
{
    struct slice *slice = job->slices = calloc(job->all.slices + 1, sizeof *slice);
    if (!slice)
        job_die("%s", strerror(errno));
    for (const struct input *input = job->inputs; input < job->inputs + job->n_inputs; input++)
        for (int64_t at = 0, most = job->options.slice; at < input->bytes; at += most, slice++) {
            slice->input = input;
            slice->bounds = &job->options.bounds;
            slice->offset = at;
            slice->bytes = input->bytes - at < most ? input->bytes - at : most;
            summary_init(&slice->summary);
        }
}

/* A record of the journal. */
static int take(uint64_t index, const void *summary, void *ctx)
{
    struct job *job = ctx;
    if (index >= job->all.slices || job->slices[index].done)
        return -1;
    memcpy(&job->slices[index].summary, summary, sizeof(struct summary));
    job->slices[index].done = true;
    count(&job->kept, &job->slices[index]);
    return 0;
}

static void open_journal(struct job *job)
{
    const struct options *o = &job->options;
    const double bounds[] = {o->bounds.low, o->bounds.high, o->bounds.bins};
    struct journal_job id = {.options = journal_hash(JOURNAL_HASH, &o->slice, sizeof o->slice),
                             .input = JOURNAL_HASH};
    id.options = journal_hash(id.options, bounds, sizeof bounds);
    for (size_t i = 0; i < job->n_inputs; i++) {
        const struct input *input = &job->inputs[i];
        const int64_t numbers[] = {input->bytes, input->seconds, input->nanoseconds};
        id.input = journal_hash(id.input, input->name, strlen(input->name) + 1);
        id.input = journal_hash(id.input, numbers, sizeof numbers);
    }
    job->journal.fd = -1;
    if (o->journal && journal_open(&job->journal, o->journal, &id, sizeof(struct summary), take, job))
        job_die("journal %s: %s", o->journal, job->journal.error);
}

static struct summary_bounds parse_bounds(const char *text)
{
    struct summary_bounds b = {0};
    int end = 0;
    if (sscanf(text, "%lf:%lf:%d%n", &b.low, &b.high, &b.bins, &end) != 3 || text[end])
        job_die("--bins: '%s' is not LOW:HIGH:N", text);
    if (b.bins < 1 || b.bins > SUMMARY_BINS_MAX || !(b.low < b.high) || !isfinite(b.high - b.low))
        job_die("--bins: '%s': LOW has to be below HIGH, and 1 <= N <= %d", text, SUMMARY_BINS_MAX);
    return b;
}

static struct options parse(int argc, char **argv)
{
    static const struct option known[] = {{"slice", 1, NULL, 's'},   {"bins", 1, NULL, 'b'},
                                          {"journal", 1, NULL, 'j'}, {"workers", 1, NULL, 'w'},
                                          {"serial", 0, NULL, '1'},  {"quiet", 0, NULL, 'q'},
                                          {"help", 0, NULL, 'h'},    {NULL, 0, NULL, 0}};
    struct options o = {.slice = 64 << 20};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 's')
            o.slice = job_number("slice", optarg, sizeof(double), 1L << 40);
        else if (c == 'b')
            o.bounds = parse_bounds(optarg);
        else if (c == 'j')
            o.journal = optarg;
        else if (c == 'w')
            o.workers = (int)job_number("workers", optarg, 0, WEFT_WORKERS_MAX);
        else if (c == '1')
            o.serial = true;
        else if (c == 'q')
            o.quiet = true;
        else if (c == 'h')
            exit(fputs(help, stdout) < 0 ? 2 : 0);
        else
            exit(2); /* getopt said why */
    }
    if (o.slice % (int64_t)sizeof(double))
        job_die("--slice: %lld is not a multiple of %zu", (long long)o.slice, sizeof(double));
    if (optind == argc)
        job_die("no files; --help tells more");
    return o;
}

/* ---- after it ---- */

static void print_result(const struct job *job)
{
    struct summary all;
    summary_init(&all);
    for (size_t i = 0; i < job->all.slices; i++)
        if (job->slices[i].done)
            summary_merge(&all, &job->slices[i].summary);
    summary_print(&all, &job->options.bounds, stdout);
    if (fflush(stdout))
        job_die("cannot write the result: %s", strerror(errno));
    if (!job->options.quiet)
        fprintf(stderr,
                "%zu slices from the journal, %zu done now, %zu failed, %zu submitted near their memory\n",
                job->kept.slices, job->done.slices, job->failed.slices + job->unreadable, job->placed);
}

int main(int argc, char **argv)
{
    struct job job = {.options = parse(argc, argv), .n_inputs = (size_t)(argc - optind)};
    look_at_all(&job, argv + optind);
    cut_all(&job);
    open_journal(&job);
    run_all(&job);
    print_result(&job);
    journal_close(&job.journal);
    free(job.slices);
    free(job.inputs);
    return job.failed.slices + job.unreadable ? 1 : 0;
}
