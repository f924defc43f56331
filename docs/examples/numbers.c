/* SPDX-License-Identifier: MIT */
/* numbers.c - see numbers.h. */
#include "numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#define LOOK_ROUND 65536 /* divisions between two looks at weft_should_stop(): about a millisecond */

struct number *number_parse(const char *line)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(line, &end, 10);
    if (*line < '0' || *line > '9' || *end)
        errno = EINVAL;
    if (errno)
        return NULL;
    struct number *number = calloc(1, sizeof *number);
    if (number)
        number->value = value;
    return number;
}

int number_factor(void *arg)
{
    struct number *number = arg;
    uint64_t rest = number->value, looks = 0;
    for (uint64_t divisor = 2; rest > 1 && divisor <= rest / divisor; divisor++) {
        for (; rest % divisor == 0; rest /= divisor)
            number->factors[number->n++] = divisor;
        if (++looks % LOOK_ROUND == 0 && weft_should_stop())
            return -ECANCELED;
    }
    if (rest > 1 || !number->n)
        number->factors[number->n++] = rest; /* a prime; or the number was 0 or 1 */
    return 0;
}

void number_print(const struct number *number, int status)
{
    printf("%" PRIu64, number->value);
    if (status)
        printf(": %s", weft_strerror(status));
    for (int i = 0; i < number->n && !status; i++)
        printf(" %c %" PRIu64, i ? '*' : '=', number->factors[i]);
    putchar('\n');
}

char *input_room(struct input *input, size_t *room)
{
    input->bytes -= input->cut;
    memmove(input->text, input->text + input->cut, input->bytes);
    input->cut = 0;
    *room = sizeof input->text - 1 - input->bytes;
    return input->text + input->bytes;
}

char *input_line(struct input *input)
{
    char *line = input->text + input->cut;
    size_t left = input->bytes - input->cut;
    char *end = memchr(line, '\n', left);
    bool whole = left && (input->ended || left == sizeof input->text - 1);
    if (!end && !whole)
        return NULL;
    input->cut = end ? (size_t)(end - input->text) + 1 : input->bytes;
    line[end ? (size_t)(end - line) : left] = '\0';
    return line;
}
