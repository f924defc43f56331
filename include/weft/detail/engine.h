/* SPDX-License-Identifier: MIT */
/*
 * weft/detail/engine.h - the door for weft's own other libraries, libweft-mpi; nothing for programs, and not installed.
 */
#ifndef WEFT_DETAIL_ENGINE_H
#define WEFT_DETAIL_ENGINE_H

#include <weft/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weft_engine_table_;

/** What an engine needs of libweft that no public header has; NULL: that libweft is of another version. Any thread. */
WEFT_API const struct weft_engine_table_ *weft_engine_(const char *version);

#ifdef __cplusplus
}
#endif
#endif
