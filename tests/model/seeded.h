/* SPDX-License-Identifier: MIT */
/*
 * model/seeded.h - for the checker's own tests with known algorithms: each once right, which passes exhaustively, and
 * once with a bug planted, which the checker must find.
 */
#ifndef MODEL_SEEDED_H
#define MODEL_SEEDED_H

#include "checker/mc.h"

#define SET(location, value, order) __atomic_store_n(&(location), value, __ATOMIC_##order)
#define GET(location, order) __atomic_load_n(&(location), __ATOMIC_##order)
#define ADD(location, value, order) __atomic_fetch_add(&(location), value, __ATOMIC_##order)
#define SWAP(location, value, order) __atomic_exchange_n(&(location), value, __ATOMIC_##order)
#define SWAP_IF(location, expected, value, order) \
    __atomic_compare_exchange_n(&(location), expected, value, false, __ATOMIC_##order, __ATOMIC_ACQUIRE)
#define FENCE(order) __atomic_thread_fence(__ATOMIC_##order)

/* BOTH(name): the body that follows becomes the threads name_right and name_wrong. */
#define BOTH(name)                                                             \
    static inline __attribute__((always_inline)) void name##_body(bool right); \
    static void name##_right(void)                                             \
    {                                                                          \
        name##_body(true);                                                     \
    }                                                                          \
    static void name##_wrong(void)                                             \
    {                                                                          \
        name##_body(false);                                                    \
    }                                                                          \
    static inline void name##_body(bool right)

#define U .bound = MC_UNBOUNDED
#define RIGHT(title) .name = title
#define WRONG(title, text) .name = title "_wrong", .finds = text

#endif
