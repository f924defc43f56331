/* SPDX-License-Identifier: MIT */
/* test_exit.c - a process may end with live pools: its status as given, silently, and nothing hangs.
 *
 * - The program starts itself again with the name of a scene; stdout and stderr of the scene go to a
 *   pipe and must stay empty. A scene that hangs is ended by its alarm.
 */
#include "child.h"
#include "work.h"

#include <pthread.h>
#include <sched.h>

static weft_pool *pool, *second;
static atomic_int inside, by_worker;

static void endless_body(size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
    atomic_fetch_add(&inside, 1);
    for (;;)
        sched_yield();
}

static void *busy_host(void *arg)
{
    weft_parallel_for(arg, 0, 2, endless_body, NULL);
    return NULL;
}

static void start_pools(void)
{
    if (weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 3)) ||
        weft_pool_create(&second, WEFT_POOL_CONFIG(.workers = 2)) || use_pool(pool) || use_pool(NULL))
        _exit(99);
}

static void make_busy(weft_pool *which)
{
    pthread_t host;
    if (pthread_create(&host, NULL, busy_host, which))
        _exit(98);
    int most = weft_pool_workers(which) > 1 ? 2 : 1; /* the one place is the guest's */
    while (atomic_load(&inside) < most)
        sched_yield();
}

static void task_exits(void *arg)
{
    (void)arg;
    exit(7);
}

static WEFT_TASK_VOID(child_exits)

    static void child_exits(void)
{
    atomic_store(&by_worker, 1);
    exit(7);
}

static void fork_child_that_exits(void *arg)
{
    (void)arg;
    weft_fork(child_exits, h);
    while (!atomic_load(&by_worker))
        sched_yield();
    weft_join(child_exits, h);
}

static void work_at_exit(void)
{
    if (use_pool(NULL) || use_pool(pool))
        _exit(97);
}

static int scene_idle(void)
{
    start_pools();
    exit(7);
}

static int scene_return(void)
{
    start_pools();
    return 7;
}

static int scene_never_used(void)
{
    weft_pool_default(&pool);
    exit(7);
}

static int scene_at_once(void)
{
    weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 8));
    exit(7);
}

static int scene_busy(void)
{
    start_pools();
    make_busy(pool);
    exit(7);
}

static int scene_busy_default(void)
{
    start_pools();
    make_busy(NULL);
    exit(7);
}

static int scene_underscore_exit(void)
{
    start_pools();
    make_busy(pool);
    _exit(7);
}

static int scene_quick_exit(void)
{
    start_pools();
    make_busy(pool);
    quick_exit(7);
}

static int scene_from_task(void)
{
    start_pools();
    weft_run(pool, task_exits, NULL);
    return 1;
}

static int scene_from_worker(void)
{
    start_pools();
    weft_run(pool, fork_child_that_exits, NULL);
    return 1;
}

static int scene_work_at_exit(void)
{
    start_pools();
    atexit(work_at_exit);
    exit(7);
}

static int scene_destroyed(void)
{
    start_pools();
    return weft_pool_destroy(second) || weft_pool_destroy(pool) ? 1 : 7;
}

static const struct scene {
    const char *name;
    int (*run)(void);
} scenes[] = {
    {"exit with idle pools", scene_idle},
    {"return from main with idle pools", scene_return},
    {"exit with a default pool never used", scene_never_used},
    {"exit right after create", scene_at_once},
    {"exit with a busy pool", scene_busy},
    {"exit with a busy default pool", scene_busy_default},
    {"_exit with a busy pool", scene_underscore_exit},
    {"quick_exit with a busy pool", scene_quick_exit},
    {"exit inside a task of a guest", scene_from_task},
    {"exit inside a task of a worker", scene_from_worker},
    {"an atexit function that uses the pools", scene_work_at_exit},
    {"destroyed pools, live default pool", scene_destroyed},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

struct start {
    char number[12];
    int pipe_end;
};

static int exec_scene(void *arg)
{
    struct start *s = arg;
    dup2(s->pipe_end, 1);
    dup2(s->pipe_end, 2);
    execl("/proc/self/exe", "scene", s->number, (char *)NULL);
    return 96;
}

static void play(int number)
{
    const char *name = scenes[number].name;
    char said[400] = "";
    int ends[2];
    struct start s;
    if (!CHECK(pipe(ends) == 0, "pipe"))
        return;
    snprintf(s.number, sizeof s.number, "%d", number);
    s.pipe_end = ends[1];
    int status = in_child(exec_scene, &s, 60);
    close(ends[1]);
    ssize_t n = read(ends[0], said, sizeof said - 1);
    close(ends[0]);
    CHECK(status == 7, "%s: status 7, got %d (from 1000: signal)", name, status);
    CHECK(n == 0, "%s: silent, said: %s", name, said);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        int number = atoi(argv[1]);
        return number >= 0 && number < SCENES ? scenes[number].run() : 95;
    }
    tally_watch(360);
    for (int i = 0; i < SCENES; i++)
        play(i);
    return tally_end();
}
