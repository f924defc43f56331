/* SPDX-License-Identifier: MIT */
/* os/limits: each row of quotas.h is a machine, written as files below a temporary directory, and read by somebody who is
 * not root, so that modes count. */
#include "os/limits.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/memory.h"
#include "quotas.h"

/* ---- writing and removing a tree ---------------------------------------------------------------- */

static char tree[PATH_MAX / 2];

static void plant(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(tree, sizeof tree, "%s/limits-XXXXXX", folder ? folder : P_tmpdir);
    cr_assert_not_null(mkdtemp(tree));
    cr_assert_eq(chmod(tree, 0755), 0);
}

static int fell_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

static void fell(void)
{
    cr_expect_eq(nftw(tree, fell_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void make_folders(char *path)
{
    for (char *slash = path; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        (void)mkdir(path, 0755);
        *slash = '/';
    }
}

static void write_text(const char *path, const char *text, size_t length)
{
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f, "%s", path);
    cr_assert_eq(fwrite(text, 1, length, f), length);
    fclose(f);
}

static void put(const char *below, const char *text)
{
    static char path[3 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", tree, below);
    make_folders(path);
    if (text == directory)
        cr_assert_eq(mkdir(path, 0755), 0);
    else if (text == pipe_end)
        cr_assert_eq(mkfifo(path, 0644), 0);
    else if (text == loop)
        cr_assert_eq(symlink("cpu.max", path), 0);
    else
        write_text(path, text, strlen(text));
    if (text == unreadable)
        cr_assert_eq(chmod(path, 0), 0);
}

static void put_machine(const char *groups, const char *mounts)
{
    put("proc/self/nothing", "");
    if (groups)
        put("proc/self/cgroup", groups);
    if (mounts)
        put("proc/self/mountinfo", mounts);
}

/* As somebody for whom modes count. */
static void look(wf_limits *limits)
{
    uid_t user = geteuid();
    memset(limits, 0x5a, sizeof *limits);
    cr_assert(user || seteuid(65534) == 0);
    cr_assert_eq(wf_limits_read(limits, tree), 0);
    cr_assert(user || seteuid(0) == 0);
}

static void check(const wf_limits *limits, uint32_t quota, uint32_t period, const char *file,
                  const char *name)
{
    cr_expect_eq(limits->quota_us, quota, "%s: quota %u", name, limits->quota_us);
    cr_expect_eq(limits->period_us, period, "%s: period %u", name, limits->period_us);
    cr_expect_str_eq(limits->file, file, "%s: from %s", name, limits->file);
}

/* ---- the rows ----------------------------------------------------------------------------------- */

static void check_row(const struct row *r)
{
    wf_limits limits;
    plant();
    put_machine(r->groups, r->mounts);
    for (size_t i = 0; i < sizeof r->files / sizeof *r->files && r->files[i].path; i++)
        put(r->files[i].path, r->files[i].text);
    look(&limits);
    check(&limits, r->quota, r->period, r->from, r->name);
    cr_expect_eq(wf_limits_cpus(&limits), r->cpus, "%s: %u CPUs", r->name, wf_limits_cpus(&limits));
    fell();
}

#define TABLE(table)                                                    \
    Test(limits, table)                                                 \
    {                                                                   \
        for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) \
            check_row(&(table)[i]);                                     \
    }

TABLE(values_of_v2)
TABLE(values_of_v1)
TABLE(the_least_of_all_groups_above)
TABLE(which_line_and_which_mount)
TABLE(namespaces_and_containers)
TABLE(the_two_files)

/* ---- what is made rather than written ------------------------------------------------------------ */

/* "/n" times over. */
static char *nested(char *to, int levels, const char *level)
{
    *to = 0;
    for (int i = 0; i < levels; i++)
        strcat(to, level);
    return to;
}

Test(limits, forty_levels_the_least_in_the_middle)
{
    char path[512], groups[600], file[600], value[32];
    wf_limits limits;
    plant();
    snprintf(groups, sizeof groups, "0::%s\n", nested(path, 40, "/level"));
    put_machine(groups, V2("/", "/g"));
    for (int depth = 0; depth <= 40; depth++) {
        snprintf(file, sizeof file, "g%s/cpu.max", nested(path, depth, "/level"));
        snprintf(value, sizeof value, "%d 100000\n", depth == 17 ? 123456 : 200000 + depth);
        put(file, value);
    }
    look(&limits);
    snprintf(file, sizeof file, "/g%s/cpu.max", nested(path, 17, "/level"));
    check(&limits, 123456, 100000, file, "40 levels");
    fell();
}

/* The kernel opens no path of 4096 bytes: who is so deep is still limited from above. */
Test(limits, a_path_longer_than_can_be_opened)
{
    static char path[PATH_MAX], groups[PATH_MAX + 8];
    wf_limits limits;
    plant();
    snprintf(groups, sizeof groups, "0::%s\n", nested(path, 400, "/long-name"));
    cr_assert_geq(strlen(path), 4000);
    put_machine(groups, V2("/", "/g"));
    put("g/long-name/long-name/cpu.max", "7 8\n");
    look(&limits);
    check(&limits, 7, 8, "/g/long-name/long-name/cpu.max", "4000 bytes");
    fell();
}

Test(limits, a_path_longer_than_any_path)
{
    static char path[3 * PATH_MAX], groups[4 * PATH_MAX];
    wf_limits limits;
    for (int levels = 409; levels <= 1009; levels += 200) {
        plant();
        snprintf(groups, sizeof groups, "0::%s\n", nested(path, levels, "/long-name"));
        put_machine(groups, V2("/", "/g"));
        put("g/cpu.max", "7 8\n");
        look(&limits);
        check(&limits, levels == 409 ? 7 : 0, levels == 409 ? 8 : 0, levels == 409 ? AT_G : "", path);
        fell();
    }
}

Test(limits, of_a_long_file_name_the_end_is_kept)
{
    char path[1024], groups[1100], file[1100];
    wf_limits limits;
    for (int more = 1; more <= 20; more++) {
        plant();
        nested(path, 49, "/long-name");
        snprintf(groups, sizeof groups, "0::%s/%.*s\n", path, more, "0123456789-123456789");
        put_machine(groups, V2("/", "/g"));
        int length = snprintf(file, sizeof file, "/g%s/%.*s/cpu.max", path, more, "0123456789-123456789");
        cr_assert(length > WF_LIMITS_FILE - 20 && length < WF_LIMITS_FILE + 20);
        put(file + 1, "7 8\n");
        look(&limits);
        char *kept = length < WF_LIMITS_FILE ? file : file + length - (WF_LIMITS_FILE - 1);
        if (kept > file)
            memcpy(kept, "...", 3);
        check(&limits, 7, 8, kept, "long name");
        fell();
    }
}

/* Lines that cross the ends of what is read at a time, and some that are longer than all of it. */
Test(limits, long_lines_and_many_of_them)
{
    static char mounts[200000], stuffing[40000];
    static const size_t lengths[] = {0,    100,  4000, 8140, 8150, 8160,  8170,
                                     8180, 8190, 8191, 8192, 8193, 16384, 39999};
    wf_limits limits;
    memset(stuffing, 'x', sizeof stuffing);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int n = (int)lengths[i];
        plant();
        snprintf(mounts, sizeof mounts, "9 1 0:1 / /%.*s rw - overlay o rw\n%s%.*s\n%s", n, stuffing, OTHERS,
                 n, stuffing, V2("/", "/g"));
        put_machine("0::/\n", mounts);
        put("g/cpu.max", "7 8\n");
        look(&limits);
        check(&limits, 7, 8, AT_G, "long lines");
        fell();
    }
}

/* What is left of a line that was too long is not taken for one. */
Test(limits, the_end_of_a_long_line_is_no_line)
{
    static char mounts[20000], stuffing[9000];
    wf_limits limits;
    memset(stuffing, 'x', sizeof stuffing);
    plant();
    snprintf(mounts, sizeof mounts, "%.*s 1 0:1 / /h rw - cgroup2 c rw\n%s", (int)sizeof stuffing, stuffing,
             V2("/", "/g"));
    put_machine("0::/\n", mounts);
    put("g/cpu.max", "7 8\n");
    put("h/cpu.max", "1 8\n");
    look(&limits);
    check(&limits, 7, 8, AT_G, "long line");
    fell();
}

Test(limits, zero_bytes_are_junk)
{
    static const char value[] = "7 8\n\0junk", groups[] = "0::/\0:a\nx";
    char path[PATH_MAX];
    wf_limits limits;
    plant();
    put_machine("", V2("/", "/g"));
    put("g/cpu.max", "7 8\n");
    snprintf(path, sizeof path, "%s/proc/self/cgroup", tree);
    write_text(path, groups, sizeof groups - 1);
    look(&limits);
    check(&limits, 7, 8, AT_G, "zero in the groups file ends its line");
    snprintf(path, sizeof path, "%s/g/cpu.max", tree);
    write_text(path, value, sizeof value - 1);
    look(&limits);
    check(&limits, 0, 0, "", "zero in a value");
    fell();
}

Test(limits, a_root_that_is_not_there_or_too_long)
{
    static char root[4 * PATH_MAX];
    wf_limits limits;
    cr_assert_eq(wf_limits_read(&limits, "no/such/directory"), 0);
    check(&limits, 0, 0, "", "no directory");
    memset(root, 'r', sizeof root - 1);
    cr_assert_eq(wf_limits_read(&limits, root), 0);
    check(&limits, 0, 0, "", "long root");
}

Test(limits, of_this_machine_make_sense)
{
    wf_limits limits, again;
    cr_assert_eq(wf_limits_read(&limits, NULL), 0);
    cr_assert_eq(wf_limits_read(&again, ""), 0);
    /* the usual places tell the same as the list of mounts */
    cr_assert_eq(limits.quota_us, again.quota_us);
    cr_assert_eq(limits.period_us, again.period_us);
    cr_assert_eq(!limits.period_us, !limits.quota_us);
    cr_assert_eq(!limits.period_us, !limits.file[0]);
    cr_assert(!limits.period_us || access(limits.file, R_OK) == 0);
    cr_assert_geq(wf_limits_cpus(&limits), 1);
}

Test(limits, below)
{
    wf_limits none = {0, 0, ""}, half = {50000, 100000, "x"}, two = {200000, 100000, "x"},
              most = {UINT32_MAX, 1, "x"};
    wf_limits slow = {50000, 1000000, "x"};
    cr_assert(wf_limits_below(&slow, 4295)); /* 4295 periods are more microseconds than 32 bits hold */
    cr_assert(!wf_limits_below(&none, 1));
    cr_assert(!wf_limits_below(&none, UINT_MAX));
    cr_assert(wf_limits_below(&half, 1));
    cr_assert(!wf_limits_below(&half, 0));
    cr_assert(!wf_limits_below(&two, 2));
    cr_assert(wf_limits_below(&two, 3));
    cr_assert(!wf_limits_below(&most, UINT_MAX));
}
