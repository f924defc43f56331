/* SPDX-License-Identifier: MIT */
/*
 * proc/image.h - a function's name that another process with the same image understands: which object it is in (the
 * program or a shared library), by the build-id that the linker gave that, and how far from its beginning.
 *
 * Addresses differ from process to process; what lies where in an object does not, as long as it is the same object: that
 * is what the build-id says. An object without one has no names.
 */
#ifndef WF_PROC_IMAGE_H
#define WF_PROC_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define WF_IMAGE_ID_BYTES 32

typedef struct wf_image_name {
    uint8_t id[WF_IMAGE_ID_BYTES]; /* the first of it, zeros behind */
    uint64_t offset;
} wf_image_name;

typedef void wf_image_fn(void); /* any function: cast */

/* 0; -EINVAL: no function is there; -ENOTSUP: its object has no build-id. */
int wf_image_name_of(wf_image_fn *fn, wf_image_name *name);
/* NULL: no object with that build-id is loaded here, or nothing there is to be executed. */
wf_image_fn *wf_image_find(const wf_image_name *name);
/* Is it in the program itself, not in a library? */
bool wf_image_is_program(wf_image_fn *fn);

#endif
