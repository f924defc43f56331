/* SPDX-License-Identifier: MIT */
/*
 * words.c - counts the words of text files, all files at the same time, with a library that can do one at a time.
 *
 *     words [-p PROCESSES] [-t SECONDS] FILE...
 *
 * hsearch(3) of the C library has one table for the whole process: threads could not use it side by side. Here each file is a
 * task of weft_executor_processes, and each worker process has a table of its own. A file of which a worker dies, or that
 * takes longer than SECONDS, is one line of the output; the others are counted.
 *
 * Output, a line for each file in the order of the command line: words, different words, name; or the name and why not.
 * Exit status: 0, 1 if a file could not be counted, 2 for a wrong command line.
 */
#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft/process.h>

struct counts {
    unsigned long words, different;
};

/* ---- in a worker process ------------------------------------------------------------------------- */

/* All of it, ended by a 0; NULL: errno says why. */
static char *read_all(const char *name, size_t *bytes)
{
    FILE *file = fopen(name, "r");
    size_t room = 0, got = 1;
    char *text = NULL, *more;
    *bytes = 0;
    while (file && got && (more = realloc(text, room = 2 * room + 4096)) != NULL) {
        text = more;
        while (*bytes < room - 1 && (got = fread(text + *bytes, 1, room - 1 - *bytes, file)) != 0)
            *bytes += got;
    }
    int failed = !file || got || ferror(file) ? errno : 0;
    if (file)
        (void)fclose(file);
    if (!failed) {
        text[*bytes] = 0;
        return text;
    }
    free(text);
    errno = failed;
    return NULL;
}

/* The next word behind `at`, in small letters and ended by a 0 in its place, which the table needs. */
static char *next_word(char **at, const char *end)
{
    char *from = *at;
    while (from < end && !isalnum((unsigned char)*from))
        from++;
    char *to = from;
    for (; to < end && isalnum((unsigned char)*to); to++)
        *to = (char)tolower((unsigned char)*to);
    *to = 0;
    *at = to < end ? to + 1 : to;
    return to > from ? from : NULL;
}

static void count(char *text, size_t bytes, struct counts *counts)
{
    const char *end = text + bytes;
    char *word;
    while ((word = next_word(&text, end)) != NULL && !weft_should_stop()) {
        ENTRY entry = {.key = word};
        counts->words++;
        if (!hsearch(entry, FIND))
            counts->different += hsearch(entry, ENTER) != NULL;
    }
}

/* The task: from a name to counts. */
static int count_file(const void *name, void *result)
{
    size_t bytes;
    char *text = read_all(name, &bytes);
    if (!text)
        return weft_fail(-errno, "%s", strerror(errno));
    int made = hcreate(bytes / 2 + 1);
    if (made) {
        count(text, bytes, result);
        hdestroy();
    }
    free(text);
    return made ? 0 : weft_fail(-ENOMEM, "no memory for a table");
}

/* ---- in the program ------------------------------------------------------------------------------ */

static int submit(weft_executor *counters, const char *name, weft_future **future)
{
    const weft_task_spec spec = {.size = sizeof spec,
                                 .fn2 = count_file,
                                 .arg = (char *)name,
                                 .arg_bytes = strlen(name) + 1,
                                 .result_bytes = sizeof(struct counts),
                                 .label = name};
    return weft_submit_task(counters, &spec, future);
}

static int show(weft_future *future)
{
    int status, err = weft_future_get(future, &status);
    const struct counts *counts = weft_future_result(future);
    if (err || status)
        printf("%s: %s\n", weft_future_label(future), err ? weft_strerror(err) : weft_future_error(future));
    else
        printf("%9lu %9lu %s\n", counts->words, counts->different, weft_future_label(future));
    return err || status;
}

static int count_all(weft_executor *counters, char **names, int n)
{
    weft_future **futures = calloc((size_t)n, sizeof *futures);
    int failed = !futures;
    for (int i = 0; futures && i < n; i++) {
        int err = submit(counters, names[i], &futures[i]);
        if (err)
            printf("%s: %s\n", names[i], weft_strerror(err));
        failed |= err != 0;
    }
    for (int i = 0; futures && i < n; i++) {
        if (futures[i])
            failed |= show(futures[i]);
        weft_future_release(futures[i]);
    }
    free(futures);
    return failed;
}

static int usage(void)
{
    fputs("usage: words [-p PROCESSES] [-t SECONDS] FILE...\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    weft_processes_config config = {.size = sizeof config, .name = "words"};
    weft_executor *counters;
    int option;
    while ((option = getopt(argc, argv, "p:t:")) != -1)
        if (option == 'p')
            config.processes = atoi(optarg);
        else if (option == 't')
            config.time_limit_ns = atoll(optarg) * 1000000000;
        else
            return usage();
    if (optind == argc)
        return usage();
    int err = weft_executor_processes(&counters, &config);
    if (err) {
        fprintf(stderr, "words: %s\n", weft_strerror(err));
        return 2;
    }
    int failed = count_all(counters, argv + optind, argc - optind);
    (void)weft_executor_destroy(counters);
    return failed;
}
