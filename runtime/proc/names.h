/* SPDX-License-Identifier: MIT */
/*
 * proc/names.h - a function's name in another process: the one it was registered by (weft_process_register), else its
 * image's (proc/image.h).
 *
 * A registered name is a wf_image_name without a place: its offset is NAMED, its id the text. What a process has registered
 * is a list under a lock; where it is empty, nobody takes that.
 */
#ifndef WF_PROC_NAMES_H
#define WF_PROC_NAMES_H

#include <stddef.h>

#include "proc/image.h"

/* As wf_image_name_of, wf_image_find. */
int wf_name_of(wf_image_fn *fn, wf_image_name *name);
wf_image_fn *wf_name_find(const wf_image_name *name);
/* The text; NULL: it is an image's. */
const char *wf_name_text(const wf_image_name *name);
/* The registered name with this number, from 0, the newest; false: there are no more. */
bool wf_name_at(size_t number, wf_image_name *name);

#endif
