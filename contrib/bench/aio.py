#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""aio -- a list fetched by Python's aiohttp, as one would write it.

So many workers take URLs from the list; bodies are read and dropped.
"""

import asyncio
import ssl
import sys

import aiohttp


async def fetch_all(session, urls):
    for url in urls:
        async with session.get(url.rstrip("\n")) as reply:
            reply.raise_for_status()
            async for _ in reply.content.iter_any():
                pass


async def main(at_once, path, cacert=None):
    trusted = ssl.create_default_context(cafile=cacert) if cacert else None
    connector = aiohttp.TCPConnector(limit=int(at_once), ssl=trusted)
    with open(path) as urls:
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(fetch_all(session, urls)
                                   for _ in range(int(at_once))))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: aio.py CONCURRENCY LIST [CACERT]")
    asyncio.run(main(*sys.argv[1:]))
