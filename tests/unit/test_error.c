/* SPDX-License-Identifier: MIT */
/* base/error: every code has a sentence, none is NULL. */
#include "base/error.h"

#include <criterion/criterion.h>
#include <string.h>

Test(error, each_documented_code_has_words_of_its_own)
{
    static const int codes[] = {0,        WEFT_EITEM, -EINVAL,    -ENOMEM,     -EAGAIN,
                                -EDEADLK, -EBUSY,     -EOVERFLOW, -EOWNERDEAD, -ENODEV};
    size_t n = sizeof codes / sizeof *codes;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            cr_assert_str_neq(weft_strerror(codes[i]), weft_strerror(codes[j]));
}

Test(error, other_codes_get_a_sentence_too)
{
    static const int codes[] = {1, 7, -EIO, -4095, -4096, -99999, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        cr_assert_not_null(weft_strerror(codes[i]));
        cr_assert_gt(strlen(weft_strerror(codes[i])), 3);
    }
    cr_assert_str_eq(weft_strerror(-EIO), strerrordesc_np(EIO));
    cr_assert_str_eq(weft_strerror(-99999), "unknown code");
}

Test(error, version_is_the_headers)
{
    cr_assert_str_eq(weft_version(), WEFT_VERSION_STRING);
}
