/* SPDX-License-Identifier: MIT */
/*
 * exec/stop.h - stop tokens; the public face is weft/stop.h. Who asks walks up the tree, so that a token knows nothing of
 * those below it, and to fire it is one store.
 */
#ifndef WF_EXEC_STOP_H
#define WF_EXEC_STOP_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/stop.h>

/* One that fires while *word, which outlives it, is not 0; 0 or -ENOMEM. */
int wf_stop_on_word(weft_stop **stop, const uint32_t *word);
/* Is it the one above, or below it? NULL is neither. */
bool wf_stop_is_within(const weft_stop *stop, const weft_stop *above);

#endif
