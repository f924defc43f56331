/* SPDX-License-Identifier: MIT */
/*
 * bench/submit/glib.c - GLib's thread pool: g_thread_pool_push, and a GAsyncQueue for each thread that submits, to
 * which its results come in the order in which they end.
 */
#include "../common_glib.h"
#include "submit.h"

struct slot {
    GAsyncQueue *results;
    int status;
    bool here; /* the submitter's: its result has come */
};

static GThreadPool *pool;
static struct slot *slots, root_slot;
static void (*root)(void *);
static void *root_arg;
static __thread GAsyncQueue *results;

static void work(gpointer data, gpointer unused)
{
    struct slot *slot = data;
    (void)unused;
    if (slot == &root_slot)
        root(root_arg);
    else
        slot->status = submit_task(slot - slots);
    g_async_queue_push(slot->results, slot);
}

static void begin(void)
{
    results = g_async_queue_new();
}

static void end(void)
{
    g_async_queue_unref(results);
}

static void submit(long i)
{
    slots[i].results = results;
    slots[i].here = false;
    g_thread_pool_push(pool, &slots[i], NULL);
}

static int get(long i)
{
    while (!slots[i].here)
        ((struct slot *)g_async_queue_pop(results))->here = true;
    return slots[i].status;
}

static void inside(void (*run)(void *), void *arg)
{
    root = run;
    root_arg = arg;
    root_slot.results = g_async_queue_new();
    g_thread_pool_push(pool, &root_slot, NULL);
    g_async_queue_pop(root_slot.results);
    g_async_queue_unref(root_slot.results);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_glib_version();
    pool = bench_glib_pool(work, b.workers, NULL);
    slots = bench_alloc(SUBMIT_TASKS * sizeof *slots);
    memset(slots, 0xff, SUBMIT_TASKS * sizeof *slots);
    /* A worker that waits for a result runs nothing meanwhile: there has to be another one. */
    const struct submit_api api = {"", submit, get, begin, end, b.workers > 1 ? inside : NULL};
    int status = submit_measure(&b, &api);
    g_thread_pool_free(pool, FALSE, TRUE);
    free(slots);
    return status;
}
