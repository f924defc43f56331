/* SPDX-License-Identifier: MIT */
/**
 * weft/block.h - calls that wait for something outside: a disk, a socket, another process, a lock.
 *
 *     weft_block_begin();                  // from here on this thread does not count as one that computes
 *     ssize_t n = read(fd, page, bytes);
 *     weft_block_end();
 *
 * A worker in such a section has left its place: what it had forked and kept to itself is for all to take, and if there is
 * anything to take that no idle worker will, a spare thread of the pool's goes on in its stead. So no pool has to be larger
 * than the machine because some of its tasks wait. Whoever forgets to say so is found out some milliseconds later, by
 * itself; docs/blocking.md compares the ways and tells what they cost.
 *
 * When the section ends the thread goes on at once. It does not wait for a place, for it may hold a lock that somebody who
 * has one waits for; the spare that stood in for it leaves when what it runs has ended. Until then there may be one more
 * thread that computes than there are places.
 *
 * Inside a section a thread should not compute for long: it is counted nowhere. Everything of weft may be called there.
 */
#ifndef WEFT_BLOCK_H
#define WEFT_BLOCK_H

#include <weft/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Begins a section. Sections nest: the outermost one counts. It has to end in the same task, before that returns.
 * @return 0
 * Any thread; outside of a pool it costs a load. Inside some tens of ns if nobody is to be woken, else what that costs: some
 * microseconds. May create a thread. Waits for nothing.
 */
WEFT_API int weft_block_begin(void);

/** Ends the innermost one. 0; -EINVAL: the calling thread is inside a pool, and in no section there. Any thread; outside of
 *  a pool it does nothing. Does not wait. */
WEFT_API int weft_block_end(void);

/**
 * Equals `weft_block_begin(); fn(arg); weft_block_end();`.
 * @param fn  has to return: not to be left by an exception, longjmp or pthread_exit
 * @return 0 after fn returned; -EINVAL (fn is NULL)
 * Any thread.
 */
WEFT_API int weft_blocking(void (*fn)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
