/* SPDX-License-Identifier: MIT */
/* Deadlines that come while the waiter sleeps and nothing ends: it is told, not before the deadline, and loses nothing. */
#include "executors.h"

enum { PARTS = 10, TIMES = 3 };

typedef struct scene scene;

/* A way to wait: what is waited for is made, waited for, let end, and looked at. */
typedef struct way {
    const char *name;
    void (*begin)(scene *s);
    int (*wait)(scene *s, int64_t deadline_ns);
    void (*let_end)(scene *s);
    void (*after)(scene *s);
    int what;  /* of weft_wait, or of a shutdown */
    bool held; /* a worker is held meanwhile */
} way;

struct scene {
    const way *way;
    weft_pool *pool;
    weft_executor *one; /* of way.held: its ticket is away */
    struct door door;
    weft_promise *promise[2];
    weft_future *future[2], *out;
    weft_completions *set;
    weft_stream *stream;
    weft_group *group;
    atomic_int ran, timed_out;
    int timeouts, early, err, status, result;
    size_t index;
};

/* ---- several futures ------------------------------------------------------------------------------ */

static void promise_two(scene *s)
{
    for (int i = 0; i < 2; i++)
        cr_assert_eq(weft_promise_create(&s->promise[i], sem_door(s->pool), &s->future[i]), 0);
    if (s->way->what != WEFT_FIRST)
        cr_assert_eq(weft_promise_fulfil(s->promise[0], 0), 0,
                     "one that has ended, as it should, is not enough");
}

static int wait_for_two(scene *s, int64_t deadline_ns)
{
    return weft_wait(s->future, 2, s->way->what, deadline_ns, &s->index);
}

static void keep_second(scene *s)
{
    cr_assert_eq(weft_promise_fulfil(s->promise[1], 5), 0);
}

static void two_have_ended(scene *s)
{
    cr_assert_eq(s->index, s->way->what == WEFT_ALL ? 2 : 1);
    cr_assert_eq(weft_future_status(s->future[1]), 5);
    if (s->way->what == WEFT_FIRST)
        cr_assert_eq(weft_promise_fulfil(s->promise[0], 4), 0);
    cr_assert_eq(weft_future_status(s->future[0]), s->way->what == WEFT_FIRST ? 4 : 0);
    weft_future_release(s->future[0]);
    weft_future_release(s->future[1]);
}

/* ---- one by one ----------------------------------------------------------------------------------- */

static void collect_two(scene *s)
{
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(weft_promise_create(&s->promise[i], sem_door(s->pool), &s->future[i]), 0);
        if (!s->set)
            cr_assert_eq(weft_completions_create(&s->set), 0);
        cr_assert_eq(weft_completions_add(s->set, s->future[i], &s->promise[i]), 0);
    }
}

static int wait_for_next(scene *s, int64_t deadline_ns)
{
    void *tag = NULL;
    int err = weft_completions_next(s->set, deadline_ns, &s->out, &tag);
    s->index = tag == &s->promise[1];
    return err;
}

static void both_come_out(scene *s)
{
    cr_assert(s->out == s->future[1] && s->index == 1);
    weft_future_release(s->out);
    cr_assert_eq(weft_completions_left(s->set), 1);
    cr_assert_eq(weft_promise_fulfil(s->promise[0], 4), 0);
    cr_assert_eq(wait_for_next(s, WEFT_FOREVER), 0);
    cr_assert(s->out == s->future[0] && s->index == 0);
    weft_future_release(s->out);
    cr_assert_eq(wait_for_next(s, WEFT_FOREVER), WEFT_EEND);
    weft_completions_destroy(s->set);
    weft_future_release(s->future[0]);
    weft_future_release(s->future[1]);
}

/* ---- behind a ticket that is away ----------------------------------------------------------------- */

static void take_ticket(scene *s)
{
    s->one = make(WEFT_EXECUTOR_CONFIG(.pool = s->pool, .limit = 1));
    cr_assert_eq(weft_submit(s->one, stand_in_the_door, &s->door, NULL), 0);
    flag_wait(&s->door.inside);
}

static void open_door(scene *s)
{
    atomic_store(&s->door.open, 1);
}

static int number_of(const void *in, void *out, void *ctx)
{
    (void)ctx;
    *(int *)out = *(const int *)in;
    return 0;
}

static void open_stream(scene *s)
{
    static const int items[PARTS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    take_ticket(s);
    cr_assert_eq(weft_stream_open(&s->stream, WEFT_STREAM_CONFIG(.executor = s->one, .fn = number_of,
                                                                 .items = items, .in_bytes = sizeof(int),
                                                                 .n = PARTS, .out_bytes = sizeof(int))),
                 0);
}

static int wait_for_item(scene *s, int64_t deadline_ns)
{
    return weft_stream_next(s->stream, deadline_ns, &s->result, &s->status, &s->index);
}

static void all_items_come(scene *s)
{
    for (int i = 0; i < PARTS; i++) {
        cr_assert(s->result == i && s->status == 0 && s->index == (size_t)i);
        cr_assert_eq(wait_for_item(s, WEFT_FOREVER), i + 1 < PARTS ? 0 : WEFT_EEND);
    }
    weft_stream_close(s->stream);
    end(s->one);
}

static void form_group(scene *s)
{
    take_ticket(s);
    cr_assert_eq(weft_group_create(&s->group, WEFT_GROUP_CONFIG(.executor = s->one)), 0);
    for (int i = 0; i < PARTS; i++)
        cr_assert_eq(weft_group_submit(s->group, count_up, &s->ran), 0);
}

static int wait_for_group(scene *s, int64_t deadline_ns)
{
    return weft_group_wait(s->group, deadline_ns, &s->status);
}

static void all_members_ran(scene *s)
{
    cr_assert_eq(s->ran, PARTS);
    cr_assert_eq(s->status, 1, "what the first one said");
    cr_assert_eq(weft_group_destroy(s->group), 0);
    end(s->one);
}

static void fill_executor(scene *s)
{
    take_ticket(s);
    for (int i = 0; i < PARTS; i++)
        cr_assert_eq(weft_submit(s->one, count_up, &s->ran, NULL), 0);
}

static int wait_for_end(scene *s, int64_t deadline_ns)
{
    return weft_executor_shutdown(s->one, s->way->what, deadline_ns);
}

static void all_has_ended(scene *s)
{
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(s->one, &state), 0);
    cr_assert(state.closed && state.accepted == PARTS + 1 && state.ended == PARTS + 1);
    cr_assert_eq(s->ran, s->way->what == WEFT_DRAIN ? PARTS : 0);
    end(s->one);
}

/* ---- each way, from outside and inside ------------------------------------------------------------ */

static const way ways[] = {
    {"all", promise_two, wait_for_two, keep_second, two_have_ended, WEFT_ALL, false},
    {"first", promise_two, wait_for_two, keep_second, two_have_ended, WEFT_FIRST, false},
    {"first error", promise_two, wait_for_two, keep_second, two_have_ended, WEFT_FIRST_ERROR, false},
    {"completions", collect_two, wait_for_next, keep_second, both_come_out, WEFT_FIRST, false},
    {"stream", open_stream, wait_for_item, open_door, all_items_come, 0, true},
    {"group", form_group, wait_for_group, open_door, all_members_ran, 0, true},
    {"drain", fill_executor, wait_for_end, open_door, all_has_ended, WEFT_DRAIN, true},
    {"cancel pending", fill_executor, wait_for_end, open_door, all_has_ended, WEFT_CANCEL_PENDING, true},
    {"stop running", fill_executor, wait_for_end, open_door, all_has_ended, WEFT_STOP_RUNNING, true},
};

enum { WAYS = sizeof ways / sizeof *ways };

/* In the end without a deadline, when it may already sleep. */
static int wait_again_and_again(void *arg)
{
    scene *s = arg;
    for (int i = 0; i < TIMES; i++) {
        int64_t at = sem_in_ms(2);
        s->timeouts += s->way->wait(s, at) == -ETIMEDOUT;
        s->early += sem_now_ns() < at;
    }
    s->timeouts += s->way->wait(s, 0) == -ETIMEDOUT;
    atomic_store(&s->timed_out, 1);
    return s->err = s->way->wait(s, WEFT_FOREVER);
}

static void *end_it(void *arg)
{
    scene *s = arg;
    flag_wait(&s->timed_out);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    s->way->let_end(s);
    return NULL;
}

static void time_out(weft_pool *pool, const way *w, bool inside)
{
    scene s = {.way = w, .pool = pool};
    w->begin(&s);
    pthread_t thread = thread_start(end_it, &s, 0);
    if (inside) {
        weft_future *waiter = NULL;
        cr_assert_eq(weft_submit(sem_door(pool), wait_again_and_again, &s, &waiter), 0);
        cr_assert_eq(get(waiter), 0, "%s", w->name);
    } else {
        (void)wait_again_and_again(&s);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(s.early, 0, "%s: %d of %d came before their deadline", w->name, s.early, TIMES);
    cr_assert_eq(s.timeouts, TIMES + 1, "%s: %d", w->name, s.timeouts);
    cr_assert_eq(s.err, 0, "%s: %s", w->name, weft_strerror(s.err));
    w->after(&s);
}

PROMISE(a_deadline_that_comes_while_one_sleeps_outside)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < WAYS; i++)
        if (!ways[i].held || sem_threads())
            time_out(pool, &ways[i], false);
    sem_end(pool);
}

PROMISE(a_deadline_that_comes_while_one_sleeps_in_a_task)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < WAYS; i++)
        if (!ways[i].held || sem_threads() > 1)
            time_out(pool, &ways[i], true);
    sem_end(pool);
}

/* ---- while things come -------------------------------------------------------------------------- */

static int slowly(const void *in, void *out, void *ctx)
{
    int i = *(const int *)in;
    (void)ctx;
    if (i % 100 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    *(int *)out = i;
    return 0;
}

static int numbers[MANY];

static void read_by_short_deadlines(weft_pool *pool, int unordered)
{
    static char seen[MANY];
    weft_stream *stream;
    int out, err, count = 0;
    memset(seen, 0, sizeof seen);
    cr_assert_eq(weft_stream_open(&stream, WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = slowly,
                                                              .items = numbers, .in_bytes = sizeof(int),
                                                              .n = MANY, .out_bytes = sizeof(int),
                                                              .window = 64, .unordered = unordered)),
                 0);
    while ((err = weft_stream_next(stream, sem_now_ns() + 50000, &out, NULL, NULL)) != WEFT_EEND) {
        cr_assert(err == 0 || err == -ETIMEDOUT, "%s", weft_strerror(err));
        if (err)
            continue;
        cr_assert(!seen[out]++ && (unordered || out == count));
        count++;
    }
    cr_assert_eq(count, MANY);
    weft_stream_close(stream);
}

PROMISE(short_deadlines_lose_no_item_of_a_stream)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < MANY; i++)
        numbers[i] = i;
    read_by_short_deadlines(pool, 0);
    read_by_short_deadlines(pool, 1);
    sem_end(pool);
}

static int sleeps_a_little(void *arg)
{
    int i = *(int *)arg;
    if (i % 100 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return i;
}

PROMISE(short_deadlines_lose_no_future_of_a_set)
{
    static char seen[MANY];
    weft_pool *pool = sem_pool();
    weft_completions *set;
    weft_future *future;
    int err, count = 0;
    void *tag;
    cr_assert_eq(weft_completions_create(&set), 0);
    for (int i = 0; i < MANY; i++) {
        numbers[i] = i;
        cr_assert_eq(weft_submit(sem_door(pool), sleeps_a_little, &numbers[i], &future), 0);
        cr_assert_eq(weft_completions_add(set, future, &numbers[i]), 0);
        weft_future_release(future);
    }
    while ((err = weft_completions_next(set, sem_now_ns() + 50000, &future, &tag)) != WEFT_EEND) {
        cr_assert(err == 0 || err == -ETIMEDOUT, "%s", weft_strerror(err));
        if (err)
            continue;
        int i = *(int *)tag;
        cr_assert(!seen[i]++ && weft_future_status(future) == i);
        weft_future_release(future);
        count++;
    }
    cr_assert_eq(count, MANY);
    weft_completions_destroy(set);
    sem_end(pool);
}
