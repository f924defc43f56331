// SPDX-License-Identifier: MIT
/*
 * future_hpp_ends.cpp - for future_hpp.cpp: what becomes of function objects, values and exceptions when a task is refused,
 * cancelled, stopped, released, or waits for what can never end; and in which thread they are destroyed.
 *
 * Tasks that have to be running, or not to be, wait at a gate, or belong to a serial executor, of which nothing runs before
 * somebody waits.
 */
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include <weft/weft.h>

#include "counted.hpp"

/* In clang's sanitizers the operators are there already. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_NEW 0
#endif
#endif
#ifndef OWN_NEW
#define OWN_NEW 1
#endif

namespace
{

std::atomic<int> told, told_status;
std::atomic<bool> no_memory;

/* Notes who destroys it; what was moved from notes nothing. */
struct grave {
    std::atomic<int> count{0};
    std::thread::id who;
};

struct buries {
    void operator()(grave *in) const
    {
        in->who = std::this_thread::get_id();
        in->count++;
    }
};

using mortal = std::unique_ptr<grave, buries>;

inline bool died_here(const grave &in)
{
    return in.count == 1 && in.who == std::this_thread::get_id();
}

/* Tasks wait here; a test that left it shut would hang. */
class gate
{
  public:
    ~gate()
    {
        open();
    }
    void pass()
    {
        inside++;
        while (!opened)
            std::this_thread::yield();
    }
    void open()
    {
        opened = true;
    }
    void until_inside(int tasks = 1)
    {
        while (inside < tasks)
            std::this_thread::yield();
    }

  private:
    std::atomic<bool> opened{false};
    std::atomic<int> inside{0};
};

void tell(const char *, int status, void *)
{
    told_status = status;
    told++;
}

class own_executor
{
  public:
    own_executor(const own_pool &in, int engine, std::size_t queue_limit = 0)
    {
        weft_executor_config config = {};
        config.size = sizeof config;
        config.pool = in.pool;
        config.engine = engine;
        config.queue_limit = queue_limit;
        config.when_full = WEFT_REJECT;
        config.on_error = tell;
        check(weft_executor_create(&executor, &config) == 0, "an executor");
    }
    own_executor(const own_executor &) = delete;
    own_executor &operator=(const own_executor &) = delete;
    ~own_executor()
    {
        check(weft_executor_destroy(executor) == 0, "the end of an executor");
    }
    void shutdown(int mode)
    {
        check(weft_executor_shutdown(executor, mode, WEFT_FOREVER) == 0, "shutdown");
    }
    weft_executor *executor = nullptr;
};

void refused(const own_pool &in)
{
    own_executor closed(in, WEFT_ENGINE_POOL), full(in, WEFT_ENGINE_SERIAL, 1);
    grave graves[2];
    weft_executor_close(closed.executor);
    check(fails([&] { weft::submit(closed.executor, [m = mortal(&graves[0])] {}); }, -ESHUTDOWN), "closed");
    auto first = weft::submit(full.executor, [object = counted()] { return 1; });
    check(fails([&] { weft::submit(full.executor, [m = mortal(&graves[1])] {}); }, -EAGAIN), "full");
    check(died_here(graves[0]) && died_here(graves[1]), "destroyed in who was refused");
    check(first.get() == 1, "what was accepted runs");
}

void without_memory(const own_pool &in)
{
    grave fn;
    no_memory = OWN_NEW;
    if (no_memory) {
        check(fails([&] { weft::submit(in.executor, [m = mortal(&fn)] {}); }, -ENOMEM), "no memory");
        check(died_here(fn), "destroyed in who had none");
    }
    no_memory = false;
}

void cancelled(const own_pool &in)
{
    own_executor serial(in, WEFT_ENGINE_SERIAL);
    grave graves[3];
    auto pending = weft::submit(serial.executor, [m = mortal(&graves[0])] { return counted(); });
    check(pending.cancel() == 0 && died_here(graves[0]), "destroyed in who cancels");
    check(pending.cancel() == 0 && pending.valid() && pending.wait_until(0), "cancelled twice");
    check(throws<weft::cancelled>([&] { (void)pending.get(); },
                                  [](const weft::cancelled &e) { return e.code() == -ECANCELED; }),
          "get of one that was cancelled");
    check(!pending.valid() && graves[0].count == 1, "not valid then");

    { // released at once
        auto released = weft::submit(serial.executor, [m = mortal(&graves[1])] {});
        check(released.cancel() == 0, "cancel");
    }
    check(died_here(graves[1]), "cancelled and released");

    auto done = weft::submit(serial.executor, [] { return 1; });
    check(done.wait_until(WEFT_FOREVER) && done.cancel() == -EALREADY && done.get() == 1,
          "too late to cancel");

    /* One that holds another one's future. */
    auto holder =
        weft::submit(serial.executor, [other = weft::submit(serial.executor, [m = mortal(&graves[2])] {
                                           throw counted_error("unheard");
                                       })]() mutable { other.get(); });
    serial.shutdown(WEFT_CANCEL_PENDING);
    check(fails([&] { holder.get(); }, -ECANCELED), "cancelled by a shutdown");
    check(died_here(graves[2]), "and what it held");
}

/* From here on the tasks need a worker: they run while the caller does something else. */
void stopped(const own_pool &in)
{
    for (bool answers : {false, true}) {
        gate at;
        auto running = weft::submit(in.executor, [&at, answers, object = counted(1)] {
            at.pass();
            check(weft_should_stop(), "it is asked to stop");
            if (!answers)
                throw weft::cancelled();
            return *object.number;
        });
        at.until_inside();
        check(!running.wait_until(0), "it has not ended");
        check(running.cancel() == -EBUSY, "cancel while it runs");
        at.open();
        if (answers) {
            check(running.get() == 1, "what is answered in spite of that stands");
            continue;
        }
        check(running.wait_until(WEFT_FOREVER), "it has ended");
        check(weft_future_state(running.handle()) == WEFT_CANCELLED, "it counts as cancelled");
        check(fails([&] { (void)running.get(); }, -ECANCELED), "get of one that stopped");
    }
}

void in_time(const own_pool &in)
{
    gate at;
    grave fn, value;
    std::thread::id ran_in;
    auto running = weft::submit(in.executor, [&, m = mortal(&fn)] {
        at.pass();
        ran_in = std::this_thread::get_id();
        return mortal(&value);
    });
    at.until_inside();
    check(!running.wait_until(1) && fn.count == 0, "not yet");
    at.open();
    check(running.wait_until(WEFT_FOREVER), "the end");
    check(fn.count == 1 && fn.who == ran_in,
          "the function object goes before the future is done, where it ran");
    check(value.count == 0, "the value stays");
    running = {};
    check(died_here(value), "until the future is released");
}

void detached(const own_pool &in)
{
    gate at;
    grave fns[3], value, thrown;
    std::thread::id ran_in;
    told = told_status = 0;
    {
        own_executor executor(in, WEFT_ENGINE_POOL);
        for (int i = 0; i < 3; i++) {
            auto released = weft::submit(executor.executor, [&, i, m = mortal(&fns[i])] {
                at.pass();
                if (i == 1)
                    throw std::make_shared<mortal>(&thrown);
                if (i == 2)
                    throw weft::error(-EIO);
                ran_in = std::this_thread::get_id();
                return mortal(&value);
            });
        }
        check(fns[0].count + fns[1].count + fns[2].count == 0, "a release does not wait");
        at.open();
        executor.shutdown(WEFT_DRAIN);
    }
    check(fns[0].count == 1 && fns[1].count == 1 && fns[2].count == 1, "all ran");
    check(value.count == 1 && value.who == ran_in, "a value that nobody wants goes where it was made");
    check(thrown.count == 1, "so does what was thrown");
    check(told == 2 && (told_status == -EFAULT || told_status == -EIO), "on_error is told of two");
}

void held(const own_pool &in)
{
    told = 0;
    own_executor executor(in, WEFT_ENGINE_POOL);
    auto bad = weft::submit(executor.executor, [] { throw 1; });
    executor.shutdown(WEFT_DRAIN);
    check(told == 0, "on_error is not told of what somebody may ask for");
    check(throws_int([&] { bad.get(); }, 1), "who asks hears it");
}

void waits_for_itself(const own_pool &in)
{
    gate at;
    weft::future<int> own;
    own = weft::submit(in.executor, [&]() -> int {
        at.pass();
        check(fails([&] { (void)own.get(); }, -EDEADLK), "get of oneself");
        check(own.valid(), "a get that failed leaves the future as it was");
        return own.get();
    });
    at.open();
    weft_future *handle = own.handle();
    check(weft_wait(&handle, 1, WEFT_ALL, WEFT_FOREVER, nullptr) == 0, "wait");
    seen_as(own, -EDEADLK, "deadlock: a task waits for itself");
    check(throws_text([&] { (void)own.get(); },
                      "the wait would never end: the awaited task is the calling one, or waits for it"),
          "it is told by what it threw");
}

int deep(int depth)
{
    return depth ? weft::submit([depth] { return deep(depth - 1); }).get() + 1 : 0;
}

/* In a worker: who waits until a deadline outside of the pool runs nothing. */
void too_deep(const own_pool &)
{
    own_pool small(1, 128 << 10);
    auto top = weft::submit(small.executor, [] { return deep(10000); });
    check(top.wait_until(WEFT_FOREVER - 1), "wait");
    check(fails([&] { (void)top.get(); }, WEFT_ESTACK), "waits nested too deeply");
}

} // namespace

void ends(const own_pool &in, bool has_workers)
{
    static constexpr struct {
        const char *name;
        void (*run)(const own_pool &in);
        bool needs_worker;
    } tests[] = {{"refused", refused, false},
                 {"no memory", without_memory, false},
                 {"cancelled", cancelled, false},
                 {"stopped", stopped, true},
                 {"in time", in_time, true},
                 {"detached", detached, true},
                 {"held", held, true},
                 {"waits for itself", waits_for_itself, true},
                 {"too deep", too_deep, true}};
    for (auto &test : tests) {
        if (test.needs_worker && !has_workers)
            continue;
        test.run(in);
        end_test(test.name);
    }
}

#if OWN_NEW
/* The one that future.hpp makes its objects with. */
void *operator new(std::size_t bytes, const std::nothrow_t &) noexcept
{
    try {
        return no_memory ? nullptr : ::operator new(bytes);
    } catch (...) {
        return nullptr;
    }
}
#endif
