/* SPDX-License-Identifier: MIT */
/* mpi/portions.c - see portions.h. */
#include "mpi/portions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpi/values.h"
#include "proc/engine.h"

static int name_of(const wf_items *items, wf_image_name *name)
{
    return weft_engine_(WEFT_VERSION_STRING)->name_of(items->fn, name);
}

/* How many items fit into a letter, there and back; those that are packed are seen to one by one. */
static size_t most(const wf_line *line, const wf_items *items)
{
    size_t in = items->in_codec ? 0 : items->in_size, out = items->out_codec ? 0 : items->out_size;
    size_t hooks = items->in_codec || items->out_codec ? sizeof(wf_value_hooks) : 0;
    size_t back = out + sizeof(wf_item_end), each = in > back ? in : back;
    return line->message_bytes < hooks + 64 ? 0 : (line->message_bytes - hooks - 16) / each;
}

int wf_portions_check(const wf_line *line, const wf_items *items)
{
    wf_image_name name;
    wf_value_hooks hooks;
    uint32_t which;
    int err = wf_value_hooks_of(items->in_codec, items->out_codec, &hooks, &which);
    return err ? err : most(line, items) ? name_of(items, &name) : -EMSGSIZE;
}

/* ---- legs ---------------------------------------------------------------------------------------- */

#define GONE UINT64_MAX
#define FIRST_ROOM 4096 /* bytes for packed values, before more are needed */

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
    wf_value_hooks hooks;
    uint32_t which; /* of these; 0: none */
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

/* An ITEMS letter with room behind its head, and the hooks. */
static wf_letter *begin_letter(const leg *g, size_t room, int *err)
{
    const wf_items *items = g->lane->items;
    wf_letter *letter = wf_letter_new(room);
    *err = letter ? name_of(items, &letter->head.fn) : -ENOMEM;
    if (*err) {
        wf_letter_free(letter);
        return NULL;
    }
    wf_letter_head *h = &letter->head;
    h->kind = WF_LETTER_ITEMS;
    h->in_size = items->in_size;
    h->out_size = items->out_size;
    h->fail_fast = items->fail_fast;
    h->has_in = items->has_in;
    h->has_out = items->has_out;
    h->in_first = items->form == WF_ITEMS_OF_STREAM;
    h->hooks = g->lane->which;
    h->most = wf_value_most(g->lane->line->message_bytes);
    snprintf(h->text, sizeof h->text, "%s", items->label);
    if (h->hooks)
        memcpy(letter->bytes, &g->lane->hooks, sizeof g->lane->hooks);
    return letter;
}

static wf_letter *write_as_they_are(const leg *g, int *err)
{
    const wf_items *items = g->lane->items;
    size_t hooks = g->lane->which ? sizeof(wf_value_hooks) : 0, bytes = g->count * items->in_size;
    const void *body = g->index || hooks ? NULL : in_place(items, g->first, g->count);
    wf_letter *letter = begin_letter(g, body ? 0 : hooks + bytes, err);
    if (!letter)
        return NULL;
    letter->head.count = g->count;
    letter->head.bytes = hooks + bytes;
    letter->body = body;
    for (size_t i = 0; !body && items->in_size && i < g->count; i++)
        memcpy(letter->bytes + hooks + i * items->in_size, items->in(items, item_of(g, i)), items->in_size);
    return letter;
}

/* Twice the room for packed values, or as much as there may be. NULL: there is no more. */
static wf_letter *grow(wf_letter *letter, size_t *room, size_t limit)
{
    size_t more = 2 * *room < limit ? 2 * *room : limit;
    wf_letter *larger = *room < limit ? wf_letter_new(sizeof(wf_value_hooks) + more) : NULL;
    if (!larger)
        return NULL;
    larger->head = letter->head;
    memcpy(larger->bytes, letter->bytes, sizeof(wf_value_hooks) + *room);
    wf_letter_free(letter);
    *room = more;
    return larger;
}

/* As many as fit; why the next one does not. */
static int pack_items(const leg *g, wf_letter **letter, size_t *fits)
{
    const wf_items *items = g->lane->items;
    size_t limit = g->lane->line->message_bytes - sizeof(wf_value_hooks), used = 0;
    size_t room = limit < FIRST_ROOM ? limit : FIRST_ROOM;
    int err = 0;
    for (*fits = 0; !err && *fits < g->count;) {
        wf_packed packed = {.at = (*letter)->bytes + sizeof(wf_value_hooks), .room = room, .used = used};
        const void *item = items->in(items, item_of(g, *fits));
        err = wf_packed_put(&packed, items->in_codec, item, (size_t)(*letter)->head.most);
        used = packed.used;
        *fits += !err;
        wf_letter *larger = err == WF_PACKED_FULL ? grow(*letter, &room, limit) : NULL;
        if (larger) {
            *letter = larger;
            err = 0;
        }
    }
    (*letter)->head.count = *fits;
    (*letter)->head.bytes = sizeof(wf_value_hooks) + used;
    return err;
}

/* NULL: *fits of them, one at least, have this error. */
static wf_letter *write_packed(const leg *g, size_t *fits, int *err)
{
    wf_letter *letter = begin_letter(g, sizeof(wf_value_hooks) + FIRST_ROOM, err);
    int why = letter ? pack_items(g, &letter, fits) : 0;
    if (!letter || *fits)
        return letter;
    wf_letter_free(letter);
    *fits = 1;
    *err = why == WF_PACKED_FULL ? -ENOMEM : why;
    return NULL;
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

/* Those from the n-th one on; NULL: there are none, or no memory, and then they have ended. */
static leg *rest_of(const leg *g, size_t n)
{
    size_t count = g->count - n;
    uint64_t *index = count && g->index ? malloc(count * sizeof *index) : NULL;
    leg *rest = count && (index || !g->index) ? new_leg(g->lane, g->first + n, count, index) : NULL;
    if (index)
        memcpy(index, g->index + n, count * sizeof *index);
    if (!rest)
        free(index);
    for (size_t i = n; !rest && i < g->count; i++)
        end_without(g->lane->items, item_of(g, i), -ENOMEM);
    return rest;
}

/* As many of its items as a letter takes; what cannot be sent ends here. The others, or NULL. */
static leg *send_some(lane *l, leg *g)
{
    size_t fits = g->count;
    int err = is_stopped(l->items) ? -ECANCELED : 0;
    if (!err)
        g->call.letter = l->which & WF_HOOKS_IN ? write_packed(g, &fits, &err) : write_as_they_are(g, &err);
    leg *rest = rest_of(g, fits);
    g->count = fits;
    if (!err && (err = wf_hub_call(l->line->hub, &g->call)) != 0)
        wf_letter_free(g->call.letter);
    if (err) {
        end_all_without(g, err);
        discard(g);
        return rest;
    }
    g->next = l->legs;
    l->legs = g;
    return rest;
}

static void send_or_end(lane *l, leg *g)
{
    while (g)
        g = send_some(l, g);
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

/* Its status. */
static int unpack_result(const wf_items *items, wf_packed *results, size_t index)
{
    size_t bytes;
    const void *from = wf_packed_next(results, &bytes);
    return from ? items->out_codec->unpack(items->out(items, index), from, bytes) : -EPROTO;
}

/* First those that ran: a failure among them may be why others did not, before it and behind. */
static void take(leg *g)
{
    wf_items *items = g->lane->items;
    const wf_item_end *end = (const wf_item_end *)(const void *)g->answer->bytes;
    size_t at = wf_items_out_at(g->count), size = items->out_codec ? 0 : items->out_size;
    unsigned char *out = g->answer->bytes + at;
    wf_packed results = {.at = out, .room = (size_t)g->answer->head.bytes - at};
    for (size_t i = 0; i < g->count; i++) {
        int status = end[i].status;
        if (end[i].fate != WF_ITEM_RAN)
            continue;
        if (!status && items->out_codec)
            status = unpack_result(items, &results, item_of(g, i));
        items->ended(items, item_of(g, i), status, size ? out + i * size : NULL);
    }
    for (size_t i = 0; i < g->count; i++)
        if (end[i].fate == WF_ITEM_LEFT)
            end_without(items, item_of(g, i), g->answer->head.status);
    send_on_rest(g, end);
}

/* As long as its items say, or may be. */
static bool is_whole(const leg *g)
{
    const wf_items *items = g->lane->items;
    size_t ends = wf_items_out_at(g->count);
    if (!g->answer || items->out_codec)
        return g->answer && g->answer->head.bytes >= ends;
    return g->answer->head.bytes == ends + g->count * items->out_size;
}

static void finish(leg *g)
{
    if (is_whole(g))
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
    (void)wf_value_hooks_of(items->in_codec, items->out_codec, &l.hooks, &l.which); /* they had names */
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
