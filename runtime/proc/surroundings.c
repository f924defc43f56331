/* SPDX-License-Identifier: MIT */
/* proc/surroundings.c - see surroundings.h. */
#include "proc/surroundings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/memory.h"
#include "proc/child.h"

#define THREADS "WEFT_WORKERS="

static bool begins_with(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static bool lets_through(const char *variable)
{
    static const char *const known[] = {"HOME=", "LANG=", "PATH=", "TMPDIR=", "TZ=",   "USER=", "LC_",
                                        "LD_",   "WEFT_", "ASAN_", "LSAN_",   "TSAN_", "UBSAN_"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (begins_with(variable, known[i]))
            return true;
    return false;
}

/* What is the worker's own is not taken from anywhere else. */
static bool is_taken(const char *variable, bool all)
{
    return (all || lets_through(variable)) && !begins_with(variable, THREADS) &&
           !begins_with(variable, WF_CHILD_NAME "=");
}

/* Texts one after the other, behind the pointers to them. */
typedef struct list {
    char **at, *text;
    size_t count, bytes; /* what they need, if at is NULL */
} list;

static void put(list *l, const char *text)
{
    size_t bytes = strlen(text) + 1;
    if (l->at) {
        l->at[l->count] = memcpy(l->text, text, bytes);
        l->text += bytes;
    }
    l->count++;
    l->bytes += bytes;
}

static bool make_room(list *l)
{
    size_t pointers = (l->count + 1) * sizeof(char *);
    char **at = wf_alloc(pointers + l->bytes);
    if (at)
        *l = (list){.at = at, .text = (char *)at + pointers};
    return at;
}

static void put_environment(list *l, const char *const *from, bool all, const char *threads)
{
    for (; from && *from; from++)
        if (is_taken(*from, all))
            put(l, *from);
    put(l, threads);
    put(l, WF_CHILD_NAME "=1");
}

char **wf_surroundings_environment(const char *const *given, unsigned threads)
{
    const char *const *from = given ? given : (const char *const *)environ;
    char workers[sizeof THREADS + 16];
    snprintf(workers, sizeof workers, THREADS "%u", threads);
    list l = {.at = NULL};
    put_environment(&l, from, given, workers);
    if (make_room(&l))
        put_environment(&l, from, given, workers);
    return l.at;
}

char **wf_surroundings_argv(const char *name)
{
    list l = {.at = NULL};
    char text[64];
    snprintf(text, sizeof text, "weft: %s", name);
    put(&l, text);
    if (make_room(&l))
        put(&l, text);
    return l.at;
}
