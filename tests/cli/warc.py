#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads WARC/1.1 files and their CDXJ index, and believes nothing.

warc.py check FILE... [INDEX.cdxj]   every record, digest, member and line;
                                     prints how many there are of each type
warc.py list FILE...                 "TYPE STATUS URL" of each record
warc.py block TYPE URL FILE...       what a record of that type holds
warc.py stream TYPE FILE...          what all records of that type hold
warc.py head URL FILE...             the head of the reply
warc.py body URL FILE...             the reply's bytes behind its head, a
                                     revisit's being those it refers to
warc.py content URL FILE...          the same without transfer coding

It shares no line with the program that wrote them: members are found by zlib,
frames by their own headers (zstd(1) unpacks them), records by their lengths.
"""
import base64
import hashlib
import json
import re
import subprocess
import sys
import zlib
from collections import Counter
from os.path import basename

NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
UUID = (r"<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}"
        r"-[0-9a-f]{12}>")
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"
REVISIT = ("http://netpreserve.org/warc/1.1/revisit/"
           "identical-payload-digest")


class Bad(Exception):
    pass


def need(true, what):
    if not true:
        raise Bad(what)


# --- files and members

def gzip_members(data):
    at = 0
    while at < len(data):
        unpacker = zlib.decompressobj(31)
        text = unpacker.decompress(data[at:]) + unpacker.flush()
        need(unpacker.eof, f"member at {at} is torn")
        size = len(data) - at - len(unpacker.unused_data)
        yield at, size, text
        at += size


def zstd_frame_size(data, at):
    """RFC 8878, 3.1.1."""
    need(data[at:at + 4] == b"\x28\xb5\x2f\xfd", f"no zstd frame at {at}")
    flags = data[at + 4]
    need(flags & 4, f"frame at {at} has no checksum")
    single = flags >> 5 & 1
    size = [0, 2, 4, 8][flags >> 6] or single
    end = at + 5 + (not single) + [0, 1, 2, 4][flags & 3] + size
    last = 0
    while not last:
        block = int.from_bytes(data[end:end + 3], "little")
        last = block & 1
        end += 3 + (1 if block >> 1 & 3 == 1 else block >> 3)
        need(end + 4 <= len(data), f"frame at {at} is torn")
    return end + 4 - at


def zstd_members(data):
    at = 0
    while at < len(data):
        size = zstd_frame_size(data, at)
        text = subprocess.run(["zstd", "-dcq"], input=data[at:at + size],
                              stdout=subprocess.PIPE, check=True).stdout
        yield at, size, text
        at += size


def plain_members(data):
    at = 0
    while at < len(data):
        end = data.find(b"\r\n\r\n", at)
        need(end > 0, f"no head at {at}")
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n",
                           data[at:end + 2])
        need(length, f"no length at {at}")
        size = end + 4 - at + int(length[1]) + 4
        need(at + size <= len(data), f"record at {at} is torn")
        yield at, size, data[at:at + size]
        at += size


def members(path):
    with open(path, "rb") as file:
        data = file.read()
    need(data, f"{path} is empty")
    if path.endswith(".gz"):
        return gzip_members(data)
    if path.endswith(".zst"):
        return zstd_members(data)
    return plain_members(data)


# --- HTTP

def split_http(block):
    head, empty, body = block.partition(b"\r\n\r\n")
    if not empty:
        head, empty, body = block.partition(b"\n\n")
    need(empty, "no empty line behind an HTTP head")
    return head + empty, body


def unchunk(body):
    out = []
    at = 0
    while True:
        end = body.index(b"\n", at)
        size = int(re.match(rb"[0-9A-Fa-f]+", body[at:end])[0], 16)
        at = end + 1
        if size == 0:
            return b"".join(out)
        need(at + size <= len(body), "a chunk is torn")
        out.append(body[at:at + size])
        at = body.index(b"\n", at + size) + 1


def content(head, body):
    if body and re.search(rb"(?im)^transfer-encoding:.*\bchunked\b", head):
        return unchunk(body)
    return body


def digest(data):
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


# --- records

class Record:
    def __init__(self, path, at, size, text):
        self.path, self.at, self.size = path, at, size
        head, empty, rest = text.partition(b"\r\n\r\n")
        need(empty, "the head has no end")
        lines = head.split(b"\r\n")
        need(lines[0] == b"WARC/1.1", f"begins with {lines[0]!r}")
        self.fields = {}
        for line in lines[1:]:
            match = re.fullmatch(rb"(%s): ([^\x00-\x1f\x7f]+)" % NAME, line)
            need(match, f"no header line: {line!r}")
            name = match[1].decode().lower()
            need(name not in self.fields, f"{name} twice")
            self.fields[name] = match[2].decode()
        length = int(self.fields["content-length"])
        need(rest[length:] == b"\r\n\r\n", "does not end where it should")
        self.block = rest[:length]
        self.type = self["type"]

    def __getitem__(self, name):
        return self.fields.get("warc-" + name)

    def url(self):
        return self["target-uri"]

    def status(self):
        if self.type not in ("response", "revisit"):
            return "-"
        return self.block.split(None, 2)[1].decode()


def check_common(record, ids):
    need(re.fullmatch(UUID, record["record-id"]), "no UUID")
    need(record["record-id"] not in ids, "its id is another's, too")
    ids[record["record-id"]] = record
    need(re.fullmatch(DATE, record["date"]), "no date")
    if record["block-digest"]:
        need(record["block-digest"] == digest(record.block),
             "the block digest is wrong")
    if record.type == "warcinfo":
        return
    need(not record["filename"], "has a file name")
    need(record["block-digest"], "no block digest")
    need(re.fullmatch(r"https?://[!-~]+", record.url()), "no URL")
    need("#" not in record.url(), "a fragment")
    need("@" not in record.url().split("/")[2], "a user")


def check_info(record):
    need(record["filename"] == basename(record.path), "another's file name")
    need(record.fields["content-type"] == "application/warc-fields",
         "no warc-fields")
    for line in record.block.split(b"\r\n")[:-1]:
        need(re.fullmatch(rb"%s: [^\x00-\x1f\x7f]+" % NAME, line),
             f"no field: {line!r}")
    need(b"conformsTo: http" in record.block, "conforms to nothing")


def check_response(record):
    need(record.fields["content-type"] ==
         "application/http;msgtype=response", "no response")
    need(re.match(rb"HTTP/1\.[01] \d\d\d", record.block), "no status line")
    head, body = split_http(record.block)
    if record["payload-digest"]:
        need(record["payload-digest"] == digest(content(head, body)),
             "the payload digest is wrong")


def check_revisit(record, payloads):
    need(record["profile"] == REVISIT, "another profile")
    need(record["truncated"] == "length", "does not say that it is cut")
    head, body = split_http(record.block)
    need(body == b"", "a revisit with a body")
    need(record["payload-digest"] != digest(b""), "a revisit of nothing")
    first = payloads.get((record["refers-to-target-uri"],
                          record["refers-to-date"]))
    need(first, "refers to nothing before it")
    need(first["payload-digest"] == record["payload-digest"],
         "refers to other content")


def check_request(record, reply):
    need(reply is not None and
         record["concurrent-to"] == reply["record-id"],
         "does not follow its reply")
    need(record.url() == reply.url(), "another URL than the reply")
    need(record["date"] == reply["date"], "another date than the reply")
    need(record.fields["content-type"] == "application/http;msgtype=request",
         "no request")
    need(re.match(rb"[A-Z]+ \S+ HTTP/1\.[01]\r\n", record.block),
         "no request line")
    head, body = split_http(record.block)
    if record["payload-digest"]:
        need(record["payload-digest"] == digest(body),
             "the payload digest is wrong")


def read(paths):
    for path in paths:
        for at, size, text in members(path):
            try:
                yield Record(path, at, size, text)
            except (Bad, ValueError, KeyError) as why:
                raise Bad(f"{path}, record at {at}: {why}") from why


def check(paths):
    """All records, one after the other; the replies among them."""
    ids, payloads, replies, types = {}, {}, [], Counter()
    before, path = None, None
    for record in read(paths):
        try:
            check_common(record, ids)
            need((record.path != path) == (record.type == "warcinfo"),
                 "warcinfo is not the first record, or not the only one")
            need((record.type == "request") ==
                 (before is not None and before.type in
                  ("response", "revisit")), "a reply without its request")
            if record.type == "warcinfo":
                check_info(record)
            elif record.type == "request":
                check_request(record, before)
            elif record.type == "response":
                check_response(record)
                payloads[record.url(), record["date"]] = record
            else:
                need(record.type == "revisit", f"a {record.type}")
                check_revisit(record, payloads)
        except (Bad, TypeError, KeyError, ValueError) as why:
            raise Bad(f"{record.path}, record at {record.at}: "
                      f"{why!r}") from why
        if record.type in ("response", "revisit"):
            replies.append(record)
        types[record.type] += 1
        before, path = record, record.path
    need(before is None or before.type in ("request", "warcinfo"),
         "the last reply has no request")
    return replies, types


def check_line(line, replies):
    match = re.fullmatch(r"([!-~]+) (\d{14}) (\{[ -~]+\})\n", line)
    need(match, "no CDXJ")
    entry = json.loads(match[3])
    record = replies.get((entry["filename"], int(entry["offset"])))
    need(record, "no record is there")
    need(int(entry["length"]) == record.size, "another length")
    need(entry["url"] == record.url(), "another URL")
    need(entry["status"] == record.status(), "another status")
    need(entry.get("digest") == record["payload-digest"], "another digest")
    need(match[2] == re.sub(r"\..*|\D", "", record["date"]), "another date")
    need((entry["mime"] == "warc/revisit") == (record.type == "revisit"),
         "another type")
    del replies[entry["filename"], int(entry["offset"])]


def check_index(path, replies):
    left = {(basename(record.path), record.at): record for record in replies}
    with open(path, encoding="ascii", newline="") as index:
        for number, line in enumerate(index, 1):
            try:
                check_line(line, left)
            except (Bad, KeyError, ValueError) as why:
                raise Bad(f"{path}, line {number}: {why!r}") from why
    need(not left, f"{path}: {len(left)} replies are not in it")


# --- commands

def find(paths, url):
    found = None
    for record in read(paths):
        if record.url() == url and record.type in ("response", "revisit"):
            found = record
    need(found, f"no reply of {url}")
    return found


def body_of(paths, url):
    record = find(paths, url)
    head, body = split_http(record.block)
    if record.type == "response":
        return head, body
    for other in read(paths):
        if (other.type == "response" and
                other.url() == record["refers-to-target-uri"] and
                other["date"] == record["refers-to-date"]):
            return split_http(other.block)
    raise Bad(f"{url} refers to nothing")


def main(command, *args):
    write = sys.stdout.buffer.write
    if command == "check":
        paths = [path for path in args if not path.endswith(".cdxj")]
        replies, types = check(paths)
        for path in args:
            if path.endswith(".cdxj"):
                check_index(path, replies)
        print(" ".join(f"{name}={types[name]}" for name in
                       ("warcinfo", "response", "revisit", "request")))
    elif command == "list":
        for record in read(args):
            print(record.type, record.status(), record.url())
    elif command == "stream":
        for record in read(args[1:]):
            if record.type == args[0]:
                write(record.block)
    elif command == "block":
        for record in read(args[2:]):
            if record.type == args[0] and record.url() == args[1]:
                write(record.block)
    elif command == "head":
        write(split_http(find(args[1:], args[0]).block)[0])
    elif command == "body":
        write(body_of(args[1:], args[0])[1])
    elif command == "content":
        write(content(*body_of(args[1:], args[0])))
    else:
        raise Bad(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Bad, OSError, zlib.error) as why:
        sys.exit(f"warc.py: {why}")
