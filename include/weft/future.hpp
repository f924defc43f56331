/* SPDX-License-Identifier: MIT */
/**
 * weft/future.hpp - futures in C++17: a function object goes in, its value or what it threw comes out.
 *
 *     weft::future<int> answer = weft::submit([] { return 6 * 7; });   // or weft::submit(executor, fn)
 *     int n = answer.get();                // the value, or what the function threw, rethrown here
 *
 * It is a face of weft/future.h, which says how tasks run and who waits how, and needs nothing but the C library.
 *
 * - What failed in weft itself is thrown as weft::error, a task that was cancelled as weft::cancelled.
 * - A task that threw has the status -EFAULT, or the code of the weft::error that it threw, and what() is its text: this
 *   is what C code sees that holds the handle. on_error of an executor is told the status if the future was released before that.
 *   What was thrown then goes nowhere else; so does a value.
 * - The function object is destroyed once: when it has run, in the thread that ran it and before the future is done; not
 *   run, in the thread that cancelled it, perhaps just after others see that; refused, in the caller of submit.
 * - A value or exception that nobody got is destroyed by who is last: the task's thread, or who releases the future.
 *
 * Not supported: to leave a task by pthread_exit, pthread_cancel or longjmp, or by an exception of another language (the
 * first two end the program: "exception not rethrown"); executors over processes or ranks, which answer -EINVAL.
 */
#ifndef WEFT_FUTURE_HPP
#define WEFT_FUTURE_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#error "weft/future.hpp needs C++17; in C and older C++ there is weft/future.h"
#elif !defined(__cpp_exceptions)
#error "weft/future.hpp needs exceptions; with -fno-exceptions there is weft/future.h"
#else

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include <weft/executor.h>
#include <weft/future.h>

namespace weft
{

/** A call of weft failed: its code, and the sentence of weft_strerror. A task may throw one, too, to choose its status. */
class WEFT_API error : public std::runtime_error
{
  public:
    explicit error(int code) : std::runtime_error(sentence(code)), code_(code)
    {
    }
    int code() const noexcept
    {
        return code_;
    }

  private:
    static const char *sentence(int code) noexcept
    {
        return code == -EDEADLK
                   ? "the wait would never end: the awaited task is the calling one, or waits for it"
                   : weft_strerror(code);
    }
    int code_;
};

/** The task was cancelled. Thrown by a task that was asked to stop, it counts as cancelled. */
class WEFT_API cancelled : public error
{
  public:
    cancelled() : error(-ECANCELED)
    {
    }
};

namespace detail
{

inline void check(int err)
{
    if (err)
        throw error(err);
}

/* What a task and its future share; who leaves last deletes it. The future reads `became` when the task has ended. */
template <typename T> struct outcome {
    using value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
    std::variant<std::monostate, value, std::exception_ptr> became; /* the first: never ran */
    std::atomic<int> ends{2};

    virtual ~outcome() = default;
    void leave() noexcept
    {
        if (ends.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }
};

struct lets_go {
    template <typename T> void operator()(outcome<T> *of) const noexcept
    {
        of->leave();
    }
    void operator()(weft_future *of) const noexcept
    {
        weft_future_release(of);
    }
};

/* The task's end of it: what weft calls. */
template <typename T, typename F> struct task final : outcome<T> {
    std::optional<F> fn;

    template <typename G> task(std::in_place_t in_place, G &&from) : fn(in_place, std::forward<G>(from))
    {
    }

    /* In a handler. NULL: the text of the status, or what a failed wait has said already. */
    int threw(int status, const char *text) noexcept
    {
        this->became.template emplace<2>(std::current_exception());
        return text ? weft_fail(status, "%s", text) : status;
    }

    static int run(void *arg)
    {
        task *self = static_cast<task *>(arg);
        try {
            F &fn = *self->fn;
            if constexpr (std::is_void_v<T>) {
                std::move(fn)();
                self->became.template emplace<1>();
            } else {
                self->became.template emplace<1>(std::move(fn)());
            }
            return 0;
        } catch (const error &e) {
            return self->threw(e.code() ? e.code() : -EFAULT, e.code() == -EDEADLK ? nullptr : e.what());
        } catch (const std::exception &e) {
            return self->threw(-EFAULT, e.what());
        } catch (...) {
            return self->threw(-EFAULT, "threw something that is no std::exception");
        }
    }

    static void destroy(void *arg)
    {
        task *self = static_cast<task *>(arg);
        self->fn.reset();
        self->leave();
    }
};

} // namespace detail

/** The result end of one task that answers T: void, or what can be moved; not a reference. One thread at a time. */
template <typename T> class future
{
    static_assert(std::is_void_v<T> || (std::is_object_v<T> && std::is_move_constructible_v<T>),
                  "weft::future: void, or a type that can be moved; instead of a reference a pointer");

  public:
    /** Not valid, as one that was moved from. Futures are moved, not copied; destroyed or assigned to, one is released: the
     *  task goes on without it, and nobody waits. */
    future() noexcept = default;

    /** Waits as weft_future_get, and moves the value out or rethrows what the task threw; not valid then. Throws
     *  weft::cancelled; weft::error and is valid still: -EDEADLK, WEFT_ESTACK, -EOWNERDEAD; -EINVAL: it is not valid. */
    T get()
    {
        detail::check(weft_future_get(handle(), nullptr));
        const auto outcome = std::move(outcome_);
        handle_.reset();
        if (auto *thrown = std::get_if<2>(&outcome->became))
            std::rethrow_exception(std::move(*thrown));
        auto *value = std::get_if<1>(&outcome->became);
        if (!value)
            throw cancelled();
        if constexpr (!std::is_void_v<T>)
            return std::move(*value);
    }

    /** Has it ended, by the deadline at the latest? As weft_future_wait; other errors of that are thrown. */
    bool wait_until(std::int64_t deadline_ns) const
    {
        int err = weft_future_wait(handle(), deadline_ns);
        detail::check(err == -ETIMEDOUT ? 0 : err);
        return !err;
    }

    /** As weft_future_cancel: 0: cancelled; -EBUSY: it runs, and was asked to stop; -EALREADY: it is done. Or -EINVAL,
     *  -EOWNERDEAD. */
    int cancel() noexcept
    {
        return weft_future_cancel(handle());
    }

    bool valid() const noexcept
    {
        return handle() != nullptr;
    }

    /** For what weft/combine.h and others do with futures; the reference stays here. */
    weft_future *handle() const noexcept
    {
        return handle_.get();
    }

  private:
    template <typename F> friend auto submit(weft_executor *executor, F &&fn);
    future(weft_future *handle, detail::outcome<T> *outcome) noexcept : outcome_(outcome), handle_(handle)
    {
    }

    std::unique_ptr<detail::outcome<T>, detail::lets_go> outcome_;
    std::unique_ptr<weft_future, detail::lets_go> handle_;
};

/** As weft_submit: has fn() run once, a copy of fn or what was moved from it. Throws weft::error, and has done nothing then:
 *  -ENOMEM, -EAGAIN, -ESHUTDOWN, -EOWNERDEAD; or what copying fn throws. */
template <typename F> auto submit(weft_executor *executor, F &&fn)
{
    using callable = std::decay_t<F>;
    using result = std::remove_cv_t<std::invoke_result_t<callable>>;
    using task = detail::task<result, callable>;
    std::unique_ptr<task> made(new (std::nothrow) task(std::in_place, std::forward<F>(fn)));
    weft_task_spec spec = {};
    spec.size = sizeof spec;
    spec.fn = task::run;
    spec.arg = made.get();
    spec.destroy = task::destroy;
    weft_future *handle = nullptr;
    detail::check(made ? weft_submit_task(executor, &spec, &handle) : -ENOMEM);
    return future<result>(handle, made.release());
}

/** In the pool that the caller works in, or in the default pool. */
template <typename F> auto submit(F &&fn)
{
    return submit(nullptr, std::forward<F>(fn));
}

} // namespace weft

#endif
#endif
