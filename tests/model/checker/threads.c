/* SPDX-License-Identifier: MIT */
/*
 * model/checker/threads.c - a scenario's threads: coroutines of one real thread, so that nothing happens but by choice.
 *
 * - Before each access to a location that threads share, each sleep and each wake, others may go first. To take a
 *   thread's turn away while it could go on is a preemption, and there are few.
 * - Who was interrupted before an access is held until others have done something that has to do with it: if they never
 *   do, the same is seen where the thread was interrupted later, or not at all (sleep sets, Godefroid 1996).
 * - A paused thread (it spins) goes on when others have changed something, and those that could run since its pause
 *   before have done so (fairness: Musuvathi & Qadeer 2008). When all wait, one goes on that knows the newest values; if
 *   that pauses again with nothing changed, it waits for others for good. It may also give up and not wait at all.
 * - Nobody can go on: threads in timed waits time out, one of them first. Else the execution ends; who is not a
 *   daemon and has not ended is stuck: a deadlock, a lost wake, or a livelock.
 * - Thread-local variables of the program are swapped with the stacks.
 */
#include "engine.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STACK_BYTES (256u << 10)
#define STEPS_MAX 20000
#define FRESH_MAX 3
/* The C library's: what the program under test calls is an access of its threads, compiler.c. */
void *__real_memcpy(void *to, const void *from, size_t bytes);

#define TLS_MAX 1024

mc_engine mc = {.current = MC_CHECKER};
static void *explorer; /* its stack pointer, while threads run */
static char stacks[MC_ALL][STACK_BYTES] __attribute__((aligned(4096))); /* always at the same addresses */
static char tls_kept[MC_ALL][TLS_MAX], tls_first[TLS_MAX];

/* ---- switching: the registers that a call preserves, and the stack pointer ---------------------- */

void mc_switch(void **from, void *to);
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl mc_switch\n"
        ".type mc_switch,@function\n"
        "mc_switch:\n"
        "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n"
        "    ret\n"
        ".size mc_switch,.-mc_switch\n");
#define SAVED 6
#elif defined(__aarch64__)
#define SAVED 20
__asm__(".text\n"
        ".globl mc_switch\n"
        ".type mc_switch,%function\n"
        "mc_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n    stp x21, x22, [sp, #16]\n    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n    stp x27, x28, [sp, #64]\n    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n    stp d10, d11, [sp, #112]\n    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n    str x9, [x0]\n    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n    ldp x21, x22, [sp, #16]\n    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n    ldp x27, x28, [sp, #64]\n    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n    ldp d10, d11, [sp, #112]\n    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n    ret\n"
        ".size mc_switch,.-mc_switch\n");
#endif

static void leave(void);

static void thread_main(void)
{
    mc.thread[mc.current].main();
    mc.thread[mc.current].state = MC_ENDED;
    leave();
}

bool mc_on_own_stack(const void *address)
{
    const char *stack = mc.thread[mc.current].stack, *at = address;
    return at >= stack && at < stack + STACK_BYTES;
}

/* A stack whose first switch comes to thread_main, aligned as after a call. */
static void prepare(mc_thread *thread)
{
    void **top = (void **)(void *)(thread->stack + STACK_BYTES);
#if defined(__x86_64__)
    *--top = NULL;
    *--top = (void *)(uintptr_t)thread_main;
    top -= SAVED;
    memset(top, 0, SAVED * sizeof *top);
#else
    top -= SAVED;
    memset(top, 0, SAVED * sizeof *top);
    top[11] = (void *)(uintptr_t)thread_main; /* x30 */
#endif
    thread->stack_pointer = top;
}

static int find_tls(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_TLS) {
            mc.tls = (uintptr_t)info->dlpi_tls_data;
            mc.tls_bytes = info->dlpi_phdr[i].p_memsz;
        }
    return 1; /* the program comes first, and is all */
}

void mc_threads_init(void)
{
    dl_iterate_phdr(find_tls, NULL);
    if (mc.tls_bytes > TLS_MAX)
        abort();
    __real_memcpy(tls_first, (void *)mc.tls, mc.tls_bytes);
    for (unsigned i = 0; i < MC_ALL; i++) {
        mc.thread[i].stack = stacks[i];
        if (mprotect(stacks[i], 4096, PROT_NONE))
            abort();
    }
}

static void go_to(unsigned next)
{
    unsigned from = mc.current;
    if (mc.tls_bytes) {
        __real_memcpy(tls_kept[from], (void *)mc.tls, mc.tls_bytes);
        __real_memcpy((void *)mc.tls, tls_kept[next], mc.tls_bytes);
    }
    mc.current = next;
    mc_switch(&mc.thread[from].stack_pointer, mc.thread[next].stack_pointer);
}

void mc_stop(void)
{
    void *unused;
    if (mc.tls_bytes)
        __real_memcpy((void *)mc.tls, tls_first, mc.tls_bytes);
    mc_switch(&unused, explorer);
    abort();
}

/* ---- whose turn it is --------------------------------------------------------------------------- */

static uint64_t writes_by_others(const mc_thread *thread)
{
    return mc.writes - thread->own_writes;
}

static bool can_go(const mc_thread *thread)
{
    if (thread->held)
        return false;
    switch (thread->state) {
    case MC_READY:
        return true;
    case MC_PAUSED:
        return !thread->after && writes_by_others(thread) > thread->paused_at;
    case MC_BLOCKED:
        return thread->ready(thread->arg);
    default:
        return false;
    }
}

static bool can_time_out(const mc_thread *thread)
{
    return thread->state == MC_ASLEEP && thread->timed;
}

/* It paused, others wrote nothing: but it may have read old values, or be at the end of its patience. */
static bool can_read_fresh(const mc_thread *thread)
{
    return thread->state == MC_PAUSED &&
           (thread->fresh_at != mc.writes || (mc.scenario->impatient && thread->freshened < FRESH_MAX));
}

typedef bool test(const mc_thread *thread);

/* Adds those that pass, from the current thread or from the one behind it on. */
static unsigned add(unsigned *list, unsigned count, test *passes, bool others)
{
    unsigned from = mc.current == MC_CHECKER ? 0 : mc.current;
    for (unsigned i = others; i < mc.threads; i++) {
        unsigned thread = (from + i) % mc.threads;
        if (passes(&mc.thread[thread]))
            list[count++] = thread;
    }
    return count;
}

static void give_turn(unsigned next)
{
    mc_thread *thread = &mc.thread[next];
    if (can_time_out(thread)) {
        thread->timed_out = true;
        mc.timed_out++;
        mc_happens(NULL); /* the clock moves */
    }
    thread->state = MC_READY;
    thread->futex = NULL;
    for (unsigned i = 0; i < mc.threads; i++) {
        mc.thread[i].waiting &= (uint8_t) ~(1u << next);
        mc.thread[i].after &= (uint8_t) ~(1u << next);
    }
    if (next != mc.current)
        go_to(next);
}

static void count_step(void)
{
    if (++mc.steps > STEPS_MAX)
        mc_fail("does not end: %d steps", STEPS_MAX);
}

static bool concerns(const mc_access *access, const mc_access *other)
{
    return !access || (access->address == other->address &&
                       (access->writes || other->writes || (access->sc && other->sc)));
}

void mc_happens(const mc_access *access)
{
    for (unsigned i = 0; i < mc.threads; i++)
        if (i != mc.current && mc.thread[i].held && concerns(access, &mc.thread[i].next))
            mc.thread[i].held = false;
}

static bool some_held(void)
{
    for (unsigned i = 0; i < mc.threads; i++)
        if (mc.thread[i].held)
            return true;
    return false;
}

static void end_as_pointless(void)
{
    mc.pointless = true;
    mc_stop();
}

void mc_point(void)
{
    mc_point_before(NULL);
}

void mc_point_before(const mc_access *access)
{
    unsigned list[2 * MC_ALL] = {mc.current}, count, sleepers;
    if (mc.current == MC_CHECKER)
        return;
    count_step();
    if (!mc.preemptions)
        return;
    count = sleepers = add(list, 1, can_go, true);
    if (mc.timeouts)
        count = add(list, count, can_time_out, true);
    unsigned before = mc.preemptions, choice = mc_decide(count);
    if (!choice)
        return;
    mc.preemptions = before - 1;
    if (access) {
        mc.thread[mc.current].next = *access;
        mc.thread[mc.current].held = true;
    }
    if (choice >= sleepers)
        mc.timeouts--;
    give_turn(list[choice]);
}

/* The current thread cannot go on, or not now. */
static void leave(void)
{
    unsigned list[2 * MC_ALL], count, sleepers;
    count_step();
    count = add(list, 0, can_go, false);
    if (!count && some_held())
        end_as_pointless();
    bool stale = !count && (count = add(list, 0, can_read_fresh, false));
    sleepers = count;
    if (mc.timeouts || !count)
        count = add(list, count, can_time_out, false);
    if (!count)
        mc_stop();
    unsigned choice = mc_decide(count);
    if (choice >= sleepers && sleepers)
        mc.timeouts--;
    if (choice < sleepers && stale) {
        mc_thread *thread = &mc.thread[list[choice]];
        thread->freshened = thread->fresh_at == mc.writes ? thread->freshened + 1 : 1;
        thread->fresh_at = mc.writes;
        mc_see_newest(thread);
    }
    give_turn(list[choice]);
}

/* Threads that need not wait for anything, but the current one. */
static uint8_t runnable(void)
{
    unsigned which = 0;
    for (unsigned i = 0; i < mc.threads; i++)
        if (i != mc.current && mc.thread[i].state == MC_READY)
            which |= 1u << i;
    return (uint8_t)which;
}

/* It may be the last look of a loop that gives up: then it does not wait. If it only comes to look again, the
 * execution shows nothing that waiting does not. */
static bool goes_on(mc_thread *me)
{
    unsigned others[MC_ALL];
    if (me->went_on == mc.writes)
        end_as_pointless();
    if (me->after || !add(others, 0, can_go, true) || !mc_decide(2))
        return false;
    me->went_on = mc.writes;
    return true;
}

void mc_pause(void)
{
    mc_thread *me = &mc.thread[mc.current];
    if (mc.current == MC_CHECKER)
        mc_fail("check() waits");
    bool again = writes_by_others(me) == me->paused_at;
    if (mc.scenario->impatient && !again) {
        me->paused_at = writes_by_others(me);
        mc_trace(NULL, "pauses, and goes on");
        mc_point();
        return;
    }
    me->after = me->waiting;
    me->waiting = runnable();
    if (!mc.scenario->impatient && goes_on(me))
        return;
    me->paused_at = writes_by_others(me);
    me->state = MC_PAUSED;
    mc_trace(NULL, "pauses");
    leave();
}

void mc_block(bool (*ready)(void *arg), void *arg, const char *what)
{
    mc_thread *me = &mc.thread[mc.current];
    mc_point();
    mc_happens(NULL);
    if (ready(arg))
        return;
    me->state = MC_BLOCKED;
    me->ready = ready;
    me->arg = arg;
    me->what = what;
    mc_trace(NULL, "waits for %s", what);
    leave();
}

static bool has_ended(void *thread)
{
    return ((mc_thread *)thread)->state == MC_ENDED;
}

void mc_await(unsigned thread)
{
    mc_block(has_ended, &mc.thread[thread], "another thread's end");
    mc_join(&mc.thread[mc.current].now, &mc.thread[thread].now);
}

/* ---- futex -------------------------------------------------------------------------------------- */

void mc_futex_wait(uint32_t *word, uint32_t seen, bool timed)
{
    mc_thread *me = &mc.thread[mc.current];
    mc_point();
    mc_happens(&(mc_access){.address = word});
    bool sleeps = mc_look(word) == seen;
    if (sleeps && mc.spurious && mc_decide(2)) {
        mc.spurious--;
        mc_trace(NULL, "futex wait %s: returns without a reason", mc_called(word));
        return;
    }
    mc_trace(NULL, "futex wait %s == %u: %s", mc_called(word), seen, sleeps ? "sleeps" : "it is not");
    if (!sleeps)
        return;
    me->state = MC_ASLEEP;
    me->futex = word;
    me->timed = timed;
    me->timed_out = false;
    leave();
    if (me->timed_out)
        mc_trace(NULL, "times out");
}

static unsigned sleepers_at(const uint32_t *word, unsigned *list)
{
    unsigned count = 0;
    for (unsigned i = 0; i < mc.threads; i++)
        if (mc.thread[i].state == MC_ASLEEP && mc.thread[i].futex == word)
            list[count++] = i;
    return count;
}

/* Which of them are woken is the kernel's business. */
void mc_futex_wake(uint32_t *word, unsigned count)
{
    unsigned list[MC_ALL], sleepers;
    mc_point();
    mc_trace(NULL, "futex wake %s", mc_called(word));
    for (; count && (sleepers = sleepers_at(word, list)); count--) {
        mc_thread *woken = &mc.thread[list[count < sleepers ? mc_decide(sleepers) : 0]];
        woken->state = MC_READY;
        woken->futex = NULL;
        mc.thread[mc.current].went_on = UINT64_MAX;
    }
}

uint64_t mc_timeouts(void)
{
    return mc.timed_out;
}

unsigned mc_self(void)
{
    return mc.current;
}

/* ---- an execution ------------------------------------------------------------------------------- */

static void start(unsigned index, void (*fn)(void))
{
    mc_thread *thread = &mc.thread[index];
    thread->main = fn;
    thread->state = MC_READY;
    thread->own_writes = thread->freshened = 0;
    thread->paused_at = UINT64_MAX;
    thread->held = false;
    thread->fresh_at = thread->went_on = UINT64_MAX;
    thread->waiting = thread->after = 0;
    thread->futex = NULL;
    prepare(thread);
    if (mc.tls_bytes)
        __real_memcpy(tls_kept[index], tls_first, mc.tls_bytes);
}

static void run_from(unsigned first)
{
    if (mc.tls_bytes)
        __real_memcpy((void *)mc.tls, tls_kept[first], mc.tls_bytes);
    mc.current = first;
    mc.running = true;
    mc_switch(&explorer, mc.thread[first].stack_pointer);
    mc.running = false;
    mc.current = MC_CHECKER;
}

void mc_as_checker(void (*fn)(void))
{
    start(MC_CHECKER, fn);
    run_from(MC_CHECKER);
}

static const char *stuck_in(const mc_thread *thread)
{
    switch (thread->state) {
    case MC_PAUSED:
        return "spins for ever";
    case MC_ASLEEP:
        return "sleeps for ever";
    default:
        return "waits for ever";
    }
}

static void judge(void)
{
    for (unsigned i = 0; i < mc.threads; i++) {
        const mc_thread *thread = &mc.thread[i];
        bool may_wait = mc.scenario->daemons >> i & 1 && thread->state != MC_PAUSED;
        if (thread->state != MC_ENDED && !may_wait && !mc.failed) {
            mc.failed = true;
            snprintf(mc.text, sizeof mc.text, "stuck: thread %u %s", i, stuck_in(thread));
        }
    }
}

void mc_threads_run(void)
{
    for (unsigned i = 0; i < mc.threads; i++)
        start(i, mc.scenario->thread[i]);
    run_from(mc_decide(mc.threads));
    if (!mc.pointless)
        judge();
}
