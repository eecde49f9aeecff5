"""A small service in Python's standard library and SQLite that serves a feed (../../spec/feed.md).

An order and the event that tells of it are written in one transaction, the event into an outbox table. SQLite has one writer
at a time, so positions 1, 2, 3... are dense and in commit order. Run it: python3 orders.py [PORT [DATABASE]]
"""
import json
import sqlite3
import sys
import threading
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from feed import Feed, Refusal

SCHEMA = """
create table if not exists orders (id text primary key, customer text not null, amount_minor integer not null);
create table if not exists outbox (
  position integer primary key, id text not null unique, type text not null, stream text not null, version integer not null,
  occurred text not null, recorded text not null, data text not null, unique (stream, version));
create table if not exists lineage (log text not null);
"""


class Database:
    def __init__(self, path):
        self.path = path
        self.changed = threading.Condition()
        with self.connect() as connection:
            connection.executescript(SCHEMA)
            connection.execute("insert into lineage select ? where not exists (select 1 from lineage)", (str(uuid.uuid4()),))

    def connect(self):
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        connection.execute("pragma journal_mode = wal")
        return connection

    def place_order(self, customer, amount_minor):
        """The order and its event, or neither."""
        order = str(uuid.uuid4())
        connection = self.connect()
        try:
            connection.execute("begin immediate")  # the lock that orders positions, taken before the last one is read
            connection.execute("insert into orders values (?, ?, ?)", (order, customer, amount_minor))
            now = datetime.now(timezone.utc)
            connection.execute(
                "insert into outbox select coalesce(max(position), 0) + 1, ?, 'OrderPlaced', ?, 1, ?, ?, ? from outbox",
                (
                    str(uuid.uuid4()),
                    f"order-{order}",
                    now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z",
                    now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    json.dumps({"orderId": order, "customer": customer, "amountMinor": amount_minor}, separators=(",", ":")),
                ),
            )
            connection.execute("commit")
        finally:
            connection.close()
        with self.changed:
            self.changed.notify_all()
        return order


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            status, headers, body = self.answer()
        except Refusal as refusal:
            status, headers, body = refusal.status, {"content-type": "application/problem+json"}, refusal.body()
        self.send(status, headers, body)

    def answer(self):
        url = urlsplit(self.path)
        if url.path == "/":
            links = {"self": {"href": "/"}, "service": [{"name": "orders", "href": "/orders/"}]}
            return 200, {"content-type": "application/hal+json"}, json.dumps({"_links": links})
        if url.path == "/orders/":
            links = {"self": {"href": "/orders/"}, "home": {"href": "/"}, "events": {"href": "/orders/events"}}
            return 200, {"content-type": "application/hal+json"}, json.dumps({"service": "orders", "_links": links})
        if url.path == "/orders/events" or url.path.startswith("/orders/events/"):
            return self.server.feed.answer(url.path[len("/orders/events"):], parse_qs(url.query), self.headers)
        raise Refusal(404, "HW_NO_SUCH_PAGE", "Nothing here. Begin at /.")

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != "/orders/":
            refusal = Refusal(405, "HW_METHOD_NOT_ALLOWED", "Expected GET.")
            return self.send(405, {"content-type": "application/problem+json", "allow": "GET, HEAD"}, refusal.body())
        order = json.loads(body)
        placed = self.server.database.place_order(str(order["customer"]), int(order["amountMinor"]))
        self.send(201, {"content-type": "application/json"}, json.dumps({"orderId": placed}))

    def send(self, status, headers, body):
        content = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


def serve(port, path):
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.database = Database(path)
    server.feed = Feed("orders", "/orders/events", "/orders/", server.database)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 4600, sys.argv[2] if len(sys.argv) > 2 else "orders.sqlite")
