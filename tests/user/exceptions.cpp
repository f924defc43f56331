// SPDX-License-Identifier: MIT
/*
 * exceptions.cpp - C++ exceptions that pass through frames with forks that nobody joined.
 *
 * - The handles drop themselves, in the reverse order of their forks: a child that nobody started never runs, a
 *   stolen one is done before the frame, whose variables it uses, goes away.
 * - Nothing leaks: every object that a child or a frame made is destroyed, and afterwards forks work as before.
 * - A child catches its own exceptions (no exception crosses a fork); the parent's pass through as ever.
 */
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>
#include <weft/weft.h>

namespace
{

int passed, failed, wrong;
std::atomic<long> alive, started, finished, late;

void check(bool ok, const char *what)
{
    wrong += !ok;
    if (!ok)
        std::printf("wrong: %s\n", what);
}

/* The checks of one test count once, together. */
void end_test()
{
    wrong ? failed++ : passed++;
    wrong = 0;
}

/* Counts itself, and owns memory so that a leak is one for the sanitizers, too. */
struct counted {
    std::string text = std::string(64, 'x');
    counted()
    {
        alive++;
    }
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;
    ~counted()
    {
        alive--;
    }
};

/* A frame's variable that its children use: `gone` tells a child that outlived it. */
struct frame {
    std::atomic<int> inside{0};
    bool open = true;
    counted object;
    frame() = default;
    frame(const frame &) = delete;
    frame &operator=(const frame &) = delete;
    ~frame()
    {
        late += inside.load();
        open = false;
    }
};

} // namespace

static void child(frame *of, int work);
WEFT_TASK_VOID(child, frame *, int)
static long fib(int n);
WEFT_TASK(long, fib, int)
static long deep(int depth, int bad);
WEFT_TASK(long, deep, int, int)
static long careful(int depth);
WEFT_TASK(long, careful, int)

static long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void child(frame *of, int work)
{
    counted object;
    started++;
    of->inside++;
    late += !of->open;
    if (fib(work) < 0)
        late++;
    of->inside--;
    finished++;
}

/* Throws with up to three forks open. */
static void throws(int work, int forks)
{
    frame here;
    weft_fork(child, first, &here, work);
    counted between;
    if (forks == 1)
        throw std::runtime_error("one");
    weft_fork(child, second, &here, work);
    {
        weft_fork(child, third, &here, work);
        if (fib(work) >= 0 && forks == 3)
            throw std::runtime_error("three");
        weft_join(child, third);
    }
    if (forks == 2)
        throw std::runtime_error("two");
    weft_join(child, second);
    weft_join(child, first);
}

/* Exceptions from below pass through `depth` frames with an open fork each. */
static long deep(int depth, int bad)
{
    counted object;
    if (depth == 0) {
        if (bad)
            throw std::runtime_error("bottom");
        return 1;
    }
    weft_fork(deep, left, depth - 1, 0);
    long right = deep(depth - 1, bad);
    return weft_join(deep, left) + right;
}

/* A child that catches its own, below frames with open forks. */
static long careful(int depth)
{
    try {
        if (depth == 0) {
            throws(3, 3);
            return 0;
        }
        weft_fork(careful, left, depth - 1);
        long right = careful(depth - 1);
        return weft_join(careful, left) + right;
    } catch (const std::runtime_error &) {
        return 1;
    }
}

/* An array of handles of which some are joined; the others drop themselves. */
static void some_joined(int joined)
{
    frame here;
    weft_handle(child) handles[8];
    for (auto &handle : handles)
        weft_fork_at(child, &handle, &here, 5);
    for (int i = 7; i >= 8 - joined; i--)
        weft_join(child, handles[i]);
    throw std::runtime_error("some");
}

template <typename F> static bool thrown(F f, const char *text)
{
    try {
        f();
    } catch (const std::runtime_error &error) {
        return error.what() == std::string(text);
    }
    return false;
}

/* The child is surely stolen: the parent throws only after another thread has begun it. The child goes on until
 * it sees that, and then uses the frame: the handle must wait for it. */
struct meeting {
    frame here;
    std::atomic<bool> begun{false}, throwing{false};
};

static void kept_busy(meeting *with);
WEFT_TASK_VOID(kept_busy, meeting *)

static void kept_busy(meeting *with)
{
    with->begun = true;
    while (!with->throwing)
        std::this_thread::yield();
    child(&with->here, 10);
}

static void throws_over_a_stolen_child()
{
    meeting with;
    weft_fork(kept_busy, thief, &with);
    counted between;
    while (!with.begun)
        if (fib(10) != 55)
            late++;
    with.throwing = true;
    throw std::runtime_error("stolen");
}

static void with_thieves(void *)
{
    long before = finished;
    for (int round = 0; round < 50; round++)
        check(thrown(throws_over_a_stolen_child, "stolen"), "the exception arrives past a stolen child");
    check(finished - before == 50, "each stolen child was waited for");
}

static void rounds(void *)
{
    static const char *const names[] = {"none", "one", "two", "three"};
    for (int round = 0; round < 300; round++) {
        int work = round % 12;
        for (int forks = 1; forks <= 3; forks++)
            check(thrown([&] { throws(work, forks); }, names[forks]), "the exception arrives");
        throws(work, 0);
        check(thrown([&] { deep(10, 1); }, "bottom"), "the exception arrives from below");
        check(deep(6, 0) == 64, "forks are right after exceptions");
        check(thrown([&] { some_joined(round % 9); }, "some"),
              "the exception arrives past an array of handles");
        if (round % 10 == 0)
            check(careful(5) == 32, "a child catches its own");
    }
    check(fib(20) == 6765, "fork and join after all that");
}

static void nothing_left(const char *where)
{
    check(alive == 0, "nothing is left alive");
    check(late == 0, "no child outlived its frame");
    check(started == finished, "what started has finished");
    if (wrong)
        std::printf("    %s\n", where);
    end_test();
}

static void in(weft_pool *pool, const char *where)
{
    check(weft_run(pool, rounds, nullptr) == 0, "run");
    nothing_left(where);
    if (weft_pool_workers(pool) < 2) // with one place the guest itself takes it: nobody steals
        return;
    check(weft_run(pool, with_thieves, nullptr) == 0, "run with thieves");
    nothing_left(where);
}

int main()
{
    alarm(900);
    rounds(nullptr);
    nothing_left("outside a pool: the serial program");
    in(nullptr, "the default pool");
    for (int workers : {int(WEFT_NONE), 1, 2, 8}) {
        weft_pool_config config = {};
        config.size = sizeof config;
        config.workers = workers;
        weft_pool *pool = nullptr;
        check(weft_pool_create(&pool, &config) == 0, "create");
        in(pool, ("a pool of " + std::to_string(weft_pool_workers(pool))).c_str());
        check(weft_pool_destroy(pool) == 0, "destroy");
        end_test();
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
