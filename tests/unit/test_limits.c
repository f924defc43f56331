/* SPDX-License-Identifier: MIT */
/* os/limits: each row is a machine, written as files below a temporary directory, and the quota that is found there.
 *
 * - A test is a table of rows. The files are read by somebody who is not root, so that modes count.
 * - The number of CPUs is computed from the row's quota and period by hand: it stands in the row.
 */
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

#define MOUNT(root, point, type, options) \
    "35 31 0:32 " root " " point " rw,nosuid,noexec shared:9 master:2 - " type " cgroup " options "\n"
#define V2(root, point) MOUNT(root, point, "cgroup2", "rw,nsdelegate,memory_recursiveprot")
#define V1(root, point) MOUNT(root, point, "cgroup", "rw,cpu,cpuacct")
#define OTHERS                                                                                              \
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"                                                       \
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"                                               \
    "33 31 0:30 / /cpuacct rw shared:1 - cgroup cgroup rw,cpuacct\n"                                        \
    "34 31 0:31 / /cpuset rw shared:1 - cgroup cgroup rw,cpuset\n"                                          \
    "40 31 0:37 / /systemd rw shared:1 - cgroup cgroup rw,xattr,name=systemd\n"                             \
    "50 31 0:50 / /else rw - overlay overlay rw,lowerdir=cpu,upperdir=/cgroup2,cpu\n"                       \
    "\n- - -\n51\n52 31 0:52 / /cut rw - cgroup2\n53 31 0:53 / /cut rw - cgroup cpu\n54 31 0:54 / /cut rw " \
    "- cgroup2 c\n"

#define ROOT_V2 "0::/\n", OTHERS V2("/", "/g")
#define LEAF_V2 "0::/a/b/c\n", OTHERS V2("/", "/g")
#define LEAF_V1 "9:name=systemd:/x\n4:cpu,cpuacct:/a/b\n3:cpuset:/x\n2:memory:/y\n", OTHERS V1("/", "/c")
#define VALUES_V1(quota, period)              \
    {                                         \
        {"c/a/b/cpu.cfs_quota_us", quota},    \
        {                                     \
            "c/a/b/cpu.cfs_period_us", period \
        }                                     \
    }
#define NOTHING 0, 0, UINT_MAX, ""
#define AT_G "/g/cpu.max"
#define AT_LEAF "/g/a/b/c/cpu.max"
#define AT_B "/c/a/b/cpu.cfs_quota_us"

/* Instead of a text; each differs from all texts, so that no compiler gives two of them one address. */
static const char unreadable[] = "11000 100000\n", directory[] = "<directory>", pipe_end[] = "<pipe>",
                  loop[] = "<loop>";

struct row {
    const char *name, *groups, *mounts;
    struct {
        const char *path, *text;
    } files[8];
    uint32_t quota, period;
    unsigned cpus;
    const char *from;
};

static const struct row values_of_v2[] = {
    {"v2: max", ROOT_V2, {{"g/cpu.max", "max 100000\n"}}, NOTHING},
    {"v2: two CPUs", ROOT_V2, {{"g/cpu.max", "200000 100000\n"}}, 200000, 100000, 2, AT_G},
    {"v2: below the period", ROOT_V2, {{"g/cpu.max", "1000 100000\n"}}, 1000, 100000, 1, AT_G},
    {"v2: rounded up", ROOT_V2, {{"g/cpu.max", "200001 100000\n"}}, 200001, 100000, 3, AT_G},
    {"v2: just below", ROOT_V2, {{"g/cpu.max", "299999 100000\n"}}, 299999, 100000, 3, AT_G},
    {"v2: period of 1 s", ROOT_V2, {{"g/cpu.max", "1500000 1000000\n"}}, 1500000, 1000000, 2, AT_G},
    {"v2: 0", ROOT_V2, {{"g/cpu.max", "0 100000\n"}}, NOTHING},
    {"v2: -1", ROOT_V2, {{"g/cpu.max", "-1 100000\n"}}, NOTHING},
    {"v2: period 0", ROOT_V2, {{"g/cpu.max", "100000 0\n"}}, NOTHING},
    {"v2: the largest", ROOT_V2, {{"g/cpu.max", "4294967295 1\n"}}, UINT32_MAX, 1, UINT32_MAX, AT_G},
    {"v2: nearly the largest",
     ROOT_V2,
     {{"g/cpu.max", "4294967295 100000\n"}},
     UINT32_MAX,
     100000,
     42950,
     AT_G},
    {"v2: one too large", ROOT_V2, {{"g/cpu.max", "4294967296 1\n"}}, NOTHING},
    {"v2: 2^64 + 1", ROOT_V2, {{"g/cpu.max", "18446744073709551617 100000\n"}}, NOTHING},
    {"v2: 2^32 + 1 as period", ROOT_V2, {{"g/cpu.max", "100000 4294967297\n"}}, NOTHING},
    {"v2: too long a number",
     ROOT_V2,
     {{"g/cpu.max", "00000000000000000000000000000000000000000000000000050000 100000\n"}},
     NOTHING},
    {"v2: leading zeros", ROOT_V2, {{"g/cpu.max", "0050000 0100000\n"}}, 50000, 100000, 1, AT_G},
    {"v2: letters", ROOT_V2, {{"g/cpu.max", "lots 100000\n"}}, NOTHING},
    {"v2: a fraction", ROOT_V2, {{"g/cpu.max", "50000.5 100000\n"}}, NOTHING},
    {"v2: hexadecimal", ROOT_V2, {{"g/cpu.max", "0x5000 100000\n"}}, NOTHING},
    {"v2: a sign", ROOT_V2, {{"g/cpu.max", "+50000 100000\n"}}, NOTHING},
    {"v2: no period", ROOT_V2, {{"g/cpu.max", "50000\n"}}, NOTHING},
    {"v2: three numbers", ROOT_V2, {{"g/cpu.max", "50000 100000 7\n"}}, NOTHING},
    {"v2: empty file", ROOT_V2, {{"g/cpu.max", ""}}, NOTHING},
    {"v2: only an end of line", ROOT_V2, {{"g/cpu.max", "\n"}}, NOTHING},
    {"v2: no file", ROOT_V2, {{"g/cpu.weight", "100\n"}}, NOTHING},
    {"v2: no end of line", ROOT_V2, {{"g/cpu.max", "50000 100000"}}, 50000, 100000, 1, AT_G},
    {"v2: CR LF", ROOT_V2, {{"g/cpu.max", "50000 100000\r\n"}}, 50000, 100000, 1, AT_G},
    {"v2: white space", ROOT_V2, {{"g/cpu.max", "\t50000   100000  \n\n"}}, 50000, 100000, 1, AT_G},
    {"v2: unreadable", ROOT_V2, {{"g/cpu.max", unreadable}}, NOTHING},
    {"v2: a directory", ROOT_V2, {{"g/cpu.max", directory}}, NOTHING},
    {"v2: a pipe", ROOT_V2, {{"g/cpu.max", pipe_end}}, NOTHING},
    {"v2: a link to itself", ROOT_V2, {{"g/cpu.max", loop}}, NOTHING},
};

static const struct row values_of_v1[] = {
    {"v1: -1", LEAF_V1, VALUES_V1("-1\n", "100000\n"), NOTHING},
    {"v1: half a CPU", LEAF_V1, VALUES_V1("50000\n", "100000\n"), 50000, 100000, 1, AT_B},
    {"v1: one and a half", LEAF_V1, VALUES_V1("150000\n", "100000\n"), 150000, 100000, 2, AT_B},
    {"v1: 0", LEAF_V1, VALUES_V1("0\n", "100000\n"), NOTHING},
    {"v1: -2", LEAF_V1, VALUES_V1("-2\n", "100000\n"), NOTHING},
    {"v1: -50000", LEAF_V1, VALUES_V1("-50000\n", "100000\n"), NOTHING},
    {"v1: period 0", LEAF_V1, VALUES_V1("50000\n", "0\n"), NOTHING},
    {"v1: period -1", LEAF_V1, VALUES_V1("50000\n", "-1\n"), NOTHING},
    {"v1: junk", LEAF_V1, VALUES_V1("50000\n", "yes\n"), NOTHING},
    {"v1: two numbers", LEAF_V1, VALUES_V1("50000 100000\n", "100000\n"), NOTHING},
    {"v1: empty period", LEAF_V1, VALUES_V1("50000\n", ""), NOTHING},
    {"v1: unreadable period", LEAF_V1, VALUES_V1("50000\n", unreadable), NOTHING},
    {"v1: unreadable quota", LEAF_V1, VALUES_V1(unreadable, "100000\n"), NOTHING},
    {"v1: no period", LEAF_V1, {{"c/a/b/cpu.cfs_quota_us", "50000\n"}}, NOTHING},
    {"v1: no quota", LEAF_V1, {{"c/a/b/cpu.cfs_period_us", "100000\n"}}, NOTHING},
    {"v1: white space", LEAF_V1, VALUES_V1(" 50000", "100000 \r\n"), 50000, 100000, 1, AT_B},
    {"v1: cpu.max is v2's", LEAF_V1, {{"c/a/b/cpu.max", "50000 100000\n"}}, NOTHING},
};

static const struct row the_least_of_all_groups_above[] = {
    {"least: at the leaf",
     LEAF_V2,
     {{"g/a/b/c/cpu.max", "50000 100000\n"},
      {"g/a/b/cpu.max", "60000 100000\n"},
      {"g/cpu.max", "max 100000\n"}},
     50000,
     100000,
     1,
     AT_LEAF},
    {"least: in the middle, by the ratio",
     LEAF_V2,
     {{"g/a/b/c/cpu.max", "400000 100000\n"},
      {"g/a/b/cpu.max", "500000 200000\n"},
      {"g/a/cpu.max", "300000 100000\n"},
      {"g/cpu.max", "30000 10000\n"}},
     500000,
     200000,
     3,
     "/g/a/b/cpu.max"},
    {"least: at the root",
     LEAF_V2,
     {{"g/a/b/c/cpu.max", "4000000 1000000\n"}, {"g/cpu.max", "110000 100000\n"}},
     110000,
     100000,
     2,
     AT_G},
    {"least: of equals the nearest",
     LEAF_V2,
     {{"g/a/b/c/cpu.max", "max 100000\n"},
      {"g/a/b/cpu.max", "70000 100000\n"},
      {"g/a/cpu.max", "7000 10000\n"}},
     70000,
     100000,
     1,
     "/g/a/b/cpu.max"},
    {"least: junk in between",
     LEAF_V2,
     {{"g/a/b/c/cpu.max", "?"},
      {"g/a/b/cpu.max", directory},
      {"g/a/cpu.max", unreadable},
      {"g/cpu.max", "5 1"}},
     5,
     1,
     5,
     AT_G},
    {"least: v1, above",
     LEAF_V1,
     {{"c/a/b/cpu.cfs_quota_us", "-1\n"},
      {"c/a/b/cpu.cfs_period_us", "100000\n"},
      {"c/a/cpu.cfs_quota_us", "250000\n"},
      {"c/a/cpu.cfs_period_us", "100000\n"}},
     250000,
     100000,
     3,
     "/c/a/cpu.cfs_quota_us"},
    {"least: a neighbour's does not count", LEAF_V2, {{"g/a/x/cpu.max", "50000 100000\n"}}, NOTHING},
    {"least: a child's does not count", LEAF_V2, {{"g/a/b/c/d/cpu.max", "50000 100000\n"}}, NOTHING},
    {"least: what lies above the mount does not count", LEAF_V2, {{"cpu.max", "50000 100000\n"}}, NOTHING},
};

static const struct row which_line_and_which_mount[] = {
    {"v1: cpuacct,cpu", "4:cpuacct,cpu:/a/b\n", MOUNT("/", "/c", "cgroup", "rw,cpuacct,cpu"),
     VALUES_V1("50000\n", "100000\n"), 50000, 100000, 1, AT_B},
    {"v1: cpu alone", "1:cpu:/a/b\n", MOUNT("/", "/c", "cgroup", "rw,cpu"), VALUES_V1("50000\n", "100000\n"),
     50000, 100000, 1, AT_B},
    {"v1: the first hierarchy", "0:cpu:/a/b\n", V1("/", "/c"), VALUES_V1("7", "8"), 7, 8, 1, AT_B},
    {"v1: an overlay with an option cpu", "1:cpu:/a/b\n", MOUNT("/", "/c", "overlay", "rw,cpu"),
     VALUES_V1("7", "8"), NOTHING},
    {"v1: cpuset and cpuacct are not cpu", "1:cpuset:/a/b\n2:cpuacct:/a/b\n3:name=cpu:/a/b\n", V1("/", "/c"),
     VALUES_V1("50000\n", "100000\n"), NOTHING},
    {"v1: mount of another controller", "1:cpu:/a/b\n",
     MOUNT("/", "/c", "cgroup", "rw,cpuset,cpuacct,xcpu,cpux"), VALUES_V1("50000\n", "100000\n"), NOTHING},
    {"hybrid: v1 is less",
     "4:cpu,cpuacct:/a/b\n0::/u\n",
     V1("/", "/c") V2("/", "/c/unified"),
     {{"c/a/b/cpu.cfs_quota_us", "50000\n"},
      {"c/a/b/cpu.cfs_period_us", "100000\n"},
      {"c/unified/u/cpu.max", "60000 100000\n"}},
     50000,
     100000,
     1,
     AT_B},
    {"hybrid: v2 is less",
     "4:cpu,cpuacct:/a/b\n0::/u\n",
     V1("/", "/c") V2("/", "/c/unified"),
     {{"c/a/b/cpu.cfs_quota_us", "350000\n"},
      {"c/a/b/cpu.cfs_period_us", "100000\n"},
      {"c/unified/u/cpu.max", "340000 100000\n"}},
     340000,
     100000,
     4,
     "/c/unified/u/cpu.max"},
    {"hybrid: v2 without the cpu controller", "4:cpu,cpuacct:/a/b\n0::/u\n",
     V2("/", "/c/unified") V1("/", "/c"), VALUES_V1("150000\n", "100000\n"), 150000, 100000, 2, AT_B},
    {"v1 group, v2 mount", "4:cpu:/a\n", V2("/", "/g"), {{"g/a/cpu.max", "50000 100000\n"}}, NOTHING},
};

static const struct row namespaces_and_containers[] = {
    {"root not shown: a container's own group",
     "0::/docker/d1\n",
     V2("/docker/d1", "/g"),
     {{"g/cpu.max", "50000 100000\n"}, {"g/docker/d1/cpu.max", "1000 100000\n"}},
     50000,
     100000,
     1,
     AT_G},
    {"root not shown: below it",
     "0::/docker/d1/in\n",
     V2("/docker/d1", "/g"),
     {{"g/cpu.max", "90000 100000\n"}, {"g/in/cpu.max", "50000 100000\n"}},
     50000,
     100000,
     1,
     "/g/in/cpu.max"},
    {"root not shown: a longer name is another group",
     "0::/docker/d10/in\n",
     V2("/docker/d1", "/g"),
     {{"g/cpu.max", "90000 100000\n"}, {"g/in/cpu.max", "50000 100000\n"}, {"g/0/in/cpu.max", "1 2\n"}},
     90000,
     100000,
     1,
     AT_G},
    {"the path is not there below the mount",
     "0::/kubepods/pod1/d1\n",
     V2("/", "/g"),
     {{"g/cpu.max", "150000 100000\n"}},
     150000,
     100000,
     2,
     AT_G},
    {"namespace: /..", "0::/..\n", V2("/", "/g"), {{"g/cpu.max", "7 8"}, {"cpu.max", "1 8"}}, 7, 8, 1, AT_G},
    {"namespace: /../x",
     "0::/../x\n",
     V2("/", "/g"),
     {{"g/cpu.max", "7 8"}, {"x/cpu.max", "1 8"}, {"g/x/cpu.max", "1 8"}},
     7,
     8,
     1,
     AT_G},
    {"namespace: the mount's root is above it",
     "0::/\n",
     V2("/..", "/g"),
     {{"g/cpu.max", "7 8"}, {"cpu.max", "1 8"}},
     7,
     8,
     1,
     AT_G},
    {"namespace: both above it",
     "0::/../x\n",
     V2("/..", "/g"),
     {{"g/cpu.max", "7 8"}, {"g/x/cpu.max", "5 8"}},
     5,
     8,
     1,
     "/g/x/cpu.max"},
    {"a name may begin with dots",
     "0::/..x\n",
     V2("/", "/g"),
     {{"g/..x/cpu.max", "7 8"}},
     7,
     8,
     1,
     "/g/..x/cpu.max"},
    {"several mounts: the one that shows the group, first",
     "0::/a\n",
     V2("/", "/g") V2("/other", "/h"),
     {{"g/a/cpu.max", "7 8"}, {"h/cpu.max", "1 8"}},
     7,
     8,
     1,
     "/g/a/cpu.max"},
    {"several mounts: the one that shows the group, last",
     "0::/a\n",
     V2("/other", "/h") V2("/", "/g"),
     {{"g/a/cpu.max", "7 8"}, {"h/cpu.max", "1 8"}},
     7,
     8,
     1,
     "/g/a/cpu.max"},
    {"several mounts: all show it",
     "0::/a/b\n",
     V2("/a", "/h") V2("/", "/g"),
     {{"g/a/b/cpu.max", "7 8"}, {"g/cpu.max", "6 8"}, {"h/b/cpu.max", "7 8"}},
     6,
     8,
     1,
     AT_G},
    {"mounted at the root", "0::/a\n", V2("/", "/"), {{"a/cpu.max", "7 8"}}, 7, 8, 1, "/a/cpu.max"},
    {"a removed group: its parent still counts",
     "0::/a/b (deleted)\n",
     V2("/", "/g"),
     {{"g/a/cpu.max", "7 8"}},
     7,
     8,
     1,
     "/g/a/cpu.max"},
};

static const struct row the_two_files[] = {
    {"escapes in mount point and root",
     "0::/a b/c\\d\n",
     V2("/a\\040b", "/my\\011groups\\134\\040x"),
     {{"my\tgroups\\ x/c\\d/cpu.max", "7 8"}},
     7,
     8,
     1,
     "/my\tgroups\\ x/c\\d/cpu.max"},
    {"half an escape is none",
     "0::/\n",
     V2("/", "/x\\04z"),
     {{"x\\04z/cpu.max", "7 8"}},
     7,
     8,
     1,
     "/x\\04z/cpu.max"},
    {"colons", "0::/a:b::c\n", V2("/", "/g"), {{"g/a:b::c/cpu.max", "7 8"}}, 7, 8, 1, "/g/a:b::c/cpu.max"},
    {"v1 and colons",
     "4:cpu:/a:cpu:/b\n",
     V1("/", "/c"),
     {{"c/a:cpu:/b/cpu.cfs_quota_us", "7"}, {"c/a:cpu:/b/cpu.cfs_period_us", "8"}},
     7,
     8,
     1,
     "/c/a:cpu:/b/cpu.cfs_quota_us"},
    {"no optional fields",
     "0::/\n",
     "35 31 0:32 / /g rw - cgroup2 cgroup rw\n",
     {{"g/cpu.max", "7 8"}},
     7,
     8,
     1,
     AT_G},
    {"a mount without a source",
     "0::/\n",
     "35 31 0:32 / /g rw - cgroup2  rw\n",
     {{"g/cpu.max", "7 8"}},
     7,
     8,
     1,
     AT_G},
    {"no end of line",
     "0::/a",
     "35 31 0:32 / /g rw - cgroup2 c rw",
     {{"g/a/cpu.max", "7 8"}},
     7,
     8,
     1,
     "/g/a/cpu.max"},
    {"slashes at the ends", "0::/a/\n", V2("/", "/g/"), {{"g/a/cpu.max", "7 8"}}, 7, 8, 1, "/g/a/cpu.max"},
    {"no groups file", NULL, V2("/", "/g"), {{"g/cpu.max", "7 8"}}, NOTHING},
    {"unreadable groups file", unreadable, V2("/", "/g"), {{"g/cpu.max", "7 8"}}, NOTHING},
    {"groups file a directory", directory, V2("/", "/g"), {{"g/cpu.max", "7 8"}}, NOTHING},
    {"empty groups file", "\n", V2("/", "/g"), {{"g/cpu.max", "7 8"}}, NOTHING},
    {"junk for groups",
     "0\n0:\n0::\n::\n1::/\n:cpu\n0::a\nx",
     V2("/", "/g"),
     {{"g/cpu.max", "7 8"}},
     NOTHING},
    {"junk, then a group",
     "\n::\n\n0\n0::/a\n",
     V2("/", "/g"),
     {{"g/a/cpu.max", "7 8"}},
     7,
     8,
     1,
     "/g/a/cpu.max"},
    {"no mounts file", "0::/\n", NULL, {{"g/cpu.max", "7 8"}, {"cpu.max", "7 8"}}, NOTHING},
    {"unreadable mounts file", "0::/\n", unreadable, {{"g/cpu.max", "7 8"}}, NOTHING},
    {"nothing is mounted",
     "0::/\n1:cpu:/\n",
     OTHERS,
     {{"g/cpu.max", "7 8"}, {"cut/cpu.max", "7 8"}},
     NOTHING},
};

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
