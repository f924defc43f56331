/* SPDX-License-Identifier: MIT */
/*
 * base/text.h - a line of text made in a buffer of the caller's: no allocation, no locale, no stdio, so that a signal
 * handler may do it too. What does not fit is left out.
 */
#ifndef WF_BASE_TEXT_H
#define WF_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef struct wf_text {
    char *at;  /* where the next character goes */
    char *end; /* past the buffer */
} wf_text;

void wf_text_str(wf_text *text, const char *what);
void wf_text_num(wf_text *text, uint64_t number);
/* 0x and hexadecimal digits. */
void wf_text_ptr(wf_text *text, const void *pointer);
/* A span of time with its unit: "950 ns", "12.3 us", "12.3 ms", "12.3 s". */
void wf_text_span(wf_text *text, uint64_t ns);
/* The line's end; written over the last character if there is no room. */
void wf_text_end(wf_text *text);

#endif
