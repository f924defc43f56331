/* SPDX-License-Identifier: MIT */
/*
 * model/model_task.c - the record of a submitted task: who runs it, who waits, who cancels, who lets it go.
 *
 * The queue's taker, and each pair and three of the others with it (all products; the same one twice, too). Each has a
 * reference. The slab is closed already, so that the last release frees it: too early is a use after free, twice too,
 * never is seen at the end. The task's argument and result are plain.
 */
#include <stdio.h>

#include "base/atomic.h"
#include "checker/mc.h"
#include "data/task.h"
#include "os/memory.h"

enum { ARG = 5, RESULT = 6, STATUS = 7 };
static wf_slab *slab;
static wf_task *task;
static int arg, result, runs, cancels, reason;

static int body(void *given)
{
    mc_assert(*(int *)given == ARG);
    runs++;
    result = RESULT;
    return STATUS;
}

static void setup(unsigned references)
{
    slab = wf_slab_create(WF_TASK_BYTES, 1, 1);
    task = wf_slab_take(slab, 0);
    arg = ARG;
    wf_task_init(task, body, &arg, references);
    wf_slab_close(slab);
    mc_name(&task->word, sizeof task->word, "word");
    mc_name(&task->status, sizeof task->status, "status");
}

static void setup_two(void)
{
    setup(2);
}

static void setup_three(void)
{
    setup(3);
}

/* ---- parties -------------------------------------------------------------------------------------- */

/* A worker that met it in a queue. */
static void taker(void)
{
    if (wf_task_claim(task))
        (void)wf_task_complete(task, task->fn(task->arg), true);
    else
        wf_task_release(task);
}

/* A worker that met it while it sweeps dead tasks out; what is not dead it runs later. */
static void sweeper(void)
{
    if (wf_task_state_of(task) != WF_TASK_PENDING)
        wf_task_release(task);
    else
        taker();
}

/* It has ended: with what status? */
static void see_end(void)
{
    if (wf_task_state_of(task) == WF_TASK_DONE)
        mc_assert(task->status == STATUS && result == RESULT);
    else
        mc_assert(wf_task_state_of(task) == WF_TASK_CANCELLED);
}

/* Who has waited reads at once what the task wrote, and nobody else writes there. */
static void waited(void)
{
    mc_assert(result == RESULT || !result);
    see_end();
}

static void wait_and_release(void)
{
    mc_assert(wf_task_wait(task, WF_FOREVER));
    waited();
    wf_task_release(task);
}

/* A waiter inside the pool. */
static void take_over(void)
{
    if (wf_task_state_of(task) == WF_TASK_PENDING && wf_task_claim(task))
        (void)wf_task_complete(task, task->fn(task->arg), false);
    else
        wf_task_want(task);
    wait_and_release();
}

/* The clock stands at 0 until something times out. */
static void wait_a_while(void)
{
    if (wf_task_wait(task, 1))
        waited();
    wf_task_release(task);
}

static void spin(void)
{
    while (!wf_task_ended(task))
        wf_pause();
    see_end();
    wf_task_release(task);
}

static void cancel(void)
{
    switch (wf_task_cancel(task)) {
    case WF_TASK_PENDING:
        __atomic_fetch_add(&cancels, 1, __ATOMIC_RELAXED);
        break;
    case WF_TASK_DONE:
        mc_assert(task->status == STATUS && result == RESULT);
        break;
    default:
        break;
    }
    wf_task_release(task);
}

/* A second reference, which goes first. */
static void retain(void)
{
    mc_assert(wf_task_retain(task));
    wf_task_release(task);
    wf_task_release(task);
}

static void let_go(void)
{
    wf_task_release(task);
}

/* What was done before the cancel is seen by who hears of it. */
static void cancel_for_a_reason(void)
{
    reason = 1;
    cancel();
}

static void hear_the_reason(void)
{
    mc_assert(wf_task_wait(task, WF_FOREVER));
    if (wf_task_state_of(task) == WF_TASK_CANCELLED)
        mc_assert(reason);
    wf_task_release(task);
}

/* Run or cancelled, once; and gone. */
static void check(void)
{
    mc_assert(runs + cancels == 1);
    mc_assert(mc_freed(slab));
}

/* ---- products ------------------------------------------------------------------------------------- */

static const struct party {
    const char *name;
    void (*run)(void);
} parties[] = {
    {"take_over", take_over}, {"wait", wait_and_release}, {"wait_a_while", wait_a_while},
    {"spin", spin},           {"cancel", cancel},         {"retain", retain},
    {"let_go", let_go},
};
enum {
    PARTIES = sizeof parties / sizeof parties[0],
    MORE = 2,
    PRODUCTS = MORE + PARTIES + PARTIES * (PARTIES + 1) / 2
};

static char names[PRODUCTS][48];
static mc_scenario products[PRODUCTS];

static bool is_timed(const struct party *p)
{
    return p && p->run == wait_a_while;
}

static mc_scenario product(char *name, const struct party *a, const struct party *b)
{
    snprintf(name, sizeof names[0], b ? "take+%s+%s" : "take+%s", a->name, b ? b->name : "");
    return (mc_scenario){.name = name,
                         .setup = b ? setup_three : setup_two,
                         .thread = {taker, a->run, b ? b->run : NULL},
                         .check = check,
                         .bound = !b || b->run == let_go ? 3 : 2,
                         .timeouts = is_timed(a) || is_timed(b),
                         .spurious = !b};
}

int main(int argc, char **argv)
{
    size_t count = 0;
    products[count++] = (mc_scenario){.name = "sweep+cancel+cancel",
                                      .setup = setup_three,
                                      .thread = {sweeper, cancel, cancel},
                                      .check = check,
                                      .bound = 3};
    products[count++] = (mc_scenario){.name = "cancelled_for_a_reason",
                                      .setup = setup_three,
                                      .thread = {taker, cancel_for_a_reason, hear_the_reason},
                                      .check = check,
                                      .bound = 2};
    for (size_t i = 0; i < PARTIES; i++, count++)
        products[count] = product(names[count], &parties[i], NULL);
    for (size_t i = 0; i < PARTIES; i++)
        for (size_t j = i; j < PARTIES; j++, count++)
            products[count] = product(names[count], &parties[i], &parties[j]);
    return mc_main(argc, argv, products, count);
}
