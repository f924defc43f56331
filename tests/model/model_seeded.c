/* SPDX-License-Identifier: MIT */
/* model/seeded.c - the checker itself: bugs planted in locks, in what is published, in who sleeps (seeded.h). */
#include "seeded.h"

static int counter; /* plain: what locks and orders protect */
static int flag, other_flag, turn;
static uint32_t word;

static void counted_2(void)
{
    mc_assert(counter == 2);
}

/* ---- locks --------------------------------------------------------------------------------------- */

BOTH(spin_unlock)
{
    while (SWAP(flag, 1, ACQUIRE))
        mc_pause();
    counter++;
    if (right)
        SET(flag, 0, RELEASE);
    else
        SET(flag, 0, RELAXED);
}

BOTH(spin_lock)
{
    while (right ? SWAP(flag, 1, ACQUIRE) : SWAP(flag, 1, RELAXED))
        mc_pause();
    counter++;
    SET(flag, 0, RELEASE);
}

/* Dijkstra's report of Dekker's test (1965): who sees the other's flag gives up. */
static inline __attribute__((always_inline)) void dekker(int *mine, int *theirs, bool right)
{
    SET(*mine, 1, RELAXED);
    if (right)
        FENCE(SEQ_CST);
    if (!GET(*theirs, ACQUIRE))
        counter++;
    SET(*mine, 0, RELEASE);
}
BOTH(dekker0)
{
    dekker(&flag, &other_flag, right);
}
BOTH(dekker1)
{
    dekker(&other_flag, &flag, right);
}

/* Peterson 1981; with an exchange, that is enough (Williams 2008). */
static inline __attribute__((always_inline)) void peterson(int *mine, int *theirs, int me, bool right)
{
    SET(*mine, 1, RELAXED);
    if (right)
        SWAP(turn, !me, ACQ_REL);
    else
        SET(turn, !me, RELEASE);
    while (GET(*theirs, ACQUIRE) && GET(turn, ACQUIRE) == !me)
        mc_pause();
    counter++;
    SET(*mine, 0, RELEASE);
}
BOTH(peterson0)
{
    peterson(&flag, &other_flag, 0, right);
}
BOTH(peterson1)
{
    peterson(&other_flag, &flag, 1, right);
}

static int next_ticket, served;
BOTH(ticket)
{
    int mine = right ? ADD(next_ticket, 1, RELAXED) : GET(next_ticket, RELAXED);
    if (!right)
        SET(next_ticket, mine + 1, RELAXED);
    while (GET(served, ACQUIRE) != mine)
        mc_pause();
    counter++;
    SET(served, mine + 1, RELEASE);
}

/* Readers count in steps of 2, the writer is 1. */
static int holders, seen_by_reader;
BOTH(write_locked)
{
    int nobody = 0;
    while (right ? !SWAP_IF(holders, &nobody, 1, ACQUIRE) : ADD(holders, 1, ACQUIRE) & 1) {
        nobody = 0;
        mc_pause();
    }
    counter = 2;
    ADD(holders, -1, RELEASE);
}
static void read_locked(void)
{
    while (ADD(holders, 2, ACQUIRE) & 1) {
        ADD(holders, -2, RELAXED);
        mc_pause();
    }
    seen_by_reader = counter;
    ADD(holders, -2, RELEASE);
}
static void seen_whole(void)
{
    mc_assert(seen_by_reader == 0 || seen_by_reader == 2);
}

static inline __attribute__((always_inline)) void take_both(int *first, int *second)
{
    while (SWAP(*first, 1, ACQUIRE))
        mc_pause();
    while (SWAP(*second, 1, ACQUIRE))
        mc_pause();
    counter++;
    SET(*second, 0, RELEASE);
    SET(*first, 0, RELEASE);
}
static void take_in_order(void)
{
    take_both(&flag, &other_flag);
}
static void take_in_other_order(void)
{
    take_both(&other_flag, &flag);
}

/* Each waits for the other to begin; the wrong one says so only then. */
static inline __attribute__((always_inline)) void meet(int *mine, int *theirs, bool first)
{
    if (first)
        SET(*mine, 1, RELEASE);
    while (!GET(*theirs, ACQUIRE))
        mc_pause();
    SET(*mine, 1, RELEASE);
}
static void meet0(void)
{
    meet(&flag, &other_flag, false);
}
BOTH(meet1)
{
    meet(&other_flag, &flag, right);
}

/* ---- publishing ---------------------------------------------------------------------------------- */

static int ring[2], put, taken[2];
BOTH(produce)
{
    for (int i = 0; i < 2; i++) {
        ring[i] = i + 1;
        if (right)
            SET(put, i + 1, RELEASE);
        else
            SET(put, i + 1, RELAXED);
    }
}
static void consume(void)
{
    for (int i = 0; i < 2; i++) {
        while (GET(put, ACQUIRE) <= i)
            mc_pause();
        taken[i] = ring[i];
    }
}
static void consumed(void)
{
    mc_assert(taken[0] == 1 && taken[1] == 2);
}

static int sequence, left, right_half;
static void seq_write(void)
{
    SET(sequence, 1, RELAXED);
    FENCE(RELEASE);
    SET(left, 1, RELAXED);
    SET(right_half, 1, RELAXED);
    SET(sequence, 2, RELEASE);
}
BOTH(seq_read)
{
    int before = GET(sequence, ACQUIRE), l = GET(left, RELAXED), r = GET(right_half, RELAXED);
    if (right)
        FENCE(ACQUIRE);
    if (!(before & 1) && GET(sequence, RELAXED) == before)
        mc_assert(l == r);
}

BOTH(count_up)
{
    int was = GET(flag, RELAXED), with = was + 1;
    while (!SWAP_IF(flag, &was, with, ACQUIRE))
        if (right)
            with = was + 1;
}
static void flag_is_2(void)
{
    mc_assert(flag == 2);
}

/* ---- sleep --------------------------------------------------------------------------------------- */

static uint32_t epoch, sleepers;
BOTH(await_event)
{
    while (!GET(flag, ACQUIRE)) {
        ADD(sleepers, 1, SEQ_CST);
        uint32_t key = GET(epoch, ACQUIRE);
        FENCE(SEQ_CST);
        if (right && GET(flag, ACQUIRE))
            break;
        mc_futex_wait(&epoch, key, false);
    }
}
BOTH(notify_event)
{
    SET(flag, 1, RELEASE);
    if (right)
        FENCE(SEQ_CST);
    if (GET(sleepers, RELAXED)) {
        ADD(epoch, 1, RELEASE);
        mc_futex_wake(&epoch, UINT32_MAX);
    }
}

/* The word's value must be the one from before the look. */
BOTH(wait_for_flag)
{
    for (;;) {
        uint32_t before = GET(word, ACQUIRE);
        if (GET(flag, ACQUIRE))
            return;
        mc_futex_wait(&word, right ? before : GET(word, ACQUIRE), false);
    }
}
BOTH(wake_for_flag)
{
    SET(flag, 1, RELEASE);
    ADD(word, 1, RELEASE);
    mc_futex_wake(&word, right ? UINT32_MAX : 1);
}

/* One word for two conditions: who is woken and is not meant sleeps again. */
static inline __attribute__((always_inline)) void wait_for(int *which)
{
    for (;;) {
        uint32_t before = GET(word, ACQUIRE);
        if (GET(*which, ACQUIRE))
            return;
        mc_futex_wait(&word, before, false);
    }
}
static void wait_for_0(void)
{
    wait_for(&flag);
}
static void wait_for_1(void)
{
    wait_for(&other_flag);
}

static const mc_scenario scenarios[] = {
    {RIGHT("spin_unlock"), .thread = {spin_unlock_right, spin_unlock_right}, .check = counted_2, U},
    {WRONG("spin_unlock", "race"), .thread = {spin_unlock_wrong, spin_unlock_wrong}, U},
    {RIGHT("spin_lock"), .thread = {spin_lock_right, spin_lock_right}, .check = counted_2, U},
    {WRONG("spin_lock", "race"), .thread = {spin_lock_wrong, spin_lock_wrong}, U},
    {RIGHT("dekker"), .thread = {dekker0_right, dekker1_right}, U},
    {WRONG("dekker", "race"), .thread = {dekker0_wrong, dekker1_wrong}, U},
    {RIGHT("peterson"), .thread = {peterson0_right, peterson1_right}, .check = counted_2, U},
    {WRONG("peterson", "race"), .thread = {peterson0_wrong, peterson1_wrong}, U},
    {RIGHT("ticket"), .thread = {ticket_right, ticket_right}, .check = counted_2, U},
    {WRONG("ticket", "spins for ever"), .thread = {ticket_wrong, ticket_wrong}, U},
    {RIGHT("read_write_lock"), .thread = {write_locked_right, read_locked}, .check = seen_whole, .bound = 3},
    {WRONG("read_write_lock", "race"), .thread = {write_locked_wrong, read_locked}, .check = seen_whole,
     .bound = 3},
    {RIGHT("lock_order"), .thread = {take_in_order, take_in_order}, .check = counted_2, .bound = 3},
    {WRONG("lock_order", "spins for ever"), .thread = {take_in_order, take_in_other_order}, .bound = 3},
    {RIGHT("meet"), .thread = {meet0, meet1_right}, U},
    {WRONG("meet", "spins for ever"), .thread = {meet0, meet1_wrong}, U},

    {RIGHT("ring"), .thread = {produce_right, consume}, .check = consumed, U},
    {WRONG("ring", "race"), .thread = {produce_wrong, consume}, U},
    {RIGHT("seqlock"), .thread = {seq_write, seq_read_right}, U},
    {WRONG("seqlock", "l == r"), .thread = {seq_write, seq_read_wrong}, U},
    {RIGHT("exchange_loop"), .thread = {count_up_right, count_up_right}, .check = flag_is_2, U},
    {WRONG("exchange_loop", "flag == 2"), .thread = {count_up_wrong, count_up_wrong}, .check = flag_is_2, U},

    {RIGHT("event"), .thread = {await_event_right, notify_event_right}, U},
    {WRONG("event_no_second_look", "sleeps for ever"), .thread = {await_event_wrong, notify_event_right}, U},
    {WRONG("event_no_fence", "sleeps for ever"), .thread = {await_event_right, notify_event_wrong}, U},
    {RIGHT("futex"), .thread = {wait_for_flag_right, wake_for_flag_right}, .spurious = 1, U},
    {WRONG("futex", "sleeps for ever"), .thread = {wait_for_flag_wrong, wake_for_flag_right}, U},
    {RIGHT("wake_all"), .thread = {wait_for_flag_right, wait_for_flag_right, wake_for_flag_right},
     .bound = 3},
    {WRONG("wake_all", "sleeps for ever"),
     .thread = {wait_for_flag_right, wait_for_flag_right, wake_for_flag_wrong}, .bound = 3},
    {RIGHT("wake_who_is_meant"), .thread = {wait_for_0, wait_for_1, wake_for_flag_right}, .daemons = 2,
     .bound = 2},
    {WRONG("wake_who_is_meant", "thread 0 sleeps for ever"),
     .thread = {wait_for_0, wait_for_1, wake_for_flag_wrong}, .daemons = 2, .bound = 2},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
