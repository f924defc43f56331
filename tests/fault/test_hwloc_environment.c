/* SPDX-License-Identifier: MIT */
/* test_hwloc_environment.c - with raised privileges hwloc's environment variables are not followed.
 *
 * - The program copies itself, makes the copy set-user-ID of another user and runs it: the kernel then starts it
 *   with raised privileges (AT_SECURE). That takes root and a file system that honours the bit.
 * - A run with an argument only reports, by its exit status, where its pool's topology came from.
 */
#include "tally.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <weft/weft.h>

enum { NOBODY = 65534, RAISED = 100 };

static int report(void)
{
    weft_pool *pool;
    weft_pool_info info = {.size = sizeof info};
    if (weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 1)) || weft_pool_inspect(pool, &info) ||
        weft_pool_destroy(pool))
        return 99;
    return info.source + (getauxval(AT_SECURE) ? RAISED : 0);
}

/* The exit status of `program report`. */
static int run(const char *program, const char *variable, const char *value)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        if (variable)
            setenv(variable, value, 1);
        execl(program, program, "report", (char *)NULL);
        _exit(98);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 97;
    return WEXITSTATUS(status);
}

static int copy_file(const char *from, int to)
{
    char block[65536];
    ssize_t bytes = -1;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    while (in >= 0 && (bytes = read(in, block, sizeof block)) > 0 && write(to, block, (size_t)bytes) == bytes)
        continue;
    if (in >= 0)
        close(in);
    return bytes == 0 ? 0 : -1;
}

/* A copy of this program that belongs to another user and runs as that one. */
static int make_raised(char *path)
{
    int file = mkstemp(path);
    int err =
        file < 0 || copy_file("/proc/self/exe", file) || fchown(file, NOBODY, NOBODY) || fchmod(file, 04755);
    if (file >= 0)
        close(file);
    return err;
}

static void check(const char *raised)
{
    /* Harmless to the result where it is followed: what counts is whether hwloc is asked at all. */
    int plain = run("/proc/self/exe", NULL, NULL);
    CHECK(plain == WEFT_SOURCE_HWLOC || plain == WEFT_SOURCE_MASK, "without privileges: %d", plain);
    CHECK(run("/proc/self/exe", "HWLOC_HIDE_ERRORS", "1") == plain,
          "a variable without privileges changes nothing");
    int status = run(raised, NULL, NULL);
    if (status == plain) {
        tally_skip("raised privileges", "the file system ignores the set-user-ID bit");
        return;
    }
    CHECK(status == RAISED + plain, "raised, without a variable: %d", status);
    status = run(raised, "HWLOC_HIDE_ERRORS", "1");
    CHECK(status == RAISED + WEFT_SOURCE_MASK, "raised, with a variable hwloc is not asked: %d", status);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return report();
    tally_watch(360);
    const char *folder = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/weft-raised-XXXXXX", folder ? folder : P_tmpdir);
    if (geteuid() != 0 || TALLY_SANITIZED)
        tally_skip("raised privileges",
                   geteuid() ? "needs root" : "sanitizers do not run with raised privileges");
    else if (CHECK(make_raised(path) == 0, "a copy of the program: %s", strerror(errno))) {
        check(path);
        unlink(path);
    }
    return tally_end();
}
