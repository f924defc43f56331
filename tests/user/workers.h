/* SPDX-License-Identifier: MIT */
/* workers.h - what is in the other source and in the library of workers.cpp. */
#ifndef USER_WORKERS_H
#define USER_WORKERS_H

#ifdef __cplusplus
#include <string>
std::string linked_behind();
extern "C" {
#endif

__attribute__((visibility("default"))) int library_task(const void *arg, void *result);
/* What the library is told if it makes an executor itself. */
__attribute__((visibility("default"))) int library_makes(void);
__attribute__((visibility("default"))) int plugin_task(const void *arg, void *result);

#ifdef __cplusplus
}
#endif
#endif
