/* SPDX-License-Identifier: MIT */
/* mpi/portions.c - see portions.h. */
#include "mpi/portions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
    if (items->in_codec || items->out_codec)
        return -ENOTSUP;
    return most(line, items) ? name_of(items, &name) : -EMSGSIZE;
}

/* ---- legs ---------------------------------------------------------------------------------------- */

#define GONE UINT64_MAX

/* A letter that is away, and its items. */
typedef struct leg {
    wf_call call;
    struct lane *lane;
    struct leg *next;
    size_t first, count;
    uint64_t *index; /* NULL: in a row from first; else which they are, GONE: another leg's by now */
    bool told;       /* with the hub's lock, as the next two */
    wf_letter *answer, *given;
} leg;

/* Of the thread that has a piece: it waits until all of it has ended, wherever it went. */
typedef struct lane {
    wf_line *line;
    wf_items *items;
    leg *legs;
    pthread_cond_t news;
} lane;

static uint64_t item_of(const leg *g, size_t i)
{
    return g->index ? g->index[i] : g->first + i;
}

/* wf_call.answered */
static void answered(wf_call *call, wf_letter *answer)
{
    leg *g = (leg *)(void *)call;
    wf_hub *hub = g->lane->line->hub;
    pthread_mutex_lock(&hub->lock);
    g->answer = answer;
    g->told = true;
    pthread_cond_signal(&g->lane->news);
    pthread_mutex_unlock(&hub->lock);
}

/* wf_call.given */
static void given(wf_call *call, wf_letter *list)
{
    leg *g = (leg *)(void *)call;
    wf_hub *hub = g->lane->line->hub;
    pthread_mutex_lock(&hub->lock);
    g->given = list;
    pthread_cond_signal(&g->lane->news);
    pthread_mutex_unlock(&hub->lock);
}

/* index: as in a leg; it is the leg's. */
static leg *new_leg(lane *l, size_t first, size_t count, uint64_t *index)
{
    leg *g = malloc(sizeof *g);
    if (g)
        *g = (leg){.call = {.line = l->line, .answered = answered, .given = given, .part = index},
                   .lane = l,
                   .first = first,
                   .count = count,
                   .index = index};
    return g;
}

static void discard(leg *g)
{
    if (g)
        free(g->index);
    free(g);
}

/* ---- there --------------------------------------------------------------------------------------- */

/* Many are sent from where they lie. Whoever has them waits for the answer, which says that they came. */
static const void *in_place(const wf_items *items, size_t first, size_t count)
{
    const char *all = count * items->in_size < WF_LETTER_BODY ? NULL : items->in_array;
    return all ? all + first * items->in_size : NULL;
}

static void copy_items(const leg *g, unsigned char *to)
{
    const wf_items *items = g->lane->items;
    for (size_t i = 0; items->in_size && i < g->count; i++)
        memcpy(to + i * items->in_size, items->in(items, item_of(g, i)), items->in_size);
}

static wf_letter *write_letter(const leg *g, int *err)
{
    const wf_items *items = g->lane->items;
    const void *body = g->index ? NULL : in_place(items, g->first, g->count);
    wf_letter *letter = wf_letter_new(body ? 0 : g->count * items->in_size);
    *err = letter ? name_of(items, &letter->head.fn) : -ENOMEM;
    if (*err) {
        wf_letter_free(letter);
        return NULL;
    }
    wf_letter_head *h = &letter->head;
    h->kind = WF_LETTER_ITEMS;
    h->count = g->count;
    h->in_size = items->in_size;
    h->out_size = items->out_size;
    h->fail_fast = items->fail_fast;
    h->has_in = items->has_in;
    h->has_out = items->has_out;
    h->in_first = items->in_first;
    h->bytes = g->count * items->in_size;
    snprintf(h->text, sizeof h->text, "%s", items->in_first ? "stream" : "map");
    letter->body = body;
    if (!body)
        copy_items(g, letter->bytes);
    return letter;
}

/* Also by who has the executor stop what runs. */
static bool is_stopped(const wf_items *items)
{
    return items->stopped(items) || weft_should_stop();
}

/* An item that did not run, and that nobody has stopped, has the letter's own failure. */
static void end_without(wf_items *items, size_t index, int status)
{
    if (status == -ECANCELED || (!status && is_stopped(items)))
        items->skipped(items, index);
    else
        items->ended(items, index, status ? status : -EPROTO, NULL);
}

static void end_all_without(const leg *g, int status)
{
    for (size_t i = 0; i < g->count; i++)
        if (item_of(g, i) != GONE)
            end_without(g->lane->items, item_of(g, i), status);
}

static int send(leg *g)
{
    int err;
    wf_letter *letter = write_letter(g, &err);
    if (!letter)
        return err;
    g->call.letter = letter;
    err = wf_hub_call(g->lane->line->hub, &g->call);
    if (err)
        wf_letter_free(letter);
    return err;
}

/* What cannot be sent ends here. */
static void send_or_end(lane *l, leg *g)
{
    int err = is_stopped(l->items) ? -ECANCELED : send(g);
    if (err) {
        end_all_without(g, err);
        discard(g);
        return;
    }
    g->next = l->legs;
    l->legs = g;
}

/* ---- what was given back ------------------------------------------------------------------------- */

static bool number_items(leg *g)
{
    if (g->index)
        return true;
    g->index = malloc(g->count * sizeof *g->index);
    for (size_t i = 0; g->index && i < g->count; i++)
        g->index[i] = g->first + i;
    return g->index;
}

/* A leg of its items at these places, which are not its own any more. NULL: no memory, nothing is changed. */
static leg *part_of(leg *g, const uint64_t *at, size_t count)
{
    uint64_t *index = number_items(g) ? malloc(count * sizeof *index) : NULL;
    leg *part = index ? new_leg(g->lane, 0, count, index) : NULL;
    if (!part) {
        free(index);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        index[i] = g->index[at[i]];
        g->index[at[i]] = GONE;
    }
    return part;
}

/* Without memory for it the answer says the same again. */
static void send_on(leg *g, wf_letter *list)
{
    const uint64_t *at = (const uint64_t *)(const void *)list->bytes;
    leg *part = part_of(g, at, (size_t)list->head.bytes / sizeof *at);
    if (part)
        send_or_end(g->lane, part);
    wf_letter_free(list);
    wf_hub_shared(g->lane->line->hub, &g->call);
}

/* What the answer calls given back, and no list did before. */
static void send_on_rest(leg *g, const wf_item_end *end)
{
    size_t count = 0;
    for (size_t i = 0; i < g->count; i++)
        count += end[i].fate == WF_ITEM_GIVEN && item_of(g, i) != GONE;
    uint64_t *at = count ? malloc(count * sizeof *at) : NULL;
    size_t n = 0;
    for (size_t i = 0; at && i < g->count; i++)
        if (end[i].fate == WF_ITEM_GIVEN && item_of(g, i) != GONE)
            at[n++] = i;
    leg *part = at ? part_of(g, at, count) : NULL;
    if (part)
        send_or_end(g->lane, part);
    else if (count)
        for (size_t i = 0; i < g->count; i++)
            if (end[i].fate == WF_ITEM_GIVEN && item_of(g, i) != GONE)
                end_without(g->lane->items, item_of(g, i), -ENOMEM);
    free(at);
}

/* ---- and back ------------------------------------------------------------------------------------ */

/* First those that ran: a failure among them may be why others did not, before it and behind. */
static void take(leg *g)
{
    wf_items *items = g->lane->items;
    const wf_item_end *end = (const wf_item_end *)(const void *)g->answer->bytes;
    const unsigned char *out = g->answer->bytes + wf_items_out_at(g->count);
    for (size_t i = 0; i < g->count; i++)
        if (end[i].fate == WF_ITEM_RAN)
            items->ended(items, item_of(g, i), end[i].status,
                         items->out_size ? out + i * items->out_size : NULL);
    for (size_t i = 0; i < g->count; i++)
        if (end[i].fate == WF_ITEM_LEFT)
            end_without(items, item_of(g, i), g->answer->head.status);
    send_on_rest(g, end);
}

static void finish(leg *g)
{
    size_t bytes = wf_items_out_at(g->count) + g->count * g->lane->items->out_size;
    if (g->answer && g->answer->head.bytes == bytes)
        take(g);
    else
        end_all_without(g, g->answer ? g->answer->head.status : WEFT_EDIED);
    wf_letter_free(g->answer);
    discard(g);
}

/* ---- a piece ------------------------------------------------------------------------------------- */

/* With the hub's lock, which it gives up meanwhile. False: there was nothing. */
static bool hear(lane *l)
{
    wf_hub *hub = l->line->hub;
    leg **at = &l->legs;
    while (*at && !(*at)->told && !(*at)->given)
        at = &(*at)->next;
    leg *g = *at;
    if (!g)
        return false;
    wf_letter *list = g->given;
    g->given = NULL;
    if (!list)
        *at = g->next;
    pthread_mutex_unlock(&hub->lock);
    if (list)
        send_on(g, list);
    else
        finish(g);
    pthread_mutex_lock(&hub->lock);
    return true;
}

/* As hear. */
static void stop_if_asked(const lane *l)
{
    wf_hub *hub = l->line->hub;
    pthread_mutex_unlock(&hub->lock);
    bool stops = is_stopped(l->items);
    pthread_mutex_lock(&hub->lock);
    for (const leg *g = l->legs; stops && g; g = g->next)
        if (!g->told)
            wf_hub_stop(hub, &g->call);
}

static void run(wf_line *line, wf_items *items, size_t first, size_t count)
{
    lane l = {.line = line, .items = items};
    wf_hub *hub = line->hub;
    leg *g = new_leg(&l, first, count, NULL);
    pthread_cond_init(&l.news, NULL);
    if (g)
        send_or_end(&l, g);
    else
        for (size_t i = 0; i < count; i++)
            end_without(items, first + i, -ENOMEM);
    pthread_mutex_lock(&hub->lock);
    while (l.legs)
        if (!hear(&l) && !wf_hub_await(hub, &l.news))
            stop_if_asked(&l);
    pthread_mutex_unlock(&hub->lock);
    pthread_cond_destroy(&l.news);
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
