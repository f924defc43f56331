/* SPDX-License-Identifier: MIT */
/*
 * page_node.h - on which NUMA node a page of a file lies, as far as the kernel tells.
 */
#ifndef PAGE_NODE_H
#define PAGE_NODE_H

#include <sys/types.h>

/* The node, as the kernel counts them, of the page of an open file that holds the byte at `offset`; -1: not in memory now,
 * or nobody tells. Reads nothing from the disk. */
int page_node(int fd, off_t offset);

#endif
