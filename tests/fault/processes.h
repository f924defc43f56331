/* SPDX-License-Identifier: MIT */
/* processes.h - what the tests of worker processes share: an executor, tasks and what became of them, descriptors. */
#ifndef WEFT_TESTS_PROCESSES_H
#define WEFT_TESTS_PROCESSES_H

#include "tally.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <weft/process.h>

#define LARGE (5 << 20)

/* Of tasks that hang; no other one takes as long, also where all stand still for five seconds, and once more. */
#define LIMIT_NS INT64_C(12000000000)

typedef struct outcome {
    int status, number; /* the result's first word; 0: none */
    char error[256];
} outcome;

__attribute__((unused)) static weft_executor *make(const weft_processes_config *config)
{
    weft_executor *e = NULL;
    int err = weft_executor_processes(&e, config);
    if (err) {
        printf("weft_executor_processes: %s\n", weft_strerror(err));
        exit(1);
    }
    return e;
}

static weft_task_spec spec_of(int (*fn2)(const void *, void *), const void *arg, size_t arg_bytes,
                              size_t result_bytes)
{
    return (weft_task_spec){.size = sizeof(weft_task_spec),
                            .fn2 = fn2,
                            .arg = (void *)(uintptr_t)arg,
                            .arg_bytes = arg_bytes,
                            .result_bytes = result_bytes};
}

__attribute__((unused)) static weft_future *submit(weft_executor *e, int (*fn2)(const void *, void *),
                                                   const void *arg, size_t arg_bytes, size_t result_bytes)
{
    weft_task_spec spec = spec_of(fn2, arg, arg_bytes, result_bytes);
    weft_future *future = NULL;
    int err = weft_submit_task(e, &spec, &future);
    if (err) {
        printf("weft_submit_task: %s\n", weft_strerror(err));
        exit(1);
    }
    return future;
}

__attribute__((unused)) static outcome run(weft_executor *e, int (*fn2)(const void *, void *),
                                           const void *arg, size_t arg_bytes, size_t result_bytes)
{
    outcome o = {.status = 0};
    weft_future *future = submit(e, fn2, arg, arg_bytes, result_bytes);
    CHECK(weft_future_get(future, &o.status) == 0, "get");
    const int *result = weft_future_result(future);
    o.number = result ? *result : 0;
    snprintf(o.error, sizeof o.error, "%s", weft_future_error(future));
    weft_future_release(future);
    return o;
}

__attribute__((unused)) static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* But for files of the kernel's: a pool that follows the machine reads some now and then. */
__attribute__((unused)) static int open_descriptors(void)
{
    char file[8];
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        bool known = readlinkat(dirfd(dir), entry->d_name, file, sizeof file) >= 5;
        count += known && memcmp(file, "/proc", 5) != 0 && memcmp(file, "/sys/", 5) != 0;
    }
    if (dir)
        (void)closedir(dir);
    return count;
}

/* Descriptors of memory that processes share, of which that is so. NULL: all. */
__attribute__((unused)) static int shared_descriptors(bool (*is)(int fd))
{
    static const char name[] = "/memfd:weft";
    char file[sizeof name];
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        bool known = readlinkat(dirfd(dir), entry->d_name, file, sizeof file) >= (ssize_t)sizeof name - 1;
        if (known && !memcmp(file, name, sizeof name - 1))
            count += !is || is((int)strtol(entry->d_name, NULL, 10));
    }
    if (dir)
        (void)closedir(dir);
    return count;
}

/* And mappings of it. */
__attribute__((unused)) static int shared_mappings(void)
{
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        count += strstr(line, "/memfd:weft") != NULL;
    if (maps)
        (void)fclose(maps);
    return count;
}

__attribute__((unused)) static void check_nothing_shared(void)
{
    int descriptors = shared_descriptors(NULL), mappings = shared_mappings();
    CHECK(!descriptors && !mappings, "of shared memory %d descriptors are left, %d mappings", descriptors,
          mappings);
}

/* ---- tasks --------------------------------------------------------------------------------------- */

__attribute__((unused)) static int add(const void *arg, void *result)
{
    const int *terms = arg;
    *(int *)result = terms[0] + terms[1];
    return 0;
}

__attribute__((unused)) static int asks_pid(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = (int)getpid();
    return 0;
}

__attribute__((unused)) static int raises(const void *arg, void *result)
{
    (void)result;
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(*(const int *)arg, SIG_DFL); /* sanitizers have handlers */
    (void)raise(*(const int *)arg);
    return 0;
}

__attribute__((unused)) static int sleeps(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    while (pause() || errno)
        ;
    return 0;
}

/* ---- how they end -------------------------------------------------------------------------------- */

__attribute__((unused)) static void check_death(weft_executor *e, weft_task_spec spec, int status,
                                                const char *words)
{
    weft_future *future = NULL;
    int got = 0, terms[2] = {20, 22};
    spec.label = "the culprit";
    CHECK(weft_submit_task(e, &spec, &future) == 0, "submitted");
    CHECK(weft_future_get(future, &got) == 0 && got == status, "%s: status %d", words, got);
    CHECK(strstr(weft_future_error(future), words), "'%s' says '%s'", weft_future_error(future), words);
    CHECK(!strcmp(weft_future_label(future), "the culprit"), "label %s", weft_future_label(future));
    weft_future_release(future);
    outcome o;
    do /* where there is a time limit one that gets no CPU is late, too */
        o = run(e, add, terms, sizeof terms, sizeof(int));
    while (status == -ETIMEDOUT && o.status == status);
    CHECK(o.status == 0 && o.number == 42, "after %s the next one: %d", words, o.status);
}

__attribute__((unused)) static void check_stopped(weft_future *future, const char *how)
{
    int status = 0;
    (void)weft_future_get(future, &status);
    CHECK(status == -ECANCELED && weft_future_state(future) == WEFT_CANCELLED, "%s: %d, %d", how, status,
          weft_future_state(future));
    weft_future_release(future);
}

#endif
