/* SPDX-License-Identifier: MIT */
/*
 * model/world/mutex.c - pthread_mutex_lock and _unlock, which the linker wraps: one holder; who locks knows what was
 * known at the last unlock; who unlocks is who locked. Not instrumented: the checker's.
 */
#include <pthread.h>

#include "checker/mc.h"

#define MUTEXES 8
#define FIRST_CELL \
    16 /* of the checker's; those below are readers' (urcu_grace.c) and threads' (creation.c) */

static struct mutex {
    const pthread_mutex_t *address;
    uint64_t execution;
    bool held;
    unsigned holder;
} mutexes[MUTEXES];

static struct mutex *find(const pthread_mutex_t *address)
{
    for (unsigned i = 0; i < MUTEXES; i++) {
        struct mutex *m = &mutexes[i];
        if (m->execution == mc_execution() && m->address == address)
            return m;
        if (m->execution != mc_execution()) {
            *m = (struct mutex){.address = address, .execution = mc_execution()};
            return m;
        }
    }
    mc_fail("more mutexes than the model has");
}

static unsigned cell_of(const struct mutex *m)
{
    return FIRST_CELL + (unsigned)(m - mutexes);
}

static bool is_open(void *arg)
{
    return !((const struct mutex *)arg)->held;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *address);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *address);

int __wrap_pthread_mutex_lock(pthread_mutex_t *address)
{
    struct mutex *m = find(address);
    mc_block(is_open, m, "a mutex");
    m->held = true;
    m->holder = mc_self();
    mc_receive(cell_of(m));
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *address)
{
    struct mutex *m = find(address);
    if (!m->held || m->holder != mc_self())
        mc_fail("a mutex is unlocked by who does not hold it");
    mc_hand(cell_of(m));
    m->held = false;
    return 0;
}
