/* SPDX-License-Identifier: MIT */
/*
 * model/checker/engine.h - what the checker's parts share.
 *
 *   explore.c   choices: depth first over all of them, by running the scenario anew for each
 *   threads.c   threads as coroutines, whose turn it is, sleep, pause
 *   memory.c    atomic accesses after C11: a history of stores for each location, what each thread must see
 *   plain.c     all other accesses: races, freed memory, leaks; puts memory back after an execution
 *   compiler.c  the calls that the compiler inserts
 *   trace.c     what a failing execution did
 */
#ifndef MC_ENGINE_H
#define MC_ENGINE_H

#include "mc.h"

#include <string.h>

#define MC_LOCATIONS 176 /* atomic ones, of an execution */
#define MC_STORES 255    /* of a location */
#define MC_ALL 8         /* threads, with the one that runs check() */
#define MC_CHECKER 7     /* which is that */

/* What a thread knows: of each location the newest store that it must not read behind, of each thread how far it is. */
typedef uint16_t mc_clock[MC_ALL];
typedef struct mc_stamp {
    uint8_t seen[MC_LOCATIONS];
    mc_clock clock;
} __attribute__((aligned(16))) mc_stamp;

/* One pass over bytes (newest store: larger) and one over the clocks; the compiler makes them vector code. */
static inline void mc_join(mc_stamp *into, const mc_stamp *from)
{
    for (unsigned i = 0; i < MC_LOCATIONS; i++)
        into->seen[i] = into->seen[i] > from->seen[i] ? into->seen[i] : from->seen[i];
    for (unsigned i = 0; i < MC_ALL; i++)
        into->clock[i] = into->clock[i] > from->clock[i] ? into->clock[i] : from->clock[i];
}

/* An access to a location that threads share. */
typedef struct mc_access {
    const void *address;
    bool writes, sc;
} mc_access;

enum mc_state { MC_READY, MC_PAUSED, MC_ASLEEP, MC_BLOCKED, MC_ENDED };

typedef struct mc_thread {
    void *stack_pointer;
    char *stack;
    void (*main)(void);
    enum mc_state state;
    mc_stamp now;    /* what it knows */
    mc_stamp heard;  /* what it read without acquire: known after an acquire fence */
    mc_stamp fenced; /* what it knew at its last release fence */
    bool has_heard, has_fenced;
    mc_access next;     /* before which it was interrupted; */
    bool held;          /* and what others did since has nothing to do with that */
    uint64_t paused_at; /* mc.writes by others, then */
    uint64_t own_writes;
    uint64_t fresh_at;  /* mc.writes, when it was shown the newest values, */
    unsigned freshened; /* and how often it was since */
    uint64_t went_on;   /* mc.writes, when it last did not wait in a pause */
    uint8_t waiting;    /* by thread: could run at its last pause and did not since */
    uint8_t after;      /* these go first: they wait since the pause before */
    bool timed, timed_out;
    bool weakly; /* its last exchange failed for no reason */
    const void *futex;
    bool (*ready)(void *arg);
    void *arg;
    const char *what;
} mc_thread;

/* One store. The execution's first to a location is what memory held before. */
typedef struct mc_store {
    uint64_t value;
    uint8_t thread;
    bool releases;
    uint16_t before; /* the same location's, in mc.store */
    const void *site;
    mc_stamp stamp; /* what an acquiring reader learns, if it releases */
} mc_store;

typedef struct mc_location {
    const void *address;
    uint8_t size, stores;     /* numbered from 0 */
    uint16_t last;            /* in mc.store */
    uint8_t readers, writers; /* by thread */
    bool shared;              /* several threads meet here: others may go first */
    bool plain;               /* the last store was an ordinary one: its value is in memory */
} mc_location;

typedef struct mc_engine {
    const mc_scenario *scenario;
    mc_thread thread[MC_ALL];
    unsigned threads, current;                       /* MC_CHECKER: outside of threads */
    bool running;                                    /* an execution is under way */
    unsigned preemptions, stale, timeouts, spurious; /* what is left */
    uint64_t writes, timed_out, steps, accesses;     /* accesses: plain ones */
    bool failed, again;                              /* again: a location turned out to be shared */
    bool pointless;                                  /* the execution is as another one, and was left */
    bool tracing;
    bool reaching;            /* places are noted, for mc_reached_print() */
    uintptr_t tls, tls_bytes; /* thread-local variables of the program */
    char text[1024];          /* of the failure */
    mc_location location[MC_LOCATIONS];
    unsigned locations;
    uint8_t newest_sc[MC_LOCATIONS]; /* what sequentially consistent accesses and fences do not read behind */
    unsigned stores;
    mc_store *store;
} mc_engine;

extern mc_engine mc;

/* A thread-local variable: its address means another one in each thread. */
static inline bool mc_local(const void *address)
{
    return (uintptr_t)address - mc.tls < mc.tls_bytes;
}

/* ---- explore.c ---- */
/* 0 .. options - 1. */
unsigned mc_decide(unsigned options);

/* ---- threads.c ---- */
void mc_threads_init(void);
/* Runs all threads of the scenario to the end. */
void mc_threads_run(void);
/* As thread MC_CHECKER: knows all. */
void mc_as_checker(void (*fn)(void));
/* As mc_point(), before an access. */
void mc_point_before(const mc_access *access);
/* The current thread does this; NULL: something that may have to do with anything. */
void mc_happens(const mc_access *access);
/* Does it lie on the current thread's stack? */
bool mc_on_own_stack(const void *address);
/* Leaves the execution. */
void mc_stop(void) __attribute__((noreturn));

/* ---- memory.c ---- */
enum mc_order { MC_RELAXED, MC_CONSUME, MC_ACQUIRE, MC_RELEASE, MC_ACQ_REL, MC_SEQ_CST };
void mc_memory_reset(void);
uint64_t mc_load(const void *address, unsigned size, int order, const void *site);
void mc_store_to(void *address, unsigned size, uint64_t value, int order, const void *site);
/* Gives the value before; change(before, with) is the one after. */
typedef uint64_t mc_change(uint64_t before, uint64_t with);
uint64_t mc_modify(void *address, unsigned size, mc_change *change, uint64_t with, int order,
                   const void *site);
bool mc_exchange_if(void *address, unsigned size, uint64_t *expected, uint64_t value, int order, int failure,
                    bool weak, const void *site);
void mc_fence_at(int order, const void *site);
/* From now on it reads nothing older than what is newest now. */
void mc_see_newest(mc_thread *thread);
/* The newest value, as the kernel sees it for the calling thread, which reads nothing older from then on. */
uint32_t mc_look(const uint32_t *word);
/* A plain store to a location that was accessed atomically before. */
void mc_overwritten(unsigned location, const void *site);
/* Locations that threads share; kept over executions. */
void mc_shared_add(const void *address);
unsigned mc_shared_count(void);
const void *mc_shared_at(unsigned index);
void mc_shared_keep(unsigned count); /* the first ones */
/* Weakens the accesses at a place of the program; `blind`: its exchanges do not compare. */
void mc_mutate(const void *site, int order, bool blind);

/* ---- plain.c ---- */
void mc_plain_reset(void);
void mc_plain_keep(void); /* what is allocated now is setup's */
void mc_plain_back(void); /* memory is as setup left it */
void mc_plain_forget(void);
void mc_read(const void *address, size_t bytes, const void *site);
void mc_write(void *address, size_t bytes, const void *site);
/* The number of the atomic location that begins there; -1: none yet. */
int mc_location_at(const void *address);
void mc_locate(const void *address, unsigned size, unsigned location);
/* An atomic access happens. */
void mc_atomic(const void *address, unsigned size, bool writes, const void *site);
/* Something allocated since setup was not freed. */
bool mc_leaks(char *text, size_t bytes);
const char *mc_region_of(const void *address, char *text, size_t bytes);

/* ---- trace.c ---- */
void mc_trace_begin(void);
void mc_trace_line(const void *site, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define mc_trace(...)                   \
    do {                                \
        if (mc.tracing)                 \
            mc_trace_line(__VA_ARGS__); \
    } while (0)
void mc_trace_print(void);
void mc_names_forget(void);
const char *mc_called(const void *address);
const char *mc_order_name(int order);
/* Places of the program that were executed in a scenario, and what the compiler put there. */
void mc_reached(const void *site, const char *what, int order);
#define mc_reach(site, what, order)            \
    do {                                       \
        if (mc.reaching && mc.running)         \
            mc_reached((site), what, (order)); \
    } while (0)
void mc_reached_print(void); /* and forgets them */

#endif
