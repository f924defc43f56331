/* SPDX-License-Identifier: MIT */
/* data/partials.c - see partials.h. */
#include "data/partials.h"

#include <string.h>

#include "base/atomic.h"
#include "base/check.h"

static size_t head_at(size_t bytes)
{
    size_t align = _Alignof(wf_partial);
    return (bytes + align - 1) / align * align;
}

size_t wf_partials_slot(size_t bytes)
{
    return (head_at(bytes) + sizeof(wf_partial) + WF_LINE - 1) / WF_LINE * WF_LINE;
}

size_t wf_partials_most(size_t runners, size_t stretches, size_t items)
{
    size_t most = 3 * runners + stretches;
    return most < items - 1 ? most : items - 1;
}

void wf_partials_init(wf_partials *p)
{
    pthread_mutex_init(&p->lock, NULL);
    p->used = 0;
    p->spare = p->listed = NULL;
}

void wf_partials_fini(wf_partials *p)
{
    pthread_mutex_destroy(&p->lock);
}

void wf_partials_clear(const wf_partials *p, void *acc)
{
    if (p->identity)
        memcpy(acc, p->identity, p->bytes);
    else
        memset(acc, 0, p->bytes);
}

/* Under the lock. */
static wf_partial *take_slot(wf_partials *p)
{
    wf_partial *taken = p->spare;
    if (taken) {
        p->spare = taken->next;
        return taken;
    }
    WF_CHECK(p->used < p->slots, "more partial results than runners can have");
    char *slot = p->memory + p->used++ * wf_partials_slot(p->bytes);
    taken = (wf_partial *)(void *)(slot + head_at(p->bytes));
    taken->acc = slot;
    return taken;
}

wf_partial *wf_partials_open(wf_partials *p, size_t begin)
{
    wf_partial *mine = &p->first;
    if (begin != p->first.begin) {
        pthread_mutex_lock(&p->lock);
        mine = take_slot(p);
        pthread_mutex_unlock(&p->lock);
        mine->begin = begin; /* that of the first is read by all who open, and stays */
    }
    mine->end = begin;
    wf_partials_clear(p, mine->acc);
    return mine;
}

/* Under the lock: a listed neighbour, no longer listed; NULL: none, mine is listed. */
static wf_partial *meet(wf_partials *p, wf_partial *mine)
{
    for (wf_partial **at = &p->listed; *at; at = &(*at)->next) {
        wf_partial *other = *at;
        if (other->end == mine->begin || other->begin == mine->end) {
            *at = other->next;
            return other;
        }
    }
    mine->next = p->listed;
    p->listed = mine;
    return NULL;
}

void wf_partials_close(wf_partials *p, wf_partial *mine)
{
    pthread_mutex_lock(&p->lock);
    for (wf_partial *other; (other = meet(p, mine)) != NULL;) {
        pthread_mutex_unlock(&p->lock);
        wf_partial *left = other->begin < mine->begin ? other : mine, *right = left == mine ? other : mine;
        p->combine(left->acc, right->acc, p->ctx);
        left->end = right->end;
        pthread_mutex_lock(&p->lock);
        right->next = p->spare;
        p->spare = right;
        mine = left;
    }
    pthread_mutex_unlock(&p->lock);
}
