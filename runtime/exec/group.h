/* SPDX-License-Identifier: MIT */
/*
 * exec/group.h - tasks that belong together; the public face is weft/group.h.
 *
 * A group knows its members, the tasks that have not ended: a list under a lock, each with a follower that takes it out.
 * Who waits for the group waits for one member after the other, so that it runs what nobody has begun; members that
 * have ended but are still in the list are a few instructions from being taken out: for them it sleeps on a word that
 * changes whenever one is.
 */
#ifndef WF_EXEC_GROUP_H
#define WF_EXEC_GROUP_H

#include <weft/group.h>

#endif
