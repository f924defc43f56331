/* SPDX-License-Identifier: MIT */
/* test_signals.c - a thousand signals a second, to the process and to the calling thread, while everything runs.
 *
 * - The handler is the host's, without SA_RESTART: waits end early all the time. Workers block the signal, so that it
 *   runs on threads of the host's alone; tasks ask their thread for its mask.
 * - The amount of work is counted; the signals last as long as the work does, and the work until some have come.
 */
#include "scenes.h"

static pthread_t caller;
static atomic_int over;
static atomic_long sent, handled, strangers, looks_in_workers, wrong_masks;

static void handler(int signal)
{
    (void)signal;
    atomic_fetch_add(&handled, 1);
    if (!scenes_host)
        atomic_fetch_add(&strangers, 1);
}

/* Sleeps by the clock between signals; what it sends to is open to all that does not block it. */
static void *sender(void *arg)
{
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!atomic_load(&over)) {
        next.tv_nsec += 1000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        int err = atomic_fetch_add(&sent, 1) % 2 ? kill(getpid(), SIGUSR1) : pthread_kill(caller, SIGUSR1);
        if (err)
            CHECK(0, "a signal is sent: %d", err);
    }
    return arg;
}

static void look_at_mask(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    if (!scenes_host)
        atomic_fetch_add(&looks_in_workers, 1);
    if (sigismember(&mask, SIGUSR1) == scenes_host)
        atomic_fetch_add(&wrong_masks, 1);
}

static pthread_t start_sender(void)
{
    struct sigaction action = {.sa_handler = handler};
    pthread_t thread;
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0, "the host's handler");
    caller = pthread_self();
    sigset_t before = without_signals();
    CHECK(pthread_create(&thread, NULL, sender, NULL) == 0, "the sender");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}

int main(void)
{
    struct sigaction after;
    tally_watch(360);
    scenes_start();
    scenes_look = look_at_mask;
    pthread_t thread = start_sender();
    int rounds = TALLY_SANITIZED ? 2 : 8;
    for (int round = 0; round < rounds || !atomic_load(&handled) || !atomic_load(&looks_in_workers); round++)
        for (int i = 0; i < SHAPES; i++)
            play(&shapes[i], "1,000 signals a second");
    atomic_store(&over, 1);
    pthread_join(thread, NULL);
    printf("%ld signals sent, %ld handled\n", atomic_load(&sent), atomic_load(&handled));
    CHECK(atomic_load(&handled) > 0, "signals came");
    CHECK(atomic_load(&strangers) == 0, "%ld ran on threads of the library", atomic_load(&strangers));
    CHECK(atomic_load(&looks_in_workers) > 0, "tasks ran on workers");
    CHECK(atomic_load(&wrong_masks) == 0, "%ld times a worker was open to it, or the host was not",
          atomic_load(&wrong_masks));
    CHECK(sigaction(SIGUSR1, NULL, &after) == 0 && after.sa_handler == handler,
          "the handler is the host's still");
    return tally_end();
}
