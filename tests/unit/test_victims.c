/* SPDX-License-Identifier: MIT */
/* sched/victims: the expected orders of machines.txt; 200 random trees against their own arithmetic. */
#include "sched/victims.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "machines.h"

static uint16_t *fill(const wf_machine *machine, unsigned workers)
{
    uint16_t *victims = wf_alloc((size_t)workers * workers * sizeof *victims);
    cr_assert_not_null(victims);
    cr_assert_eq(wf_victims_fill(victims, machine, workers), 0);
    return victims;
}

/* ---- the table --------------------------------------------------------------------------------- */

static const char *const words[] = {"core", "l2", "cache", "node", "package", "machine"};

/* The order as the table writes it, but without ranges. */
static void write_row(char *text, size_t room, const wf_machine *machine, unsigned self, const uint16_t *list,
                      unsigned count)
{
    int own = wf_place_of(machine, self);
    unsigned last = UINT_MAX;
    size_t used = 0;
    *text = 0;
    for (unsigned i = 0; i < count; i++) {
        int other = wf_place_of(machine, list[i]);
        unsigned step = wf_machine_step(machine, own, other);
        if (step != last)
            used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "",
                                     words[wf_distance(&machine->pu[own], &machine->pu[other])]);
        used += (size_t)snprintf(text + used, room - used, " %d", list[i]);
        last = step;
    }
}

/* "core 1, cache 2-4" -> "core 1, cache 2 3 4" */
static void write_expected(char *text, size_t room, const char *row)
{
    size_t used = 0;
    char word[16];
    int list[PLACES_MAX], n;
    *text = 0;
    while (sscanf(row, " %15[a-z0-9]%n", word, &n) == 1) {
        row += n;
        used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "", word);
        int count = expand(&row, list, PLACES_MAX);
        for (int i = 0; i < count; i++)
            used += (size_t)snprintf(text + used, room - used, " %d", list[i]);
        row += strspn(row, ", ");
    }
    cr_assert_eq(*row, 0, "not understood: '%s'", row);
}

static void check_rows(const machine_case *c, const wf_machine *machine)
{
    unsigned workers = c->workers ? c->workers : (unsigned)machine->pus;
    uint16_t *victims = fill(machine, workers);
    char got[2048], expected[2048];
    for (int i = 0; i < c->rows; i++) {
        unsigned self = c->row[i].worker;
        cr_assert_lt(self, workers, "%s", c->name);
        write_row(got, sizeof got, machine, self, victims + (size_t)self * (workers - 1), workers - 1);
        write_expected(expected, sizeof expected, c->row[i].text);
        cr_expect_str_eq(got, expected, "%s, worker %u:\n  got      %s\n  expected %s", c->name, self, got,
                         expected);
    }
    cr_expect_gt(c->rows, 0, "%s expects nothing", c->name);
    wf_free(victims);
}

Test(victims, are_those_of_the_table)
{
    static machine_case cases[MACHINES_MAX];
    int count = read_machines(cases);
    for (int i = 0; i < count; i++) {
        wf_machine *machine = machine_of(&cases[i]);
        check_rows(&cases[i], machine);
        wf_free(machine);
    }
}

/* ---- random trees ------------------------------------------------------------------------------ */

/* From the root down; 0: there is no such level. What is shared follows from a PU's number by division. */
enum { PACKAGE, NODE, CACHE, L2, CORE, PU, LEVELS };
typedef struct tree {
    int arity[LEVELS];
    int pus;
    char text[128];
} tree;

static int below(const tree *t, int level)
{
    int pus = 1;
    for (int i = level + 1; i < LEVELS; i++)
        pus *= t->arity[i] ? t->arity[i] : 1;
    return pus;
}

static tree random_tree(unsigned *seed)
{
    static const char *const names[] = {"pack", "numa", "l3", "l2", "core", "pu"};
    tree t = {{0}, 1, ""};
    size_t used = 0;
    for (int i = 0; i < LEVELS; i++) {
        bool there = i >= CORE || rand_r(seed) % 3;
        t.arity[i] = there ? 1 + rand_r(seed) % (i == CORE ? 4 : 3) : 0;
        if (!there)
            continue;
        t.pus *= t.arity[i];
        used += (size_t)snprintf(t.text + used, sizeof t.text - used, "%s:%d ", names[i], t.arity[i]);
    }
    return t;
}

static bool same(const tree *t, int level, int a, int b)
{
    return t->arity[level] && a / below(t, level) == b / below(t, level);
}

/* What machine.h promises, from the numbers alone. A missing node or package is the machine itself. */
static enum wf_distance expected_distance(const tree *t, int a, int b)
{
    if (same(t, CORE, a, b))
        return WF_SAME_CORE;
    if (same(t, L2, a, b))
        return t->arity[L2] ? WF_SAME_L2 : WF_SAME_CORE;
    if (same(t, CACHE, a, b))
        return WF_SAME_CACHE;
    if (!t->arity[NODE] || same(t, NODE, a, b))
        return WF_SAME_NODE;
    return !t->arity[PACKAGE] || same(t, PACKAGE, a, b) ? WF_SAME_PACKAGE : WF_SAME_MACHINE;
}

static void check_distances(const tree *t, const wf_machine *machine, int worker)
{
    for (int i = 0; i < machine->pus; i++) {
        const wf_pu *a = &machine->pu[worker], *b = &machine->pu[i];
        enum wf_distance expected = expected_distance(t, a->os_index, b->os_index);
        cr_assert_eq(wf_distance(a, b), expected, "%s: PU %d to %d: %d, not %d", t->text, a->os_index,
                     b->os_index, wf_distance(a, b), expected);
    }
}

static void check_places(const tree *t, const wf_machine *machine, unsigned workers)
{
    int used[1024] = {0};
    cr_assert_eq(machine->pus, t->pus, "%s", t->text);
    for (unsigned i = 0; i < workers; i++)
        used[machine->pu[wf_place_of(machine, i)].os_index]++;
    for (int pu = 0; pu < t->pus; pu++) {
        int least = (int)workers / t->pus, rest = (int)workers % t->pus != 0;
        cr_assert(used[pu] >= least && used[pu] <= least + rest, "%s: PU %d serves %d of %u workers", t->text,
                  pu, used[pu], workers);
    }
}

static void check_list(const tree *t, const wf_machine *machine, unsigned workers, unsigned self,
                       const uint16_t *list)
{
    bool seen[2048] = {false};
    unsigned last = 0;
    for (unsigned i = 0; i + 1 < workers; i++) {
        unsigned step = wf_machine_step(machine, wf_place_of(machine, self), wf_place_of(machine, list[i]));
        cr_assert(list[i] < workers && list[i] != self && !seen[list[i]], "%s: worker %u's victim %u: %u",
                  t->text, self, i, list[i]);
        cr_assert_leq(last, step, "%s: worker %u's victim %u is nearer than the one before", t->text, self,
                      i);
        seen[list[i]] = true;
        last = step;
    }
}

/* On regular trees with a worker per PU nobody is two workers' first victim at the same distance. */
static void check_spread(const tree *t, const wf_machine *machine, const uint16_t *victims)
{
    static bool attacked[64][1024];
    unsigned workers = (unsigned)machine->pus;
    memset(attacked, 0, sizeof attacked);
    for (unsigned self = 0; self < workers; self++)
        for (unsigned i = 0, last = UINT_MAX; i + 1 < workers; i++) {
            unsigned other = victims[(size_t)self * (workers - 1) + i];
            unsigned step = wf_machine_step(machine, wf_place_of(machine, self), wf_place_of(machine, other));
            if (step != last)
                cr_assert_not(attacked[step][other], "%s: worker %u is the first victim of two (step %u)",
                              t->text, other, step);
            attacked[step][other] |= step != last;
            last = step;
        }
}

static void check_tree(const tree *t, unsigned workers)
{
    wf_machine *machine = NULL;
    int err = wf_machine_imagined(&machine, WF_SYNTHETIC, t->text, NULL, 0);
    cr_assert_eq(err, 0, "%s: %d", t->text, err);
    uint16_t *victims = fill(machine, workers);
    check_places(t, machine, workers);
    for (int i = 0; i < machine->pus; i++)
        check_distances(t, machine, i);
    for (unsigned i = 0; i < workers; i++)
        check_list(t, machine, workers, i, victims + (size_t)i * (workers - 1));
    if (workers == (unsigned)machine->pus)
        check_spread(t, machine, victims);
    wf_free(victims);
    wf_free(machine);
}

Test(victims, of_random_trees_are_all_the_others_near_before_far_and_evenly_spread)
{
    const char *given = getenv("WEFT_TEST_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL) ^ (unsigned)getpid();
    printf("WEFT_TEST_SEED=%u\n", seed);
    fflush(stdout);
    for (int i = 0; i < 200; i++) {
        tree t = random_tree(&seed);
        unsigned pus = (unsigned)t.pus;
        unsigned workers = i % 2 ? pus : 1 + (unsigned)rand_r(&seed) % (2 * pus);
        check_tree(&t, workers);
    }
}
