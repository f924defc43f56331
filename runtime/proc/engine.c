/* SPDX-License-Identifier: MIT */
/* proc/engine.c - see engine.h. */
#include "proc/engine.h"

#include <string.h>

#include "exec/task_spec.h"

static const struct weft_engine_table_ table = {.create = wf_executor_create_far,
                                                .submit = wf_task_submit,
                                                .name_of = wf_image_name_of,
                                                .find = wf_image_find};

const struct weft_engine_table_ *weft_engine_(const char *version)
{
    return strcmp(version, WEFT_VERSION_STRING) ? NULL : &table;
}
