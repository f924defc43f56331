/* SPDX-License-Identifier: MIT */
/* exec/said.c - see said.h. */
#include "exec/said.h"

#include <stdarg.h>
#include <stdio.h>

#include "os/memory.h"
#include "sched/tasks.h"

int weft_fail(int status, const char *format, ...)
{
    wf_running *running = wf_tasks_innermost();
    va_list list;
    if (!running || !format)
        return status;
    if (!running->said)
        running->said = wf_alloc(WF_SAID_BYTES);
    if (!running->said)
        return status;
    va_start(list, format);
    vsnprintf(running->said, WF_SAID_BYTES, format, list);
    va_end(list);
    return status;
}
