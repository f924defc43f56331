/* SPDX-License-Identifier: MIT */
/* os/memory.c - see memory.h. */
#include "os/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/atomic.h"

void *wf_alloc(size_t bytes)
{
    void *memory;
    if (bytes > SIZE_MAX - WF_LINE || posix_memalign(&memory, WF_LINE, bytes ? bytes : 1))
        return NULL;
    return memset(memory, 0, bytes);
}

void wf_free(void *memory)
{
    free(memory);
}

size_t wf_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t reserved_bytes(size_t bytes)
{
    size_t page = wf_page_bytes();
    return (bytes + page - 1) / page * page + page;
}

static void *map(size_t bytes, int flags)
{
    size_t all = reserved_bytes(bytes), page = wf_page_bytes();
    char *memory = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (mprotect(memory + all - page, page, PROT_NONE)) {
        munmap(memory, all);
        return NULL;
    }
    return memory;
}

void *wf_reserve(size_t bytes)
{
    return map(bytes, MAP_NORESERVE);
}

void *wf_map_pages(size_t bytes)
{
    return map(bytes, 0);
}

void wf_unreserve(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, reserved_bytes(bytes));
}

/* The page: its first word is the generation; 0 in a child until somebody asks there. */
static uint64_t *wiped_page;

static uint64_t *find_page(void)
{
    uint64_t *page = wf_load_acquire(&wiped_page); /* pair OM1 -> find_page(): the page is mapped */
    if (page)
        return page;
    size_t bytes = wf_page_bytes();
    page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    (void)madvise(page, bytes, MADV_WIPEONFORK); /* refused by old kernels: then a child is not noticed */
    uint64_t *expected = NULL;
    if (wf_cas_acq_rel(&wiped_page, &expected, page)) /* pair OM1 -> find_page(): one page a process */
        return page;
    munmap(page, bytes);
    return wf_load_acquire(&wiped_page); /* pair OM1 -> find_page(): a lost exchange orders nothing */
}

/* The first time in a process. */
static __attribute__((noinline, cold)) uint64_t begin_generation(void)
{
    static uint64_t count; /* copied into the child: a child's generation is never its parent's */
    uint64_t *page = find_page();
    if (!page)
        return UINT64_MAX;
    uint64_t now = wf_load_relaxed(page); /* re-checked by the exchange */
    if (now)
        return now;
    uint64_t fresh = wf_add_relaxed(&count, 1) + 1;         /* statistic: only its being new counts */
    return wf_cas_relaxed(page, &now, fresh) ? fresh : now; /* re-checked: one of them wins */
}

uint64_t wf_generation(void)
{
    const uint64_t *page = wf_load_acquire(&wiped_page); /* pair OM1 -> find_page(): the page is mapped */
    uint64_t now = page ? wf_load_relaxed(page) : 0;     /* re-checked by begin_generation() */
    return now ? now : begin_generation();
}
