/* SPDX-License-Identifier: MIT */
/*
 * base/check.h - assertions about internal state and visible misuse, in builds with -Dchecks=true only.
 * The ordinary library never aborts.
 */
#ifndef WF_BASE_CHECK_H
#define WF_BASE_CHECK_H

#ifdef WF_CHECKS
#include <stdio.h>
#include <stdlib.h>
#define WF_CHECK(condition, text)                                                            \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "weft: %s:%d: %s [%s]\n", __FILE__, __LINE__, text, #condition); \
            abort();                                                                         \
        }                                                                                    \
    } while (0)
#else
#define WF_CHECK(condition, text) ((void)sizeof(condition))
#endif

#endif
