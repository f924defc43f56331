/* SPDX-License-Identifier: MIT */
/* unit/test_image.c - functions have names by which they are found again, and nothing else has. */
#include "proc/image.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

static int here(int number)
{
    return number + 1;
}

static wf_image_fn *as_any(uintptr_t address)
{
    return (wf_image_fn *)address;
}

static void there_and_back(wf_image_fn *fn)
{
    wf_image_name name;
    cr_assert_eq(wf_image_name_of(fn, &name), 0);
    cr_assert(wf_image_find(&name) == fn);
}

Test(image, found_again)
{
    there_and_back((wf_image_fn *)here);
    there_and_back((wf_image_fn *)cr_log); /* of a library */
    cr_assert_eq(here(1), 2);
}

Test(image, different_names)
{
    wf_image_name one, other;
    cr_assert_eq(wf_image_name_of((wf_image_fn *)here, &one), 0);
    cr_assert_eq(wf_image_name_of((wf_image_fn *)there_and_back, &other), 0);
    cr_assert(one.offset != other.offset);
    cr_assert_arr_eq(one.id, other.id, sizeof one.id);
}

Test(image, no_function)
{
    static int data;
    int local = 0;
    void *heap = malloc(1);
    wf_image_name name;
    cr_assert_eq(wf_image_name_of(NULL, &name), -EINVAL);
    cr_assert_eq(wf_image_name_of(as_any((uintptr_t)&data), &name), -EINVAL);
    cr_assert_eq(wf_image_name_of(as_any((uintptr_t)&local), &name), -EINVAL);
    cr_assert_eq(wf_image_name_of(as_any((uintptr_t)heap), &name), -EINVAL);
    free(heap);
}

/* Another build of the program, or of the library; a place where nothing is to be executed. */
Test(image, of_another_build)
{
    wf_image_name name;
    cr_assert_eq(wf_image_name_of((wf_image_fn *)here, &name), 0);
    name.id[3] ^= 1;
    cr_assert_null((void *)(uintptr_t)wf_image_find(&name));
    name.id[3] ^= 1;
    name.offset = UINT64_C(1) << 40;
    cr_assert_null((void *)(uintptr_t)wf_image_find(&name));
}

Test(image, program_or_library)
{
    cr_assert(wf_image_is_program((wf_image_fn *)here));
    cr_assert_not(wf_image_is_program((wf_image_fn *)cr_log));
    cr_assert_not(wf_image_is_program(NULL));
}
