/* SPDX-License-Identifier: MIT */
/*
 * model/checker/plain.c - all memory but the atomic accesses: races, freed memory, leaks; and putting it back.
 *
 * - Cells of 8 bytes, in halves of 4: who wrote a half last by a plain store, how far each thread was when it read it
 *   or accessed it atomically. Two accesses of which one is plain and one writes, and none of which knows of the
 *   other, are a race (Fidge and Mattern's clocks, as in FastTrack, Flanagan & Freund 2009). Bytes within one half
 *   count as the same.
 * - Before a cell's first store in an execution its content is saved; mc_plain_back() puts it back.
 * - Memory from mc_alloc is never used again in the same execution: whoever touches it after mc_free is found.
 */
#include "engine.h"

#include <stdio.h>

#define CELLS 32768 /* a power of two */
#define ARENA_BYTES (8u << 20)
#define REGIONS 256
#define LINE 128
#define ACCESSES_MAX 1000000
#define NOTHING 4096 /* no program has memory below */

typedef struct half {
    mc_clock plain_reads, atomic_reads, atomic_writes;
    uint16_t written_at; /* plain, by: */
    uint8_t writer;
    uint8_t location; /* number + 1 of the atomic one that begins here */
} half;

typedef struct cell {
    uintptr_t key;
    uint32_t execution;
    bool saved;
    bool wide; /* one atomic location of 8 bytes: all is noted in half[0] */
    half half[2];
} cell;

typedef struct region {
    char *begin;
    size_t bytes;
    bool freed, gone; /* gone: setup() freed it */
    unsigned made_by, freed_by;
    uint16_t made_at; /* its maker's clock: making it is a store to all of it */
} region;

static cell cells[CELLS];
static uint32_t execution = 1;
static uint32_t used[CELLS]; /* cells of this execution */
static unsigned used_count;
static struct {
    uint64_t *address, value;
} saved[CELLS];
static unsigned saved_count;
static char arena[ARENA_BYTES] __attribute__((aligned(4096)));
static size_t arena_used, arena_kept;
static region regions[REGIONS];
static uint16_t region_of_line[ARENA_BYTES / LINE]; /* up to arena_used */
static unsigned region_count, regions_kept;

static uint16_t now(void)
{
    return mc.thread[mc.current].now.clock[mc.current];
}

/* ---- regions ------------------------------------------------------------------------------------- */

void *__real_memset(void *to, int byte, size_t bytes);

/* Zeroed: the C library may have written here in an execution before, unseen. */
void *mc_alloc(size_t bytes)
{
    size_t all = (bytes + 2 * LINE - 1) / LINE * LINE;
    if (all > ARENA_BYTES - arena_used || region_count == REGIONS)
        return NULL;
    mc_happens(NULL);
    regions[region_count++] = (region){.begin = &arena[arena_used],
                                       .bytes = bytes,
                                       .made_by = mc.current,
                                       .made_at = mc.running ? now() : 0};
    for (size_t at = arena_used / LINE; at < (arena_used + all) / LINE; at++)
        region_of_line[at] = (uint16_t)(region_count - 1);
    arena_used += all;
    return __real_memset(regions[region_count - 1].begin, 0, all);
}

static region *region_at(const void *address)
{
    const char *at = address;
    if (at < arena || at >= arena + arena_used)
        return NULL;
    return &regions[region_of_line[(size_t)(at - arena) / LINE]];
}

const char *mc_region_of(const void *address, char *text, size_t bytes)
{
    const region *found = region_at(address);
    if (!found)
        return NULL;
    snprintf(text, bytes, "block %d of %zu bytes + %td", (int)(found - regions), found->bytes,
             (const char *)address - found->begin);
    return text;
}

static void check_alive(const void *address, size_t bytes, const void *site)
{
    const region *found = region_at(address);
    if ((uintptr_t)address < NOTHING) {
        mc_trace(site, "touches NULL");
        mc_fail("null pointer, + %zu", (size_t)address);
    }
    if (!found)
        return;
    bool inside = (const char *)address + bytes <= found->begin + found->bytes;
    bool known = found->made_at <= mc.thread[mc.current].now.clock[found->made_by];
    if (!found->freed && inside && known)
        return;
    mc_trace(site, "touches %s", mc_called(address));
    if (found->freed)
        mc_fail("use after free: %s, freed by thread %u", mc_called(address), found->freed_by);
    if (!inside)
        mc_fail("out of bounds: %s", mc_called(address));
    mc_fail("race: thread %u does not know that thread %u allocated %s", mc.current, found->made_by,
            mc_called(address));
}

bool mc_leaks(char *text, size_t bytes)
{
    for (unsigned i = regions_kept; i < region_count; i++)
        if (!regions[i].freed) {
            snprintf(text, bytes, "leak: block %u of %zu bytes", i, regions[i].bytes);
            return true;
        }
    return false;
}

/* ---- cells --------------------------------------------------------------------------------------- */

static cell *cell_at(const void *address)
{
    uintptr_t key = (uintptr_t)address >> 3;
    size_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 50;
    for (;; at++) {
        cell *found = &cells[at % CELLS];
        if (found->execution != execution) {
            memset(found, 0, sizeof *found);
            found->key = key;
            found->execution = execution;
            if (used_count > CELLS / 2)
                mc_fail("too much memory for the checker");
            used[used_count++] = (uint32_t)(at % CELLS);
            return found;
        }
        if (found->key == key)
            return found;
    }
}

static void save(cell *c)
{
    if (c->saved)
        return;
    c->saved = true;
    saved[saved_count].address = (uint64_t *)(c->key << 3);
    saved[saved_count].value = *saved[saved_count].address;
    saved_count++;
}

static bool knows_all(const mc_clock accesses)
{
    const uint16_t *clock = mc.thread[mc.current].now.clock;
    bool behind = false;
    for (unsigned i = 0; i < MC_ALL; i++)
        behind |= accesses[i] > clock[i];
    return !behind;
}

static bool knows_writer(const half *h)
{
    return h->written_at <= mc.thread[mc.current].now.clock[h->writer];
}

static void race(const void *address, const char *what, const void *site)
{
    mc_trace(site, "%s %s", what, mc_called(address));
    mc_fail("race: %s of %s by thread %u", what, mc_called(address), mc.current);
}

static void *address_of(const cell *c, unsigned which)
{
    return (void *)((c->key << 3) + which * 4);
}

static void read_half(cell *c, unsigned which, const void *site)
{
    half *h = &c->half[which];
    if (!knows_writer(h) || !knows_all(h->atomic_writes))
        race(address_of(c, which), "plain read", site);
    h->plain_reads[mc.current] = now();
}

static void write_half(cell *c, unsigned which, const void *site)
{
    half *h = &c->half[which];
    if (!knows_writer(h) || !knows_all(h->atomic_writes) || !knows_all(h->plain_reads) ||
        !knows_all(h->atomic_reads))
        race(address_of(c, which), "plain write", site);
    h->written_at = now();
    h->writer = (uint8_t)mc.current;
    if (h->location)
        mc_overwritten(h->location - 1u, site);
}

/* The halves from address on. */
static void touch(const void *address, size_t bytes, void (*half_of)(cell *, unsigned, const void *),
                  bool writes, const void *site)
{
    uintptr_t at = (uintptr_t)address & ~(uintptr_t)3, end = (uintptr_t)address + bytes;
    check_alive(address, bytes, site);
    if (++mc.accesses > ACCESSES_MAX)
        mc_fail("does not end: %d plain accesses", ACCESSES_MAX);
    for (; at < end; at += 4) {
        cell *c = cell_at((void *)at);
        if (c->wide && at & 4 && at > (uintptr_t)address)
            continue; /* done with the first half */
        if (writes)
            save(c);
        half_of(c, c->wide ? 0 : at >> 2 & 1, site);
    }
}

void mc_read(const void *address, size_t bytes, const void *site)
{
    mc_reach(site, "read", MC_RELAXED);
    if (mc.running && !mc_local(address))
        touch(address, bytes, read_half, false, site);
}

void mc_write(void *address, size_t bytes, const void *site)
{
    mc_reach(site, "write", MC_RELAXED);
    if (mc.running && !mc_local(address))
        touch(address, bytes, write_half, true, site);
}

int mc_location_at(const void *address)
{
    return cell_at(address)->half[(uintptr_t)address >> 2 & 1].location - 1;
}

/* An 8-byte location: what is known of its second half goes to the first. */
static void widen(cell *c)
{
    half *all = &c->half[0], *second = &c->half[1];
    if (!knows_writer(second))
        race(address_of(c, 1), "atomic access", NULL);
    for (unsigned i = 0; i < MC_ALL; i++)
        if (second->plain_reads[i] > all->plain_reads[i])
            all->plain_reads[i] = second->plain_reads[i];
    if (!all->written_at) {
        all->written_at = second->written_at;
        all->writer = second->writer;
    }
    c->wide = true;
}

void mc_locate(const void *address, unsigned size, unsigned location)
{
    cell *c = cell_at(address);
    c->half[(uintptr_t)address >> 2 & 1].location = (uint8_t)(location + 1);
    if (size == 8)
        widen(c);
}

void mc_atomic(const void *address, unsigned size, bool writes, const void *site)
{
    cell *c = cell_at(address);
    half *h = &c->half[(uintptr_t)address >> 2 & 1];
    check_alive(address, size, site);
    if (writes)
        save(c);
    if (!knows_writer(h) || (writes && !knows_all(h->plain_reads)))
        race(address, writes ? "atomic write" : "atomic read", site);
    if (writes)
        h->atomic_writes[mc.current] = now();
    else
        h->atomic_reads[mc.current] = now();
}

/* Freeing is a store to all of it. */
void mc_free(void *memory)
{
    region *found = memory ? region_at(memory) : NULL;
    if (!memory)
        return;
    if (!found || found->begin != memory)
        mc_fail("freed what was not allocated: %p", memory);
    mc_happens(NULL);
    mc_trace(NULL, "frees %s", mc_called(memory));
    if (found->freed)
        mc_fail("freed twice: %s", mc_called(memory));
    check_alive(memory, 0, NULL);
    for (unsigned i = 0; i < used_count && mc.running; i++) {
        cell *c = &cells[used[i]];
        char *at = (char *)(c->key << 3);
        if (at < found->begin || at >= found->begin + found->bytes)
            continue;
        for (unsigned which = 0; which < 2; which++) {
            half *h = &c->half[which];
            if (!knows_writer(h) || !knows_all(h->atomic_writes) || !knows_all(h->plain_reads) ||
                !knows_all(h->atomic_reads))
                race(address_of(c, which), "free", NULL);
        }
    }
    found->freed = true;
    found->freed_by = mc.current;
}

bool mc_freed(const void *memory)
{
    const region *found = region_at(memory);
    return found && found->freed;
}

/* ---- executions ---------------------------------------------------------------------------------- */

void mc_plain_forget(void)
{
    memset(arena, 0, arena_used);
    arena_used = arena_kept = 0;
    region_count = regions_kept = 0;
}

void mc_plain_keep(void)
{
    arena_kept = arena_used;
    regions_kept = region_count;
    for (unsigned i = 0; i < region_count; i++)
        regions[i].gone = regions[i].freed;
}

void mc_plain_back(void)
{
    while (saved_count) {
        saved_count--;
        *saved[saved_count].address = saved[saved_count].value;
    }
    execution++;
    used_count = 0;
    arena_used = arena_kept;
    region_count = regions_kept;
    for (unsigned i = 0; i < region_count; i++)
        regions[i].freed = regions[i].gone;
}
