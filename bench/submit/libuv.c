/* SPDX-License-Identifier: MIT */
/*
 * bench/submit/libuv.c - uv_queue_work, whose completions come to the loop of the thread that submitted; that thread
 * runs its loop until the one that it waits for has come.
 *
 *  - The pool is the process's, its size an environment variable. A loop for each thread that submits.
 *  - Requests lie in an array; nothing else is allocated for a task.
 */
#include "submit.h"

#include <uv.h>

struct slot {
    uv_work_t request;
    int status;
    bool here;
};

static struct slot *slots;
static __thread uv_loop_t loop;

static void must(const char *what, int err)
{
    if (!err)
        return;
    fprintf(stderr, "%s: %s\n", what, uv_strerror(err));
    exit(1);
}

static void work(uv_work_t *request)
{
    struct slot *slot = (struct slot *)(void *)request;
    slot->status = submit_task(slot - slots);
}

static void after(uv_work_t *request, int err)
{
    must("a task", err);
    ((struct slot *)(void *)request)->here = true;
}

static void begin(void)
{
    must("uv_loop_init", uv_loop_init(&loop));
}

static void end(void)
{
    must("uv_loop_close", uv_loop_close(&loop));
}

static void submit(long i)
{
    slots[i].here = false;
    must("uv_queue_work", uv_queue_work(&loop, &slots[i].request, work, after));
}

static int get(long i)
{
    while (!slots[i].here)
        uv_run(&loop, UV_RUN_ONCE);
    return slots[i].status;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    char workers[16];
    snprintf(workers, sizeof workers, "%d", b.workers);
    setenv("UV_THREADPOOL_SIZE", workers, 1);
    bench_version(uv_version_string());
    slots = bench_alloc(SUBMIT_TASKS * sizeof *slots);
    memset(slots, 0, SUBMIT_TASKS * sizeof *slots);
    const struct submit_api api = {"", submit, get, begin, end, NULL};
    int status = submit_measure(&b, &api);
    free(slots);
    return status;
}
