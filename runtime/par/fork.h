/* SPDX-License-Identifier: MIT */
/*
 * par/fork.h - the cold twins of fork and join; the public face is weft/fork.h.
 *
 * Fork, on a request or with no room: limit back first, then the child is pushed, then the older half of
 * what is private becomes public, then whoever waits for it is woken: the joiner that sleeps for what this
 * worker runs, and one sleeper of the pool if nobody watches.
 * Join of a slot below claim: taken back if no thief has it; else its worker waits: steals back from the
 * thief what that forked since it took the child (leapfrogging), spins for about the cost of a sleep, parks.
 * Only descendants of the child run meanwhile, on top of it on the stack: a lock held across the join
 * cannot deadlock with them unless it would in the serial program, and depth stays bounded.
 */
#ifndef WF_PAR_FORK_H
#define WF_PAR_FORK_H

#include <weft/fork.h>

#endif
