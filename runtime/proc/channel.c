/* SPDX-License-Identifier: MIT */
/* proc/channel.c - see channel.h. */
#include "proc/channel.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "base/tunables.h"
#include "os/futex.h"
#include "os/memory.h"
#include "os/shared.h"

#define MAGIC UINT64_C(0x7765667400000001)
#define KNOCKED 1u

typedef struct wf_shared {
    uint64_t magic;
    wf_origins origins;
    uint32_t asked __attribute__((aligned(WF_LINE)));
    uint32_t stop;
    wf_call call;
    uint32_t answered __attribute__((aligned(WF_LINE)));
    wf_answer answer;
    unsigned char area[] __attribute__((aligned(WF_LINE)));
} wf_shared;

static size_t in_pages(size_t bytes)
{
    size_t page = wf_page_bytes();
    return (bytes + page - 1) / page * page;
}

size_t wf_channel_result_at(uint64_t arg_bytes)
{
    return ((size_t)arg_bytes + 63) & ~(size_t)63;
}

void *wf_channel_arg(const wf_channel *channel)
{
    return channel->shared->area;
}

void *wf_channel_result(const wf_channel *channel)
{
    return channel->shared->area + wf_channel_result_at(channel->call.arg_bytes);
}

/* ---- the parent's -------------------------------------------------------------------------------- */

int wf_channel_open(wf_channel *channel, size_t area_bytes, const wf_origins *origins)
{
    size_t bytes = in_pages(sizeof(wf_shared) + area_bytes);
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

static uint32_t word_of(uint32_t number)
{
    return number << 1;
}

void wf_channel_ask(wf_channel *channel, const wf_call *call, const void *arg)
{
    wf_shared *shared = channel->shared;
    channel->call = *call;
    channel->number++;
    shared->call = *call;
    if (arg && call->arg_bytes)
        memcpy(shared->area, arg, (size_t)call->arg_bytes);
    wf_store_relaxed(&shared->stop, 0u); /* ordered by pair CH1 */
    /* pair CH1 -> wf_channel_next(): who sees the number sees the call */
    wf_store_release(&shared->asked, word_of(channel->number));
    wf_futex_wake_shared(&shared->asked);
}

bool wf_channel_answered(const wf_channel *channel, uint32_t *seen)
{
    /* pair CH2 -> wf_channel_answer(): who sees the number sees the answer */
    *seen = wf_load_acquire(&channel->shared->answered);
    return (*seen & ~KNOCKED) == word_of(channel->number);
}

void wf_channel_wait(const wf_channel *channel, uint32_t seen, int64_t deadline_ns)
{
    wf_futex_wait_shared(&channel->shared->answered, seen, deadline_ns);
}

void wf_channel_answer_of(const wf_channel *channel, wf_answer *answer)
{
    memcpy(answer, &channel->shared->answer, sizeof *answer);
    answer->said[sizeof answer->said - 1] = 0;
}

void wf_channel_fetch(const wf_channel *channel, void *result)
{
    if (channel->call.result_bytes)
        memcpy(result, wf_channel_result(channel), (size_t)channel->call.result_bytes);
}

/* Much was touched: the memory is not kept. */
void wf_channel_done(const wf_channel *channel, size_t result_bytes)
{
    size_t used = wf_channel_result_at(channel->call.arg_bytes) + result_bytes;
    size_t from = in_pages(offsetof(wf_shared, area));
    if (used > WF_AREA_KEPT)
        wf_shared_empty(channel->fd, from, channel->bytes - from);
}

void wf_channel_stop(const wf_channel *channel)
{
    wf_store_relaxed(&channel->shared->stop, 1u); /* hint */
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

void wf_channel_next(wf_channel *channel)
{
    wf_shared *shared = channel->shared;
    uint32_t asked;
    /* pair CH1 -> wf_channel_ask() */
    while ((asked = wf_load_acquire(&shared->asked)) == word_of(channel->number))
        wf_futex_wait_shared(&shared->asked, asked, WF_FOREVER);
    channel->number++;
    channel->call = shared->call;
}

void wf_channel_answer(wf_channel *channel, const wf_answer *answer)
{
    wf_shared *shared = channel->shared;
    shared->answer = *answer;
    wf_store_release(&shared->answered, word_of(channel->number)); /* pair CH2 -> wf_channel_answered() */
    wf_futex_wake_shared(&shared->answered);
}

const uint32_t *wf_channel_stop_word(const wf_channel *channel)
{
    return &channel->shared->stop;
}
