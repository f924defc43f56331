/* SPDX-License-Identifier: MIT */
/* os/nodes: where pages lie, shall lie and are brought; on as many nodes as the machine has. */
#include "os/nodes.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/memory.h"

enum { PAGES = 600 }; /* more than one call takes */

static size_t page_bytes;

static void start(void)
{
    page_bytes = wf_page_bytes();
}

TestSuite(nodes, .init = start, .timeout = 240);

static bool exists(int node)
{
    char path[64];
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpulist", node);
    return access(path, R_OK) == 0;
}

static void needs_an_answer(void)
{
    int node,
        err = wf_nodes_where((const void *)((uintptr_t)&page_bytes / page_bytes * page_bytes), 1, &node);
    if (err)
        cr_skip_test("the kernel does not tell where memory lies: errno %d", -err);
}

/* Of small pages: where the system makes huge ones by itself, these would lie as a whole. */
static char *reserve_small(size_t pages)
{
    char *memory = wf_reserve(pages * page_bytes);
    cr_assert_not_null(memory);
    (void)madvise(memory, pages * page_bytes, MADV_NOHUGEPAGE); /* a system without huge pages refuses it */
    return memory;
}

static int node_of(const void *address)
{
    int node = -1;
    const char *page = (const char *)((uintptr_t)address / page_bytes * page_bytes);
    cr_assert_eq(wf_nodes_where(page, 1, &node), 0);
    return node;
}

Test(nodes, a_set_has_each_node_once)
{
    wf_nodes set = {0};
    cr_assert_eq(wf_nodes_count(&set), 0);
    for (int twice = 0; twice < 2; twice++) {
        wf_nodes_add(&set, 0);
        wf_nodes_add(&set, 63);
        wf_nodes_add(&set, 64);
        wf_nodes_add(&set, WF_NODES_MAX - 1);
    }
    cr_assert_eq(wf_nodes_count(&set), 4);
}

Test(nodes, the_kernel_knows_the_node_here)
{
    int here = wf_nodes_here();
    cr_assert(here == 0 || exists(here), "node %d", here);
}

Test(nodes, each_page_has_its_own_answer)
{
    int nodes[PAGES];
    needs_an_answer();
    char *memory = reserve_small(PAGES);
    for (size_t i = 0; i < PAGES; i += 3)
        memory[i * page_bytes] = 1;
    cr_assert_eq(((volatile char *)memory)[page_bytes], 0); /* read is not written */
    cr_assert_eq(munmap(memory + 100 * page_bytes, page_bytes), 0);
    cr_assert_eq(wf_nodes_where(memory, PAGES, nodes), 0);
    for (int i = 0; i < PAGES; i++)
        if (i == 100)
            cr_assert_eq(nodes[i], -EFAULT);
        else if (i % 3)
            cr_assert_eq(nodes[i], -ENOENT, "page %d: %d", i, nodes[i]);
        else
            cr_assert_geq(nodes[i], 0, "page %d: %d", i, nodes[i]);
}

Test(nodes, touched_memory_is_where_it_was_preferred)
{
    needs_an_answer();
    for (int node = 0; node < WF_NODES_MAX; node++) {
        char *memory = exists(node) ? wf_reserve(4 * page_bytes) : NULL;
        if (!memory)
            continue;
        cr_assert_eq(wf_nodes_prefer(memory, 4 * page_bytes, node), 0);
        for (size_t i = 0; i < 4; i++) {
            memory[i * page_bytes] = 1;
            cr_assert_eq(node_of(memory + i * page_bytes), node);
        }
        wf_unreserve(memory, 4 * page_bytes);
    }
}

Test(nodes, no_such_node)
{
    needs_an_answer();
    char *memory = wf_reserve(page_bytes);
    wf_nodes none = {0};
    cr_assert_eq(wf_nodes_prefer(memory, page_bytes, -1), -EINVAL);
    cr_assert_eq(wf_nodes_prefer(memory, page_bytes, WF_NODES_MAX), -EINVAL);
    cr_assert_eq(wf_nodes_prefer(memory, page_bytes, WF_NODES_MAX - 1), -EINVAL);
    cr_assert_eq(wf_nodes_interleave(memory, page_bytes, &none), -EINVAL);
    wf_nodes_add(&none, WF_NODES_MAX - 1);
    cr_assert_eq(wf_nodes_interleave(memory, page_bytes, &none), -EINVAL);
    wf_unreserve(memory, page_bytes);
}

Test(nodes, interleaved_pages_take_turns)
{
    int nodes[PAGES], pages_on[WF_NODES_MAX] = {0};
    wf_nodes set = {0};
    needs_an_answer();
    for (int node = 0; node < WF_NODES_MAX; node++)
        if (exists(node))
            wf_nodes_add(&set, node);
    char *memory = reserve_small(PAGES);
    cr_assert_eq(wf_nodes_interleave(memory, PAGES * page_bytes, &set), 0);
    for (size_t i = 0; i < PAGES; i++)
        memory[i * page_bytes] = 1;
    cr_assert_eq(wf_nodes_where(memory, PAGES, nodes), 0);
    for (int i = 0; i < PAGES; i++)
        pages_on[nodes[i]]++;
    int least = PAGES / wf_nodes_count(&set);
    for (int node = 0; node < WF_NODES_MAX; node++)
        cr_assert(exists(node) ? pages_on[node] == least || pages_on[node] == least + 1 : !pages_on[node]);
    wf_unreserve(memory, PAGES * page_bytes);
}

static __thread char variable;

/* Answers the number of pages that are elsewhere. */
static void *bring_mine(void *node)
{
    int to = *(int *)node;
    wf_nodes_bring_stack(to);
    return (void *)(intptr_t)((node_of(__builtin_frame_address(0)) != to) + (node_of(&variable) != to));
}

Test(nodes, a_stack_is_brought_where_it_shall_be)
{
    needs_an_answer();
    for (int node = 0; node < WF_NODES_MAX; node++) {
        pthread_t thread;
        void *elsewhere;
        if (!exists(node))
            continue;
        cr_assert_eq(pthread_create(&thread, NULL, bring_mine, &node), 0);
        cr_assert_eq(pthread_join(thread, &elsewhere), 0);
        cr_assert_eq((intptr_t)elsewhere, 0, "node %d", node);
    }
}
