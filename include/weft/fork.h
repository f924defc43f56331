/* SPDX-License-Identifier: MIT */
/**
 * weft/fork.h - fork and join: a child may run elsewhere while its parent goes on.
 *
 *     WEFT_TASK(long, fib, int)               // makes the function `long fib(int)` forkable
 *
 *     long fib(int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         weft_fork(fib, left, n - 1);        // may be stolen; declares the handle `left`
 *         long right = fib(n - 2);            // a plain call
 *         return weft_join(fib, left) + right; // stolen: its result; else a plain call
 *     }
 *
 * The program equals the serial one in which the child is called where it is forked or where it is
 * joined, and runs as that outside a pool (weft/pool.h: weft_run enters one).
 *
 * Rules: handles are joined (or dropped) exactly once, in the reverse order of their forks, by the
 * thread that forked them, before the function that forked them returns. In C++ a handle that goes
 * out of scope unjoined (an exception passes) drops itself.
 *
 * In C++ an exception may pass through the function that forks, but not leave the forked one: it would
 * have to leave it on another thread.
 *
 * Up to 8 arguments, 48 bytes together, and a result of at most 48 bytes; more is rejected by the
 * compiler: pass a pointer. Arguments are named by type only; function and array types need a typedef.
 *
 * Source: split task stacks, Faxen 2008 (Wool) and van Dijk & van de Pol 2014 (Lace).
 */
#ifndef WEFT_FORK_H
#define WEFT_FORK_H

#include <weft/base.h>
#include <weft/detail/arity.h>

/**
 * WEFT_TASK(result, function, argument types...): at file scope, after a `static` declaration of
 * the function if it is to be static. Declares `result function(argument types...)`.
 * WEFT_TASK_VOID(function, argument types...): the same for a function without a result.
 */
#define WEFT_TASK(result, ...) \
    WEFT_DEFINE_(WEFT_KEEP_, WEFT_RETURN_, result, WEFT_COUNT_(__VA_ARGS__), __VA_ARGS__)
#define WEFT_TASK_VOID(...) WEFT_DEFINE_(WEFT_LEAVE_, WEFT_CALL_, void, WEFT_COUNT_(__VA_ARGS__), __VA_ARGS__)

/** The type of the handle of a forked `function`; for arrays of handles. Not to be copied. */
#define weft_handle(function) function##_weft_handle_

/** Declares `handle` and forks function(arguments...). Any thread; never waits, never fails: with
 *  no room, or outside a pool, the child runs at once in the caller. */
#define weft_fork(...) WEFT_CAT_(WEFT_FORK_, WEFT_MANY_(__VA_ARGS__))(__VA_ARGS__)

/** The same into a handle that exists: weft_fork_at(function, &handles[i], arguments...). */
#define weft_fork_at(...) WEFT_CAT_(WEFT_FORK_AT_, WEFT_MANY_(__VA_ARGS__))(__VA_ARGS__)

/** Ends the fork and gives the child's result. Waits if the child was stolen and is not done; runs
 *  nothing meanwhile but descendants of that child. */
#define weft_join(function, handle) function##_weft_join_(&(handle))

/** Ends the fork without its result: a child that nobody started never runs; a stolen one is
 *  waited for. For early returns on an error. */
#define weft_drop(function, handle) function##_weft_drop_(&(handle))

/* ------------------------------------------------------------------------------------------------
 * From here on: the inlined layout, part of the ABI. The symbol weft_self_ is versioned with it.
 *
 * A fork compares `top` with `limit`, fills the slot at top, moves top; a join moves top back and
 * compares the slot with `claim`. Both comparisons fail into one cold call. Whoever wants the
 * owner's attention lowers limit; what is not the owner's alone lies below claim. A handle of a
 * child that ran at its fork holds the top of that moment with the highest bit set: negative, so
 * below every claim, which is why slots are compared as signed words.
 */
#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_SLOT_BYTES_ 64
#define WEFT_PAYLOAD_BYTES_ 48
#define WEFT_RAN_ ((intptr_t)((uintptr_t)1 << (sizeof(intptr_t) * 8 - 1)))

typedef struct weft_slot_ weft_slot_;
struct weft_slot_ {
    void (*run)(weft_slot_ *slot);              /* calls the task with the payload's arguments */
    uint64_t state;                             /* runtime/data/task_stack.h */
    unsigned char payload[WEFT_PAYLOAD_BYTES_]; /* arguments, later the result */
} __attribute__((aligned(WEFT_SLOT_BYTES_)));

/* The head of a worker. top is the owner's; limit and claim lie on lines that others write. */
typedef struct weft_worker_ weft_worker_;
struct weft_worker_ {
    intptr_t top;
    char pad_[128 - sizeof(intptr_t)];
    intptr_t limit;
    intptr_t claim;
    intptr_t room; /* what limit is while nobody asks: the owner's */
} __attribute__((aligned(128)));

/* The calling thread's worker; outside a pool a head whose limit is below every slot's address, with or
 * without the highest bit. Never NULL. */
extern __thread WEFT_API weft_worker_ *weft_self_ __attribute__((tls_model("initial-exec")));

/* The cold twin of fork: pushes the child and answers whoever asked (its slot), or gives a
 * negative word: run the child now. */
WEFT_API intptr_t weft_fork_slow_(void (*run)(weft_slot_ *), const void *args, size_t bytes)
    __attribute__((cold));

/* The cold twin of join, after top was moved: NULL: run the child now; else the slot of the stolen
 * child, done, its result in the payload. Not called for a child that ran at its fork. */
WEFT_API weft_slot_ *weft_join_slow_(weft_worker_ *worker, intptr_t slot) __attribute__((cold));

#ifdef __cplusplus
}
#endif

#define WEFT_LIKELY_(x) __builtin_expect(!!(x), 1)
#define WEFT_INLINE_ static inline __attribute__((always_inline, unused))
#define WEFT_COLD_ static __attribute__((noinline, cold, unused))

/* ThreadSanitizer in the including code: what the parent wrote before the fork is seen by a thief.
 * (The library's own side is annotated inside it.) */
#if defined(__SANITIZE_THREAD__)
#define WEFT_TSAN_ 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_TSAN_ 1
#endif
#endif
#if defined(WEFT_TSAN_) && !defined(WEFT_NO_ANNOTATIONS)
#ifdef __cplusplus
extern "C"
#endif
    void
    __tsan_release(void *addr);
#define WEFT_PUBLISHES_(p) __tsan_release((void *)(p))
#else
#define WEFT_PUBLISHES_(p) ((void)0)
#endif

#define WEFT_IN_SLOT_(type) \
    (sizeof(type) <= WEFT_PAYLOAD_BYTES_ && __alignof__(type) <= 16 && WEFT_PLAIN_(type))
#ifdef __cplusplus
#define WEFT_PLAIN_(type) __is_trivially_copyable(type)
#define WEFT_FITS_(type, text) static_assert(WEFT_IN_SLOT_(type), text);
#else
#define WEFT_PLAIN_(type) 1
#define WEFT_FITS_(type, text) _Static_assert(WEFT_IN_SLOT_(type), text);
#endif

/* top = slot, then claim is read: the owner's half of the asymmetric Dekker pair (task_stack.h).
 * pair TS1 -> wf_stack_force(): what it exposes lies below top; pair TS6: claim, by its barrier. */
WEFT_INLINE_ int weft_private_(weft_worker_ *w, intptr_t slot)
{
    __atomic_store_n(&w->top, slot, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return slot >= __atomic_load_n(&w->claim, __ATOMIC_RELAXED);
}

/* There is no room and nobody asks: the child is to run now, *slot is its handle's word. */
WEFT_INLINE_ int weft_full_(weft_worker_ *w, intptr_t *slot)
{
    *slot = __atomic_load_n(&w->top, __ATOMIC_RELAXED) | WEFT_RAN_;
    return __atomic_load_n(&w->limit, __ATOMIC_RELAXED) == w->room;
}

/* The child ran at its fork: only top is put back. */
WEFT_INLINE_ int weft_ran_(weft_worker_ *w, intptr_t slot)
{
    if (slot >= 0)
        return 0;
    __atomic_store_n(&w->top, slot & ~WEFT_RAN_, __ATOMIC_RELEASE);
    return 1;
}

WEFT_INLINE_ void weft_drop_(weft_worker_ *w, intptr_t slot)
{
    if (!weft_private_(w, slot) && !weft_ran_(w, slot))
        (void)weft_join_slow_(w, slot);
}

/* In C++ a handle drops itself on unwinding; `live` is folded away where it was joined. */
#ifdef __cplusplus
#define WEFT_HANDLE_LIFE_(name)                                           \
    bool live = false;                                                    \
    name##_weft_handle_() = default;                                      \
    name##_weft_handle_(const name##_weft_handle_ &) = delete;            \
    name##_weft_handle_ &operator=(const name##_weft_handle_ &) = delete; \
    ~name##_weft_handle_()                                                \
    {                                                                     \
        if (live)                                                         \
            weft_drop_(worker, slot);                                     \
    }
#define WEFT_LIVE_(h, yes) ((h)->live = (yes))
#define WEFT_DECLARE_(type, handle) type handle
#else
#define WEFT_HANDLE_LIFE_(name)
#define WEFT_LIVE_(h, yes) ((void)0)
/* The result of a child that ran at its fork is set and read on the cold paths alone, which a compiler
 * cannot see; initialised by itself, the handle costs nothing and draws no warning. */
#define WEFT_DECLARE_(type, handle) type handle = handle
#endif

#define WEFT_FORK_0(function, handle)             \
    WEFT_DECLARE_(weft_handle(function), handle); \
    function##_weft_fork_(&(handle))
#define WEFT_FORK_1(function, handle, ...)        \
    WEFT_DECLARE_(weft_handle(function), handle); \
    function##_weft_fork_(&(handle), __VA_ARGS__)
#define WEFT_FORK_AT_0(function, handle) function##_weft_fork_(handle)
#define WEFT_FORK_AT_1(function, handle, ...) function##_weft_fork_(handle, __VA_ARGS__)

/* KEEP(x): x where there is a result, nothing for void. RETURN(call): its value, or just the call. */
#define WEFT_KEEP_(...) __VA_ARGS__
#define WEFT_LEAVE_(...)
#define WEFT_RETURN_(...) return __VA_ARGS__
#define WEFT_CALL_(...) __VA_ARGS__

/* What a task consists of: argument and handle types, the function that a thief calls, fork, join,
 * drop and their cold twins. n is the number of arguments; the list of types ends with ~. */
#define WEFT_DEFINE_(KEEP, RETURN, R, n, ...) WEFT_DEFINE_NOW_(KEEP, RETURN, R, n, __VA_ARGS__, ~)
#define WEFT_DEFINE_NOW_(KEEP, RETURN, R, n, name, ...) \
    R name(WEFT_PARAMS_##n##_(__VA_ARGS__));            \
    WEFT_TYPES_(KEEP, R, n, name, __VA_ARGS__)          \
    WEFT_FORKS_(KEEP, R, n, name, __VA_ARGS__)          \
    WEFT_JOINS_(KEEP, RETURN, R, n, name, __VA_ARGS__)

#define WEFT_TYPES_(KEEP, R, n, name, ...)                                                          \
    typedef struct name##_weft_args_ {                                                              \
        WEFT_FIELDS_##n##_(__VA_ARGS__) WEFT_EMPTY_##n##_                                           \
    } name##_weft_args_;                                                                            \
    WEFT_FITS_(name##_weft_args_, "weft: the arguments of " #name " exceed a slot: pass a pointer") \
    KEEP(WEFT_FITS_(R, "weft: the result of " #name " exceeds a slot: pass a pointer"))             \
    typedef struct name##_weft_ran_ {                                                               \
        intptr_t slot;                                                                              \
        KEEP(R result;)                                                                             \
    } name##_weft_ran_;                                                                             \
    typedef struct name##_weft_handle_ {                                                            \
        weft_worker_ *worker;                                                                       \
        intptr_t slot;                                                                              \
        KEEP(R result;)                                                                             \
        WEFT_FIELDS_##n##_(__VA_ARGS__) WEFT_HANDLE_LIFE_(name)                                     \
    } name##_weft_handle_;

#define WEFT_FORKS_(KEEP, R, n, name, ...)                                                            \
    static __attribute__((unused)) void name##_weft_run_(weft_slot_ *slot)                            \
    {                                                                                                 \
        name##_weft_args_ *a = (name##_weft_args_ *)(void *)slot->payload;                            \
        (void)a;                                                                                      \
        KEEP(*(R *)(void *)slot->payload =) name(WEFT_VALUES_##n##_(a->));                            \
    }                                                                                                 \
    WEFT_COLD_ name##_weft_ran_ name##_weft_fork_slow_(weft_worker_ *w WEFT_TAIL_##n##_(__VA_ARGS__)) \
    {                                                                                                 \
        name##_weft_ran_ r;                                                                           \
        KEEP(__builtin_memset((void *)&r.result, 0, sizeof r.result);)                                \
        if (!weft_full_(w, &r.slot)) {                                                                \
            name##_weft_args_ a;                                                                      \
            __builtin_memset((void *)&a, 0, sizeof a);                                                \
            WEFT_STORE_##n##_(a.) r.slot = weft_fork_slow_(name##_weft_run_, &a, sizeof a);           \
        }                                                                                             \
        if (r.slot < 0)                                                                               \
            KEEP(r.result =) name(WEFT_VALUES_##n##_());                                              \
        return r;                                                                                     \
    }                                                                                                 \
    WEFT_INLINE_ void name##_weft_fork_(name##_weft_handle_ *h WEFT_TAIL_##n##_(__VA_ARGS__))         \
    {                                                                                                 \
        weft_worker_ *w = weft_self_;                                                                 \
        intptr_t top = __atomic_load_n(&w->top, __ATOMIC_RELAXED);                                    \
        h->worker = w;                                                                                \
        WEFT_STORE_##n##_(h->) if (WEFT_LIKELY_(top < __atomic_load_n(&w->limit, __ATOMIC_RELAXED)))  \
        {                                                                                             \
            weft_slot_ *slot = (weft_slot_ *)top;                                                     \
            name##_weft_args_ *a = (name##_weft_args_ *)(void *)slot->payload;                        \
            (void)a;                                                                                  \
            slot->run = name##_weft_run_;                                                             \
            WEFT_STORE_##n##_(a->) WEFT_PUBLISHES_(slot);                                             \
            __atomic_store_n(&w->top, top + WEFT_SLOT_BYTES_, __ATOMIC_RELEASE);                      \
            h->slot = top;                                                                            \
        }                                                                                             \
        else                                                                                          \
        {                                                                                             \
            name##_weft_ran_ r = name##_weft_fork_slow_(w WEFT_MORE_##n##_());                        \
            h->slot = r.slot;                                                                         \
            KEEP(h->result = r.result;)                                                               \
        }                                                                                             \
        WEFT_LIVE_(h, true);                                                                          \
    }

#define WEFT_JOINS_(KEEP, RETURN, R, n, name, ...)                                                    \
    WEFT_COLD_ R name##_weft_join_slow_(weft_worker_ *w,                                              \
                                        intptr_t slot KEEP(, R result) WEFT_TAIL_##n##_(__VA_ARGS__)) \
    {                                                                                                 \
        weft_slot_ *stolen;                                                                           \
        if (weft_ran_(w, slot))                                                                       \
            return KEEP(result);                                                                      \
        stolen = weft_join_slow_(w, slot);                                                            \
        if (stolen)                                                                                   \
            return KEEP(*(R *)(void *)stolen->payload);                                               \
        RETURN(name(WEFT_VALUES_##n##_()));                                                           \
    }                                                                                                 \
    WEFT_INLINE_ R name##_weft_join_(name##_weft_handle_ *h)                                          \
    {                                                                                                 \
        intptr_t slot = h->slot;                                                                      \
        __asm__("" : "+r"(slot)); /* one register: gcc keeps two copies of it otherwise */            \
        WEFT_LIVE_(h, false);                                                                         \
        if (WEFT_LIKELY_(weft_private_(h->worker, slot)))                                             \
            RETURN(name(WEFT_VALUES_##n##_(h->)));                                                    \
        else                                                                                          \
            RETURN(name##_weft_join_slow_(h->worker, slot KEEP(, h->result) WEFT_MORE_##n##_(h->)));  \
    }                                                                                                 \
    WEFT_INLINE_ void name##_weft_drop_(name##_weft_handle_ *h)                                       \
    {                                                                                                 \
        WEFT_LIVE_(h, false);                                                                         \
        weft_drop_(h->worker, h->slot);                                                               \
    }

#endif
