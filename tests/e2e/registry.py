"""A schema registry for tests: none of those that speak this API can be had as a package here, so this is a small one
of our own making, by the published reference of the API ("GET /schemas/ids/{id}", its error codes, its JSON). It can
be away, slow, broken or behind a password.
"""
import base64
import collections
import contextlib
import http.server
import json
import threading
import time

TYPE = "application/vnd.schemaregistry.v1+json"


class Registry:
    """mode: "well", or what it does instead of answering well. delay: seconds before each answer."""

    def __init__(self):
        self.answers = {}  # number -> JSON object
        self.asked = collections.Counter()
        self.mode, self.delay, self.login = "well", 0, None
        self.port = 0
        self._server = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def add(self, number, schema, **more):
        self.answers[number] = {"schema": schema if isinstance(schema, str) else json.dumps(schema), **more}

    def start(self):
        """On the port that it had before, if it had one."""
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                registry.answer(self)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    # ---- answers ----

    def answer(self, handler):
        if self.login and handler.headers.get("Authorization") != "Basic " + base64.b64encode(
                ":".join(self.login).encode()).decode():
            return send(handler, 401, {"error_code": 40101, "message": "Unauthorized"})
        time.sleep(self.delay)
        if self.mode != "well":
            return BROKEN[self.mode](handler)
        head, _, number = handler.path.rpartition("/")
        if head != "/schemas/ids" or not number.isdigit():
            return send(handler, 404, b"<html>Not Found</html>", "text/html")
        self.asked[int(number)] += 1
        if int(number) not in self.answers:
            return send(handler, 404, {"error_code": 40403, "message": f"Schema {number} not found"})
        return send(handler, 200, self.answers[int(number)])


def send(handler, status, body, content_type=TYPE, **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    with contextlib.suppress(ConnectionError):  # who asked may have gone
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


BROKEN = {
    "500": lambda handler: send(handler, 500, {"error_code": 50001, "message": "Error in the backend data store"}),
    "429": lambda handler: send(handler, 429, {"error_code": 42901, "message": "Too many requests"}),
    "garbage": lambda handler: send(handler, 200, b"\x00\x01 no JSON"),
    "an array": lambda handler: send(handler, 200, b"[]"),
    "no schema": lambda handler: send(handler, 200, {"id": 7}),
    "cut off": lambda handler: (handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"sch"),
                                handler.connection.close()),
    "no such page": lambda handler: send(handler, 404, b"<html>Not Found</html>", "text/html"),
    "no such version": lambda handler: send(handler, 404, {"error_code": 40402, "message": "Version not found"}),
    "elsewhere": lambda handler: send(handler, 302, b"", Location="http://127.0.0.1:1/schemas/ids/1"),
    "forbidden": lambda handler: send(handler, 403, {"error_code": 40301, "message": "Forbidden"}),
}
