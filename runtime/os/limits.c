/* SPDX-License-Identifier: MIT */
/*
 * os/limits.c - see limits.h. Both files are read line by line through one buffer, with the groups noted first; each
 * mount then is walked from the process's group up to the mount point. Most of the time would go into mountinfo, which
 * the kernel writes anew for each reader: it is left alone where the hierarchies are mounted as distributions do it.
 */
#include "os/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "os/memory.h"

/* Longer lines are left out: with both paths as long as can be and some escapes in them a mount's line fits. */
#define LINE_BYTES 8192

/* Two numbers of 20 digits fit; more is no quota. */
#define VALUE_BYTES 64

static const char quota_v1[] = "/cpu.cfs_quota_us", period_v1[] = "/cpu.cfs_period_us",
                  quota_v2[] = "/cpu.max";

enum version { V1, V2, VERSIONS, NEITHER };

struct lines {
    int fd;
    size_t begin, end; /* what is read and not handed out: text[begin, end) */
    char text[LINE_BYTES];
};

/* Too large for a small stack. */
struct search {
    const char *root;
    struct lines lines;
    bool member[VERSIONS];
    char group[VERSIONS][PATH_MAX]; /* of the process, no slash at its end */
    bool shown[VERSIONS];           /* some mount shows it: the others do not count */
    wf_limits least[VERSIONS];
    /* Of a file, or where the walk is. What does not fit is longer than any path that can be opened. */
    char path[LINE_BYTES + 2 * PATH_MAX];
};

/* ---- files ------------------------------------------------------------------------------------- */

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static size_t read_some(int fd, char *to, size_t room)
{
    ssize_t got;
    do
        got = read(fd, to, room);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

/* Reads on behind what is there; what fills the whole buffer is dropped and *dropped set. False: the end. */
static bool more(struct lines *in, bool *dropped)
{
    in->end -= in->begin;
    memmove(in->text, in->text + in->begin, in->end);
    in->begin = 0;
    if (in->end == LINE_BYTES - 1) {
        *dropped = true;
        in->end = 0;
    }
    size_t got = read_some(in->fd, in->text + in->end, LINE_BYTES - 1 - in->end);
    in->end += got;
    return got > 0;
}

/* The next line without its end; NULL: there is none. */
static char *next_line(struct lines *in)
{
    bool dropped = false, rest = true;
    while (rest) {
        char *line = in->text + in->begin, *end = memchr(line, '\n', in->end - in->begin);
        if (!end && more(in, &dropped))
            continue;
        rest = end != NULL;
        line = in->text + in->begin;
        end = end ? end : in->text + in->end;
        bool whole = !dropped && (rest || end > line);
        dropped = false;
        *end = 0;
        in->begin = rest ? (size_t)(end + 1 - in->text) : in->end;
        if (whole)
            return line;
    }
    return NULL;
}

static void each_line(struct search *s, const char *path, void (*note)(struct search *s, char *line))
{
    snprintf(s->path, sizeof s->path, "%s%s", s->root, path);
    s->lines.begin = s->lines.end = 0;
    s->lines.fd = open_file(s->path);
    if (s->lines.fd < 0)
        return;
    for (char *line; (line = next_line(&s->lines)) != NULL;)
        note(s, line);
    close(s->lines.fd);
}

/* ---- quotas ------------------------------------------------------------------------------------ */

/* 0: no number that counts. */
static uint32_t number(const char *word)
{
    uint64_t value = 0;
    for (; *word >= '0' && *word <= '9' && value <= UINT32_MAX; word++)
        value = value * 10 + (uint64_t)(*word - '0');
    return *word || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* The whole text of a file in the folder where the walk is; false: none, or too much. */
static bool read_text(struct search *s, const char *name, char *text)
{
    size_t folder = strlen(s->path);
    snprintf(s->path + folder, sizeof s->path - folder, "%s", name);
    int fd = open_file(s->path);
    s->path[folder] = 0;
    if (fd < 0)
        return false;
    size_t got = read_some(fd, text, VALUE_BYTES);
    close(fd);
    if (got == VALUE_BYTES || memchr(text, 0, got))
        return false;
    text[got] = 0;
    return true;
}

/* The numbers in a file, exactly `count` and nothing else; a word that is none counts as 0. */
static bool read_numbers(struct search *s, const char *name, uint32_t *numbers, int count)
{
    char text[VALUE_BYTES], *next = text, *word;
    int words = 0;
    if (!read_text(s, name, text))
        return false;
    while ((word = strsep(&next, " \t\r\n")) != NULL)
        if (*word && words++ < count)
            numbers[words - 1] = number(word);
    return words == count;
}

static bool read_quota(struct search *s, enum version version, uint32_t *pair)
{
    if (version == V2)
        return read_numbers(s, quota_v2, pair, 2);
    return read_numbers(s, quota_v1, &pair[0], 1) && pair[0] && read_numbers(s, period_v1, &pair[1], 1);
}

static bool less(uint32_t quota, uint32_t period, const wf_limits *than)
{
    return !than->period_us || (uint64_t)quota * than->period_us < (uint64_t)than->quota_us * period;
}

static void keep_file(char *to, const char *folder, const char *name)
{
    size_t length = strlen(folder) + strlen(name);
    size_t cut = length < WF_LIMITS_FILE ? 0 : length - (WF_LIMITS_FILE - 1);
    strcpy(stpcpy(to, folder + cut), name);
    if (cut)
        memcpy(to, "...", 3);
}

/* One group's quota: that of the folder where the walk is. */
static void look_at(struct search *s, enum version version)
{
    uint32_t pair[2] = {0, 0};
    wf_limits *least = &s->least[version];
    if (!read_quota(s, version, pair) || !pair[0] || !pair[1] || !less(pair[0], pair[1], least))
        return;
    least->quota_us = pair[0];
    least->period_us = pair[1];
    keep_file(least->file, s->path + strlen(s->root), version == V2 ? quota_v2 : quota_v1);
}

/* ---- groups and mounts ------------------------------------------------------------------------- */

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list, *comma; at; at = comma ? comma + 1 : NULL) {
        if (!strncmp(at, word, length) && (!at[length] || at[length] == ','))
            return true;
        comma = strchr(at, ',');
    }
    return false;
}

static void cut_slashes(char *path)
{
    for (size_t length = strlen(path); length && path[length - 1] == '/'; length--)
        path[length - 1] = 0;
}

/* A line of /proc/self/cgroup, "NUMBER:CONTROLLERS:PATH"; the path is as it is, colons and all. */
static void note_group(struct search *s, char *line)
{
    char *id = strsep(&line, ":"), *controllers = strsep(&line, ":"), *path = line;
    if (!path || *path != '/' || strlen(path) >= PATH_MAX)
        return;
    bool v2 = !strcmp(id, "0") && !*controllers;
    if (!v2 && !has_word(controllers, "cpu"))
        return;
    enum version version = v2 ? V2 : V1;
    strcpy(s->group[version], path);
    cut_slashes(s->group[version]);
    s->member[version] = true;
}

/* Whoever climbs out of what can be seen is not below it. */
static bool climbs(const char *path)
{
    for (const char *up = path; (up = strstr(up, "/..")) != NULL; up += 3)
        if (!up[3] || up[3] == '/')
            return true;
    return false;
}

/* The group's path below a mount's root; NULL: the mount does not show it. */
static const char *below(const char *group, const char *root)
{
    size_t length = strlen(root);
    if (strncmp(group, root, length) || (group[length] && group[length] != '/'))
        return NULL;
    return climbs(group + length) ? NULL : group + length;
}

/* From the group to the mount point. */
static void walk(struct search *s, enum version version, const char *point, const char *path)
{
    size_t top = strlen(s->root) + strlen(point);
    snprintf(s->path, sizeof s->path, "%s%s%s", s->root, point, path);
    for (look_at(s, version); strlen(s->path) > top; look_at(s, version))
        *strrchr(s->path, '/') = 0;
}

/* The escapes of mountinfo: a backslash and three octal digits. */
static char *unescaped(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        bool escape = from[0] == '\\' && strspn(from + 1, "01234567") >= 3;
        *to = escape ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0')) : *from;
        from += escape ? 4 : 1;
    }
    *to = 0;
    cut_slashes(text);
    return text;
}

static enum version version_of(const char *type, const char *options)
{
    if (!strcmp(type, "cgroup2"))
        return V2;
    return !strcmp(type, "cgroup") && has_word(options, "cpu") ? V1 : NEITHER;
}

/* A line of /proc/self/mountinfo:
 * "ID PARENT DEVICE ROOT POINT OPTIONS [MORE...] - TYPE SOURCE OPTIONS OF THE FILE SYSTEM". */
static void note_mount(struct search *s, char *line)
{
    char *field[5], *word;
    for (int i = 0; i < 5; i++)
        field[i] = strsep(&line, " ");
    while ((word = strsep(&line, " ")) != NULL && strcmp(word, "-"))
        continue;
    char *type = strsep(&line, " "), *source = strsep(&line, " ");
    enum version version = source && line ? version_of(type, line) : NEITHER;
    if (version == NEITHER || !s->member[version])
        return;
    const char *path = below(s->group[version], unescaped(field[3]));
    if (path && !s->shown[version])
        memset(&s->least[version], 0, sizeof s->least[version]);
    s->shown[version] |= path != NULL;
    if (path || !s->shown[version])
        walk(s, version, unescaped(field[4]), path ? path : "");
}

/* ---- the usual places -------------------------------------------------------------------------- */

/* Of a hierarchy's topmost group. */
#define TOP_INODE 1

static const char *const usual[VERSIONS][2] = {[V1] = {"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu"},
                                               [V2] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}};

/* Is the whole hierarchy mounted there? Whoever sees itself in a topmost group is looked for at the mount point
 * anyhow. */
static bool shows_all(const char *point, enum version version, const char *group)
{
    struct statfs fs;
    struct stat top;
    if (statfs(point, &fs) || fs.f_type != (version == V1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC))
        return false;
    return !*group || (!climbs(group) && !stat(point, &top) && top.st_ino == TOP_INODE);
}

/* NULL: none. */
static const char *usual_place(const struct search *s, enum version version)
{
    for (int i = 0; i < 2; i++)
        if (shows_all(usual[version][i], version, s->group[version]))
            return usual[version][i];
    return NULL;
}

/* False: some hierarchy is not where it usually is, and nothing was done. */
static bool walk_usual_places(struct search *s)
{
    const char *place[VERSIONS] = {NULL, NULL};
    for (enum version v = V1; v < VERSIONS; v++)
        if (s->member[v] && !(place[v] = usual_place(s, v)))
            return false;
    for (enum version v = V1; v < VERSIONS; v++)
        if (place[v])
            walk(s, v, place[v], s->group[v]);
    return true;
}

/* ---- the whole --------------------------------------------------------------------------------- */

int wf_limits_read(wf_limits *limits, const char *root)
{
    struct search *s = wf_alloc(sizeof *s);
    memset(limits, 0, sizeof *limits);
    if (!s)
        return -ENOMEM;
    s->root = root ? root : "";
    each_line(s, "/proc/self/cgroup", note_group);
    if (root || !walk_usual_places(s))
        each_line(s, "/proc/self/mountinfo", note_mount);
    for (enum version v = V1; v < VERSIONS; v++)
        if (less(s->least[v].quota_us, s->least[v].period_us, limits))
            *limits = s->least[v];
    wf_free(s);
    return 0;
}

unsigned wf_limits_cpus(const wf_limits *limits)
{
    if (!limits->period_us)
        return UINT_MAX;
    uint64_t cpus = ((uint64_t)limits->quota_us + limits->period_us - 1) / limits->period_us;
    return cpus > 1 ? (unsigned)cpus : 1;
}

bool wf_limits_below(const wf_limits *limits, unsigned cpus)
{
    return limits->period_us && limits->quota_us < (uint64_t)limits->period_us * cpus;
}
