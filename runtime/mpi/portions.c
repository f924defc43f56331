/* SPDX-License-Identifier: MIT */
/* mpi/portions.c - see portions.h. */
#include "mpi/portions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proc/engine.h"

static int name_of(const wf_items *items, wf_image_name *name)
{
    return weft_engine_(WEFT_VERSION_STRING)->name_of(items->fn, name);
}

/* How many items fit into a letter, there and back. */
static size_t most(const wf_line *line, const wf_items *items)
{
    size_t back = items->out_size + sizeof(wf_item_end), there = items->in_size;
    return (line->message_bytes - 16) / (there > back ? there : back);
}

int wf_portions_check(const wf_line *line, const wf_items *items)
{
    wf_image_name name;
    return most(line, items) ? name_of(items, &name) : -EMSGSIZE;
}

/* ---- one letter ---------------------------------------------------------------------------------- */

/* Many, one behind the other in memory: they are sent from there. Whoever has them waits for the answer, which says that they
 * came. */
static const void *in_place(const wf_items *items, size_t first, size_t count)
{
    if (count * items->in_size < WF_LETTER_BODY)
        return NULL;
    const char *begin = items->in(items, first);
    for (size_t i = 1; i < count; i++) /* a stream's lie anywhere */
        if (begin + i * items->in_size != items->in(items, first + i))
            return NULL;
    return begin;
}

static void copy_items(const wf_items *items, size_t first, size_t count, unsigned char *to)
{
    for (size_t i = 0; items->in_size && i < count; i++)
        memcpy(to + i * items->in_size, items->in(items, first + i), items->in_size);
}

static wf_letter *write_letter(const wf_items *items, size_t first, size_t count, int *err)
{
    const void *body = in_place(items, first, count);
    wf_letter *letter = wf_letter_new(body ? 0 : count * items->in_size);
    *err = letter ? name_of(items, &letter->head.fn) : -ENOMEM;
    if (*err) {
        wf_letter_free(letter);
        return NULL;
    }
    wf_letter_head *h = &letter->head;
    h->kind = WF_LETTER_ITEMS;
    h->count = count;
    h->in_size = items->in_size;
    h->out_size = items->out_size;
    h->in_first = items->in_first;
    h->fail_fast = items->fail_fast;
    h->has_in = items->has_in;
    h->has_out = items->has_out;
    snprintf(h->text, sizeof h->text, "%s", items->in_first ? "stream" : "map");
    h->bytes = count * items->in_size;
    letter->body = body;
    if (!body)
        copy_items(items, first, count, letter->bytes);
    return letter;
}

/* Also by who has the executor stop what runs. */
static bool is_stopped(void *items)
{
    return ((const wf_items *)items)->stopped(items) || weft_should_stop();
}

/* An item that did not run, and that nobody has stopped, has the letter's own failure. */
static void end_without(wf_items *items, size_t index, int status)
{
    if (status == -ECANCELED || (!status && is_stopped(items)))
        items->skipped(items, index);
    else
        items->ended(items, index, status ? status : -EPROTO, NULL);
}

/* First those that ran: a failure among them may be why others did not, before it and behind. */
static void take(wf_items *items, const wf_letter *answer, size_t first, size_t count)
{
    const wf_item_end *end = (const wf_item_end *)(const void *)answer->bytes;
    const unsigned char *out = answer->bytes + wf_items_out_at(count);
    for (size_t i = 0; i < count; i++)
        if (end[i].ran)
            items->ended(items, first + i, end[i].status, items->out_size ? out + i * items->out_size : NULL);
    for (size_t i = 0; i < count; i++)
        if (!end[i].ran)
            end_without(items, first + i, answer->head.status);
}

static void run(wf_line *line, wf_items *items, size_t first, size_t count)
{
    int err, rank;
    wf_letter *letter = write_letter(items, first, count, &err);
    const wf_call call = {.letter = letter, .line = line};
    wf_letter *answer = letter ? wf_hub_ask(&call, is_stopped, items, &rank, &err) : NULL;
    if (answer && answer->head.bytes == wf_items_out_at(count) + count * items->out_size)
        take(items, answer, first, count);
    else
        for (size_t i = 0; i < count; i++)
            end_without(items, first + i, answer ? answer->head.status : err);
    wf_letter_free(answer);
}

/* ---- all ----------------------------------------------------------------------------------------- */

size_t wf_portions_run(wf_line *line, wf_items *items, size_t begin, size_t end)
{
    size_t at_once = most(line, items);
    for (size_t count; begin < end && !is_stopped(items); begin += count) {
        count = end - begin < at_once ? end - begin : at_once;
        run(line, items, begin, count);
    }
    return begin;
}
