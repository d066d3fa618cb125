"""A registry that has one schema, by as much of Apicurio's API as its converter asks for."""
import contextlib
import http.server
import json
import threading

NUMBER = 1


@contextlib.contextmanager
def registry(schema):
    """Its URL; the schema is number 1."""
    answers = {f"/apis/registry/v2/ids/globalIds/{NUMBER}": schema, f"/apis/registry/v2/ids/globalIds/{NUMBER}/references": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers.get(self.path.split("?")[0])
            body = json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/apis/registry/v2"
    finally:
        server.shutdown()
        server.server_close()
