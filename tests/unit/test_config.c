/* SPDX-License-Identifier: MIT */
/* base/config: config structs of older and newer programs. */
#include "base/config.h"

#include <criterion/criterion.h>
#include <stdint.h>

typedef struct known {
    size_t size;
    int a, b;
} known;
typedef struct newer {
    size_t size;
    int a, b, c;
} newer;

#define LEAST offsetof(known, b)

Test(config, null_is_all_defaults)
{
    known to = {1, 2, 3};
    cr_assert(wf_config_read(&to, sizeof to, LEAST, NULL));
    cr_assert_eq(to.a, 0);
    cr_assert_eq(to.b, 0);
}

Test(config, an_older_program_leaves_the_rest_default)
{
    known to, from = {offsetof(known, b), 5, 6};
    cr_assert(wf_config_read(&to, sizeof to, LEAST, &from));
    cr_assert_eq(to.a, 5);
    cr_assert_eq(to.b, 0);
}

Test(config, a_newer_program_is_fine_if_it_asks_nothing_new)
{
    known to;
    newer from;
    memset(&from, 0, sizeof from); /* its tail padding, too */
    from.size = sizeof from;
    from.b = 6;
    cr_assert(wf_config_read(&to, sizeof to, LEAST, &from));
    cr_assert_eq(to.b, 6);
    from.c = 1;
    cr_assert_not(wf_config_read(&to, sizeof to, LEAST, &from));
}

Test(config, a_struct_is_filled_as_far_as_its_caller_knows_it)
{
    known from = {sizeof from, 5, 6}, to = {offsetof(known, b), 1, 2};
    newer longer = {sizeof longer, 1, 2, 3};
    cr_assert(wf_config_write(&to, &from, sizeof from, LEAST));
    cr_assert_eq(to.size, offsetof(known, b));
    cr_assert_eq(to.a, 5);
    cr_assert_eq(to.b, 2, "the caller does not know it");
    cr_assert(wf_config_write(&longer, &from, sizeof from, LEAST));
    cr_assert_eq(longer.size, sizeof longer);
    cr_assert_eq(longer.b, 6);
    cr_assert_eq(longer.c, 0, "the library does not know it");
    to.size = LEAST - 1;
    cr_assert_not(wf_config_write(&to, &from, sizeof from, LEAST));
    cr_assert_eq(to.a, 5, "nothing was done");
}

Test(config, sizes_that_make_no_sense)
{
    static const size_t sizes[] = {0, 1, LEAST - 1, 4097, SIZE_MAX};
    static char from[8192];
    known to;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memcpy(from, &sizes[i], sizeof sizes[i]);
        cr_assert_not(wf_config_read(&to, sizeof to, LEAST, from));
    }
}
