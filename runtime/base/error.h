/* SPDX-License-Identifier: MIT */
/* base/error.h - codes and their sentences; the public face is weft/base.h. */
#ifndef WF_BASE_ERROR_H
#define WF_BASE_ERROR_H

#include <errno.h>

#include <weft/base.h>

#endif
