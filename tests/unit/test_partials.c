/* SPDX-License-Identifier: MIT */
/* data/partials: whatever the order in which partials close, one is left, in the items' order; few live at a time. */
#include "data/partials.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 40 };

/* The items that it holds, in order: combine is not commutative. */
struct word {
    size_t length;
    char text[ITEMS];
};

static int combines;

static void join(void *acc, const void *right, void *ctx)
{
    struct word *a = acc;
    const struct word *b = right;
    cr_assert_eq(ctx, &combines);
    memcpy(a->text + a->length, b->text, b->length);
    a->length += b->length;
    combines++;
}

struct fixture {
    wf_partials p;
    struct word result;
};

static void begin(struct fixture *f, size_t slots)
{
    combines = 0;
    f->p = (wf_partials){.combine = join, .ctx = &combines, .bytes = sizeof(struct word), .slots = slots};
    f->p.memory = aligned_alloc(128, (slots + 1) * wf_partials_slot(sizeof(struct word)));
    f->p.first = (wf_partial){.begin = 7, .acc = &f->result};
    memset(&f->result, 0xee, sizeof f->result);
    wf_partials_init(&f->p);
}

static void end(struct fixture *f, int expected_combines)
{
    cr_assert_eq(f->result.length, ITEMS);
    for (int i = 0; i < ITEMS; i++)
        cr_assert_eq(f->result.text[i], (char)i, "item %d is at its place", i);
    cr_assert_eq(combines, expected_combines);
    cr_assert_eq(f->p.listed, &f->p.first, "only the result is left");
    cr_assert_null(f->p.first.next);
    wf_partials_fini(&f->p);
    free(f->p.memory);
}

static void append(wf_partial *mine, size_t items)
{
    struct word *word = mine->acc;
    for (; items; items--)
        word->text[word->length++] = (char)(mine->end++ - 7);
}

Test(partials, one_runner_combines_nothing)
{
    struct fixture f;
    begin(&f, 0);
    wf_partial *mine = wf_partials_open(&f.p, 7);
    for (size_t i = 0; i < ITEMS; i += 8)
        append(mine, 8);
    cr_assert_eq(mine->acc, &f.result, "the first accumulates in the result itself");
    wf_partials_close(&f.p, mine);
    cr_assert_eq(f.p.used, 0);
    end(&f, 0);
}

static void shuffle(size_t *order, size_t n, unsigned *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)rand_r(seed) % i, keep = order[i - 1];
        order[i - 1] = order[other];
        order[other] = keep;
    }
}

Test(partials, any_order_of_closing)
{
    unsigned seed = 20;
    for (int round = 0; round < 5000; round++) {
        struct fixture f;
        size_t pieces = 1 + (size_t)round % 8, order[8], length = ITEMS / pieces;
        wf_partial *open[8];
        begin(&f, pieces - 1);
        for (size_t i = 0; i < pieces; i++)
            order[i] = i;
        shuffle(order, pieces, &seed);
        for (size_t i = 0; i < pieces; i++) {
            size_t at = order[i];
            open[at] = wf_partials_open(&f.p, 7 + at * length);
            append(open[at], at + 1 == pieces ? ITEMS - at * length : length);
        }
        shuffle(order, pieces, &seed);
        for (size_t i = 0; i < pieces; i++)
            wf_partials_close(&f.p, open[order[i]]);
        end(&f, (int)pieces - 1);
    }
}

Test(partials, memory_of_what_was_combined_is_used_again)
{
    struct fixture f;
    begin(&f, 3);
    wf_partial *first = wf_partials_open(&f.p, 7), *last = wf_partials_open(&f.p, 7 + ITEMS - 1);
    append(first, 1);
    append(last, 1);
    wf_partials_close(&f.p, last);
    for (size_t i = 1; i < ITEMS - 1; i++) {
        wf_partial *mine = wf_partials_open(&f.p, 7 + i);
        append(mine, 1);
        wf_partials_close(&f.p, mine);
    }
    cr_assert_leq(f.p.used, 3);
    wf_partials_close(&f.p, first);
    end(&f, ITEMS - 1);
}

/* As loops are run: whoever has nothing cuts the far half of what another has left, and begins with its last item. */
struct runner {
    wf_partial *has;
    size_t next, end;
    int opened, last_first;
};

static void cut(struct runner *self, struct runner *victim)
{
    size_t half = (victim->end - victim->next + 1) / 2;
    self->end = victim->end;
    self->next = victim->end -= half;
    self->last_first = half > 0;
}

/* One step of it; the items that it ran. */
static size_t step(struct fixture *f, struct runner *self, struct runner *victim)
{
    if (self->has && self->next == self->end) {
        wf_partials_close(&f->p, self->has);
        self->has = NULL;
    } else if (self->next == self->end) {
        cut(self, victim);
    } else if (self->has && self->has->end != self->next) {
        wf_partials_close(&f->p, self->has);
        self->has = NULL;
    } else if (self->last_first) {
        self->has = wf_partials_open(&f->p, --self->end);
        append(self->has, 1);
        self->opened++;
        self->last_first = 0;
        return 1;
    } else {
        self->opened += !self->has;
        self->has = self->has ? self->has : wf_partials_open(&f->p, self->next);
        append(self->has, 1);
        self->next++;
        return 1;
    }
    return 0;
}

Test(partials, the_slots_of_the_equation_suffice)
{
    unsigned seed = 3;
    for (int round = 0; round < 5000; round++) {
        struct fixture f;
        size_t runners = 1 + (size_t)round % 5, ran = 0;
        struct runner all[5] = {{NULL, 7, 7 + ITEMS, 0, 0}};
        int opened = 0;
        begin(&f, wf_partials_most(runners, 0, ITEMS));
        while (ran < ITEMS)
            ran += step(&f, &all[(size_t)rand_r(&seed) % runners], &all[(size_t)rand_r(&seed) % runners]);
        for (size_t i = 0; i < runners; i++) {
            if (all[i].has)
                wf_partials_close(&f.p, all[i].has);
            opened += all[i].opened;
        }
        cr_assert_leq(f.p.used, f.p.slots);
        end(&f, opened - 1);
    }
}
