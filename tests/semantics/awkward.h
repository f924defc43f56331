/* SPDX-License-Identifier: MIT */
/* awkward.h - what the rows of test_awkward.c share: each answers what was wrong, or NULL. */
#ifndef WEFT_TESTS_AWKWARD_H
#define WEFT_TESTS_AWKWARD_H

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <weft/weft.h>

#define WANT(condition)        \
    do {                       \
        if (!(condition))      \
            return #condition; \
    } while (0)

#define SKIPPED "" /* it needs a worker */

extern weft_pool *pool;
extern weft_executor *plain; /* of that pool */
extern int workers;

weft_executor *executor_with(const weft_executor_config *given);
int get(weft_future *future);
int count(void *arg);

/* awkward_ends.c */
const char *closed_and_joined_in_any_order(void);
const char *a_running_task_is_cancelled(void);
const char *released_before_it_ran(void);
const char *maps_over_nothing(void);
const char *sizes_that_make_no_sense(void);
const char *a_source_fails(void);
const char *a_source_without_end_is_pulled_as_far_as_it_is_read(void);
const char *a_stream_is_read_after_its_executor_was_shut_down(void);
#endif
