/* SPDX-License-Identifier: MIT */
/* unit/test_names.c - a function goes by the name that it was registered by, and by its image's else. */
#include "proc/names.h"

#define WEFT_PROCESS_LIBRARY_
#include <criterion/criterion.h>
#include <errno.h>
#include <weft/process.h>

static void one(void)
{
}
static void other(void)
{
    one();
}

static wf_image_name name_of(wf_image_fn *fn)
{
    wf_image_name name;
    cr_assert_eq(wf_name_of(fn, &name), 0);
    return name;
}

Test(names, of_an_image_else)
{
    const wf_image_name before = name_of(one);
    cr_assert_null(wf_name_text(&before));
    cr_assert_eq(weft_process_register("one", one), 0);
    const wf_image_name now = name_of(one), others = name_of(other);
    cr_assert_str_eq(wf_name_text(&now), "one");
    cr_assert_null(wf_name_text(&others));
    cr_assert(wf_name_find(&before) == one && wf_name_find(&now) == one && wf_name_find(&others) == other);
}

Test(names, no_image)
{
    weft_process_fn *nowhere = (weft_process_fn *)(uintptr_t)1;
    wf_image_name name;
    cr_assert_eq(wf_name_of(nowhere, &name), -EINVAL);
    cr_assert_eq(weft_process_register("nowhere", nowhere), 0);
    name = name_of(nowhere);
    cr_assert(wf_name_find(&name) == nowhere);
}

Test(names, one_after_the_other)
{
    wf_image_name name;
    cr_assert(!wf_name_at(0, &name));
    cr_assert_eq(weft_process_register("one", one), 0);
    cr_assert_eq(weft_process_register("other", other), 0);
    cr_assert(wf_name_at(0, &name));
    cr_assert_str_eq(wf_name_text(&name), "other");
    cr_assert(wf_name_at(1, &name));
    cr_assert_str_eq(wf_name_text(&name), "one");
    cr_assert(!wf_name_at(2, &name));
}

Test(names, refused)
{
    cr_assert_eq(weft_process_register(NULL, one), -EINVAL);
    cr_assert_eq(weft_process_register("", one), -EINVAL);
    cr_assert_eq(weft_process_register("01234567890123456789012345678901", one), -EINVAL);
    cr_assert_eq(weft_process_register("0123456789012345678901234567890", one), 0);
    cr_assert_eq(weft_process_register("one", one), 0);
    cr_assert_eq(weft_process_register("one", one), 0, "so already");
    cr_assert_eq(weft_process_register("one", other), -EEXIST);
    cr_assert_eq(weft_process_register("two", NULL), -ENOENT);
}

Test(names, taken_back)
{
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(weft_process_register("before", one), 0);
        cr_assert_eq(weft_process_register("one", i ? other : one), 0);
        const wf_image_name name = name_of(i ? other : one);
        cr_assert_eq(weft_process_register("one", NULL), 0);
        cr_assert_null(wf_name_find(&name), "what was submitted finds nothing");
    }
    const wf_image_name last = name_of(one);
    cr_assert_str_eq(wf_name_text(&last), "before");
}
