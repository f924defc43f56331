/* SPDX-License-Identifier: MIT */
/*
 * fetch - fetches a list of URLs: the same map as that of thumbnails, for a job that waits instead of computing.
 *
 * - One weft_parallel_map on the default pool, which finds out by itself that its workers wait. It collects: an URL
 *   that fails is told in its line, the others are fetched.
 * - A handle of libcurl is worker-local. It keeps connections, TLS sessions and host names for its next URL; with one for
 *   each item all of them would be lost, and several threads may not share connections (CURLSHOPT_SHARE). A worker that
 *   waits in its handle keeps it: who takes its place meanwhile has another one.
 * - No signals: timeouts need none where libcurl resolves names in threads, as that of Debian does.
 */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/weft.h>

#include "job.h"
#include "new_file.h"

static const char help[] =
    "usage: fetch [options] URL...\n"
    "Fetches each URL (http, https) and prints a line for it: bytes, seconds, what went wrong.\n"
    "\n"
    "  -i, --input FILE     more URLs, one a line, # begins a comment; -: standard input\n"
    "  -o, --output DIR     where the pages go, as 1, 2, ... in the order of the list; is created\n"
    "      --timeout-ms N   for one URL, from its name to its last byte (30000)\n"
    "      --workers N      threads that work; 0: the default pool (0)\n"
    "      --serial         no pool: one after the other\n"
    "      --quiet          print nothing but what failed\n"
    "      --help           this text\n"
    "\n"
    "Exit status: 0 all fetched; 1 some failed; 2 nothing was begun.\n";

struct options {
    const char *input, *output;
    long timeout_ms;
    int workers;
    bool quiet;
};

struct urls {
    char **at;
    size_t n, room;
};

/* What became of one. */
struct page {
    curl_off_t bytes;
    double seconds;
    char error[CURL_ERROR_SIZE]; /* empty: nothing */
};

/* What all items share. */
struct run {
    weft_local *handles; /* a CURL * for each worker */
    char **urls;         /* all of them: where one lies says which it is */
    int output;          /* the directory; -1: none */
    long timeout_ms;
    struct job_progress progress;
};

/* ---- the parallel part ---- */

/* Where a page goes to. */
struct sink {
    struct new_file file; /* none if file.fd is -1 */
    int error;            /* errno, if it could not be written */
};

static size_t take(char *data, size_t one, size_t bytes, void *to)
{
    struct sink *sink = to;
    if (sink->file.fd < 0 || !new_file_write(&sink->file, data, bytes))
        return one * bytes;
    sink->error = errno;
    return 0;
}

static void prepare(CURL *curl, const char *url, const struct run *run, struct sink *sink, char *error)
{
    curl_easy_reset(curl); /* the options; connections stay */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, run->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
}

static int fail(struct page *page, const char *what, const char *why)
{
    snprintf(page->error, sizeof page->error, "%s%s", what, why);
    return -1;
}

static int fetch(CURL *curl, const char *url, const struct run *run, struct sink *sink, struct page *page)
{
    char error[CURL_ERROR_SIZE] = "";
    prepare(curl, url, run, sink, error);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &page->bytes);
    if (sink->error)
        return fail(page, "cannot write the page: ", strerror(sink->error));
    if (code)
        return fail(page, *error ? error : curl_easy_strerror(code), "");
    return 0;
}

static int fetch_to_file(CURL *curl, char *const *url, const struct run *run, struct page *page)
{
    char name[32];
    struct sink sink = {.file.fd = -1};
    if (run->output < 0)
        return fetch(curl, *url, run, &sink, page);
    if (new_file_open(&sink.file, run->output))
        return fail(page, "cannot write the page: ", strerror(errno));
    snprintf(name, sizeof name, "%td", url - run->urls + 1);
    int err = fetch(curl, *url, run, &sink, page);
    if (new_file_close(&sink.file, err ? NULL : name) && !err)
        err = fail(page, "cannot write the page: ", strerror(errno));
    return err;
}

/* One item of the map. in: a URL; out: a struct page. */
static int fetch_item(void *out, const void *in, void *ctx)
{
    struct page *page = out;
    struct run *run = ctx;
    double start = job_now();
    CURL **curl = weft_local_get(run->handles);
    int err = curl ? fetch_to_file(*curl, in, run, page) : fail(page, "out of memory", "");
    page->seconds = job_now() - start;
    job_progress_step(&run->progress);
    return err;
}

static int make_handle(void *handle, void *ctx)
{
    (void)ctx;
    CURL *curl = curl_easy_init();
    *(CURL **)handle = curl;
    return curl ? 0 : -1;
}

static void free_handle(void *handle, void *ctx)
{
    (void)ctx;
    curl_easy_cleanup(*(CURL **)handle);
}

static int fetch_all(weft_pool *pool, const struct urls *urls, struct run *run, struct page *pages)
{
    int err = weft_local_create(
        &run->handles, pool,
        WEFT_LOCAL_CONFIG(.bytes = sizeof(CURL *), .init = make_handle, .fini = free_handle));
    if (err)
        return err;
    err = weft_parallel_map(pool, fetch_item, urls->at, sizeof *urls->at, pages, sizeof *pages, urls->n,
                            WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .ctx = run));
    weft_local_destroy(run->handles);
    return err;
}

/* ---- before it ---- */

static void add(struct urls *urls, const char *url)
{
    if (urls->n == urls->room) {
        urls->room = urls->room ? 2 * urls->room : 64;
        urls->at = reallocarray(urls->at, urls->room, sizeof *urls->at);
    }
    if (!urls->at || !(urls->at[urls->n++] = strdup(url)))
        job_die("%s", strerror(ENOMEM));
}

static void add_file(struct urls *urls, const char *path)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
    char *line = NULL;
    size_t room = 0;
    errno = file ? 0 : errno;
    while (file && getline(&line, &room, file) > 0) {
        char *url = line + strspn(line, " \t\r\n");
        url[strcspn(url, " \t\r\n")] = '\0';
        if (*url && *url != '#')
            add(urls, url);
    }
    if (!file || ferror(file))
        job_die("cannot read %s: %s", path, strerror(errno));
    free(line);
    if (file != stdin)
        fclose(file);
}

static struct options parse(int argc, char **argv)
{
    static const struct option known[] = {{"input", 1, NULL, 'i'},      {"output", 1, NULL, 'o'},
                                          {"timeout-ms", 1, NULL, 't'}, {"workers", 1, NULL, 'w'},
                                          {"serial", 0, NULL, '1'},     {"quiet", 0, NULL, 'q'},
                                          {"help", 0, NULL, 'h'},       {NULL, 0, NULL, 0}};
    struct options o = {.timeout_ms = 30000};
    for (int c; (c = getopt_long(argc, argv, "i:o:", known, NULL)) != -1;) {
        if (c == 'i')
            o.input = optarg;
        else if (c == 'o')
            o.output = optarg;
        else if (c == 't')
            o.timeout_ms = job_number("timeout-ms", optarg, 1, 86400000);
        else if (c == 'w')
            o.workers = (int)job_number("workers", optarg, 0, WEFT_WORKERS_MAX);
        else if (c == '1')
            o.workers = WEFT_NONE;
        else if (c == 'q')
            o.quiet = true;
        else if (c == 'h')
            exit(fputs(help, stdout) < 0 ? 2 : 0);
        else
            exit(2); /* getopt said why */
    }
    return o;
}

/* ---- after it ---- */

static size_t print_lines(const struct options *o, const struct urls *urls, const struct page *pages,
                          curl_off_t *bytes)
{
    size_t failed = 0;
    for (size_t i = 0; i < urls->n; i++) {
        const char *error = pages[i].error;
        *bytes += pages[i].bytes;
        failed += *error != '\0';
        if (*error || !o->quiet)
            printf("%8" CURL_FORMAT_CURL_OFF_T " bytes %8.3f s  %s%s%s\n", pages[i].bytes, pages[i].seconds,
                   urls->at[i], *error ? ": " : "", error);
    }
    return failed;
}

/* Makes the pool, runs it over the URLs, reports; returns how many failed. */
static size_t run_and_report(const struct options *o, const struct urls *urls, int output)
{
    struct run run = {
        .urls = urls->at, .output = output, .timeout_ms = o->timeout_ms, .progress = {.n = urls->n}};
    struct page *pages = calloc(urls->n, sizeof *pages);
    if (!pages)
        job_die("%s", strerror(errno));

    job_progress_begin(&run.progress, o->quiet);
    double start = job_now();
    weft_pool *pool = job_pool(o->workers);
    int err = fetch_all(pool, urls, &run, pages);
    double seconds = job_now() - start;
    if (err && err != WEFT_EITEM)
        job_die("%s", weft_strerror(err));
    int workers = weft_pool_workers(pool);
    weft_pool_destroy(pool);
    job_progress_end(&run.progress);

    curl_off_t bytes = 0;
    size_t failed = print_lines(o, urls, pages, &bytes);
    if (!o->quiet)
        printf("%zu pages in %.3f s, %" CURL_FORMAT_CURL_OFF_T " bytes, %d workers, %zu failed\n", urls->n,
               seconds, bytes, workers, failed);
    free(pages);
    return failed;
}

int main(int argc, char **argv)
{
    struct options o = parse(argc, argv);
    struct urls urls = {0};
    for (int i = optind; i < argc; i++)
        add(&urls, argv[i]);
    if (o.input)
        add_file(&urls, o.input);
    if (!urls.n)
        job_die("no URLs; --help tells more");
    int output = o.output ? job_output(o.output) : -1;
    signal(SIGPIPE,
           SIG_IGN); /* CURLOPT_NOSIGNAL leaves that to us: a server may hang up while we write to it */
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) /* before there are threads */
        job_die("libcurl does not start");
    size_t failed = run_and_report(&o, &urls, output);
    curl_global_cleanup();
    if (output >= 0)
        close(output);
    while (urls.n)
        free(urls.at[--urls.n]);
    free(urls.at);
    if (fflush(stdout) || ferror(stdout))
        job_die("cannot write: %s", strerror(errno));
    return failed ? 1 : 0;
}
