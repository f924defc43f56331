/* SPDX-License-Identifier: MIT */
/*
 * mpi/portions.h - maps and streams of an executor over ranks: some items are a letter, whose rank runs it as a loop of its
 * pool.
 *
 * exec/bulk.c cuts the pieces of a map: large ones first, each a part of what is left, down to as many items as the ranks have
 * workers on the average, wherever it goes. Those of a stream are its chunks (exec/pump.h), no smaller either. Threads here
 * hold one piece each: two for each rank, so that while it works on one it has the next, and no round trip is waited for; with
 * many workers more, since a piece lasts as long as its longest item, and others have nothing to do meanwhile. The hub sends a
 * piece to the rank that has least for its workers.
 *
 * A piece whose items turn out heavy is divided again when a rank has fewer items than workers:
 *   P1 the hub asks one that has more for a part of a letter that it has had for long (GIVE; one for each rank that has fewer)
 *   P2 that claims items that have not begun, and sends their places back (GIVEN)
 *   P3 the thread that waits for the letter strikes them out and sends them in a letter of their own, which may be divided, too;
 *      it has ended when all its letters have
 * The answer says of each item whether it ran, was given back, or neither. So each is told of once, by the letter that has it;
 * a list that is lost or late is no loss, what it says stands in the answer; and what nobody was given is never moved.
 */
#ifndef WF_MPI_PORTIONS_H
#define WF_MPI_PORTIONS_H

#include "exec/far.h"
#include "mpi/hub.h"

/* So many pieces for each rank at the same time, if it has so many workers. */
#define WF_PORTIONS_AWAY(workers) (2 + (workers) / 4)

/* wf_far.check, .run */
int wf_portions_check(const wf_line *line, const wf_items *items);
size_t wf_portions_run(wf_line *line, wf_items *items, size_t begin, size_t end);

#endif
