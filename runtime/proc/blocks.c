/* SPDX-License-Identifier: MIT */
/* proc/blocks.c - see blocks.h. */
#include "proc/blocks.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/memory.h"
#include "os/shared.h"
#include "os/spawn.h"

typedef struct block {
    char *memory;
    size_t bytes;
    uint64_t at; /* of its head in the file */
} block;

static struct {
    wf_lock lock;        /* of the rest */
    uint64_t generation; /* whose it is */
    size_t users;        /* blocks, and who retains */
    int fd;              /* is there as long as users > 0, as all that follows */
    uint64_t program, next, end;
    block *list; /* by falling addresses: those that the system gives fall, and a new one goes to the end */
    size_t count, room;
} all;

/* In a child the list, of which a part may be half done, is not looked at. */
static void take(void)
{
    wf_lock_take(&all.lock);
    uint64_t generation = wf_generation();
    if (all.generation == generation)
        return;
    if (all.users)
        wf_shared_close(all.fd);
    wf_store_relaxed(&all.count, (size_t)0); /* under lock */
    all.users = all.room = 0;
    all.list = NULL;
    all.generation = generation;
}

static void give(void)
{
    wf_lock_give(&all.lock);
}

/* ---- the file ------------------------------------------------------------------------------------ */

/* With the lock. */
static int use_file(void)
{
    if (!all.users) {
        int fd = wf_shared_create_vast(WF_SPAWN_BLOCKS_FD + 1, &all.end);
        if (fd < 0)
            return fd;
        all.fd = fd;
        all.program = (uint64_t)wf_now_ns() << 22 | (uint64_t)wf_process_id(); /* no other one's */
        all.next = 0;
    }
    all.users++;
    return 0;
}

static void leave_file(void)
{
    if (--all.users)
        return;
    wf_shared_close(all.fd);
    wf_free(all.list);
    all.list = NULL;
    all.room = 0;
}

int wf_blocks_retain(void)
{
    take();
    int err = use_file(), fd = all.fd;
    give();
    return err ? err : fd;
}

void wf_blocks_release(void)
{
    take();
    leave_file();
    give();
}

/* ---- the list ------------------------------------------------------------------------------------ */

/* How many lie above that address. */
static size_t count_above(const char *place)
{
    size_t low = 0, high = all.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all.list[middle].memory > place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* That the place lies in, or NULL. */
static block *block_of(const char *place)
{
    size_t i = count_above(place);
    block *b = i < all.count ? &all.list[i] : NULL;
    return b && (size_t)(place - b->memory) < b->bytes ? b : NULL;
}

static bool make_room(void)
{
    if (all.count < all.room)
        return true;
    size_t room = all.room ? 2 * all.room : 64;
    block *list = wf_alloc(room * sizeof *list);
    if (!list)
        return false;
    if (all.count)
        memcpy(list, all.list, all.count * sizeof *list);
    wf_free(all.list);
    all.list = list;
    all.room = room;
    return true;
}

static void put_in(const block *b)
{
    size_t i = count_above(b->memory);
    memmove(&all.list[i + 1], &all.list[i], (all.count - i) * sizeof *b);
    all.list[i] = *b;
    wf_store_relaxed(&all.count, all.count + 1); /* under lock */
}

static void take_out(const block *b)
{
    size_t behind = all.count - (size_t)(b - all.list) - 1;
    memmove(&all.list[b - all.list], b + 1, behind * sizeof *b);
    wf_store_relaxed(&all.count, all.count - 1); /* under lock */
}

/* ---- blocks -------------------------------------------------------------------------------------- */

/* With the lock and the file: with its head. */
static int map_block(size_t bytes, block *b)
{
    size_t page = wf_page_bytes();
    if (bytes + page > all.end - all.next)
        return -EFBIG;
    char *head = make_room() ? wf_shared_map_part(all.fd, all.next, bytes + page) : NULL;
    if (!head)
        return -ENOMEM;
    *b = (block){.memory = head + page, .bytes = bytes, .at = all.next};
    *(wf_block_head *)(void *)head = (wf_block_head){all.program, b->at, bytes};
    all.next += bytes + page;
    return 0;
}

static int add_block(size_t bytes, void **memory)
{
    block b;
    take();
    int err = use_file();
    if (!err && (err = map_block(bytes, &b)))
        leave_file();
    if (!err) {
        put_in(&b);
        *memory = b.memory;
    }
    give();
    return err;
}

int weft_shared_alloc(size_t bytes, void **memory)
{
    size_t page = wf_page_bytes();
    if (!memory)
        return -EINVAL;
    *memory = NULL;
    if (bytes > PTRDIFF_MAX - 2 * page)
        return -ENOMEM;
    return bytes ? add_block((bytes + page - 1) / page * page, memory) : 0;
}

int weft_shared_free(void *memory)
{
    size_t page = wf_page_bytes();
    if (!memory)
        return 0;
    take();
    block *found = block_of(memory), b = found ? *found : (block){.memory = NULL};
    int fd = all.fd; /* stays until the block leaves it */
    if (b.memory == memory)
        take_out(found);
    give();
    if (b.memory != memory)
        return -EINVAL;
    wf_shared_unmap(b.memory - page, b.bytes + page);
    wf_shared_empty(fd, b.at, b.bytes + page);
    wf_blocks_release();
    return 0;
}

/* ---- names --------------------------------------------------------------------------------------- */

bool wf_blocks_name(const void *place, size_t bytes, weft_shared_ref *ref)
{
    if (!wf_load_relaxed(&all.count)) /* hint: who asks for a block's place has made it before */
        return false;
    take();
    const block *b = block_of(place);
    size_t offset = b ? (size_t)((const char *)place - b->memory) : 0;
    bool lies = b && bytes <= b->bytes - offset;
    if (lies)
        *ref = (weft_shared_ref){all.program, b->at, offset, (uintptr_t)b->memory};
    give();
    return lies;
}

int wf_blocks_find(const weft_shared_ref *ref, size_t bytes, void **place)
{
    int err = -ENOENT;
    take();
    const block *b = all.count && ref->program_ == all.program ? block_of((char *)ref->home_) : NULL;
    if (b && b->at == ref->block_)
        err = ref->offset_ > b->bytes || bytes > b->bytes - ref->offset_ ? -EINVAL : 0;
    if (!err)
        *place = b->memory + ref->offset_;
    give();
    return err;
}

int weft_shared_ref_of(const void *place, weft_shared_ref *ref)
{
    if (!ref)
        return -EINVAL;
    *ref = (weft_shared_ref){0};
    return wf_blocks_name(place, 1, ref) ? 0 : -EINVAL;
}
