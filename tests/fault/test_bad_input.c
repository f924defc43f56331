/* SPDX-License-Identifier: MIT */
/* test_bad_input.c - every public function answers bad input with its documented code and does nothing.
 *
 * - Tables of configs and arguments; after each table the process has the threads it had, receivers of
 *   results hold what the documentation says, and no callback was called.
 */
#include "tally.h"
#include "work.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <time.h>

static atomic_int called;

static int process_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void *wait_until(void *counted)
{
    while (!atomic_load((atomic_int *)counted))
        sched_yield();
    return NULL;
}

static int own_threads; /* where there is no pool */

/* With ThreadSanitizer's, which comes with the first thread that is made. */
static void count_own_threads(void)
{
    atomic_int counted = 0;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_until, &counted) == 0, "a thread");
    own_threads = process_threads() - 1;
    atomic_store(&counted, 1);
    CHECK(pthread_join(thread, NULL) == 0, "joined");
}

/* A joined thread may stand in /proc for a while: looks for a minute. */
static int no_thread_more(void)
{
    time_t until = time(NULL) + 60;
    int now;
    while ((now = process_threads()) != own_threads && time(NULL) < until)
        sched_yield();
    return now == own_threads;
}

/* ---- pool_create ---- */
struct pool_row {
    const char *what;
    weft_pool_config config;
};
#define ROW(...)                                                     \
    {                                                                \
#__VA_ARGS__,                                                \
        {                                                            \
            .size = sizeof(weft_pool_config), .flat = 1, __VA_ARGS__ \
        }                                                            \
    }
#define SIZED(bytes)                   \
    {                                  \
        "size " #bytes,                \
        {                              \
            .size = (bytes), .flat = 1 \
        }                              \
    }

static const struct pool_row bad_pools[] = {
    SIZED(0),
    SIZED(1),
    SIZED(sizeof(size_t)),
    SIZED(sizeof(weft_pool_config) - 1),
    ROW(.workers = -2),
    ROW(.workers = INT_MIN),
    ROW(.workers = WEFT_WORKERS_MAX + 1),
    ROW(.workers = INT_MAX),
    ROW(.workers = 1, .seats = -2),
    ROW(.workers = 1, .seats = INT_MIN),
    ROW(.workers = 1, .seats = WEFT_SEATS_MAX + 1),
    ROW(.workers = 1, .seats = INT_MAX),
    ROW(.workers = 1, .bind = -1),
    ROW(.workers = 1, .bind = WEFT_BIND_DOMAIN + 1),
    ROW(.workers = 1, .bind = INT_MAX),
    ROW(.workers = 1, .spin_ns = -2),
    ROW(.workers = 1, .spin_ns = INT64_MIN),
    ROW(.workers = 1, .stack_bytes = 1),
    ROW(.workers = 1, .stack_bytes = 65535),
    ROW(.workers = 1, .cpus = ""),
    ROW(.workers = 1, .cpus = "0-"),
    ROW(.workers = 1, .cpus = "99999999999999999999"),
    ROW(.workers = 1, .nodes = "0"), /* flat */
    ROW(.workers = 1, .core_kind = WEFT_CORES_PERFORMANCE),
    ROW(.workers = 1, .core_kind = INT_MAX),
    ROW(.workers = 1, .core_kind = INT_MIN),
};

static void pool_create_refuses(void)
{
    int mark;
    for (size_t i = 0; i < sizeof bad_pools / sizeof *bad_pools; i++) {
        weft_pool *pool = (weft_pool *)(void *)&mark;
        int err = weft_pool_create(&pool, &bad_pools[i].config);
        CHECK(err == -EINVAL, "pool_create %s: -EINVAL, got %d", bad_pools[i].what, err);
        CHECK(!err || !pool, "pool_create %s: the pool is NULL after an error", bad_pools[i].what);
        if (!err)
            weft_pool_destroy(pool);
    }
    CHECK(weft_pool_create(NULL, NULL) == -EINVAL, "pool_create into NULL");
    CHECK(weft_pool_create(NULL, WEFT_POOL_CONFIG(.workers = 1)) == -EINVAL, "pool_create into NULL");
    CHECK(no_thread_more(), "a refused pool starts no thread");
}

static const struct pool_row good_pools[] = {
    ROW(.workers = 1),
    ROW(.workers = WEFT_NONE),
    ROW(.workers = 2, .seats = WEFT_NONE),
    ROW(.workers = 2, .seats = 1),
    ROW(.workers = 2, .seats = WEFT_SEATS_MAX),
    ROW(.workers = 2, .spin_ns = WEFT_NONE),
    ROW(.workers = 2, .stack_bytes = 65536),
    ROW(.workers = 2, .stack_bytes = 65537),
    ROW(.workers = 2, .name = ""),
    ROW(.workers = 2, .name = "a name that is much longer than any thread can bear"),
};

static void pool_create_takes_the_edges(void)
{
    for (size_t i = 0; i < sizeof good_pools / sizeof *good_pools; i++) {
        weft_pool *pool = NULL;
        int err = weft_pool_create(&pool, &good_pools[i].config);
        if (!CHECK(err == 0 && pool, "pool_create %s: got %d", good_pools[i].what, err))
            continue;
        err = use_pool(pool);
        CHECK(err == 0, "pool with %s works, work.h line %d", good_pools[i].what, err);
        CHECK(weft_pool_destroy(pool) == 0, "destroy with %s", good_pools[i].what);
    }
}

/* A stack that no machine has: any documented error, no crash. */
static void absurd_stack(void)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, (size_t)1 << 62};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        weft_pool *pool = NULL;
        int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1, .stack_bytes = sizes[i]));
        CHECK(err == -EINVAL || err == -ENOMEM || err == -EAGAIN, "stack of %zu bytes: got %d", sizes[i],
              err);
        CHECK(!err || !pool, "the pool is NULL after an error");
        if (!err)
            weft_pool_destroy(pool);
    }
}

/* No limit is written for the time to spin: the longest there is works, or is a number that makes no sense. */
static void absurd_spin(void)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1, .spin_ns = INT64_MAX));
    CHECK(err == 0 || err == -EINVAL, "spinning for ever: got %d", err);
    CHECK(err || use_pool(pool) == 0, "it gives right results");
    CHECK(weft_pool_destroy(pool) == 0, "and can be destroyed");
}

/* ---- run, for ---- */
static void note_call(void *arg)
{
    (void)arg;
    atomic_fetch_add(&called, 1);
}

static void note_range(size_t begin, size_t end, void *arg)
{
    (void)arg;
    atomic_fetch_add(&called, (int)(end - begin));
}

static void run_and_for_refuse(weft_pool *pool)
{
    struct {
        const char *what;
        size_t begin, end;
        weft_range_fn *body;
    } rows[] = {
        {"body NULL", 0, 10, NULL},
        {"body NULL, no items", 0, 0, NULL},
        {"begin > end", 1, 0, note_range},
        {"begin = SIZE_MAX", SIZE_MAX, 0, note_range},
        {"begin = SIZE_MAX, end one less", SIZE_MAX, SIZE_MAX - 1, note_range},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int err = weft_parallel_for(pool, rows[i].begin, rows[i].end, rows[i].body, NULL);
        CHECK(err == -EINVAL, "parallel_for %s: got %d", rows[i].what, err);
    }
    CHECK(weft_run(pool, NULL, NULL) == -EINVAL, "run of NULL");
    CHECK(atomic_load(&called) == 0, "a refused call calls nothing");
    CHECK(weft_run(pool, note_call, NULL) == 0 && atomic_load(&called) == 1, "and a good one does");
    CHECK(weft_parallel_for(pool, SIZE_MAX - 3, SIZE_MAX, note_range, NULL) == 0 && atomic_load(&called) == 4,
          "items up to SIZE_MAX are fine");
    atomic_store(&called, 0);
}

/* ---- map ---- */
static int note_item(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)in;
    (void)ctx;
    atomic_fetch_add(&called, 1);
    return 0;
}

static char place[64];

struct map_row {
    const char *what;
    int expected;
    weft_item_fn *fn;
    void *in;
    size_t in_size;
    void *out;
    size_t out_size, n;
    size_t config_size;
    int on_error;
};
enum { FULL = sizeof(weft_map_config) };

static const struct map_row bad_maps[] = {
    {"fn NULL", -EINVAL, NULL, place, 1, place, 1, 4, FULL, 0},
    {"fn NULL, no items", -EINVAL, NULL, place, 1, place, 1, 0, FULL, 0},
    {"in NULL with a size", -EINVAL, note_item, NULL, 1, place, 1, 4, FULL, 0},
    {"out NULL with a size", -EINVAL, note_item, place, 1, NULL, 1, 4, FULL, 0},
    {"both NULL with sizes", -EINVAL, note_item, NULL, 4, NULL, 8, 4, FULL, 0},
    {"on_error 2", -EINVAL, note_item, place, 1, place, 1, 4, FULL, 2},
    {"on_error -1", -EINVAL, note_item, place, 1, place, 1, 4, FULL, -1},
    {"on_error INT_MAX", -EINVAL, note_item, place, 1, place, 1, 4, FULL, INT_MAX},
    {"config size 0", -EINVAL, note_item, place, 1, place, 1, 4, 0, 0},
    {"config size 1", -EINVAL, note_item, place, 1, place, 1, 4, 1, 0},
    {"config one too small", -EINVAL, note_item, place, 1, place, 1, 4, FULL - 1, 0},
    {"in overflows", -EOVERFLOW, note_item, place, 2, NULL, 0, SIZE_MAX, FULL, 0},
    {"in overflows by one", -EOVERFLOW, note_item, place, 16, NULL, 0, SIZE_MAX / 16 + 1, FULL, 0},
    {"out overflows", -EOVERFLOW, note_item, NULL, 0, place, SIZE_MAX, 2, FULL, 0},
    {"out overflows, in does not", -EOVERFLOW, note_item, place, 1, place, SIZE_MAX / 2 + 1, 2, FULL, 0},
};

static void map_refuses(weft_pool *pool)
{
    for (size_t i = 0; i < sizeof bad_maps / sizeof *bad_maps; i++) {
        const struct map_row *r = &bad_maps[i];
        int status[4] = {71, 72, 73, 74};
        weft_map_report report = {5, 6, 7, 8};
        weft_map_config config = {
            .size = r->config_size, .on_error = r->on_error, .status = status, .report = &report};
        int err = weft_parallel_map(pool, r->fn, r->in, r->in_size, r->out, r->out_size, r->n, &config);
        CHECK(err == r->expected, "parallel_map %s: %d expected, got %d", r->what, r->expected, err);
        atomic_store(&called, err == r->expected ? atomic_load(&called) : 0); /* said already */
        CHECK(status[0] == 71 && status[3] == 74, "parallel_map %s: status not written", r->what);
        CHECK(report.done == 5 && report.failed == 6 && report.index == 7 && report.status == 8,
              "parallel_map %s: report not written", r->what);
    }
    CHECK(weft_parallel_map(pool, NULL, place, 1, place, 1, 4, NULL) == -EINVAL, "without config");
    CHECK(atomic_load(&called) == 0, "a refused map calls nothing");
    CHECK(weft_parallel_map(pool, note_item, place, 1, place, 1, 4, NULL) == 0 && atomic_load(&called) == 4,
          "and a good one does");
    atomic_store(&called, 0);
}

/* ---- reduce ---- */
static void note_reduce(size_t begin, size_t end, void *acc, void *ctx)
{
    (void)acc;
    (void)ctx;
    atomic_fetch_add(&called, (int)(end - begin));
}

static void note_combine(void *acc, const void *right, void *ctx)
{
    (void)acc;
    (void)right;
    (void)ctx;
}

static char first[8], zero[8];

struct reduce_row {
    const char *what;
    int expected;
    size_t begin, end;
    weft_reduce_fn *body;
    weft_combine_fn *combine;
    const void *identity;
    void *result;
    size_t bytes;
};

static const struct reduce_row bad_reductions[] = {
    {"body NULL", -EINVAL, 0, 4, NULL, note_combine, zero, first, 8},
    {"body NULL, no items", -EINVAL, 4, 4, NULL, note_combine, zero, first, 8},
    {"combine NULL", -EINVAL, 0, 4, note_reduce, NULL, zero, first, 8},
    {"combine NULL, one item", -EINVAL, 0, 1, note_reduce, NULL, zero, first, 8},
    {"result NULL", -EINVAL, 0, 4, note_reduce, note_combine, zero, NULL, 8},
    {"identity and result NULL", -EINVAL, 0, 4, note_reduce, note_combine, NULL, NULL, 8},
    {"identity is result", -EINVAL, 0, 4, note_reduce, note_combine, first, first, 8},
    {"identity overlaps result's head", -EINVAL, 0, 4, note_reduce, note_combine, place, place + 7, 8},
    {"identity overlaps result's tail", -EINVAL, 0, 4, note_reduce, note_combine, place + 7, place, 8},
    {"begin > end", -EINVAL, 1, 0, note_reduce, note_combine, zero, first, 8},
    {"begin = SIZE_MAX", -EINVAL, SIZE_MAX, 0, note_reduce, note_combine, zero, first, 8},
    {"no bytes", -EINVAL, 0, 4, note_reduce, note_combine, zero, first, 0},
    {"bytes SIZE_MAX", -EOVERFLOW, 0, 4, note_reduce, note_combine, NULL, first, SIZE_MAX},
    {"bytes PTRDIFF_MAX + 1", -EOVERFLOW, 0, 4, note_reduce, note_combine, NULL, first,
     (size_t)PTRDIFF_MAX + 1},
    {"bytes PTRDIFF_MAX", -ENOMEM, 0, 4, note_reduce, note_combine, NULL, first, PTRDIFF_MAX},
    {"bytes PTRDIFF_MAX / 2", -ENOMEM, 0, 2, note_reduce, note_combine, NULL, first, PTRDIFF_MAX / 2},
};

static void reduce_refuses(weft_pool *pool)
{
    memset(first, 7, sizeof first);
    for (size_t i = 0; i < sizeof bad_reductions / sizeof *bad_reductions; i++) {
        const struct reduce_row *r = &bad_reductions[i];
        int err = weft_parallel_reduce(pool, r->begin, r->end, r->body, r->combine, r->identity, r->result,
                                       r->bytes, NULL);
        CHECK(err == r->expected, "parallel_reduce %s: %d expected, got %d", r->what, r->expected, err);
        CHECK(first[0] == 7 && first[7] == 7, "parallel_reduce %s: result not written", r->what);
    }
    CHECK(atomic_load(&called) == 0, "a refused reduction calls nothing");
    CHECK(weft_parallel_reduce(pool, 0, 4, note_reduce, note_combine, place, place + 8, 8, NULL) == 0 &&
              atomic_load(&called) == 4,
          "and a good one does, with identity and result side by side");
    atomic_store(&called, 0);
}

/* ---- invoke ---- */
static void invoke_refuses(weft_pool *pool)
{
    const weft_call good[] = {{note_call, NULL}, {note_call, NULL}},
                    bad[] = {{note_call, NULL}, {NULL, NULL}};
    CHECK(weft_parallel_invoke(pool, NULL, 2) == -EINVAL, "invoke of NULL");
    CHECK(weft_parallel_invoke(pool, bad, 2) == -EINVAL, "invoke of a call without a function");
    CHECK(weft_parallel_invoke(pool, good, SIZE_MAX) == -EOVERFLOW, "invoke of SIZE_MAX calls");
    CHECK(weft_parallel_invoke(pool, good, SIZE_MAX / sizeof *good) == -EOVERFLOW, "invoke of half of them");
    CHECK(weft_parallel_invoke(pool, NULL, 0) == 0, "invoke of nothing");
    CHECK(atomic_load(&called) == 0, "a refused group calls nothing");
    CHECK(weft_parallel_invoke(pool, good, 2) == 0 && atomic_load(&called) == 2, "and a good one does");
    atomic_store(&called, 0);
}

/* ---- local ---- */
static int note_init(void *value, void *ctx)
{
    (void)value;
    (void)ctx;
    atomic_fetch_add(&called, 1);
    return 0;
}

static void local_refuses(weft_pool *pool)
{
    weft_local *local = NULL;
    weft_local_config config = {sizeof config, 8, note_init, NULL, NULL};
    CHECK(weft_local_create(NULL, pool, &config) == -EINVAL, "local_create into NULL");
    CHECK(weft_local_create(&local, pool, NULL) == -EINVAL, "local_create without config");
    config.bytes = 0;
    CHECK(weft_local_create(&local, pool, &config) == -EINVAL, "local_create of 0 bytes");
    config.bytes = 8;
    for (size_t size = 0; size < sizeof config; size += size == 0 ? 1 : sizeof config - 2) {
        config.size = size;
        CHECK(weft_local_create(&local, pool, &config) == -EINVAL, "local_create with config size %zu", size);
    }
    CHECK(atomic_load(&called) == 0, "a refused set makes no value");
    weft_local_destroy(NULL);
    static const size_t absurd[] = {SIZE_MAX, SIZE_MAX - 127, SIZE_MAX / 2, SIZE_MAX / 4};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        int err = weft_local_create(&local, pool, WEFT_LOCAL_CONFIG(.bytes = absurd[i], .init = note_init));
        CHECK(err == 0 || err == -ENOMEM || err == -EINVAL, "local_create of %zu bytes: got %d", absurd[i],
              err);
        if (err == 0) {
            CHECK(!weft_local_get(local), "a value of %zu bytes does not exist", absurd[i]);
            weft_local_destroy(local);
        }
    }
    CHECK(atomic_load(&called) == 0, "no value was made");
}

/* ---- the rest ---- */
static void texts(void)
{
    const char *unknown = weft_strerror(-123456);
    for (int code = -5000; code <= 5000; code++) {
        const char *text = weft_strerror(code);
        if (!text || !*text)
            CHECK(0, "strerror(%d) has no sentence", code);
    }
    CHECK(weft_strerror(INT_MIN) && weft_strerror(INT_MAX) && unknown, "strerror of absurd codes");
    CHECK(unknown && weft_strerror(WEFT_EITEM) && strcmp(weft_strerror(WEFT_EITEM), unknown) != 0,
          "WEFT_EITEM has a sentence of its own");
    static const int known[] = {0,      -EINVAL,     -ENOMEM,    -EAGAIN,   -EDEADLK,
                                -EBUSY, -EOWNERDEAD, -EOVERFLOW, -ECANCELED};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK(strcmp(weft_strerror(known[i]), unknown) != 0, "%d has a sentence of its own", known[i]);
    CHECK(weft_version() && strcmp(weft_version(), WEFT_VERSION_STRING) == 0, "the version is the header's");
}

int main(void)
{
    tally_watch(360);
    count_own_threads();
    CHECK(weft_pool_destroy(NULL) == 0, "destroy of NULL is fine");
    CHECK(weft_worker_index() == -1, "no index outside");
    CHECK(weft_pool_default(NULL) == -EINVAL, "pool_default into NULL");
    CHECK(weft_run(NULL, NULL, NULL) == -EINVAL, "run of NULL by the default pool");
    CHECK(weft_parallel_for(NULL, 1, 0, note_range, NULL) == -EINVAL, "begin > end by the default pool");
    CHECK(weft_parallel_map(NULL, NULL, NULL, 0, NULL, 0, 1, NULL) == -EINVAL,
          "map of NULL by the default pool");
    CHECK(weft_parallel_reduce(NULL, 0, 4, NULL, NULL, NULL, NULL, 0, NULL) == -EINVAL,
          "reduce of NULL by the default pool");
    CHECK(weft_parallel_invoke(NULL, NULL, 1) == -EINVAL, "invoke of NULL by the default pool");
    CHECK(weft_local_create(NULL, NULL, NULL) == -EINVAL, "local of NULL for the default pool");
    pool_create_refuses();
    absurd_stack();
    absurd_spin();
    CHECK(no_thread_more(), "refused calls start no thread, not even the default pool's");
    pool_create_takes_the_edges();
    weft_pool *pool = NULL;
    if (CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1)) == 0, "a pool")) {
        run_and_for_refuse(pool);
        map_refuses(pool);
        reduce_refuses(pool);
        invoke_refuses(pool);
        local_refuses(pool);
        CHECK(use_pool(pool) == 0, "the pool works after all refusals");
        CHECK(weft_pool_destroy(pool) == 0, "destroy");
    }
    CHECK(no_thread_more(), "a destroyed pool leaves no thread");
    run_and_for_refuse(
        NULL); /* a good call starts the default pool; how many threads it has is its own affair */
    map_refuses(NULL);
    reduce_refuses(NULL);
    invoke_refuses(NULL);
    local_refuses(NULL);
    texts();
    return tally_end();
}
