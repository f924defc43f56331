/* SPDX-License-Identifier: MIT */
/* inject.c - a library to preload: fails the n-th call of a kind, and counts what libweft holds.
 *
 * - Memory calls count only when they come from libweft's own code (by return address), so that neither
 *   hwloc's nor libc's own needs disturb the numbers; threads and masks count for everybody.
 * - A block is found again by its address when it is freed, by whomever.
 * - Armed by inject_arm(), found with dlsym, or from the start by WEFT_FAIL=malloc:3 (3+: all from the third).
 */
#undef _FILE_OFFSET_BITS /* mmap and mmap64 are to be two names here */
#include "inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *block);
void inject_arm(int call, long n, int all);
void inject_read(struct inject_state *state);
int inject_ours(const void *caller);

enum { BLOCKS = 1 << 14 };
static _Atomic uintptr_t blocks[BLOCKS]; /* 0: never used; 1: freed; else the address */
static atomic_long live_blocks, mapped_bytes, live_threads, seen, fired, fail_at;
static atomic_int armed, fail_all;
static uintptr_t code_begin, code_end; /* of libweft */

static int (*real_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static int (*real_join)(pthread_t, void **);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_munmap)(void *, size_t);
static int (*real_sched)(pid_t, size_t, const cpu_set_t *);
static int (*real_ask)(pid_t, size_t, cpu_set_t *);
static int (*real_thread)(pthread_t, size_t, const cpu_set_t *);
static int (*real_attr)(pthread_attr_t *, size_t, const cpu_set_t *);

static int note_code(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (!strstr(info->dlpi_name, "libweft.so"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
            code_begin = info->dlpi_addr + p->p_vaddr;
            code_end = code_begin + p->p_memsz;
        }
    }
    return 1;
}

void inject_arm(int call, long n, int all)
{
    atomic_store(&armed, INJECT_NONE);
    atomic_store(&seen, 0);
    atomic_store(&fired, 0);
    atomic_store(&fail_at, n);
    atomic_store(&fail_all, all);
    if (!code_end)
        dl_iterate_phdr(note_code, NULL);
    atomic_store(&armed, call);
}

void inject_read(struct inject_state *state)
{
    state->blocks = atomic_load(&live_blocks);
    state->mapped = atomic_load(&mapped_bytes);
    state->threads = atomic_load(&live_threads);
    state->seen = atomic_load(&seen);
    state->fired = atomic_load(&fired);
}

static void arm_from_environment(void)
{
    static const char *const names[] = {"", "malloc", "mmap", "pthread_create", "setaffinity", "getaffinity"};
    const char *text = getenv("WEFT_FAIL"), *colon = text ? strchr(text, ':') : NULL;
    for (int call = 1; colon && call < INJECT_CALLS; call++)
        if (strncmp(text, names[call], (size_t)(colon - text)) == 0 && !names[call][colon - text])
            inject_arm(call, atol(colon + 1), strchr(colon, '+') != NULL);
}

static void find(void *slot, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(slot, &found, sizeof found);
}

__attribute__((constructor)) static void start(void)
{
    find(&real_create, "pthread_create");
    find(&real_join, "pthread_join");
    find(&real_mmap, "mmap");
    find(&real_munmap, "munmap");
    find(&real_sched, "sched_setaffinity");
    find(&real_ask, "sched_getaffinity");
    find(&real_thread, "pthread_setaffinity_np");
    find(&real_attr, "pthread_attr_setaffinity_np");
    dl_iterate_phdr(note_code, NULL);
    arm_from_environment();
}

int inject_ours(const void *caller)
{
    return (uintptr_t)caller >= code_begin && (uintptr_t)caller < code_end;
}

static int fails(int call)
{
    if (atomic_load(&armed) != call)
        return 0;
    long n = atomic_fetch_add(&seen, 1) + 1, at = atomic_load(&fail_at);
    int yes = n == at || (n > at && atomic_load(&fail_all));
    atomic_fetch_add(&fired, yes);
    return yes;
}

/* ---- blocks ---- */
static void *note_block(void *block)
{
    uintptr_t address = (uintptr_t)block;
    for (size_t i = address >> 4, tries = 0; block && tries < BLOCKS; i++, tries++) {
        uintptr_t old = atomic_load(&blocks[i % BLOCKS]);
        if (old > 1 || !atomic_compare_exchange_strong(&blocks[i % BLOCKS], &old, address))
            continue;
        atomic_fetch_add(&live_blocks, 1);
        break;
    }
    return block;
}

static int forget_block(const void *block)
{
    uintptr_t address = (uintptr_t)block;
    for (size_t i = address >> 4, tries = 0; block && tries < BLOCKS; i++, tries++) {
        uintptr_t old = atomic_load(&blocks[i % BLOCKS]);
        if (old == 0)
            return 0;
        if (old != address || !atomic_compare_exchange_strong(&blocks[i % BLOCKS], &old, 1))
            continue;
        atomic_fetch_sub(&live_blocks, 1);
        return 1;
    }
    return 0;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t bytes)
{
    if (!inject_ours(__builtin_return_address(0)))
        return __libc_malloc(bytes);
    return fails(INJECT_MALLOC) ? no_memory() : note_block(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    if (!inject_ours(__builtin_return_address(0)))
        return __libc_calloc(count, bytes);
    return fails(INJECT_MALLOC) ? no_memory() : note_block(__libc_calloc(count, bytes));
}

void *realloc(void *block, size_t bytes)
{
    if (inject_ours(__builtin_return_address(0)) && fails(INJECT_MALLOC))
        return no_memory();
    int noted = forget_block(block) || (!block && inject_ours(__builtin_return_address(0)));
    void *moved = __libc_realloc(block, bytes);
    if (noted && bytes)
        note_block(moved ? moved : block);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    if (!inject_ours(__builtin_return_address(0)))
        return __libc_memalign(alignment, bytes);
    return fails(INJECT_MALLOC) ? no_memory() : note_block(__libc_memalign(alignment, bytes));
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    if (inject_ours(__builtin_return_address(0)) && fails(INJECT_MALLOC))
        return ENOMEM;
    void *got = __libc_memalign(alignment, bytes);
    if (!got)
        return ENOMEM;
    *block = inject_ours(__builtin_return_address(0)) ? note_block(got) : got;
    return 0;
}

void free(void *block)
{
    forget_block(block);
    __libc_free(block);
}

/* ---- mappings ---- */
static void *map(int mine, void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    if (mine && fails(INJECT_MMAP)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    if (!real_mmap)
        find(&real_mmap, "mmap");
    void *got = real_mmap(address, bytes, protection, flags, file, offset);
    if (mine && got != MAP_FAILED && !(flags & MAP_FIXED))
        atomic_fetch_add(&mapped_bytes, (long)((bytes + 4095) / 4096 * 4096));
    return got;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return map(inject_ours(__builtin_return_address(0)), address, bytes, protection, flags, file, offset);
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off64_t offset)
{
    return map(inject_ours(__builtin_return_address(0)), address, bytes, protection, flags, file, offset);
}

int munmap(void *address, size_t bytes)
{
    if (!real_munmap)
        find(&real_munmap, "munmap");
    int err = real_munmap(address, bytes);
    if (!err && inject_ours(__builtin_return_address(0)))
        atomic_fetch_sub(&mapped_bytes, (long)((bytes + 4095) / 4096 * 4096));
    return err;
}

/* ---- threads ---- */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    if (fails(INJECT_THREAD))
        return EAGAIN;
    int err = real_create(thread, attr, fn, arg);
    atomic_fetch_add(&live_threads, err == 0);
    return err;
}

int pthread_join(pthread_t thread, void **result)
{
    int err = real_join(thread, result);
    atomic_fetch_sub(&live_threads, err == 0);
    return err;
}

/* ---- masks ---- */
int sched_setaffinity(pid_t pid, size_t bytes, const cpu_set_t *mask)
{
    if (fails(INJECT_BIND)) {
        errno = EPERM;
        return -1;
    }
    return real_sched(pid, bytes, mask);
}

int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *mask)
{
    if (fails(INJECT_ASK)) {
        errno = EPERM;
        return -1;
    }
    return real_ask(pid, bytes, mask);
}

int pthread_setaffinity_np(pthread_t thread, size_t bytes, const cpu_set_t *mask)
{
    return fails(INJECT_BIND) ? EPERM : real_thread(thread, bytes, mask);
}

int pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t bytes, const cpu_set_t *mask)
{
    return fails(INJECT_BIND) ? EINVAL : real_attr(attr, bytes, mask);
}
