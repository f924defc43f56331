/* SPDX-License-Identifier: MIT */
/* os/machine: the mask counts, with hwloc and without; places and domains of the machines in machines.txt. */
#include "os/machine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>

#include "machines.h"

static int mask_count(void)
{
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    return CPU_COUNT(&mask);
}

static void check_against_mask(const wf_machine *machine)
{
    cpu_set_t mask;
    cr_assert_not_null(machine);
    sched_getaffinity(0, sizeof mask, &mask);
    cr_assert_eq(machine->pus, CPU_COUNT(&mask));
    for (int i = 0; i < machine->pus; i++) {
        cr_assert(CPU_ISSET((size_t)machine->pu[i].os_index, &mask));
        cr_assert_eq(wf_distance(&machine->pu[i], &machine->pu[i]), WF_SAME_CORE);
        CPU_CLR((size_t)machine->pu[i].os_index, &mask);
    }
    cr_assert_eq(CPU_COUNT(&mask), 0, "each PU once");
}

Test(machine, is_the_mask_with_hwloc_and_without)
{
    for (int ask = 0; ask < 2; ask++) {
        wf_machine *machine = wf_machine_detect(ask);
        check_against_mask(machine);
        wf_free(machine);
    }
}

Test(machine, of_one_pu)
{
    cpu_set_t mask, one;
    sched_getaffinity(0, sizeof mask, &mask);
    size_t last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &mask))
        last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    wf_machine *machine = wf_machine_detect(true);
    check_against_mask(machine);
    cr_assert_eq(machine->pus, 1);
    cr_assert_eq(machine->pu[0].os_index, (int)last);
    wf_free(machine);
}

Test(machine, looking_changes_no_mask)
{
    cpu_set_t before, after;
    sched_getaffinity(0, sizeof before, &before);
    wf_free(wf_machine_detect(true));
    sched_getaffinity(0, sizeof after, &after);
    cr_assert(CPU_EQUAL(&before, &after));
}

static void check_is_mask(const char *variable, const char *value)
{
    setenv(variable, value, 1);
    wf_machine *machine = wf_machine_detect(true);
    check_against_mask(machine);
    cr_assert_eq(machine->source, WF_MASK);
    cr_assert(machine->here);
    wf_free(machine);
}

Test(machine, a_topology_of_another_machine_in_the_environment_does_not_count)
{
    check_is_mask("HWLOC_SYNTHETIC", "pack:1 core:512 pu:2");
}

Test(machine, a_topology_of_a_part_of_this_machine_does_not_count)
{
    setenv("HWLOC_THISSYSTEM", "1", 1);
    check_is_mask("HWLOC_SYNTHETIC", "pack:1 core:1 pu:1(indexes=1000)");
}

Test(machine, near_and_far)
{
    wf_pu a = {.shares = {0, 0, 0, 0, 0}},
          near[] = {{.shares = {0, 0, 0, 0, 0}}, {.shares = {1, 0, 0, 0, 0}}, {.shares = {2, 1, 0, 0, 0}},
                    {.shares = {3, 2, 1, 0, 0}}, {.shares = {4, 3, 2, 1, 0}}, {.shares = {5, 4, 3, 2, 1}}};
    for (int i = 0; i <= WF_SAME_MACHINE; i++)
        cr_assert_eq(wf_distance(&a, &near[i]), (enum wf_distance)i);
}

Test(machine, cpu_sets_hold_the_pu_or_its_domain)
{
    wf_machine *machine = NULL;
    cr_assert_eq(wf_machine_imagined(&machine, WF_SYNTHETIC, "pack:2 l3:1 core:2 pu:1", NULL, 0), 0);
    size_t bytes = machine->cpus_bytes;
    cpu_set_t *own = wf_alloc(bytes), *domain = wf_alloc(bytes);
    wf_machine_cpus(machine, 2, false, own);
    cr_assert_eq(CPU_COUNT_S(bytes, own), 1);
    cr_assert(CPU_ISSET_S(2, bytes, own));
    wf_machine_cpus(machine, 2, true, domain);
    cr_assert_eq(CPU_COUNT_S(bytes, domain), 2);
    cr_assert(CPU_ISSET_S(2, bytes, domain) && CPU_ISSET_S(3, bytes, domain));
    wf_free(own);
    wf_free(domain);
    wf_free(machine);
}

Test(machine, cpu_sets_hold_pus_that_this_kernel_cannot_have)
{
    wf_machine *machine = NULL;
    cr_assert_eq(wf_machine_imagined(&machine, WF_SYNTHETIC, "pack:1 core:2 pu:1(indexes=5,9000)", NULL, 0),
                 0);
    cpu_set_t *set = wf_alloc(machine->cpus_bytes);
    wf_machine_cpus(machine, 1, false, set);
    cr_assert(CPU_ISSET_S(9000, machine->cpus_bytes, set));
    wf_free(set);
    wf_free(machine);
}

/* ---- machines that nobody owns ----------------------------------------------------------------- */

/* "0 1.0 2.1" -> PUs and domains */
static int expected_places(const char *text, int *pus, int *domains)
{
    int count = 0, used, domain;
    while (*text) {
        int found = expand(&text, pus + count, PLACES_MAX - count);
        cr_assert(found && sscanf(text, ".%d%n", &domain, &used) == 1, "places: '%s'", text);
        text += used;
        for (int i = 0; i < found; i++)
            domains[count++] = domain;
    }
    return count;
}

static void check_homes(const machine_case *c, const wf_machine *machine)
{
    int homes[PLACES_MAX];
    const char *text = c->homes;
    int count = expand(&text, homes, PLACES_MAX);
    cr_expect(count == (*c->homes ? machine->pus : 0) && !*text, "%s: %d homes, before '%s'", c->name, count,
              text);
    for (int i = 0; i < count && i < machine->pus; i++)
        cr_expect_eq(machine->pu[i].node, homes[i], "%s: the home of place %d is node %d, not %d", c->name, i,
                     machine->pu[i].node, homes[i]);
}

static void check_case(const machine_case *c)
{
    wf_machine *machine = machine_of(c);
    int pus[PLACES_MAX], domains[PLACES_MAX], last = -1;
    int count = expected_places(c->places, pus, domains);
    cr_expect_eq(machine->pus, count, "%s: %d places, not %d", c->name, machine->pus, count);
    cr_expect_not(machine->here);
    for (int i = 0; i < count && i < machine->pus; i++) {
        const wf_pu *pu = &machine->pu[i];
        cr_expect_eq(pu->os_index, pus[i], "%s: worker %d sits on PU %d, not %d", c->name, i, pu->os_index,
                     pus[i]);
        cr_expect_eq(pu->domain, domains[i], "%s: PU %d is in domain %d, not %d", c->name, pu->os_index,
                     pu->domain, domains[i]);
        last = pu->domain > last ? pu->domain : last;
    }
    cr_expect_eq(machine->domains, last + 1, "%s: %d domains", c->name, machine->domains);
    check_homes(c, machine);
    wf_free(machine);
}

Test(machine, places_and_domains_are_those_of_the_table)
{
    static machine_case cases[MACHINES_MAX];
    int count = read_machines(cases);
    for (int i = 0; i < count; i++)
        check_case(&cases[i]);
}

Test(machine, the_environment_does_not_change_what_is_imagined)
{
    wf_machine *machine = NULL;
    setenv("HWLOC_SYNTHETIC", "pack:1 core:1 pu:1", 1);
    setenv("HWLOC_THISSYSTEM", "1", 1);
    cr_assert_eq(wf_machine_imagined(&machine, WF_SYNTHETIC, "pack:2 core:3 pu:1", NULL, 0), 0);
    cr_assert_eq(machine->pus, 6);
    cr_assert_not(machine->here);
    wf_free(machine);
}

Test(machine, what_cannot_be_imagined)
{
    wf_machine *machine = NULL;
    cpu_set_t nothing;
    CPU_ZERO(&nothing);
    cr_assert_eq(wf_machine_imagined(&machine, WF_SYNTHETIC, "soup:2", NULL, 0), -EINVAL);
    cr_assert_eq(wf_machine_imagined(&machine, WF_XML, MACHINES "/no-such.xml", NULL, 0), -EINVAL);
    cr_assert_eq(wf_machine_imagined(&machine, WF_SYNTHETIC, "core:2 pu:1", &nothing, sizeof nothing),
                 -EINVAL);
    cr_assert_null(machine);
}

Test(machine, nodes_are_named_as_the_kernel_names_them)
{
    wf_machine *machine = NULL;
    cr_assert_eq(wf_machine_imagined(&machine, WF_XML, MACHINES "/memory-only-node.xml", NULL, 0), 0);
    cr_assert_eq(machine->pu[0].node, 1);
    cr_assert_eq(machine->pu[3].node, 2);
    cr_assert_eq(machine->pu[4].node, 3);
    wf_free(machine);
}

/* ---- parts of machines --------------------------------------------------------------------------- */

static void check_same(const wf_machine *one, const wf_machine *other, const char *of)
{
    cr_expect_eq(one->pus, other->pus, "%s: %d PUs and %d", of, one->pus, other->pus);
    cr_expect_eq(one->domains, other->domains, "%s", of);
    for (int i = 0; i < one->pus && i < other->pus; i++) {
        const wf_pu *a = &one->pu[i], *b = &other->pu[i];
        cr_expect(a->os_index == b->os_index && a->tree == b->tree && a->domain == b->domain, "%s: %d is %d",
                  of, i, a->os_index);
        for (int to = 0; to < one->pus && to < other->pus; to++)
            cr_expect_eq(wf_machine_step(one, i, to), wf_machine_step(other, i, to), "%s: %d, %d", of, i, to);
    }
}

/* Every so many PUs of those that the machine of the case has, as a list; there is one at least. */
static void every_so_many(machine_case *c, const wf_machine *machine, int step)
{
    int used = 0;
    *c->cpus = *c->allow = 0;
    for (int i = 0; i < machine->pus && used < (int)sizeof c->cpus - 8; i += step)
        used += sprintf(c->cpus + used, "%s%d", i ? "," : "", machine->pu[i].os_index);
}

Test(machine, a_part_is_as_a_machine_whose_mask_has_no_more)
{
    static machine_case cases[MACHINES_MAX];
    int count = read_machines(cases);
    for (int i = 0; i < count; i++)
        for (int step = 1; step < 5; step++) {
            machine_case c = cases[i];
            wf_machine *whole = machine_of(&c);
            every_so_many(&c, whole, step);
            wf_machine *part = machine_of(&c);
            for (int j = 0; j < (int)sizeof c.cpus; j++)
                c.allow[j] = (char)(c.cpus[j] == ',' ? ' ' : c.cpus[j]);
            *c.cpus = *c.nodes = *c.cores = 0;
            wf_machine *masked = machine_of(&c);
            check_same(part, masked, c.name);
            cr_expect_geq(part->whole, part->pus);
            cr_expect_eq(masked->whole, 0);
            wf_free(whole);
            wf_free(part);
            wf_free(masked);
        }
}

/* A part of nothing, on a machine of two nodes of 4 PUs each, without kinds of cores. */
Test(machine, a_part_without_a_pu_changes_nothing)
{
    static const wf_part parts[] = {{"8-9999", NULL, WF_CORES_ALL},
                                    {NULL, "2", WF_CORES_ALL},
                                    {"0-3", "1", WF_CORES_ALL},
                                    {NULL, NULL, WF_CORES_EFFICIENCY}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        wf_machine *machine = NULL, *same = NULL;
        for (int j = 0; j < 2; j++)
            cr_assert_eq(
                wf_machine_imagined(j ? &machine : &same, WF_SYNTHETIC, "numa:2 l3:1 core:4 pu:1", NULL, 0),
                0);
        cr_expect_eq(wf_machine_confine(machine, &parts[i]), -ENODEV, "part %zu", i);
        cr_expect_eq(machine->whole, 0);
        check_same(machine, same, "after an error");
        wf_free(machine);
        wf_free(same);
    }
}

Test(machine, without_hwloc_there_are_cpus_but_no_nodes)
{
    wf_machine *machine = wf_machine_detect(false);
    char list[32];
    snprintf(list, sizeof list, "%d", machine->pu[machine->pus - 1].os_index);
    cr_assert_eq(wf_machine_confine(machine, &(wf_part){.nodes = "0-999"}), -ENODEV);
    cr_assert_eq(wf_machine_confine(machine, &(wf_part){.core_kind = WF_CORES_EFFICIENCY}), -ENODEV);
    cr_assert_eq(wf_machine_confine(machine, &(wf_part){.core_kind = WF_CORES_PERFORMANCE, .cpus = list}), 0);
    cr_assert_eq(machine->pus, 1);
    cr_assert_eq(machine->pu[0].os_index, atoi(list));
    cr_assert_eq(machine->core_kinds, 0);
    wf_free(machine);
}

Test(machine, kinds_of_cores_stand_by_rank)
{
    static const int kinds[] = {2, 2, 2, 2, 1, 1, 1, 1, 0, 0};
    wf_machine *machine = NULL;
    cr_assert_eq(wf_machine_imagined(&machine, WF_XML, MACHINES "/hybrid.xml", NULL, 0), 0);
    cr_assert_eq(machine->core_kinds, 3);
    for (int i = 0; i < machine->pus; i++)
        cr_assert_eq(machine->pu[i].core_rank, kinds[machine->pu[i].os_index]);
    wf_free(machine);
}

/* ---- the host's -------------------------------------------------------------------------------- */

static hwloc_topology_t host_topology(const char *synthetic)
{
    hwloc_topology_t t;
    cr_assert_eq(hwloc_topology_init(&t), 0);
    if (synthetic)
        cr_assert_eq(hwloc_topology_set_synthetic(t, synthetic), 0);
    cr_assert_eq(hwloc_topology_load(t), 0);
    return t;
}

Test(machine, a_hosts_topology_of_this_system_is_cut_to_the_mask)
{
    wf_machine *machine = NULL;
    hwloc_topology_t t = host_topology(NULL);
    cr_assert_eq(wf_machine_given(&machine, t), 0);
    check_against_mask(machine);
    cr_assert_eq(machine->source, WF_HOST);
    cr_assert(machine->here);
    hwloc_topology_destroy(t); /* it was only read */
    check_against_mask(machine);
    wf_free(machine);
}

Test(machine, a_hosts_topology_may_be_a_part_of_this_system)
{
    wf_machine *machine = NULL;
    cpu_set_t mask;
    int first = 0;
    hwloc_topology_t t = host_topology(NULL);
    hwloc_bitmap_t one = hwloc_bitmap_alloc();
    sched_getaffinity(0, sizeof mask, &mask);
    while (!CPU_ISSET((size_t)first, &mask))
        first++;
    hwloc_bitmap_only(one, (unsigned)first);
    cr_assert_eq(hwloc_topology_restrict(t, one, 0), 0);
    cr_assert_eq(wf_machine_given(&machine, t), 0);
    cr_assert_eq(machine->pus, 1);
    cr_assert_eq(machine->pu[0].os_index, first);
    cr_assert_eq(machine->mask_pus, CPU_COUNT(&mask));
    hwloc_bitmap_free(one);
    hwloc_topology_destroy(t);
    wf_free(machine);
}

Test(machine, a_hosts_topology_of_another_system_counts_whole)
{
    wf_machine *machine = NULL;
    hwloc_topology_t t = host_topology("pack:3 core:2 pu:2");
    cr_assert_eq(wf_machine_given(&machine, t), 0);
    cr_assert_eq(machine->pus, 12);
    cr_assert_eq(machine->mask_pus, mask_count());
    cr_assert_not(machine->here);
    hwloc_topology_destroy(t);
    wf_free(machine);
}

Test(machine, a_hosts_topology_may_keep_memory_side_caches)
{
    wf_machine *machine = NULL;
    hwloc_topology_t t;
    cr_assert_eq(hwloc_topology_init(&t), 0);
    cr_assert_eq(hwloc_topology_set_all_types_filter(t, HWLOC_TYPE_FILTER_KEEP_ALL), 0);
    cr_assert_eq(hwloc_topology_set_xml(t, MACHINES "/memory-only-node.xml"), 0);
    cr_assert_eq(hwloc_topology_load(t), 0);
    cr_assert_eq(hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_MEMCACHE), 1);
    cr_assert_eq(wf_machine_given(&machine, t), 0);
    cr_assert_eq(machine->pu[3].node, 2);
    cr_assert_eq(machine->pu[4].node, 3);
    hwloc_topology_destroy(t);
    wf_free(machine);
}

Test(machine, pus_that_a_hosts_topology_disallows_do_not_count)
{
    wf_machine *machine = NULL;
    hwloc_topology_t t;
    hwloc_bitmap_t some = hwloc_bitmap_alloc();
    cr_assert_eq(hwloc_topology_init(&t), 0);
    cr_assert_eq(hwloc_topology_set_synthetic(t, "pack:1 core:4 pu:1"), 0);
    cr_assert_eq(hwloc_topology_set_flags(t, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED), 0);
    cr_assert_eq(hwloc_topology_load(t), 0);
    hwloc_bitmap_set_range(some, 2, 3);
    cr_assert_eq(hwloc_topology_allow(t, some, NULL, HWLOC_ALLOW_FLAG_CUSTOM), 0);
    cr_assert_eq(wf_machine_given(&machine, t), 0);
    cr_assert_eq(machine->pus, 2);
    cr_assert_eq(machine->pu[0].os_index, 2);
    hwloc_bitmap_free(some);
    hwloc_topology_destroy(t);
    wf_free(machine);
}

/* PU 0 of one kind, PU 1 of another, with these ranks (-1: none is known); the other two of none. */
static wf_machine *of_kinds(int first, int second)
{
    wf_machine *machine = NULL;
    hwloc_topology_t t = host_topology("pack:1 core:4 pu:1");
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    hwloc_bitmap_only(set, 0);
    cr_assert_eq(hwloc_cpukinds_register(t, set, first, 0, NULL, 0), 0);
    hwloc_bitmap_only(set, 1);
    cr_assert_eq(hwloc_cpukinds_register(t, set, second, 0, NULL, 0), 0);
    cr_assert_eq(wf_machine_given(&machine, t), 0);
    hwloc_bitmap_free(set);
    hwloc_topology_destroy(t);
    return machine;
}

Test(machine, a_core_whose_kind_is_not_known_counts_as_performance)
{
    wf_machine *machine = of_kinds(1, 5);
    cr_assert_eq(machine->core_kinds, 2);
    cr_assert_eq(machine->pu[3].core_rank, -1);
    cr_assert_eq(wf_machine_confine(machine, &(wf_part){.core_kind = WF_CORES_PERFORMANCE}), 0);
    cr_assert_eq(machine->pus, 3);
    cr_assert_eq(machine->pu[0].os_index, 1);
    wf_free(machine);
}

Test(machine, kinds_that_hwloc_could_not_rank_are_not_known)
{
    wf_machine *machine = of_kinds(-1, -1);
    cr_assert_eq(machine->core_kinds, 0);
    cr_assert_eq(machine->pu[1].core_rank, -1);
    cr_assert_eq(wf_machine_confine(machine, &(wf_part){.core_kind = WF_CORES_EFFICIENCY}), -ENODEV);
    cr_assert_eq(wf_machine_confine(machine, &(wf_part){.core_kind = WF_CORES_PERFORMANCE}), 0);
    cr_assert_eq(machine->pus, 4);
    wf_free(machine);
}

Test(machine, a_topology_of_another_hwloc_is_refused)
{
    wf_machine *machine = NULL;
    void *other = wf_alloc(4096); /* all zero: no hwloc's version */
    cr_assert_eq(wf_machine_given(&machine, other), -EINVAL);
    cr_assert_null(machine);
    wf_free(other);
}

Test(machine, a_hosts_topology_that_is_not_loaded_or_has_no_pu_of_ours_is_refused)
{
    wf_machine *machine = NULL;
    hwloc_topology_t t;
    cr_assert_eq(hwloc_topology_init(&t), 0);
    cr_assert_eq(wf_machine_given(&machine, t), -EINVAL);
    hwloc_topology_destroy(t);
    setenv("HWLOC_THISSYSTEM", "1", 1);
    t = host_topology("pack:1 core:1 pu:1(indexes=1000)");
    cr_assert_eq(wf_machine_given(&machine, t), -EINVAL);
    cr_assert_null(machine);
    hwloc_topology_destroy(t);
}
