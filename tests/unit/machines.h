/* SPDX-License-Identifier: MIT */
/* machines.h - reads machines.txt, which says what is expected of machines that nobody owns. */
#ifndef WF_TESTS_MACHINES_H
#define WF_TESTS_MACHINES_H

#include <criterion/criterion.h>
#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/machine.h"
#include "os/memory.h"

enum { MACHINES_MAX = 64, PLACES_MAX = 256, ROWS_MAX = 8 };

typedef struct victim_row {
    unsigned worker;
    char text[256];
} victim_row;

typedef struct machine_case {
    char name[64], from[512], allow[128], places[256], homes[256];
    char cpus[64], nodes[64], cores[16]; /* the part; empty: all */
    unsigned workers;                    /* 0: one per place */
    victim_row row[ROWS_MAX];
    int rows;
} machine_case;

/* "0-2 7" -> 0 1 2 7; stops at what is no list. Returns how many. */
static inline int expand(const char **text, int *out, int room)
{
    int count = 0, from, used;
    while (sscanf(*text, " %d%n", &from, &used) == 1) {
        int to = from;
        *text += used;
        if (sscanf(*text, "-%d%n", &to, &used) == 1)
            *text += used;
        cr_assert(to >= from && count + to - from < room, "a list that makes no sense before '%s'", *text);
        while (from <= to)
            out[count++] = from++;
    }
    return count;
}

static inline bool take_text(machine_case *c, const char *word, const char *rest)
{
    const struct {
        const char *word;
        char *to;
        size_t room;
    } texts[] = {{"from", c->from, sizeof c->from},       {"allow", c->allow, sizeof c->allow},
                 {"places", c->places, sizeof c->places}, {"cpus", c->cpus, sizeof c->cpus},
                 {"nodes", c->nodes, sizeof c->nodes},    {"cores", c->cores, sizeof c->cores},
                 {"homes", c->homes, sizeof c->homes}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(word, texts[i].word) == 0) {
            cr_assert_lt(snprintf(texts[i].to, texts[i].room, "%s", rest), (int)texts[i].room, "'%s'", rest);
            return true;
        }
    return false;
}

static inline void take_line(machine_case *c, const char *word, const char *rest)
{
    if (take_text(c, word, rest))
        return;
    if (strcmp(word, "workers") == 0)
        c->workers = (unsigned)atoi(rest);
    else {
        victim_row *row = &c->row[c->rows++];
        const char *colon = strchr(rest, ':');
        cr_assert(strcmp(word, "victims") == 0 && colon && c->rows <= ROWS_MAX, "%s: '%s %s'", c->name, word,
                  rest);
        row->worker = (unsigned)atoi(rest);
        snprintf(row->text, sizeof row->text, "%s", colon + 1);
    }
}

/* All cases of the table; at least one. */
static inline int read_machines(machine_case *cases)
{
    char line[1024], word[32];
    int count = 0, used;
    FILE *table = fopen(MACHINES ".txt", "r");
    cr_assert_not_null(table, "no table %s.txt", MACHINES);
    while (fgets(line, sizeof line, table)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == '#' || sscanf(line, "%31s %n", word, &used) != 1)
            continue;
        if (strcmp(word, "machine") == 0) {
            cr_assert_lt(count, MACHINES_MAX);
            memset(&cases[count], 0, sizeof cases[count]);
            snprintf(cases[count++].name, sizeof cases->name, "%s", line + used);
            continue;
        }
        cr_assert_gt(count, 0, "'%s' before the first machine", line);
        take_line(&cases[count - 1], word, line + used);
    }
    fclose(table);
    cr_assert_gt(count, 0);
    return count;
}

static inline wf_part part_of(const machine_case *c)
{
    enum wf_core_kind core_kind = strcmp(c->cores, "performance") == 0  ? WF_CORES_PERFORMANCE
                                  : strcmp(c->cores, "efficiency") == 0 ? WF_CORES_EFFICIENCY
                                                                        : WF_CORES_ALL;
    cr_assert(core_kind != WF_CORES_ALL || !*c->cores, "%s: cores '%s'", c->name, c->cores);
    return (wf_part){*c->cpus ? c->cpus : NULL, *c->nodes ? c->nodes : NULL, core_kind};
}

static inline wf_machine *machine_of(const machine_case *c)
{
    wf_machine *machine = NULL;
    cpu_set_t allowed;
    int cpus[PLACES_MAX];
    const char *list = c->allow, *text = strchr(c->from, ' ');
    char path[1024];
    bool xml = strncmp(c->from, "xml ", 4) == 0;
    cr_assert(text && (xml || strncmp(c->from, "synthetic ", 10) == 0), "%s: from '%s'", c->name, c->from);
    snprintf(path, sizeof path, "%s/%s", MACHINES, text + 1);
    CPU_ZERO(&allowed);
    for (int i = 0, n = expand(&list, cpus, PLACES_MAX); i < n; i++)
        CPU_SET((size_t)cpus[i], &allowed);
    int err = wf_machine_imagined(&machine, xml ? WF_XML : WF_SYNTHETIC, xml ? path : text + 1,
                                  *c->allow ? &allowed : NULL, sizeof allowed);
    cr_assert_eq(err, 0, "%s: %d", c->name, err);
    wf_part part = part_of(c);
    if (part.cpus || part.nodes || part.core_kind)
        err = wf_machine_confine(machine, &part);
    cr_assert_eq(err, 0, "%s: its part: %d", c->name, err);
    return machine;
}

#endif
