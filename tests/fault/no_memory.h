/* SPDX-License-Identifier: MIT */
/* no_memory.h - allocations of the library that fail in the calling thread, and how many of them are out.
 *
 * - For programs that are linked with the static library and have these calls wrapped by the linker (meson.build): also with
 *   a sanitizer, which brings its own malloc. What other threads allocate meanwhile is there.
 * - An allocation is a block, a mapping, a record of a slab or an eventfd.
 */
#ifndef WEFT_TESTS_NO_MEMORY_H
#define WEFT_TESTS_NO_MEMORY_H

#include "data/slab.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/monitor.h"
#include "sched/serve.h"

#include <errno.h>
#include <stdatomic.h>

/* Given out and not given back. */
struct out {
    long blocks, maps, records;
};

static atomic_long blocks_out, maps_out, records_out;

static struct out what_is_out(void)
{
    return (struct out){atomic_load(&blocks_out), atomic_load(&maps_out), atomic_load(&records_out)};
}

/* The n-th allocation fails, and all after it if `all`. n is 0: none. */
static __thread struct {
    long n, seen, failed;
    int all, no_threads;
} refusal;

__attribute__((unused)) static void refuse(long n, int all)
{
    refusal.n = n;
    refusal.all = all;
    refusal.seen = refusal.failed = 0;
}

/* Ends it: how many failed? */
__attribute__((unused)) static long allow(void)
{
    refusal.n = refusal.no_threads = 0;
    return refusal.failed;
}

/* Until allow() the calling thread cannot create any. Spares, and the monitor, are made or not by what others do just then: they
 * are not counted. */
__attribute__((unused)) static void refuse_threads(void)
{
    refusal.failed = 0;
    refusal.no_threads = 1;
}

static int is_refused(void)
{
    if (!refusal.n)
        return 0;
    long at = ++refusal.seen;
    int yes = at == refusal.n || (refusal.all && at > refusal.n);
    refusal.failed += yes;
    return yes;
}

/* ---- what the linker puts in place of the library's --------------------------------------------------- */
#define WRAPPED(type, name, ...)     \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(void *, wf_alloc, size_t bytes)
{
    void *block = is_refused() ? NULL : __real_wf_alloc(bytes);
    atomic_fetch_add(&blocks_out, block != NULL);
    return block;
}

WRAPPED(void, wf_free, void *block)
{
    atomic_fetch_sub(&blocks_out, block != NULL);
    __real_wf_free(block);
}

WRAPPED(void *, wf_reserve, size_t bytes)
{
    void *memory = is_refused() ? NULL : __real_wf_reserve(bytes);
    atomic_fetch_add(&maps_out, memory != NULL);
    return memory;
}

WRAPPED(void *, wf_map_pages, size_t bytes)
{
    void *memory = is_refused() ? NULL : __real_wf_map_pages(bytes);
    atomic_fetch_add(&maps_out, memory != NULL);
    return memory;
}

WRAPPED(void, wf_unreserve, void *memory, size_t bytes)
{
    atomic_fetch_sub(&maps_out, memory != NULL);
    __real_wf_unreserve(memory, bytes);
}

WRAPPED(void *, wf_slab_take, wf_slab *slab, unsigned own)
{
    void *record = is_refused() ? NULL : __real_wf_slab_take(slab, own);
    atomic_fetch_add(&records_out, record != NULL);
    return record;
}

WRAPPED(void *, wf_slab_take_shared, wf_slab *slab, size_t near)
{
    void *record = is_refused() ? NULL : __real_wf_slab_take_shared(slab, near);
    atomic_fetch_add(&records_out, record != NULL);
    return record;
}

/* Counted before: who sees that a task has ended may find its record given back. */
WRAPPED(void, wf_slab_give, void *record)
{
    atomic_fetch_sub(&records_out, 1);
    __real_wf_slab_give(record);
}

WRAPPED(int, eventfd, unsigned count, int flags)
{
    if (!is_refused())
        return __real_eventfd(count, flags);
    errno = ENOMEM;
    return -1;
}

WRAPPED(int, wf_thread_create, wf_thread *thread, void *(*main)(void *), void *arg, size_t stack_bytes)
{
    if (!refusal.no_threads)
        return __real_wf_thread_create(thread, main, arg, stack_bytes);
    refusal.failed += main != wf_serve_main && main != wf_monitor_main;
    return -EAGAIN;
}

#endif
