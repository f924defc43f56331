/* SPDX-License-Identifier: MIT */
/*
 * model/world/event.c - os/event: descriptors that are readable. A write and a read of the same one happen under the
 * kernel's lock: who reads has seen what was done before the write. Instrumented, as the library is.
 */
#include <errno.h>

#include "os/event.h"

#include "base/atomic.h"

#define EVENTS 4

static uint32_t used, readable[EVENTS];

/* For scenarios, as model_long_call() asks: the word of a descriptor. */
uint32_t *model_event(int fd);
uint32_t *model_event(int fd)
{
    return &readable[fd];
}

int wf_event_create(void)
{
    uint32_t fd = wf_add_acq_rel(&used, 1u);
    return fd < EVENTS ? (int)fd : -EMFILE;
}

void wf_event_post(int fd)
{
    (void)wf_exchange_acq_rel(&readable[fd], 1u);
}

void wf_event_clear(int fd)
{
    (void)wf_exchange_acq_rel(&readable[fd], 0u);
}

void wf_event_close(int fd)
{
    (void)wf_exchange_acq_rel(&readable[fd], 0u);
}
