/* SPDX-License-Identifier: MIT */
/* mpi/bell.c - see bell.h. */
#include "mpi/bell.h"

#include "os/event.h"
#include "os/thread.h"

#define QUIET 1000 /* looks without a result before the first nap */
/* For each time that others run in between: a switch there and back takes longer than a look. */
#define LOOKS 4

int wf_bell_init(wf_bell *bell)
{
    *bell = (wf_bell){.event = wf_event_create(), .nap_ns = WF_BELL_SHORT_NS};
    return bell->event < 0 ? bell->event : 0;
}

void wf_bell_fini(wf_bell *bell)
{
    if (bell->event >= 0)
        wf_event_close(bell->event);
}

void wf_bell_may_nap(wf_bell *bell, bool nothing)
{
    bell->asleep = nothing && bell->quiet >= QUIET;
}

void wf_bell_ring(wf_bell *bell)
{
    if (bell->asleep)
        wf_event_post(bell->event);
    bell->asleep = false;
}

void wf_bell_rest(wf_bell *bell, int64_t most_ns)
{
    if (bell->quiet < QUIET) {
        if (bell->quiet++ % LOOKS == 0) /* the first one follows what was left for them */
            wf_thread_yield();
        return;
    }
    int64_t nap_ns = bell->nap_ns < most_ns ? bell->nap_ns : most_ns;
    wf_event_wait(bell->event, nap_ns);
    wf_event_clear(bell->event);
    bell->nap_ns = nap_ns < 0 ? WF_BELL_SHORT_NS : 2 * nap_ns;
    bell->quiet = QUIET - 1; /* a look takes in what only the next one may find */
}

void wf_bell_stir(wf_bell *bell)
{
    bell->quiet = 0;
    bell->nap_ns = WF_BELL_SHORT_NS;
}
