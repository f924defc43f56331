/* SPDX-License-Identifier: MIT */
/* base/text.c - see text.h. */
#include "base/text.h"

static void put(wf_text *text, char c)
{
    if (text->at < text->end)
        *text->at++ = c;
}

static void digits(wf_text *text, uint64_t number, unsigned base)
{
    char reversed[20];
    unsigned n = 0;
    do
        reversed[n++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (n)
        put(text, reversed[--n]);
}

void wf_text_str(wf_text *text, const char *what)
{
    while (*what)
        put(text, *what++);
}

void wf_text_num(wf_text *text, uint64_t number)
{
    digits(text, number, 10);
}

void wf_text_ptr(wf_text *text, const void *pointer)
{
    wf_text_str(text, "0x");
    digits(text, (uintptr_t)pointer, 16);
}

void wf_text_span(wf_text *text, uint64_t ns)
{
    static const char *const units[] = {" ns", " us", " ms", " s"};
    uint64_t unit = 1;
    unsigned i = 0;
    for (; i < 3 && ns / unit >= 1000; i++)
        unit *= 1000;
    digits(text, ns / unit, 10);
    if (i) {
        put(text, '.');
        digits(text, ns % unit / (unit / 10), 10);
    }
    wf_text_str(text, units[i]);
}

void wf_text_end(wf_text *text)
{
    if (text->at == text->end)
        text->at--;
    *text->at++ = '\n';
}
