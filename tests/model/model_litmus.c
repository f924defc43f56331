/* SPDX-License-Identifier: MIT */
/*
 * model/litmus.c - the checker itself: litmus tests, each with all outcomes that C++20 [intro.races] and
 * [atomics.order] allow, no more and no fewer. The names are the literature's (Alglave, Maranget & Tautschnig 2014).
 *
 * Where the checker shows less than the rules allow (README.md), the name says what is not shown.
 * a, b, c, d are what was read, in the order of the threads; x, y, z what is left there.
 */
#include <urcu/urcu-memb.h>

#include "checker/mc.h"

static int x, y, z, a, b, c, d;
static uint32_t word;

#define SET(location, value, order) __atomic_store_n(&location, value, __ATOMIC_##order)
#define GET(result, location, order) result = __atomic_load_n(&location, __ATOMIC_##order)
#define ADD(location, value, order) __atomic_fetch_add(&location, value, __ATOMIC_##order)
#define FENCE(order) __atomic_thread_fence(__ATOMIC_##order)
#define THREAD(name, ...)  \
    static void name(void) \
    {                      \
        __VA_ARGS__        \
    }
#define OUTCOME(name, ...) THREAD(name, mc_outcome(__VA_ARGS__);)

OUTCOME(only_a, "%d", a)
OUTCOME(ab, "%d%d", a, b)
OUTCOME(abc, "%d%d%d", a, b, c)
OUTCOME(abcd, "%d%d%d%d", a, b, c, d)
OUTCOME(a_and_x, "%d%d", a, x)
OUTCOME(b_and_c, "%d,%d", b, c)
OUTCOME(xy, "%d%d", x, y)
OUTCOME(y_and_a, "%d%d", y, a)
OUTCOME(y_and_ab, "%d%d%d", y, a, b)

/* One access, or two. */
THREAD(x_rlx, SET(x, 1, RELAXED);)
THREAD(x_rel, SET(x, 1, RELEASE);)
THREAD(x_sc, SET(x, 1, SEQ_CST);)
THREAD(y_rel, SET(y, 1, RELEASE);)
THREAD(y_sc, SET(y, 1, SEQ_CST);)
THREAD(x_is_2, SET(x, 2, RELAXED);)
THREAD(x_then_y, SET(x, 1, RELAXED); SET(y, 1, RELAXED);)
THREAD(x_then_y_rel, SET(x, 1, RELAXED); SET(y, 1, RELEASE);)
THREAD(x_fence_y, SET(x, 1, RELAXED); FENCE(RELEASE); SET(y, 1, RELAXED);)
THREAD(x_sc_fence_y, SET(x, 1, RELAXED); FENCE(SEQ_CST); SET(y, 1, RELAXED);)
THREAD(x_sc_y_sc, SET(x, 1, SEQ_CST); SET(y, 1, SEQ_CST);)

/* ---- SB: may both miss the other's store? ------------------------------------------------------- */

THREAD(sb0_rlx, SET(x, 1, RELAXED); GET(a, y, RELAXED);)
THREAD(sb1_rlx, SET(y, 1, RELAXED); GET(b, x, RELAXED);)
THREAD(sb0_ra, SET(x, 1, RELEASE); GET(a, y, ACQUIRE);)
THREAD(sb1_ra, SET(y, 1, RELEASE); GET(b, x, ACQUIRE);)
THREAD(sb0_sc, SET(x, 1, SEQ_CST); GET(a, y, SEQ_CST);)
THREAD(sb1_sc, SET(y, 1, SEQ_CST); GET(b, x, SEQ_CST);)
THREAD(sb0_sc_store, SET(x, 1, SEQ_CST); GET(a, y, RELAXED);)
THREAD(sb1_sc_store, SET(y, 1, SEQ_CST); GET(b, x, RELAXED);)
THREAD(sb0_fence, SET(x, 1, RELAXED); FENCE(SEQ_CST); GET(a, y, RELAXED);)
THREAD(sb1_fence, SET(y, 1, RELAXED); FENCE(SEQ_CST); GET(b, x, RELAXED);)
THREAD(sb1_weak_fence, SET(y, 1, RELAXED); FENCE(ACQ_REL); GET(b, x, RELAXED);)
THREAD(sb1_everywhere, SET(y, 1, RELAXED); mc_fence_everywhere(); GET(b, x, RELAXED);)
THREAD(sb0_add, ADD(x, 1, SEQ_CST); GET(a, y, SEQ_CST);)

/* ---- MP: who sees the flag, does it see the data? ------------------------------------------------ */

THREAD(mp_rlx, GET(a, y, RELAXED); GET(b, x, RELAXED);)
THREAD(mp_acq, GET(a, y, ACQUIRE); GET(b, x, RELAXED);)
THREAD(mp_fence, GET(a, y, RELAXED); FENCE(ACQUIRE); GET(b, x, RELAXED);)
THREAD(mp_fence_early, FENCE(ACQUIRE); GET(a, y, RELAXED); GET(b, x, RELAXED);)
THREAD(fence_x_y, FENCE(RELEASE); SET(x, 1, RELAXED); SET(y, 1, RELAXED);)
THREAD(fence_x_fence_y, FENCE(RELEASE); SET(x, 1, RELAXED); FENCE(RELEASE); SET(y, 1, RELAXED);)
THREAD(z_rel, SET(z, 1, RELEASE);)
THREAD(y_z_fence_x, GET(a, y, RELAXED); GET(b, z, RELAXED); FENCE(ACQUIRE); GET(c, x, RELAXED);)
THREAD(x_if_y, mc_assert(!a || c);)
THREAD(x_plain, x = 1;)
THREAD(read_x, GET(a, x, RELAXED);)
THREAD(mp_plain, x = 42; SET(y, 1, RELEASE);)
THREAD(mp_plain_rlx, x = 42; SET(y, 1, RELAXED);)
THREAD(mp_plain_fence, x = 42; FENCE(RELEASE); SET(y, 1, RELAXED);)
THREAD(mp_spin, while (!__atomic_load_n(&y, __ATOMIC_ACQUIRE)) mc_pause(); a = x;)
THREAD(mp_spin_fence, while (!__atomic_load_n(&y, __ATOMIC_RELAXED)) mc_pause(); FENCE(ACQUIRE); a = x;)
THREAD(mp_spin_rlx, while (!__atomic_load_n(&y, __ATOMIC_RELAXED)) mc_pause(); a = x;)
THREAD(mp_spin_get, while (!__atomic_load_n(&y, __ATOMIC_ACQUIRE)) mc_pause(); GET(a, x, RELAXED);)

/* ---- release sequences --------------------------------------------------------------------------- */

THREAD(y_add, ADD(y, 10, RELAXED);)
THREAD(y_store, SET(y, 3, RELAXED);)
THREAD(y_rel_then_store, SET(x, 1, RELAXED); SET(y, 1, RELEASE); SET(y, 2, RELAXED);)
THREAD(y_rel_then_add, SET(x, 1, RELAXED); SET(y, 1, RELEASE); ADD(y, 1, RELAXED);)
THREAD(x_fence_add, SET(x, 1, RELAXED); FENCE(RELEASE); ADD(y, 1, RELAXED);)
THREAD(z_fence_add, SET(z, 1, RELAXED); FENCE(RELEASE); ADD(y, 1, RELAXED);)
THREAD(y_z_x, GET(a, y, ACQUIRE); GET(b, z, RELAXED); GET(c, x, RELAXED);)
THREAD(both_or_one, mc_assert(a < 2 || (b && c)); mc_assert(a < 1 || b || c);)
THREAD(bc_acq, GET(b, y, ACQUIRE); GET(c, x, RELAXED);)

/* ---- LB, 2+2W, S, R, coherence ------------------------------------------------------------------- */

THREAD(lb0, GET(a, x, RELAXED); SET(y, 1, RELAXED);)
THREAD(lb1, GET(b, y, RELAXED); SET(x, 1, RELAXED);)
THREAD(w0, SET(x, 1, RELAXED); SET(y, 2, RELAXED);)
THREAD(w1, SET(y, 1, RELAXED); SET(x, 2, RELAXED);)
THREAD(s0_rlx, SET(x, 2, RELAXED); SET(y, 1, RELAXED);)
THREAD(s0_rel, SET(x, 2, RELAXED); SET(y, 1, RELEASE);)
THREAD(s1_rlx, GET(a, y, RELAXED); SET(x, 1, RELAXED);)
THREAD(s1_acq, GET(a, y, ACQUIRE); SET(x, 1, RELAXED);)
THREAD(r1_rlx, SET(y, 2, RELAXED); GET(a, x, RELAXED);)
THREAD(r1_fence, SET(y, 2, RELAXED); FENCE(SEQ_CST); GET(a, x, RELAXED);)
THREAD(x_twice, SET(x, 1, RELAXED); SET(x, 2, RELAXED);)
THREAD(corr, GET(a, x, RELAXED); GET(b, x, RELAXED);)
THREAD(corr2, GET(c, x, RELAXED); GET(d, x, RELAXED);)
THREAD(cowr, SET(x, 1, RELAXED); GET(a, x, RELAXED);)
THREAD(corw, GET(a, x, RELAXED); SET(x, 1, RELAXED);)
static void one_order(void)
{
    mc_assert(!(a == 1 && b == 2 && c == 2 && d == 1) && !(a == 2 && b == 1 && c == 1 && d == 2));
}

/* ---- three threads, and four --------------------------------------------------------------------- */

THREAD(wrc1_rlx, GET(a, x, RELAXED); SET(y, 1, RELAXED);)
THREAD(wrc2_rlx, GET(b, y, RELAXED); GET(c, x, RELAXED);)
THREAD(wrc1_ra, GET(a, x, ACQUIRE); SET(y, 1, RELEASE);)
THREAD(isa1, GET(a, y, ACQUIRE); SET(z, 1, RELEASE);)
THREAD(isa2, GET(b, z, ACQUIRE); GET(c, x, RELAXED);)
THREAD(isa2_rlx, GET(b, z, RELAXED); GET(c, x, RELAXED);)
THREAD(rwc1, GET(a, x, ACQUIRE); GET(b, y, ACQUIRE);)
THREAD(rwc2, SET(y, 1, RELEASE); GET(c, x, ACQUIRE);)
THREAD(rwc1_fence, GET(a, x, RELAXED); FENCE(SEQ_CST); GET(b, y, RELAXED);)
THREAD(rwc2_fence, SET(y, 1, RELAXED); FENCE(SEQ_CST); GET(c, x, RELAXED);)
THREAD(z6_1, SET(y, 2, RELEASE); SET(z, 1, RELEASE);)
THREAD(z6_2, GET(a, z, ACQUIRE); GET(b, x, RELAXED);)
THREAD(z6_1_sc, SET(y, 2, SEQ_CST); SET(z, 1, SEQ_CST);)
THREAD(z6_2_sc, GET(a, z, SEQ_CST); GET(b, x, SEQ_CST);)
THREAD(z6u_0, SET(x, 1, SEQ_CST); SET(y, 1, RELEASE);)
THREAD(z6u_1, a = ADD(y, 1, SEQ_CST); GET(b, y, RELAXED);)
THREAD(z6u_2, SET(y, 3, SEQ_CST); GET(c, x, SEQ_CST);)
THREAD(z6u_not_shown, mc_assert(!(a == 1 && b == 3 && c == 0));)
THREAD(iriw2, GET(a, x, ACQUIRE); GET(b, y, ACQUIRE);)
THREAD(iriw3, GET(c, y, ACQUIRE); GET(d, x, ACQUIRE);)
THREAD(iriw2_sc, GET(a, x, SEQ_CST); GET(b, y, SEQ_CST);)
THREAD(iriw3_sc, GET(c, y, SEQ_CST); GET(d, x, SEQ_CST);)
THREAD(iriw3_fence, GET(c, y, RELAXED); FENCE(SEQ_CST); GET(d, x, RELAXED);)

#define ALL_4 "00; 01; 10; 11;"
#define ALL_8 "000; 001; 010; 011; 100; 101; 110; 111;"
#define IRIW_SC "0000; 0001; 0010; 0011; 0100; 0101; 0110; 0111; 1000; 1001; 1011; 1100; 1101; 1110; 1111;"

/* ---- read-modify-writes -------------------------------------------------------------------------- */

THREAD(add0, a = ADD(x, 1, RELAXED);)
THREAD(add1, b = ADD(x, 1, RELAXED);)
static void fail_to_exchange(void)
{
    int expected = 7;
    GET(a, y, RELAXED);
    __atomic_compare_exchange_n(&x, &expected, 8, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    b = expected;
}
static void fail_to_exchange_acquiring(void)
{
    int expected = 7;
    __atomic_compare_exchange_n(&y, &expected, 8, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    a = expected;
    GET(b, x, RELAXED);
}
static void weak_once(void)
{
    int expected = 0;
    a = __atomic_compare_exchange_n(&x, &expected, 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    mc_assert(expected == 0);
}
static void weak_until(void)
{
    int expected = 0;
    while (
        !__atomic_compare_exchange_n(&x, &expected, expected + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}
THREAD(read_plainly, d = x;)

/* ---- sleep, pause -------------------------------------------------------------------------------- */

THREAD(sleep_then_a, ADD(x, 1, RELAXED); mc_futex_wait(&word, 0, false); a = 1;)
THREAD(sleep_then_b, ADD(x, 1, RELAXED); mc_futex_wait(&word, 0, false); b = 1;)
THREAD(wake_one, c = ADD(x, 0, RELAXED); mc_futex_wake(&word, 1);)
OUTCOME(cab, "%d%d%d", c, a, b)
THREAD(sleep_a_while, mc_futex_wait(&word, 0, true); a = (int)mc_timeouts();)
THREAD(change_word, ADD(word, 1, RELAXED); mc_futex_wake(&word, 1);)

/* It gives up after one look: it may be all done before the other thread begins. */
THREAD(look_once, GET(b, y, RELAXED); mc_pause(); ADD(x, 1, RELAXED);)
THREAD(count_x, a = ADD(x, 0, RELAXED);)
/* A lock that waiters write to: they must not keep each other busy for ever. */
static void add_in_lock(void)
{
    while (__atomic_exchange_n(&y, 1, __ATOMIC_ACQUIRE))
        mc_pause();
    a++;
    SET(y, 0, RELEASE);
}

/* A grace period that begins between the two steps does not wait for this reader. */
THREAD(read_section, urcu_memb_register_thread(); ADD(x, 1, RELAXED); urcu_memb_read_lock();
       GET(a, z, RELAXED); urcu_memb_read_unlock();)
THREAD(look_then_grace, b = ADD(x, 0, RELAXED); urcu_memb_synchronize_rcu(); SET(z, 1, RELAXED);)

/* ---- plain accesses to what is an atomic location, too ------------------------------------------- */

static union {
    uint64_t all;
    uint32_t half[2];
} pair;
THREAD(set_pair, __atomic_store_n(&pair.all, UINT64_MAX, __ATOMIC_RELAXED); SET(y, 1, RELEASE);)
THREAD(read_half, a = (int)(pair.half[1] & 1);)
THREAD(write_half, while (!__atomic_load_n(&y, __ATOMIC_ACQUIRE)) mc_pause(); pair.half[1] = 0;
       a = __atomic_load_n(&pair.all, __ATOMIC_RELAXED) == UINT32_MAX;)
THREAD(again_plain, SET(x, 1, RELAXED); x = 2; x = 3; SET(y, 1, RELEASE);)

#define U .bound = MC_UNBOUNDED
static const mc_scenario scenarios[] = {
    {.name = "sb_relaxed", .thread = {sb0_rlx, sb1_rlx}, .check = ab, U, .outcomes = ALL_4},
    {.name = "sb_acq_rel", .thread = {sb0_ra, sb1_ra}, .check = ab, U, .outcomes = ALL_4},
    {.name = "sb_sc", .thread = {sb0_sc, sb1_sc}, .check = ab, U, .outcomes = "01; 10; 11;"},
    {.name = "sb_sc_add", .thread = {sb0_add, sb1_sc}, .check = ab, U, .outcomes = "01; 10; 11;"},
    {.name = "sb_sc_fences", .thread = {sb0_fence, sb1_fence}, .check = ab, U, .outcomes = "01; 10; 11;"},
    {.name = "sb_sc_fence_and_sc", .thread = {sb0_sc, sb1_fence}, .check = ab, U, .outcomes = "01; 10; 11;"},
    {.name = "sb_sc_stores_only", .thread = {sb0_sc_store, sb1_sc_store}, .check = ab, U, .outcomes = ALL_4},
    {.name = "sb_sc_fence_and_sc_store",
     .thread = {sb0_sc_store, sb1_fence},
     .check = ab,
     U,
     .outcomes = ALL_4},
    {.name = "sb_one_fence", .thread = {sb0_rlx, sb1_fence}, .check = ab, U, .outcomes = ALL_4},
    {.name = "sb_weak_fence", .thread = {sb0_fence, sb1_weak_fence}, .check = ab, U, .outcomes = ALL_4},
    {.name = "sb_membarrier", .thread = {sb0_rlx, sb1_everywhere}, .check = ab, U, .outcomes = "01; 10; 11;"},

    {.name = "mp_relaxed", .thread = {x_then_y, mp_rlx}, .check = ab, U, .outcomes = ALL_4},
    {.name = "mp_release_only", .thread = {x_then_y_rel, mp_rlx}, .check = ab, U, .outcomes = ALL_4},
    {.name = "mp_acquire_only", .thread = {x_then_y, mp_acq}, .check = ab, U, .outcomes = ALL_4},
    {.name = "mp_rel_acq", .thread = {x_then_y_rel, mp_acq}, .check = ab, U, .outcomes = "00; 01; 11;"},
    {.name = "mp_fence_acq", .thread = {x_fence_y, mp_acq}, .check = ab, U, .outcomes = "00; 01; 11;"},
    {.name = "mp_rel_fence", .thread = {x_then_y_rel, mp_fence}, .check = ab, U, .outcomes = "00; 01; 11;"},
    {.name = "mp_fences", .thread = {x_fence_y, mp_fence}, .check = ab, U, .outcomes = "00; 01; 11;"},
    {.name = "mp_fence_before_read",
     .thread = {x_fence_y, mp_fence_early},
     .check = ab,
     U,
     .outcomes = ALL_4},
    {.name = "mp_fence_before_stores", .thread = {fence_x_y, mp_acq}, .check = ab, U, .outcomes = ALL_4},
    {.name = "mp_second_fence",
     .thread = {fence_x_fence_y, mp_acq},
     .check = ab,
     U,
     .outcomes = "00; 01; 11;"},
    {.name = "mp_fence_after_two", .thread = {x_then_y_rel, z_rel, y_z_fence_x}, .check = x_if_y, U},
    {.name = "plain_store_atomic_load", .thread = {x_plain, read_x}, U, .finds = "race"},
    {.name = "mp_sc_fence_one_side", .thread = {x_sc_fence_y, mp_rlx}, .check = ab, U, .outcomes = ALL_4},
    {.name = "mp_plain", .thread = {mp_plain, mp_spin}, .check = only_a, U, .outcomes = "42;"},
    {.name = "mp_plain_fences",
     .thread = {mp_plain_fence, mp_spin_fence},
     .check = only_a,
     U,
     .outcomes = "42;"},
    {.name = "mp_plain_relaxed", .thread = {mp_plain_rlx, mp_spin}, U, .finds = "race: plain read"},
    {.name = "mp_plain_not_acquired", .thread = {mp_plain, mp_spin_rlx}, U, .finds = "race: plain read"},

    {.name = "release_sequence_others_add",
     .thread = {x_then_y_rel, y_add, bc_acq},
     .check = b_and_c,
     U,
     .outcomes = "0,0; 0,1; 1,1; 10,0; 10,1; 11,1;"},
    {.name = "release_sequence_own_add",
     .thread = {y_rel_then_add, bc_acq},
     .check = b_and_c,
     U,
     .outcomes = "0,0; 0,1; 1,1; 2,1;"},
    {.name = "release_sequence_not_own_store",
     .thread = {y_rel_then_store, bc_acq},
     .check = b_and_c,
     U,
     .outcomes = "0,0; 0,1; 1,1; 2,0; 2,1;"},
    {.name = "release_sequence_not_others_store",
     .thread = {x_then_y_rel, y_store, bc_acq},
     .check = b_and_c,
     U,
     .outcomes = "0,0; 0,1; 1,1; 3,0; 3,1;"},

    {.name = "release_sequence_of_fences",
     .thread = {x_fence_add, z_fence_add, y_z_x},
     .check = both_or_one,
     U},

    {.name = "lb_11_is_not_shown", .thread = {lb0, lb1}, .check = ab, U, .outcomes = "00; 01; 10;"},
    {.name = "2+2w_11_is_not_shown", .thread = {w0, w1}, .check = xy, U, .outcomes = "12; 21; 22;"},
    {.name = "s_relaxed_12_is_not_shown",
     .thread = {s0_rlx, s1_rlx},
     .check = a_and_x,
     U,
     .outcomes = "01; 02; 11;"},
    {.name = "s_rel_acq", .thread = {s0_rel, s1_acq}, .check = a_and_x, U, .outcomes = "01; 02; 11;"},
    {.name = "r_relaxed", .thread = {x_then_y, r1_rlx}, .check = y_and_a, U, .outcomes = "10; 11; 20; 21;"},
    {.name = "r_sc_fences",
     .thread = {x_sc_fence_y, r1_fence},
     .check = y_and_a,
     U,
     .outcomes = "10; 11; 21;"},
    {.name = "corr", .thread = {x_twice, corr}, .check = ab, U, .outcomes = "00; 01; 02; 11; 12; 22;"},
    {.name = "corr_one_order_for_all",
     .thread = {x_rlx, x_is_2, corr, corr2},
     .check = one_order,
     .bound = 3},
    {.name = "cowr", .thread = {cowr, x_is_2}, .check = a_and_x, U, .outcomes = "11; 12; 22;"},
    {.name = "corw", .thread = {corw, x_is_2}, .check = a_and_x, U, .outcomes = "01; 02; 21;"},

    {.name = "wrc_relaxed", .thread = {x_rlx, wrc1_rlx, wrc2_rlx}, .check = abc, U, .outcomes = ALL_8},
    {.name = "wrc_rel_acq",
     .thread = {x_rel, wrc1_ra, bc_acq},
     .check = abc,
     U,
     .outcomes = "000; 001; 010; 011; 100; 101; 111;"},
    {.name = "isa2_rel_acq",
     .thread = {x_then_y_rel, isa1, isa2},
     .check = abc,
     U,
     .outcomes = "000; 001; 010; 011; 100; 101; 111;"},
    {.name = "isa2_last_relaxed",
     .thread = {x_then_y_rel, isa1, isa2_rlx},
     .check = abc,
     U,
     .outcomes = ALL_8},
    {.name = "rwc_acq_rel", .thread = {x_rel, rwc1, rwc2}, .check = abc, U, .outcomes = ALL_8},
    {.name = "rwc_sc_fences",
     .thread = {x_rlx, rwc1_fence, rwc2_fence},
     .check = abc,
     U,
     .outcomes = "000; 001; 010; 011; 101; 110; 111;"},
    {.name = "z6_rel_acq",
     .thread = {x_then_y_rel, z6_1, z6_2},
     .check = y_and_ab,
     U,
     .outcomes = "100; 101; 110; 111; 200; 201; 210; 211;"},
    {.name = "z6_sc",
     .thread = {x_sc_y_sc, z6_1_sc, z6_2_sc},
     .check = y_and_ab,
     U,
     .outcomes = "100; 101; 110; 111; 200; 201; 211;"},
    {.name = "z6u_130_is_not_shown", .thread = {z6u_0, z6u_1, z6u_2}, .check = z6u_not_shown, U},
    {.name = "iriw_acq_rel",
     .thread = {x_rel, y_rel, iriw2, iriw3},
     .check = abcd,
     U,
     .outcomes = IRIW_SC " 1010;"},
    {.name = "iriw_sc", .thread = {x_sc, y_sc, iriw2_sc, iriw3_sc}, .check = abcd, U, .outcomes = IRIW_SC},
    {.name = "iriw_sc_fences",
     .thread = {x_rel, y_rel, rwc1_fence, iriw3_fence},
     .check = abcd,
     U,
     .outcomes = IRIW_SC},

    {.name = "adds_are_atomic", .thread = {add0, add1}, .check = ab, U, .outcomes = "01; 10;"},
    {.name = "failed_exchange_reads_old",
     .thread = {x_then_y, fail_to_exchange},
     .check = ab,
     U,
     .outcomes = ALL_4},
    {.name = "failed_exchange_acquires",
     .thread = {x_then_y_rel, fail_to_exchange_acquiring},
     .check = ab,
     U,
     .outcomes = "00; 01; 11;"},
    {.name = "failed_exchange_is_no_store",
     .thread = {read_plainly, fail_to_exchange},
     .check = ab,
     U,
     .outcomes = "00;"},
    {.name = "weak_exchange_fails", .thread = {weak_once}, .check = a_and_x, U, .outcomes = "00; 11;"},
    {.name = "weak_exchange_in_a_loop",
     .thread = {weak_until, weak_until},
     .check = xy,
     U,
     .outcomes = "20;"},

    {.name = "wake_one_wakes_any",
     .thread = {sleep_then_a, sleep_then_b, wake_one},
     .daemons = 3,
     .check = cab,
     .bound = 0,
     .outcomes = "000; 110; 101; 210; 201;"},
    {.name = "time_out_if_nothing_else", .thread = {sleep_a_while}, .check = only_a, U, .outcomes = "1;"},
    {.name = "time_out_early",
     .thread = {sleep_a_while, change_word},
     .check = only_a,
     .bound = 3,
     .timeouts = 1,
     .outcomes = "0; 1;"},
    {.name = "no_time_out_early",
     .thread = {sleep_a_while, change_word},
     .check = only_a,
     .bound = 3,
     .outcomes = "0;"},
    {.name = "pause_and_give_up", .thread = {look_once, count_x}, .check = only_a, U, .outcomes = "0; 1;"},
    {.name = "pauses_are_fair",
     .thread = {add_in_lock, add_in_lock, add_in_lock},
     .check = only_a,
     .bound = 2,
     .outcomes = "3;"},

    {.name = "grace", .thread = {read_section, look_then_grace}, .check = ab, .bound = 3, .outcomes = ALL_4},

    {.name = "plain_read_of_half", .thread = {set_pair, read_half}, U, .finds = "race"},
    {.name = "plain_store_to_half", .thread = {set_pair, write_half}, .check = only_a, U, .outcomes = "1;"},
    {.name = "plain_stores_again",
     .thread = {again_plain, mp_spin_get},
     .check = only_a,
     U,
     .outcomes = "3;"},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
