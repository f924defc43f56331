/* SPDX-License-Identifier: MIT */
/* test_part.c - pools that are confined to some of the machine's PUs, and what is refused: test_part_nodes.c has nodes and kinds
 * of cores.
 */
#include "part.h"

/* ---- PUs ---- */
PROMISE(all_workers_run_on_the_cpus_of_the_config_however_they_are_bound)
{
    for (int bind = WEFT_BIND_AUTO; bind <= WEFT_BIND_DOMAIN; bind++)
        for (int n = 0; n < pus(); n++) {
            cpu_set_t part = only(pu(n));
            weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .bind = bind,
                                                             .name = fresh_name(), .cpus = list_of(pu(n))));
            cr_assert_eq(info_of(pool).pus, 1);
            cr_assert_eq(info_of(pool).pus_whole, pus());
            cr_assert_eq(info_of(pool).mask_pus, pus());
            confined_to(pool, &part, sem_threads());
            for (int i = 0; i < sem_threads(); i++) {
                cr_assert_eq(worker_of(pool, i).pu, pu(n));
                cr_assert_eq(worker_of(pool, i).mask_pus, 1);
                cr_assert_eq(worker_of(pool, i).bind_err, 0);
            }
            works(pool);
            sem_end(pool);
        }
}

PROMISE(a_list_of_all_and_of_more_is_the_whole_mask)
{
    cpu_set_t whole = mask_of(0);
    weft_pool *pool = NULL;
    cr_assert_eq(create(&pool, "5,0-999999999", NULL, 0), 0);
    cr_assert_eq(info_of(pool).pus, pus());
    cr_assert_eq(info_of(pool).pus_whole, pus());
    confined_to(pool, &whole, sem_threads());
    sem_end(pool);
}

PROMISE(the_default_size_is_that_of_the_part)
{
    char words[64];
    unsetenv("WEFT_WORKERS");
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.cpus = list_of(pu(pus() - 1))));
    weft_pool_info info = info_of(pool);
    bool less = info.quota_us && info.quota_us < info.period_us;
    cr_assert_eq(info.workers, 1);
    cr_assert_eq(info.workers_max, 1);
    cr_assert_eq(info.workers_origin, less ? WEFT_ORIGIN_QUOTA : WEFT_ORIGIN_PART);
    snprintf(words, sizeof words, "machine: 1 of %d PU%s (cpus %d) in 1 domain", pus(), pus() > 1 ? "s" : "",
             pu(pus() - 1));
    has(pool, words);
    sem_end(pool);
}

PROMISE(config_and_environment_still_say_how_many_workers)
{
    cpu_set_t part = only(pu(0));
    setenv("WEFT_WORKERS", "3", 1);
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.name = fresh_name(), .cpus = list_of(pu(0))));
    cr_assert_eq(info_of(pool).workers, 3);
    cr_assert_eq(info_of(pool).workers_origin, WEFT_ORIGIN_ENVIRONMENT);
    confined_to(pool, &part, 3);
    sem_end(pool);
    pool = sem_pool_with(
        WEFT_POOL_CONFIG(.workers = 2, .workers_max = 5, .name = fresh_name(), .cpus = list_of(pu(0))));
    cr_assert_eq(weft_pool_resize(pool, 5), 0);
    confined_to(pool, &part, 5); /* those that came later too */
    works(pool);
    sem_end(pool);
}

PROMISE(without_a_part_a_pool_tells_of_none)
{
    weft_pool *pool = sem_pool();
    cr_assert_eq(info_of(pool).pus, pus());
    cr_assert_eq(info_of(pool).pus_whole, pus());
    cr_assert_neq(info_of(pool).workers_origin, WEFT_ORIGIN_PART);
    has(pool, " in ");
    sem_end(pool);
}

PROMISE(pools_on_parts_stay_out_of_each_others)
{
    if (pus() < 2)
        cr_skip_test("needs 2 PUs or more");
    weft_pool *pools[2];
    for (int n = 0; n < 2; n++) {
        cpu_set_t part = only(pu(n));
        cr_assert_eq(create(&pools[n], list_of(pu(n)), NULL, 0), 0);
        confined_to(pools[n], &part, sem_threads());
    }
    for (int n = 0; n < 2; n++)
        works(pools[n]);
    for (int n = 0; n < 2; n++)
        sem_end(pools[n]);
}

PROMISE(the_affinity_mask_still_counts)
{
    if (pus() < 2)
        cr_skip_test("needs 2 PUs or more");
    int outside = pu(1);
    cpu_set_t one = only(pu(0));
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    refused(-ENODEV, list_of(outside), NULL, 0);
    weft_pool *pool = NULL;
    cr_assert_eq(create(&pool, "0-4095", NULL, 0), 0);
    cr_assert_eq(info_of(pool).pus, 1);
    confined_to(pool, &one, sem_threads());
    sem_end(pool);
}

/* ---- everybody else ---- */
static void where(void *arg)
{
    *(cpu_set_t *)arg = mask_of(0);
}

PROMISE(guests_run_where_they_did)
{
    weft_pool *pool = NULL;
    cpu_set_t before = mask_of(0), inside;
    cr_assert_eq(create(&pool, list_of(pu(0)), NULL, 0), 0);
    cr_assert_eq(weft_run(pool, where, &inside), 0);
    cr_assert(CPU_EQUAL(&before, &inside));
    works(pool);
    inside = mask_of(0);
    cr_assert(CPU_EQUAL(&before, &inside));
    sem_end(pool);
}

struct keeping {
    weft_future *kept;
    atomic_int waiting;
};

static int wait_for_kept(void *arg)
{
    struct keeping *k = arg;
    int status = -1;
    atomic_fetch_add(&k->waiting, 1);
    int err = weft_future_get(k->kept, &status);
    return err ? err : status;
}

/* More waiters than workers: spares stand in, called by workers and by the monitor; and the clock has something to do. */
PROMISE(spares_monitor_and_clock_stay_there_too)
{
    NEEDS_WORKERS(1);
    enum { WAITERS = 12 };
    weft_executor *executor;
    weft_promise *promise;
    weft_future *waiters[WAITERS], *later;
    struct keeping k = {NULL, 0};
    cpu_set_t part = only(pu(pus() - 1));
    weft_pool *pool = NULL;
    cr_assert_eq(create(&pool, list_of(pu(pus() - 1)), NULL, 0), 0);
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    cr_assert_eq(weft_promise_create(&promise, executor, &k.kept), 0);
    for (int i = 0; i < WAITERS; i++)
        cr_assert_eq(weft_submit(executor, wait_for_kept, &k, &waiters[i]), 0);
    while (atomic_load(&k.waiting) < WAITERS)
        sched_yield();
    cr_assert_eq(weft_submit_after(executor, 50000000, wait_for_kept, &k, &later), 0);
    while (atomic_load(&k.waiting) < WAITERS + 1)
        sched_yield();
    cr_assert_gt(info_of(pool).spares, 0);
    confined_to(pool, &part, sem_threads() + 2); /* a spare and the clock among them */
    cr_assert_eq(weft_promise_fulfil(promise, 3), 0);
    for (int i = 0; i <= WAITERS; i++) {
        int status = -1;
        weft_future *waiter = i < WAITERS ? waiters[i] : later;
        cr_assert_eq(weft_future_get(waiter, &status), 0);
        cr_assert_eq(status, 3);
        weft_future_release(waiter);
    }
    weft_future_release(k.kept);
    sem_end(pool);
}

/* The kernel's number of the pool's monitor; 0: it has none yet. */
static int monitor(void)
{
    char path[300], its[32], wanted[32];
    int found = 0;
    snprintf(wanted, sizeof wanted, "%s.monitor\n", name);
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *e; !found && (e = readdir(dir)) != NULL;) {
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
        FILE *file = fopen(path, "r");
        if (file && fgets(its, sizeof its, file) && strcmp(its, wanted) == 0)
            found = atoi(e->d_name);
        if (file)
            fclose(file);
    }
    closedir(dir);
    return found;
}

static void until_watched(size_t begin, size_t end, void *masks)
{
    int thread;
    while (!(thread = monitor()))
        sched_yield();
    for (size_t i = begin; i < end; i++)
        ((cpu_set_t *)masks)[i] = mask_of(thread);
}

/* The only worker sleeps, and its place is held by a guest, who may run everywhere: what the guest leaves behind calls for
 * the monitor, which is born with the guest's mask. */
PROMISE(a_monitor_that_a_guest_calls_stays_there_too)
{
    NEEDS_WORKERS(1);
    if (pus() < 2)
        cr_skip_test("needs 2 PUs or more");
    cpu_set_t part = only(pu(0)), its[2];
    weft_counters c = WEFT_COUNTERS_INIT;
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = 1, .name = fresh_name(), .cpus = list_of(pu(0))));
    while (!c.parks)
        cr_assert_eq(weft_pool_counters(pool, -1, &c), 0);
    cr_assert_eq(monitor(), 0);
    cr_assert_eq(weft_parallel_for(pool, 0, 2, until_watched, its), 0);
    cr_assert(CPU_EQUAL(&its[0], &part), "on %d PUs", CPU_COUNT(&its[0]));
    sem_end(pool);
}

static int say_where(void *arg)
{
    where(arg);
    return 0;
}

struct hold {
    atomic_int begun, end;
};

static int hold_on(void *arg)
{
    struct hold *h = arg;
    atomic_fetch_add(&h->begun, 1);
    flag_wait(&h->end);
    return 0;
}

/* All workers are at work. Submitted from outside the part: the thread that is made for it is born with the submitter's mask. */
PROMISE(a_spare_that_a_stranger_calls_stays_there_too)
{
    NEEDS_WORKERS(1);
    cpu_set_t part = only(pu(0)), inside;
    struct hold hold = {0, 0};
    weft_executor *executor;
    weft_future *future;
    weft_pool *pool = NULL;
    weft_task_spec spec = {.size = sizeof spec, .fn = say_where, .arg = &inside, .blocking = 1};
    cr_assert_eq(create(&pool, list_of(pu(0)), NULL, 0), 0);
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    for (int i = 0; i < sem_threads(); i++)
        cr_assert_eq(weft_submit(executor, hold_on, &hold, NULL), 0);
    while (atomic_load(&hold.begun) < sem_threads())
        sched_yield();
    cr_assert_eq(weft_submit_task(executor, &spec, &future), 0);
    while (weft_future_state(future) != WEFT_DONE) /* to get it would run it here */
        sched_yield();
    atomic_store(&hold.end, 1);
    cr_assert(CPU_EQUAL(&inside, &part), "on %d PUs", CPU_COUNT(&inside));
    weft_future_release(future);
    sem_end(pool);
}

/* ---- what makes no sense ---- */
PROMISE(lists_that_make_no_sense_are_refused)
{
    static const char *const texts[] = {"",   " ",   "x",     "0-",  "-1",  "1-0",
                                        "0,", "0 1", "0-1:2", "all", "0x0", "9999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        refused(-EINVAL, texts[i], NULL, 0);
        refused(-EINVAL, NULL, texts[i], 0);
    }
    refused(-EINVAL, NULL, NULL, WEFT_CORES_EFFICIENCY + 1);
    refused(-EINVAL, NULL, NULL, -1);
    refused(-EINVAL, "0", "x", WEFT_CORES_EFFICIENCY);
}

PROMISE(a_part_without_a_pu_is_no_such_device)
{
    refused(-ENODEV, "100000-200000", NULL, 0);
    refused(-ENODEV, NULL, "4000", 0);
    refused(-ENODEV, list_of(pu(0)), "4000", 0);
    cr_assert_str_neq(weft_strerror(-ENODEV), weft_strerror(-EINVAL));
}

PROMISE(a_flat_pool_knows_pus_but_no_nodes_and_kinds)
{
    weft_pool *pool = NULL;
    cpu_set_t part = only(pu(0));
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.flat = 1, .nodes = "0")), -EINVAL);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.flat = 1, .core_kind = WEFT_CORES_PERFORMANCE)),
                 -EINVAL);
    cr_assert_null(pool);
    pool = sem_pool_with(
        WEFT_POOL_CONFIG(.workers = sem_workers(), .flat = 1, .name = fresh_name(), .cpus = list_of(pu(0))));
    confined_to(pool, &part, sem_threads());
    sem_end(pool);
}

PROMISE(long_lists_are_cut_in_the_text_and_counted_in_full)
{
    char list[400];
    int used = 0;
    while (used < 300)
        used += sprintf(list + used, "%d,", 5000 + used);
    sprintf(list + used, "%d", pu(0));
    weft_pool *pool = NULL;
    cr_assert_eq(create(&pool, list, NULL, 0), 0);
    cr_assert_eq(info_of(pool).pus, 1);
    has(pool, "(cpus 5000,");
    has(pool, "...) in 1 domain");
    sem_end(pool);
}
