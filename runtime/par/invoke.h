/* SPDX-License-Identifier: MIT */
/* par/invoke.h - parallel_invoke; the public face is weft/parallel.h. A loop over the calls. */
#ifndef WF_PAR_INVOKE_H
#define WF_PAR_INVOKE_H

#include <weft/parallel.h>

#endif
