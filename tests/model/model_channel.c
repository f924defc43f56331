/* SPDX-License-Identifier: MIT */
/*
 * model/model_channel.c - calls and answers between two processes: who sees the number sees the bytes, and nobody sleeps
 * for ever. The two sides are threads here; what they share is the same.
 */
#include <pthread.h>

#include "checker/mc.h"
#include "os/futex.h"
#include "proc/channel.h"

static wf_channel parent, child;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool dead; /* under lock: the keeper's note */
static int got, argument = 5;

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

/* Whether it was answered. */
static bool await(void)
{
    uint32_t seen;
    while (!wf_channel_answered(&parent, &seen)) {
        if (is_dead())
            return wf_channel_answered(&parent, &seen);
        wf_channel_wait(&parent, seen, WF_FOREVER);
    }
    return true;
}

static bool call(void)
{
    static const wf_call doubled = {
        .kind = WF_CALL_TASK, .arg_bytes = sizeof argument, .result_bytes = sizeof(int)};
    wf_answer answer;
    int result = 0;
    wf_channel_ask(&parent, &doubled, &argument);
    if (!await())
        return false;
    wf_channel_answer_of(&parent, &answer);
    wf_channel_fetch(&parent, &result);
    mc_assert(answer.status == 7 && result == 2 * argument);
    got++;
    return true;
}

static void call_once(void)
{
    (void)call();
}

static void call_twice(void)
{
    (void)call();
    argument++;
    (void)call();
}

static void answer_once(void)
{
    wf_answer answer = {.status = 7};
    wf_channel_next(&child);
    mc_assert(child.call.kind == WF_CALL_TASK);
    *(int *)wf_channel_result(&child) = 2 * *(int *)wf_channel_arg(&child);
    wf_channel_answer(&child, &answer);
}

static void answer_twice(void)
{
    answer_once();
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

static void one(void)
{
    mc_assert(got == 1);
}

static void two(void)
{
    mc_assert(got == 2);
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
