/* SPDX-License-Identifier: MIT */
/* proc/processes.c - see processes.h. */
#include "proc/processes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/config.h"
#include "base/tunables.h"
#include "exec/executors.h"
#include "exec/task_spec.h"
#include "os/clock.h"
#include "os/memory.h"
#include "proc/blocks.h"
#include "proc/errand.h"
#include "proc/items.h"
#include "proc/names.h"
#include "proc/surroundings.h"
#include "sched/follow.h"

typedef struct processes {
    wf_far far;
    wf_staff staff;
    weft_pool *pool; /* NULL: there is no executor */
    char name[32];
} processes;

/* What one task takes to its process. */
typedef struct parcel {
    processes *p;
    weft_task_spec spec;
    wf_call call;
    _Alignas(16) unsigned char bytes[];
} parcel;

/* ---- what the executor calls --------------------------------------------------------------------- */

/* weft_executor_config.start and .finish */
static int start(unsigned lane, void *ctx)
{
    return wf_errand_begin(&((processes *)ctx)->staff, lane);
}

static void finish(unsigned lane, void *ctx)
{
    wf_errand_end(&((processes *)ctx)->staff, lane);
}

static void on_error(const char *label, int status, void *ctx)
{
    const weft_processes_config *c = &((processes *)ctx)->staff.config;
    c->on_error(label, status, c->ctx);
}

/* ---- tasks --------------------------------------------------------------------------------------- */

static bool has_hooks(const weft_task_spec *spec)
{
    return spec->arg_codec || spec->result_codec;
}

/* The task, as the executor runs it. */
static int carry(const void *arg, void *result)
{
    const parcel *of = arg;
    wf_staff *staff = &of->p->staff;
    wf_errand errand = {
        .call = of->call, .arg = of->bytes, .result = result, .budget_ns = staff->config.time_limit_ns};
    if (has_hooks(&of->spec))
        wf_items_run_task(staff, &of->spec, of->bytes, result, &errand.answer);
    else
        (void)wf_errand_run(staff, &errand);
    const wf_answer *answer = &errand.answer;
    return *answer->said ? weft_fail(answer->status, "%s", answer->said) : answer->status;
}

static void end_parcel(void *arg)
{
    parcel *of = arg;
    if (of->spec.destroy)
        of->spec.destroy(of->spec.arg_bytes ? of->bytes : NULL);
    wf_free(of);
}

static int describe(const processes *p, const weft_task_spec *spec, wf_call *call)
{
    if (!spec->fn2 || (spec->arg && !spec->arg_bytes))
        return -EINVAL;
    if (has_hooks(spec))
        return wf_items_check_task(&p->staff, spec);
    if (wf_channel_result_at(spec->arg_bytes) + spec->result_bytes > p->staff.config.message_bytes)
        return -EMSGSIZE;
    *call = (wf_call){
        .kind = WF_CALL_TASK, .has_fn = 1, .arg_bytes = spec->arg_bytes, .result_bytes = spec->result_bytes};
    snprintf(call->label, sizeof call->label, "%s", spec->label ? spec->label : "");
    return wf_name_of((wf_image_fn *)spec->fn2, &call->fn);
}

static parcel *pack(processes *p, const wf_call *call, const weft_task_spec *spec)
{
    parcel *of = wf_alloc(sizeof *of + spec->arg_bytes);
    if (!of)
        return NULL;
    of->p = p;
    of->spec = *spec;
    of->call = *call;
    if (spec->arg_bytes)
        memcpy(of->bytes, spec->arg, spec->arg_bytes);
    return of;
}

/* wf_far.submit */
static int submit(wf_far *far, weft_executor *executor, const weft_task_spec *spec, weft_future **future)
{
    processes *p = (processes *)(void *)far;
    weft_task_spec here = *spec;
    wf_call call = {.kind = WF_CALL_TASK};
    int err = describe(p, spec, &call);
    if (err)
        return err;
    parcel *of = pack(p, &call, spec);
    if (!of)
        return -ENOMEM;
    here.fn2 = carry;
    here.arg = of;
    here.arg_bytes = 0;
    here.destroy = end_parcel;
    err = wf_task_submit(executor, &here, future);
    if (err)
        wf_free(of);
    return err;
}

/* wf_far.check, .run */
static int check(wf_far *far, const wf_items *items)
{
    return wf_items_check(&((processes *)(void *)far)->staff, items);
}

static size_t run_items(wf_far *far, wf_items *items, size_t begin, size_t end)
{
    return wf_items_run(&((processes *)(void *)far)->staff, items, begin, end);
}

/* ---- made, and gone ------------------------------------------------------------------------------ */

static void discard(processes *p)
{
    if (p->staff.crew.contract.blocks_fd > 0)
        wf_blocks_release();
    wf_free(p->staff.crew.contract.argv);
    wf_free(p->staff.crew.contract.environment);
    wf_free(p->staff.start_arg);
    wf_free(p);
}

/* wf_far.gone */
static void gone(wf_far *far)
{
    processes *p = (processes *)(void *)far;
    if (p->pool)
        wf_follow_share(p->pool, false);
    wf_crew_fini(&p->staff.crew);
    discard(p);
}

static bool sensible(const weft_processes_config *c)
{
    return c->processes >= 0 && c->processes <= WF_CREW_MAX && c->threads >= 0 && c->time_limit_ns >= 0 &&
           c->grace_ns >= 0 && c->start_limit_ns >= 0 && c->message_bytes <= SIZE_MAX / 4 &&
           (c->start_arg || !c->start_bytes) && (c->start || !c->start_bytes);
}

static int take_defaults(weft_processes_config *c)
{
    weft_pool_info info = {.size = sizeof info};
    int err = c->processes ? 0 : weft_pool_inspect(c->pool, &info);
    if (err)
        return err;
    if (!c->processes)
        c->processes = info.workers < 1 ? 1 : info.workers > WF_CREW_MAX ? WF_CREW_MAX : (int)info.workers;
    c->threads = c->threads ? c->threads : 1;
    c->message_bytes = c->message_bytes ? c->message_bytes : WF_AREA_BYTES;
    c->grace_ns = c->grace_ns ? c->grace_ns : WF_FAR_GRACE_NS;
    c->start_limit_ns = c->start_limit_ns ? c->start_limit_ns : WF_FAR_BEGIN_NS;
    return c->start_bytes > c->message_bytes ? -EMSGSIZE : 0;
}

static int prepare_hello(processes *p)
{
    const weft_processes_config *c = &p->staff.config;
    p->staff.hello =
        (wf_call){.kind = WF_CALL_HELLO, .has_fn = c->start != NULL, .arg_bytes = c->start_bytes};
    if (c->start_bytes) {
        p->staff.start_arg = wf_alloc(c->start_bytes);
        if (!p->staff.start_arg)
            return -ENOMEM;
        memcpy(p->staff.start_arg, c->start_arg, c->start_bytes);
    }
    snprintf(p->staff.hello.label, sizeof p->staff.hello.label, "start");
    return c->start ? wf_name_of((wf_image_fn *)c->start, &p->staff.hello.fn) : 0;
}

static int prepare_contract(const processes *p, wf_contract *contract)
{
    const weft_processes_config *c = &p->staff.config;
    *contract = (wf_contract){.area_bytes = c->message_bytes};
    contract->origins.parent = wf_process_id();
    contract->origins.memory_bytes = c->memory_bytes;
    contract->origins.cpu_seconds = c->cpu_seconds;
    pthread_sigmask(SIG_SETMASK, NULL, &contract->mask);
    contract->argv = wf_surroundings_argv(p->name);
    contract->environment = wf_surroundings_environment(c->environment, (unsigned)c->threads);
    contract->blocks_fd = wf_blocks_retain();
    int err = wf_child_library(&contract->origins.library);
    if (!err && contract->blocks_fd < 0)
        err = contract->blocks_fd;
    return contract->argv && contract->environment ? err : -ENOMEM;
}

static int prepare(processes *p)
{
    wf_contract contract;
    snprintf(p->name, sizeof p->name, "%s", p->staff.config.name ? p->staff.config.name : "processes");
    int err = prepare_hello(p);
    if (err)
        return err;
    err = prepare_contract(p, &contract);
    p->staff.crew.contract = contract;
    return err ? err : wf_crew_init(&p->staff.crew, &contract);
}

/* The processes run on the pool's PUs: who spins there would stand in their way. For each other both sides spin as long as
 * who waits in the pool does. */
static int create(weft_executor **executor, processes *p)
{
    const weft_processes_config *c = &p->staff.config;
    int err = wf_executor_create_far(
        executor,
        WEFT_EXECUTOR_CONFIG(.pool = c->pool, .name = p->name, .limit = c->processes,
                             .queue_limit = c->queue_limit, .when_full = c->when_full, .stop = c->stop,
                             .on_error = c->on_error ? on_error : NULL, .ctx = p, .start = start,
                             .finish = finish, .blocking = 1),
        &p->far);
    if (err)
        return err;
    p->pool = (*executor)->pool;
    p->staff.spin_ns = wf_ns_of(wf_load_relaxed(&p->pool->wait_ticks)); /* hint */
    p->staff.crew.contract.origins.spin_ns = p->staff.spin_ns;
    wf_follow_share(p->pool, true);
    return 0;
}

int weft_executor_processes(weft_executor **executor, const weft_processes_config *given)
{
    weft_processes_config config;
    if (!executor)
        return -EINVAL;
    *executor = NULL;
    if (!wf_config_read(&config, sizeof config, sizeof config, given) || !sensible(&config))
        return -EINVAL;
    int err = wf_child_possible() ? take_defaults(&config) : -ENOTSUP;
    if (err)
        return err;
    processes *p = wf_alloc(sizeof *p);
    if (!p)
        return -ENOMEM;
    p->far = (wf_far){
        .submit = submit, .check = check, .run = run_items, .gone = gone, .chunk_ns = WF_FAR_CHUNK_NS};
    p->staff.config = config;
    err = prepare(p);
    if (err) {
        discard(p);
        return err;
    }
    err = create(executor, p);
    if (err)
        gone(&p->far);
    return err;
}
