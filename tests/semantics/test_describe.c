/* SPDX-License-Identifier: MIT */
/* test_describe.c - what a pool tells of itself: sizes, machine, binding planned and obtained; topologies of the host.
 *
 * - Binding is refused by a seccomp filter: each test is a process of its own, which keeps the filter to its end.
 * - What the kernel is said to have answered is compared with the kernel's answer to the test.
 */
#include "sem.h"

#include <hwloc.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int mask_pus(void)
{
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    return CPU_COUNT(&mask);
}

static void add_range(size_t begin, size_t end, void *total)
{
    atomic_fetch_add((atomic_size_t *)total, end - begin);
}

static void works(weft_pool *pool)
{
    atomic_size_t total = 0;
    cr_assert_eq(weft_parallel_for(pool, 0, 10000, add_range, &total), 0);
    cr_assert_eq(atomic_load(&total), 10000);
}

static weft_pool_info info_of(weft_pool *pool)
{
    weft_pool_info info = {.size = sizeof info};
    int err = weft_pool_inspect(pool, &info);
    cr_assert_eq(err, 0, "inspect: %d", err);
    cr_assert_eq(info.size, sizeof info);
    return info;
}

static weft_worker_info worker_of(weft_pool *pool, int worker)
{
    weft_worker_info info = {.size = sizeof info};
    int err = weft_worker_inspect(pool, worker, &info);
    cr_assert_eq(err, 0, "inspect %d: %d", worker, err);
    return info;
}

/* The whole text; to be freed. */
static char *text_of(weft_pool *pool)
{
    int bytes = weft_pool_describe(pool, NULL, 0);
    cr_assert_gt(bytes, 0);
    char *text = malloc((size_t)bytes + 1);
    cr_assert_eq(weft_pool_describe(pool, text, (size_t)bytes + 1), bytes);
    cr_assert_eq(strlen(text), (size_t)bytes);
    return text;
}

static void has(weft_pool *pool, const char *words)
{
    char *text = text_of(pool);
    cr_assert(strstr(text, words), "no '%s' in:\n%s", words, text);
    free(text);
}

static weft_pool *pool_bound(int bind, hwloc_topology_t topology)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(
        &pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .bind = bind, .topology = topology));
    cr_assert_eq(err, 0, "create: %d", err);
    return pool;
}

/* ---- numbers ---- */
PROMISE(a_pool_tells_how_many_workers_it_has_and_who_said_so)
{
    weft_pool *pool = NULL;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .seats = 5)), 0);
    weft_pool_info info = info_of(pool);
    cr_assert_eq(info.workers, sem_threads());
    cr_assert_eq(info.workers_wanted, sem_threads());
    cr_assert_eq(info.workers_origin, WEFT_ORIGIN_CONFIG);
    cr_assert_eq(info.seats, 5);
    cr_assert_eq(info.mask_pus, mask_pus());
    cr_assert_eq(info.pus, mask_pus());
    cr_assert_eq(info.this_system, 1);
    has(pool, "as the config says");
    sem_end(pool);
}

/* Of a pool whose number nobody said: where it may have come from. */
static void default_size(const weft_pool_info *info)
{
    bool less = info->quota_us && info->quota_us < mask_pus() * info->period_us;
    cr_assert_eq(info->workers_origin, less ? WEFT_ORIGIN_QUOTA : WEFT_ORIGIN_MASK);
    if (!less)
        cr_assert_eq(info->workers, mask_pus());
}

PROMISE(a_pool_of_default_size_has_it_from_the_affinity_mask_or_a_quota)
{
    weft_pool *pool;
    unsetenv("WEFT_WORKERS");
    cr_assert_eq(weft_pool_create(&pool, NULL), 0);
    weft_pool_info info = info_of(pool);
    default_size(&info);
    cr_assert_eq(info.ignored, 0);
    has(pool, info.quota_us ? "CPU quota: " : "one per PU of the affinity mask");
    sem_end(pool);
}

PROMISE(the_environments_number_is_told_and_a_word_that_is_none_too)
{
    weft_pool *pool;
    setenv("WEFT_WORKERS", "3", 1);
    cr_assert_eq(weft_pool_create(&pool, NULL), 0);
    cr_assert_eq(info_of(pool).workers, 3);
    cr_assert_eq(info_of(pool).workers_origin, WEFT_ORIGIN_ENVIRONMENT);
    has(pool, "as the environment says");
    sem_end(pool);
    setenv("WEFT_WORKERS", "many", 1);
    cr_assert_eq(weft_pool_create(&pool, NULL), 0);
    weft_pool_info info = info_of(pool);
    default_size(&info);
    cr_assert_eq(info.ignored, 1);
    has(pool, "WEFT_WORKERS is no number of workers and was ignored");
    sem_end(pool);
}

PROMISE(null_outside_is_the_default_pool)
{
    unsetenv("WEFT_WORKERS");
    weft_pool_info info = info_of(NULL);
    default_size(&info);
    has(NULL, "pool \"weft\"");
}

PROMISE(a_flat_pool_knows_the_mask_alone)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .flat = 1)), 0);
    cr_assert_eq(info_of(pool).source, WEFT_SOURCE_MASK);
    cr_assert_eq(info_of(pool).domains, 1);
    for (int i = 0; i < sem_threads(); i++)
        cr_assert_eq(worker_of(pool, i).node, -1);
    sem_end(pool);
}

/* ---- binding ---- */
PROMISE(workers_are_bound_to_pus_of_the_mask_and_the_kernel_says_so)
{
    cpu_set_t mask;
    weft_pool *pool = pool_bound(WEFT_BIND_PU, NULL);
    weft_pool_info info = info_of(pool);
    cr_assert_eq(info.bind, WEFT_BIND_PU);
    sched_getaffinity(0, sizeof mask, &mask);
    for (int i = 0; i < sem_threads(); i++) {
        weft_worker_info worker = worker_of(pool, i);
        cr_assert_eq(worker.bound, WEFT_BIND_PU);
        cr_assert_eq(worker.bind_err, 0);
        cr_assert_eq(worker.mask_pus, 1);
        cr_assert(CPU_ISSET((size_t)worker.pu, &mask));
        cr_assert(worker.domain >= 0 && worker.domain < info.domains);
    }
    sem_end(pool);
}

PROMISE(workers_bound_to_domains_stay_within_the_mask)
{
    weft_pool *pool = pool_bound(WEFT_BIND_DOMAIN, NULL);
    for (int i = 0; i < sem_threads(); i++) {
        weft_worker_info worker = worker_of(pool, i);
        cr_assert_eq(worker.bound, WEFT_BIND_DOMAIN);
        cr_assert(worker.mask_pus >= 1 && worker.mask_pus <= mask_pus());
    }
    sem_end(pool);
}

PROMISE(workers_that_are_not_to_be_bound_have_the_whole_mask)
{
    weft_pool *pool = pool_bound(WEFT_BIND_NONE, NULL);
    cr_assert_eq(info_of(pool).bind, WEFT_BIND_NONE);
    for (int i = 0; i < sem_threads(); i++) {
        cr_assert_eq(worker_of(pool, i).bound, WEFT_BIND_NONE);
        cr_assert_eq(worker_of(pool, i).mask_pus, mask_pus());
    }
    sem_end(pool);
}

/* From now on sched_setaffinity fails with `err` in this process. False: the system has no such filters. */
static bool refuse_binding(unsigned err)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setaffinity, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void is_refused(int bind, int err, const char *words)
{
    if (!refuse_binding((unsigned)err))
        cr_skip_test("no seccomp filters here");
    weft_pool *pool = pool_bound(bind, NULL);
    cr_assert_eq(info_of(pool).bind, bind);
    for (int i = 0; i < sem_threads(); i++) {
        weft_worker_info worker = worker_of(pool, i);
        cr_assert_eq(worker.bind_err, -err, "worker %d: %d", i, worker.bind_err);
        cr_assert_eq(worker.bound, WEFT_BIND_NONE);
        cr_assert_eq(worker.mask_pus, mask_pus());
    }
    works(pool);
    if (sem_threads())
        has(pool, words);
    sem_end(pool);
}

PROMISE(a_refused_binding_to_pus_is_told_and_the_pool_works)
{
    is_refused(WEFT_BIND_PU, EPERM, "NOT bound to its PU: Operation not permitted (EPERM)");
}

PROMISE(a_refused_binding_to_domains_is_told_and_the_pool_works)
{
    is_refused(WEFT_BIND_DOMAIN, EINVAL, "NOT bound to its domain: Invalid argument (EINVAL)");
}

/* ---- the host's topology ---- */
static hwloc_topology_t host_topology(const char *synthetic)
{
    hwloc_topology_t t;
    cr_assert_eq(hwloc_topology_init(&t), 0);
    if (synthetic)
        cr_assert_eq(hwloc_topology_set_synthetic(t, synthetic), 0);
    cr_assert_eq(hwloc_topology_load(t), 0);
    return t;
}

PROMISE(a_topology_of_this_system_serves_as_the_librarys_own)
{
    hwloc_topology_t t = host_topology(NULL);
    weft_pool *pool = pool_bound(WEFT_BIND_PU, t);
    hwloc_topology_destroy(t); /* it was only read */
    weft_pool_info info = info_of(pool);
    cr_assert_eq(info.source, WEFT_SOURCE_HOST);
    cr_assert_eq(info.this_system, 1);
    cr_assert_eq(info.pus, mask_pus());
    for (int i = 0; i < sem_threads(); i++)
        cr_assert_eq(worker_of(pool, i).bound, WEFT_BIND_PU);
    works(pool);
    sem_end(pool);
}

PROMISE(on_a_topology_of_another_machine_workers_sit_there_and_are_not_bound)
{
    hwloc_topology_t t =
        host_topology("pack:2 [numa] l3:1 core:4 pu:2(indexes=100,101,102,103,104,105,106,107,"
                      "108,109,110,111,112,113,114,115)");
    weft_pool *pool = pool_bound(WEFT_BIND_PU, t);
    weft_pool_info info = info_of(pool);
    hwloc_topology_destroy(t);
    cr_assert_eq(info.source, WEFT_SOURCE_HOST);
    cr_assert_eq(info.this_system, 0);
    cr_assert_eq(info.bind, WEFT_BIND_NONE);
    cr_assert_eq(info.pus, 16);
    cr_assert_eq(info.domains, 2);
    cr_assert_eq(info.mask_pus, mask_pus());
    for (int i = 0; i < sem_threads(); i++) {
        weft_worker_info worker = worker_of(pool, i);
        cr_assert_eq(worker.pu, 100 + 2 * i); /* a core for each of up to 8 workers */
        cr_assert_eq(worker.node, i / 4);
        cr_assert_eq(worker.domain, i / 4);
        cr_assert_eq(worker.bound, WEFT_BIND_NONE);
        cr_assert_eq(worker.bind_err, 0);
        cr_assert_eq(worker.mask_pus, mask_pus());
    }
    works(pool);
    has(pool, "another one than this system");
    sem_end(pool);
}

PROMISE(the_default_size_on_a_topology_is_one_worker_per_pu_of_it)
{
    weft_pool *pool;
    unsetenv("WEFT_WORKERS");
    hwloc_topology_t t = host_topology("pack:1 core:5 pu:1");
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.topology = t)), 0);
    hwloc_topology_destroy(t);
    weft_pool_info info = info_of(pool);
    bool less = info.quota_us && info.quota_us < 5 * info.period_us;
    cr_assert_eq(info.workers_origin, less ? WEFT_ORIGIN_QUOTA : WEFT_ORIGIN_TOPOLOGY);
    cr_assert(less || info.workers == 5);
    works(pool);
    sem_end(pool);
}

PROMISE(a_topology_that_makes_no_sense_is_refused)
{
    weft_pool *pool = (weft_pool *)(void *)&pool;
    hwloc_topology_t t;
    cr_assert_eq(hwloc_topology_init(&t), 0);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.topology = t)), -EINVAL, "not loaded");
    cr_assert_null(pool);
    hwloc_topology_destroy(t);
    t = host_topology("pack:1 core:1 pu:1");
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.topology = t, .flat = 1)), -EINVAL, "with flat");
    cr_assert_null(pool);
    hwloc_topology_destroy(t);
}

/* ---- the calls ---- */
PROMISE(the_text_is_cut_where_the_room_ends_and_always_ended)
{
    char small[40], one[1];
    weft_pool *pool = sem_pool();
    char *text = text_of(pool);
    int bytes = (int)strlen(text), lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    const weft_pool_info info = info_of(pool);
    cr_assert_eq(lines, 2 + (info.follows || info.resized) + (info.quota_us != 0) + sem_threads());
    memset(small, 'x', sizeof small);
    cr_assert_eq(weft_pool_describe(pool, small, sizeof small), bytes);
    cr_assert_eq(strlen(small), sizeof small - 1);
    cr_assert_eq(memcmp(small, text, sizeof small - 1), 0);
    cr_assert_eq(weft_pool_describe(pool, one, 1), bytes);
    cr_assert_eq(one[0], 0);
    cr_assert_eq(weft_pool_describe(pool, NULL, 1), -EINVAL);
    free(text);
    sem_end(pool);
}

PROMISE(sizes_and_workers_that_make_no_sense_are_refused_and_nothing_is_written)
{
    weft_pool *pool = sem_pool();
    weft_pool_info info = {.size = sizeof info - 1, .workers = 77};
    weft_worker_info worker = {.size = 1, .pu = 77};
    cr_assert_eq(weft_pool_inspect(pool, NULL), -EINVAL);
    cr_assert_eq(weft_pool_inspect(pool, &info), -EINVAL);
    cr_assert_eq(info.workers, 77);
    cr_assert_eq(weft_worker_inspect(pool, 0, NULL), -EINVAL);
    cr_assert_eq(weft_worker_inspect(pool, 0, &worker), -EINVAL);
    worker.size = sizeof worker;
    cr_assert_eq(weft_worker_inspect(pool, -1, &worker), -EINVAL);
    cr_assert_eq(weft_worker_inspect(pool, sem_threads(), &worker), -EINVAL);
    cr_assert_eq(worker.pu, 77);
    sem_end(pool);
}

PROMISE(a_program_that_knows_a_longer_struct_finds_zeros_there)
{
    struct {
        weft_pool_info info;
        int later[4];
    } longer;
    weft_pool *pool = sem_pool();
    memset(&longer, 'x', sizeof longer);
    longer.info.size = sizeof longer;
    cr_assert_eq(weft_pool_inspect(pool, &longer.info), 0);
    cr_assert_eq(longer.info.workers, sem_threads());
    cr_assert_eq(longer.later[0], 0);
    cr_assert_eq(longer.later[3], 0);
    sem_end(pool);
}

struct inside {
    atomic_int bytes, workers;
};

static void describe_inside(void *arg)
{
    struct inside *in = arg;
    char text[1 << 14];
    weft_pool_info info = {.size = sizeof info};
    atomic_store(&in->bytes, weft_pool_describe(NULL, text, sizeof text));
    atomic_store(&in->workers, weft_pool_inspect(NULL, &info) ? -1 : info.workers);
}

PROMISE(inside_a_pool_null_is_that_pool)
{
    struct inside in = {0, 0};
    weft_pool *pool = NULL;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .name = "inner")), 0);
    cr_assert_eq(weft_run(pool, describe_inside, &in), 0);
    cr_assert_eq(atomic_load(&in.workers), sem_threads());
    cr_assert_eq(atomic_load(&in.bytes), weft_pool_describe(pool, NULL, 0));
    has(pool, "pool \"inner\"");
    sem_end(pool);
}

static void *describer(void *arg)
{
    return (void *)(intptr_t)weft_pool_describe(arg, NULL, 0);
}

PROMISE(threads_that_ask_at_once_while_the_pool_starts_get_the_same_answer)
{
    for (int round = 0; round < 50; round++) {
        pthread_t threads[3];
        weft_pool *pool = sem_pool();
        for (int i = 0; i < 3; i++)
            threads[i] = thread_start(describer, pool, 0);
        intptr_t bytes = weft_pool_describe(pool, NULL, 0);
        for (int i = 0; i < 3; i++) {
            void *answer;
            pthread_join(threads[i], &answer);
            cr_assert_eq((intptr_t)answer, bytes);
        }
        sem_end(pool);
    }
}
