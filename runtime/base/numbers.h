/* SPDX-License-Identifier: MIT */
/*
 * base/numbers.h - a set of numbers as Linux writes those of CPUs and NUMA nodes: "3", "0-3,8". Decimal numbers of up to
 * nine digits and ranges of them, in any order, divided by commas; nothing else, no blanks.
 *
 * The text is the set: it is read anew for each question. It is asked once for each PU, when a pool is created.
 */
#ifndef WF_BASE_NUMBERS_H
#define WF_BASE_NUMBERS_H

#include <stdbool.h>

bool wf_numbers_valid(const char *text);

/* Of a valid text: is the number in it? */
bool wf_numbers_have(const char *text, int number);

#endif
