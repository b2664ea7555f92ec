#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""recorder.py PORT FILE: a proxy of bytes to 127.0.0.1:PORT, which prints the
port that it listens on, serves one connection after the other, and appends
what the server said to FILE and what it was told to FILE.sent."""
import select
import socket
import sys


def relay(client, server, said, sent):
    ends = {client: (server, sent), server: (client, said)}
    while True:
        for end in select.select(list(ends), [], [])[0]:
            other, log = ends[end]
            data = end.recv(65536)
            if not data:
                return
            # Written before it is passed on: then it is there when the
            # reader of the files begins.
            log.write(data)
            log.flush()
            other.sendall(data)


def main(port, path):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    with open(path, "ab") as said, open(path + ".sent", "ab") as sent:
        while True:
            with listener.accept()[0] as client, socket.create_connection(
                    ("127.0.0.1", int(port))) as server:
                try:
                    relay(client, server, said, sent)
                except ConnectionError:
                    pass


main(*sys.argv[1:])
