/* SPDX-License-Identifier: MIT */
/* race_slab.c - three threads take blocks from their own and from shared shelves and give back each other's.
 *
 * - Blocks travel through a few mailboxes, so that most come back from a thread that did not take them.
 * - A block says in a plain word whether it is out: one that was handed out twice is seen by it, and by the
 *   sanitizer.
 * - No CHECK where all is well: its count would order what the slab has to order.
 * - A round ends with blocks in all hands: the slab is closed while all give back, and goes with the last one.
 *   Then each gives what lies in the mailboxes.
 */
#include "jitter.h"

#include "stress.h"

#include <sys/mman.h>

#include "../../runtime/data/slab.c" /* its own copy, with jitter */

enum { THREADS = 3, SHARED = 2, HELD = 40, MAILBOXES = 8, TURNS = 60000, ROUNDS = 8 };

typedef struct block {
    wf_block head;
    uint64_t out; /* plain */
    uint64_t rest[5];
} block;

static wf_slab *slab;
static block *mailbox[MAILBOXES];
static pthread_barrier_t barrier;
static void *somewhere; /* in the slab */

static block *take_block(int me, uint64_t draw)
{
    block *b = draw % 2 ? wf_slab_take(slab, (unsigned)me) : wf_slab_take_shared(slab, draw >> 8);
    if (!b) {
        CHECK(false, "memory");
        exit(tally_end());
    }
    if (b->out)
        CHECK(false, "%p is handed out twice", (void *)b);
    b->out = 1;
    return b;
}

static void give(block *b)
{
    if (!b)
        return;
    if (!b->out)
        CHECK(false, "%p is handed out twice, and was given back", (void *)b);
    b->out = 0;
    wf_slab_give(b);
}

static block *swap_mail(uint64_t draw, block *b)
{
    return __atomic_exchange_n(&mailbox[draw % MAILBOXES], b, __ATOMIC_ACQ_REL);
}

static bool is_mapped(void *address)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return !msync((void *)((uintptr_t)address / page * page), page, MS_ASYNC);
}

static void work(int me, int round)
{
    block *held[HELD] = {0};
    for (int turn = 0; turn < TURNS; turn++) {
        uint64_t draw = mix((uint64_t)((round * THREADS + me) * TURNS + turn));
        block **b = &held[draw % HELD];
        if (draw >> 60 < 4)
            *b = swap_mail(draw >> 8, *b);
        else if (!*b)
            *b = take_block(me, draw >> 8);
        else
            give(*b), *b = NULL;
    }
    if (me == 0)
        give(somewhere = take_block(0, 1));
    pthread_barrier_wait(&barrier); /* nobody takes any more */
    for (int i = 0; i < HELD; i++) {
        if (me == 0 && i == HELD / 2)
            wf_slab_close(slab);
        give(held[i]);
    }
}

static void *thread_main(void *arg)
{
    int me = (int)(intptr_t)arg;
    jitter_start(mix((uint64_t)me + 1));
    for (int round = 0; round < ROUNDS; round++) {
        if (me == 0)
            slab = wf_slab_create(sizeof(block), THREADS, SHARED);
        pthread_barrier_wait(&barrier);
        work(me, round);
        for (uint64_t i = 0; i < MAILBOXES; i++)
            give(swap_mail(i, NULL));
        pthread_barrier_wait(&barrier);
        if (me == 0 && !TALLY_SANITIZED) /* their own mappings may lie there by now */
            CHECK(!is_mapped(somewhere), "round %d: the slab went with its last block", round);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    stress_start("race_slab");
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (intptr_t i = 1; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, thread_main, (void *)i) == 0, "thread");
    thread_main(NULL);
    for (int i = 1; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    return tally_end();
}
