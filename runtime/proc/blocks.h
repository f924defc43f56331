/* SPDX-License-Identifier: MIT */
/*
 * proc/blocks.h - the blocks of this program (weft/process.h): memory that its worker processes have, too.
 *
 * - All lie in one file without a name, as large as files may be, which each worker gets when it is made: no descriptor for each
 *   block, none to be sent to a worker that lives already, and nothing that a worker has to be allowed to open.
 * - No place in the file is ever used a second time: where a block lies is which block it is. Who still has one that is gone
 *   writes into nobody's memory.
 * - In front of each lies a page with its head. To free a block makes a hole of both: a worker reads the head, and knows.
 * - The program takes nothing from the file: it has a list of its own, by address. So a worker, which may write into all blocks,
 *   can spoil bytes of them, and names for other workers.
 * The file is there as long as there is a block, or an executor over processes. A child of fork(2) begins without one.
 */
#ifndef WF_PROC_BLOCKS_H
#define WF_PROC_BLOCKS_H

#include <stdbool.h>

#define WEFT_PROCESS_LIBRARY_
#include <weft/process.h>

/* What lies at a block's place in the file, a page in front of its bytes. */
typedef struct wf_block_head {
    uint64_t program, block; /* as in each name of a place there */
    uint64_t bytes;
} wf_block_head;

/* The descriptor of the file for workers, which stays until the release; above WF_SPAWN_BLOCKS_FD.
 * Or a negative errno. */
int wf_blocks_retain(void);
void wf_blocks_release(void);

/* Do so many bytes lie in one block? Then what is the name of their place. */
bool wf_blocks_name(const void *place, size_t bytes, weft_shared_ref *ref);
/* Of blocks of this program. 0, -EINVAL, -ENOENT. */
int wf_blocks_find(const weft_shared_ref *ref, size_t bytes, void **place);

#endif
