# SPDX-License-Identifier: MIT
"""opens.py FILE COUNT COMMAND...: how often FILE is opened while the command
runs, into the file COUNT; the command's status. The kernel counts (inotify),
so it does not matter which library does it."""

import ctypes
import os
import struct
import subprocess
import sys

IN_OPEN, IN_CLOSE = 0x20, 0x18
HEAD = struct.Struct("iIII")

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
# Equal events in a row are one: the closing in between keeps them apart.
if libc.inotify_add_watch(fd, sys.argv[1].encode(), IN_OPEN | IN_CLOSE) < 0:
    sys.exit("opens.py: inotify: " + os.strerror(ctypes.get_errno()))
status = subprocess.call(sys.argv[3:])
opens = 0
while True:
    try:
        events = os.read(fd, 1 << 16)
    except BlockingIOError:
        break
    at = 0
    while at < len(events):
        _, mask, _, size = HEAD.unpack_from(events, at)
        opens += bool(mask & IN_OPEN)
        at += HEAD.size + size
with open(sys.argv[2], "w") as count:
    print(opens, file=count)
sys.exit(status)
