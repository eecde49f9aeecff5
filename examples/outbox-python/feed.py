"""The feed over an outbox table: pages, lines and batches, as ../../spec/feed.md says."""
import hashlib
import json
import re
import time
from datetime import datetime, timezone
from urllib.parse import urlencode

MOST_EVENTS = 5000
MOST_BYTES = 4 << 20
TYPES = ("OrderPlaced",)
FACES = {
    "application/hal+json": "page",
    "application/json": "page",
    "application/x-ndjson": "lines",
    "application/cloudevents-batch+json": "batch",
}


class Refusal(Exception):
    def __init__(self, status, code, detail, **more):
        super().__init__(detail)
        self.status = status
        self.problem = {"type": f"urn:headwater:problem:{code}", "title": code, "status": status, "detail": detail, "code": code, **more}

    def body(self):
        return json.dumps(self.problem)


class Feed:
    def __init__(self, service, path, home, database):
        self.service, self.path, self.home, self.database = service, path, home, database
        connection = database.connect()
        self.log = connection.execute("select log from lineage").fetchone()[0]
        connection.close()

    def answer(self, below, query, headers):
        connection = self.database.connect()
        try:
            edition = hashlib.sha256(json.dumps([1, self.log, TYPES]).encode()).hexdigest()[:16]
            if below not in ("", "/"):
                return self.one(connection, below[1:])
            face, media_type = choose_face(headers.get("accept"))
            asked = Query(query)
            place = self.place(connection, asked)
            found = self.read(connection, asked, place)
            return self.render(found, face, media_type, edition, query, headers)
        finally:
            connection.close()

    def one(self, connection, name):
        if re.fullmatch(r"[0-9a-f]{16}/[0-9]+-[0-9]+", name):
            raise Refusal(410, "HW_EDITION_GONE", f"Nothing is kept by edition here. Go on from {self.path}?after=<your cursor>.")
        if not re.fullmatch(r"[1-9][0-9]{0,15}", name):
            raise Refusal(404, "HW_NO_SUCH_PAGE", f"Follow links from {self.path}.")
        rows = connection.execute(SELECT + " where position = ?", (int(name),)).fetchall()
        if not rows:
            raise Refusal(404, "HW_NO_SUCH_EVENT", f"No event at position {name}.")
        return 200, {"content-type": "application/cloudevents+json"}, self.event(rows[0], True)

    def place(self, connection, asked):
        """Position to begin behind; 409 when the cursor is of another log."""
        last = last_position(connection)
        after = asked.after
        if asked.last_event_id is not None:
            row = connection.execute("select position from outbox where id = ?", (asked.last_event_id,)).fetchone()
            if row is None:
                raise self.diverged(last)
            position = row[0]
        elif after in ("start", "end"):
            position = 0 if after == "start" else last
        else:
            position, _, event_id = after.partition(".")
            position = int(position)
            if position > last or (event_id and position > 0 and event_id != id_at(connection, position)):
                raise self.diverged(last)
        if asked.since is not None:
            position = max(position, before(connection, asked.since))
        return position

    def diverged(self, last):
        detail = "The cursor is of another log, or of a part that is no more."
        return Refusal(409, "HW_LOG_DIVERGED", detail, log=self.log, last=last, lineage=[{"log": self.log}])

    def read(self, connection, asked, place):
        deadline = time.monotonic() + asked.wait
        start = place
        while True:
            end = last_position(connection) if asked.until is None else before(connection, asked.until)
            found = self.range(connection, asked, start, place, max(end, place))
            left = deadline - time.monotonic()
            if found["events"] or found["to"] < end or left <= 0 or asked.limit == 0:
                return found
            place = found["to"]
            with self.database.changed:  # another process may write too: look again every 100 ms
                self.database.changed.wait(min(left, 0.1))

    def range(self, connection, asked, start, place, end):
        marks = ",".join("?" * len(asked.types or TYPES))
        rows, size, full = [], 0, asked.limit == 0
        if not full:
            sql = f"{SELECT} where position > ? and position <= ? and type in ({marks}) order by position limit ?"
            for row in connection.execute(sql, (place, end, *(asked.types or TYPES), asked.limit)):
                rows.append(self.event(row, not asked.types))
                size += len(rows[-1])
                last = row[0]
                full = len(rows) >= asked.limit or size >= MOST_BYTES
                if full:
                    break
        to = (last if rows else place) if full else end
        last_known = end if asked.until else last_position(connection)
        cursor = f"{to}.{id_at(connection, to)}" if to > 0 else "0"
        return {"from": start + 1, "to": to, "events": rows, "cursor": cursor, "atEnd": to >= last_known}

    def event(self, row, whole):
        position, event_id, kind, stream, version, occurred, recorded, data = row
        text = json.dumps
        # Every event of this outbox is shown, so the one before is the position before.
        previous = f',"previousposition":{position - 1}' if whole else ""
        return (
            f'{{"specversion":"1.0","id":{text(event_id)},"source":"/{self.service}","type":{text(kind)},"subject":{text(stream)}'
            f',"time":"{occurred}","datacontenttype":"application/json","position":{position}{previous}'
            f',"streamversion":{version},"schemaversion":1,"recordedtime":"{recorded}"'
            f',"correlationid":{text(event_id)},"causationid":{text(event_id)},"data":{data}}}'
        )

    def render(self, found, face, media_type, edition, query, headers):
        start, to, events = found["from"], found["to"], found["events"]
        kept = [(name, value) for name in ("type", "until", "limit", "wait") for value in query.get(name, [])]
        following = f"{self.path}?{urlencode([('after', found['cursor']), *kept])}"
        etag = f'"{edition}.{start}-{to}{".end" if found["atEnd"] else ""}.{face}"'
        said = {
            "content-type": media_type,
            "cache-control": "no-store",
            "vary": "accept, accept-encoding",
            "etag": etag,
            "headwater-log": self.log,
            "headwater-range": f"{start}-{to}",
            "headwater-cursor": found["cursor"],
            "headwater-at-end": "true" if found["atEnd"] else "false",
            "link": f'<{following}>; rel="next"',
        }
        if headers.get("if-none-match") == etag:
            return 304, said, ""
        covered = {"log": self.log, "from": start, "to": to, "count": len(events), "cursor": found["cursor"], "atEnd": found["atEnd"]}
        if face == "lines":
            return 200, said, "".join(f"{event}\n" for event in events) + json.dumps({"range": covered}, separators=(",", ":")) + "\n"
        listed = "[" + ",\n".join(events) + "]"
        if face == "batch":
            return 200, said, listed
        head = {"service": self.service, "view": "published", "edition": edition, **covered}
        head["_links"] = {
            "self": {"href": f"{self.path}?{urlencode([(k, v) for k, vs in query.items() for v in vs])}"},
            "first": {"href": f"{self.path}?after=start"},
            "next": {"href": following},
            "event": {"href": f"{self.path}/{{position}}", "templated": True},
            "home": {"href": self.home},
        }
        return 200, said, json.dumps(head)[:-1] + ',"events":' + listed + "}"


SELECT = "select position, id, type, stream, version, occurred, recorded, data from outbox"


class Query:
    def __init__(self, query):
        first = lambda name: (query.get(name) or [None])[0]
        self.after = first("after") or "start"
        if not re.fullmatch(r"start|end|\d{1,15}(\..{1,200})?", self.after):
            raise Refusal(400, "HW_CURSOR_MALFORMED", f'Expected a cursor like "1234.<event id>", got "{self.after}".')
        self.last_event_id = first("lastEventId")
        self.limit = int(min(number(first("limit"), "limit", 1000), MOST_EVENTS))
        timeout = first("timeout")
        wait = number(timeout, "timeout", 0) / 1000 if timeout else number(first("wait"), "wait", 0)
        self.wait = min(wait, 60)
        self.since, self.until = instant(first("since"), "since"), instant(first("until"), "until")
        names = [name for value in query.get("type", []) for name in value.split(",") if name]
        for name in names:
            if name not in ("*", *TYPES):
                raise Refusal(400, "HW_TYPE_NOT_SHOWN", f'Expected a type of this feed ({", ".join(TYPES)}), got "{name}".')
        self.types = [] if "*" in names else names


def number(text, name, otherwise):
    if text is None:
        return otherwise
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text):
        raise Refusal(400, "HW_PARAMETER_INVALID", f'Expected {name} to be a number, got "{text}".')
    return float(text)


def instant(text, name):
    """An RFC 3339 time, or a day, as the outbox writes times."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refusal(400, "HW_PARAMETER_INVALID", f'Expected {name} to be a time, got "{text}".') from None
    utc = parsed.astimezone(timezone.utc) if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def choose_face(accept):
    best = (0.0, None)
    for media_type, face in FACES.items():
        q = quality(accept or "*/*", media_type)
        if q > best[0]:
            best = (q, (face, "application/hal+json" if face == "page" else media_type))
    if best[1] is None:
        raise Refusal(406, "HW_NOT_ACCEPTABLE", f'Expected Accept to name one of {", ".join(FACES)}, got "{accept}".')
    return best[1]


def quality(accept, media_type):
    ranges = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        ranges[name] = next((float(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    for name in (media_type, media_type.split("/")[0] + "/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0


def last_position(connection):
    return connection.execute("select coalesce(max(position), 0) from outbox").fetchone()[0]


def before(connection, recorded):
    return connection.execute("select coalesce(max(position), 0) from outbox where recorded < ?", (recorded,)).fetchone()[0]


def id_at(connection, position):
    row = connection.execute("select id from outbox where position = ?", (position,)).fetchone()
    return row[0] if row else None
