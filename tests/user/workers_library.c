/* SPDX-License-Identifier: MIT */
/* workers_library.c - a library with a task, and one that wants workers in a program which does not know of them. */
#include <weft/process.h>

#include "workers.h"

int library_task(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = 4711;
    return 0;
}

int plugin_task(const void *arg, void *result)
{
    return library_task(arg, result);
}

int library_makes(void)
{
    weft_executor *executor;
    int err = weft_executor_processes(&executor, NULL);
    if (!err)
        (void)weft_executor_destroy(executor);
    return err;
}
