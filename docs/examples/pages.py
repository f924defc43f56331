# SPDX-License-Identifier: MIT
"""pages.py - a server on loopback whose pages take their time: something to fetch without a network.

    with Pages(mean=1.1) as pages:
        for url in pages.urls: ...

Paths: /1 to /13, each after a delay of its own; /missing: 404; /short: ends before its length;
/hang: no answer; /moved: redirects to /1; /all/N: answers when N of these have been asked for.
"""
import http.server
import os
import threading
import time

os.environ["no_proxy"] = "127.0.0.1"  # for this process and those that it starts

# For a mean of 1: from less than half of it to nearly twice.
DELAYS = (0.55, 1.36, 0.82, 1.09, 0.64, 1.73, 0.73, 0.91, 1.27, 0.45, 1.18, 1.0, 1.27)


def body(number):
    """Uneven lengths, from a line to many packets, and no page looks like another."""
    return b"".join(b"page %d, line %d\n" % (number, line) for line in range(number**3))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open for the next page
    disable_nagle_algorithm = True  # else a page waits there for the acknowledgement of its header

    def setup(self):
        super().setup()
        self.server.count(connections=1)

    def do_GET(self):
        path = self.path[1:]
        if path in self.server.bodies:
            self.server.count(asked=1)
            time.sleep(self.server.mean * DELAYS[int(path) - 1])
            self.server.count(asked=-1)
            self.answer(self.server.bodies[path])
        elif path.startswith("all/"):
            self.server.meet(int(path[4:]))
            self.answer(b"all are here\n")
        elif path == "short":
            self.answer(b"half of it\n", 22)
            self.close_connection = True
        elif path == "hang":
            self.rfile.read(1)  # until the client gives up
            self.close_connection = True
        elif path == "moved":
            self.answer(b"", status=302, Location="/1")
        else:
            self.answer(b"no such page\n", status=404)

    def answer(self, data, length=None, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        pass


class Pages(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # the default of 5 makes clients that come together wait a second for another try

    def __init__(self, mean):
        super().__init__(("127.0.0.1", 0), Handler)
        self.mean = mean
        self.bodies = {str(i): body(i) for i in range(1, len(DELAYS) + 1)}
        self.urls = [self.url(path) for path in self.bodies]
        self.changed = threading.Condition()
        self.reset()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def reset(self):
        self.connections = self.asked = self.most_asked = self.met = 0

    def count(self, connections=0, asked=0):
        with self.changed:
            self.connections += connections
            self.asked += asked
            self.most_asked = max(self.most_asked, self.asked)

    def meet(self, n):
        with self.changed:
            self.met += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.met >= n)

    def handle_error(self, request, client_address):
        pass  # a client that gave up

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.shutdown()
        self.thread.join()
        self.block_on_close = False  # who still waits for others goes with the process
        self.server_close()
