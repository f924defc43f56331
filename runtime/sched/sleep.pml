/* SPDX-License-Identifier: MIT */
/*
 * sched/sleep.pml - the protocol of sleep.md, for submitted tasks, as a Promela model for Spin (Holzmann 1991).
 *
 * - A step is one access of a shared word, all in sequentially consistent order; what stands in a d_step with it is local
 *   or ghost. A load followed by exchanges that load anew until they succeed is one step: the last of them decides.
 * - A task ends at once, or waits until all tasks have begun: so one that is left behind anybody's running task is a
 *   deadlock, as is one that is left behind sleepers.
 * - Times are chosen freely: how long a search, a nap, a grace period lasts.
 * - MUTANT_... leaves a step out or in the wrong place; tests/model/sleep_spin demands that each is found.
 */
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef SUBMITTERS
#define SUBMITTERS 2
#endif

/* pool->idle: these four change together. */
#define NONE 0
#define SHORT 1
#define LONG 2
byte searching = WORKERS, sleeping, nap = NONE, sentinel;
#define UNWATCHED (sleeping && !searching && nap == NONE)

/* worker->asleep, and the token of worker->parker. */
#define AWAKE 0
#define ASLEEP 1
#define WAKING 2
byte asleep[WORKERS];
bit token[WORKERS];

/* Tasks: published and not taken; taken and begun. */
byte queue, begun;

/* Ghost: what each worker takes itself for; only it writes there. */
#define IS_SEARCHING 0
#define IS_ACTIVE 1
#define IS_SENTINEL 2
#define IS_SLEEPING 3
byte is[WORKERS];

/* Nobody is between S1 and S2, K1 and its return, or half-way through S4. */
#define SETTLED(w) ((is[w] == IS_SLEEPING) == (asleep[w] == ASLEEP) && asleep[w] != WAKING)

inline check()
{
    n = 0;
    settled = true;
    n_searching = 0;
    n_sentinel = 0;
    n_sleeping = 0;
    do
    :: n < WORKERS ->
       settled = settled && SETTLED(n);
       n_searching = n_searching + (is[n] == IS_SEARCHING);
       n_sentinel = n_sentinel + (is[n] == IS_SENTINEL);
       n_sleeping = n_sleeping + (is[n] == IS_SLEEPING);
       n++
    :: else -> break
    od;
    assert(n_sentinel <= 1 && n_sentinel == (nap != NONE));
    assert(!n_sentinel || is[sentinel] == IS_SENTINEL);
    assert(searching + sleeping <= WORKERS);
    assert(!settled || (searching == n_searching && sleeping == n_sleeping));
}
hidden byte n, n_searching, n_sentinel, n_sleeping;
hidden byte settled;

/* Counts move within idle. */
inline sub(count)
{
    assert(count > 0);
    count--
}

/* The order in which a caller that is not `self` tries the others. */
#define FIRST (self == 0)
inline next_other()
{
    i++;
    if
    :: i == self -> i++
    :: else
    fi
}

#ifdef MUTANT_NO_K2
#define K2 skip
#else
#define K2 sub(sleeping); searching++; check()
#endif

/* Before it: i = FIRST. */
inline wake_one()
{
    do
    :: d_step { i >= WORKERS -> i = 0 }; break
    :: d_step { i < WORKERS && asleep[i] != ASLEEP -> next_other() }
#ifdef MUTANT_K1_LOADS
    :: i < WORKERS && asleep[i] == ASLEEP -> asleep[i] = WAKING;
#else
    :: d_step { i < WORKERS && asleep[i] == ASLEEP -> asleep[i] = WAKING }; /* K1 */
#endif
       d_step { K2 };
       d_step { asleep[i] = AWAKE; check() }; /* K3 */
       d_step { token[i] = 1; i = 0 };
       break
    od
}

/* wf_notify_task(). */
inline notify_task()
{
    if
    :: d_step { nap == LONG -> nap = SHORT; i = sentinel; check() }; /* T2, T3: a sentinel in a long nap */
       d_step { token[i] = 1; i = 0 }
    :: d_step { nap != LONG && UNWATCHED -> i = FIRST }; /* T2 */
       wake_one() /* T3 */
    :: nap != LONG && !UNWATCHED
    fi
}

/* They are alike: it is enough to count how many are at each step. */
byte at_T1 = SUBMITTERS, at_T2, at_K1[WORKERS], at_K2[WORKERS], at_K3[WORKERS], at_token[WORKERS];
#ifdef MUTANT_T2_FIRST
byte too_late;
#endif

#define WAKES(w)                                                                            \
    :: d_step { at_K1[w] && asleep[w] != ASLEEP -> at_K1[w]--;                              \
                if :: w + 1 < WORKERS -> at_K1[(w + 1) % WORKERS]++ :: else fi }            \
    :: d_step { at_K1[w] && asleep[w] == ASLEEP -> asleep[w] = WAKING; at_K1[w]--; at_K2[w]++ } \
    :: d_step { at_K2[w] -> K2; at_K2[w]--; at_K3[w]++ }                                    \
    :: d_step { at_K3[w] -> asleep[w] = AWAKE; check(); at_K3[w]--; at_token[w]++ }         \
    :: d_step { at_token[w] -> token[w] = 1; at_token[w]-- }

proctype submitters()
{
end:
    do
    :: d_step { at_T1 -> queue++; at_T1--; at_T2++ }
    :: d_step { at_T2 && nap == LONG -> nap = SHORT; at_T2--; at_token[sentinel]++ } /* T2, T3 */
    :: d_step { at_T2 && nap != LONG && UNWATCHED -> at_T2--; at_K1[0]++ }
    :: d_step { at_T2 && nap != LONG && !UNWATCHED -> at_T2-- }
#ifdef MUTANT_T2_FIRST
    :: d_step { at_T1 && nap != LONG && !UNWATCHED -> at_T1--; too_late++ }
    :: d_step { too_late -> queue++; too_late-- }
#endif
    WAKES(0)
#if WORKERS > 1
    WAKES(1)
#endif
#if WORKERS > 2
    WAKES(2)
#endif
    od
}

proctype worker(byte self)
{
    byte i;

search:
    if
    :: d_step { queue -> queue--; begun++ }
    :: d_step { nap == NONE -> sub(searching); nap = SHORT; sentinel = self; is[self] = IS_SENTINEL; check() }; /* N1 */
       goto naps
    :: d_step { nap == NONE -> sub(searching); nap = LONG; sentinel = self; is[self] = IS_SENTINEL; check() }; /* N1 */
       goto naps
#ifdef MUTANT_N1_LOADS
    :: nap == NONE ->
       d_step { sub(searching); nap = SHORT; sentinel = self; is[self] = IS_SENTINEL; check() };
       goto naps
#endif
    :: d_step { sub(searching); sleeping++; is[self] = IS_SLEEPING; check() }; /* S1 */
       goto sleeps
    fi;

    /* Taker. Is there more where this was? */
    if
    :: queue ->
       d_step { sub(searching); is[self] = IS_ACTIVE; check() }; /* W1 */
       goto notify
    :: !queue
    fi;
    if
    :: d_step { sleeping && searching == 1 && nap == NONE -> sub(searching); is[self] = IS_ACTIVE; check() } /* W1 */
    :: d_step { !(sleeping && searching == 1 && nap == NONE) -> sub(searching); is[self] = IS_ACTIVE; check() };
       goto runs
    fi;
#ifdef MUTANT_NO_W2
    goto runs;
#endif
    if
    :: queue -> goto notify /* W2 */
    :: !queue -> goto runs
    fi;
notify:
    notify_task();

runs: /* active */
    if
    :: d_step { queue -> queue--; begun++ }; goto runs
    :: !queue
    :: true -> begun == SUBMITTERS; goto runs
    fi;

    /* Returner */
returns:
    atomic { searching++; is[self] = IS_SEARCHING; check() };
    goto search;

    /* Sentinel */
naps:
    token[self] = 0; /* N2: a wake or the timeout */
    d_step { searching++; nap = NONE; sentinel = 0; is[self] = IS_SEARCHING; check() }; /* N3 */
    goto search;

    /* Sleeper */
sleeps:
    atomic { asleep[self] = ASLEEP; check() }; /* S2 */
#ifndef MUTANT_NO_S3
    if
    :: queue -> goto up /* S3 */
    :: !queue -> goto up /* S3: to watch */
    :: !queue
    fi;
#endif
park:
    if
    :: asleep[self] == ASLEEP
    :: asleep[self] != ASLEEP -> goto up
    fi;
end_parked:
    atomic { token[self] -> token[self] = 0 };
    goto park;
up: /* S4 */
#ifdef MUTANT_S4_STORES
    asleep[self] = AWAKE;
#else
    if
    :: d_step { asleep[self] == AWAKE -> is[self] = IS_SEARCHING; check() }; /* by a waker */
       goto search
    :: d_step { asleep[self] == ASLEEP -> asleep[self] = AWAKE; check() }
    fi;
#endif
    d_step { sub(sleeping); searching++; is[self] = IS_SEARCHING; check() };
    goto search
}

init
{
    atomic {
        n = 0;
        do
        :: n < WORKERS -> run worker(n); n++
        :: else -> break
        od;
        run submitters()
    };
    timeout; /* all sleep for good, and no submitter is left */
    assert(sleeping == WORKERS && searching == 0 && nap == NONE);
    assert(at_T1 == 0 && at_T2 == 0 && queue == 0 && begun == SUBMITTERS)
}
