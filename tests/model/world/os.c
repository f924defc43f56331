/* SPDX-License-Identifier: MIT */
/*
 * model/world/os.c - the system below the library, as a scenario needs it: runtime/os/ but park, lock and urcu, which
 * are the library's own. Not instrumented: what happens here is the checker's.
 *
 * - futex(2): sleeps, wakes; it may return without a reason, and early, as often as the scenario says.
 * - membarrier(2): a full fence in each other thread at a moment of its own during the call.
 * - memory: as os/memory.h says; no more than 256 KiB at once, so that task stacks are short; none for stacks where a
 *   scenario says so.
 * - time: stands still but for timeouts; each is a second. A pause lets others go on.
 */
#include <stdlib.h>

#include "base/atomic.h"
#include "checker/mc.h"
#include "os/barrier.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/machine.h"
#include "os/memory.h"
#include "os/shared.h"
#include "os/thread.h"

#define RESERVE_MAX (256u << 10)

/* ---- futex, barrier ------------------------------------------------------------------------------ */

void wf_futex_wait(uint32_t *word, uint32_t seen, int64_t ns)
{
    mc_futex_wait(word, seen, ns != WF_FOREVER);
}

void wf_futex_wait_until(uint32_t *word, uint32_t seen, int64_t deadline_ns)
{
    mc_futex_wait(word, seen, deadline_ns != WF_FOREVER);
}

void wf_futex_wake_one(uint32_t *word)
{
    mc_futex_wake(word, 1);
}

void wf_futex_wake_all(uint32_t *word)
{
    mc_futex_wake(word, UINT32_MAX);
}

void wf_futex_wait_shared(uint32_t *word, uint32_t seen, int64_t deadline_ns)
{
    mc_futex_wait(word, seen, deadline_ns != WF_FOREVER);
}

void wf_futex_wake_shared(uint32_t *word)
{
    mc_futex_wake(word, UINT32_MAX);
}

size_t wf_page_bytes(void)
{
    return 4096;
}

/* One piece, however often it is mapped. */
static unsigned char shared[4 * 4096] __attribute__((aligned(4096)));

int wf_shared_create(size_t bytes)
{
    return bytes <= sizeof shared ? 0 : -1;
}

size_t wf_shared_bytes(int fd)
{
    (void)fd;
    return sizeof shared;
}

void *wf_shared_map(int fd, size_t bytes)
{
    (void)fd;
    (void)bytes;
    return shared;
}

void wf_shared_unmap(void *memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
}

void wf_shared_empty(int fd, size_t from, size_t bytes)
{
    (void)fd;
    (void)from;
    (void)bytes;
}

void wf_shared_close(int fd)
{
    (void)fd;
}

bool wf_barrier_init(void)
{
    return true;
}

bool wf_barrier_everywhere(void)
{
    mc_fence_everywhere();
    return true;
}

/* ---- memory -------------------------------------------------------------------------------------- */

void *wf_alloc(size_t bytes)
{
    return mc_alloc(bytes);
}

void wf_free(void *memory)
{
    mc_free(memory);
}

extern bool model_no_stacks; /* pool.h */
bool model_no_stacks;

void *wf_reserve(size_t bytes)
{
    return model_no_stacks || bytes > RESERVE_MAX ? NULL : mc_alloc(bytes);
}

void *wf_map_pages(size_t bytes)
{
    return mc_alloc(bytes);
}

void wf_unreserve(void *memory, size_t bytes)
{
    (void)bytes;
    mc_free(memory);
}

extern uint64_t model_generation; /* pool.h */
uint64_t model_generation = 1;

uint64_t wf_generation(void)
{
    return model_generation;
}

/* ---- threads, time ------------------------------------------------------------------------------- */

void wf_pause(void)
{
    mc_pause();
}

void wf_thread_yield(void)
{
    mc_pause();
}

extern int model_cpu; /* where all threads run: pool.h */
int model_cpu = -1;

int wf_thread_cpu(void)
{
    return model_cpu;
}

/* Its id is its number among the scenario's. */
void wf_thread_join(wf_thread *thread)
{
    mc_await((unsigned)thread->id);
}

int wf_thread_number(uint64_t generation)
{
    (void)generation;
    return 1;
}

bool wf_thread_stack_left(void)
{
    return true;
}

int64_t wf_now_ns(void)
{
    return (int64_t)mc_timeouts() * 1000000000;
}

int64_t wf_thread_ns(void)
{
    return 0;
}

int64_t wf_thread_ns_of(int tid)
{
    return tid - 1;
}

extern bool model_sleeps; /* what the system says of each thread that is asked about */
bool model_sleeps;

bool wf_thread_sleeps(int tid)
{
    (void)tid;
    return model_sleeps;
}

uint64_t wf_ticks(void)
{
    return (uint64_t)wf_now_ns();
}

uint64_t wf_ticks_of(int64_t ns)
{
    return (uint64_t)ns;
}

int64_t wf_ns_of(uint64_t ticks)
{
    return (int64_t)ticks;
}

enum wf_distance wf_distance(const wf_pu *a, const wf_pu *b)
{
    (void)a;
    (void)b;
    return WF_SAME_CORE;
}

/* ---- the library's own checks --------------------------------------------------------------------- */

void __wrap_abort(void);
void __wrap_abort(void)
{
    mc_fail("a check of the library's failed, see above");
}
