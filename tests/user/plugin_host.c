/* SPDX-License-Identifier: MIT */
/*
 * plugin_host.c - a program without weft that loads and unloads a plugin with weft, again and again.
 *
 * - After each dlclose no thread of the plugin is left, and neither it nor libweft is mapped any more: code
 *   that still ran, a destructor of a thread or an atfork handler would then crash.
 * - A fork and a thread that ends after the unloading would run such handlers: both are done each time.
 * - usage: plugin_host PLUGIN.so
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMES 50

static int wrong;

static void check(int ok, const char *what, int time)
{
    wrong += !ok;
    if (!ok)
        printf("wrong, time %d: %s\n", time, what);
}

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return -1;
    for (const struct dirent *entry; (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* The kernel shows one until it has gone for good, which may be after it was joined: a minute is more than that can take. */
static int threads_become(int expected)
{
    time_t until = time(NULL) + 60;
    while (threads() != expected && time(NULL) < until)
        sched_yield();
    return threads() == expected;
}

static int mapped(const char *name)
{
    char line[4096];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps)
        return -1;
    while (fgets(line, sizeof line, maps))
        found |= strstr(line, name) != NULL;
    fclose(maps);
    return found;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void *nothing(void *unused)
{
    return unused;
}

/* What would run a handler that stayed behind. */
static int fork_and_thread(void)
{
    pthread_t thread;
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 0;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

struct call {
    const char *(*work)(void);
    const char *answer;
};

/* A thread of the host's that uses the plugin and ends before it is unloaded. */
static void *user(void *arg)
{
    struct call *call = arg;
    call->answer = call->work();
    return NULL;
}

static int second_thread(const char *(*work)(void))
{
    pthread_t thread;
    struct call call = {work, "not called"};
    if (pthread_create(&thread, NULL, user, &call) == 0)
        pthread_join(thread, NULL);
    return call.answer == NULL;
}

static void once(const char *path, int before, int time)
{
    const char *(*work)(void) = NULL;
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = plugin ? dlsym(plugin, "plugin_work") : NULL;
    check(symbol != NULL, plugin ? "dlsym" : dlerror(), time);
    if (!symbol)
        return;
    memcpy(&work, &symbol, sizeof work);
    check(mapped("libweft.so") == 1, "libweft is not mapped while it is used", time);
    const char *answer = work();
    check(!answer, answer, time);
    check(second_thread(work), "a second thread of the host uses the plugin", time);
    check(threads_become(before), "a thread is left after the pools were destroyed", time);
    check(dlclose(plugin) == 0, "dlclose", time);
    check(mapped(name_of(path)) == 0, "the plugin is still mapped", time);
    check(mapped("libweft.so") == 0, "libweft is still mapped", time);
    check(fork_and_thread(), "fork and a thread after the unloading", time);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    alarm(350);
    int before = threads();
    int time = 0;
    while (time < TIMES && !wrong)
        once(argv[1], before, time++);
    printf("%d passed, %d failed\n", !wrong, !!wrong);
    return wrong != 0;
}
