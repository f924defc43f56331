/* SPDX-License-Identifier: MIT */
/* os/machine: the mask counts, with hwloc and without; machines that nobody owns through HWLOC_SYNTHETIC. */
#include "os/machine.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "os/memory.h"

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

Test(machine, a_topology_of_another_machine_does_not_count)
{
    setenv("HWLOC_SYNTHETIC", "pack:1 core:1 pu:1", 1);
    setenv("HWLOC_THISSYSTEM", "0", 1);
    wf_machine *machine = wf_machine_detect(true);
    cr_assert_eq(machine->pus, mask_count());
    wf_free(machine);
}

Test(machine, near_and_far)
{
    wf_pu a = {0, {0, 0, 0, 0}}, core = {1, {0, 0, 0, 0}}, cache = {2, {1, 0, 0, 0}},
          node = {3, {2, 1, 0, 0}}, package = {4, {3, 2, 1, 0}}, far = {5, {4, 3, 2, 1}};
    cr_assert_eq(wf_distance(&a, &core), WF_SAME_CORE);
    cr_assert_eq(wf_distance(&a, &cache), WF_SAME_CACHE);
    cr_assert_eq(wf_distance(&a, &node), WF_SAME_NODE);
    cr_assert_eq(wf_distance(&a, &package), WF_SAME_PACKAGE);
    cr_assert_eq(wf_distance(&a, &far), WF_SAME_MACHINE);
}

Test(machine, cpu_sets_hold_what_is_in_reach)
{
    wf_machine *machine = wf_machine_detect(false);
    size_t bytes = wf_machine_cpus_bytes(machine);
    cpu_set_t *own = wf_alloc(bytes), *all = wf_alloc(bytes);
    wf_machine_cpus(machine, 0, WF_SAME_CORE, own, bytes);
    cr_assert_eq(CPU_COUNT_S(bytes, own), 1);
    cr_assert(CPU_ISSET_S((size_t)machine->pu[0].os_index, bytes, own));
    wf_machine_cpus(machine, 0, WF_SAME_MACHINE, all, bytes);
    cr_assert_eq(CPU_COUNT_S(bytes, all), machine->pus);
    wf_free(own);
    wf_free(all);
    wf_free(machine);
}
