/* SPDX-License-Identifier: MIT */
/* stress.h - seeded disturbance for race tests: yields and short sleeps at random places in tasks.
 *
 * - The seed comes from WEFT_TEST_SEED or the clock and is printed; a task draws from its own number, so that
 *   one seed disturbs the same tasks in the same way whoever runs them.
 * - Everything is bounded by counts of work, nothing by time; an alarm ends a hang.
 */
#ifndef WEFT_TESTS_STRESS_H
#define WEFT_TESTS_STRESS_H

#include "../fault/tally.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <weft/weft.h>

static uint64_t stress_seed;

__attribute__((unused)) static uint64_t mix(uint64_t x)
{
    x += stress_seed + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

__attribute__((unused)) static void stress_start(const char *name)
{
    const char *text = getenv("WEFT_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    stress_seed = text ? strtoull(text, NULL, 0) : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    tally_watch(900);
    printf("%s: seed %llu\n", name, (unsigned long long)stress_seed);
}

/* Sometimes yields, seldom sleeps some microseconds, by the number of the caller's choice. */
__attribute__((unused)) static void disturb(uint64_t number)
{
    uint64_t r = mix(number);
    struct timespec nap = {0, (long)(r >> 32) % 60000};
    if (r % 64 == 0)
        sched_yield();
    else if (r % 1024 == 1)
        nanosleep(&nap, NULL);
}

__attribute__((unused)) static weft_pool *stress_pool(int workers, int seats)
{
    weft_pool *pool = NULL;
    int err =
        weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .seats = seats, .flat = workers & 1));
    if (!CHECK(err == 0, "pool of %d workers: %s", workers, weft_strerror(err)))
        exit(tally_end());
    return pool;
}

__attribute__((unused)) static void stress_end(weft_pool *pool)
{
    int err = weft_pool_destroy(pool);
    CHECK(err == 0, "destroy: %s", weft_strerror(err));
}

#endif
