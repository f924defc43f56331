/* SPDX-License-Identifier: MIT */
/* exec/said.h - what a task says about its failure, while it runs; the public face is weft_fail of weft/executor.h. */
#ifndef WF_EXEC_SAID_H
#define WF_EXEC_SAID_H

#include <weft/executor.h>

#endif
