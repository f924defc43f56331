/* SPDX-License-Identifier: MIT */
/* workers_without.c - a program without weft/process.h: its library cannot have workers, and is told so. */
#include <errno.h>
#include <stdio.h>

#include "workers.h"

int main(void)
{
    int err = library_makes();
    printf("%s%d passed, %d failed\n", err == -ENOTSUP ? "" : "FAILED: a library alone\n", err == -ENOTSUP,
           err != -ENOTSUP);
    return err != -ENOTSUP;
}
