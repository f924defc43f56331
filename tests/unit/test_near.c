/* SPDX-License-Identifier: MIT */
/* par/near: how a loop follows the pages of an array, on a kernel with several nodes that this program plays. */
#include "par/near.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>

#include "os/memory.h"
#include "os/nodes.h"

enum { NODES = 3, PAGES_MOST = 100000 };

/* The array begins in this page; the kernel's word about each. */
static char *first_page;
static int node_of_page[PAGES_MOST], answer;
static size_t asked;

int __wrap_wf_nodes_of(const void *const *address, size_t count, int *nodes);

int __wrap_wf_nodes_of(const void *const *address, size_t count, int *nodes)
{
    asked = count;
    for (size_t i = 0; i < count; i++) {
        size_t page = (size_t)((const char *)address[i] - first_page) / wf_page_bytes();
        cr_assert_lt(page, PAGES_MOST);
        nodes[i] = node_of_page[page];
    }
    return answer;
}

static wf_stretch stretch;
static wf_worker workers[NODES - 1];
static wf_machine *machine;
static weft_pool pool;

/* A worker on each node but the last. */
static void make_pool(void)
{
    machine = wf_alloc(sizeof *machine + NODES * sizeof machine->pu[0]);
    machine->here = true;
    pool = (weft_pool){.stretches = &stretch, .machine = machine, .all = workers, .workers = NODES - 1};
    for (int i = 0; i < NODES - 1; i++) {
        machine->pu[i].node = i;
        workers[i].pu = i;
    }
    first_page = (char *)(uintptr_t)(64 * wf_page_bytes());
    answer = 0;
}

static void free_pool(void)
{
    wf_free(machine);
}

TestSuite(near, .init = make_pool, .fini = free_pool, .timeout = 240);

static void lie(size_t begin, size_t end, int node)
{
    for (size_t i = begin; i < end; i++)
        node_of_page[i] = node;
}

static void stretch_is(const wf_plan *plan, unsigned index, uint32_t place, size_t end)
{
    cr_assert_lt(index, plan->count);
    cr_assert_eq(plan->stretch[index].place, place, "stretch %u: place %u", index,
                 plan->stretch[index].place);
    cr_assert_eq(plan->stretch[index].end, end, "stretch %u: up to %zu", index, plan->stretch[index].end);
}

Test(near, pages_of_one_node_are_one_stretch_and_end_where_they_end)
{
    wf_plan plan;
    size_t page = wf_page_bytes();
    lie(0, 10, 1);
    lie(10, 30, 0);
    lie(30, 50, 1);
    cr_assert(wf_near_plan(&pool, first_page, page, 50, &plan));
    cr_assert_eq(asked, 50);
    cr_assert_eq(plan.count, 3);
    stretch_is(&plan, 0, 1, 10);
    stretch_is(&plan, 1, 0, 30);
    stretch_is(&plan, 2, 1, 50);
}

Test(near, an_item_belongs_to_the_page_in_which_it_begins)
{
    wf_plan plan;
    size_t page = wf_page_bytes();
    lie(0, 10, 0);
    lie(10, 40, 1);
    cr_assert(wf_near_plan(&pool, first_page + 100, 1000, (10 * page) / 1000 + 50, &plan));
    stretch_is(&plan, 0, 0, (10 * page - 100 + 999) / 1000);
    cr_assert(wf_near_plan(&pool, first_page + page / 2, 3 * page, 12, &plan));
    stretch_is(&plan, 0, 0, 4); /* items begin in the pages 0, 3, 6, 9 and 12 */
    stretch_is(&plan, 1, 1, 12);
}

Test(near, of_many_pages_some_are_asked_and_boundaries_are_met_nearly)
{
    wf_plan plan;
    size_t pages = PAGES_MOST, near = pages / WF_NODES_BATCH + 1;
    lie(0, pages / 3, 1);
    lie(pages / 3, pages, 0);
    cr_assert(wf_near_plan(&pool, first_page, wf_page_bytes(), pages, &plan));
    cr_assert_eq(asked, WF_NODES_BATCH);
    cr_assert_eq(plan.count, 2);
    cr_assert(plan.stretch[0].end + near > pages / 3 && plan.stretch[0].end < pages / 3 + near);
    stretch_is(&plan, 1, 0, pages);
}

Test(near, interleaved_pages_are_nobodys_however_many_there_are)
{
    wf_plan plan;
    for (size_t i = 0; i < PAGES_MOST; i++)
        node_of_page[i] = (int)(i % 2);
    for (size_t pages = 256; pages < PAGES_MOST; pages *= 2)
        cr_assert_not(wf_near_plan(&pool, first_page, wf_page_bytes(), pages, &plan), "%zu pages", pages);
}

Test(near, there_are_as_many_stretches_as_there_is_room_for)
{
    wf_plan plan;
    for (size_t i = 0; i < PAGES_MOST; i++)
        node_of_page[i] = (int)(i % 2);
    cr_assert(wf_near_plan(&pool, first_page, wf_page_bytes(), WF_STRETCHES_MAX, &plan));
    cr_assert_eq(plan.count, WF_STRETCHES_MAX);
    cr_assert_not(wf_near_plan(&pool, first_page, wf_page_bytes(), WF_STRETCHES_MAX + 1, &plan));
}

Test(near, what_is_not_there_is_as_what_is_before_it)
{
    wf_plan plan;
    lie(0, 5, -ENOENT);
    lie(5, 10, 1);
    lie(10, 15, -EFAULT);
    lie(15, 20, 1);
    lie(20, 30, 0);
    cr_assert(wf_near_plan(&pool, first_page, wf_page_bytes(), 30, &plan));
    cr_assert_eq(plan.count, 2);
    stretch_is(&plan, 0, 1, 20);
    stretch_is(&plan, 1, 0, 30);
}

Test(near, where_nothing_is_known_there_is_no_plan)
{
    wf_plan plan;
    lie(0, 10, -ENOENT);
    cr_assert_not(wf_near_plan(&pool, first_page, wf_page_bytes(), 10, &plan));
    lie(0, 10, 1);
    answer = -ENOSYS;
    cr_assert_not(wf_near_plan(&pool, first_page, wf_page_bytes(), 10, &plan));
    answer = 0;
    machine->here = false;
    cr_assert_not(wf_near_plan(&pool, first_page, wf_page_bytes(), 10, &plan));
    machine->here = true;
    pool.stretches = NULL;
    cr_assert_not(wf_near_plan(&pool, first_page, wf_page_bytes(), 10, &plan));
}

Test(near, a_node_where_nobody_sits_is_near_to_nobody)
{
    wf_plan plan;
    lie(0, 10, NODES - 1);
    lie(10, 20, 1);
    cr_assert(wf_near_plan(&pool, first_page, wf_page_bytes(), 20, &plan));
    stretch_is(&plan, 0, WF_NO_PLACE, 10);
    stretch_is(&plan, 1, 1, 20);
    workers[1].duty = WF_STANDS;
    cr_assert(wf_near_plan(&pool, first_page, wf_page_bytes(), 20, &plan));
    stretch_is(&plan, 1, WF_NO_PLACE, 20);
    workers[1].duty = WF_SITS;
}
