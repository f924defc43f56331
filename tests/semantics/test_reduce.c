/* SPDX-License-Identifier: MIT */
/* test_reduce.c - weft_parallel_reduce equals the serial body over all items, in their order.
 *
 * - Item i stands for an affine map modulo a prime; composing maps is associative and not commutative, so that an
 *   item left out, run twice or combined on the wrong side changes the result.
 * - Each accumulator also knows the items that it holds: body and combine record what does not fit. A block that
 *   continues its thread's last one must continue its accumulator; so combines follow cuts, not blocks.
 */
#include "sem.h"

enum { P = 1000003 };

/* x -> a x + b, of the items [begin, end); no items: the identity, which is no zeros. */
struct map {
    uint64_t a, b;
    size_t begin, end;
};
static const struct map none = {1, 0, 0, 0};

struct sum {
    weft_pool *pool;
    atomic_size_t bodies, combines, accumulators, again;
    atomic_int bad;
    int depth;
    unsigned call;
    void (*work)(size_t item, struct sum *s);
};

static atomic_uint calls;
static _Thread_local struct {
    unsigned call;
    size_t end;
} last;

static void compose(struct map *m, uint64_t a, uint64_t b)
{
    m->a = a * m->a % P;
    m->b = (a * m->b + b) % P;
}

static void add_item(struct map *m, size_t i)
{
    compose(m, (i * 7919 + 1) % P | 1, i % 65537 + 3);
}

static void body(size_t begin, size_t end, void *acc, void *ctx)
{
    struct map *m = acc;
    struct sum *s = ctx;
    bool fresh = m->begin == m->end;
    bool continued = last.call == s->call && last.end == begin;
    if (begin >= end || (!fresh && m->end != begin))
        atomic_fetch_add(&s->bad, 1);
    /* Possible where a thief cuts the unit that follows its own: that piece's runner had begun at its far end. */
    atomic_fetch_add(&s->again, fresh && continued);
    atomic_fetch_add(&s->accumulators, fresh);
    for (size_t i = begin; i < end; i++) {
        if (s->work)
            s->work(i, s);
        add_item(m, i);
    }
    m->begin = fresh ? begin : m->begin;
    m->end = last.end = end;
    last.call = s->call;
    atomic_fetch_add(&s->bodies, 1);
}

static void join(void *acc, const void *right, void *ctx)
{
    struct map *m = acc;
    const struct map *r = right;
    struct sum *s = ctx;
    if (m->end != r->begin || m->begin == m->end || r->begin == r->end)
        atomic_fetch_add(&s->bad, 1);
    compose(m, r->a, r->b);
    m->end = r->end;
    atomic_fetch_add(&s->combines, 1);
}

static int reduce(struct sum *s, size_t begin, size_t end, struct map *result)
{
    s->call = atomic_fetch_add(&calls, 1) + 1;
    return weft_parallel_reduce(s->pool, begin, end, body, join, &none, result, sizeof *result, s);
}

static bool same(const struct map *got, size_t begin, size_t end)
{
    struct map serial = none;
    for (size_t i = begin; i < end; i++)
        add_item(&serial, i);
    return got->a == serial.a && got->b == serial.b && got->end - got->begin == end - begin;
}

static void check_reduce(struct sum *s, size_t begin, size_t end)
{
    struct map got = {77, 77, 77, 78};
    atomic_store(&s->accumulators, 0);
    atomic_store(&s->combines, 0);
    cr_assert_eq(reduce(s, begin, end, &got), 0);
    cr_assert_eq(atomic_load(&s->combines) + (begin < end), atomic_load(&s->accumulators));
    cr_assert(same(&got, begin, end), "%zu to %zu", begin, end);
    cr_assert_eq(atomic_load(&s->bad), 0);
}

PROMISE(any_length_equals_the_serial_body)
{
    static const size_t lengths[] = {0, 1, 2, 3, 17, 100, 1000, 4097, 1000000};
    struct sum s = {.pool = sem_pool()};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int round = 0; round < (lengths[i] < 5000 ? 50 : 3); round++)
            check_reduce(&s, 0, lengths[i]);
    sem_end(s.pool);
}

PROMISE(more_items_than_a_range_has_units)
{
    struct sum s = {.pool = sem_pool()};
    check_reduce(&s, 3, ((size_t)1 << 23) + 4099);
    sem_end(s.pool);
}

PROMISE(reductions_may_begin_anywhere)
{
    struct sum s = {.pool = sem_pool()};
    check_reduce(&s, 5, 5);
    check_reduce(&s, 7, 8);
    check_reduce(&s, 1000, 4001);
    check_reduce(&s, ((size_t)1 << 32) - 3, ((size_t)1 << 32) + 1000);
    check_reduce(&s, SIZE_MAX - 2000, SIZE_MAX);
    sem_end(s.pool);
}

PROMISE(no_items_give_the_identity_and_no_call)
{
    struct sum s = {.pool = sem_pool()};
    struct map got = {77, 77, 77, 78};
    cr_assert_eq(reduce(&s, 9, 9, &got), 0);
    cr_assert_eq(memcmp(&got, &none, sizeof got), 0);
    cr_assert_eq(atomic_load(&s.bodies) + atomic_load(&s.combines), 0);
    sem_end(s.pool);
}

static void count_up(size_t begin, size_t end, void *acc, void *ctx)
{
    (void)ctx;
    *(long *)acc += (long)(end - begin);
}

static void add_up(void *acc, const void *right, void *ctx)
{
    (void)ctx;
    *(long *)acc += *(const long *)right;
}

PROMISE(without_an_identity_accumulators_begin_as_zeros)
{
    weft_pool *pool = sem_pool();
    for (size_t n = 0; n < 3000; n += 7) {
        long got = -1;
        cr_assert_eq(weft_parallel_reduce(pool, 0, n, count_up, add_up, NULL, &got, sizeof got, NULL), 0);
        cr_assert_eq(got, (long)n);
    }
    sem_end(pool);
}

PROMISE(reductions_by_the_default_pool_from_outside)
{
    struct sum s = {.pool = NULL};
    check_reduce(&s, 0, 100000);
    check_reduce(&s, 0, 1);
}

/* ---- skew ---- */
static void skewed(size_t i, struct sum *s)
{
    (void)s;
    busy(i % 997 == 0 ? 200000 : (unsigned)i % 10);
}

static void heavy_first(size_t i, struct sum *s)
{
    (void)s;
    busy(i < 8 ? 1000000 : 5);
}

static void heavy_last(size_t i, struct sum *s)
{
    (void)s;
    busy(i > 19991 ? 1000000 : 5);
}

PROMISE(skewed_items_are_all_there_and_in_order)
{
    struct sum s = {.pool = sem_pool()};
    void (*works[])(size_t, struct sum *) = {skewed, heavy_first, heavy_last};
    for (int i = 0; i < 9; i++) {
        s.work = works[i % 3];
        check_reduce(&s, 0, 20000);
    }
    sem_end(s.pool);
}

/* ---- how often combine is called ---- */
PROMISE(who_works_alone_combines_nothing)
{
    struct sum s = {.pool = NULL};
    cr_assert_eq(weft_pool_create(&s.pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE)), 0);
    check_reduce(&s, 0, 1000000);
    cr_assert_gt(atomic_load(&s.bodies), 1);
    cr_assert_eq(atomic_load(&s.combines), 0);
    cr_assert_eq(atomic_load(&s.again), 0, "blocks in a row share their accumulator");
    sem_end(s.pool);
}

/* Items that wait for each other are in different pieces: as many combines as there are cuts, at the most. */
static void meet(size_t i, struct sum *s);

struct meeting {
    struct sum s;
    struct gate gate;
    int guests;
};

static void meet(size_t i, struct sum *s)
{
    struct meeting *m = (struct meeting *)(void *)s;
    (void)i;
    gate_add(&m->gate);
    gate_wait(&m->gate, m->guests);
}

PROMISE(two_items_that_wait_for_each_other_are_combined_once)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    for (int round = 0; round < 100; round++) {
        struct meeting m = {.s = {.pool = pool, .work = meet}, .gate = GATE_INIT, .guests = 2};
        check_reduce(&m.s, 0, 2);
        cr_assert_eq(atomic_load(&m.s.combines), 1);
        cr_assert_eq(atomic_load(&m.s.bodies), 2);
    }
    sem_end(pool);
}

/* ---- the first item, and where accumulators lie ---- */
struct where {
    pthread_t caller;
    void *result;
    atomic_int bad;
};

static void look_where(size_t begin, size_t end, void *acc, void *ctx)
{
    struct where *w = ctx;
    if (begin == 0 && (acc != w->result || !pthread_equal(pthread_self(), w->caller)))
        atomic_fetch_add(&w->bad, 1);
    if (acc != w->result && (uintptr_t)acc % 128)
        atomic_fetch_add(&w->bad, 1);
    for (size_t i = begin; i < end; i++)
        busy(2000);
    *(long *)acc += (long)(end - begin);
}

PROMISE(the_first_item_is_the_callers_and_goes_into_result)
{
    weft_pool *pool = sem_pool();
    for (size_t n = 1; n < 200; n++) {
        long got = 5;
        struct where w = {pthread_self(), &got, 0};
        cr_assert_eq(weft_parallel_reduce(pool, 0, n, look_where, add_up, NULL, &got, sizeof got, &w), 0);
        cr_assert_eq(got, (long)n);
        cr_assert_eq(atomic_load(&w.bad), 0);
    }
    sem_end(pool);
}

/* ---- large accumulators ---- */
enum { BINS = 16384 };

static void fill_bins(size_t begin, size_t end, void *acc, void *ctx)
{
    uint32_t *bins = acc;
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        bins[i * 2654435761u % BINS]++;
}

static void add_bins(void *acc, const void *right, void *ctx)
{
    uint32_t *bins = acc;
    const uint32_t *more = right;
    (void)ctx;
    for (int i = 0; i < BINS; i++)
        bins[i] += more[i];
}

PROMISE(accumulators_of_64_KiB)
{
    static uint32_t got[BINS], serial[BINS];
    weft_pool *pool = sem_pool();
    fill_bins(0, 1000000, serial, NULL);
    for (int round = 0; round < 10; round++) {
        cr_assert_eq(weft_parallel_reduce(pool, 0, 1000000, fill_bins, add_bins, NULL, got, sizeof got, NULL),
                     0);
        cr_assert_eq(memcmp(got, serial, sizeof got), 0);
    }
    sem_end(pool);
}

/* An accumulator that owns memory: combine moves what right owns, in order, and nothing is lost. */
struct text {
    char *bytes;
    size_t length;
};

static void grow(struct text *t, const char *more, size_t length)
{
    t->bytes = realloc(t->bytes, t->length + length + 1);
    memcpy(t->bytes + t->length, more, length);
    t->length += length;
}

static void write_digits(size_t begin, size_t end, void *acc, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++) {
        busy(500);
        grow(acc, &"0123456789"[i % 10], 1);
    }
}

static void append_text(void *acc, const void *right, void *ctx)
{
    const struct text *r = right;
    (void)ctx;
    grow(acc, r->bytes, r->length);
    free(r->bytes);
}

PROMISE(strings_are_concatenated_in_order)
{
    weft_pool *pool = sem_pool();
    for (size_t n = 1; n < 3000; n = n * 3 + 1) {
        struct text t;
        cr_assert_eq(weft_parallel_reduce(pool, 0, n, write_digits, append_text, NULL, &t, sizeof t, NULL),
                     0);
        cr_assert_eq(t.length, n);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(t.bytes[i], (char)('0' + i % 10));
        free(t.bytes);
    }
    sem_end(pool);
}

/* ---- nested ---- */
WEFT_TASK(long, fib, int)

long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void touch(size_t begin, size_t end, void *total)
{
    atomic_fetch_add((atomic_size_t *)total, end - begin);
}

/* An item that forks, runs a loop, and a reduction whose items run one again. */
static void nest(size_t i, struct sum *s)
{
    struct map got;
    struct sum inner = {.pool = NULL, .work = s->work == nest && i % 16 == 0 ? skewed : NULL};
    atomic_size_t total = 0;
    bool fine = fib(8) == 21 && weft_parallel_for(NULL, 0, 100, touch, &total) == 0 && total == 100 &&
                reduce(&inner, i, i + 50, &got) == 0 && same(&got, i, i + 50) && inner.bad == 0;
    if (!fine)
        atomic_fetch_add(&s->bad, 1);
}

PROMISE(bodies_may_fork_loop_and_reduce)
{
    struct sum s = {.pool = sem_pool(), .work = nest};
    for (int round = 0; round < 3; round++)
        check_reduce(&s, 0, 500);
    sem_end(s.pool);
}

/* Its middle item is a reduction of the same kind, 24 deep. */
static void deeper(size_t i, struct sum *s)
{
    struct map got;
    struct sum inner = {.pool = NULL, .work = deeper, .depth = s->depth + 1};
    if (i != 1 || s->depth == 24)
        return;
    if (reduce(&inner, 0, 3, &got) || !same(&got, 0, 3) || inner.bad)
        atomic_fetch_add(&s->bad, 1);
}

PROMISE(reductions_nest_deeper_than_loops_do)
{
    struct sum s = {.pool = sem_pool(), .work = deeper};
    for (int round = 0; round < 50; round++)
        check_reduce(&s, 0, 3);
    sem_end(s.pool);
}

struct inside {
    int err;
    struct map got;
};

static void reduce_inside(void *arg)
{
    struct inside *in = arg;
    struct sum s = {.pool = NULL};
    in->err = reduce(&s, 0, 50000, &in->got);
    in->err |= s.bad;
}

PROMISE(reductions_from_inside_run)
{
    struct inside in = {1, none};
    sem_in_pool(reduce_inside, &in);
    cr_assert_eq(in.err, 0);
    cr_assert(same(&in.got, 0, 50000));
}

typedef struct inside *inside_p;
WEFT_TASK_VOID(reduce_task, inside_p)
void reduce_task(inside_p in)
{
    reduce_inside(in);
}

static void fork_reductions(void *arg)
{
    struct inside *in = arg;
    weft_handle(reduce_task) handles[8];
    for (int i = 0; i < 8; i++)
        weft_fork_at(reduce_task, &handles[i], &in[i]);
    for (int i = 7; i >= 0; i--)
        weft_join(reduce_task, handles[i]);
}

PROMISE(reductions_in_forked_children)
{
    struct inside in[8];
    for (int i = 0; i < 8; i++)
        in[i] = (struct inside){1, none};
    sem_in_pool(fork_reductions, in);
    for (int i = 0; i < 8; i++) {
        cr_assert_eq(in[i].err, 0);
        cr_assert(same(&in[i].got, 0, 50000));
    }
}

static void *outside_thread(void *arg)
{
    struct sum *s = arg;
    for (int round = 0; round < 20; round++) {
        struct map got;
        if (reduce(s, 0, 3000, &got) || !same(&got, 0, 3000))
            atomic_fetch_add(&s->bad, 1);
    }
    return NULL;
}

PROMISE(reductions_from_many_outside_threads_do_not_mix)
{
    weft_pool *pool = sem_pool();
    struct sum s[24];
    pthread_t threads[24];
    for (int i = 0; i < 24; i++) {
        s[i] = (struct sum){.pool = pool};
        threads[i] = thread_start(outside_thread, &s[i], 0);
    }
    for (int i = 0; i < 24; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(atomic_load(&s[i].bad), 0);
    }
    sem_end(pool);
}

PROMISE(errors_come_before_any_call_and_write_nothing)
{
    struct map got = {77, 77, 77, 78};
    struct sum s = {.pool = sem_pool()};
    cr_assert_eq(weft_parallel_reduce(s.pool, 0, 9, NULL, join, &none, &got, sizeof got, &s), -EINVAL);
    cr_assert_eq(weft_parallel_reduce(s.pool, 0, 9, body, NULL, &none, &got, sizeof got, &s), -EINVAL);
    cr_assert_eq(weft_parallel_reduce(s.pool, 0, 9, body, join, &none, NULL, sizeof got, &s), -EINVAL);
    cr_assert_eq(weft_parallel_reduce(s.pool, 9, 0, body, join, &none, &got, sizeof got, &s), -EINVAL);
    cr_assert_eq(weft_parallel_reduce(s.pool, 0, 9, body, join, &none, &got, 0, &s), -EINVAL);
    cr_assert_eq(weft_parallel_reduce(s.pool, 0, 9, body, join, &got, &got, sizeof got, &s), -EINVAL);
    cr_assert_eq(got.a, 77);
    cr_assert_eq(atomic_load(&s.bodies) + atomic_load(&s.combines), 0);
    sem_end(s.pool);
}
