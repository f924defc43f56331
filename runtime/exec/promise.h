/* SPDX-License-Identifier: MIT */
/*
 * exec/promise.h - a held record that is completed by hand; the public face is weft/promise.h. It names no pool: it may
 * outlive the one that its record comes from.
 */
#ifndef WF_EXEC_PROMISE_H
#define WF_EXEC_PROMISE_H

#include <weft/promise.h>

#endif
