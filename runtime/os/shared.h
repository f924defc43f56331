/* SPDX-License-Identifier: MIT */
/*
 * os/shared.h - memory that two processes share: a file without a name (memfd_create(2)), sealed at its size.
 *
 * - It has no name in /dev/shm or anywhere: it is gone with the last process that has it.
 * - Sealed: nobody who has it can make it smaller under the other one, who would get SIGBUS.
 * - It takes memory only where it was touched.
 */
#ifndef WF_OS_SHARED_H
#define WF_OS_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its descriptor, closed at exec; or a negative errno. bytes: whole pages. */
int wf_shared_create(size_t bytes);
/* The same, as large as a file may be for this program, whose descriptor is at least `above`. bytes: receives how large. */
int wf_shared_create_vast(int above, uint64_t *bytes);
/* The bytes of one that was made so; 0: it is something else. */
size_t wf_shared_bytes(int fd);
/* NULL: no memory. */
void *wf_shared_map(int fd, size_t bytes);
void *wf_shared_map_part(int fd, uint64_t from, size_t bytes); /* whole pages */
void wf_shared_unmap(void *memory, size_t bytes);
/* What is in there is not needed any more: zeros, and no memory. Whole pages. */
void wf_shared_empty(int fd, size_t from, size_t bytes);
/* Some bytes of it, without a mapping: what is empty stays so. False: they are not there. */
bool wf_shared_read(int fd, uint64_t from, void *to, size_t bytes);
void wf_shared_close(int fd);
/* Of a process that got it: programs that it starts do not. */
void wf_shared_keep(int fd);

#endif
