/* SPDX-License-Identifier: MIT */
/*
 * bench/cold-lines/weft.c - what one submission from outside and its get would have to fetch, were all caches cold.
 *
 *  - The program runs itself below valgrind's lackey, which tells each address; while the pool sleeps it submits a task and
 *    waits for it, TRIPS times. Cache lines of 64 bytes and pages of 4 KiB that this touched, of code and of data, each counted once
 *    a trip: medians. The kernel's are not seen; a worker that comes meanwhile may add some of its own.
 *  - `flat`: hwloc's loading would be traced for minutes.
 *  - Verified: each task ran once. A trip whose task a worker ran does not count.
 */
#include "../common_weft.h"

#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

enum { TRIPS = 9, LINE = 64, PAGE = 4096 };

/* ---- below lackey ---------------------------------------------------------------------------------- */

/* A store to the first begins a trip, and another one ends it; one to the second: it does not count. */
static volatile int marker[2] __attribute__((aligned(PAGE)));
static pthread_t submitter;

struct runs {
    long all, own;
};

static int task(void *arg)
{
    struct runs *runs = arg;
    runs->all++;
    runs->own += pthread_equal(pthread_self(), submitter) != 0;
    return 0;
}

static void make_trip(weft_executor *executor, struct runs *runs)
{
    weft_future *future;
    marker[0] = 1;
    int err = weft_submit(executor, task, runs, &future);
    if (!err)
        err = weft_future_get(future, NULL);
    weft_future_release(future);
    marker[0] = 0;
    bench_must("a trip", err);
}

static int make_trips(int workers)
{
    weft_pool *pool;
    weft_executor *executor;
    struct runs runs = {0, 0};
    long trips = 0;
    submitter = pthread_self();
    bench_must("weft_pool_create", weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .flat = 1)));
    bench_must("weft_pool_executor", weft_pool_executor(pool, &executor));
    for (int i = 0; i < 2; i++) /* these have to find their memory */
        make_trip(executor, &runs);
    printf("marker %p\n", (void *)(uintptr_t)marker);
    fflush(stdout);
    for (runs.own = 0; runs.own < TRIPS && trips < 20 * TRIPS; trips++) {
        long own = runs.own;
        (void)usleep(60000);
        make_trip(executor, &runs);
        if (runs.own == own)
            marker[1] = 1;
    }
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return bench_check("the number of tasks that ran", runs.all, trips + 2);
}

/* ---- what lackey tells ----------------------------------------------------------------------------- */

struct places {
    uintptr_t at[4096];
    int count;
};

static void note(struct places *p, uintptr_t place)
{
    for (int i = 0; i < p->count; i++)
        if (p->at[i] == place)
            return;
    if (p->count < 4096)
        p->at[p->count++] = place;
}

enum { CODE, DATA };
static struct places lines[2], pages[2];

static void note_access(int kind, uintptr_t from, unsigned bytes)
{
    for (uintptr_t line = from / LINE; line <= (from + bytes - 1) / LINE; line++) {
        note(&lines[kind], line);
        note(&pages[kind], line / (PAGE / LINE));
    }
}

static void end_trip(double seen[4][TRIPS], int trip)
{
    for (int kind = 0; kind < 2 && trip < TRIPS; kind++) {
        seen[kind][trip] = lines[kind].count;
        seen[2 + kind][trip] = pages[kind].count;
    }
    memset(lines, 0, sizeof lines);
    memset(pages, 0, sizeof pages);
}

/* How many trips there were. */
static int read_trace(FILE *trace, double seen[4][TRIPS])
{
    char line[256], kind;
    uintptr_t begin = 0;
    bool inside = false;
    int trips = 0;
    while (fgets(line, sizeof line, trace)) {
        void *at;
        unsigned bytes;
        if (sscanf(line, "marker %p", &at) == 1)
            begin = (uintptr_t)at;
        if (sscanf(line, " %c %p,%u", &kind, &at, &bytes) != 3 || !strchr("ISLM", kind))
            continue;
        if (begin && kind != 'I' && (uintptr_t)at == begin) {
            if (inside)
                end_trip(seen, trips++);
            inside = !inside;
        } else if (begin && kind != 'I' && (uintptr_t)at == begin + sizeof marker[0]) {
            trips--;
        } else if (inside) {
            note_access(kind == 'I' ? CODE : DATA, (uintptr_t)at, bytes);
        }
    }
    return trips;
}

int main(int argc, char **argv)
{
    static double seen[4][TRIPS];
    char self[4096], command[8192];
    if (argc == 3 && strcmp(argv[1], "--traced") == 0)
        return make_trips((int)strtol(argv[2], NULL, 10));
    struct bench b = bench_args(argc, argv);
    bench_version(weft_version());
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (system("command -v valgrind >/dev/null") || length < 0) {
        fprintf(stderr, "needs valgrind\n");
        return BENCH_LEFT_OUT;
    }
    self[length] = 0;
    snprintf(command, sizeof command,
             "exec valgrind --tool=lackey --trace-mem=yes --log-fd=1 '%s' --traced %d", self, b.workers);
    FILE *trace = popen(command, "r");
    int trips = trace ? read_trace(trace, seen) : 0, status = trace ? pclose(trace) : 1;
    if (status || bench_check("the number of trips", trips, TRIPS))
        return 1;
    bench_print("code-lines", bench_median(seen[CODE], TRIPS), "lines");
    bench_print("data-lines", bench_median(seen[DATA], TRIPS), "lines");
    bench_print("code-pages", bench_median(seen[2 + CODE], TRIPS), "pages");
    bench_print("data-pages", bench_median(seen[2 + DATA], TRIPS), "pages");
    return 0;
}
