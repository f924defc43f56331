/* SPDX-License-Identifier: MIT */
/* hang.c - a program that hangs, for debuggers to look at: one task never ends, the main thread waits for it as a guest. */
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include <weft/weft.h>

static atomic_int stands;

/* Where a breakpoint is set. */
__attribute__((noinline)) int never_ends(void *arg);
int never_ends(void *arg)
{
    atomic_store(&stands, 1);
    while (arg)
        pause();
    return 0;
}

static void wait_for_it(void *arg)
{
    weft_future *future;
    if (weft_submit(NULL, never_ends, arg, &future))
        return;
    while (!atomic_load(&stands))
        usleep(100);
    puts("stands");
    fflush(stdout);
    (void)weft_future_get(future, NULL);
}

int main(void)
{
    weft_pool *pool;
    alarm(350);
    if (weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .name = "hang")))
        return 1;
    return weft_run(pool, wait_for_it, &stands);
}
