/* SPDX-License-Identifier: MIT */
/* sched/local.c - see local.h. */
#include "sched/local.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "os/memory.h"
#include "sched/self.h"

/* A value of a thread without an index. */
typedef struct stray {
    struct stray *next;
    pthread_t thread;
    void *value;
} stray;

struct weft_local {
    weft_local *next; /* in pool->locals, under its lock */
    weft_pool *pool;
    weft_local_config config;
    pthread_mutex_t lock; /* of strays; never held while init or fini run */
    stray *strays;
    void *values[]; /* by index */
};

static void *make(const weft_local_config *config)
{
    void *value = wf_alloc(config->bytes);
    if (value && config->init && config->init(value, config->ctx)) {
        wf_free(value);
        return NULL;
    }
    return value;
}

static void end(const weft_local_config *config, void *value)
{
    if (value && config->fini)
        config->fini(value, config->ctx);
    wf_free(value);
}

/* The calling thread's place in the list; made if it is not there. NULL: no memory. */
static stray *find_stray(weft_local *local)
{
    stray *found;
    pthread_mutex_lock(&local->lock);
    for (found = local->strays; found && !pthread_equal(found->thread, pthread_self()); found = found->next)
        ;
    if (!found && (found = wf_alloc(sizeof *found)) != NULL) {
        found->thread = pthread_self();
        found->next = local->strays;
        local->strays = found;
    }
    pthread_mutex_unlock(&local->lock);
    return found;
}

void *weft_local_get(weft_local *local)
{
    const wf_worker *self = wf_self();
    void **value;
    if (!local || local->pool->generation != wf_generation())
        return NULL;
    if (self && self->pool == local->pool) {
        value = &local->values[self->index];
    } else {
        stray *found = find_stray(local);
        if (!found)
            return NULL;
        value = &found->value;
    }
    if (!*value)
        *value = make(&local->config);
    return *value;
}

void weft_local_each(weft_local *local, void (*fn)(void *value, void *ctx), void *ctx)
{
    if (!local || !fn)
        return;
    for (unsigned i = 0; i < local->pool->workers + local->pool->seats; i++)
        if (local->values[i])
            fn(local->values[i], ctx);
    for (stray *s = local->strays; s; s = s->next)
        if (s->value)
            fn(s->value, ctx);
}

int wf_local_create(weft_local **local, weft_pool *pool, const weft_local_config *config)
{
    size_t values = pool->workers + pool->seats;
    weft_local *made = wf_alloc(sizeof *made + values * sizeof made->values[0]);
    if (!made)
        return -ENOMEM;
    made->pool = pool;
    made->config = *config;
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_lock(&pool->locals_lock);
    made->next = pool->locals;
    pool->locals = made;
    pthread_mutex_unlock(&pool->locals_lock);
    *local = made;
    return 0;
}

static void unlink_from_pool(weft_local *local)
{
    pthread_mutex_lock(&local->pool->locals_lock);
    weft_local **at = &local->pool->locals;
    while (*at != local)
        at = &(*at)->next;
    *at = local->next;
    pthread_mutex_unlock(&local->pool->locals_lock);
}

void weft_local_destroy(weft_local *local)
{
    if (!local || local->pool->generation != wf_generation())
        return;
    unlink_from_pool(local);
    for (unsigned i = 0; i < local->pool->workers + local->pool->seats; i++)
        end(&local->config, local->values[i]);
    while (local->strays) {
        stray *next = local->strays->next;
        end(&local->config, local->strays->value);
        wf_free(local->strays);
        local->strays = next;
    }
    pthread_mutex_destroy(&local->lock);
    wf_free(local);
}

void wf_local_destroy_all(weft_pool *pool)
{
    while (pool->locals)
        weft_local_destroy(pool->locals);
}
