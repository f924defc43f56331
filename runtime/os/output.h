/* SPDX-License-Identifier: MIT */
/* os/output.h - bytes to a file descriptor of the host's, in calls that a signal handler may make, too. */
#ifndef WF_OS_OUTPUT_H
#define WF_OS_OUTPUT_H

#include <stddef.h>

/* All of them, however many calls it takes; waits where the descriptor does. 0 or a negative errno: some may have
 * been written. errno is left as it was. */
int wf_write_all(int fd, const char *bytes, size_t count);

#endif
