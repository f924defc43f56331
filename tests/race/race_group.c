/* SPDX-License-Identifier: MIT */
/* race_group.c - tasks of a group that end, fail and submit more, against who waits for them and who stops it.
 *
 * What a task did is plain: who waited for the group reads it, and frees it. Every task that was accepted ran, or was
 * cancelled because the group was stopped.
 */
#include "stress.h"

#include <errno.h>

#define CHILDREN 6
#define WAITERS 2

struct family;

struct child {
    struct family *family;
    uint64_t number;
    int depth;
    long ran; /* plain */
    struct child *child[2];
};

struct family {
    weft_group *group;
    atomic_long accepted, ran, failed;
    int fails; /* one in so many; 0: none */
    uint64_t number;
};

static atomic_long stopped, refused_waits;

static struct child *child_of(struct family *family, uint64_t number, int depth)
{
    struct child *child = calloc(1, sizeof *child);
    *child = (struct child){.family = family, .number = number, .depth = depth};
    return child;
}

static int run_child(void *arg);

static void submit(struct child *child)
{
    int err = weft_group_submit(child->family->group, run_child, child);
    if (CHECK(!err, "submit: %s", weft_strerror(err)))
        atomic_fetch_add(&child->family->accepted, 1);
}

static int run_child(void *arg)
{
    struct child *self = arg;
    struct family *f = self->family;
    self->ran++;
    atomic_fetch_add(&f->ran, 1);
    disturb(self->number);
    if (self->number % 32 == 3) /* from inside it is refused */
        atomic_fetch_add(&refused_waits, weft_group_wait(f->group, WEFT_FOREVER, NULL) == -EDEADLK);
    for (int i = 0; i < 2 && self->depth && !weft_should_stop(); i++)
        submit(self->child[i] = child_of(f, self->number * 2 + (uint64_t)i, self->depth - 1));
    if (!f->fails || mix(self->number) % (uint64_t)f->fails)
        return 0;
    atomic_fetch_add(&f->failed, 1);
    return weft_fail(9, "number %llu", (unsigned long long)self->number);
}

static long free_all(struct child *child)
{
    if (!child)
        return 0;
    long ran = child->ran + free_all(child->child[0]) + free_all(child->child[1]);
    free(child);
    return ran;
}

static void *wait_thread(void *arg)
{
    struct family *f = arg;
    int status = -1, err;
    while ((err = weft_group_wait(f->group, 0, &status)) == -ETIMEDOUT)
        sched_yield();
    CHECK(!err, "wait: %s", weft_strerror(err));
    return NULL;
}

static void *stop_thread(void *arg)
{
    struct family *f = arg;
    for (uint64_t yields = mix(f->number) % 20; yields; yields--)
        sched_yield();
    int err = weft_group_stop(f->group);
    CHECK(!err || err == -EALREADY, "stop: %s", weft_strerror(err));
    return NULL;
}

static void family_of(weft_executor *executor, uint64_t number)
{
    struct family f = {.fails = number % 4 == 3 ? 20 : 0, .number = number};
    struct child *children[CHILDREN];
    pthread_t threads[WAITERS + 1];
    long ran = 0;
    int status = -1, stops = number % 4 == 2, on_error = number & 8 ? WEFT_STOP_OTHERS : WEFT_GO_ON;
    CHECK(!weft_group_create(&f.group, WEFT_GROUP_CONFIG(.executor = executor, .on_error = on_error)),
          "create");
    for (int i = 0; i < CHILDREN; i++)
        submit(children[i] = child_of(&f, number * 100 + (uint64_t)i, 3));
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&threads[i], NULL, wait_thread, &f);
    if (stops)
        pthread_create(&threads[WAITERS], NULL, stop_thread, &f);
    CHECK(!weft_group_wait(f.group, WEFT_FOREVER, &status), "wait");
    for (int i = 0; i < CHILDREN; i++)
        ran += free_all(children[i]);
    for (int i = 0; i < WAITERS + stops; i++)
        pthread_join(threads[i], NULL);
    CHECK(ran == atomic_load(&f.ran) && ran <= atomic_load(&f.accepted), "%ld of %ld ran, %ld seen",
          atomic_load(&f.ran), atomic_load(&f.accepted), ran);
    bool all = ran == atomic_load(&f.accepted);
    CHECK(all || stops || (f.failed && on_error == WEFT_STOP_OTHERS), "cancelled without a reason");
    CHECK(f.failed ? status == 9 : status == 0 || (stops && status == -ECANCELED), "status %d", status);
    atomic_fetch_add(&stopped, !all);
    CHECK(!weft_group_destroy(f.group), "destroy");
}

int main(void)
{
    stress_start("race_group");
    for (int workers = 1; workers <= 4; workers++) {
        weft_pool *pool = stress_pool(workers, 6);
        weft_executor *own, *few;
        CHECK(!weft_pool_executor(pool, &own), "its own");
        CHECK(!weft_executor_create(&few, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 2)), "executor");
        for (uint64_t number = 0; number < 400; number++)
            family_of(number & 16 ? few : own, number);
        CHECK(!weft_executor_destroy(few), "destroy");
        stress_end(pool);
    }
    CHECK(atomic_load(&stopped) && atomic_load(&refused_waits), "%ld stopped, %ld waits refused",
          atomic_load(&stopped), atomic_load(&refused_waits));
    return tally_end();
}
