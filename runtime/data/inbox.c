/* SPDX-License-Identifier: MIT */
/* data/inbox.c - see inbox.h. */
#include "data/inbox.h"

#include "base/tunables.h"

void wf_inbox_init(wf_inbox *inbox)
{
    *inbox = (wf_inbox){0};
    wf_queue_init(&inbox->queue);
    wf_queue_init(&inbox->kept);
}

void wf_inbox_put(wf_inbox *inbox, wf_link *link)
{
    (void)wf_add_seq_cst(&inbox->put, (uint64_t)1); /* pair SL2 -> wf_inbox_visible(): P1 */
    wf_queue_put(&inbox->queue, link);
}

static bool lock(wf_inbox *inbox)
{
    uint32_t open = 0;
    if (wf_load_relaxed(&inbox->lock)) /* re-checked by the exchange */
        return false;
    return wf_cas_acquire(&inbox->lock, &open, (uint32_t)1); /* pair IB1 -> unlock() */
}

static void unlock(wf_inbox *inbox)
{
    wf_store_release(&inbox->lock, (uint32_t)0); /* pair IB1 -> lock() */
}

static wf_link *next(wf_inbox *inbox)
{
    wf_link *link = wf_queue_take(&inbox->kept);
    if (!link)
        link = wf_queue_take(&inbox->queue);
    return link == WF_BUSY ? NULL : link;
}

static void count_taken(wf_inbox *inbox, uint64_t count)
{
    /* pair IB2 -> wf_inbox_taken(): then the caller looks for who waits for room */
    wf_store_seq_cst(&inbox->taken, inbox->taken + count);
}

unsigned wf_inbox_take(wf_inbox *inbox, wf_link **links, unsigned max)
{
    unsigned count = 0;
    if (!wf_inbox_visible(inbox) || !lock(inbox))
        return 0;
    while (count < max && (links[count] = next(inbox)) != NULL)
        count++;
    count_taken(inbox, count);
    unlock(inbox);
    return count;
}

bool wf_inbox_visible(const wf_inbox *inbox)
{
    uint64_t taken = wf_load_relaxed(&inbox->taken); /* hint: too old makes it visible, never the other way */
    return wf_load_seq_cst(&inbox->put) != taken;    /* pair SL2 -> wf_inbox_put() */
}

uint64_t wf_inbox_backlog(const wf_inbox *inbox)
{
    uint64_t taken = wf_load_relaxed(&inbox->taken); /* hint */
    uint64_t put = wf_load_relaxed(&inbox->put);     /* hint */
    return put > taken ? put - taken : 0;
}

uint64_t wf_inbox_taken(const wf_inbox *inbox)
{
    return wf_load_seq_cst(&inbox->taken); /* pair IB2 -> count_taken() */
}

bool wf_inbox_ever(const wf_inbox *inbox)
{
    return wf_load_seq_cst(&inbox->put); /* pair SL2 -> wf_inbox_put() */
}

/* As many as are in now, at most: who puts meanwhile does not keep the sweep going. What was kept before is among them,
 * and comes first. */
static void sweep(wf_inbox *inbox, bool (*drop)(wf_link *link))
{
    uint64_t dropped = 0, items = wf_load_relaxed(&inbox->put) - inbox->taken; /* hint */
    wf_queue kept;
    wf_link *link;
    wf_queue_init(&kept);
    while (items-- && (link = next(inbox)) != NULL)
        if (drop(link))
            dropped++;
        else
            wf_queue_put(&kept, link);
    while ((link = wf_queue_take(&kept)) != NULL)
        wf_queue_put(&inbox->kept, link);
    count_taken(inbox, dropped);
    wf_store_relaxed(&inbox->dead, 0u); /* hint */
}

void wf_inbox_dead(wf_inbox *inbox, bool (*drop)(wf_link *link))
{
    uint64_t dead = wf_add_relaxed(&inbox->dead, 1u) + 1;                           /* hint */
    uint64_t items = wf_load_relaxed(&inbox->put) - wf_load_relaxed(&inbox->taken); /* hint */
    if (dead < WF_DEAD_MIN || dead * 2 < items || !lock(inbox))
        return;
    sweep(inbox, drop);
    unlock(inbox);
}

bool wf_inbox_sweep(wf_inbox *inbox, bool (*drop)(wf_link *link))
{
    if (!wf_load_relaxed(&inbox->dead)) /* hint */
        return true;
    if (!lock(inbox))
        return false;
    sweep(inbox, drop);
    unlock(inbox);
    return true;
}
