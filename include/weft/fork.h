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
 * thread that forked them, before the function that forked them returns. (Two joins in one expression have no
 * order: join into variables.) After a fork(2) inside a task the child process must not join. In C++ a handle that goes
 * out of scope unjoined (an exception passes) drops itself.
 *
 * In C++ an exception may pass through the function that forks, but not leave the forked one: it would
 * have to leave it on another thread.
 *
 * Up to 8 arguments, 48 bytes together, and a result of at most 48 bytes; more is rejected by the
 * compiler: pass a pointer. Arguments are named by type only; a pointer to a function or to an
 * array needs a typedef; no const-qualified types, no C++ references.
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
#define weft_join(function, handle) WEFT_BY_TYPE_(function, join, handle)

/** Ends the fork without its result: a child that nobody started never runs; a stolen one is
 *  waited for. For early returns on an error. */
#define weft_drop(function, handle) WEFT_BY_TYPE_(function, drop, handle)

/* ------------------------------------------------------------------------------------------------
 * From here on: the inlined layout, part of the ABI. The symbol weft_self_ is versioned with it.
 *
 * A fork compares `top` with `limit`, fills the slot at top, moves top; a join moves top back and
 * compares the slot with `claim`. Both comparisons fail into one cold call. Whoever wants the
 * owner's attention lowers limit; what is not the owner's alone lies below claim. A handle of a
 * child that ran at its fork holds the top of that moment with the highest bit set: negative, so
 * below every claim, which is why slots are compared as signed words.
 *
 * With gcc 12 on x86-64 a fork with one argument is 11 instructions, two of them to find the worker; a join
 * is 4 and the call. WEFT_COUNT_FORKS, defined before this header, adds two (weft/insight.h).
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

/* The head of a worker. top and forks are the owner's; limit and claim lie on lines that others write. */
typedef struct weft_worker_ weft_worker_;
struct weft_worker_ {
    intptr_t top;
    uint64_t forks; /* counted where WEFT_COUNT_FORKS is defined, weft/insight.h; else nobody touches it */
    char pad_[128 - sizeof(intptr_t) - sizeof(uint64_t)];
    intptr_t limit;
    intptr_t claim;
    intptr_t room; /* what limit is while nobody asks: the owner's */
};

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

#if UINTPTR_MAX != UINT64_MAX
#error "weft needs 64-bit addresses: the highest bit of a slot's word is a flag"
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

/* A fork was done on w. One that has no worker yet, and shares its head with other threads, does not come here. */
#ifdef WEFT_COUNT_FORKS
#define WEFT_FORKED_(w) __atomic_store_n(&(w)->forks, (w)->forks + 1, __ATOMIC_RELAXED)
#else
#define WEFT_FORKED_(w) ((void)0)
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
    __atomic_store_n(&w->top, slot & ~WEFT_RAN_, __ATOMIC_RELEASE); /* pair TS1 -> wf_stack_force() */
    return 1;
}

WEFT_INLINE_ void weft_drop_(weft_worker_ *w, intptr_t slot)
{
    if (!weft_private_(w, slot) && !weft_ran_(w, slot))
        (void)weft_join_slow_(w, slot);
}

/* In C++ a handle that was forked into and not joined, slot != 0, drops itself; the compiler sees through it
 * where it was joined. */
#ifdef __cplusplus
#define WEFT_HANDLE_LIFE_(type, drop)       \
    type() = default;                       \
    type(const type &) = delete;            \
    type &operator=(const type &) = delete; \
    __attribute__((always_inline)) ~type()  \
    {                                       \
        if (slot)                           \
            drop;                           \
    }
#define WEFT_NO_SLOT_ = 0
#define WEFT_ENDED_(h) ((h)->slot = 0)
/* clang-format off */
#define WEFT_NO_RESULT_ {} /* gcc warns otherwise */
/* clang-format on */
#define WEFT_DECLARE_(type, handle) type handle
#define WEFT_BY_TYPE_(function, call, handle) function##_weft_##call##_(&(handle))
#else
#define WEFT_HANDLE_LIFE_(type, drop)
#define WEFT_NO_SLOT_
#define WEFT_ENDED_(h) ((void)0)
#define WEFT_NO_RESULT_
/* The result of a child that ran at its fork is set and read on the cold paths alone, which a compiler
 * cannot see; initialised by itself, the handle costs nothing and draws no warning. */
#define WEFT_DECLARE_(type, handle) type handle = handle
#define WEFT_BY_TYPE_(function, call, handle)                             \
    _Generic(&(handle), function##_weft_local_ *                          \
             : function##_weft_##call##_local_, function##_weft_handle_ * \
             : function##_weft_##call##_handle_)(&(handle))
#endif

#define WEFT_FORK_0(function, handle)              \
    WEFT_DECLARE_(function##_weft_local_, handle); \
    function##_weft_fork_local_(&(handle))
#define WEFT_FORK_1(function, handle, ...)         \
    WEFT_DECLARE_(function##_weft_local_, handle); \
    function##_weft_fork_local_(&(handle), __VA_ARGS__)
#define WEFT_FORK_AT_0(function, handle) function##_weft_fork_handle_(handle)
#define WEFT_FORK_AT_1(function, handle, ...) function##_weft_fork_handle_(handle, __VA_ARGS__)

/* KEEP(x): x where there is a result, nothing for void. RETURN(call): its value, or just the call. */
#define WEFT_KEEP_(...) __VA_ARGS__
#define WEFT_LEAVE_(...)
#define WEFT_RETURN_(...) return __VA_ARGS__
#define WEFT_CALL_(...) __VA_ARGS__

/* What a task consists of: types, the function that a thief calls, fork, join and drop with their cold
 * twins. n is the number of arguments; the list of types ends with ~. There are two handles: a local one
 * keeps worker and arguments where the compiler has them at hand anyway, in registers; one in an array is
 * just the slot, and the arguments are read from there. */
#define WEFT_DEFINE_(KEEP, RETURN, R, n, ...) WEFT_DEFINE_NOW_(KEEP, RETURN, R, n, __VA_ARGS__, ~)
#define WEFT_DEFINE_NOW_(KEEP, RETURN, R, n, name, ...) \
    R name(WEFT_PARAMS_##n##_(__VA_ARGS__));            \
    WEFT_TYPES_(KEEP, R, n, name, __VA_ARGS__)          \
    WEFT_RUNS_(KEEP, R, n, name, __VA_ARGS__)           \
    WEFT_FORKS_(KEEP, n, name, __VA_ARGS__)             \
    WEFT_JOINS_(KEEP, RETURN, R, n, name, __VA_ARGS__)  \
    WEFT_OVERLOADS_(R, name)

#define WEFT_TYPES_(KEEP, R, n, name, ...)                                                              \
    typedef struct name##_weft_args_ {                                                                  \
        WEFT_FIELDS_##n##_(__VA_ARGS__) WEFT_EMPTY_##n##_                                               \
    } name##_weft_args_;                                                                                \
    WEFT_FITS_(name##_weft_args_, "weft: the arguments of " #name " exceed a slot: pass a pointer")     \
    KEEP(WEFT_FITS_(R, "weft: the result of " #name " exceeds a slot: pass a pointer"))                 \
    typedef struct name##_weft_ran_ {                                                                   \
        intptr_t slot;                                                                                  \
        KEEP(R result;)                                                                                 \
    } name##_weft_ran_;                                                                                 \
    typedef struct name##_weft_local_ {                                                                 \
        weft_worker_ *worker;                                                                           \
        intptr_t slot WEFT_NO_SLOT_;                                                                    \
        KEEP(R result WEFT_NO_RESULT_;)                                                                 \
        WEFT_FIELDS_##n##_(__VA_ARGS__) WEFT_HANDLE_LIFE_(name##_weft_local_, weft_drop_(worker, slot)) \
    } name##_weft_local_;                                                                               \
    typedef struct name##_weft_handle_ {                                                                \
        intptr_t slot WEFT_NO_SLOT_;                                                                    \
        KEEP(R result;)                                                                                 \
        WEFT_HANDLE_LIFE_(name##_weft_handle_, weft_drop_(weft_self_, slot))                            \
    } name##_weft_handle_;

#define WEFT_RUNS_(KEEP, R, n, name, ...)                                                                   \
    WEFT_INLINE_ name##_weft_args_ *name##_weft_args_of_(intptr_t weft_s_)                                  \
    {                                                                                                       \
        return (name##_weft_args_ *)(void *)((weft_slot_ *)weft_s_)->payload;                               \
    }                                                                                                       \
    static __attribute__((unused)) void name##_weft_run_(weft_slot_ *weft_s_)                               \
    {                                                                                                       \
        name##_weft_args_ *weft_p_ = name##_weft_args_of_((intptr_t)weft_s_);                               \
        (void)weft_p_;                                                                                      \
        KEEP(*(R *)(void *)weft_s_->payload =) name(WEFT_VALUES_##n##_(weft_p_->));                         \
    }                                                                                                       \
    WEFT_COLD_ name##_weft_ran_ name##_weft_fork_slow_(weft_worker_ *weft_w_ WEFT_TAIL_##n##_(__VA_ARGS__)) \
    {                                                                                                       \
        name##_weft_ran_ weft_r_;                                                                           \
        KEEP(__builtin_memset((void *)&weft_r_.result, 0, sizeof weft_r_.result);)                          \
        if (!weft_full_(weft_w_, &weft_r_.slot)) {                                                          \
            name##_weft_args_ weft_p_;                                                                      \
            __builtin_memset((void *)&weft_p_, 0, sizeof weft_p_);                                          \
            WEFT_STORE_##n##_(weft_p_.) weft_r_.slot =                                                      \
                weft_fork_slow_(name##_weft_run_, &weft_p_, sizeof weft_p_);                                \
        }                                                                                                   \
        WEFT_FORKED_(weft_self_); /* which is this thread's own by now */                                   \
        if (weft_r_.slot < 0)                                                                               \
            KEEP(weft_r_.result =) name(WEFT_VALUES_##n##_());                                              \
        return weft_r_;                                                                                     \
    }

/* The body of both forks; FULL(...) is what the one for arrays does itself when there is no room: a loop of
 * forks spends most of its time there. */
#define WEFT_FORK_INTO_(KEEP, n, name, weft_h_, weft_w_, FULL)                               \
    {                                                                                        \
        intptr_t weft_top_ = __atomic_load_n(&weft_w_->top, __ATOMIC_RELAXED);               \
        if (WEFT_LIKELY_(weft_top_ < __atomic_load_n(&weft_w_->limit, __ATOMIC_RELAXED))) {  \
            weft_slot_ *weft_s_ = (weft_slot_ *)weft_top_;                                   \
            name##_weft_args_ *weft_p_ = name##_weft_args_of_(weft_top_);                    \
            (void)weft_p_;                                                                   \
            weft_s_->run = name##_weft_run_;                                                 \
            WEFT_STORE_##n##_(weft_p_->) WEFT_PUBLISHES_(weft_s_);                           \
            /* pair TS1 -> wf_stack_force(): the slot is filled before top covers it */      \
            __atomic_store_n(&weft_w_->top, weft_top_ + WEFT_SLOT_BYTES_, __ATOMIC_RELEASE); \
            weft_h_->slot = weft_top_;                                                       \
            WEFT_FORKED_(weft_w_);                                                           \
        }                                                                                    \
        FULL(else if (weft_full_(weft_w_, &weft_h_->slot)) {                                 \
            WEFT_FORKED_(weft_w_);                                                           \
            KEEP(weft_h_->result =) name(WEFT_VALUES_##n##_());                              \
        })                                                                                   \
        else                                                                                 \
        {                                                                                    \
            name##_weft_ran_ weft_r_ = name##_weft_fork_slow_(weft_w_ WEFT_MORE_##n##_());   \
            weft_h_->slot = weft_r_.slot;                                                    \
            KEEP(weft_h_->result = weft_r_.result;)                                          \
        }                                                                                    \
    }

#define WEFT_FORKS_(KEEP, n, name, ...)                                                                    \
    WEFT_INLINE_ void name##_weft_fork_local_(name##_weft_local_ *weft_h_ WEFT_TAIL_##n##_(__VA_ARGS__))   \
    {                                                                                                      \
        weft_worker_ *weft_w_ = weft_self_;                                                                \
        weft_h_->worker = weft_w_;                                                                         \
        WEFT_STORE_##n##_(weft_h_->) WEFT_FORK_INTO_(KEEP, n, name, weft_h_, weft_w_, WEFT_LEAVE_)         \
    }                                                                                                      \
    WEFT_INLINE_ void name##_weft_fork_handle_(name##_weft_handle_ *weft_h_ WEFT_TAIL_##n##_(__VA_ARGS__)) \
    {                                                                                                      \
        weft_worker_ *weft_w_ = weft_self_;                                                                \
        WEFT_FORK_INTO_(KEEP, n, name, weft_h_, weft_w_, WEFT_KEEP_)                                       \
    }

#define WEFT_JOINS_(KEEP, RETURN, R, n, name, ...)                                                      \
    WEFT_COLD_ R name##_weft_join_slow_(weft_worker_ *weft_w_, intptr_t weft_s_ KEEP(, R weft_result_)) \
    {                                                                                                   \
        weft_slot_ *weft_stolen_;                                                                       \
        name##_weft_args_ *weft_p_;                                                                     \
        if (weft_ran_(weft_w_, weft_s_))                                                                \
            return KEEP(weft_result_);                                                                  \
        weft_stolen_ = weft_join_slow_(weft_w_, weft_s_);                                               \
        if (weft_stolen_)                                                                               \
            return KEEP(*(R *)(void *)weft_stolen_->payload);                                           \
        weft_p_ = name##_weft_args_of_(weft_s_);                                                        \
        (void)weft_p_;                                                                                  \
        RETURN(name(WEFT_VALUES_##n##_(weft_p_->)));                                                    \
    }                                                                                                   \
    WEFT_INLINE_ R name##_weft_join_local_(name##_weft_local_ *weft_h_)                                 \
    {                                                                                                   \
        intptr_t weft_s_ = weft_h_->slot;                                                               \
        __asm__("" : "+r"(weft_s_)); /* one register: gcc keeps two copies of it otherwise */           \
        WEFT_ENDED_(weft_h_);                                                                           \
        if (WEFT_LIKELY_(weft_private_(weft_h_->worker, weft_s_)))                                      \
            RETURN(name(WEFT_VALUES_##n##_(weft_h_->)));                                                \
        else                                                                                            \
            RETURN(name##_weft_join_slow_(weft_h_->worker, weft_s_ KEEP(, weft_h_->result)));           \
    }                                                                                                   \
    WEFT_INLINE_ R name##_weft_join_handle_(name##_weft_handle_ *weft_h_)                               \
    {                                                                                                   \
        weft_worker_ *weft_w_ = weft_self_;                                                             \
        intptr_t weft_s_ = weft_h_->slot;                                                               \
        WEFT_ENDED_(weft_h_);                                                                           \
        if (WEFT_LIKELY_(weft_private_(weft_w_, weft_s_))) {                                            \
            name##_weft_args_ *weft_p_ = name##_weft_args_of_(weft_s_);                                 \
            (void)weft_p_;                                                                              \
            RETURN(name(WEFT_VALUES_##n##_(weft_p_->)));                                                \
        } else if (weft_ran_(weft_w_, weft_s_)) {                                                       \
            return KEEP(weft_h_->result);                                                               \
        } else {                                                                                        \
            RETURN(name##_weft_join_slow_(weft_w_, weft_s_ KEEP(, weft_h_->result)));                   \
        }                                                                                               \
    }                                                                                                   \
    WEFT_INLINE_ void name##_weft_drop_local_(name##_weft_local_ *weft_h_)                              \
    {                                                                                                   \
        intptr_t weft_s_ = weft_h_->slot;                                                               \
        WEFT_ENDED_(weft_h_);                                                                           \
        weft_drop_(weft_h_->worker, weft_s_);                                                           \
    }                                                                                                   \
    WEFT_INLINE_ void name##_weft_drop_handle_(name##_weft_handle_ *weft_h_)                            \
    {                                                                                                   \
        intptr_t weft_s_ = weft_h_->slot;                                                               \
        WEFT_ENDED_(weft_h_);                                                                           \
        weft_drop_(weft_self_, weft_s_);                                                                \
    }

/* C++ has overloads where C has _Generic. */
#ifdef __cplusplus
#define WEFT_OVERLOADS_(R, name)                                      \
    WEFT_INLINE_ R name##_weft_join_(name##_weft_local_ *weft_h_)     \
    {                                                                 \
        return name##_weft_join_local_(weft_h_);                      \
    }                                                                 \
    WEFT_INLINE_ R name##_weft_join_(name##_weft_handle_ *weft_h_)    \
    {                                                                 \
        return name##_weft_join_handle_(weft_h_);                     \
    }                                                                 \
    WEFT_INLINE_ void name##_weft_drop_(name##_weft_local_ *weft_h_)  \
    {                                                                 \
        name##_weft_drop_local_(weft_h_);                             \
    }                                                                 \
    WEFT_INLINE_ void name##_weft_drop_(name##_weft_handle_ *weft_h_) \
    {                                                                 \
        name##_weft_drop_handle_(weft_h_);                            \
    }
#else
#define WEFT_OVERLOADS_(R, name)
#endif

#endif
