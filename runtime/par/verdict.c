/* SPDX-License-Identifier: MIT */
/* par/verdict.c - see verdict.h. */
#include "par/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/config.h"
#include "base/tunables.h"
#include "os/output.h"

static void say(weft_tuning *t, int bound, const char *format, ...)
{
    va_list list;
    t->bound = bound;
    va_start(list, format);
    vsnprintf(t->reason, sizeof t->reason, format, list);
    va_end(list);
}

/* How much more CPU time it takes with more threads, if that is much; "". */
static const char *of_threads(const weft_tuning *t, char *text, size_t bytes)
{
    const weft_tune_row *most = &t->rows[0];
    for (int i = 1; i < t->count; i++)
        if (t->rows[i].cpu_seconds > most->cpu_seconds)
            most = &t->rows[i];
    *text = 0;
    if (t->count && most->cpu_seconds >= 1.25 * t->rows[0].cpu_seconds)
        snprintf(text, bytes,
                 "; %d threads take %.2f of the CPU time of one: they share a core, memory or lines",
                 most->threads, most->cpu_seconds / t->rows[0].cpu_seconds);
    return text;
}

static void compare(weft_tuning *t, const wf_again *again)
{
    char more[120];
    if (!again->tried)
        say(t, WEFT_BOUND_UNCLEAR, "CPU or memory: the budget is used up by one run");
    else if (again->units < WF_TUNE_UNITS)
        say(t, WEFT_BOUND_UNCLEAR,
            "CPU or memory: in %u of %u measurements nobody else had the CPU in between", again->units,
            again->tried);
    else if (again->ratio >= 1.3 && again->lower >= 1.1)
        say(t, WEFT_BOUND_MEMORY,
            "an item takes %.2f of what it takes again at once, with its data in the cache%s", again->ratio,
            of_threads(t, more, sizeof more));
    else if (again->ratio <= 1.15)
        say(t, WEFT_BOUND_CPU,
            "run again at once, with its data in the cache, an item takes as long (%.2f)%s", again->ratio,
            of_threads(t, more, sizeof more));
    else
        say(t, WEFT_BOUND_UNCLEAR,
            "CPU and memory: an item takes %.2f of what it takes again at once (a quarter of them: %.2f or "
            "less)",
            again->ratio, again->lower);
}

void wf_verdict(weft_tuning *t, const wf_again *again)
{
    double all = t->item_seconds * (double)t->items;
    if (all * 1e9 < WF_LITTLE_NS)
        say(t, WEFT_BOUND_SIZE, "all items together take %.1f us", all * 1e6);
    else if (t->waiting >= WF_TUNE_WAITS)
        say(t, WEFT_BOUND_WAITING, "of an item's time %.0f %% is waiting for something that is no CPU",
            100 * t->waiting);
    else
        compare(t, again);
}

/* ---- for people ---------------------------------------------------------------------------------- */

const char *weft_bound_name(int bound)
{
    static const char *const names[] = {"not clear", "CPU", "waiting", "memory", "too little work"};
    return bound < 0 || bound > WEFT_BOUND_SIZE ? "no such bound" : names[bound];
}

typedef struct page {
    char text[2048];
    size_t used;
} page;

static void add(page *p, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int more = vsnprintf(p->text + p->used, sizeof p->text - p->used, format, list);
    va_end(list);
    size_t left = sizeof p->text - 1 - p->used;
    p->used += more < 0 ? 0 : (size_t)more < left ? (size_t)more : left;
}

int weft_tune_print(const weft_tuning *given, int fd)
{
    weft_tuning t;
    page p = {.used = 0};
    if (!given || !wf_config_read(&t, sizeof t, sizeof t, given) || t.count < 0 || t.count > WEFT_TUNE_ROWS)
        return -EINVAL;
    add(&p, "%zu items, %.4g ms each, of which %.0f %% waiting\n", t.items, t.item_seconds * 1e3,
        t.waiting * 100);
    add(&p, "%9s %10s %10s %10s %9s %13s %7s\n", "threads", "seconds", "least", "most", "speed-up",
        "CPU seconds", "rounds");
    for (int i = 0; i < t.count; i++) {
        const weft_tune_row *r = &t.rows[i];
        add(&p, "%4s %4d %10.4f %10.4f %10.4f %9.2f %13.4f %7d\n", r->is_pool ? "pool" : "", r->threads,
            r->seconds, r->least, r->most, r->speed_up, r->cpu_seconds, r->rounds);
    }
    add(&p, t.bound ? "bound by %s: %s\n" : "%s: %s\n", weft_bound_name(t.bound), t.reason);
    return wf_write_all(fd, p.text, p.used);
}
