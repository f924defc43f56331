#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The two jobs of the examples as Python programs do them, for comparison: fetch and thumbnails.

usage: originals.py fetch -o DIR [--threads N] URL...          multiprocessing.dummy, urllib
       originals.py thumbnails -o DIR [--processes N] PHOTO... multiprocessing, Pillow

Without a number: one after the other; --processes 0: as many as Pool() takes. The last line is that of fetch and
thumbnails. As in the programs whose habits these are, an error ends everything.
"""
import argparse
import multiprocessing
import multiprocessing.dummy
import os
import sys
import time
import urllib.request

from PIL import Image


def fetch(job):
    url, path = job
    with urllib.request.urlopen(url, timeout=30) as page, open(path, "wb") as file:
        return file.write(page.read())


def thumbnail(job):
    photo, path = job
    with Image.open(photo) as image:
        image.thumbnail((75, 75))
        image.save(path, "JPEG", quality=85)


def measure(function, jobs, make_pool):
    start = time.monotonic()
    if make_pool:
        with make_pool() as pool:
            results = pool.map(function, jobs)
            seconds = time.monotonic() - start
    else:
        results = list(map(function, jobs))
        seconds = time.monotonic() - start
    return results, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=["fetch", "thumbnails"])
    parser.add_argument("items", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--processes", type=int)
    o = parser.parse_args()
    os.makedirs(o.output, exist_ok=True)
    jobs = [(item, os.path.join(o.output, str(i))) for i, item in enumerate(o.items, 1)]
    if o.job == "fetch":
        pool = o.threads and (lambda: multiprocessing.dummy.Pool(o.threads))
        results, seconds = measure(fetch, jobs, pool)
        print(f"{len(jobs)} pages in {seconds:.3f} s, {sum(results)} bytes, {o.threads or 0} workers, 0 failed")
    else:
        workers = (o.processes or os.cpu_count()) if o.processes is not None else 0
        pool = workers and (lambda: multiprocessing.Pool(workers))
        results, seconds = measure(thumbnail, jobs, pool)
        rate = len(jobs) / seconds
        print(f"{len(jobs)} pictures in {seconds:.3f} s, {rate:.1f} pictures/s, {workers} workers, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
