// SPDX-License-Identifier: MIT
/*
 * future_hpp.cpp - weft/future.hpp: values and exceptions of tasks come out at get.
 *
 * - In a pool without threads, with one worker, with four, and in the default pool; built as C++17, C++20, without RTTI.
 * - Everything that a test makes counts itself: what a task was made of, answered or threw is destroyed once. In which
 *   thread, and what becomes of tasks that are cancelled, refused or released: future_hpp_ends.cpp.
 */
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <unistd.h>
#include <weft/weft.h>

#include "counted.hpp"

namespace
{

static_assert(!std::is_copy_constructible_v<weft::future<int>> &&
              !std::is_copy_assignable_v<weft::future<int>>);
static_assert(std::is_nothrow_move_constructible_v<weft::future<int>>);
static_assert(std::is_nothrow_move_assignable_v<weft::future<int>>);
static_assert(std::is_nothrow_default_constructible_v<weft::future<void>>);
static_assert(std::is_base_of_v<std::runtime_error, weft::error> &&
              std::is_base_of_v<weft::error, weft::cancelled>);

int seven()
{
    return 7;
}

struct only_once {
    counted object{8};
    int operator()() &&
    {
        return *object.number;
    }
};

const std::string constant()
{
    return "constant";
}

void values(weft_executor *executor)
{
    weft::future<int> answer = weft::submit(executor, [] { return 6 * 7; });
    check(answer.valid() && answer.handle(), "a new future is valid");
    check(answer.get() == 42, "a number");
    check(!answer.valid() && !answer.handle(), "not valid after get");
    check(fails([&] { (void)answer.get(); }, -EINVAL), "a second get is refused");
    check(fails([&] { (void)answer.wait_until(0); }, -EINVAL) && answer.cancel() == -EINVAL,
          "so are other calls");

    bool ran = false;
    weft::future<void> nothing = weft::submit(executor, [&] { ran = true; });
    nothing.get();
    check(ran && !nothing.valid(), "void");

    counted moved(9);
    weft::future<counted> object =
        weft::submit(executor, [object = std::move(moved)]() mutable { return std::move(object); });
    check(*object.get().number == 9, "a value without a default, and what a task took along");
    auto number =
        weft::submit(executor, [number = std::make_unique<int>(10)]() mutable { return std::move(number); });
    check(*number.get() == 10, "a value that can only be moved");

    check(weft::submit(executor, seven).get() == 7 && weft::submit(executor, &seven).get() == 7,
          "a plain function");
    check(weft::submit(executor, only_once()).get() == 8, "one that can be called once");
    const auto kept = [object = counted(11)] { return *object.number; };
    check(weft::submit(executor, kept).get() == 11 && kept() == 11, "a copy of a function object");
    weft::future<std::string> text = weft::submit(executor, constant);
    check(text.get() == "constant", "a constant value");
    auto pointer = weft::submit(executor, [] { return std::exception_ptr(); });
    check(!pointer.get(), "an exception pointer as a value");
    check(weft::submit(executor, [] { return std::monostate(); }).get() == std::monostate(),
          "the empty value");
}

void moves(weft_executor *executor)
{
    weft::future<int> first = weft::submit(executor, [] { return 1; }), second = std::move(first);
    check(!first.valid() && second.valid() && second.get() == 1, "a future is moved");
    check(fails([&] { (void)first.get(); }, -EINVAL), "nothing is left where it was");
    first = weft::submit(executor, [object = counted()] { return 2; });
    first = weft::submit(executor, [object = counted()] { return 3; });
    check(first.get() == 3, "a future is assigned to");
    weft::future<void> none;
    check(!none.valid() && fails([&] { none.get(); }, -EINVAL), "an empty one");
}

/* ---- exceptions --------------------------------------------------------------------------------- */

struct breaks_when_moved {
    counted object;
    int moves_left;
    explicit breaks_when_moved(int moves) : moves_left(moves)
    {
    }
    breaks_when_moved(breaks_when_moved &&from) : object(), moves_left(from.moves_left - 1)
    {
        if (moves_left < 0)
            throw 13;
    }
};

struct breaks_when_copied {
    counted object;
    breaks_when_copied() = default;
    breaks_when_copied(const breaks_when_copied &from) : object(from.object)
    {
        throw 14;
    }
    void operator()() const
    {
    }
};

void exceptions(weft_executor *executor)
{
    auto boom = weft::submit(executor, []() -> int { throw counted_error("boom"); });
    seen_as(boom, -EFAULT, "boom");
    check(throws<counted_error>([&] { (void)boom.get(); },
                                [](const counted_error &e) { return *e.object.number == 0; }),
          "what is thrown is what comes out, not a part of it");
    check(!boom.valid(), "not valid after a get that threw");

    auto five = weft::submit(executor, [] { throw 5; });
    seen_as(five, -EFAULT, "threw something that is no std::exception");
    check(throws_int([&] { five.get(); }, 5), "an int");

    auto own = weft::submit(executor, [] { throw weft::error(-EIO); });
    seen_as(own, -EIO, weft_strerror(-EIO));
    check(fails([&] { own.get(); }, -EIO) && !own.valid(), "an error of weft with a code");
    auto zero = weft::submit(executor, [] { throw weft::error(0); });
    int status = 0;
    check(weft_future_get(zero.handle(), &status) == 0 && status == -EFAULT, "what threw has failed");
    check(throws<weft::error>([&] { zero.get(); }, [](const weft::error &e) { return e.code() == 0; }),
          "code 0");

    auto never = weft::submit(executor, [] { return breaks_when_moved(0); });
    check(throws_int([&] { (void)never.get(); }, 13), "a value that throws on its way in");
    auto once = weft::submit(executor, [] { return breaks_when_moved(1); });
    check(throws_int([&] { (void)once.get(); }, 13) && !once.valid(), "a value that throws on its way out");
    const breaks_when_copied breaks;
    check(throws_int([&] { weft::submit(executor, breaks); }, 14), "a function object that cannot be copied");

    { // nobody gets it
        auto left = weft::submit(executor, []() -> counted { throw counted_error("left"); });
        auto right = weft::submit(executor, [] { return counted(); });
        check(left.wait_until(WEFT_FOREVER) && right.wait_until(WEFT_FOREVER), "both ended");
        check(alive > 0, "they are there until the futures go");
    }
}

int two_levels(weft_executor *executor, bool fine)
{
    counted object;
    auto outer = weft::submit(executor, [executor, fine, object] {
        auto inner = weft::submit(executor, [fine, object]() -> int {
            if (!fine)
                throw counted_error("deep inside");
            return *object.number + 1;
        });
        return inner.get() + 1;
    });
    if (!fine)
        seen_as(outer, -EFAULT, "deep inside");
    return outer.get();
}

void nested(weft_executor *executor)
{
    for (int round = 0; round < 20; round++) {
        check(two_levels(executor, true) == 2, "a value through two levels");
        check(throws_text([&] { (void)two_levels(executor, false); }, "deep inside"),
              "an exception through two levels");
    }
}

/* From four threads, 250 tasks each. */
void some(weft_executor *executor, int first)
{
    std::vector<weft::future<int>> futures;
    for (int i = first; i < first + 250; i++)
        futures.push_back(weft::submit(executor, [executor, i, object = counted(i)]() -> int {
            if (i % 7 == 0)
                throw i;
            if (i % 5 == 0)
                throw counted_error("fives");
            if (i % 3 == 0)
                return weft::submit(executor, [&object] { return *object.number; }).get();
            return *object.number;
        }));
    for (int i = first; i < first + 250; i++) {
        auto get = [&] {
            check(futures[static_cast<std::size_t>(i - first)].get() == i, "the value of one of many");
        };
        if (i % 11 == 0)
            futures[static_cast<std::size_t>(i - first)] = {};
        else if (i % 7 == 0)
            check(throws_int(get, i), "the int of one of many");
        else if (i % 5 == 0)
            check(throws_text(get, "fives"), "the error of one of many");
        else
            get();
    }
}

void many(weft_executor *executor)
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back(some, executor, i * 250);
    for (auto &thread : threads)
        thread.join();
}

/* C code that holds the handle. */
void with_c(weft_executor *executor)
{
    auto fine = weft::submit(executor, [] { return counted(); });
    auto bad = weft::submit(executor, []() -> int { throw counted_error("for C"); });
    weft_future *both[] = {fine.handle(), bad.handle()}, *all = nullptr;
    int status = 0;
    check(weft_when_all(both, 2, &all) == 0 && weft_future_get(all, &status) == 0 && status == -EFAULT,
          "when_all");
    weft_future_release(all);
    std::size_t index = 0;
    check(weft_wait(both, 2, WEFT_FIRST_ERROR, WEFT_FOREVER, &index) == 0 && index == 1, "weft_wait");
    check(weft_future_retain(both[1]) == 0, "retain");
    check(throws_text([&] { (void)bad.get(); }, "for C"), "get beside C code");
    check(weft_future_error(both[1]) == std::string("for C"), "the text outlives the C++ future");
    weft_future_release(both[1]);
}

void everywhere(weft_executor *executor)
{
    static constexpr struct {
        const char *name;
        void (*run)(weft_executor *executor);
    } tests[] = {{"values", values}, {"moves", moves}, {"exceptions", exceptions},
                 {"nested", nested}, {"many", many},   {"with C", with_c}};
    for (auto &test : tests) {
        test.run(executor);
        end_test(test.name);
    }
}

} // namespace

int main()
{
    alarm(900);
    weft::future<int> answer = weft::submit([] { return 6 * 7; });
    check(answer.get() == 42, "as the header has it");
    everywhere(nullptr);
    for (int workers : {int(WEFT_NONE), 1, 4}) {
        own_pool pool(workers);
        everywhere(pool.executor);
        ends(pool, workers != WEFT_NONE);
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
