/* SPDX-License-Identifier: MIT */
/*
 * model/checker/mc.h - a model checker for the library's own objects: what a harness sees.
 *
 * A scenario is a few threads over a state that setup() made. The checker runs it again and again, once for each
 * choice of who goes next and of which store a load reads, until all choices (with at most `bound` preemptions) were
 * taken, or one fails. Shared state lies in static variables or comes from wf_alloc; after each execution all memory is
 * as setup() left it.
 *
 * The code under test is compiled as it is, with the compiler's -fsanitize=thread: the calls that this inserts at each
 * access, plain or atomic with its memory order, come here instead of to ThreadSanitizer. See README.md.
 */
#ifndef MC_H
#define MC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MC_THREADS 7 /* of a scenario, at most */
#define MC_OUTCOMES 64

typedef struct mc_scenario {
    const char *name;
    void (*setup)(void); /* once; what it writes all threads know */
    void (*thread[MC_THREADS])(void);
    void (*check)(void);  /* after each execution, when all threads have ended, and daemons wait */
    unsigned daemons;     /* bit i: thread i may wait for ever */
    unsigned bound;       /* preemptions at most; MC_UNBOUNDED */
    unsigned stale;       /* loads that read an older store than the newest, at most; 0: any number */
    unsigned timeouts;    /* timed waits that end early though others could run; when nobody can, all end */
    unsigned spurious;    /* futex waits that return without a reason */
    bool impatient;       /* a pause need not wait for others: for code that spins for a while only */
    bool keeps;           /* what was allocated since setup() need not be freed at the end */
    const char *finds;    /* a planted bug: passes if the checker fails with a text that has this in it */
    const char *outcomes; /* litmus: exactly these, each ended by a semicolon, in any order */
} mc_scenario;

#define MC_UNBOUNDED 1000

/* What main() of a harness returns. */
int mc_main(int argc, char **argv, const mc_scenario *scenarios, size_t count);

/* ---- for threads and check() ------------------------------------------------------------------- */

/* The execution fails. */
void mc_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define mc_assert(condition)                                              \
    do {                                                                  \
        if (!(condition))                                                 \
            mc_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition); \
    } while (0)
/* This outcome was seen; for scenarios with outcomes. */
void mc_outcome(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* 0 .. options - 1: each is tried. */
unsigned mc_choose(unsigned options);
/* The calling thread, from 0. */
unsigned mc_self(void);
/* In traces, the object's bytes are called so. */
void mc_name(const void *object, size_t bytes, const char *name);

/* ---- for the world below the library (world/) --------------------------------------------------- */

/* Others may go first; the caller goes on when one of them has written something. */
void mc_pause(void);
/* The caller's next step may come after others' steps. */
void mc_point(void);
/* A fence in the order of the C11 model, memory_order_*. */
void mc_fence(int order);
/* A full fence in every thread, at some moment of the call each. */
void mc_fence_everywhere(void);
/* Sleeps while *word == seen; ns: until INT64_MAX: no timeout. */
void mc_futex_wait(uint32_t *word, uint32_t seen, bool timed);
void mc_futex_wake(uint32_t *word, unsigned count);
/* Does not go on before ready(arg). */
void mc_block(bool (*ready)(void *arg), void *arg, const char *what);
/* Waits for that thread's end, and knows all that it did. */
void mc_await(unsigned thread);
/* What the caller knows is left in a cell (0 .. MC_CELLS - 1), for who receives. Nobody goes first. */
#define MC_CELLS 24
void mc_hand(unsigned cell);
void mc_receive(unsigned cell);
/* Zeroed memory that is watched: freed, leaked. NULL: it cannot be had. */
void *mc_alloc(size_t bytes);
void mc_free(void *memory);
/* Has it been freed, in this execution? */
bool mc_freed(const void *memory);
/* The number of this execution: what the world remembers of another one is void. */
uint64_t mc_execution(void);
/* How often anything timed out, for a clock. */
uint64_t mc_timeouts(void);

#endif
