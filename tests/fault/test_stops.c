/* SPDX-License-Identifier: MIT */
/* test_stops.c - the whole process is stopped and continued 50 times at random moments while everything runs.
 *
 * - A child works in counted rounds until the parent has stopped it often enough; each round ends with exact counts.
 * - No thread runs while the process is stopped: what a thread had begun lasts that much longer, deadlines pass.
 */
#include "child.h"
#include "scenes.h"

#include <sys/mman.h>

enum { STOPS = 50 };

struct shared {
    atomic_int begun, enough, rounds;
};

static int work(void *arg)
{
    struct shared *shared = arg;
    tally_watch(350);
    scenes_start();
    atomic_store(&shared->begun, 1);
    do {
        play(&shapes[atomic_load(&shared->rounds) % SHAPES], "stopped and continued");
        atomic_fetch_add(&shared->rounds, 1);
    } while (!atomic_load(&shared->enough));
    return atomic_load(&tally_failed);
}

/* The child stands still, surely; then goes on. */
static int stop_and_continue(pid_t pid, uint64_t die)
{
    int status = 0;
    pass((int64_t)(die % 30000000));
    if (kill(pid, SIGSTOP) || waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        return CHECK(0, "the child is stopped: status %d", status);
    pass((int64_t)(die >> 32) % 5000000);
    return CHECK(kill(pid, SIGCONT) == 0, "the child goes on");
}

static pid_t start_child(struct shared *shared)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int failed = work(shared);
        fflush(stdout);
        _exit(failed);
    }
    return pid;
}

int main(void)
{
    int status = -1, stops = 0;
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    tally_watch(360);
    if (!CHECK(shared != MAP_FAILED, "shared memory"))
        return tally_end();
    scenes_seed = (uint64_t)now_ns();
    pid_t pid = start_child(shared);
    CHECK(pid > 0, "a child");
    while (!atomic_load(&shared->begun) && waitpid(pid, &status, WNOHANG) == 0)
        sched_yield();
    while (stops < STOPS && stop_and_continue(pid, dice((uint64_t)stops)))
        stops++;
    atomic_store(&shared->enough, 1);
    CHECK(stops == STOPS, "stopped %d times", stops);
    CHECK(stops == STOPS && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
          "the child ends well: status %#x", status);
    printf("%d stops in %d rounds\n", stops, atomic_load(&shared->rounds));
    CHECK(atomic_load(&shared->rounds) > 0, "rounds were played");
    return tally_end();
}
