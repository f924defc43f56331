/* SPDX-License-Identifier: MIT */
/* test_privileges.c - a program with raised privileges does not let its caller's environment size its pools, and has no
 * worker processes: that would not be told that they are some, and run main.
 *
 * - The program copies itself, makes the copy set-user-ID nobody, and runs it with WEFT_WORKERS set; the same copy
 *   without the bit shows that the variable would count. Linked statically: nothing is to be found at run time.
 */
#include "child.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <weft/process.h>

enum { FOLLOWED = 10, NOT_FOLLOWED = 11, BROKEN = 12, PROCESSES = 13 };

static char folder[PATH_MAX / 2], copy[PATH_MAX];

/* More than the machine gives by itself. */
static int said_workers(void)
{
    cpu_set_t mask;
    return sched_getaffinity(0, sizeof mask, &mask) ? 0 : CPU_COUNT(&mask) + 3;
}

/* Worker processes are there, or are refused. */
static bool answers_by_process(bool privileged)
{
    weft_executor *executor;
    int err = weft_executor_processes(&executor, NULL);
    return err == (privileged ? -ENOTSUP : 0) && weft_executor_destroy(executor) == 0;
}

/* The copy: does its pool have as many workers as the environment says? */
static int report(bool privileged)
{
    weft_pool *pool;
    if (privileged && !getauxval(AT_SECURE))
        return CHILD_SKIP;
    if (!answers_by_process(privileged))
        return PROCESSES;
    if (weft_pool_create(&pool, NULL) || use_pool(pool))
        return BROKEN;
    int workers = weft_pool_workers(pool);
    if (weft_pool_destroy(pool))
        return BROKEN;
    return workers == said_workers() ? FOLLOWED : NOT_FOLLOWED;
}

static int make_copy(void)
{
    struct stat status;
    const char *where = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/privileges-XXXXXX", where ? where : P_tmpdir);
    if (!mkdtemp(folder))
        return 0;
    snprintf(copy, sizeof copy, "%s/program", folder);
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
        to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    int ok = from >= 0 && to >= 0 && fstat(from, &status) == 0 && chmod(folder, 0755) == 0;
    while (ok && status.st_size > 0) {
        ssize_t sent = sendfile(to, from, NULL, (size_t)status.st_size);
        ok = sent > 0;
        status.st_size -= sent;
    }
    close(from);
    close(to);
    return ok;
}

static int run_copy(void *privileged)
{
    char number[16];
    snprintf(number, sizeof number, "%d", said_workers());
    setenv("WEFT_WORKERS", number, 1);
    execl(copy, copy, privileged ? "privileged" : "plain", (char *)NULL);
    return BROKEN;
}

static void compare(void)
{
    static char yes;
    int status = in_child(run_copy, NULL, 60);
    CHECK(status == FOLLOWED, "an ordinary program follows WEFT_WORKERS: status %d", status);
    if (!CHECK(chown(copy, 65534, 65534) == 0 && chmod(copy, 04755) == 0, "set-user-ID"))
        return;
    status = in_child(run_copy, &yes, 60);
    if (status == CHILD_SKIP)
        tally_skip("WEFT_WORKERS with raised privileges", "the file system ignores the set-user-ID bit");
    else
        CHECK(status == NOT_FOLLOWED,
              "one with raised privileges does not, nor has it worker processes: status %d", status);
}

int main(int count, char **argument)
{
    if (count > 1)
        return report(!strcmp(argument[1], "privileged"));
    tally_watch(360);
    if (geteuid() != 0 || TALLY_SANITIZED)
        tally_skip("WEFT_WORKERS with raised privileges",
                   geteuid() ? "needs root to give a file away"
                             : "sanitizers do not run with raised privileges");
    else if (CHECK(make_copy(), "a copy of this program"))
        compare();
    if (*copy) {
        unlink(copy);
        rmdir(folder);
    }
    return tally_end();
}
