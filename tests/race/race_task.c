/* SPDX-License-Identifier: MIT */
/* race_task.c - all products of what 2 and 3 threads may do with one task record, each many times.
 *
 * - One thread makes the records and takes part; it does not wait for the others before it goes on, so that a
 *   record which was given back soon is another task. Each thread holds one reference of each record, does its
 *   part and lets go: a waiter's release right after its wait is often the last.
 * - Records lie in one slab, or in one of their own that is closed before or after the maker's part: then the last
 *   release unmaps what a late look would touch.
 * - The task's result is plain; the record orders it, as it orders `status`.
 */
#include "jitter.h"

#include "stress.h"

#include "os/clock.h"

/* Their own copies, with jitter. */
#include "../../runtime/data/slab.c"
#include "../../runtime/data/task.c"

enum part { RUN_DROP, RUN_KEEP, WAIT, WAIT_TIMED, CANCEL, RELEASE, RETAIN, PARTS };
enum { THREADS_MAX = 3, SCENES = PARTS * PARTS * PARTS, STAMP = -777 };

typedef struct scene {
    enum part part[THREADS_MAX];
    int result;          /* plain */
    int claims, cancels; /* how many were told that it is theirs */
    int done, cancelled; /* how many were told that it ended so */
    wf_slab *own;        /* to be closed after the maker's part */
    wf_task *task;       /* published */
} scene;

static scene *scenes;
static int scene_count, thread_count;
static wf_slab *common;

static int result_of(const scene *s)
{
    return 1 + (int)(s - scenes);
}

static int never(void *arg)
{
    CHECK(false, "nobody calls fn but who claims: %p", arg);
    return 0;
}

static void add(int *count)
{
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

/* ---- parts ------------------------------------------------------------------------------------- */
static bool ends(const scene *s)
{
    for (int i = 0; i < thread_count; i++)
        if (s->part[i] == RUN_DROP || s->part[i] == RUN_KEEP || s->part[i] == CANCEL)
            return true;
    return false;
}

static void look_at_done(scene *s, const wf_task *task)
{
    add(&s->done);
    if (s->result != result_of(s) || task->status != -result_of(s))
        CHECK(false, "a done task: result %d, status %d", s->result, task->status);
}

static void look_at_end(scene *s, const wf_task *task)
{
    enum wf_task_state state = wf_task_state_of(task);
    if (state == WF_TASK_DONE)
        look_at_done(s, task);
    else if (state == WF_TASK_CANCELLED)
        add(&s->cancelled);
    else
        CHECK(false, "the wait is over in state %d", (int)state);
}

static void run(scene *s, wf_task *task, bool drop)
{
    if (!wf_task_claim(task)) {
        wf_task_release(task);
        return;
    }
    add(&s->claims);
    s->result = result_of(s);
    wf_task_complete(task, -s->result, drop);
    if (!drop) {
        look_at_end(s, task);
        wf_task_release(task);
    }
}

static void wait_until(scene *s, wf_task *task, int64_t deadline)
{
    if (wf_task_wait(task, deadline))
        look_at_end(s, task);
    else if (deadline == WF_FOREVER)
        CHECK(false, "a wait without a deadline was not successful");
    wf_task_release(task);
}

static void cancel(scene *s, wf_task *task)
{
    enum wf_task_state before = wf_task_cancel(task);
    if (before == WF_TASK_PENDING)
        add(&s->cancels);
    else if (before == WF_TASK_DONE)
        look_at_done(s, task);
    wf_task_release(task);
}

static void retain(wf_task *task)
{
    if (wf_task_retain(task))
        wf_task_release(task);
    else
        CHECK(false, "retain");
    wf_task_release(task);
}

static void play(scene *s, wf_task *task, int me)
{
    uint64_t draw = mix((uint64_t)(s - scenes) * 4 + (uint64_t)me);
    switch (s->part[me]) {
    case RUN_DROP:
        run(s, task, true);
        break;
    case RUN_KEEP:
        run(s, task, false);
        break;
    case WAIT:
        if (ends(s)) {
            wait_until(s, task, WF_FOREVER);
            break;
        } /* fall through */
    case WAIT_TIMED:
        wait_until(s, task, wf_now_ns() + (int64_t)(draw % 60000));
        break;
    case CANCEL:
        cancel(s, task);
        break;
    case RETAIN:
        retain(task);
        break;
    default:
        wf_task_release(task);
    }
}

/* ---- threads ----------------------------------------------------------------------------------- */
static void make(scene *s, uint64_t draw)
{
    wf_slab *slab = draw % 4 < 2 ? wf_slab_create(WF_TASK_BYTES, 0, 1) : common;
    wf_task *task = slab != common || draw % 4 == 2 ? wf_slab_take_shared(slab, 0) : wf_slab_take(slab, 0);
    if (!task) {
        CHECK(false, "memory");
        exit(tally_end());
    }
    if (slab != common && draw % 4 == 0)
        wf_slab_close(slab);
    s->own = draw % 4 == 1 ? slab : NULL;
    wf_task_init(task, never, s, (unsigned)thread_count);
    __atomic_store_n(&s->task, task, __ATOMIC_RELEASE);
}

static void make_all(void)
{
    for (int i = 0; i < scene_count; i++) {
        make(&scenes[i], mix((uint64_t)i));
        play(&scenes[i], scenes[i].task, 0);
        wf_slab_close(scenes[i].own);
    }
}

static void *player(void *arg)
{
    int me = (int)(intptr_t)arg;
    jitter_start(mix((uint64_t)me + 10));
    for (int i = 0; i < scene_count; i++) {
        wf_task *task;
        for (int spins = 0; !(task = __atomic_load_n(&scenes[i].task, __ATOMIC_ACQUIRE)); spins++)
            if (spins > 100)
                sched_yield();
        play(&scenes[i], task, me);
    }
    return NULL;
}

/* ---- checks, when the others are gone ------------------------------------------------------------- */
static void check_scene(const scene *s)
{
    int owners = s->claims + s->cancels;
    bool right = owners == ends(s) && (!s->done || s->claims) && (!s->cancelled || s->cancels);
    CHECK(right, "parts %d %d %d: %d claims, %d cancels, seen: %d done, %d cancelled", (int)s->part[0],
          (int)s->part[1], (int)s->part[2], s->claims, s->cancels, s->done, s->cancelled);
}

static int64_t blocks_out(const wf_slab *slab)
{
    int64_t out = 0;
    for (unsigned i = 0; i < slab->own + slab->shared; i++)
        out += slab->shelf[i].made - length(slab->shelf[i].own) - length(slab->shelf[i].returned);
    return out;
}

/* Taken all at once, no block is there twice. */
static void check_blocks(wf_slab *slab)
{
    int twice = 0;
    wf_task **tasks = calloc((size_t)scene_count, sizeof(wf_task *));
    CHECK(blocks_out(slab) == 0, "%d blocks did not come back", (int)blocks_out(slab));
    for (int i = 0; i < scene_count; i++) {
        tasks[i] = i % 2 ? wf_slab_take(slab, 0) : wf_slab_take_shared(slab, 0);
        twice += tasks[i]->status == STAMP;
        tasks[i]->status = STAMP;
    }
    CHECK(twice == 0, "%d blocks were given back twice", twice);
    for (int i = 0; i < scene_count && !twice; i++)
        wf_slab_give(tasks[i]);
    free(tasks);
}

static void set_scenes(int threads, int times)
{
    int products = threads == 2 ? PARTS * PARTS : SCENES;
    thread_count = threads;
    scene_count = products * times;
    scenes = calloc((size_t)scene_count, sizeof *scenes);
    for (int i = 0; i < scene_count; i++)
        for (int t = 0, rest = i % products; t < threads; t++, rest /= PARTS)
            scenes[i].part[t] = (enum part)(rest % PARTS);
}

/* early: the common slab is closed while the others may hold some of its blocks. */
static void race(int threads, int times, bool early)
{
    pthread_t thread[THREADS_MAX];
    set_scenes(threads, times);
    common = wf_slab_create(WF_TASK_BYTES, 1, 1);
    for (intptr_t i = 1; i < threads; i++)
        CHECK(pthread_create(&thread[i], NULL, player, (void *)i) == 0, "thread");
    make_all();
    if (early)
        wf_slab_close(common);
    for (int i = 1; i < threads; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < scene_count; i++)
        check_scene(&scenes[i]);
    if (!early) {
        check_blocks(common);
        wf_slab_close(common);
    }
    free(scenes);
}

int main(void)
{
    stress_start("race_task");
    jitter_start(mix(0));
    for (int round = 0; round < 8; round++) {
        race(2, 60, round % 2);
        race(3, 12, round % 2);
    }
    return tally_end();
}
