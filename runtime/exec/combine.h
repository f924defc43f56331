/* SPDX-License-Identifier: MIT */
/*
 * exec/combine.h - several futures as one; the public face is weft/combine.h.
 *
 * - A held record and a link for each future that it is made of. Each link holds a reference of its future until the
 *   record is freed, so that a waiter can run what is pending; the record holds one of its own until all links were told.
 * - left counts links not told yet, and the maker while it attaches. The last one makes it DONE (all), or the first one
 *   that counts does (any).
 */
#ifndef WF_EXEC_COMBINE_H
#define WF_EXEC_COMBINE_H

#include <weft/combine.h>

#endif
