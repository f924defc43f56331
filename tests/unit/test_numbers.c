/* SPDX-License-Identifier: MIT */
/* base/numbers: what is a list of numbers and what is none; which numbers are in one. */
#include "base/numbers.h"

#include <criterion/criterion.h>
#include <stddef.h>

Test(numbers, what_is_a_list)
{
    static const char *const lists[] = {"0", "0-0", "3,1", "0-3,8", "0-3,2-5", "007", "999999999", "0,0"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        cr_expect(wf_numbers_valid(lists[i]), "'%s'", lists[i]);
}

Test(numbers, what_is_none)
{
    static const char *const texts[] = {"",
                                        ",",
                                        "-",
                                        "0,",
                                        ",0",
                                        "0,,1",
                                        "0-",
                                        "-3",
                                        "0--3",
                                        "3-1",
                                        "1-2-3",
                                        "0 1",
                                        " 0",
                                        "0 ",
                                        "0\n",
                                        "+1",
                                        "0x1",
                                        "one",
                                        "0-3:2",
                                        "all",
                                        "!0",
                                        "0;1",
                                        "1.0",
                                        "1000000000",
                                        "4294967296-4294967297",
                                        "18446744073709551617"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_not(wf_numbers_valid(texts[i]), "'%s'", texts[i]);
}

/* The numbers below 16, as bits. */
static unsigned bits(const char *list)
{
    unsigned found = 0;
    for (int i = 0; i < 16; i++)
        found |= (unsigned)wf_numbers_have(list, i) << i;
    return found;
}

Test(numbers, which_are_in_it)
{
    cr_expect_eq(bits("0"), 0x1);
    cr_expect_eq(bits("0-3,8"), 0x10f);
    cr_expect_eq(bits("8,0-3"), 0x10f);
    cr_expect_eq(bits("15,2-4,3-6"), 0x807c);
    cr_expect_eq(bits("16-99"), 0);
    cr_expect_eq(bits("10"), 0x400);
    cr_expect(wf_numbers_have("0-999999999", 999999999));
    cr_expect_not(wf_numbers_have("0-3,8", -1));
}
