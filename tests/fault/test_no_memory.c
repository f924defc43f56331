/* SPDX-License-Identifier: MIT */
/* test_no_memory.c - each allocation of each call fails once, in its turn: -ENOMEM, and nothing has been done.
 *
 * - A table, a row a call. Round n makes a pool and what the call needs, and makes the call while its n-th allocation fails
 *   (or that and all later ones), until a round in which none failed. It answers -ENOMEM, nothing has run, no argument was
 *   destroyed, no handle is there, no record is out; the same call works right afterwards, and all is given back in the end.
 * - Through executors of every kind, from outside and from inside a task. One that has a queue submits runners for it: without
 *   memory for one the caller takes its place. A worker's own queue that cannot grow has the pool's beside it.
 * - The same once while no thread can be created: that is -EAGAIN where a call needs the pool's clock (weft/timer.h), and
 *   nothing to all others.
 * - So that sanitizers can look on the library is linked statically, see no_memory.h.
 */
#include "no_memory.h"
#include "no_memory_makers.h"

enum { ROUNDS_MOST = 1000 };

static const struct kind {
    const char *name;
    weft_executor_config config; /* limit 0: the pool's own */
} kinds[] = {{"pool's own", {.limit = 0}},
             {"limited", {.limit = 2}},
             {"urgent", {.limit = 1, .priority = WEFT_PRIORITY_HIGH}},
             {"serial", {.limit = 1, .engine = WEFT_ENGINE_SERIAL}},
             {"blocking", {.limit = 1, .blocking = 1}},
             {"with lanes", {.limit = 2, .start = start_lane}}};

/* Not named: outside it is the default pool's, which is made first. */
static const struct kind nobodys = {"default pool's", {.limit = 0}};

enum { KINDS = sizeof kinds / sizeof *kinds };

struct round {
    const struct row *row;
    const struct kind *kind;
    long n;
    int all, inside;
    int no_threads; /* instead: no thread can be created */
    long failed;
    struct scene scene;
};

/* ---- what a call needs ------------------------------------------------------------------------------- */
static int pass_task(void *unused)
{
    (void)unused;
    return 0;
}

static int pass_result(const void *in, void *out, void *ctx)
{
    (void)in;
    (void)out;
    (void)ctx;
    return 0;
}

/* Two futures are held; what ran for the others may still be on its way back. */
static void settle(long records)
{
    while (what_is_out().records != records + 2)
        sched_yield();
}

static void begin(struct scene *s, const struct kind *kind)
{
    weft_executor_config config = kind->config;
    long records = what_is_out().records;
    *s = (struct scene){.queued = config.limit};
    MUST(!weft_pool_create(&s->pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1)), "pool");
    MUST(!weft_pool_executor(s->pool, &s->own), "its executor");
    config.size = sizeof config;
    config.pool = s->pool;
    s->executor = kind == &nobodys ? NULL : s->own;
    MUST(!s->queued || !weft_executor_create(&s->executor, &config), "executor");
    MUST(!weft_group_create(&s->group, WEFT_GROUP_CONFIG(.executor = s->executor ? s->executor : s->own)),
         "group");
    MUST(!weft_completions_create(&s->set), "set");
    MUST(!weft_limit_create(&s->limit, 1, NULL), "limit");
    MUST(!weft_stop_create(&s->stop, NULL, WEFT_FOREVER), "token");
    MUST(!weft_promise_create(&s->promise, s->own, &s->pending), "promise");
    MUST(!weft_submit(s->own, pass_task, NULL, &s->done) && !weft_future_get(s->done, NULL), "a task");
    MUST(!weft_stream_open(&s->stream, WEFT_STREAM_CONFIG(.executor = s->own, .fn = pass_result, .n = 0)) &&
             weft_stream_next(s->stream, WEFT_FOREVER, NULL, NULL, NULL) == WEFT_EEND,
         "stream");
    settle(records);
}

static void end(struct scene *s, const struct kind *kind)
{
    weft_stream_close(s->stream);
    weft_promise_destroy(s->promise);
    weft_future_release(s->pending);
    weft_future_release(s->done);
    weft_completions_destroy(s->set);
    MUST(!weft_group_destroy(s->group), "destroy");
    MUST(!s->queued || !weft_executor_destroy(s->executor), "destroy");
    weft_limit_release(s->limit);
    weft_stop_release(s->stop);
    MUST(!weft_pool_destroy(s->pool), "destroy");
    if (kind == &nobodys)
        MUST(!weft_pool_default(&s->pool) && !weft_pool_destroy(s->pool), "the default pool");
}

/* ---- a round ----------------------------------------------------------------------------------------- */
static const char *name_of(const struct round *r)
{
    static char text[200];
    int end = snprintf(text, sizeof text, "%s (%s, %s), ", r->row->name, r->kind->name,
                       r->inside ? "inside" : "outside");
    if (r->no_threads)
        snprintf(text + end, sizeof text - (size_t)end, "no threads");
    else
        snprintf(text + end, sizeof text - (size_t)end, "allocation %ld%s", r->n,
                 r->all ? " and all after it" : "");
    return text;
}

/* Nobody waits for what was refused, or counts it. */
static void nothing_was_done(const struct round *r, const struct scene *s, long records)
{
    weft_limit_state limit = {.size = sizeof limit};
    weft_executor_state state = {.size = sizeof state};
    int refs = r->row->flags & NULLS;
    MUST(!s->made || (s->made == NO_HANDLE && !refs), "%s: a handle is there", name_of(r));
    MUST(!atomic_load(&s->ran) && !atomic_load(&s->destroyed), "%s: %d ran, %d destroyed", name_of(r),
         atomic_load(&s->ran), atomic_load(&s->destroyed));
    MUST(!weft_limit_inspect(s->limit, &limit) && !limit.running && !limit.ready && !limit.waiting,
         "%s: something is in the limit's line", name_of(r));
    MUST(!weft_completions_left(s->set), "%s: something is in the set", name_of(r));
    MUST(!weft_group_wait(s->group, 0, NULL), "%s: something is in the group", name_of(r));
    if (s->some) /* what was accepted is on its way back */
        return;
    MUST(what_is_out().records == records, "%s: %ld records are out", name_of(r),
         what_is_out().records - records);
    MUST(!s->queued || (!weft_executor_inspect(s->executor, &state) && state.accepted == state.ended),
         "%s: the executor waits for something", name_of(r));
}

static int is_documented(const struct round *r, int err)
{
    if (r->no_threads)
        return err == -EAGAIN && r->row->flags & CLOCK;
    return err == -ENOMEM;
}

static int may_do_without(const struct round *r)
{
    return r->scene.queued || r->inside || r->kind == &nobodys || r->row->flags & DOES_WITH;
}

static int try_call(void *arg)
{
    struct round *r = arg;
    struct scene *s = &r->scene;
    long records = what_is_out().records;
    s->made = NO_HANDLE;
    if (r->no_threads)
        refuse_threads();
    else
        refuse(r->n, r->all);
    int err = r->row->call(s);
    r->failed = allow();
    if (err) {
        MUST(r->failed && is_documented(r, err), "%s: %ld failed, got %d", name_of(r), r->failed, err);
        nothing_was_done(r, s, records);
        s->made = NO_HANDLE;
        err = r->row->call(s);
        MUST(!err, "%s: right afterwards: got %d", name_of(r), err);
    } else {
        MUST(!r->failed || may_do_without(r), "%s: it did without", name_of(r));
    }
    if (!err)
        r->row->end(s);
    return 0;
}

static void try_inside(struct round *r)
{
    weft_future *future = NULL;
    MUST(!weft_submit(r->scene.own, try_call, r, &future), "submit");
    while (weft_future_state(future) == WEFT_PENDING) /* a worker is to run it, not this thread */
        sched_yield();
    MUST(!weft_future_get(future, NULL), "get");
    weft_future_release(future);
}

static long try_round(struct round *r)
{
    struct out before = what_is_out(), after;
    begin(&r->scene, r->kind);
    if (r->inside)
        try_inside(r);
    else
        (void)try_call(r);
    end(&r->scene, r->kind);
    after = what_is_out();
    MUST(atomic_load(&r->scene.ran) == r->row->runs && atomic_load(&r->scene.destroyed) == r->row->destroys,
         "%s: in the end %d ran, %d were destroyed", name_of(r), atomic_load(&r->scene.ran),
         atomic_load(&r->scene.destroyed));
    MUST((!r->n && !r->no_threads) ||
             (after.records == before.records && after.blocks == before.blocks && after.maps == before.maps),
         "%s: %ld records, %ld blocks, %ld mappings leaked", name_of(r), after.records - before.records,
         after.blocks - before.blocks, after.maps - before.maps);
    return r->failed;
}

/* How many allocations the call makes. */
static long each_fails(const struct row *row, const struct kind *kind, int inside, int all)
{
    int failed = atomic_load(&tally_failed);
    struct round r = {.row = row, .kind = kind, .inside = inside, .all = all};
    (void)try_round(&r); /* none: the default pool keeps what it maps */
    r.n = 1;
    while (r.n < ROUNDS_MOST && try_round(&r))
        r.n++;
    CHECK(r.n < ROUNDS_MOST && failed == atomic_load(&tally_failed), "%s: so many rounds", name_of(&r));
    return r.n - 1;
}

/* Only the clock is a thread that a call needs. */
static void no_clock(const struct row *row, const struct kind *kind, int inside)
{
    struct round r = {.row = row, .kind = kind, .inside = inside, .no_threads = 1};
    long failed = try_round(&r);
    CHECK(failed == !!(row->flags & CLOCK), "%s: %ld failed", name_of(&r), failed);
}

static int may_be(const struct row *row, const struct kind *kind)
{
    return !(row->flags & NOT_SERIAL) || kind->config.engine != WEFT_ENGINE_SERIAL;
}

static void try_row(const struct row *row)
{
    long most = 0, failed;
    for (int kind = 0; kind < (row->flags & VARIES ? KINDS : 1); kind++) {
        if (!may_be(row, &kinds[kind]))
            continue;
        for (int way = 0; way < 4; way++) {
            failed = each_fails(row, &kinds[kind], way & 1, way & 2);
            most = failed > most ? failed : most;
        }
        no_clock(row, &kinds[kind], 0);
        no_clock(row, &kinds[kind], 1);
    }
    CHECK(most > 0, "%s: no allocation is reached", row->name);
    printf("%s: %ld allocations\n", row->name, most);
}

static void try_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        try_row(&rows[i]);
}

static void try_defaults(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].flags & DEFAULTS)
            printf("%s: %ld allocations with a pool\n", rows[i].name, each_fails(&rows[i], &nobodys, 0, 0));
}

/* A default pool is made by the call, and for the others before. */
int main(void)
{
    struct out before = what_is_out(), after;
    size_t submitting = sizeof submitting_rows / sizeof *submitting_rows;
    size_t making = sizeof making_rows / sizeof *making_rows;
    weft_pool *common = NULL;
    tally_watch(360);
    try_defaults(submitting_rows, submitting);
    try_defaults(making_rows, making);
    CHECK(!weft_pool_default(&common), "the default pool");
    try_rows(submitting_rows, submitting);
    try_rows(making_rows, making);
    CHECK(!weft_pool_destroy(common), "destroy");
    after = what_is_out();
    CHECK(after.records == before.records && after.blocks == before.blocks && after.maps == before.maps,
          "%ld records, %ld blocks, %ld mappings are out in the end", after.records, after.blocks,
          after.maps);
    return tally_end();
}
