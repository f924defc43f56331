/* SPDX-License-Identifier: MIT */
/*
 * info.h - what weft_info shows: a pool, its workers, and the machine as boxes within boxes; gathered once, then written
 * as text, JSON or a picture.
 *
 * What cannot be gathered for want of memory ends the program, as in job.h.
 */
#ifndef INFO_H
#define INFO_H

#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>

#include <weft/weft.h>

enum box_kind { BOX_MACHINE, BOX_PACKAGE, BOX_NODE, BOX_L3, BOX_L2, BOX_CORE, BOX_PU, BOX_KINDS };

/* A part of the machine, and the parts in it. */
struct box {
    enum box_kind kind;
    int index;     /* of nodes and PUs the operating system's, else hwloc's logical one */
    char name[48]; /* "node 1", "L3 32 MiB" */
    struct box *child, *next;
    int columns, cell_width, cell_height; /* of its children in a picture */
    int x, y, width, height;
};

struct info_worker {
    int index, core; /* core: hwloc's logical index; -1: not known */
    weft_worker_info is;
};

struct info_victim {
    int worker, distance; /* enum weft_steal */
};

struct info {
    weft_pool *pool;
    weft_pool_info is;
    char *description; /* weft_pool_describe's */
    struct info_worker *workers;
    int count;   /* of them: those that have a thread */
    bool *there; /* by a worker's index: is it one of them? */
    struct box *machine;
    int parts[BOX_KINDS]; /* how many of each the machine has */
};

/* topology: loaded, describes the machine of the pool. */
void info_init(struct info *info, weft_pool *pool, hwloc_topology_t topology);
void info_fini(struct info *info);

/* The other workers that have a thread in the order in which one looks for work at them: info->count - 1 of them. */
void info_victims(const struct info *info, int worker, struct info_victim *victims);
/* "core 8, cache 1-3 9-11" */
void info_write_victims(FILE *out, const struct info *info, int worker);

/* Words for numbers. */
const char *info_distance(int distance);
const char *info_kind(enum box_kind kind);

struct box *box_of_machine(hwloc_topology_t topology);
void box_free(struct box *box);

void info_write_text(FILE *out, const struct info *info);
void info_write_json(FILE *out, const struct info *info);
void info_write_svg(FILE *out, const struct info *info);

#endif
