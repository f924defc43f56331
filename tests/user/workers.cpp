/* SPDX-License-Identifier: MIT */
/*
 * workers.cpp - a C++ program with worker processes: its global objects are made there, those of sources that are linked
 * behind this one, too; functions of its libraries run there; of one that was loaded by dlopen they cannot, but by their names
 * if workers have loaded it.
 *
 * usage: user_workers PLUGIN PLUGIN_WITH_NAMES
 */
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <unistd.h>
#include <weft/bulk.h>
#include <weft/process.h>

#include "workers.h"

static int passed, failed;

static void check(bool ok, const char *text, int got)
{
    ok ? passed++ : failed++;
    if (!ok)
        std::printf("FAILED: %s: %d\n", text, got);
}

static std::string before("made before main");
static bool in_main;

static int sees_globals(const void *, void *result)
{
    *static_cast<int *>(result) = !in_main && before == "made before main" && linked_behind() == "made, too";
    return 0;
}

static int run(weft_executor *executor, int (*fn2)(const void *, void *), int *status)
{
    weft_task_spec spec{};
    weft_future *future;
    spec.size = sizeof spec;
    spec.fn2 = fn2;
    spec.result_bytes = sizeof(int);
    int err = weft_submit_task(executor, &spec, &future);
    check(err == 0, "submitted", err);
    if (err)
        return -1;
    (void)weft_future_get(future, status);
    const void *result = weft_future_result(future);
    int number = result ? *static_cast<const int *>(result) : -1;
    weft_future_release(future);
    return number;
}

static void check_plugin(weft_executor *executor, const char *name)
{
    int status = 1;
    void *plugin = dlopen(name, RTLD_NOW);
    void *found = plugin ? dlsym(plugin, "plugin_task") : nullptr;
    int (*task)(const void *, void *);
    std::memcpy(&task, &found, sizeof task);
    check(found != nullptr, "the plugin is there", 0);
    if (!found)
        return;
    (void)run(executor, task, &status);
    check(status == -ENOENT, "a plugin is not in a worker", status);
    (void)dlclose(plugin);
}

/* ---- functions with names: what stands for them here, and the workers have the plugin ---------- */

static int stands_for_task(const void *, void *)
{
    return -ENOSYS;
}

static int stands_for_item(void *, const void *, void *)
{
    return -ENOSYS;
}

static int load(const void *name)
{
    return dlopen(static_cast<const char *>(name), RTLD_NOW) ? 0 : -ENOENT;
}

static void check_unknown(weft_executor *executor)
{
    weft_task_spec spec{};
    weft_future *future;
    int status = 1;
    spec.size = sizeof spec;
    spec.fn2 = stands_for_task;
    int err = weft_submit_task(executor, &spec, &future);
    check(err == 0, "submitted", err);
    if (err)
        return;
    (void)weft_future_get(future, &status);
    check(status == -ENOENT, "a name that a worker does not know", status);
    check(std::strstr(weft_future_error(future), "'task'") != nullptr, weft_future_error(future), 0);
    weft_future_release(future);
}

static void check_names(weft_executor *without, const char *plugin)
{
    weft_processes_config config{};
    weft_executor *executor;
    int status = 1, numbers[100];
    check(weft_process_register("task", reinterpret_cast<weft_process_fn *>(stands_for_task)) == 0, "task",
          0);
    check(weft_process_register("item", reinterpret_cast<weft_process_fn *>(stands_for_item)) == 0, "item",
          0);
    check_unknown(without);
    config.size = sizeof config;
    config.processes = 2;
    config.start = load;
    config.start_arg = plugin;
    config.start_bytes = std::strlen(plugin) + 1;
    int err = weft_executor_processes(&executor, &config);
    check(err == 0, "an executor", err);
    if (err)
        return;
    int number = run(executor, stands_for_task, &status);
    check(status == 0 && number == 4712, "a function by its name", status);
    for (int i = 0; i < 100; i++)
        numbers[i] = i;
    err = weft_executor_map(executor, stands_for_item, numbers, sizeof(int), numbers, sizeof(int), 100,
                            nullptr);
    check(err == 0 && numbers[99] == 198, "items by a name", err);
    err = weft_executor_destroy(executor);
    check(err == 0, "destroyed", err);
}

int main(int argc, char **argv)
{
    weft_processes_config config{};
    weft_executor *executor;
    int status = 1;
    in_main = true;
    (void)alarm(900);
    config.size = sizeof config;
    config.processes = 1;
    int err = weft_executor_processes(&executor, &config);
    check(err == 0, "an executor", err);
    if (err)
        return 1;
    int number = run(executor, sees_globals, &status);
    check(status == 0 && number == 1, "global objects", number);
    number = run(executor, library_task, &status);
    check(status == 0 && number == 4711, "a function of a library", number);
    if (argc > 1)
        check_plugin(executor, argv[1]);
    if (argc > 2)
        check_names(executor, argv[2]);
    err = weft_executor_destroy(executor);
    check(err == 0, "destroyed", err);
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
