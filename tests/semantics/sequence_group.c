/* SPDX-License-Identifier: MIT */
/* sequence_group.c - the calls of a sequence about groups.
 *
 * A group's token is one of the sequence's: others are made below it, tasks of no group have it. What a group answers is the
 * error of one of its tasks, or, of a serial executor whose tasks nobody but this group's waiters run, of the first.
 */
#include <errno.h>
#include <string.h>

#include "sequence.h"

enum { FIRST_TASKS = 5 };

static struct group *any_group(struct sequence *q)
{
    int from = (int)pick(q, GROUPS);
    for (int i = 0; i < GROUPS; i++)
        if (q->group[(from + i) % GROUPS].group)
            return &q->group[(from + i) % GROUPS];
    return NULL;
}

/* ---- making --------------------------------------------------------------------------------------- */

/* With a place among the tokens. */
static void make(struct sequence *q, struct group *g)
{
    struct stop *s = &q->stop[q->n_stop];
    int on_error = pick(q, 2) ? WEFT_STOP_OTHERS : WEFT_GO_ON;
    bool soon = pick(q, 6) == 0;
    s->parent = pick(q, 3) ? -1 : any_stop(q);
    s->by_tasks = on_error == WEFT_STOP_OTHERS;
    s->perhaps = soon || s->by_tasks;
    *g = (struct group){.home = pick_free_home(q), .stop = q->n_stop};
    int err = weft_group_create(&g->group,
                                WEFT_GROUP_CONFIG(.executor = q->door[g->home].executor, .on_error = on_error,
                                                  .stop = s->parent < 0 ? NULL : q->stop[s->parent].stop,
                                                  .deadline_ns = soon ? now_ns() + 100000 : 0));
    say(q, "group %d = weft_group_create(door %d, stop %d%s%s) -> %d\n", g->stop, g->home, s->parent,
        s->by_tasks ? ", stops others" : "", soon ? ", deadline soon" : "", err);
    MUST(q, err == 0, "group: %s", weft_strerror(err));
    s->stop = weft_group_token(g->group);
    weft_stop_retain(s->stop);
    s->refs = 1;
    q->n_stop++;
    see_who_fires(q);
}

static int submit_to(struct group *g, struct node *node, weft_future **future)
{
    const weft_task_spec spec = {
        .size = sizeof spec, .fn = node_body, .arg = node, .destroy = node_destroy, .label = node->label};
    if (!node->has_label)
        return weft_group_submit(g->group, node_body, node);
    int err = weft_group_submit_task(g->group, &spec, future);
    node->destroys = !err;
    return err;
}

static void add(struct sequence *q, struct group *g)
{
    static const int bodies[] = {ANSWER, FAIL, POLL};
    struct node *node = new_node(q, TASK, g->home);
    weft_future *future = NULL;
    if (!node)
        return;
    bool wants = pick(q, 3) == 0, closed;
    node->status = random_status(q);
    node->body = bodies[pick(q, 3)];
    node->vague = true;
    node->stop = g->stop;
    node->has_label = wants || pick(q, 2);
    before_call(q);
    closed = door_is_closed(q, g->home);
    node->refs = wants;
    if (!closed)
        given(node);
    int err = submit_to(g, node, wants ? &future : NULL);
    if (err)
        refused(node);
    else
        g->in[g->n++] = node;
    after_call(q);
    say(q, "n%d%s = weft_group_submit(group %d, body %d, %d) -> %d\n", node->number,
        wants ? "" : " (released)", g->stop, node->body, node->status, err);
    check_err(q, g->home, closed, err);
    MUST(q, !future == (err || !wants), "the future");
    node->future = future;
    g->asked |= future != NULL;
}

void op_group(struct sequence *q)
{
    struct group *g = &q->group[q->group[0].group != NULL];
    if (g->group || q->n_stop == STOPS)
        return;
    make(q, g);
    for (unsigned n = pick(q, FIRST_TASKS); n; n--)
        add(q, g);
}

void op_group_add(struct sequence *q)
{
    struct group *g = any_group(q);
    if (g)
        add(q, g);
}

void op_group_stop(struct sequence *q)
{
    struct group *g = any_group(q);
    if (!g)
        return;
    struct stop *s = &q->stop[g->stop];
    int expected = s->called ? -EALREADY : 0;
    before_call(q);
    s->called = true;
    see_who_fires(q);
    int err = weft_group_stop(g->group);
    after_call(q);
    say(q, "weft_group_stop(group %d) -> %d\n", g->stop, err);
    MUST(q, err == expected || (err == -EALREADY && s->by_tasks), "stop: %s", weft_strerror(err));
}

/* ---- waiting, ending ------------------------------------------------------------------------------ */

/* Do its tasks end in the order in which they came? */
static bool in_order(struct sequence *q, const struct group *g)
{
    const struct stop *s = &q->stop[g->stop];
    return serial(q, g->home) && !g->asked && !s->fired && !s->perhaps && !door_may_be_closed(q, g->home);
}

/* Of one that ran; one that was cancelled did not fail. */
static int error_of(struct node *node)
{
    return atomic_load(&node->began) ? expected_status(node) : 0;
}

/* A task's own error; or the first one's. -ECANCELED may be that of one that ran, or of the group. */
static void check_error(struct sequence *q, const struct group *g, int status)
{
    const struct stop *s = &q->stop[g->stop];
    bool found = false, ordered = in_order(q, g);
    for (int i = 0; i < g->n; i++) {
        struct node *node = g->in[i];
        int own = error_of(node);
        bool sure = own && own != -ECANCELED;
        MUST(q, atomic_load(&node->began) == atomic_load(&node->left), "n%d is left", node->number);
        MUST(q, status || !sure, "n%d failed, and the group did not", node->number);
        MUST(q, !ordered || found || !own || status == own, "n%d failed first, with %d", node->number, own);
        found |= own && status == own;
    }
    bool fired = s->fired || s->perhaps;
    MUST(q, found || !status || (status == -ECANCELED && fired), "the group's status: %d", status);
    MUST(q, status || !s->fired, "it was stopped");
}

static void check_text(struct sequence *q, const struct group *g, int status)
{
    const char *text = weft_group_error_text(g->group);
    bool late = !status && q->stop[g->stop].perhaps && !strcmp(text, weft_strerror(-ECANCELED));
    MUST(q, late || !strcmp(text, weft_strerror(status)) || (status && strstr(text, " fails")),
         "status %d: %s", status, text);
}

static void may_need_all(struct sequence *q, const struct group *g, bool patient)
{
    for (int i = 0; i < g->n; i++)
        may_need(q, g->in[i]);
    q->patient = patient;
}

void op_group_wait(struct sequence *q)
{
    struct group *g = any_group(q);
    int status = UNKNOWN;
    if (!g)
        return;
    bool patient = can_wait(q, g->home) && pick(q, 2);
    before_call(q);
    may_need_all(q, g, patient);
    int err = weft_group_wait(g->group, patient ? WEFT_FOREVER : soon(q), &status);
    after_call(q);
    say(q, "weft_group_wait(group %d%s) -> %d, %d\n", g->stop, patient ? "" : ", soon", err, status);
    MUST(q, err == 0 || (err == -ETIMEDOUT && !patient), "wait: %s", weft_strerror(err));
    if (err)
        return;
    check_error(q, g, status);
    check_text(q, g, status);
}

void end_group(struct sequence *q, struct group *g)
{
    if (!g->group)
        return;
    before_call(q);
    may_need_all(q, g, true);
    say(q, "weft_group_destroy(group %d)", g->stop);
    int err = weft_group_destroy(g->group);
    after_call(q);
    say(q, " -> %d\n", err);
    MUST(q, err == 0, "destroy: %s", weft_strerror(err));
    for (int i = 0; i < g->n; i++)
        MUST(q, atomic_load(&g->in[i]->began) == atomic_load(&g->in[i]->left), "n%d is left",
             g->in[i]->number);
    g->group = NULL;
}

void op_group_end(struct sequence *q)
{
    struct group *g = any_group(q);
    if (g && can_wait(q, g->home))
        end_group(q, g);
}
