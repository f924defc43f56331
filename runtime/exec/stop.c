/* SPDX-License-Identifier: MIT */
/* exec/stop.c - see stop.h. */
#include "exec/stop.h"

#include <errno.h>

#include "base/atomic.h"
#include "os/clock.h"
#include "os/memory.h"

struct weft_stop {
    weft_stop *parent;
    int64_t deadline_ns;
    uint32_t references, fired;
    const uint32_t *word; /* in somebody else's hands: 1: it has fired; NULL: there is none */
};

int weft_stop_create(weft_stop **stop, weft_stop *parent, int64_t deadline_ns)
{
    if (!stop)
        return -EINVAL;
    *stop = wf_alloc(sizeof **stop);
    if (!*stop)
        return -ENOMEM;
    weft_stop_retain(parent);
    **stop = (weft_stop){.parent = parent, .deadline_ns = deadline_ns, .references = 1};
    return 0;
}

int wf_stop_on_word(weft_stop **stop, const uint32_t *word)
{
    int err = weft_stop_create(stop, NULL, WEFT_FOREVER);
    if (!err)
        (*stop)->word = word;
    return err;
}

int weft_stop_request(weft_stop *stop)
{
    uint32_t quiet = 0;
    if (!stop)
        return -EINVAL;
    /* pair ST1 -> weft_stop_requested(): what was done before is seen by who stops */
    return wf_cas_release(&stop->fired, &quiet, 1u) ? 0 : -EALREADY;
}

int weft_stop_requested(const weft_stop *stop)
{
    for (; stop; stop = stop->parent) {
        if (wf_load_acquire(&stop->fired)) /* pair ST1 -> weft_stop_request() */
            return 1;
        if (stop->word && wf_load_relaxed(stop->word)) /* hint */
            return 1;
        if (stop->deadline_ns != WEFT_FOREVER && wf_now_ns() >= stop->deadline_ns)
            return 1;
    }
    return 0;
}

bool wf_stop_is_within(const weft_stop *stop, const weft_stop *above)
{
    while (stop && stop != above)
        stop = stop->parent;
    return stop;
}

void weft_stop_retain(weft_stop *stop)
{
    if (stop)
        (void)wf_add_relaxed(&stop->references, 1u); /* statistic: the caller holds another one */
}

void weft_stop_release(weft_stop *stop)
{
    /* pair ST1 -> weft_stop_release(): who frees it comes after all that others did with it */
    while (stop && wf_sub_acq_rel(&stop->references, 1u) == 1) {
        weft_stop *parent = stop->parent;
        wf_free(stop);
        stop = parent;
    }
}
