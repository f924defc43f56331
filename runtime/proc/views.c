/* SPDX-License-Identifier: MIT */
/* proc/views.c - see views.h. */
#include "proc/views.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/tunables.h"
#include "os/lock.h"
#include "os/memory.h"
#include "os/shared.h"
#include "proc/blocks.h"

typedef struct view {
    struct view *next;
    wf_block_head head;
    char *memory;  /* behind the head's page */
    uint64_t used; /* in this call */
} view;

static struct {
    wf_lock lock; /* of the rest, which a task's own threads may ask for, too */
    int fd;       /* 0: this is no worker */
    uint64_t call;
    view *first; /* the last one that was used */
} all;

void wf_views_attach(int fd)
{
    wf_shared_keep(fd);
    all.fd = fd;
}

void wf_views_next_call(void)
{
    wf_lock_take(&all.lock);
    all.call++;
    wf_lock_give(&all.lock);
}

/* ---- with the lock ------------------------------------------------------------------------------- */

/* The head of a block that is there. */
static bool read_head(const weft_shared_ref *ref, wf_block_head *head)
{
    return wf_shared_read(all.fd, ref->block_, head, sizeof *head) && head->program == ref->program_ &&
           head->block == ref->block_ && head->bytes;
}

static bool is_gone(const view *v)
{
    wf_block_head head;
    return !wf_shared_read(all.fd, v->head.block, &head, sizeof head) ||
           memcmp(&head, &v->head, sizeof head) != 0;
}

/* What was written to one that is gone is nobody's. */
static void drop(view *v)
{
    wf_shared_unmap(v->memory, (size_t)v->head.bytes);
    if (is_gone(v))
        wf_shared_empty(all.fd, v->head.block, (size_t)v->head.bytes + wf_page_bytes());
    wf_free(v);
}

/* Of those that the call has not used, the gone and all behind the first so many. */
static void drop_idle(size_t kept)
{
    for (view **at = &all.first; *at;) {
        view *v = *at;
        if (v->used != all.call && (!kept || is_gone(v))) {
            *at = v->next;
            drop(v);
            continue;
        }
        kept -= kept > 0;
        at = &v->next;
    }
}

static view *take_out(const weft_shared_ref *ref)
{
    view **at = &all.first, *v;
    while ((v = *at) && (v->head.block != ref->block_ || v->head.program != ref->program_))
        at = &v->next;
    if (v)
        *at = v->next;
    return v;
}

static view *map_view(const wf_block_head *head)
{
    view *v = wf_alloc(sizeof *v);
    if (!v)
        return NULL;
    v->head = *head;
    drop_idle(WF_VIEWS_KEPT);
    for (int i = 0; i < 2 && !v->memory; i++) {
        v->memory = wf_shared_map_part(all.fd, head->block + wf_page_bytes(), (size_t)head->bytes);
        if (!v->memory)
            drop_idle(0);
    }
    if (v->memory)
        return v;
    wf_free(v);
    return NULL;
}

static int find(const weft_shared_ref *ref, size_t bytes, void **place)
{
    wf_block_head head;
    if (!read_head(ref, &head))
        return -ENOENT;
    if (ref->offset_ > head.bytes || bytes > head.bytes - ref->offset_)
        return -EINVAL;
    view *v = take_out(ref);
    if (!v && !(v = map_view(&head)))
        return -ENOMEM;
    v->used = all.call;
    v->next = all.first;
    all.first = v;
    *place = v->memory + ref->offset_;
    return 0;
}

/* ---- for everybody ------------------------------------------------------------------------------- */

int weft_shared_at(const weft_shared_ref *ref, size_t bytes, void **place)
{
    if (!place)
        return -EINVAL;
    *place = NULL;
    int err = ref ? wf_blocks_find(ref, bytes, place) : -EINVAL;
    if (err != -ENOENT || !all.fd)
        return err;
    wf_lock_take(&all.lock);
    err = find(ref, bytes, place);
    wf_lock_give(&all.lock);
    return err;
}
