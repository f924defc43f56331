/* SPDX-License-Identifier: MIT */
/*
 * info_box.c - the machine as boxes within boxes, from hwloc's tree.
 *
 * - In hwloc's tree memory hangs beside what it is near to. Here a NUMA node is a box around that.
 * - Left out is what says nothing: first-level caches, groups, an L2 that is one core's own.
 */
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "job.h"

static struct box *add(struct box *parent, enum box_kind kind, int index)
{
    struct box *box = calloc(1, sizeof *box);
    if (!box)
        job_die("out of memory");
    box->kind = kind;
    box->index = index;
    struct box **end = parent ? &parent->child : NULL;
    while (end && *end)
        end = &(*end)->next;
    if (end)
        *end = box;
    return box;
}

/* ---- NUMA nodes ---- */

/* Is it at `object` that some PU finds the nearest memory? Else what hangs there is nobody's own: memory alone. */
static bool is_nearest(hwloc_topology_t t, hwloc_obj_t object)
{
    for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, pu)) != NULL;) {
        hwloc_obj_t at = pu;
        while (at && !at->memory_first_child)
            at = at->parent;
        if (at == object)
            return true;
    }
    return false;
}

/* Does its memory hang beside `object`, maybe behind a cache of its own? */
static bool hangs_at(hwloc_obj_t node, hwloc_obj_t object)
{
    hwloc_obj_t at = node->parent;
    while (hwloc_obj_type_is_memory(at->type))
        at = at->parent;
    return at == object;
}

static void add_name(struct box *box, const char *format, int index)
{
    size_t used = strlen(box->name);
    snprintf(box->name + used, sizeof box->name - used, format, index);
}

/* The box for what is near to these nodes: `box` itself if there are none. */
static struct box *add_nodes(hwloc_topology_t t, struct box *box, hwloc_obj_t object)
{
    struct box *around = NULL;
    for (hwloc_obj_t node = NULL; (node = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, node)) != NULL;) {
        int index = (int)node->os_index;
        if (!hangs_at(node, object))
            continue;
        if (!is_nearest(t, object))
            add_name(add(box, BOX_NODE, index), "node %d: memory alone", index);
        else if (around)
            add_name(around, " and %d", index);
        else
            add_name(around = add(box, BOX_NODE, index), "node %d", index);
    }
    return around ? around : box;
}

/* ---- all else ---- */

static int kind_of(hwloc_topology_t t, hwloc_obj_t object)
{
    switch (object->type) {
    case HWLOC_OBJ_MACHINE:
        return BOX_MACHINE;
    case HWLOC_OBJ_PACKAGE:
        return BOX_PACKAGE;
    case HWLOC_OBJ_L3CACHE:
        return BOX_L3;
    case HWLOC_OBJ_L2CACHE:
        return hwloc_get_nbobjs_inside_cpuset_by_type(t, object->cpuset, HWLOC_OBJ_CORE) > 1 ? BOX_L2 : -1;
    case HWLOC_OBJ_CORE:
        return BOX_CORE;
    case HWLOC_OBJ_PU:
        return BOX_PU;
    default:
        return -1;
    }
}

static void name_cache(struct box *box, hwloc_uint64_t bytes)
{
    const char *level = box->kind == BOX_L3 ? "L3" : "L2";
    bool large = bytes >= 1 << 20;
    if (bytes)
        snprintf(box->name, sizeof box->name, "%s %llu %s", level,
                 (unsigned long long)(bytes >> (large ? 20 : 10)), large ? "MiB" : "KiB");
    else
        snprintf(box->name, sizeof box->name, "%s", level);
}

static void name(struct box *box, hwloc_obj_t object)
{
    if (box->kind == BOX_L3 || box->kind == BOX_L2)
        name_cache(box, object->attr->cache.size);
    else if (box->kind == BOX_MACHINE)
        snprintf(box->name, sizeof box->name, "machine");
    else
        snprintf(box->name, sizeof box->name, "%s %d", box->kind == BOX_PU ? "PU" : info_kind(box->kind),
                 box->index);
}

static struct box *add_object(hwloc_topology_t t, struct box *parent, hwloc_obj_t object)
{
    struct box *box = parent;
    int kind = kind_of(t, object);
    if (kind >= 0) {
        box = add(parent, (enum box_kind)kind,
                  (int)(kind == BOX_PU ? object->os_index : object->logical_index));
        name(box, object);
    }
    struct box *inner = add_nodes(t, box, object);
    for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling)
        add_object(t, inner, child);
    return box;
}

struct box *box_of_machine(hwloc_topology_t topology)
{
    return add_object(topology, NULL, hwloc_get_root_obj(topology));
}

void box_free(struct box *box)
{
    while (box) {
        struct box *next = box->next;
        box_free(box->child);
        free(box);
        box = next;
    }
}
