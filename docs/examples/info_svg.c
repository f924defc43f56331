/* SPDX-License-Identifier: MIT */
/*
 * info_svg.c - the machine as a picture: boxes within boxes down to the PUs, and the workers on them.
 *
 * - Sizes from the inside out: a box lays its children out in columns of one width, so many as bring it near
 *   to the shape of a page, rows as high as what is in them; then places from the outside in.
 * - In the file a box is a <g> with its <rect>, then what is in it.
 */
#include <math.h>
#include <string.h>

#include "info.h"

#define PU_WIDTH 76 /* "worker 4095" */
#define LINE 13     /* of text in a PU */
#define LABEL 20    /* a box's name */
#define PAD 8       /* around boxes */
#define LETTER 7    /* its width */
#define MARGIN 16   /* of the page */
#define HEAD 56     /* title */
#define FOOT 36     /* legend */
#define PAGE 620    /* wide enough for both */
#define LINES_MOST 4
#define SHAPE 1.5 /* width to height */

/* As in bench/plot. */
#define INK "#1f2933"
#define FAINT "#616e7c"
#define RULE "#d3dae2"
#define OURS "#0b6e99"

/* ---- sizes and places ---- */

static int workers_on(const struct info *info, int pu)
{
    int found = 0;
    for (int i = 0; i < info->count; i++)
        found += info->workers[i].is.pu == pu;
    return found;
}

/* Lines for workers that each PU has room for: as many as the fullest one needs, within reason. */
static int worker_lines(const struct info *info)
{
    int most = 1;
    for (int i = 0; i < info->count; i++) {
        int here = workers_on(info, info->workers[i].is.pu);
        most = here > most ? here : most;
    }
    return most < LINES_MOST ? most : LINES_MOST;
}

static int rows_of(int children, int columns)
{
    return (children + columns - 1) / columns;
}

/* The less the better: how far from the page's shape; a gap in the last row counts, too. */
static double ugliness(const struct box *box, int children, int columns)
{
    int rows = rows_of(children, columns);
    double width = columns * (box->cell_width + PAD), height = rows * (box->cell_height + PAD) + LABEL;
    return fabs(log(width / height / SHAPE)) + (rows * columns > children ? 0.8 : 0);
}

static void choose_columns(struct box *box, int children)
{
    box->columns = 1;
    for (int columns = 2; columns <= children; columns++)
        if (ugliness(box, children, columns) < ugliness(box, children, box->columns))
            box->columns = columns;
}

static int label_width(const struct box *box)
{
    return (int)strlen(box->name) * LETTER + 2 * PAD;
}

/* Of the row that begins with this child. */
static int row_height(const struct box *child, int columns)
{
    int height = 0;
    for (int i = 0; child && i < columns; child = child->next, i++)
        height = child->height > height ? child->height : height;
    return height;
}

static int height_of_rows(const struct box *box)
{
    int height = LABEL + PAD, i = 0;
    for (const struct box *child = box->child; child; child = child->next, i++)
        if (i % box->columns == 0)
            height += row_height(child, box->columns) + PAD;
    return height;
}

static void measure_pu(struct box *box, int lines)
{
    box->width = PU_WIDTH;
    box->height = LABEL + lines * LINE;
}

static void measure(struct box *box, int lines)
{
    int children = 0;
    if (box->kind == BOX_PU) {
        measure_pu(box, lines);
        return;
    }
    for (struct box *child = box->child; child; child = child->next, children++) {
        measure(child, lines);
        box->cell_width = child->width > box->cell_width ? child->width : box->cell_width;
        box->cell_height = child->height > box->cell_height ? child->height : box->cell_height;
    }
    choose_columns(box, children);
    int inner = children ? box->columns * (box->cell_width + PAD) + PAD : 0;
    box->width = inner > label_width(box) ? inner : label_width(box);
    box->height = height_of_rows(box);
}

/* Children fill their cells, but for PUs, which are all of one size. */
static void place(struct box *box, int x, int y)
{
    box->x = x;
    box->y = y;
    y += LABEL + PAD;
    int i = 0, height = 0;
    for (struct box *child = box->child; child; child = child->next, i++) {
        int column = i % box->columns;
        if (i && !column)
            y += height + PAD;
        if (!column)
            height = row_height(child, box->columns);
        if (child->kind != BOX_PU) {
            child->width = box->cell_width;
            child->height = height;
        }
        place(child, x + PAD + column * (box->cell_width + PAD), y);
    }
}

/* ---- drawing ---- */

static void write_words(FILE *out, int x, int y, int size, const char *fill, const char *words)
{
    fprintf(out, "<text x='%d' y='%d' font-size='%d' fill='%s'>%s</text>\n", x, y, size, fill, words);
}

/* Where a PU has no worker, one that is not bound, one that is. */
enum state { EMPTY, LOOSE, BOUND, STATES };

static void write_square(FILE *out, int x, int y, int width, int height, enum state state)
{
    static const char *const fills[STATES] = {"#ffffff", "#ffffff", OURS};
    static const char *const rims[STATES] = {RULE, OURS, OURS};
    fprintf(out, "<rect x='%d' y='%d' width='%d' height='%d' rx='3' fill='%s' stroke='%s'%s/>\n", x, y, width,
            height, fills[state], rims[state], state == LOOSE ? " stroke-width='2'" : "");
}

static enum state state_of(const struct info *info, int pu)
{
    enum state state = EMPTY;
    for (int i = 0; i < info->count; i++)
        if (info->workers[i].is.pu == pu)
            state = info->workers[i].is.bound != WEFT_BIND_NONE ? BOUND : state == EMPTY ? LOOSE : state;
    return state;
}

/* What a reader sees who points at it. */
static void write_title(FILE *out, const struct info *info, const struct box *pu)
{
    fprintf(out, "<title>%s", pu->name);
    for (int i = 0; i < info->count; i++)
        if (info->workers[i].is.pu == pu->index) {
            fprintf(out, "\nworker %d looks at: ", info->workers[i].index);
            info_write_victims(out, info, info->workers[i].index);
        }
    fputs("</title>\n", out);
}

static void write_worker_lines(FILE *out, const struct info *info, const struct box *pu, const char *fill)
{
    int count = workers_on(info, pu->index), shown = 0, y = pu->y + LABEL + 8;
    char words[32];
    for (int i = 0; i < info->count && shown < LINES_MOST; i++) {
        if (info->workers[i].is.pu != pu->index)
            continue;
        bool last = ++shown == LINES_MOST && count > LINES_MOST;
        snprintf(words, sizeof words, last ? "%d more" : "worker %d",
                 last ? count - LINES_MOST + 1 : info->workers[i].index);
        write_words(out, pu->x + 5, y, 10, fill, words);
        y += LINE;
    }
}

static void write_pu(FILE *out, const struct info *info, const struct box *pu)
{
    enum state state = state_of(info, pu->index);
    write_title(out, info, pu);
    write_square(out, pu->x, pu->y, pu->width, pu->height, state);
    write_words(out, pu->x + 5, pu->y + 14, 11,
                state == BOUND   ? "#ffffff"
                : state == LOOSE ? INK
                                 : FAINT,
                pu->name);
    write_worker_lines(out, info, pu, state == BOUND ? "#ffffff" : INK);
}

static void write_box(FILE *out, const struct info *info, const struct box *box)
{
    fprintf(out, "<g class='%s'>\n", info_kind(box->kind));
    if (box->kind == BOX_PU) {
        write_pu(out, info, box);
    } else {
        fprintf(
            out,
            "<rect x='%d' y='%d' width='%d' height='%d' rx='4' fill='%s' fill-opacity='0.25' stroke='%s'/>\n",
            box->x, box->y, box->width, box->height, box->kind == BOX_NODE ? RULE : "#ffffff",
            box->kind == BOX_CORE ? RULE : FAINT);
        write_words(out, box->x + PAD, box->y + 16, 12, INK, box->name);
    }
    for (const struct box *child = box->child; child; child = child->next)
        write_box(out, info, child);
    fputs("</g>\n", out);
}

/* "1 core, ", "2 cores, "; nothing of what there is none. */
static void write_count(FILE *out, int count, const char *what)
{
    if (count)
        fprintf(out, "%d %s%s, ", count, what, count == 1 ? "" : "s");
}

static void write_head(FILE *out, const struct info *info)
{
    char words[64];
    const weft_pool_info *is = &info->is;
    snprintf(words, sizeof words, "%d worker%s on %d PU%s", is->workers, is->workers == 1 ? "" : "s",
             info->parts[BOX_PU], info->parts[BOX_PU] == 1 ? "" : "s");
    fprintf(out, "<title>%s</title>\n", words);
    write_words(out, MARGIN, 26, 16, INK, words);
    fprintf(out, "<text x='%d' y='44' font-size='12' fill='" FAINT "'>", MARGIN);
    write_count(out, info->parts[BOX_CORE], "core");
    write_count(out, info->parts[BOX_NODE], "node");
    write_count(out, info->parts[BOX_PACKAGE], "package");
    write_count(out, is->domains, "domain");
    fprintf(out, "%s</text>\n", is->this_system ? "this system" : "another machine: nothing is bound");
}

static void write_legend(FILE *out, int y)
{
    static const char *const words[STATES] = {"no worker", "worker, not bound", "worker, bound"};
    for (int state = STATES - 1, x = MARGIN; state >= 0; state--, x += 160) {
        write_square(out, x, y, 16, 12, (enum state)state);
        write_words(out, x + 22, y + 11, 12, FAINT, words[state]);
    }
}

void info_write_svg(FILE *out, const struct info *info)
{
    struct box *machine = info->machine;
    measure(machine, worker_lines(info));
    place(machine, MARGIN, HEAD);
    int width = (machine->width > PAGE ? machine->width : PAGE) + 2 * MARGIN;
    int height = HEAD + machine->height + FOOT;
    fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d' ", width,
            height, width, height);
    fputs("font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif' role='img'>\n",
          out);
    fprintf(out, "<rect width='%d' height='%d' fill='#ffffff'/>\n", width, height);
    write_head(out, info);
    write_box(out, info, machine);
    write_legend(out, HEAD + machine->height + 14);
    fputs("</svg>\n", out);
}
