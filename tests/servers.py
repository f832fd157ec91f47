"""A web server on this machine that plays a real one, with every fault that those have."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Fault:
    """One answer other than the whole file.

    status, headers, body: an answer of its own. cut: bytes after which the connection ends.
    stall: seconds of silence after `cut` bytes. length: a Content-Length that is not true.
    drip: seconds between single bytes.
    """

    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    stall: float = 0.0
    length: int | None = None
    drip: float = 0.0


@dataclass
class Server:
    """Files by path; each request takes the next fault, if any is left."""

    files: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)
    etags: bool = True
    ranges: bool = True
    url: str = ""

    def etag(self, path: str) -> str:
        return f'"{hash(self.files[path]):x}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self._answer(head=True)

    def do_GET(self):
        self._answer(head=False)

    def _answer(self, head):
        server = self.server.plays
        path = self.path.split("?")[0]
        server.asked.append((path, dict(self.headers)))
        fault = server.faults.pop(0) if server.faults else Fault()
        if fault.status is not None:
            self._send(fault.status, fault.headers, fault.body, Fault(), head)
            return
        if path not in server.files:
            self._send(404, {"Content-Type": "text/plain"}, b"not here", Fault(), head)
            return
        body, status = server.files[path], 200
        headers = {"Content-Type": server.types.get(path, "application/octet-stream")}
        headers |= server.headers
        if server.etags:
            headers["ETag"] = server.etag(path)
        wanted = self.headers.get("Range")
        unchanged = self.headers.get("If-Range") in (None, headers.get("ETag"))
        if wanted and server.ranges and unchanged:
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                self._send(416, {"Content-Range": f"bytes */{len(body)}"}, b"", Fault(), head)
                return
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
        self._send(status, headers | fault.headers, body, fault, head)

    def _send(self, status, headers, body, fault, head):
        self.send_response(status)
        length = len(body) if fault.length is None else fault.length
        for name, value in ({"Content-Length": str(length)} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if head:
            return
        sent = body if fault.cut is None else body[: fault.cut]
        for block in (sent[at : at + 1] for at in range(len(sent))) if fault.drip else [sent]:
            self.wfile.write(block)
            self.wfile.flush()
            if fault.drip:
                time.sleep(fault.drip)
        if fault.stall:
            time.sleep(fault.stall)
        if fault.cut is not None or fault.length is not None:
            self.close_connection = True


@contextmanager
def serve():
    """Yield a Server that answers on 127.0.0.1 until the block ends."""
    server = Server()
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    web.daemon_threads = True
    web.handle_error = lambda *_: None  # a client that goes away is no fault here
    web.plays = server
    server.url = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        web.shutdown()
        web.server_close()
        thread.join()
