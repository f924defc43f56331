/* SPDX-License-Identifier: MIT */
/* mpi/carry.c - see carry.h. */
#include "mpi/carry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/engine.h"

/* What one task takes along. */
typedef struct parcel {
    wf_hub *hub;
    void (*destroy)(void *arg);
    wf_letter_head head;
    _Alignas(16) unsigned char bytes[];
} parcel;

static bool should_stop(void *ctx)
{
    (void)ctx;
    return weft_should_stop();
}

static int fail(const parcel *of, int rank, int status, const char *said)
{
    const char *label = of->head.text;
    return weft_fail(status, "rank %d%s%s: %s", rank, *label ? ", " : "", label, said);
}

static int tell(const parcel *of, int rank, const wf_letter *answer, void *result)
{
    if (!answer)
        return fail(of, rank, WEFT_EDIED, "MPI does not work any more");
    const wf_letter_head *h = &answer->head;
    if (h->bytes && h->bytes == of->head.result_bytes)
        memcpy(result, answer->bytes, (size_t)h->bytes);
    return h->status ? fail(of, rank, h->status, h->text) : 0;
}

/* The task, as the executor runs it. */
static int carry(const void *arg, void *result)
{
    const parcel *of = arg;
    int rank;
    wf_letter *letter = wf_letter_new((size_t)of->head.bytes);
    if (!letter)
        return -ENOMEM;
    letter->head = of->head;
    memcpy(letter->bytes, of->bytes, (size_t)of->head.bytes);
    wf_letter *answer = wf_hub_ask(of->hub, letter, should_stop, NULL, &rank);
    int status = tell(of, rank, answer, result);
    wf_letter_free(answer);
    return status;
}

static void end_parcel(void *arg)
{
    parcel *of = arg;
    if (of->destroy)
        of->destroy(of->head.bytes ? of->bytes : NULL);
    free(of);
}

static int describe(const wf_hub *hub, const weft_task_spec *spec, wf_letter_head *head)
{
    if (!spec->fn2 || (spec->arg && !spec->arg_bytes))
        return -EINVAL;
    if (spec->arg_bytes > hub->message_bytes || spec->result_bytes > hub->message_bytes)
        return -EMSGSIZE;
    *head = (wf_letter_head){
        .kind = WF_LETTER_TASK, .bytes = spec->arg_bytes, .result_bytes = spec->result_bytes};
    snprintf(head->text, sizeof head->text, "%s", spec->label ? spec->label : "");
    return weft_engine_(WEFT_VERSION_STRING)->name_of((wf_image_fn *)spec->fn2, &head->fn);
}

static parcel *pack(wf_hub *hub, const wf_letter_head *head, const weft_task_spec *spec)
{
    parcel *of = malloc(sizeof *of + spec->arg_bytes);
    if (!of)
        return NULL;
    of->hub = hub;
    of->destroy = spec->destroy;
    of->head = *head;
    if (spec->arg_bytes)
        memcpy(of->bytes, spec->arg, spec->arg_bytes);
    return of;
}

int wf_carry_submit(wf_hub *hub, weft_executor *executor, const weft_task_spec *spec, weft_future **future)
{
    weft_task_spec here = *spec;
    wf_letter_head head;
    int err = describe(hub, spec, &head);
    if (err)
        return err;
    parcel *of = pack(hub, &head, spec);
    if (!of)
        return -ENOMEM;
    here.fn2 = carry;
    here.arg = of;
    here.arg_bytes = 0;
    here.destroy = end_parcel;
    err = weft_engine_(WEFT_VERSION_STRING)->submit(executor, &here, future);
    if (err)
        free(of);
    return err;
}
