/* SPDX-License-Identifier: MIT */
/*
 * model/checker/memory.c - atomic accesses, as C11 and, where it is stricter, C++20 order them.
 *
 * - A location has a history of stores, in the order in which they were executed. A load may read any store that is
 *   not older than the newest one its thread knows of (what it read, wrote, or learned by acquiring).
 * - A release store carries what its thread knows; an acquiring load that reads it learns that. A read-modify-write
 *   reads the newest store and carries on what that one carried (release sequence; a plain store does not: C++20).
 * - Fences: release: later stores carry what was known at the fence; acquire: what was read before is learned.
 * - Sequentially consistent accesses to a location do not read behind each other, nor behind what a thread knew at such a
 *   fence, and such a fence learns what they and other fences knew.
 * - A failing compare-exchange is a load: it may read an old store, if that one does not compare equal.
 *
 * Not shown: load buffering (a load that reads a store which comes later in the execution), and stores of different
 * threads that change places in a location's history. The views follow Kang et al. 2017 (promising semantics, without
 * the promises); search with stale reads: Norris & Demsky 2013 (CDSChecker).
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

#define STORES_ALL 8192
#define SHARED_MAX 4096 /* a power of two */
#define MUTANTS 256     /* one operation may be inlined at many places */

_Static_assert((int)MC_RELAXED == __ATOMIC_RELAXED && (int)MC_SEQ_CST == __ATOMIC_SEQ_CST,
               "the compiler's numbers");

static mc_store stores[STORES_ALL];
static uintptr_t shared[SHARED_MAX],
    shared_list[SHARED_MAX]; /* by hash, and in the order in which they were met */
static unsigned shared_count;
static struct {
    const void *site;
    int order;
    bool blind;
} mutant[MUTANTS];
static unsigned mutants;
static mc_stamp handed[MC_CELLS];

void mc_mutate(const void *site, int order, bool blind)
{
    if (mutants == MUTANTS)
        abort();
    mutant[mutants].site = site;
    mutant[mutants].order = order;
    mutant[mutants++].blind = blind;
}

static bool acquires(int order)
{
    return order == MC_ACQUIRE || order == MC_CONSUME || order >= MC_ACQ_REL;
}

static bool releases(int order)
{
    return order >= MC_RELEASE;
}

static int order_at(const void *site, int order)
{
    for (unsigned i = 0; i < mutants; i++)
        if (mutant[i].site == site && !mutant[i].blind)
            return mutant[i].order;
    return order;
}

/* Of an exchange that fails; no stronger than what the mutant is. */
static int failure_at(const void *site, int failure)
{
    int order = order_at(site, failure);
    int most = acquires(order) ? order == MC_SEQ_CST ? MC_SEQ_CST : MC_ACQUIRE : MC_RELAXED;
    return failure < most ? failure : most;
}

static bool blind_at(const void *site)
{
    for (unsigned i = 0; i < mutants; i++)
        if (mutant[i].site == site && mutant[i].blind)
            return true;
    return false;
}

static mc_thread *self(void)
{
    return &mc.thread[mc.current];
}

/* ---- locations that threads share, known from execution to execution ----------------------------- */

static uintptr_t *shared_entry(const void *address)
{
    uintptr_t key = (uintptr_t)address;
    size_t at = (key >> 2) * UINT64_C(0x9e3779b97f4a7c15) >> 52;
    while (shared[at % SHARED_MAX] && shared[at % SHARED_MAX] != key)
        at++;
    return &shared[at % SHARED_MAX];
}

static bool is_shared(const void *address)
{
    return *shared_entry(address) != 0;
}

void mc_shared_add(const void *address)
{
    if (shared_count == SHARED_MAX / 2)
        mc_fail("too many shared locations for the checker");
    shared_list[shared_count++] = *shared_entry(address) = (uintptr_t)address;
}

static void now_shared(mc_location *location)
{
    if (location->shared)
        return;
    location->shared = true;
    mc_shared_add(location->address);
    mc.again = true;
}

unsigned mc_shared_count(void)
{
    return shared_count;
}

const void *mc_shared_at(unsigned index)
{
    return (const void *)shared_list[index];
}

void mc_shared_keep(unsigned count)
{
    memset(shared, 0, sizeof shared);
    for (unsigned i = 0; i < count; i++)
        *shared_entry((const void *)shared_list[i]) = shared_list[i];
    shared_count = count;
}

/* ---- locations and their histories --------------------------------------------------------------- */

void mc_memory_reset(void)
{
    mc.locations = 0;
    mc.stores = 0;
    mc.store = stores;
    memset(mc.newest_sc, 0, sizeof mc.newest_sc);
    memset(handed, 0, sizeof handed);
    for (unsigned i = 0; i < MC_ALL; i++) {
        mc_thread *thread = &mc.thread[i];
        memset(&thread->now, 0, sizeof thread->now);
        thread->now.clock[i] = 1;
        thread->has_heard = thread->has_fenced = thread->weakly = false;
    }
}

static uint64_t in_memory(const void *address, unsigned size)
{
    switch (size) {
    case 1:
        return *(const uint8_t *)address;
    case 2:
        return *(const uint16_t *)address;
    case 4:
        return *(const uint32_t *)address;
    default:
        return *(const uint64_t *)address;
    }
}

static void to_memory(void *address, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *(uint8_t *)address = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)address = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)address = (uint32_t)value;
        break;
    default:
        *(uint64_t *)address = value;
    }
}

static mc_store *add_store(mc_location *location, uint64_t value, const void *site)
{
    if (mc.stores == STORES_ALL || location->stores == MC_STORES)
        mc_fail("too many stores for the checker, to %s", mc_called(location->address));
    mc_store *store = &stores[mc.stores];
    store->value = value;
    store->thread = (uint8_t)mc.current;
    store->releases = false;
    store->site = site;
    store->before = location->last;
    location->last = (uint16_t)mc.stores++;
    location->stores++;
    return store;
}

static mc_location *add_location(const void *address, unsigned size)
{
    if (mc.locations == MC_LOCATIONS)
        mc_fail("too many atomic locations for the checker");
    mc_location *location = &mc.location[mc.locations];
    *location = (mc_location){.address = address, .size = (uint8_t)size, .shared = is_shared(address)};
    mc_locate(address, size, mc.locations++);
    add_store(location, in_memory(address, size), NULL)->thread = MC_CHECKER;
    return location;
}

/* The access begins: others may go first. */
static mc_location *meet(const void *address, unsigned size, bool writes, bool may_write, int order,
                         const void *site)
{
    int known = mc_location_at(address);
    if (known >= 0 ? mc.location[known].shared : is_shared(address)) {
        mc_access access = {.address = address, .writes = may_write, .sc = order == MC_SEQ_CST};
        mc_point_before(&access);
        mc_happens(&access);
        known = mc_location_at(address);
    }
    mc_atomic(address, size, writes, site);
    mc_location *location = known >= 0 ? &mc.location[known] : add_location(address, size);
    /* On a stack it may be another call's by now, and what was there in between is nobody's. */
    if (location->plain || (!location->shared && mc_on_own_stack(address))) {
        stores[location->last].value = in_memory(address, size);
        location->plain = false;
    }
    if (location->size != size || location->address != address)
        mc_fail("%s is accessed as %u bytes and as %u", mc_called(address), location->size, size);
    if (stores[location->last].value != in_memory(address, size))
        mc_fail("%s was written behind the checker's back", mc_called(address));
    return location;
}

/* Who else was here decides whether others may go first, from the next execution on. */
static void note_access(mc_location *location, bool writes)
{
    unsigned me = 1u << mc.current;
    if (mc.current == MC_CHECKER)
        return;
    if ((location->writers & ~me) || (writes && (location->readers & ~me)))
        now_shared(location);
    if (writes)
        location->writers |= (uint8_t)me;
    else
        location->readers |= (uint8_t)me;
}

/* Who pauses waits for this; the same value once more ends nobody's loop. */
static void note_change(const mc_location *location, const mc_store *store)
{
    if (!location->shared || store->value == stores[store->before].value)
        return;
    mc.writes++;
    self()->own_writes++;
}

static unsigned index_of(const mc_location *location)
{
    return (unsigned)(location - mc.location);
}

/* How many stores, from the newest on, the thread may read. */
static unsigned readable(const mc_location *location, int order)
{
    unsigned at = index_of(location), oldest = self()->now.seen[at];
    if (order == MC_SEQ_CST && mc.newest_sc[at] > oldest)
        oldest = mc.newest_sc[at];
    return location->stores - oldest;
}

static mc_store *nth_newest(const mc_location *location, unsigned n)
{
    mc_store *store = &stores[location->last];
    while (n--)
        store = &stores[store->before];
    return store;
}

static void sees(const mc_location *location, unsigned number, int order)
{
    unsigned at = index_of(location);
    self()->now.seen[at] = (uint8_t)number;
    if (order == MC_SEQ_CST && mc.newest_sc[at] < number)
        mc.newest_sc[at] = (uint8_t)number;
}

static void learn(const mc_store *store, int order)
{
    mc_thread *me = self();
    if (!store->releases)
        return;
    if (acquires(order)) {
        mc_join(&me->now, &store->stamp);
    } else if (me->has_heard) {
        mc_join(&me->heard, &store->stamp);
    } else {
        me->heard = store->stamp;
        me->has_heard = true;
    }
}

/* What a store of this order carries; read: of a read-modify-write, what it read. */
static void carry(mc_store *store, int order, const mc_store *read)
{
    mc_thread *me = self();
    if (releases(order)) {
        store->stamp = me->now;
        store->releases = true;
        me->now.clock[mc.current]++;
    } else if (me->has_fenced) {
        store->stamp = me->fenced;
        store->releases = true;
    }
    if (read && read->releases) {
        if (store->releases)
            mc_join(&store->stamp, &read->stamp);
        else
            store->stamp = read->stamp;
        store->releases = true;
    }
}

/* ---- accesses ------------------------------------------------------------------------------------ */

static uint64_t read_nth(mc_location *location, unsigned n, int order, const void *site, const char *how)
{
    const mc_store *store = nth_newest(location, n);
    sees(location, location->stores - 1u - n, order);
    learn(store, order);
    if (mc.tracing) {
        char by[32] = "what was there";
        if (store->thread != MC_CHECKER || store->site)
            snprintf(by, sizeof by, "a store of thread %u", store->thread);
        mc_trace(site, "%s %s %s = %#llx, %s%s", how, mc_order_name(order), mc_called(location->address),
                 (unsigned long long)store->value, by, n ? " (not the newest)" : "");
    }
    note_access(location, false);
    return store->value;
}

/* Which of so many readable stores it is, 0 the newest. */
static unsigned choose_store(unsigned count)
{
    unsigned choice = count > 1 && mc.stale ? mc_decide(count) : 0;
    mc.stale -= choice != 0;
    return choice;
}

uint64_t mc_load(const void *address, unsigned size, int order, const void *site)
{
    if (!mc.running || mc_local(address))
        return in_memory(address, size);
    mc_reach(site, "load", order);
    order = order_at(site, order);
    mc_location *location = meet(address, size, false, false, order, site);
    return read_nth(location, choose_store(readable(location, order)), order, site, "load");
}

static void write_newest(mc_location *location, uint64_t value, int order, const void *site,
                         const mc_store *read)
{
    mc_store *store = add_store(location, value, site);
    sees(location, location->stores - 1u, order);
    carry(store, order, read);
    to_memory((void *)(uintptr_t)location->address, location->size, value);
    note_access(location, true);
    note_change(location, store);
}

void mc_store_to(void *address, unsigned size, uint64_t value, int order, const void *site)
{
    if (!mc.running || mc_local(address)) {
        to_memory(address, size, value);
        return;
    }
    mc_reach(site, "store", order);
    order = order_at(site, order);
    mc_location *location = meet(address, size, true, true, order, site);
    mc_trace(site, "store %s %s := %#llx", mc_order_name(order), mc_called(address),
             (unsigned long long)value);
    write_newest(location, value, order, site, NULL);
}

static uint64_t truncate_to(unsigned size, uint64_t value)
{
    return size == 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

static void update(mc_location *location, uint64_t value, int order, const void *site)
{
    const mc_store *newest = nth_newest(location, 0);
    sees(location, location->stores - 1u, order);
    learn(newest, order);
    mc_trace(site, "change %s %s: %#llx -> %#llx", mc_order_name(order), mc_called(location->address),
             (unsigned long long)newest->value, (unsigned long long)value);
    write_newest(location, value, order, site, newest);
}

uint64_t mc_modify(void *address, unsigned size, mc_change *change, uint64_t with, int order,
                   const void *site)
{
    if (!mc.running || mc_local(address)) {
        uint64_t was = in_memory(address, size);
        to_memory(address, size, change(was, with));
        return was;
    }
    mc_reach(site, "change", order);
    order = order_at(site, order);
    mc_location *location = meet(address, size, true, true, order, site);
    uint64_t before = nth_newest(location, 0)->value;
    update(location, truncate_to(size, change(before, with)), order, site);
    return before;
}

/* Stores that a failing exchange may read: all readable ones that differ from what is expected. */
static unsigned failures(const mc_location *location, uint64_t expected, int failure, unsigned *which)
{
    unsigned count = 0, readables = readable(location, failure);
    for (unsigned n = 0; n < readables && (!n || mc.stale); n++)
        if (nth_newest(location, n)->value != expected)
            which[count++] = n;
    return count;
}

static bool exchange_alone(void *address, unsigned size, uint64_t *expected, uint64_t value)
{
    uint64_t was = in_memory(address, size);
    if (was == *expected) {
        to_memory(address, size, value);
        return true;
    }
    *expected = was;
    return false;
}

/* Gives 0: it succeeds, 1: it fails and reads which[0], ... A weak one does not fail without reason twice in a row. */
static unsigned choose_failure(unsigned *which, unsigned count, bool equal, bool weak)
{
    mc_thread *me = self();
    bool weakly = equal && weak && !me->weakly;
    unsigned choice = mc_decide(count + equal + weakly) + !equal;
    me->weakly = choice > count;
    which[count] = 0;
    return choice;
}

bool mc_exchange_if(void *address, unsigned size, uint64_t *expected, uint64_t value, int order, int failure,
                    bool weak, const void *site)
{
    unsigned which[MC_STORES + 1], count;
    if (!mc.running || mc_local(address))
        return exchange_alone(address, size, expected, value);
    mc_reach(site, "exchange", order);
    bool blind = blind_at(site);
    order = order_at(site, order);
    failure = failure_at(site, failure);
    mc_location *location = meet(address, size, false, true, order, site);
    bool equal = nth_newest(location, 0)->value == *expected || blind;
    count = blind ? 0 : failures(location, *expected, failure, which);
    unsigned choice = choose_failure(which, count, equal, weak);
    if (!choice) {
        mc_atomic(address, size, true, site);
        update(location, value, order, site);
        return true;
    }
    mc.stale -= which[choice - 1] != 0;
    *expected = read_nth(location, which[choice - 1], failure, site, "exchange fails,");
    return false;
}

static void fence_now(int order)
{
    mc_thread *me = self();
    if (acquires(order) && me->has_heard)
        mc_join(&me->now, &me->heard);
    if (order == MC_SEQ_CST)
        for (unsigned i = 0; i < mc.locations; i++) {
            if (me->now.seen[i] < mc.newest_sc[i])
                me->now.seen[i] = mc.newest_sc[i];
            mc.newest_sc[i] = me->now.seen[i];
        }
    if (releases(order)) {
        me->fenced = me->now;
        me->has_fenced = true;
        me->now.clock[mc.current]++;
    }
}

void mc_fence_at(int order, const void *site)
{
    if (!mc.running)
        return;
    mc_reach(site, "fence", order);
    order = order_at(site, order);
    if (order == MC_SEQ_CST) {
        mc_point();
        mc_happens(NULL);
    }
    mc_trace(site, "fence %s", mc_order_name(order));
    fence_now(order);
}

void mc_fence(int order)
{
    mc_fence_at(order, NULL);
}

void mc_fence_everywhere(void)
{
    unsigned caller = mc.current;
    mc_fence(MC_SEQ_CST);
    for (unsigned i = 0; i < mc.threads; i++) {
        if (i == caller)
            continue;
        if (mc.thread[i].state != MC_ENDED)
            mc_point();
        mc_happens(NULL);
        mc.current = i;
        fence_now(MC_SEQ_CST);
        mc.current = caller;
    }
    mc_fence(MC_SEQ_CST);
}

uint32_t mc_look(const uint32_t *word)
{
    int known = mc_location_at(word);
    if (known >= 0)
        self()->now.seen[known] = (uint8_t)(mc.location[known].stores - 1u);
    return *word;
}

void mc_see_newest(mc_thread *thread)
{
    for (unsigned i = 0; i < mc.locations; i++)
        thread->now.seen[i] = (uint8_t)(mc.location[i].stores - 1u);
}

/* Called before the store, whose value is not known yet. */
void mc_overwritten(unsigned at, const void *site)
{
    mc_location *location = &mc.location[at];
    mc_happens(&(mc_access){.address = location->address, .writes = true});
    add_store(location, in_memory(location->address, location->size), site);
    location->plain = true;
    self()->now.seen[at] = (uint8_t)(location->stores - 1u);
}

void mc_hand(unsigned cell)
{
    mc_thread *me = self();
    mc_happens(NULL);
    mc_join(&handed[cell], &me->now);
    me->now.clock[mc.current]++;
}

void mc_receive(unsigned cell)
{
    mc_happens(NULL);
    mc_join(&self()->now, &handed[cell]);
}
