/* SPDX-License-Identifier: MIT */
/*
 * test_library.c - a worker that has loaded another libweft than the program, as when that is replaced on the disk meanwhile,
 * says so before it does anything else. Here it is the program that says it had another one.
 */
#include "processes.h" /* first: weft's own headers leave out what makes a worker of the program */

#include "os/memory.h"
#include "os/spawn.h"
#include "proc/blocks.h"
#include "proc/channel.h"
#include "proc/child.h"
#include "proc/surroundings.h"

static bool spawn(wf_process *process, const wf_channel *channel)
{
    sigset_t mask;
    char **argv = wf_surroundings_argv("worker"), **environment = wf_surroundings_environment(NULL, 1);
    int blocks = wf_blocks_retain();
    (void)sigprocmask(SIG_SETMASK, NULL, &mask);
    int err = argv && environment && blocks >= 0
                  ? wf_process_spawn(process, channel->fd, blocks, argv, environment, &mask)
                  : -ENOMEM;
    wf_free(argv);
    wf_free(environment);
    if (blocks >= 0)
        wf_blocks_release();
    return CHECK(err == 0, "a worker: %d", err);
}

/* What it answers to the first call. */
static void greet(wf_channel *channel, wf_answer *answer)
{
    uint32_t number = 0, seen;
    int64_t until = now_ns() + LIMIT_NS;
    const wf_call hello = {.kind = WF_CALL_HELLO};
    CHECK(wf_channel_room(channel, 0, &number), "the first call has room");
    wf_channel_ask(channel, number, &hello, NULL);
    while (!wf_channel_answered(channel, number, &seen) && now_ns() < until)
        wf_channel_wait(channel, seen, until);
    *answer = (wf_answer){.status = 1};
    if (CHECK(wf_channel_answered(channel, number, &seen), "it answers"))
        wf_channel_answer_of(channel, number, answer);
}

static void check_greeting(const wf_image_name *library, int status, const char *words)
{
    wf_channel channel;
    wf_process process;
    wf_answer answer;
    const wf_origins origins = {.library = *library, .parent = wf_process_id()};
    int err = wf_channel_open(&channel, 4096, &origins);
    if (!CHECK(err == 0, "a channel: %d", err))
        return;
    if (spawn(&process, &channel)) {
        greet(&channel, &answer);
        CHECK(answer.status == status && strstr(answer.said, words), "%d expected: %d, %s", status,
              answer.status, answer.said);
        wf_process_signal(&process, SIGKILL);
        (void)wf_process_reap(&process);
    }
    wf_channel_close(&channel);
}

int main(void)
{
    wf_image_name library;
    if (getenv(WF_CHILD_NAME)) /* a worker that comes here would make workers */
        return 1;
    tally_watch(60);
    int err = wf_child_library(&library);
    CHECK(err == 0, "what the program has: %d", err);
    check_greeting(&library, 0, "");
    library.id[3] ^= 1;
    check_greeting(&library, -ELIBBAD, "another libweft");
    library.id[3] ^= 1;
    library.offset += 16;
    check_greeting(&library, -ELIBBAD, "another libweft");
    check_nothing_shared();
    return tally_end();
}
