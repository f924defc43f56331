/* SPDX-License-Identifier: MIT */
/*
 * exec/executor.h - submitting through an executor; the public face is weft/future.h.
 *
 * For now the only executor is a pool's own: it has no limits, so that submitting is taking a record, filling it and
 * putting it into a queue.
 */
#ifndef WF_EXEC_EXECUTOR_H
#define WF_EXEC_EXECUTOR_H

#include <weft/future.h>

#endif
