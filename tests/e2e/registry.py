"""A schema registry for tests: none of those that speak this API can be had as a package here, so this is a small one
of our own making, by the published reference of the API (its paths, its error codes, its JSON). It can be away, slow, broken or behind a
password.
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
        self.subjects = {}  # subject -> schema -> number
        self.mode, self.delay, self.login = "well", 0, None
        self.port = 0
        self._server = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def register(self, subject, schema):
        """The number of a schema under a subject, which it gets if it has none."""
        known = self.subjects.setdefault(subject, {})
        if schema not in known:
            known[schema] = 1 + max(self.answers, default=0)
            self.add(known[schema], schema)
        return known[schema]

    def add(self, number, schema, **more):
        self.answers[number] = {"schema": schema if isinstance(schema, str) else json.dumps(schema), **more}

    def start(self):
        """On the port that it had before, if it had one."""
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                registry.answer(self)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                registry.answer(self, body)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    # ---- answers ----

    def answer(self, handler, body=None):
        if self.login and handler.headers.get("Authorization") != "Basic " + base64.b64encode(
                ":".join(self.login).encode()).decode():
            return send(handler, 401, {"error_code": 40101, "message": "Unauthorized"})
        time.sleep(self.delay)
        if self.mode != "well":
            return BROKEN[self.mode](handler)
        if body is not None:
            return self.answer_post(handler, handler.path.split("/")[1:], body["schema"])
        head, _, number = handler.path.rpartition("/")
        if head != "/schemas/ids" or not number.isdigit():
            return send(handler, 404, b"<html>Not Found</html>", "text/html")
        self.asked[int(number)] += 1
        if int(number) not in self.answers:
            return send(handler, 404, {"error_code": 40403, "message": f"Schema {number} not found"})
        return send(handler, 200, self.answers[int(number)])


    def answer_post(self, handler, path, schema):
        """A look-up, or with /versions a registration."""
        assert handler.headers["Content-Type"] == TYPE
        if path[0] != "subjects" or path[2:] not in ([], ["versions"]):
            return send(handler, 404, b"<html>Not Found</html>", "text/html")
        self.asked["/".join(path)] += 1
        if path[2:]:
            return send(handler, 200, {"id": self.register(path[1], schema)})
        if path[1] not in self.subjects:
            return send(handler, 404, {"error_code": 40401, "message": "Subject not found"})
        if schema not in self.subjects[path[1]]:
            return send(handler, 404, {"error_code": 40403, "message": "Schema not found"})
        return send(handler, 200, {"subject": path[1], "id": self.subjects[path[1]][schema], "version": 1, "schema": schema})


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
    "incompatible": lambda handler: send(handler, 409, {"error_code": 409, "message": "Schema being registered is "
                                                        "incompatible with an earlier schema"}),
    "forbidden": lambda handler: send(handler, 403, {"error_code": 40301, "message": "Forbidden"}),
}
