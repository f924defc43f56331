/* SPDX-License-Identifier: MIT */
/* A task waits for what ends with other tasks: an executor's end, room in its queue, a stream's next item. Where they wait for
 * the task in turn one of them is refused, and says who waits for whom; where one of them is alive they just wait. */
#include "sem.h"

#include <stdio.h>

typedef struct scene {
    weft_pool *pool;
    weft_executor *disk;          /* where bob runs */
    weft_future *ada, *bob, *cyd; /* cyd: NULL: bob waits for ada himself */
    int (*wait)(struct scene *s); /* ada's */
    atomic_int ready, go;
    int ada_err, bob_err;
    atomic_int dan_goes;
} scene;

static void come(scene *s)
{
    atomic_fetch_add(&s->ready, 1);
    while (!atomic_load(&s->go))
        sched_yield();
}

static void let_all_go(scene *s, int number)
{
    while (atomic_load(&s->ready) < number)
        sched_yield();
    atomic_store(&s->go, 1);
}

static int ada(void *arg)
{
    scene *s = arg;
    come(s);
    return s->ada_err = s->wait(s);
}

static int bob(void *arg)
{
    scene *s = arg;
    come(s);
    return s->bob_err = weft_future_get(s->cyd ? s->cyd : s->ada, NULL);
}

static int cyd(void *arg)
{
    scene *s = arg;
    come(s);
    return weft_future_get(s->ada, NULL);
}

static weft_future *submit(scene *s, weft_executor *door, weft_task_fn *fn, const char *label)
{
    weft_future *future = NULL;
    weft_task_spec spec = {.size = sizeof spec, .fn = fn, .arg = s, .label = label};
    cr_assert_eq(weft_submit_task(door, &spec, &future), 0);
    return future;
}

static const char *text_of(weft_future *future)
{
    cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
    return weft_future_error(future);
}

/* ---- ways to wait --------------------------------------------------------------------------------- */

static int for_end(scene *s)
{
    return weft_executor_shutdown(s->disk, WEFT_DRAIN, WEFT_FOREVER);
}

static int for_end_of_cancelled(scene *s)
{
    return weft_executor_shutdown(s->disk, WEFT_STOP_RUNNING, WEFT_FOREVER);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int for_room(scene *s)
{
    int err = 0;
    for (int i = 0; i < 2 && !err; i++)
        err = weft_submit(s->disk, nothing, NULL, NULL);
    return err;
}

static const struct way {
    int (*wait)(scene *s);
    const char *label;
} ways[] = {
    {for_end, "the end of disk"}, {for_end_of_cancelled, "the end of disk"}, {for_room, "room in disk"}};

enum { WAYS = sizeof ways / sizeof *ways };

/* ---- circles -------------------------------------------------------------------------------------- */

/* disk: of another pool, whose tasks may wait for room. */
static void close_circle(weft_pool *pool, weft_pool *other, const struct way *w, bool of_three)
{
    scene s = {.pool = pool, .wait = w->wait};
    char expected[256];
    cr_assert_eq(weft_executor_create(&s.disk, WEFT_EXECUTOR_CONFIG(.pool = other, .name = "disk", .limit = 1,
                                                                    .queue_limit = 1)),
                 0);
    s.ada = submit(&s, sem_door(pool), ada, "ada");
    if (of_three)
        s.cyd = submit(&s, sem_door(pool), cyd, "cyd");
    s.bob = submit(&s, s.disk, bob, "bob");
    let_all_go(&s, 2 + of_three);
    const char *ada_says = text_of(s.ada), *bob_says = text_of(s.bob),
               *cyd_says = of_three ? text_of(s.cyd) : NULL;
    const char *way_on = of_three ? ", which waits for cyd" : "";
    if (s.ada_err == -EDEADLK) {
        snprintf(expected, sizeof expected,
                 "deadlock: ada waits for %s, held up by bob%s, which waits for ada", w->label, way_on);
        cr_assert_str_eq(ada_says, expected);
    } else if (s.bob_err == -EDEADLK) {
        snprintf(expected, sizeof expected, "deadlock: bob waits for %s, which waits for %s, held up by bob",
                 of_three ? "cyd, which waits for ada" : "ada", w->label);
        cr_assert_str_eq(bob_says, expected);
    } else {
        snprintf(expected, sizeof expected,
                 "deadlock: cyd waits for ada, which waits for %s, held up by bob, which waits for cyd",
                 w->label);
        cr_assert(of_three);
        cr_assert_str_eq(cyd_says, expected);
    }
    cr_assert((s.ada_err == -EDEADLK) + (s.bob_err == -EDEADLK) <= 1, "one of them is refused");
    weft_future_release(s.ada);
    weft_future_release(s.bob);
    weft_future_release(s.cyd);
    cr_assert_eq(weft_executor_destroy(s.disk), 0);
}

PROMISE(a_circle_through_an_executor)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool(), *other = sem_pool();
    for (int i = 0; i < 100; i++)
        for (int k = 0; k < WAYS; k++) {
            close_circle(pool, other, &ways[k], false);
            close_circle(pool, other, &ways[k], true);
        }
    sem_end(pool);
    sem_end(other);
}

/* Alive at first: it is seen when dan has ended. */
static int dan(void *arg)
{
    scene *s = arg;
    atomic_fetch_add(&s->ready, 1);
    while (!atomic_load(&s->dan_goes))
        sched_yield();
    return 0;
}

PROMISE(a_circle_that_is_left_when_others_have_ended)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool(), *other = sem_pool();
    for (int i = 0; i < 50; i++)
        for (int k = 0; k < 2; k++) {
            scene s = {.pool = pool, .wait = ways[k].wait};
            cr_assert_eq(weft_executor_create(
                             &s.disk, WEFT_EXECUTOR_CONFIG(.pool = other, .name = "disk", .limit = 2)),
                         0);
            s.ada = submit(&s, sem_door(pool), ada, "ada");
            s.bob = submit(&s, s.disk, bob, "bob");
            weft_future *last = submit(&s, s.disk, dan, "dan");
            let_all_go(&s, 3);
            struct timespec a_while = {.tv_nsec = i * 20000};
            nanosleep(&a_while, NULL);
            atomic_store(&s.dan_goes, 1);
            (void)text_of(s.ada);
            (void)text_of(s.bob);
            cr_assert((s.ada_err == -EDEADLK) != (s.bob_err == -EDEADLK), "%d %d", s.ada_err, s.bob_err);
            cr_assert_eq(weft_executor_destroy(s.disk), 0);
            weft_future_release(s.ada);
            weft_future_release(s.bob);
            weft_future_release(last);
        }
    sem_end(pool);
    sem_end(other);
}

/* ---- no circle ------------------------------------------------------------------------------------ */

PROMISE(those_who_wait_for_something_alive_are_waited_for)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool(), *other = sem_pool();
    for (int k = 0; k < WAYS; k++) {
        scene s = {.pool = pool, .wait = ways[k].wait};
        weft_promise *promise;
        cr_assert_eq(
            weft_executor_create(&s.disk, WEFT_EXECUTOR_CONFIG(.pool = other, .limit = 1, .queue_limit = 1)),
            0);
        cr_assert_eq(weft_promise_create(&promise, sem_door(pool), &s.cyd), 0);
        s.ada = submit(&s, sem_door(pool), ada, "ada");
        s.bob = submit(&s, s.disk, bob, "bob");
        let_all_go(&s, 2);
        struct timespec a_while = {.tv_nsec = 2000000};
        nanosleep(&a_while, NULL);
        cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
        (void)text_of(s.ada);
        (void)text_of(s.bob);
        cr_assert(!s.ada_err && !s.bob_err, "%d %d", s.ada_err, s.bob_err);
        cr_assert_eq(weft_executor_destroy(s.disk), 0);
        weft_future_release(s.ada);
        weft_future_release(s.bob);
        weft_future_release(s.cyd);
    }
    sem_end(pool);
    sem_end(other);
}

/* ---- a stream ------------------------------------------------------------------------------------- */

enum { ITEMS = 20 };

typedef struct source {
    scene scene;
    weft_stream *stream;
    atomic_int refused;
    int next_refused, came;
} source;

static int item(const void *in, void *out, void *ctx)
{
    source *s = ctx;
    (void)in;
    (void)out;
    int err = weft_future_get(s->scene.ada, NULL);
    atomic_fetch_add(&s->refused, err == -EDEADLK);
    return err;
}

/* Until it is refused, or all have come: it must not close the stream then, as it would wait for who waits for it. */
static int for_items(scene *ada)
{
    source *s = (source *)(void *)ada;
    int status, err;
    while (!(err = weft_stream_next(s->stream, WEFT_FOREVER, NULL, &status, NULL)))
        s->came += status == -EDEADLK;
    s->next_refused = err == -EDEADLK;
    return err;
}

/* Where the consumer is refused, items that wait for it end with it. */
static void stream_from_itself(weft_pool *pool, size_t window, int unordered)
{
    source s = {.scene = {.pool = pool, .wait = for_items}};
    s.scene.ada = submit(&s.scene, sem_door(pool), ada, "ada");
    while (!atomic_load(&s.scene.ready))
        sched_yield();
    cr_assert_eq(weft_stream_open(&s.stream, WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = item,
                                                                .ctx = &s, .n = ITEMS, .window = window,
                                                                .chunk = 1, .unordered = unordered)),
                 0);
    atomic_store(&s.scene.go, 1);
    const char *says = text_of(s.scene.ada);
    if (s.next_refused)
        cr_assert_str_eq(says, "deadlock: ada waits for a stream, held up by a task, which waits for ada");
    else
        cr_assert_eq(s.came, ITEMS);
    weft_stream_close(s.stream);
    cr_assert(s.next_refused || atomic_load(&s.refused) == ITEMS);
    weft_future_release(s.scene.ada);
}

PROMISE(a_stream_whose_items_wait_for_its_consumer)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 50; i++)
        for (size_t window = 1; window <= ITEMS; window *= 4)
            for (int unordered = 0; unordered < 2; unordered++)
                stream_from_itself(pool, window, unordered);
    sem_end(pool);
}
