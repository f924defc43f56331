/* SPDX-License-Identifier: MIT */
/* base/numbers.c - see numbers.h. */
#include "base/numbers.h"

#define DIGITS_MAX 9

static bool number(const char **at, int *value)
{
    const char *begin = *at;
    for (*value = 0; **at >= '0' && **at <= '9' && *at - begin < DIGITS_MAX; ++*at)
        *value = *value * 10 + (**at - '0');
    return *at != begin;
}

/* "5" or "2-7", up to the comma or the end behind it. */
static bool range(const char **at, int *from, int *to)
{
    if (!number(at, from))
        return false;
    *to = *from;
    if (**at == '-') {
        ++*at;
        if (!number(at, to))
            return false;
    }
    return *from <= *to && (**at == ',' || !**at);
}

bool wf_numbers_valid(const char *text)
{
    int from, to;
    while (range(&text, &from, &to))
        if (!*text++)
            return true;
    return false;
}

bool wf_numbers_have(const char *text, int number)
{
    int from, to;
    while (range(&text, &from, &to)) {
        if (from <= number && number <= to)
            return true;
        if (!*text++)
            break;
    }
    return false;
}
