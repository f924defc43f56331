/* SPDX-License-Identifier: MIT */
/*
 * model/model_channel.c - calls and answers between two processes, in a ring of two: who sees the number sees the bytes, nobody
 * sleeps for ever, and a call is run or comes back, not both. The two sides are threads here; what they share is the same.
 */
#include <pthread.h>

#include "checker/mc.h"
#include "os/futex.h"
#include "proc/channel.h"

static wf_channel parent, child;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool dead; /* under lock: the keeper's note */
static int got, back, ran;

static void setup(void)
{
    const wf_origins origins = {.parent = 0};
    mc_assert(wf_channel_open(&parent, 64, &origins) == 0);
    mc_assert(wf_channel_attach(&child, 0));
    mc_name(parent.shared, 4096, "shared");
}

static bool is_dead(void)
{
    pthread_mutex_lock(&lock);
    bool is = dead;
    pthread_mutex_unlock(&lock);
    return is;
}

/* ---- the parent's side --------------------------------------------------------------------------- */

static uint32_t ask(int argument)
{
    static const wf_call doubled = {
        .kind = WF_CALL_TASK, .arg_bytes = sizeof(int), .result_bytes = sizeof(int)};
    uint32_t number;
    mc_assert(wf_channel_room(&parent, 128, &number));
    wf_channel_ask(&parent, number, &doubled, &argument);
    return number;
}

/* Whether it was answered. */
static bool await(uint32_t number)
{
    uint32_t seen;
    while (!wf_channel_answered(&parent, number, &seen)) {
        if (is_dead())
            return wf_channel_answered(&parent, number, &seen);
        wf_channel_wait(&parent, seen, WF_FOREVER);
    }
    return true;
}

static void collect(uint32_t number, int argument)
{
    wf_answer answer;
    int result = 0;
    if (!await(number))
        return;
    wf_channel_answer_of(&parent, number, &answer);
    wf_channel_fetch(&parent, number, &result);
    mc_assert(answer.status == 7 && result == 2 * argument);
    wf_channel_done(&parent, number, sizeof result);
    got++;
}

static void call_once(void)
{
    collect(ask(5), 5);
}

static void call_twice(void)
{
    collect(ask(5), 5);
    collect(ask(6), 6);
}

/* One is ahead of the one that is waited for, and the third has the first one's slot. */
static void call_ahead(void)
{
    uint32_t first = ask(5), second = ask(6), none;
    mc_assert(!wf_channel_room(&parent, 128, &none));
    collect(first, 5);
    uint32_t third = ask(7);
    collect(second, 6);
    collect(third, 7);
}

/* And the next one has its slot, and perhaps its room. */
static void call_and_take_back(void)
{
    uint32_t first = ask(5), second = ask(6);
    back += wf_channel_withdraw(&parent, second);
    collect(first, 5);
    uint32_t third = ask(7);
    if (!back)
        collect(second, 6);
    collect(third, 7);
}

/* ---- the worker's -------------------------------------------------------------------------------- */

static void answer_once(void)
{
    wf_answer answer = {.status = 7};
    wf_channel_next(&child);
    ran++;
    mc_assert(child.call.kind == WF_CALL_TASK);
    *(int *)wf_channel_result(&child, child.number) = 2 * *(int *)wf_channel_arg(&child, child.number);
    wf_channel_answer(&child, &answer);
}

static void answer_twice(void)
{
    answer_once();
    answer_once();
}

static void answer_thrice(void)
{
    answer_twice();
    answer_once();
}

/* Of those that came back none. */
static void answer_to_the_third(void)
{
    while (child.number < 3)
        answer_once();
}

/* Of a worker that died before it answered. */
static void keep(void)
{
    pthread_mutex_lock(&lock);
    dead = true;
    wf_channel_knock(&parent);
    pthread_mutex_unlock(&lock);
}

static void answer_and_die(void)
{
    answer_once();
    keep();
}

/* ---- scenarios ----------------------------------------------------------------------------------- */

static void one(void)
{
    mc_assert(got == 1);
}

static void two(void)
{
    mc_assert(got == 2);
}

static void three(void)
{
    mc_assert(got == 3);
}

static void run_or_back(void)
{
    mc_assert(got + back == 3 && ran == got);
}

static void none(void)
{
    mc_assert(got == 0);
}

static const mc_scenario scenarios[] = {
    {.name = "call", .setup = setup, .thread = {call_once, answer_once}, .check = one, .bound = MC_UNBOUNDED},
    {.name = "two_calls",
     .setup = setup,
     .thread = {call_twice, answer_twice},
     .check = two,
     .bound = 3,
     .spurious = 1},
    {.name = "ahead",
     .setup = setup,
     .thread = {call_ahead, answer_thrice},
     .check = three,
     .bound = 2,
     .spurious = 1},
    {.name = "back",
     .setup = setup,
     .thread = {call_and_take_back, answer_to_the_third},
     .check = run_or_back,
     .bound = 3},
    {.name = "death", .setup = setup, .thread = {call_once, keep}, .check = none, .bound = MC_UNBOUNDED},
    {.name = "answer_then_death",
     .setup = setup,
     .thread = {call_once, answer_and_die},
     .check = one,
     .bound = MC_UNBOUNDED},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
