/* SPDX-License-Identifier: MIT */
/*
 * base/config.h - reading a config struct of a program that was compiled with an older or newer header.
 *
 * A config begins with its size and only ever grows at the end: what an older program does not know is
 * zero, the default; what a newer one sets and this library does not know is refused. So is a size below
 * `least`, that of the first release: it would cut a field in two.
 */
#ifndef WF_BASE_CONFIG_H
#define WF_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool wf_config_size_is_sensible(size_t given, size_t least)
{
    return given >= least && given <= 4096;
}

/* Copies `from` (NULL: all defaults) into the `bytes` of `to`. False: its size makes no sense. */
static inline bool wf_config_read(void *to, size_t bytes, size_t least, const void *from)
{
    size_t given = bytes;
    memset(to, 0, bytes);
    if (!from)
        return true;
    memcpy(&given, from, sizeof given);
    if (!wf_config_size_is_sensible(given, least))
        return false;
    for (size_t i = bytes; i < given; i++)
        if (((const char *)from)[i])
            return false;
    memcpy(to, from, given < bytes ? given : bytes);
    return true;
}

/* The other way: fills the struct `to` of a caller, whose first member says how much of it the caller knows, from
 * the `bytes` of `from`; what only the caller knows becomes zero. False: its size makes no sense. */
static inline bool wf_config_write(void *to, const void *from, size_t bytes, size_t least)
{
    size_t given;
    memcpy(&given, to, sizeof given);
    if (!wf_config_size_is_sensible(given, least))
        return false;
    memset(to, 0, given);
    memcpy(to, from, given < bytes ? given : bytes);
    memcpy(to, &given, sizeof given);
    return true;
}

#endif
