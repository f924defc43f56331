/* SPDX-License-Identifier: MIT */
/*
 * sched/idle.pml - the protocol of sleep.md once more, as a Promela model for Spin (Holzmann 1991): beside sleep.pml with
 * batches, looks queue by queue, watching, and the pool's end.
 *
 * WORKERS workers do what idle.c, find.c and sleep.c say, and TASKS threads from outside submit a task each. A step is one
 * access to one shared word, in one order for all. Where that would be more than a search can cover, the model may do more
 * than the program:
 *   time        what a clock decides is decided freely: how long to search, when to nap, when all has been quiet
 *   a search    looks that find nothing change nothing: they are no steps, and may end a search or a run at any moment
 *   a take      is one step, where it takes effect. That no queue gives an item twice is proved with the queues
 *   a look      at a queue reads two words; "nothing" is true when it reads the second. "Something" may be out of date:
 *               so a worker that looks may always go on as if there were something
 *   a bed       (os/park.c) opens with K3, whose token comes later: a token that is left over ends a park early, no more
 *   entries     (wf_activity()) may make a sleeper stay or not
 *
 * DESTROY: when all is submitted the pool is destroyed (drain.c, pool.c). MUTANT_x leaves one thing out or turns two round.
 *
 * long run: -DSHORT_NAPS
 * run: -DTASKS=2
 * run: -DWORKERS=2 -DDESTROY
 * run: -DTASKS=1 -DDESTROY
 * mutants: -DTASKS=2 -DDESTROY
 */
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef TASKS
#define TASKS 3
#endif

/* pool->idle: one word, read and changed in one step. who: the sentinel. */
unsigned sleeping : 2, searching : 2 = WORKERS, nap : 2, who : 2;
#define NONE 0
#define SHORT 1
#define LONG 2
#define UNWATCHED (sleeping > 0 && searching == 0 && nap == NONE)
#define IDLE_WORKERS (sleeping + searching + (nap != NONE))

/* Of each worker. */
mtype = { AWAKE, ASLEEP, WAKING };
mtype asleep[WORKERS] = AWAKE;
bit mode[WORKERS];
#define OTHER(i) ((me + 1 + (i)) % WORKERS)
#define IDLE 0
#define ACTIVE 1

/* Tasks in the inbox and in each place's batch. */
unsigned put : 2, taken : 2;
byte batch[WORKERS];

/* For the observer: parties that have published, turned active or announced themselves and not looked since; tasks
 * that were begun. */
unsigned looking : 3;
byte begun;

#ifdef DESTROY
bool closing, stop, closer;
byte entries[WORKERS]; /* since closing: nobody compares them before */
byte ended;
#else
#define closing false
#define stop false
#endif

/* ---- queues ----------------------------------------------------------------------------------------- */

#define IF(condition, then) if :: condition -> then :: else -> skip fi

/* wf_tasks_visible(): the inbox, then the batches; a worker's own, which only shrinks now, with the last. act: what
 * follows if something is seen, and may follow anyway. */
#if WORKERS > 2
#define LOOK(act) \
    atomic { if :: put == taken :: act fi } \
    atomic { if :: batch[OTHER(0)] == 0 :: act fi }
#else
#define LOOK(act) atomic { if :: put == taken :: act fi }
#endif
#define NONE_LAST (batch[OTHER(WORKERS - 2)] == 0 && batch[me] == 0)

/* next_from_outside(), of which the inbox may give several, and wf_tasks_steal() */
#define FETCH taken < put -> begun++; more = put - taken - 1; taken = put
#define TAKE(v) batch[v] > 0 -> begun++; batch[v]--

/* Who waits for K3 cannot tell how long it takes. */
#define K2_K3(i) assert(sleeping > 0); sleeping--; searching++; asleep[i] = AWAKE

/* Has looked, and goes on. */
#define DONE looking--; if :: fetches -> fetches = false; goto leaves :: !fetches -> goto runs fi

/* wf_notify_task() */
#define NOTIFY \
    UNWATCHED -> goto wakes \
    :: nap == LONG -> nap = SHORT; DONE \
    :: nap != LONG && !UNWATCHED -> DONE

/* A sleeper does not park. */
#define STAY \
    asleep[me] == ASLEEP -> asleep[me] = AWAKE; goto counts_back \
    :: asleep[me] == AWAKE -> looking--; goto awake

#define S1 assert(searching > 0); searching--; sleeping++; looking++

#define VISIBLE (put != taken || batch[0] + batch[1] + batch[WORKERS - 1] > 0)

/* ---- a worker --------------------------------------------------------------------------------------- */

proctype worker(byte me)
{
    unsigned more : 2, i : 2;
    bool fetches; /* it is not active yet */

search:
    if
    :: atomic { FETCH; if :: more == 0 -> goto leaves :: more > 0 -> looking++; fetches = true; goto puts fi }
    :: atomic { TAKE(0); goto leaves }
    :: atomic { TAKE(1); goto leaves }
#if WORKERS > 2
    :: atomic { TAKE(2); goto leaves }
#endif
    :: atomic { nap == NONE && (!closing || IDLE_WORKERS < WORKERS) -> /* N1 */
            assert(searching > 0); searching--; who = me;
            if
            :: nap = SHORT
#ifndef SHORT_NAPS
            :: nap = LONG
#endif
            fi;
            goto naps
        }
#ifdef MUTANT_LATE_ANNOUNCE
    :: LOOK(goto search)
        atomic { if :: NONE_LAST -> S1; goto sleeps :: goto search fi }
#else
    :: atomic { !closing || IDLE_WORKERS == WORKERS || nap != NONE -> S1; goto sleeps }
#endif
    fi;

puts: /* fetch(): the others go into its batch */
    do
    :: atomic { more > 0 -> batch[me]++; more-- }
    :: atomic { more == 0 -> if :: NOTIFY fi }
    od;

leaves:
    atomic {
        mode[me] = ACTIVE;
#ifdef DESTROY
        IF(closing, entries[me]++)
#endif
        assert(searching > 0); searching--; looking++; /* W1 */
        /* W2: there is more where this was; or nobody watches any more; or neither. */
        if
        :: !UNWATCHED -> looking--; goto runs
#ifdef MUTANT_NO_SECOND_LOOK
        :: UNWATCHED -> looking--; goto runs
#endif
        :: skip
        fi
    }
    LOOK(NOTIFY)
    atomic { if :: NONE_LAST :: NOTIFY fi }
    atomic { if :: IDLE_WORKERS + 1 == WORKERS -> looking--; goto runs :: NOTIFY fi }

wakes: /* wake_one(): the others in turn */
    do
    :: atomic { i < WORKERS - 1 && asleep[OTHER(i)] != ASLEEP -> i++ }
    :: atomic { i == WORKERS - 1 -> i = 0; DONE }
    :: atomic { i < WORKERS - 1 && asleep[OTHER(i)] == ASLEEP -> asleep[OTHER(i)] = WAKING } /* K1 */
        atomic { K2_K3(OTHER(i)); i = 0; DONE }
    od;

runs:
    do
    :: atomic { FETCH; if :: more == 0 :: more > 0 -> looking++; goto puts fi }
    :: atomic { TAKE(me) }
    :: atomic { mode[me] = IDLE; looking++ }
        atomic { searching++; looking--; goto search } /* Returner */
    od;

naps: /* Sentinel: N2 */
    atomic { assert(nap != NONE && who == me); nap = NONE; who = 0; searching++; goto awake } /* N3 */

sleeps: /* Sleeper */
    asleep[me] = ASLEEP;                                                 /* S2 */
#if defined(DESTROY) && !defined(MUTANT_NO_BELL)
    atomic { if :: closing :: else -> goto looks_again fi }
    closer = true;
looks_again:
#endif
#if !defined(MUTANT_NO_LOOK) && !defined(MUTANT_LATE_ANNOUNCE)
#ifdef MUTANT_NO_WATCH
    goto watched;
#endif
    atomic { if :: UNWATCHED :: !UNWATCHED -> goto watched fi } /* S3 */
    LOOK(STAY)
    atomic { if :: NONE_LAST :: STAY fi }
    atomic { if :: mode[OTHER(0)] == IDLE :: STAY fi } /* wf_activity() */
    atomic { if :: mode[OTHER(1)] == IDLE -> looking--; goto parks :: STAY fi }
watched:
    LOOK(STAY)
    atomic { if :: NONE_LAST -> looking--; goto parks :: STAY fi }
#else
    atomic { looking--; goto parks }
#endif

counts_back:
    atomic { assert(sleeping > 0); sleeping--; searching++; looking--; goto awake }

parks: /* S4 */
end_parked:
    atomic { (asleep[me] == AWAKE || stop) }

awake:
#ifdef DESTROY
    atomic { if :: stop -> ended++ :: else -> goto search fi }
#else
    goto search
#endif
}

/* ---- outside ---------------------------------------------------------------------------------------- */

/* wf_tasks_submit(). Submitters are all alike: what counts is how many are at each step. looks[i]: about to look at
 * worker i in wake_one(); waking, counted: have its asleep, are past K2. */
unsigned sees : 2, sees_long : 2;
byte looks[WORKERS + 1];
bool waking[WORKERS];

inline submitter_wakes(i)
{
    if
    :: asleep[i] == ASLEEP -> asleep[i] = WAKING; waking[i] = true                       /* K1 */
    :: asleep[i] != ASLEEP -> looks[i + 1]++
    fi;
    looks[i]--
}

#define SUBMITTED (sees + sees_long + looks[0] + looks[1] + looks[2] + looks[WORKERS] == 0 && \
                   !waking[0] && !waking[1] && !waking[WORKERS - 1])

proctype submitters()
{
end:
    do
#ifdef MUTANT_EARLY_READ
    :: atomic { put + sees + sees_long < TASKS && UNWATCHED -> sees++ }
    :: atomic { put + sees + sees_long < TASKS && !UNWATCHED -> sees_long++ }
    :: atomic { sees > 0 -> sees--; put++; looking++; looks[0]++ }
    :: atomic { sees_long > 0 -> sees_long--; put++ }
#else
    :: atomic { put < TASKS -> put++; looking++; sees++ } /* T1 */
    :: atomic { sees > 0 && UNWATCHED -> sees--; looks[0]++ } /* T2, T3 */
    :: atomic { sees > 0 && nap == LONG -> sees--; sees_long++ }
    :: atomic { sees > 0 && nap != LONG && !UNWATCHED -> sees--; looking-- }
    :: atomic { sees_long > 0 && nap == LONG -> sees_long--; nap = SHORT; looking-- }
    :: atomic { sees_long > 0 && UNWATCHED -> sees_long--; looks[0]++ }
    :: atomic { sees_long > 0 && nap != LONG && !UNWATCHED -> sees_long--; looking-- }
#endif
#define FOR(i) \
    :: atomic { looks[i] > 0 -> submitter_wakes(i) } \
    :: atomic { waking[i] -> waking[i] = false; K2_K3(i); looking-- }
    FOR(0)
    FOR(1)
#if WORKERS > 2
    FOR(2)
#endif
    :: atomic { looks[WORKERS] > 0 -> looks[WORKERS]--; looking-- }
    od
}

#ifdef DESTROY
/* weft_pool_destroy(): wf_drain(), end_threads() */
proctype destroyer()
{
    unsigned i : 2;
    byte before;
    atomic { put == TASKS && SUBMITTED -> skip }
    closing = true;
again: /* is_still() */
    do
    :: atomic { i < WORKERS -> before = before + entries[i]; i++ }
    :: atomic { i == WORKERS -> i = 0; break }
    od;
    atomic { if :: sleeping == WORKERS :: else -> goto waits fi }
    atomic { if :: put == taken :: else -> goto waits fi }
    do
    :: atomic { i < WORKERS && batch[i] == 0 -> i++ }
    :: atomic { i < WORKERS && batch[i] > 0 -> goto waits }
    :: atomic { i == WORKERS -> i = 0; break }
    od;
    atomic { if :: sleeping == WORKERS :: else -> goto waits fi }
    do
    :: atomic { i < WORKERS -> before = before - entries[i]; i++ }
#ifdef MUTANT_NO_ENTRIES
    :: atomic { i == WORKERS -> goto stops }
#endif
    :: atomic { i == WORKERS -> i = 0; if :: before == 0 -> goto stops :: else -> goto waits fi }
    od;
waits:
    atomic { before = 0; i = 0; closer -> closer = false; goto again }
stops:
    atomic { assert(!VISIBLE && begun == TASKS); stop = true }
    ended == WORKERS
}
#endif

/* ---- what must hold ---------------------------------------------------------------------------------- */

proctype observer()
{
end:
    if
    :: atomic { VISIBLE && UNWATCHED && looking == 0 -> assert(false) } /* no visible work is stranded */
    :: atomic { UNWATCHED && looking == 0 && IDLE_WORKERS + 1 < WORKERS -> assert(false) } /* two active: watched */
    :: atomic { IDLE_WORKERS > WORKERS || begun > put -> assert(false) }
    fi
}

init
{
    atomic {
        run worker(0);
        run worker(1);
#if WORKERS > 2
        run worker(2);
#endif
#if TASKS > 0
        run submitters();
#endif
#ifdef DESTROY
        run destroyer();
#endif
        run observer()
    }
}
