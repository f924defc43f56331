/* SPDX-License-Identifier: MIT */
/*
 * exec/bulk.h - submit_many, and maps under an executor's limits; the public face is weft/bulk.h.
 *
 * A map is one task of the executor, the lead: it submits others, the helpers, to the same executor, at most so many as
 * can run beside it, and all take pieces from what is left until there is nothing. So each that runs items holds a
 * ticket, whatever the engine. At the end the lead cancels helpers that have not begun and waits for the others: they
 * use what lies on its stack.
 */
#ifndef WF_EXEC_BULK_H
#define WF_EXEC_BULK_H

#include <weft/bulk.h>

#endif
