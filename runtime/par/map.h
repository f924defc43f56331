/* SPDX-License-Identifier: MIT */
/*
 * par/map.h - parallel_map; the public face is weft/parallel.h.
 *
 * A loop over the items. Counts and the lowest failure are kept per block and added up at its end, so that
 * the common case writes nothing that is shared. Fail-fast: a word that is read before each item.
 */
#ifndef WF_PAR_MAP_H
#define WF_PAR_MAP_H

#include <weft/parallel.h>

#endif
