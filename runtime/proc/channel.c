/* SPDX-License-Identifier: MIT */
/* proc/channel.c - see channel.h. */
#include "proc/channel.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "os/futex.h"
#include "os/memory.h"
#include "os/shared.h"

#define MAGIC UINT64_C(0x7765667400000002)
#define KNOCKED 1u

enum claim { ASKED, BEGUN, WITHDRAWN };

typedef struct slot {
    uint32_t claim __attribute__((aligned(WF_LINE)));
    uint32_t stop;
    uint64_t at;
    wf_call call;
    wf_answer answer;
} slot;

typedef struct wf_shared {
    uint64_t magic;
    wf_origins origins;
    uint32_t asked __attribute__((aligned(WF_LINE)));
    uint32_t awaited;
    uint32_t answered __attribute__((aligned(WF_LINE)));
    uint32_t idle;
    slot slot[WF_CALLS];
} wf_shared;

static size_t in_pages(size_t bytes)
{
    size_t page = wf_page_bytes();
    return (bytes + page - 1) / page * page;
}

static slot *slot_of(const wf_channel *channel, uint32_t number)
{
    return &channel->shared->slot[number % WF_CALLS];
}

static uint32_t word_of(uint32_t number)
{
    return number << 1;
}

static uint32_t claim_of(uint32_t number, enum claim claim)
{
    return number << 2 | claim;
}

size_t wf_channel_result_at(uint64_t arg_bytes)
{
    return ((size_t)arg_bytes + 63) & ~(size_t)63;
}

void *wf_channel_arg(const wf_channel *channel, uint32_t number)
{
    return (unsigned char *)channel->shared + channel->sent[number % WF_CALLS].at;
}

void *wf_channel_result(const wf_channel *channel, uint32_t number)
{
    return (unsigned char *)wf_channel_arg(channel, number) +
           wf_channel_result_at(channel->sent[number % WF_CALLS].arg_bytes);
}

/* ---- rooms --------------------------------------------------------------------------------------- */

/* A place for each slot, and two halves of the large room. */
#define HALF (1u << WF_CALLS)
#define WHOLE (HALF | HALF << 1)

static size_t small_at(uint32_t number)
{
    return in_pages(sizeof(wf_shared)) + number % WF_CALLS * WF_CALL_SMALL;
}

static size_t large_at(void)
{
    return in_pages(sizeof(wf_shared) + WF_CALLS * WF_CALL_SMALL);
}

static size_t half_of(const wf_channel *channel)
{
    return channel->area_bytes / 2 / wf_page_bytes() * wf_page_bytes();
}

static uint32_t places_for(const wf_channel *channel, size_t bytes, uint32_t number)
{
    if (bytes <= WF_CALL_SMALL)
        return 1u << number % WF_CALLS;
    if (bytes > half_of(channel))
        return WHOLE;
    return channel->places & HALF ? HALF << 1 : HALF;
}

static size_t at_of(const wf_channel *channel, uint32_t places, uint32_t number)
{
    if (!(places & WHOLE))
        return small_at(number);
    return large_at() + (places & HALF ? 0 : half_of(channel));
}

/* ---- the parent's -------------------------------------------------------------------------------- */

int wf_channel_open(wf_channel *channel, size_t area_bytes, const wf_origins *origins)
{
    size_t bytes = in_pages(large_at() + area_bytes);
    int fd = wf_shared_create(bytes);
    if (fd < 0)
        return fd;
    wf_shared *shared = wf_shared_map(fd, bytes);
    if (!shared) {
        wf_shared_close(fd);
        return -ENOMEM;
    }
    shared->magic = MAGIC;
    shared->origins = *origins;
    *channel = (wf_channel){.shared = shared, .bytes = bytes, .area_bytes = area_bytes, .fd = fd};
    return 0;
}

void wf_channel_close(wf_channel *channel)
{
    wf_shared_unmap(channel->shared, channel->bytes);
    wf_shared_close(channel->fd);
    channel->shared = NULL;
}

bool wf_channel_room(wf_channel *channel, size_t bytes, uint32_t *number)
{
    uint32_t next = channel->number + 1, places = places_for(channel, bytes, next);
    wf_sent *sent = &channel->sent[next % WF_CALLS];
    if (sent->places || channel->places & places)
        return false;
    *sent = (wf_sent){.places = places, .at = at_of(channel, places, next)};
    channel->places |= places;
    *number = next;
    return true;
}

void wf_channel_ask(wf_channel *channel, uint32_t number, const wf_call *call, const void *arg)
{
    wf_shared *shared = channel->shared;
    wf_sent *sent = &channel->sent[number % WF_CALLS];
    slot *to = slot_of(channel, number);
    channel->number = number;
    sent->arg_bytes = call->arg_bytes;
    sent->result_bytes = call->result_bytes;
    to->call = *call;
    to->at = sent->at;
    if (arg && call->arg_bytes)
        memcpy(wf_channel_arg(channel, number), arg, (size_t)call->arg_bytes);
    wf_store_relaxed(&to->stop, 0u);                       /* ordered by pair CH1 */
    wf_store_relaxed(&to->claim, claim_of(number, ASKED)); /* ordered by pair CH1 */
    /* pair CH1 -> wf_channel_next(): who sees the number sees the call */
    wf_store_seq_cst(&shared->asked, word_of(number));
    if (wf_load_seq_cst(&shared->idle)) /* pair CH4 -> wf_channel_next() */
        wf_futex_wake_shared(&shared->asked);
}

bool wf_channel_answered(const wf_channel *channel, uint32_t number, uint32_t *seen)
{
    /* pair CH2 -> wf_channel_answer(): who sees the number sees the answer */
    *seen = wf_load_acquire(&channel->shared->answered);
    return (int32_t)((*seen & ~KNOCKED) - word_of(number)) >= 0;
}

void wf_channel_wait(const wf_channel *channel, uint32_t seen, int64_t deadline_ns)
{
    wf_shared *shared = channel->shared;
    wf_store_seq_cst(&shared->awaited, 1u); /* pair CH5 -> wf_channel_answer() */
    wf_futex_wait_shared(&shared->answered, seen, deadline_ns);
    wf_store_relaxed(&shared->awaited, 0u); /* hint: a wake too many */
}

void wf_channel_answer_of(const wf_channel *channel, uint32_t number, wf_answer *answer)
{
    memcpy(answer, &slot_of(channel, number)->answer, sizeof *answer);
    answer->said[sizeof answer->said - 1] = 0;
}

void wf_channel_fetch(const wf_channel *channel, uint32_t number, void *result)
{
    const wf_sent *sent = &channel->sent[number % WF_CALLS];
    if (sent->result_bytes)
        memcpy(result, wf_channel_result(channel, number), (size_t)sent->result_bytes);
}

/* Much was touched: the memory is not kept. */
void wf_channel_done(wf_channel *channel, uint32_t number, size_t result_bytes)
{
    wf_sent *sent = &channel->sent[number % WF_CALLS];
    size_t used = wf_channel_result_at(sent->arg_bytes) + result_bytes;
    if (used > WF_AREA_KEPT)
        wf_shared_empty(channel->fd, (size_t)sent->at, in_pages(used));
    channel->places &= ~sent->places;
    sent->places = 0;
}

bool wf_channel_withdraw(wf_channel *channel, uint32_t number)
{
    uint32_t asked = claim_of(number, ASKED);
    uint32_t *claim = &slot_of(channel, number)->claim;
    /* ordered by pair CH1: what lies there next comes with a later number */
    bool mine = wf_cas_relaxed(claim, &asked, claim_of(number, WITHDRAWN));
    if (mine)
        wf_channel_done(channel, number, 0);
    return mine;
}

void wf_channel_stop(const wf_channel *channel, uint32_t number)
{
    wf_store_relaxed(&slot_of(channel, number)->stop, 1u); /* hint */
}

void wf_channel_knock(const wf_channel *channel)
{
    (void)wf_or_relaxed(&channel->shared->answered,
                        KNOCKED); /* under lock, as the note and who looks for it */
    wf_futex_wake_shared(&channel->shared->answered);
}

/* ---- the worker's -------------------------------------------------------------------------------- */

bool wf_channel_attach(wf_channel *channel, int fd)
{
    size_t bytes = wf_shared_bytes(fd);
    wf_shared *shared = bytes >= sizeof(wf_shared) ? wf_shared_map(fd, bytes) : NULL;
    wf_shared_close(fd);
    if (!shared || shared->magic != MAGIC)
        return false;
    *channel = (wf_channel){.shared = shared, .bytes = bytes, .fd = -1};
    return true;
}

const wf_origins *wf_channel_origins(const wf_channel *channel)
{
    return &channel->shared->origins;
}

bool wf_channel_asked(const wf_channel *channel)
{
    /* pair CH1 -> wf_channel_ask() */
    return wf_load_acquire(&channel->shared->asked) != word_of(channel->number);
}

static void sleep_until_asked(const wf_channel *channel)
{
    wf_shared *shared = channel->shared;
    uint32_t last = word_of(channel->number);
    while (!wf_channel_asked(channel)) {
        wf_store_seq_cst(&shared->idle, 1u); /* pair CH4 -> wf_channel_ask() */
        wf_futex_wait_shared(&shared->asked, last, WF_FOREVER);
        wf_store_relaxed(&shared->idle, 0u); /* hint: a wake too many */
    }
}

static bool claim(slot *from, uint32_t number)
{
    uint32_t asked = claim_of(number, ASKED);
    return wf_cas_relaxed(&from->claim, &asked, claim_of(number, BEGUN)); /* ordered by pair CH1 */
}

void wf_channel_next(wf_channel *channel)
{
    slot *from;
    do {
        sleep_until_asked(channel);
        from = slot_of(channel, ++channel->number);
    } while (!claim(from, channel->number));
    channel->call = from->call;
    channel->sent[channel->number % WF_CALLS] =
        (wf_sent){.at = from->at, .arg_bytes = from->call.arg_bytes, .result_bytes = from->call.result_bytes};
}

void wf_channel_answer(wf_channel *channel, const wf_answer *answer)
{
    wf_shared *shared = channel->shared;
    slot_of(channel, channel->number)->answer = *answer;
    /* pair CH2 -> wf_channel_answered() */
    wf_store_seq_cst(&shared->answered, word_of(channel->number));
    if (wf_load_seq_cst(&shared->awaited)) /* pair CH5 -> wf_channel_wait() */
        wf_futex_wake_shared(&shared->answered);
}

const uint32_t *wf_channel_stop_word(const wf_channel *channel, unsigned number)
{
    return &channel->shared->slot[number].stop;
}
