/* SPDX-License-Identifier: MIT */
#include "checker/mc.h"
static int x, y, a, b;
#define RLX __ATOMIC_RELAXED
static void sb0(void)
{
    __atomic_store_n(&x, 1, RLX);
    a = __atomic_load_n(&y, RLX);
}
static void sb1(void)
{
    __atomic_store_n(&y, 1, RLX);
    b = __atomic_load_n(&x, RLX);
}
static void sc0(void)
{
    __atomic_store_n(&x, 1, 5);
    a = __atomic_load_n(&y, 5);
}
static void sc1(void)
{
    __atomic_store_n(&y, 1, 5);
    b = __atomic_load_n(&x, 5);
}
static void ab(void)
{
    mc_outcome("%d%d", a, b);
}
static void mp0(void)
{
    x = 42;
    __atomic_store_n(&y, 1, RLX);
}
static void mp1(void)
{
    while (!__atomic_load_n(&y, RLX))
        mc_pause();
    a = x;
}
static void mq0(void)
{
    x = 42;
    __atomic_store_n(&y, 1, __ATOMIC_RELEASE);
}
static void mq1(void)
{
    while (!__atomic_load_n(&y, __ATOMIC_ACQUIRE))
        mc_pause();
    a = x;
}
static const mc_scenario s[] = {
    {.name = "sb", .thread = {sb0, sb1}, .check = ab, .bound = 3, .outcomes = "00; 01; 10; 11;"},
    {.name = "sb_sc", .thread = {sc0, sc1}, .check = ab, .bound = 3, .outcomes = "01; 10; 11;"},
    {.name = "mp", .thread = {mp0, mp1}, .check = ab, .bound = 3, .finds = "race"},
    {.name = "mq", .thread = {mq0, mq1}, .check = ab, .bound = 3, .outcomes = "420;"},
};
int main(int c, char **v)
{
    return mc_main(c, v, s, 4);
}
