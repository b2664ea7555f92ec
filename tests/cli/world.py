#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A web server that knows what it gives, and what a run may leave behind.

Every reply is made of its path alone, so a file that was kept says itself
what it should hold: each body but the empty one begins with its path. What
was asked for, and when the reply had left, is counted for each path and run.
"""
import asyncio
import functools
import gzip
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

import warc

HOSTILE = (
    "%1b%5b31mred", "%0d%0aSet-Cookie:a=b", "..%2f..%2fescape", ".bashrc",
    "-rf", "con", "a%00b", "%c2%9b31m", "x" * 200, "%ff%fe", "...", "a;b|c",
    "%7f", "%e2%80%ae-rtl", "~", "p.part", "trailing.", "CON.txt",
)


# A log of its own SQLite has where it is killed at the very first commit.
PIECE = 64 << 10		# of a long body
STATE = ("state", "state-wal", "state-journal")


class Bad(Exception):
    pass


def need(true, what):
    if not true:
        raise Bad(what)


# --- what is served

KINDS = ("big", "chunked", "empty", "fail", "hop", "flaky", "cut", "hostile")


def kind_of(i):
    """Of the i-th URL of a list."""
    if i % 100 == 7:
        return "big"
    return {3: "chunked", 11: "empty", 23: "fail", 31: "hop", 37: "flaky",
            41: "cut", 43: "hostile", 47: "again", 53: "bad",
            }.get(i % 60, "page")


def path_of(i):
    kind = kind_of(i)
    if kind == "again":
        return path_of(i - 1)
    if kind == "hostile":
        return f"/hostile/{i}/{HOSTILE[i // 60 % len(HOSTILE)]}"
    return f"/{kind}/{i}"


@functools.lru_cache(200)
def body_of(path):
    """None: nothing good is given under that path."""
    kind = path.split("/")[1]
    if kind == "empty":
        return b""
    if kind in ("fail", "cut", "hop"):
        return None
    seed = hashlib.sha256(path.encode()).digest()
    start = path.encode() + b"\n"
    size = 200 + seed[0] * 8
    if kind == "big":
        size += 2500 << 10
    return start + (seed * (size // len(seed) + 1))[:size]


class Run:
    """A fetchall, $FETCHALL, in a place; up to its end or its kill."""

    def __init__(self, place, arguments, begin=None, **environment):
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [os.environ["FETCHALL"], *place.options(), *arguments, "list"],
            cwd=place.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.err, preexec_fn=begin,
            env=dict(os.environ, **environment))

    def end(self, seconds):
        """Its status; None: it was killed, as it took longer than that."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.killed_at = time.monotonic()
        self.err.seek(0)
        self.said = self.err.read()
        self.err.close()
        check_clean(self.said, "standard error")
        return None if status == -signal.SIGKILL else status


class Server:
    """In a thread of its own. `delay` is waited before each reply."""

    def __init__(self, delay=0.0):
        self.delay = delay
        self.lock = threading.Lock()
        self.asked = {}		# path: how often, ever
        self.ranges = 0		# how often a body was gone on with
        self.log = []		# [path, when its reply had left or None]
        self.ready = threading.Event()
        threading.Thread(target=self.main, daemon=True).start()
        self.ready.wait(10)

    def main(self):
        # That a client was killed is no news.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.connection, "127.0.0.1", 0,
                                            backlog=1000)
        self.url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        self.ready.set()
        async with server:
            await server.serve_forever()

    def take_log(self):
        """What was asked for since this was called last."""
        with self.lock:
            log, self.log = self.log, []
        return log

    def forget(self):
        """As if it had just begun."""
        with self.lock:
            self.asked.clear()
            self.log = []

    async def connection(self, reader, writer):
        try:
            while await self.exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        row = [path, None]
        with self.lock:
            self.asked[path] = n = self.asked.get(path, 0) + 1
            self.log.append(row)
        if self.delay:
            await asyncio.sleep(self.delay)
        keep = True
        if path.startswith("/big/"):
            await self.drip(writer, path, head)
        else:
            keep = self.reply(writer, path, n, b"gzip" in head)
        await writer.drain()
        row[1] = time.monotonic()
        return keep

    def reply(self, writer, path, n, packs):
        kind = path.split("/")[1]
        if kind == "flaky" and n == 1:
            self.send(writer, "503 Later", b"later\n")
        elif kind == "fail":
            self.send(writer, "404 \x1b[31mNone\x07", b"none\n")
        elif kind == "hop":
            self.send(writer, "302 Found", b"", "Location: /page/landed" +
                      path.replace("/", "-") + "\r\n")
        elif kind == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" +
                         path.encode() + b"\n")
            return False
        elif kind == "chunked":
            self.send_chunks(writer, body_of(path))
        elif packs:
            self.send(writer, "200 OK", gzip.compress(body_of(path), 1),
                      "Content-Encoding: gzip\r\n")
        else:
            self.send(writer, "200 OK", body_of(path))
        return True

    async def drip(self, writer, path, head):
        """Long enough to be killed within, and to be gone on with."""
        body = body_of(path)
        asked = re.search(rb"(?i)\r\nrange: bytes=(\d+)-\r\n", head)
        start = int(asked[1]) if asked and b'"%b"' % path.encode() in head \
            else 0
        extra = f'ETag: "{path}"\r\n'
        if start:
            self.ranges += 1
            extra += (f"Content-Range: bytes {start}-{len(body) - 1}/"
                      f"{len(body)}\r\n")
        self.send(writer, "206 Part" if start else "200 OK", body[start:],
                  extra, head_only=True)
        for at in range(start, len(body), PIECE):
            writer.write(body[at:at + PIECE])
            await writer.drain()
            await asyncio.sleep(0.01)

    HEADERS = ("Content-Type: text/\x1b]0;title\x07plain\x9b31m\r\n"
               "Content-Disposition: attachment; filename=\"../../\x1b[2J\""
               "\r\nLast-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\n")

    def send(self, writer, status, body, extra="", head_only=False):
        writer.write((f"HTTP/1.1 {status}\r\n{self.HEADERS}{extra}"
                      f"Content-Length: {len(body)}\r\n\r\n")
                     .encode("latin-1") + (b"" if head_only else body))

    def send_chunks(self, writer, body):
        writer.write((f"HTTP/1.1 200 OK\r\n{self.HEADERS}"
                      "Transfer-Encoding: chunked\r\n\r\n").encode("latin-1"))
        for at in range(0, len(body), 100):
            piece = body[at:at + 100]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        writer.write(b"0\r\n\r\n")


# --- what was left behind

def check_clean(data, what):
    """No byte of it moves a cursor, or begins to."""
    text = data.decode("utf-8", "strict")
    found = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    need(not found, f"{what} has a control character: {found!r}")


class Place:
    """The folder that a run works in: what it may hold, and what it holds.
    `small` is an output that is in a folder of its own there; with `parts`
    bodies that were cut off are gone on with, which no archive takes."""

    def __init__(self, server, urls, folder, small=None, parts=False):
        self.small, self.parts = small, parts
        self.server = server
        self.folder = folder
        self.urls = urls	# the list: numbers of URLs
        self.replaced = False	# the state knows of another file of records
        self.whole = 0		# of the archive, looked at
        self.sum = hashlib.sha1()
        os.makedirs(folder)
        with open(self.at("list"), "w", encoding="ascii") as file:
            for i in urls:
                file.write("http://[bad\n" if kind_of(i) == "bad" else
                           server.url + path_of(i) + "\n")

    def name(self, name):
        if self.small and name.startswith(self.small):
            return os.path.join("small", name)
        return name

    def at(self, name):
        return os.path.join(self.folder, self.name(name))

    def options(self):
        return ["--location", "--no-progress", "-O", "--output-dir",
                self.name("out"), "--state", self.name("state"), "--results",
                self.name("results")] + (["--continue"] if self.parts else
                                         ["--warc-file", self.name("a")])

    def marks(self):
        """What the state says: how far each output is whole, and in which
        of its files. It is read from a copy, as reading writes."""
        if not os.path.exists(self.at("state")):
            return {}
        with tempfile.TemporaryDirectory() as folder:
            for name in STATE:
                if os.path.exists(self.at(name)):
                    shutil.copy(self.at(name), folder)
            base = sqlite3.connect(os.path.join(folder, "state"))
            try:
                replaced = base.execute("SELECT replaceable FROM run")
                self.replaced = bool(replaced.fetchone()[0])
                return {name: (number, offset) for name, number, offset in
                        base.execute("SELECT name, number, \"offset\" "
                                     "FROM marks")}
            except sqlite3.OperationalError:
                return {}	# killed before there was a table
            finally:
                base.close()

    def check_files(self, parts=False):
        """P3, P8: whatever has a name is whole, below the folder. With
        `parts` there may be beginnings, too, under names that say so."""
        files = set()
        for folder, _, names in os.walk(self.at("out")):
            for name in names:
                path = os.path.join(folder, name)
                need(os.path.isfile(path) and not os.path.islink(path),
                     f"{path!r} is no file")
                check_clean(os.fsencode(path), "a name")
                with open(path, "rb") as file:
                    body = file.read()
                if parts and name.endswith(".part"):
                    self.check_body(path, body, whole=False)
                elif not (parts and name.startswith("@from-")):
                    self.check_body(path, body)
                    files.add(path)
        return files

    def check_body(self, path, body, whole=True):
        if body == b"":
            need("/empty/" in path or not whole, f"{path!r} is empty")
            return
        asked = body.split(b"\n", 1)[0].decode("latin-1")
        need(asked in self.server.asked, f"{path!r} was never asked for")
        should = body_of(asked)
        need(body == should or not whole and should.startswith(body),
             f"{path!r} is not what was sent: {len(body)} bytes")

    def check_folder(self, also=()):
        left = {name for name in os.listdir(self.folder)
                if not re.fullmatch(r"a-\d{5}\.warc\.gz", name)}
        left = left - set(also) - {
            "out", "list", "results", "a.warc.gz", "a.cdxj", "small", *STATE}
        need(not left, f"nobody asked for {left}")

    def records(self, whole):
        """P4: those up to the mark; behind them only the last one may be
        torn. The seqs whose final record the state knows of."""
        path = self.at("results")
        # Killed when the state was told of the new file, not yet renamed.
        if self.replaced and os.path.exists(path + ".retry"):
            path += ".retry"
        with open(path, "rb") as file:
            data = file.read()
        need(len(data) >= whole, "records are missing: "
             f"{len(data)} of {whole} bytes")
        need(whole == 0 or data[whole - 1:whole] == b"\n",
             "the mark is inside a record")
        check_clean(data, "the file of records")
        for line in data.split(b"\n")[:-1]:
            record = json.loads(line)
            if record["ok"]:
                self.check_claim(record)
        return [json.loads(line) for line in data[:whole].split(b"\n")[:-1]]

    def archive_files(self):
        found = []
        for name in "a.warc.gz", *(f"a-{i:05}.warc.gz" for i in range(1000)):
            if os.path.exists(self.at(name)):
                found.append(self.at(name))
        return found

    def check_archive(self, number, offset):
        """What is new in it up to the mark; what was before is as it was."""
        paths = self.archive_files()[:number + 1]
        data = b""
        for path in paths:
            last = path == paths[number]
            with open(path, "rb") as file:
                part = file.read(offset) if last else file.read()
            need(len(part) == offset or not last, f"{path} is too short")
            data += part
        whole = len(data)
        need(whole >= self.whole, "the archive is shorter than it was")
        need(hashlib.sha1(data[:self.whole]).digest() == self.sum.digest(),
             "the archive was changed")
        for _ in warc.gzip_members(data[self.whole:whole]):
            pass
        self.sum.update(data[self.whole:whole])
        self.whole = whole

    def check_killed(self, also=()):
        """Between two runs. The seqs that are settled."""
        marks = self.marks()
        self.check_files(self.parts)
        self.check_folder(also)
        done = set()
        if "records" in marks:
            done = {r["seq"] for r in self.records(marks["records"][1])
                    if r["final"]}
        if "warc" in marks:
            self.check_archive(*marks["warc"])
        return done

    def check_end(self):
        """All was done, once, and is there."""
        files = self.check_files()
        self.check_folder()
        finals = {}
        for record in self.records(os.path.getsize(self.at("results"))):
            if not record["final"]:
                continue
            seq = record["seq"]
            need(seq not in finals, f"two final records of {seq}")
            finals[seq] = record
        seqs = set(range(1, len(self.urls) + 1))
        need(set(finals) == seqs, "no final record of "
             f"{sorted(seqs - set(finals))}")
        named = set()
        for seq, record in finals.items():
            self.check_record(seq, record, named)
        need(named == files, f"no record of {sorted(files - named)}")
        if not self.parts:
            self.check_archive_end(finals)

    def check_record(self, seq, record, named):
        kind = kind_of(self.urls[seq - 1])
        good = kind not in ("bad", "fail", "cut")
        need(record["ok"] == good, f"{record}")
        if not good:
            need(record["error_class"] == {"bad": "input", "fail": "http",
                                           "cut": "body"}[kind], f"{record}")
            return
        named.add(self.check_claim(record))

    def check_claim(self, record):
        """What a record says is kept is there. The name of it."""
        path = path_of(self.urls[record["seq"] - 1])
        if path.startswith("/hop/"):
            path = "/page/landed" + path.replace("/", "-")
        name = os.path.join(self.folder, record["filename_effective"])
        with open(name, "rb") as file:
            need(file.read() == body_of(path), f"another body: {record}")
        return name

    def check_archive_end(self, finals):
        replies, _ = warc.check(self.archive_files())
        warc.check_index(self.at("a.cdxj"), replies)
        urls = {record.url() for record in replies}
        for seq, record in finals.items():
            if record["ok"] and not record.get("skipped"):
                need(self.server.url + path_of(self.urls[seq - 1]) in urls,
                     f"{record['url']} is not in the archive")
