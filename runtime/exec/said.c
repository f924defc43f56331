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
    char *text = running && format ? wf_alloc(WF_SAID_BYTES) : NULL;
    if (!text)
        return status;
    va_start(list, format);
    vsnprintf(text, WF_SAID_BYTES, format, list);
    va_end(list);
    wf_running_says(running, text);
    return status;
}
