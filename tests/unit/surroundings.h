/* SPDX-License-Identifier: MIT */
/* surroundings.h - what unit tests do to and ask of the process: no more memory, is a page mapped, who sleeps.
 *
 * - Between scarce_begin() and scarce_end() no call of mmap succeeds; nothing is to be asserted there, a failing
 *   assertion needs memory itself. Criterion runs each test in a process of its own, which alone bears the limit.
 */
#ifndef WEFT_TESTS_SURROUNDINGS_H
#define WEFT_TESTS_SURROUNDINGS_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
/* The sanitizer's own default is to end a program that asks for too much memory. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

/* What the process has mapped already is more than one page. */
__attribute__((unused)) static bool scarce_begin(struct rlimit *before)
{
    if (getrlimit(RLIMIT_AS, before))
        return false;
    struct rlimit none = {4096, before->rlim_max};
    return !setrlimit(RLIMIT_AS, &none);
}

__attribute__((unused)) static bool scarce_end(const struct rlimit *before)
{
    return !setrlimit(RLIMIT_AS, before);
}

/* Is there a page at this address? */
__attribute__((unused)) static bool is_mapped(const void *address)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return !msync((void *)((uintptr_t)address / page * page), page, MS_ASYNC);
}

__attribute__((unused)) static int thread_number(void)
{
    return (int)syscall(SYS_gettid);
}

/* Until the kernel says of a thread of this process that it sleeps. */
__attribute__((unused)) static void until_asleep(int thread)
{
    char path[64], text[256], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    while (state != 'S') {
        FILE *file = fopen(path, "r");
        const char *name_end = NULL;
        if (file && fgets(text, sizeof text, file))
            name_end = strrchr(text, ')');
        state = name_end ? name_end[2] : 0;
        if (file)
            fclose(file);
        sched_yield();
    }
}

#endif
