/* SPDX-License-Identifier: MIT */
/*
 * model/checker/explore.c - the search: depth first over all choices, each execution from the start (stateless).
 *
 * An execution asks for choices one after the other; the first one takes 0 everywhere. The next takes the same up to
 * the last choice that has another option left, and that option. When none is left, all were seen.
 * A location that two threads turn out to meet at begins the search anew: from then on others may go first there.
 * Source: Godefroid 1997 (VeriSoft, stateless search); Musuvathi & Qadeer 2007 (CHESS, preemption bound).
 */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHOICES_MAX 65536

static struct choice {
    uint8_t options, taken;
} choices[CHOICES_MAX];
static unsigned depth, known;
static bool replaying;

static struct {
    int bound, stale;
    double seconds;
    bool quiet, list, untraced;
    const char *replay;
} option = {.bound = -1, .stale = -1};

unsigned mc_decide(unsigned options)
{
    if (options < 2)
        return 0;
    if (depth == CHOICES_MAX)
        mc_fail("too many choices for the checker");
    if (depth == known) {
        choices[known].options = (uint8_t)options;
        choices[known++].taken = 0;
    }
    if (replaying)
        choices[depth].options = (uint8_t)options;
    if (choices[depth].options != options || choices[depth].taken >= options)
        mc_fail("the scenario is not the same when it runs again: choice %u has %u options and had %u", depth,
                options, choices[depth].options);
    return choices[depth++].taken;
}

unsigned mc_choose(unsigned options)
{
    return mc_decide(options);
}

/* To the next untried choice; false: there is none. */
static bool advance(void)
{
    while (known && choices[known - 1].taken + 1 == choices[known - 1].options)
        known--;
    if (!known)
        return false;
    choices[known - 1].taken++;
    return true;
}

void mc_fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!mc.failed)
        vsnprintf(mc.text, sizeof mc.text, format, list);
    va_end(list);
    mc.failed = true;
    if (!mc.running) {
        fprintf(stderr, "in setup: %s\n", mc.text);
        exit(2);
    }
    mc_trace(NULL, "FAILS: %s", mc.text);
    mc_stop();
}

/* ---- outcomes of litmus tests ------------------------------------------------------------------- */

static char outcomes[MC_OUTCOMES][64];
static unsigned outcome_count;

void mc_outcome(const char *format, ...)
{
    char text[64];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    mc_trace(NULL, "outcome %s", text);
    for (unsigned i = 0; i < outcome_count; i++)
        if (!strcmp(outcomes[i], text))
            return;
    if (outcome_count == MC_OUTCOMES)
        mc_fail("too many outcomes for the checker");
    memcpy(outcomes[outcome_count++], text, sizeof text);
}

static bool has(const char *expected, const char *outcome)
{
    size_t length = strlen(outcome);
    for (const char *at = expected; (at = strstr(at, outcome)); at++)
        if ((at == expected || at[-1] == ' ') && at[length] == ';')
            return true;
    return false;
}

/* Those seen are those expected. */
static bool outcomes_as_expected(const char *expected)
{
    unsigned wanted = 0;
    bool right = true;
    for (const char *at = expected; *at; at++)
        wanted += *at == ';';
    for (unsigned i = 0; i < outcome_count; i++) {
        right &= has(expected, outcomes[i]);
    }
    if (right && wanted == outcome_count)
        return true;
    printf("  outcomes: expected %s\n  seen    ", expected);
    for (unsigned i = 0; i < outcome_count; i++)
        printf(" %s;", outcomes[i]);
    printf("\n");
    return false;
}

/* ---- executions ---------------------------------------------------------------------------------- */

static uint64_t executions = 1; /* setup of the first scenario counts as one */
static unsigned shared_before;  /* locations known as shared at the execution's begin */

uint64_t mc_execution(void)
{
    return executions;
}

static unsigned stale(const mc_scenario *scenario)
{
    if (option.stale >= 0)
        return (unsigned)option.stale;
    return scenario->stale ? scenario->stale : MC_UNBOUNDED;
}

static void prepare(const mc_scenario *scenario)
{
    mc.preemptions = option.bound >= 0 ? (unsigned)option.bound : scenario->bound;
    mc.stale = stale(scenario);
    mc.timeouts = scenario->timeouts;
    mc.spurious = scenario->spurious;
    mc.writes = mc.timed_out = mc.steps = mc.accesses = 0;
    mc.failed = mc.pointless = false;
    depth = 0;
    mc_memory_reset();
}

/* The end of an execution. */
static void look_at(const mc_scenario *scenario)
{
    for (unsigned i = 0; i < mc.threads; i++)
        mc_join(&mc.thread[MC_CHECKER].now, &mc.thread[i].now);
    mc_see_newest(&mc.thread[MC_CHECKER]);
    if (scenario->check)
        mc_as_checker(scenario->check);
    if (!mc.failed && !scenario->keeps)
        mc.failed = mc_leaks(mc.text, sizeof mc.text);
}

static void execute(const mc_scenario *scenario)
{
    executions++;
    shared_before = mc_shared_count();
    prepare(scenario);
    mc_threads_run();
    if (!mc.failed && !mc.pointless)
        look_at(scenario);
    if (!mc.tracing)
        mc_plain_back();
}

/* The processor's time: what is seen in so many seconds does not depend on who else runs here. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_choices(void)
{
    printf("  --replay ");
    for (unsigned i = 0; i < shared_before; i++)
        printf("%zx%s", (size_t)mc_shared_at(i), i + 1 < shared_before ? "," : "");
    printf("/");
    for (unsigned i = 0; i < depth; i++)
        printf("%s%u", i ? "," : "", choices[i].taken);
    printf("\n");
}

static void show(const mc_scenario *scenario)
{
    char text[sizeof mc.text];
    memcpy(text, mc.text, sizeof text);
    if (option.quiet)
        return;
    known = depth;
    mc_shared_keep(shared_before);
    mc_trace_begin();
    execute(scenario);
    mc_trace_print();
    mc_plain_back();
    printf("  %s\n", text);
    print_choices();
}

typedef struct result {
    uint64_t executions;
    double seconds;
    bool failed, complete;
} result;

static result search(const mc_scenario *scenario)
{
    result r = {0};
    double start = now();
    do {
        mc.again = false;
        execute(scenario);
        r.executions++;
        r.failed = mc.failed;
        if (mc.again && !r.failed) {
            known = 0;
            outcome_count = 0;
            r.complete = false;
            continue;
        }
        r.complete = !r.failed && !advance();
        if (option.seconds > 0 && r.executions % 1024 == 0 && now() - start > option.seconds)
            break;
    } while (!r.failed && !r.complete);
    r.seconds = now() - start;
    return r;
}

static void set_up(const mc_scenario *scenario)
{
    mc.scenario = scenario;
    mc.threads = 0;
    while (mc.threads < MC_THREADS && scenario->thread[mc.threads])
        mc.threads++;
    mc_plain_forget();
    mc_shared_keep(0);
    mc_names_forget();
    known = outcome_count = 0;
    if (scenario->setup)
        scenario->setup();
    mc_plain_keep();
}

static bool as_wanted(const mc_scenario *scenario, const result *r)
{
    if (scenario->finds)
        return r->failed && strstr(mc.text, scenario->finds);
    if (r->failed || !r->complete)
        return false;
    return !scenario->outcomes || outcomes_as_expected(scenario->outcomes);
}

static void report(const mc_scenario *scenario, const result *r, bool right)
{
    double rate = r->seconds > 0 ? (double)r->executions / r->seconds : 0;
    unsigned bound = option.bound >= 0 ? (unsigned)option.bound : scenario->bound;
    char at_bound[40] = "unbounded";
    if (bound != MC_UNBOUNDED)
        snprintf(at_bound, sizeof at_bound, "bound %u", bound);
    if (stale(scenario) != MC_UNBOUNDED)
        snprintf(at_bound + strlen(at_bound), sizeof at_bound - strlen(at_bound), ", stale %u",
                 stale(scenario));
    printf("%-40s %s, %9llu executions, %6.2f s, %7.0f/s: %s%s\n", scenario->name, at_bound,
           (unsigned long long)r->executions, r->seconds, rate,
           scenario->finds && right ? "found: "
           : right                  ? "all right"
           : r->failed              ? "FAILED: "
           : !r->complete           ? "FAILED: not all seen in time"
                                    : "FAILED",
           r->failed ? mc.text : "");
    fflush(stdout);
}

static bool run(const mc_scenario *scenario)
{
    set_up(scenario);
    result r = search(scenario);
    bool right = as_wanted(scenario, &r);
    report(scenario, &r, right);
    if (mc.reaching)
        mc_reached_print();
    if (r.failed && !right)
        show(scenario);
    return right;
}

/* What print_choices() printed: shared locations, a slash, choices. */
static bool replay(const mc_scenario *scenario)
{
    char *at = (char *)(uintptr_t)option.replay;
    set_up(scenario);
    for (; *at && *at != '/'; at += *at == ',')
        mc_shared_add((const void *)strtoul(at, &at, 16));
    if (*at++ != '/')
        return false;
    mc_trace_begin();
    while (*at && known < CHOICES_MAX) {
        choices[known++].taken = (uint8_t)strtoul(at, &at, 10);
        at += *at == ',';
    }
    replaying = true;
    execute(scenario);
    mc_trace_print();
    printf("  %s\n", mc.failed ? mc.text : "all right");
    return !mc.failed;
}

/* ---- command line -------------------------------------------------------------------------------- */

static int usage(const char *program)
{
    fprintf(stderr,
            "usage: %s [--list] [--quiet] [--reach] [--bound N] [--stale N] [--seconds S]\n"
            "       [--replay CHOICES] [--order SITE=ORDER]... [--blind SITE]... [SCENARIO...]\n",
            program);
    return 2;
}

static int order_called(const char *name)
{
    for (int order = MC_RELAXED; order <= MC_SEQ_CST; order++)
        if (!strcmp(name, mc_order_name(order)))
            return order;
    return -1;
}

static bool read_mutant(const char *text, bool blind)
{
    char *end;
    uintptr_t site = strtoul(text, &end, 16);
    int order = *end == '=' ? order_called(end + 1) : -1;
    if (blind ? *end != 0 : order < 0)
        return false;
    mc_mutate((void *)site, order, blind);
    return true;
}

/* The number of arguments that are options; 0: wrong. */
static int read_options(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(name, "--list"))
            option.list = true;
        else if (!strcmp(name, "--quiet"))
            option.quiet = true;
        else if (!strcmp(name, "--reach"))
            mc.reaching = true;
        else if (!strcmp(name, "--bound") && ++i)
            option.bound = atoi(value);
        else if (!strcmp(name, "--stale") && ++i)
            option.stale = atoi(value);
        else if (!strcmp(name, "--seconds") && ++i)
            option.seconds = atof(value);
        else if (!strcmp(name, "--replay") && ++i)
            option.replay = value;
        else if (strcmp(name, "--order") && strcmp(name, "--blind"))
            return 0;
        else if (++i, !read_mutant(value, !strcmp(name, "--blind")))
            return 0;
    }
    return i;
}

static bool wanted(const char *name, int argc, char **argv, int first)
{
    for (int i = first; i < argc; i++)
        if (!strcmp(name, argv[i]))
            return true;
    return first == argc;
}

int mc_main(int argc, char **argv, const mc_scenario *scenarios, size_t count)
{
    unsigned passed = 0, failed = 0;
    int first = read_options(argc, argv);
    if (!first)
        return usage(argv[0]);
    mc_threads_init();
    for (size_t i = 0; i < count; i++) {
        if (!wanted(scenarios[i].name, argc, argv, first))
            continue;
        if (option.list)
            printf("%s\n", scenarios[i].name);
        else if (option.replay ? replay(&scenarios[i]) : run(&scenarios[i]))
            passed++;
        else
            failed++;
    }
    if (!option.list)
        printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || (!passed && !option.list);
}
