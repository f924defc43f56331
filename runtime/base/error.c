/* SPDX-License-Identifier: MIT */
/*
 * base/error.c - sentences for the codes that weft returns. The ones that mean something particular here
 * stand in a table; all other errno values get the C library's words (glibc's are constant strings).
 */
#include "base/error.h"

#include <string.h>

static const struct {
    int code;
    const char *text;
} sentences[] = {
    {0, "done"},
    {WEFT_EITEM, "an item of the map failed; the report says which and why"},
    {-EINVAL, "an argument makes no sense: a NULL, a size or a number out of range"},
    {-ENOMEM, "out of memory"},
    {-ENODEV, "no PU that the pool may use is in the cpus, nodes and core_kind that were asked for"},
    {-EAGAIN, "the queue is full, or no thread could be created"},
    {-EDEADLK, "the call would wait for its own caller"},
    {-EBUSY, "threads are still inside the pool, or the task runs"},
    {-EOVERFLOW, "the number is too large: of items times their size, or of references"},
    {-ETIMEDOUT, "the deadline came first; nothing was cancelled"},
    {-EALREADY, "too late: the task is done"},
    {-EINPROGRESS, "the task is not done yet"},
    {WEFT_ESTACK, "waits are nested too deeply for the stack of this thread"},
    {WEFT_EEND, "nothing more comes"},
    {WEFT_EDIED, "the worker process ended before the task did"},
    {-EOWNERDEAD, "the pool was created before a fork; it belongs to the parent process"},
    {-ECANCELED, "cancelled: did not run, or not to its end"},
};

const char *weft_strerror(int code)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (sentences[i].code == code)
            return sentences[i].text;
    if (code > 0)
        return "a task's own status";
    const char *text = code > -4096 ? strerrordesc_np(-code) : NULL;
    return text ? text : "unknown code";
}

const char *weft_version(void)
{
    return WEFT_VERSION_STRING;
}
