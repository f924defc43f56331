/* SPDX-License-Identifier: MIT */
/* plugin.c - a function that one rank alone has loaded. */
int in_plugin(const void *arg, void *result);

int in_plugin(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}
