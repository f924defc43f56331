/* SPDX-License-Identifier: MIT */
/*
 * os/memory.h - all memory of the library comes through here; and whether the process was forked.
 */
#ifndef WF_OS_MEMORY_H
#define WF_OS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed, aligned to 128; NULL: no memory. Freed by wf_free (NULL is fine). */
void *wf_alloc(size_t bytes);
void wf_free(void *memory);

/* Address space that takes memory only where it is touched, with a guard page behind it; zeroed; NULL:
 * no memory. bytes is rounded up to pages. */
void *wf_reserve(size_t bytes);
/* The same for what will be touched: refused where the system sees that it is more than there is. */
void *wf_map_pages(size_t bytes);
void wf_unreserve(void *memory, size_t bytes);

size_t wf_page_bytes(void);

/* A number that is the same until the process forks and another one in the child; never 0.
 * Costs a load. Source: a page that the kernel empties in the child (MADV_WIPEONFORK, Linux 4.14). */
uint64_t wf_generation(void);

#endif
