/* SPDX-License-Identifier: MIT */
/* child.h - runs a part of a test in a forked child, which reports its failed checks by its exit status.
 *
 * - in_child(fn) answers the child's exit status, or 1000 + the signal that ended it (SIGALRM: it hung).
 * - A child ends by _exit: number of failed checks (255: or more), or CHILD_SKIP.
 */
#ifndef WEFT_TESTS_CHILD_H
#define WEFT_TESTS_CHILD_H

#include "tally.h"

#include <sys/types.h>
#include <sys/wait.h>

enum { CHILD_SKIP = 77 };

/* The child's checks are its own: it starts from zero. */
__attribute__((unused)) static int in_child(int (*fn)(void *), void *arg, unsigned seconds)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(TALLY_PATIENCE * seconds);
        atomic_store(&tally_failed, 0);
        int failed = fn(arg);
        fflush(stdout);
        if (failed == CHILD_SKIP && atomic_load(&tally_failed))
            failed++;
        _exit(failed > 255 ? 255 : failed);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 999;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#endif
