/* SPDX-License-Identifier: MIT */
/*
 * os/event.h - a descriptor that becomes readable: eventfd(2), close on exec, never blocks.
 */
#ifndef WF_OS_EVENT_H
#define WF_OS_EVENT_H

#include <stdint.h>

/* The descriptor, or a negative errno. */
int wf_event_create(void);
void wf_event_post(int fd);
/* Not readable any more, until the next post. */
void wf_event_clear(int fd);
/* Until it is readable, or so long; negative: without end. */
void wf_event_wait(int fd, int64_t ns);
void wf_event_close(int fd);

#endif
