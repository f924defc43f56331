/* SPDX-License-Identifier: MIT */
/* workers_behind.cpp - a source with a global object and the header as well. */
#include <weft/process.h>

#include "workers.h"

static const std::string made = std::string("made") + ", too";

std::string linked_behind()
{
    return made;
}
