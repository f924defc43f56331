// SPDX-License-Identifier: MIT
/*
 * counted.hpp - what the sources of future_hpp.cpp share: checks, objects that count themselves, pools, and what is thrown.
 */
#ifndef USER_COUNTED_HPP
#define USER_COUNTED_HPP

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <weft/future.hpp>
#include <weft/pool.h>

inline int passed, failed;
inline std::atomic<int> wrong, alive;

inline void check(bool ok, const char *what)
{
    wrong += !ok;
    if (!ok)
        std::printf("wrong: %s\n", what);
}

/* The checks of one test count once, together. Nothing that it made is left, when what it released has run. */
inline void end_test(const char *name)
{
    for (int i = 0; i < 10000 && alive; i++)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    check(alive == 0, "each object was destroyed once");
    if (wrong)
        std::printf("    %s\n", name);
    wrong ? failed++ : passed++;
    wrong = alive = 0;
}

/* Owns memory, so that a leak or a second end is one for the sanitizers, too. */
class counted
{
  public:
    explicit counted(int n = 0) : number(std::make_unique<int>(n))
    {
        alive++;
    }
    counted(counted &&from) noexcept : number(std::move(from.number))
    {
        alive++;
    }
    counted(const counted &from) : number(std::make_unique<int>(*from.number))
    {
        alive++;
    }
    counted &operator=(const counted &) = delete;
    ~counted()
    {
        alive--;
    }
    std::unique_ptr<int> number;
};

struct counted_error : std::runtime_error {
    explicit counted_error(const char *text) : std::runtime_error(text)
    {
    }
    counted object;
};

class own_pool
{
  public:
    explicit own_pool(int workers, std::size_t stack_bytes = 0)
    {
        weft_pool_config config = {};
        config.size = sizeof config;
        config.workers = workers;
        config.stack_bytes = stack_bytes;
        check(weft_pool_create(&pool, &config) == 0 && weft_pool_executor(pool, &executor) == 0, "a pool");
    }
    own_pool(const own_pool &) = delete;
    own_pool &operator=(const own_pool &) = delete;
    ~own_pool()
    {
        check(weft_pool_destroy(pool) == 0, "the end of a pool");
    }
    weft_pool *pool = nullptr;
    weft_executor *executor = nullptr;
};

/* f throws an E, which is as it should be. */
template <typename E, typename F, typename G> bool throws(F f, G as_it_should_be)
{
    try {
        f();
    } catch (const E &e) {
        return as_it_should_be(e);
    } catch (...) {
    }
    return false;
}

template <typename F> bool fails(F f, int code)
{
    return throws<weft::error>(f, [code](const weft::error &e) { return e.code() == code && *e.what(); });
}

template <typename F> bool throws_text(F f, const char *text)
{
    return throws<std::runtime_error>(
        f, [text](const std::runtime_error &e) { return e.what() == std::string(text); });
}

template <typename F> bool throws_int(F f, int number)
{
    return throws<int>(f, [number](int n) { return n == number; });
}

/* What C code sees of it. */
template <typename T> void seen_as(const weft::future<T> &of, int wanted, const char *text)
{
    int status = 1;
    check(weft_future_get(of.handle(), &status) == 0 && status == wanted, "the status of what threw");
    check(weft_future_error(of.handle()) == std::string(text), "the text of what threw");
}

/* future_hpp_ends.cpp: all of it, in a pool with or without workers. */
void ends(const own_pool &in, bool has_workers);

#endif
