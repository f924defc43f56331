/* SPDX-License-Identifier: MIT */
/*
 * model/checker/compiler.c - the calls that gcc and clang insert with -fsanitize=thread: each plain access, and each atomic
 * one with its order. Their usual other end is ThreadSanitizer's runtime, which is not linked here; the interface is
 * that of its header tsan_interface_atomic.h.
 */
#include "engine.h"

#define SITE __builtin_return_address(0)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_init(void)
{
}
void __tsan_func_entry(void *caller)
{
    (void)caller;
    mc_reach(SITE, "enter", MC_RELAXED);
}
void __tsan_func_exit(void)
{
}

#define PLAIN(name, bytes)                  \
    void __tsan_read##name(void *address);  \
    void __tsan_write##name(void *address); \
    void __tsan_read##name(void *address)   \
    {                                       \
        mc_read(address, bytes, SITE);      \
    }                                       \
    void __tsan_write##name(void *address)  \
    {                                       \
        mc_write(address, bytes, SITE);     \
    }
PLAIN(1, 1)
PLAIN(2, 2)
PLAIN(4, 4)
PLAIN(8, 8)
PLAIN(16, 16)
#define __tsan_read2 __tsan_unaligned_read2
#define __tsan_write2 __tsan_unaligned_write2
#define __tsan_read4 __tsan_unaligned_read4
#define __tsan_write4 __tsan_unaligned_write4
#define __tsan_read8 __tsan_unaligned_read8
#define __tsan_write8 __tsan_unaligned_write8
#define __tsan_read16 __tsan_unaligned_read16
#define __tsan_write16 __tsan_unaligned_write16
PLAIN(2, 2)
PLAIN(4, 4)
PLAIN(8, 8)
PLAIN(16, 16)

void __tsan_read_range(void *address, size_t bytes);
void __tsan_write_range(void *address, size_t bytes);
void __tsan_read_range(void *address, size_t bytes)
{
    mc_read(address, bytes, SITE);
}
void __tsan_write_range(void *address, size_t bytes)
{
    mc_write(address, bytes, SITE);
}

/* ---- what is not inserted but called: the linker wraps them ------------------------------------ */

void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__real_memset(void *to, int byte, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memset(void *to, int byte, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes)
{
    mc_read(from, bytes, SITE);
    mc_write(to, bytes, SITE);
    return __real_memcpy(to, from, bytes);
}
void *__wrap_memset(void *to, int byte, size_t bytes)
{
    mc_write(to, bytes, SITE);
    return __real_memset(to, byte, bytes);
}

/* ---- atomic accesses ----------------------------------------------------------------------------- */

static uint64_t change_exchange(uint64_t before, uint64_t with)
{
    (void)before;
    return with;
}
static uint64_t change_fetch_add(uint64_t before, uint64_t with)
{
    return before + with;
}
static uint64_t change_fetch_sub(uint64_t before, uint64_t with)
{
    return before - with;
}
static uint64_t change_fetch_and(uint64_t before, uint64_t with)
{
    return before & with;
}
static uint64_t change_fetch_or(uint64_t before, uint64_t with)
{
    return before | with;
}
static uint64_t change_fetch_xor(uint64_t before, uint64_t with)
{
    return before ^ with;
}

#define MODIFY(bits, name)                                                                                   \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *at, uint##bits##_t with,            \
                                                int order);                                                  \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *at, uint##bits##_t with, int order) \
    {                                                                                                        \
        return (uint##bits##_t)mc_modify((void *)(uintptr_t)at, bits / 8, change_##name, with, order, SITE); \
    }
#define EXCHANGE_IF(bits, name, weak)                                                                        \
    int __tsan_atomic##bits##_compare_exchange_##name(volatile uint##bits##_t *at, uint##bits##_t *expected, \
                                                      uint##bits##_t value, int order, int failure);         \
    int __tsan_atomic##bits##_compare_exchange_##name(volatile uint##bits##_t *at, uint##bits##_t *expected, \
                                                      uint##bits##_t value, int order, int failure)          \
    {                                                                                                        \
        uint64_t found = *expected;                                                                          \
        bool done =                                                                                          \
            mc_exchange_if((void *)(uintptr_t)at, bits / 8, &found, value, order, failure, weak, SITE);      \
        *expected = (uint##bits##_t)found;                                                                   \
        return done;                                                                                         \
    }
#define ATOMIC(bits)                                                                                \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order);        \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t value, int order); \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order)         \
    {                                                                                               \
        return (uint##bits##_t)mc_load((const void *)(uintptr_t)at, bits / 8, order, SITE);         \
    }                                                                                               \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t value, int order)  \
    {                                                                                               \
        mc_store_to((void *)(uintptr_t)at, bits / 8, value, order, SITE);                           \
    }                                                                                               \
    MODIFY(bits, exchange)                                                                          \
    MODIFY(bits, fetch_add)                                                                         \
    MODIFY(bits, fetch_sub)                                                                         \
    MODIFY(bits, fetch_and)                                                                         \
    MODIFY(bits, fetch_or)                                                                          \
    MODIFY(bits, fetch_xor)                                                                         \
    EXCHANGE_IF(bits, strong, false)                                                                \
    EXCHANGE_IF(bits, weak, true)
ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    mc_fence_at(order, SITE);
}
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}
