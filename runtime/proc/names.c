/* SPDX-License-Identifier: MIT */
/* proc/names.c - see names.h. */
#include "proc/names.h"

#define WEFT_PROCESS_LIBRARY_
#include <errno.h>
#include <string.h>
#include <weft/process.h>

#include "base/atomic.h"
#include "os/lock.h"
#include "os/memory.h"

#define NAMED UINT64_MAX

typedef struct entry {
    struct entry *next;
    wf_image_name name;
    wf_image_fn *fn;
} entry;

static struct {
    wf_lock lock; /* of the rest; an entry is whole before it is in the list, also for the child of a fork */
    entry *first;
} all;

/* Under the lock: where the entry hangs, or a new one would. */
static entry **place_of_name(const wf_image_name *name)
{
    entry **at = &all.first;
    while (*at && memcmp(&(*at)->name, name, sizeof *name) != 0)
        at = &(*at)->next;
    return at;
}

static entry *entry_of_fn(wf_image_fn *fn)
{
    entry *e = all.first;
    while (e && e->fn != fn)
        e = e->next;
    return e;
}

static bool make_name(const char *text, wf_image_name *name)
{
    *name = (wf_image_name){.offset = NAMED};
    size_t length = text ? strnlen(text, sizeof name->id) : 0;
    if (!length || length == sizeof name->id)
        return false;
    memcpy(name->id, text, length);
    return true;
}

/* ---- registering --------------------------------------------------------------------------------- */

static int take_out(const wf_image_name *name)
{
    wf_lock_take(&all.lock);
    entry **at = place_of_name(name), *e = *at;
    if (e)
        wf_store_relaxed(at, e->next); /* under lock */
    wf_lock_give(&all.lock);
    wf_free(e);
    return e ? 0 : -ENOENT;
}

static int put_in(const wf_image_name *name, wf_image_fn *fn)
{
    entry *e = wf_alloc(sizeof *e);
    if (!e)
        return -ENOMEM;
    *e = (entry){.name = *name, .fn = fn};
    wf_lock_take(&all.lock);
    const entry *there = *place_of_name(name);
    int err = there && there->fn != fn ? -EEXIST : 0;
    if (!there) {
        e->next = all.first;
        wf_store_relaxed(&all.first, e); /* under lock */
        e = NULL;
    }
    wf_lock_give(&all.lock);
    wf_free(e);
    return err;
}

int weft_process_register(const char *text, weft_process_fn *fn)
{
    wf_image_name name;
    if (!make_name(text, &name))
        return -EINVAL;
    return fn ? put_in(&name, fn) : take_out(&name);
}

/* ---- looking up ---------------------------------------------------------------------------------- */

int wf_name_of(wf_image_fn *fn, wf_image_name *name)
{
    if (!wf_load_relaxed(&all.first)) /* hint: who submits has registered before, or not */
        return wf_image_name_of(fn, name);
    wf_lock_take(&all.lock);
    const entry *e = entry_of_fn(fn);
    if (e)
        *name = e->name;
    wf_lock_give(&all.lock);
    return e ? 0 : wf_image_name_of(fn, name);
}

const char *wf_name_text(const wf_image_name *name)
{
    return name->offset == NAMED ? (const char *)name->id : NULL;
}

bool wf_name_at(size_t number, wf_image_name *name)
{
    wf_lock_take(&all.lock);
    const entry *e = all.first;
    while (e && number--)
        e = e->next;
    if (e)
        *name = e->name;
    wf_lock_give(&all.lock);
    return e;
}

wf_image_fn *wf_name_find(const wf_image_name *name)
{
    if (!wf_name_text(name))
        return wf_image_find(name);
    wf_lock_take(&all.lock);
    const entry *e = *place_of_name(name);
    wf_image_fn *fn = e ? e->fn : NULL;
    wf_lock_give(&all.lock);
    return fn;
}
