/* SPDX-License-Identifier: MIT */
/*
 * proc/surroundings.h - what a worker process is started with: its arguments and its environment, of which it gets only
 * what it is given, or what programs need to begin at all.
 */
#ifndef WF_PROC_SURROUNDINGS_H
#define WF_PROC_SURROUNDINGS_H

/* `name` as the process shows it. From wf_alloc, in one piece; NULL: no memory. */
char **wf_surroundings_argv(const char *name);
/* given: NULL: of this process's environment what is let through. With what makes it a worker. As above. */
char **wf_surroundings_environment(const char *const *given, unsigned threads);

#endif
