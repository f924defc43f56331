/* SPDX-License-Identifier: MIT */
/* tally.h - counts checks of a plain test program and ends it with `N passed, N failed[, N skipped]`.
 *
 * - Each failed check prints its place and text; a skipped one prints its reason and never counts as passed.
 * - The exit status is 1 if a check failed, 77 if nothing was checked, else 0.
 * - tally_watch(seconds) ends a program that hangs; with a sanitizer in it after three times as long.
 */
#ifndef WEFT_TESTS_TALLY_H
#define WEFT_TESTS_TALLY_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define TALLY_THREAD_SANITIZED 1
#elif defined(__SANITIZE_ADDRESS__)
#define TALLY_ADDRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TALLY_THREAD_SANITIZED 1
#elif __has_feature(address_sanitizer)
#define TALLY_ADDRESS_SANITIZED 1
#endif
#endif
#ifndef TALLY_THREAD_SANITIZED
#define TALLY_THREAD_SANITIZED 0
#endif
#ifndef TALLY_ADDRESS_SANITIZED
#define TALLY_ADDRESS_SANITIZED 0
#endif
#define TALLY_SANITIZED (TALLY_THREAD_SANITIZED || TALLY_ADDRESS_SANITIZED)
#define TALLY_PATIENCE (TALLY_SANITIZED ? 3 : 1) /* as tests/run has it */

/* The sanitizers' own defaults are to end a program that asks for too much memory, or forks with threads. */
#if TALLY_THREAD_SANITIZED
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1:die_after_fork=0";
}
#elif TALLY_ADDRESS_SANITIZED
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

static atomic_int tally_passed, tally_failed, tally_skipped;

__attribute__((format(printf, 4, 5), unused)) static int tally(int ok, const char *file, int line,
                                                               const char *text, ...)
{
    va_list args;
    atomic_fetch_add(ok ? &tally_passed : &tally_failed, 1);
    if (ok)
        return 1;
    va_start(args, text);
    printf("%s:%d: ", file, line);
    vprintf(text, args);
    printf("\n");
    va_end(args);
    return 0;
}

/* CHECK(condition, format, ...): the text says what was promised and what came. Any thread. */
#define CHECK(ok, ...) tally(!!(ok), __FILE__, __LINE__, __VA_ARGS__)

__attribute__((unused)) static void tally_skip(const char *what, const char *reason)
{
    atomic_fetch_add(&tally_skipped, 1);
    printf("skipped: %s: %s\n", what, reason);
}

__attribute__((unused)) static void tally_watch(unsigned seconds)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(TALLY_PATIENCE * seconds);
}

__attribute__((unused)) static int tally_end(void)
{
    int passed = atomic_load(&tally_passed), failed = atomic_load(&tally_failed);
    int skipped = atomic_load(&tally_skipped);
    printf("%d passed, %d failed", passed, failed);
    if (skipped)
        printf(", %d skipped", skipped);
    printf("\n");
    fflush(stdout);
    return failed ? 1 : passed ? 0 : 77;
}

#endif
