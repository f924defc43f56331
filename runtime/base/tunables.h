/* SPDX-License-Identifier: MIT */
/*
 * base/tunables.h - every number that was chosen and not derived, with what it was chosen by.
 */
#ifndef WF_BASE_TUNABLES_H
#define WF_BASE_TUNABLES_H

/* Private forks outstanding at a time; more run at once. 4,096 slots are 256 KiB: they stay in an L2. */
#define WF_PRIVATE_MAX 4096

/* Slots of a task stack: what 20 bits of the span count. 64 MiB of address space, touched lazily. */
#define WF_SLOTS_MAX ((1u << 20) - 1)
#define WF_SLOTS_MIN 1024

/* Parallel loops inside each other on one worker, and one; deeper ones run serially. A range's root is
 * worker index * this + depth + 1. */
#define WF_LOOP_DEPTH 16

/* Stretches in which a loop may be laid out over NUMA nodes: 16 nodes whose cores have two PUs each make 32. A record
 * has 2.5 KiB for them, in pools on several nodes. */
#define WF_STRETCHES_MAX 64

/* A block of a loop lasts about this long: an exchange and a clock read are 0.2 % of it. */
#define WF_BLOCK_NS 10000
/* What is left of a loop and lasts less than this is not worth a steal. */
#define WF_SHORT_NS 2000
/* How much a block may grow over the one before. */
#define WF_BLOCK_GROWTH 8

/* Address space for what a call needs until it returns: at least, and what is kept for the next call at most. To
 * map and to unmap it costs 5 us. */
#define WF_SCRATCH_MIN ((size_t)64 << 10)
#define WF_SCRATCH_KEPT ((size_t)16 << 20)

/* A stolen task that lasted less did not pay for the steal: the thief's patience is not renewed. */
#define WF_PAID_NS 2000
/* A submitted task of another place that lasted less was tiny; its thief holds back for so long, and twice as long after
 * each that follows, up to so many times: then as long as the shortest nap. */
#define WF_TINY_NS 300
#define WF_HOLD_NS 3000
#define WF_HOLD_MOST 8

/* An idle worker looks round this long before it sleeps: about what a sleep and a wake cost. Crowded: with more
 * workers than PUs, or under a quota, of which a spinning worker takes as much as a working one. */
#define WF_SPIN_NS 30000
#define WF_SPIN_CROWDED_NS 2000
/* A waiter at a join or a loop's end spins this long for its thief. */
#define WF_WAIT_SPIN_NS 30000
/* After asking, the sentinel waits this long for the answer before its next nap; longer than WF_SHORT_NS, so
 * that a range which stands still is cut in one look. */
#define WF_ANSWER_NS 3000

/* A worker that was asked and has done nothing since is published by force. A barrier everywhere costs 8 us. */
#define WF_FORCE_NS 20000

/* The sentinel's naps, doubling; from WF_NAP_LONG_NS on, publishers wake it; after WF_GRACE_NS without
 * any activity it sleeps like the others. */
#define WF_NAP_MIN_NS 20000
#define WF_NAP_LONG_NS 160000
#define WF_NAP_MAX_NS 1000000
/* A request that stood this long into a long nap was not left for a stream of tiny calls. */
#define WF_ASKED_NS 100000
#define WF_GRACE_NS 900000

/* So long after one look at what the machine gives a pool that follows it comes the next, if it works: the period that
 * quotas have unless said otherwise. One look takes about 30 us. */
#define WF_FOLLOW_NS 100000000
/* More is believed when it has stood for so long: to get a worker and to lose it again costs more than to wait, and who
 * writes a quota may write several. Less is believed at once: what is over the quota is taken back by stopping all threads. */
#define WF_GROW_NS 1000000000

#define WF_SEATS_DEFAULT 16
/* Threads that may stand in for workers which wait in the middle of a task. Each has a record of 5.3 KiB from the start;
 * a thread and a task stack when it is first called. */
#define WF_SPARES_DEFAULT 64
/* A spare that nobody has called for so long ends. */
#define WF_SPARE_KEEP_NS INT64_C(5000000000)
/* After the system has refused a thread none is tried for so long. */
#define WF_SPARE_RETRY_NS 100000000

/* The monitor's naps while it is needed, from the first to the last by quarters. A look costs some 10 us, a worker that
 * blocks unannounced two of them. */
#define WF_MONITOR_NAP_NS 2000000
#define WF_MONITOR_NAP_MAX_NS 5000000
/* After so many looks at which it was not needed it parks: who rings it awake pays 7 us. */
#define WF_MONITOR_LINGERS 8
/* How often it looks, needed by nobody, whether who stands still runs again. */
#define WF_MONITOR_REST_NS 40000000

/* Slots of a run queue's first ring, a power of two; it doubles. */
#ifndef WF_RING_ITEMS
#define WF_RING_ITEMS 256
#endif
/* Fewer dead items in an inbox than this are not worth a sweep. */
#ifndef WF_DEAD_MIN
#define WF_DEAD_MIN 64
#endif

/* Tasks that a place fetches from an inbox at once: one lock for so many; others may steal them from it. */
#define WF_BATCH 32
/* A waiter for the end of a chain remembers so much of it. */
#define WF_WAY 64
/* Who waits looks round so often where nobody tells: for one of several, where there are serial executors; for a turn in an
 * executor that a stream outlived; in a task, for a series or a stream's item. */
#define WF_LOOK_NS 1000000
/* weft_tune: its budget; a sample that takes less is too little to be worth threads. */
#define WF_TUNE_NS INT64_C(2000000000)
#define WF_LITTLE_NS 100000
/* Ageing: of so many tasks from outside one at least is of normal or low priority, if there is one; of so many, one of low
 * priority. The second is a multiple of the first. */
#define WF_AGE_NORMAL 16
#define WF_AGE_LOW 64
/* An executor's runner goes to the end of the pool's queue after so many tasks, so that others get their turn. */
#define WF_RUNNER_TASKS 32
/* How many branches of a composed future a waiter follows in search of something to run, each time. */
#define WF_HELP_LOOKS 4096
/* A place with tasks of its own looks at the inbox first at every so many tasks (a prime: no rhythm of the
 * program's falls in with it). */
#define WF_INBOX_EVERY 61
/* Who waits for a worker process looks so often whether the call should stop; all else tells him. */
#define WF_FAR_LOOK_NS 10000000
/* A worker process has so long to begin, and one that was told to end, or a task to stop, to do so unless said otherwise. */
#define WF_FAR_BEGIN_NS INT64_C(30000000000)
#define WF_FAR_GRACE_NS INT64_C(1000000000)
/* Items of a map that go to a worker process at once, and their bytes: a call costs some 10 us, and what was written there is to be
 * in a cache still when it is read. */
#define WF_FAR_ITEMS 1024
#define WF_FAR_ITEMS_BYTES ((size_t)1 << 20)
/* So many of a stream that they last about this long; over ranks the way there and back takes longer. */
#define WF_FAR_CHUNK_NS 200000
#define WF_RANKS_CHUNK_NS 2000000
/* Calls in the ring of a worker process, and bytes of one that needs no large room. */
#ifndef WF_CALLS
#define WF_CALLS 16
#endif
#define WF_CALL_SMALL ((size_t)4096)
/* Room for a call's bytes unless said otherwise: address space. What a call touched beyond the second is given back. */
#define WF_AREA_BYTES ((size_t)64 << 20)
#define WF_AREA_KEPT ((size_t)16 << 20)
/* Blocks of the program that a worker process keeps mapped for later calls. */
#define WF_VIEWS_KEPT 64
/* Shelves of task records for threads outside, which share them. */
#define WF_SHELVES_OUTSIDE 8

#endif
