"""Serves one page. Edit this file, greeting.py or page.html while it runs under reloader."""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template

from greeting import greeting

PORT = int(os.environ.get("PORT", "8000"))
PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8")).substitute(greeting=greeting())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    try:
        server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    except OSError as error:
        sys.exit(f"cannot serve on port {PORT} ({error.strerror}): set PORT to another")
    print(f"The page is at http://127.0.0.1:{server.server_port}", flush=True)
    print("Edit config/sample/greeting.py or page.html, and watch.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(130)  # what a shell reports of a program that Ctrl-C ended


if __name__ == "__main__":
    main()
