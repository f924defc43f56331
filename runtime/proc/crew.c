/* SPDX-License-Identifier: MIT */
/* proc/crew.c - see crew.h. */
#include "proc/crew.h"

#include <errno.h>
#include <time.h>

#include "os/clock.h"
#include "os/event.h"
#include "os/futex.h"

/* ---- the keeper ---------------------------------------------------------------------------------- */

static void make_wanted(wf_crew *crew)
{
    for (unsigned i = 0; i < WF_CREW_MAX; i++) {
        wf_member *m = &crew->member[i];
        if (m->state != WF_WANTED)
            continue;
        const wf_contract *c = &crew->contract;
        m->err =
            wf_process_spawn(&m->process, m->channel.fd, c->blocks_fd, c->argv, c->environment, &c->mask);
        m->state = m->err ? WF_NOBODY : WF_LIVES;
        pthread_cond_broadcast(&crew->changed);
    }
}

/* Those that live, by their numbers. */
static unsigned living(const wf_crew *crew, wf_process *process, unsigned *number)
{
    unsigned count = 0;
    for (unsigned i = 0; i < WF_CREW_MAX; i++)
        if (crew->member[i].state == WF_LIVES) {
            process[count] = crew->member[i].process;
            number[count++] = i;
        }
    return count;
}

static void reap(wf_crew *crew, wf_member *m)
{
    m->end = wf_process_reap(&m->process);
    m->state = WF_ENDED;
    wf_channel_knock(&m->channel);
    pthread_cond_broadcast(&crew->changed);
}

static void look_round(wf_crew *crew)
{
    wf_process process[WF_CREW_MAX];
    unsigned number[WF_CREW_MAX], count = living(crew, process, number);
    bool ended[WF_CREW_MAX];
    pthread_mutex_unlock(&crew->lock);
    wf_process_poll(crew->event, process, ended, count);
    wf_event_clear(crew->event);
    pthread_mutex_lock(&crew->lock);
    for (unsigned i = 0; i < count; i++)
        if (ended[i])
            reap(crew, &crew->member[number[i]]);
}

/* Who made the executor may be bound; workers run where the program may. */
static void unbind(void)
{
    cpu_set_t cpus[16];
    if (!wf_thread_cpus_first(cpus, sizeof cpus))
        (void)wf_thread_bind(cpus, sizeof cpus);
}

static void *keep(void *arg)
{
    wf_crew *crew = arg;
    wf_thread_name("weft-keeper");
    unbind();
    pthread_mutex_lock(&crew->lock);
    while (!crew->leaves) {
        make_wanted(crew);
        look_round(crew);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* ---- the others ---------------------------------------------------------------------------------- */

int wf_crew_init(wf_crew *crew, const wf_contract *contract)
{
    crew->contract = *contract;
    crew->event = wf_event_create();
    if (crew->event < 0)
        return crew->event;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    int err = wf_thread_create(&crew->keeper, keep, crew, 0);
    if (!err)
        return 0;
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    wf_event_close(crew->event);
    return err;
}

void wf_crew_fini(wf_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->leaves = true;
    pthread_mutex_unlock(&crew->lock);
    wf_event_post(crew->event);
    wf_thread_join(&crew->keeper);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    wf_event_close(crew->event);
}

int wf_crew_hire(wf_crew *crew, unsigned i)
{
    wf_member *m = &crew->member[i];
    int err = wf_channel_open(&m->channel, crew->contract.area_bytes, &crew->contract.origins);
    if (err)
        return err;
    m->tasks = 0;
    pthread_mutex_lock(&crew->lock);
    m->state = WF_WANTED;
    wf_event_post(crew->event);
    while (m->state == WF_WANTED)
        pthread_cond_wait(&crew->changed, &crew->lock);
    err = m->err;
    pthread_mutex_unlock(&crew->lock);
    if (err)
        wf_channel_close(&m->channel);
    return err;
}

bool wf_crew_lives(wf_crew *crew, unsigned i)
{
    pthread_mutex_lock(&crew->lock);
    bool lives = crew->member[i].state == WF_LIVES;
    pthread_mutex_unlock(&crew->lock);
    return lives;
}

/* With the lock. True: it has ended. */
static bool wait_for_end(wf_crew *crew, const wf_member *m, int64_t deadline_ns)
{
    struct timespec t = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
    int err = 0;
    while (m->state == WF_LIVES && !err)
        err = deadline_ns == WF_FOREVER
                  ? pthread_cond_wait(&crew->changed, &crew->lock)
                  : pthread_cond_clockwait(&crew->changed, &crew->lock, CLOCK_MONOTONIC, &t);
    return m->state != WF_LIVES;
}

wf_process_end wf_crew_end(wf_crew *crew, unsigned i, int64_t deadline_ns, int *pid)
{
    wf_member *m = &crew->member[i];
    pthread_mutex_lock(&crew->lock);
    if (!wait_for_end(crew, m, deadline_ns)) {
        wf_process_signal(&m->process, SIGKILL);
        (void)wait_for_end(crew, m, WF_FOREVER);
    }
    wf_process_end end = m->end;
    *pid = m->process.pid;
    pthread_mutex_unlock(&crew->lock);
    return end;
}

void wf_crew_bury(wf_crew *crew, unsigned i)
{
    wf_member *m = &crew->member[i];
    pthread_mutex_lock(&crew->lock);
    if (m->state == WF_ENDED)
        wf_channel_close(&m->channel);
    m->state = WF_NOBODY;
    pthread_mutex_unlock(&crew->lock);
}
