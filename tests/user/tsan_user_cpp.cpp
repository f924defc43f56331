// SPDX-License-Identifier: MIT
/*
 * tsan_user_cpp.cpp - the C++17 face of tsan_user.c: lambdas, containers, handles in a scope.
 * With PLANT_RACE the items also count in one plain variable, two for sure at the same time in many: that must be reported.
 */
#include <atomic>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <weft/weft.h>

namespace
{

int passed, failed, wrong;
#ifdef PLANT_RACE
long touched[1000];
#endif

void touch(int which = 0)
{
#ifdef PLANT_RACE
    touched[which]++;
#endif
    (void)which;
}

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

struct node {
    std::vector<long> numbers;
    std::unique_ptr<node> left, right;
    long sum = 0;
};

template <typename F> int for_each_index(weft_pool *pool, std::size_t n, F f)
{
    auto body = [](std::size_t begin, std::size_t end, void *ctx) {
        for (std::size_t i = begin; i < end; i++)
            (*static_cast<F *>(ctx))(i);
    };
    return weft_parallel_for(pool, 0, n, body, &f);
}

} // namespace

static void fill(node *tree, int depth);
WEFT_TASK_VOID(fill, node *, int)

/* Each level is made by the parent and filled by its child, who may be another thread. */
static void fill(node *tree, int depth)
{
    if (depth == 0) {
        touch();
        tree->sum = std::accumulate(tree->numbers.begin(), tree->numbers.end(), 0L);
        return;
    }
    tree->left = std::make_unique<node>();
    tree->right = std::make_unique<node>();
    tree->left->numbers = tree->right->numbers = tree->numbers;
    weft_fork(fill, left, tree->left.get(), depth - 1);
    fill(tree->right.get(), depth - 1);
    weft_join(fill, left);
    tree->sum = tree->left->sum + tree->right->sum;
}

static void trees(void *)
{
    for (int round = 0; round < 10; round++) {
        node root;
        root.numbers.assign(10, round);
        fill(&root, 10);
        check(root.sum == 1024L * 10 * round, "fork and join: the sum over the tree");
    }
}

static void names(weft_pool *pool)
{
    std::vector<std::string> name(5000);
    int err = for_each_index(pool, name.size(), [&](std::size_t i) {
        name[i] = std::to_string(i);
        touch();
    });
    check(err == 0, "for: its answer");
    std::size_t others = 0;
    for (std::size_t i = 0; i < name.size(); i++)
        others += name[i] != std::to_string(i);
    check(others == 0, "for: the strings that the items made");
    name.clear();
}

#ifdef PLANT_RACE
/* As in tsan_user.c: the sanitizer does not see every race. */
static void plant(weft_pool *pool)
{
    std::atomic<int> met{0}, moment[2]{}; /* met relaxed: it orders nothing */
    (void)for_each_index(pool, 2, [&](std::size_t i) {
        met.fetch_add(1, std::memory_order_relaxed);
        while (met.load(std::memory_order_relaxed) < 2)
            std::this_thread::yield();
        for (int which = 0; which < 1000; which++) {
            touch(which);
            moment[i].store(which, std::memory_order_release);
        }
    });
}
#else
static void plant(weft_pool *)
{
}
#endif

static void use(weft_pool *pool)
{
    check(weft_run(pool, trees, nullptr) == 0, "run");
    end_test();
    for (int round = 0; round < 10; round++)
        names(pool);
    end_test();
}

int main()
{
    use(nullptr);
    weft_pool_config config = {};
    config.size = sizeof config;
    config.workers = 4;
    weft_pool *pool = nullptr;
    check(weft_pool_create(&pool, &config) == 0, "create");
    std::thread(use, pool).join();
    use(pool);
    plant(pool);
    check(weft_pool_destroy(pool) == 0, "destroy");
    end_test();
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
