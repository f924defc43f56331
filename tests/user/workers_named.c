/* SPDX-License-Identifier: MIT */
/* workers_named.c - a plugin without a build-id that only workers load: its functions have names. */
#include <weft/process.h>

static int task(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = 4712;
    return 0;
}

static int item(void *out, const void *in, void *ctx)
{
    *(int *)out = 2 * *(const int *)in;
    return ctx != NULL;
}

__attribute__((constructor)) static void come(void)
{
    (void)weft_process_register("task", (weft_process_fn *)task);
    (void)weft_process_register("item", (weft_process_fn *)item);
}
