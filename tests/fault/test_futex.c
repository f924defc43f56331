/* SPDX-License-Identifier: MIT */
/* test_futex.c - futex waits that return early for every reason, membarrier that is refused from the n-th call on.
 *
 * - Each answer at two rates, for each shape of pool; the injection counts what it did, and has to have done something.
 * - Runs with the inject library preloaded; without it (sanitized builds) it is skipped: test_signals.c and
 *   test_membarrier.c have the kernel itself do some of this there.
 */
#include "inject.h"
#include "scenes.h"

#include <dlfcn.h>

static inject_calls_fn *inject;
static inject_calls_read_fn *injected;

static void waits_return_early(const struct shape *shape, int futex, unsigned one_in)
{
    static const char *const names[] = {"", "EINTR", "woken", "EAGAIN", "any of three"};
    struct inject_calls_state state;
    char under[100];
    snprintf(under, sizeof under, "futex waits %s, one in %u", names[futex], one_in);
    inject(&(struct inject_calls){.futex = futex, .one_in = one_in, .seed = scenes_seed});
    play(shape, under);
    injected(&state);
    inject(NULL);
    CHECK(state.waits_cut > 0, "%s, %s: none of %ld was", under, shape->name, state.waits);
    CHECK(state.waits_cut < state.waits, "%s, %s: all %ld were", under, shape->name, state.waits);
}

/* Registered with success, then refused: in a task's forcing, or in a reclaim. */
static void membarrier_ends(const struct shape *shape, long after, int err)
{
    struct inject_calls_state state;
    char under[100];
    snprintf(under, sizeof under, "membarrier fails from the %ld. call on (%d)", after, err);
    inject(&(struct inject_calls){.membarrier_after = after, .membarrier_err = err});
    for (int i = 0; i < 20; i++) {
        play(shape, under);
        injected(&state);
        if (state.barriers_refused)
            break;
    }
    inject(NULL);
    CHECK(state.barriers_refused > 0, "%s, %s: %ld calls came", under, shape->name, state.barriers);
}

int main(void)
{
    tally_watch(360);
    void *found = dlsym(RTLD_DEFAULT, "inject_calls");
    memcpy(&inject, &found, sizeof found);
    found = dlsym(RTLD_DEFAULT, "inject_calls_read");
    memcpy(&injected, &found, sizeof found);
    if (!inject || !injected) {
        tally_skip("injected system calls",
                   "inject library not preloaded (sanitizers bring their own malloc)");
        return tally_end();
    }
    scenes_start();
    for (int i = 0; i < SHAPES; i++)
        for (int futex = INJECT_FUTEX_EINTR; futex <= INJECT_FUTEX_ANY; futex++) {
            waits_return_early(&shapes[i], futex, 2);
            waits_return_early(&shapes[i], futex, 10);
        }
    for (int i = 0; i < SHAPES; i++)
        for (long after = 1; after <= 4; after++)
            membarrier_ends(&shapes[i], after, after % 2 ? ENOSYS : EPERM);
    return tally_end();
}
