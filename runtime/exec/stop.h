/* SPDX-License-Identifier: MIT */
/*
 * exec/stop.h - stop tokens; the public face is weft/stop.h. Who asks walks up the tree, so that a token knows nothing of
 * those below it, and to fire it is one store.
 */
#ifndef WF_EXEC_STOP_H
#define WF_EXEC_STOP_H

#include <weft/stop.h>

#endif
