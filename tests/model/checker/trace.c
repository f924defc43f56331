/* SPDX-License-Identifier: MIT */
/*
 * model/checker/trace.c - what an execution did, line by line: thread, place in the source, access, location by name.
 * Places are addresses of the program until it is printed; then addr2line(1) names them.
 */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINES 4000
#define WIDTH 200
#define NAMES 256
#define PLACES 16384 /* a power of two */

typedef struct line {
    const void *site;
    unsigned thread;
    char text[WIDTH];
} line;

static line lines[LINES];
static unsigned count;
static struct {
    const char *begin, *name;
    size_t bytes;
} names[NAMES];
static unsigned names_count;

void mc_name(const void *object, size_t bytes, const char *name)
{
    if (names_count < NAMES) {
        names[names_count].begin = object;
        names[names_count].bytes = bytes;
        names[names_count++].name = name;
    }
}

void mc_names_forget(void)
{
    names_count = 0;
}

/* The smallest object that has it. */
const char *mc_called(const void *address)
{
    static char text[4][WIDTH / 2];
    static unsigned next;
    const char *at = address;
    char *out = text[next++ % 4];
    int best = -1;
    for (unsigned i = 0; i < names_count; i++)
        if (at >= names[i].begin && at < names[i].begin + names[i].bytes &&
            (best < 0 || names[i].bytes <= names[best].bytes))
            best = (int)i;
    if (best < 0)
        return mc_region_of(address, out, sizeof text[0])         ? out
               : snprintf(out, sizeof text[0], "%p", address) > 0 ? out
                                                                  : "?";
    if (at == names[best].begin)
        return names[best].name;
    snprintf(out, sizeof text[0], "%s + %td", names[best].name, at - names[best].begin);
    return out;
}

const char *mc_order_name(int order)
{
    static const char *const name[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
    return order >= MC_RELAXED && order <= MC_SEQ_CST ? name[order] : "?";
}

void mc_trace_begin(void)
{
    count = 0;
    mc.tracing = true;
}

void mc_trace_line(const void *site, const char *format, ...)
{
    va_list list;
    if (count == LINES)
        return;
    line *next = &lines[count++];
    next->site = site;
    next->thread = mc.current;
    va_start(list, format);
    vsnprintf(next->text, sizeof next->text, format, list);
    va_end(list);
}

/* The site's file and line, of the innermost function that was inlined there. */
static void places(char (*place)[WIDTH])
{
    static char command[LINES * 20 + 200];
    char program[120];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return;
    program[length] = 0;
    int used = snprintf(command, sizeof command, "addr2line -s -e '%s'", program);
    for (unsigned i = 0; i < count; i++)
        used += snprintf(command + used, sizeof command - (size_t)used, " 0x%zx",
                         lines[i].site ? (size_t)lines[i].site - 1 : (size_t)0);
    FILE *out = popen(command, "r");
    for (unsigned i = 0; out && i < count && fgets(place[i], WIDTH, out); i++)
        place[i][strcspn(place[i], "\n (")] = 0;
    if (out)
        pclose(out);
}

void mc_trace_print(void)
{
    static char place[LINES][WIDTH];
    places(place);
    for (unsigned i = 0; i < count; i++)
        printf("  %4u  T%u  %-24s %s\n", i, lines[i].thread, lines[i].site ? place[i] : "", lines[i].text);
    mc.tracing = false;
}

/* ---- what was reached ---------------------------------------------------------------------------- */

static struct reached {
    const void *site;
    const char *what;
    int order;
} reached[PLACES];
static unsigned reached_count;

void mc_reached(const void *site, const char *what, int order)
{
    size_t at = (uintptr_t)site * UINT64_C(0x9e3779b97f4a7c15) >> 50;
    while (reached[at % PLACES].site && reached[at % PLACES].site != site)
        at++;
    struct reached *place = &reached[at % PLACES];
    if (place->site || !site || reached_count == PLACES / 2)
        return;
    *place = (struct reached){.site = site, .what = what, .order = order};
    reached_count++;
}

void mc_reached_print(void)
{
    for (unsigned i = 0; i < PLACES; i++)
        if (reached[i].site)
            printf("  reach %zx %s %s\n", (size_t)reached[i].site, reached[i].what,
                   mc_order_name(reached[i].order));
    memset(reached, 0, sizeof reached);
    reached_count = 0;
}
