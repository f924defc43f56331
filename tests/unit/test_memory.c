/* SPDX-License-Identifier: MIT */
/* os/memory: alignment, zeroes, guard page, generations. */
#include "os/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Test(memory, is_aligned_and_zero)
{
    for (size_t bytes = 0; bytes < 1000; bytes += 37) {
        unsigned char *p = wf_alloc(bytes);
        cr_assert_not_null(p);
        cr_assert_eq((uintptr_t)p % 128, 0);
        for (size_t i = 0; i < bytes; i++)
            cr_assert_eq(p[i], 0);
        memset(p, 0xff, bytes);
        wf_free(p);
    }
    wf_free(NULL);
}

Test(memory, absurd_sizes_are_refused)
{
    cr_assert_null(wf_alloc(SIZE_MAX));
    cr_assert_null(wf_alloc(SIZE_MAX / 2));
    cr_assert_null(wf_reserve(SIZE_MAX / 4));
}

Test(memory, reserved_space_is_usable_to_its_last_byte)
{
    size_t bytes = 1 << 20;
    unsigned char *p = wf_reserve(bytes);
    cr_assert_not_null(p);
    p[0] = p[bytes - 1] = 1;
    wf_unreserve(p, bytes);
    wf_unreserve(NULL, bytes);
}

Test(memory, behind_it_lies_a_guard, .signal = SIGSEGV)
{
    size_t bytes = 1 << 16;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would say more about it */
    volatile unsigned char *p = wf_reserve(bytes);
    p[bytes] = 1;
}

Test(memory, a_child_has_a_generation_of_its_own)
{
    uint64_t here = wf_generation();
    cr_assert_neq(here, 0);
    cr_assert_eq(wf_generation(), here);
    pid_t child = fork();
    if (child == 0)
        _exit(wf_generation() != here && wf_generation() != 0 && wf_generation() == wf_generation() ? 0 : 1);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_eq(wf_generation(), here);
}
