/* SPDX-License-Identifier: MIT */
/* info_text.c - what weft_info shows, for people: what the pool says of itself, the machine as a tree, the orders. */
#include "info.h"

static void write_workers_on(FILE *out, const struct info *info, int pu)
{
    const char *before = " = worker ";
    for (int i = 0; i < info->count; i++)
        if (info->workers[i].is.pu == pu) {
            fprintf(out, "%s%d", before, info->workers[i].index);
            before = " and ";
        }
}

/* A line for each box; the PUs of a core stand in the core's. */
static void write_box(FILE *out, const struct info *info, const struct box *box, int depth)
{
    bool in_core = box->kind == BOX_CORE;
    fprintf(out, "%*s%s", 2 * depth, "", box->name);
    if (box->kind == BOX_PU)
        write_workers_on(out, info, box->index);
    for (const struct box *pu = in_core ? box->child : NULL; pu; pu = pu->next) {
        fprintf(out, "%s%s", pu == box->child ? ": " : ", ", pu->name);
        write_workers_on(out, info, pu->index);
    }
    fputc('\n', out);
    for (const struct box *child = in_core ? NULL : box->child; child; child = child->next)
        write_box(out, info, child, depth + 1);
}

static void write_core(FILE *out, int core)
{
    if (core >= 0)
        fprintf(out, " on core %d", core);
}

void info_write_text(FILE *out, const struct info *info)
{
    fputs(info->description, out);
    fprintf(out, "spares: %d now, of up to %d\n\n", info->is.spares, info->is.spare_max);
    write_box(out, info, info->machine, 0);
    if (info->count)
        fputs("\nat whom each looks for work, in this order, and what both share:\n", out);
    for (int i = 0; i < info->count; i++) {
        fprintf(out, "worker %d", info->workers[i].index);
        write_core(out, info->workers[i].core);
        fputs(": ", out);
        info_write_victims(out, info, info->workers[i].index);
        fputc('\n', out);
    }
}
