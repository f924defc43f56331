/* SPDX-License-Identifier: MIT */
/* par/for.h - parallel_for; the public face is weft/parallel.h, the loop itself sched/loop.h. */
#ifndef WF_PAR_FOR_H
#define WF_PAR_FOR_H

#include <weft/parallel.h>

#endif
