/* SPDX-License-Identifier: MIT */
/* base/text: what is written, and that nothing is written past the buffer. */
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char buffer[80];
static wf_text text;

static void begin(size_t room)
{
    memset(buffer, 0, sizeof buffer);
    text = (wf_text){.at = buffer, .end = buffer + room};
}

Test(text, words_numbers_and_addresses_stand_as_printf_would_write_them)
{
    char expected[80];
    begin(sizeof buffer);
    wf_text_str(&text, "n ");
    wf_text_num(&text, 0);
    wf_text_str(&text, " ");
    wf_text_num(&text, UINT64_MAX);
    wf_text_str(&text, " ");
    wf_text_ptr(&text, buffer);
    wf_text_end(&text);
    snprintf(expected, sizeof expected, "n 0 %llu %p\n", (unsigned long long)UINT64_MAX, (void *)buffer);
    cr_assert_str_eq(buffer, expected);
}

static const char *span(uint64_t ns)
{
    begin(sizeof buffer);
    wf_text_span(&text, ns);
    return buffer;
}

Test(text, a_span_has_the_unit_that_suits_it)
{
    cr_assert_str_eq(span(0), "0 ns");
    cr_assert_str_eq(span(999), "999 ns");
    cr_assert_str_eq(span(1000), "1.0 us");
    cr_assert_str_eq(span(12399), "12.3 us");
    cr_assert_str_eq(span(12345678), "12.3 ms");
    cr_assert_str_eq(span(999999999), "999.9 ms");
    cr_assert_str_eq(span(UINT64_C(98765432109876)), "98765.4 s");
}

Test(text, what_does_not_fit_is_left_out_and_the_line_still_ends)
{
    begin(8);
    wf_text_str(&text, "0123456789");
    wf_text_num(&text, 12345);
    wf_text_end(&text);
    cr_assert_eq(text.at, buffer + 8);
    cr_assert_str_eq(buffer, "0123456\n");
}

Test(text, a_line_that_just_fits_is_whole)
{
    begin(8);
    wf_text_str(&text, "0123456");
    wf_text_end(&text);
    cr_assert_str_eq(buffer, "0123456\n");
}
