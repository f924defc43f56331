/* SPDX-License-Identifier: MIT */
/*
 * info_json.c - what weft_info shows, for programs. The names, which do not change:
 *
 *   weft         the library's version
 *   pool         the members of weft_pool_info; bind, source and workers_origin are words
 *   workers      of each: its index "worker", "core", the members of weft_worker_info, and "victims": the other workers in
 *                the order in which it looks for work at them, [{"distance": what both share, "workers": [...]}, ...]
 *   machine      {"type", "index", "name", "children"}; of a PU also "workers"
 *   parts        how many of each type of these there are
 *   description  what weft_pool_describe says, by lines
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "job.h"

static void write_string(FILE *out, const char *text, size_t length)
{
    fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ')
            fprintf(out, "\\u%04x", c);
        else
            fprintf(out, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    fputc('"', out);
}

/* ---- words ---- */

static const char *bind_word(int bind)
{
    static const char *const words[] = {
        [WEFT_BIND_NONE] = "none", [WEFT_BIND_PU] = "pu", [WEFT_BIND_DOMAIN] = "domain"};
    return words[bind];
}

static const char *origin_word(int origin)
{
    static const char *const words[] = {
        [WEFT_ORIGIN_CONFIG] = "config", [WEFT_ORIGIN_ENVIRONMENT] = "environment",
        [WEFT_ORIGIN_MASK] = "mask",     [WEFT_ORIGIN_TOPOLOGY] = "topology",
        [WEFT_ORIGIN_QUOTA] = "quota",   [WEFT_ORIGIN_RESIZE] = "resize",
    };
    return words[origin];
}

static const char *source_word(int source)
{
    static const char *const words[] = {
        [WEFT_SOURCE_MASK] = "mask", [WEFT_SOURCE_HWLOC] = "hwloc", [WEFT_SOURCE_HOST] = "topology"};
    return words[source];
}

/* ---- pool ---- */

static void write_pool(FILE *out, const weft_pool_info *is)
{
    fprintf(out, "  \"workers\": %d, \"workers_wanted\": %d, \"workers_origin\": \"%s\", ", is->workers,
            is->workers_wanted, origin_word(is->workers_origin));
    fprintf(out, "\"workers_max\": %d, \"threads\": %d,\n", is->workers_max, is->threads);
    fprintf(out, "  \"resized\": %" PRId64 ", \"follows\": %d, \"seats\": %d, ", is->resized, is->follows,
            is->seats);
    fprintf(out, "\"spare_max\": %d, \"spares\": %d,\n", is->spare_max, is->spares);
    fprintf(out, "  \"bind\": \"%s\", \"source\": \"%s\", \"this_system\": %d,\n", bind_word(is->bind),
            source_word(is->source), is->this_system);
    fprintf(out, "  \"pus\": %d, \"domains\": %d, \"mask_pus\": %d, \"ignored\": %d, ", is->pus, is->domains,
            is->mask_pus, is->ignored);
    fprintf(out, "\"quota_us\": %" PRId64 ", \"period_us\": %" PRId64 "\n", is->quota_us, is->period_us);
}

/* ---- workers ---- */

static void write_victims(FILE *out, const struct info *info, int worker)
{
    struct info_victim *victims = calloc((size_t)info->count, sizeof *victims);
    if (!victims)
        job_die("out of memory");
    info_victims(info, worker, victims);
    for (int i = 0; i + 1 < info->count; i++) {
        int distance = victims[i].distance;
        if (i && distance == victims[i - 1].distance)
            fprintf(out, ", %d", victims[i].worker);
        else
            fprintf(out, "%s\n    {\"distance\": \"%s\", \"workers\": [%d", i ? "]}," : "",
                    info_distance(distance), victims[i].worker);
    }
    fputs(info->count > 1 ? "]}" : "", out);
    free(victims);
}

static void write_worker(FILE *out, const struct info *info, const struct info_worker *worker)
{
    const weft_worker_info *is = &worker->is;
    fprintf(out, "  {\"worker\": %d, \"pu\": %d, \"core\": %d, \"node\": %d, \"domain\": %d, ", worker->index,
            is->pu, worker->core, is->node, is->domain);
    fprintf(out, "\"bound\": \"%s\", \"bind_err\": %d, \"mask_pus\": %d, \"place\": %d, \"victims\": [",
            bind_word(is->bound), is->bind_err, is->mask_pus, is->place);
    write_victims(out, info, worker->index);
    fputs("]}", out);
}

/* ---- machine ---- */

static void write_workers_on(FILE *out, const struct info *info, int pu)
{
    const char *before = "";
    fputs(", \"workers\": [", out);
    for (int i = 0; i < info->count; i++)
        if (info->workers[i].is.pu == pu) {
            fprintf(out, "%s%d", before, info->workers[i].index);
            before = ", ";
        }
    fputc(']', out);
}

static void write_box(FILE *out, const struct info *info, const struct box *box, int depth)
{
    fprintf(out, "\n%*s{\"type\": \"%s\", \"index\": %d, \"name\": \"%s\"", depth, "", info_kind(box->kind),
            box->index, box->name);
    if (box->kind == BOX_PU)
        write_workers_on(out, info, box->index);
    fputs(", \"children\": [", out);
    for (const struct box *child = box->child; child; child = child->next) {
        write_box(out, info, child, depth + 1);
        fputs(child->next ? "," : "", out);
    }
    fputs("]}", out);
}

/* ---- all of it ---- */

static void write_lines(FILE *out, const char *text)
{
    for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
        end = line + strcspn(line, "\n");
        fputs(line == text ? "\n  " : ",\n  ", out);
        write_string(out, line, (size_t)(end - line));
    }
}

void info_write_json(FILE *out, const struct info *info)
{
    fprintf(out, "{\n \"weft\": \"%s\",\n \"pool\": {\n", WEFT_VERSION_STRING);
    write_pool(out, &info->is);
    fputs(" },\n \"workers\": [", out);
    for (int i = 0; i < info->count; i++) {
        fputs(i ? ",\n" : "\n", out);
        write_worker(out, info, &info->workers[i]);
    }
    fputs("\n ],\n \"machine\":", out);
    write_box(out, info, info->machine, 1);
    fputs(",\n \"parts\": {", out);
    for (int kind = 0; kind < BOX_KINDS; kind++)
        fprintf(out, "%s\"%s\": %d", kind ? ", " : "", info_kind((enum box_kind)kind), info->parts[kind]);
    fputs("},\n \"description\": [", out);
    write_lines(out, info->description);
    fputs("\n ]\n}\n", out);
}
