#!/usr/bin/env python3
"""Clients for labs. Each line of output is one JSON object; times are seconds of the wall clock.

usage: traffic.py load ADDRESS PORT RATE     new connections each second until SIGTERM, one GET each:
                                             {"start", "end", "ok", "by", "error"}
       traffic.py count ADDRESS PORT COUNT   COUNT such connections in all, at most 16 at once
       traffic.py hold ADDRESS PORT COUNT    COUNT connections that send a line each 200 ms until SIGTERM, and
                                             say how they ended: {"start", "end", "echoes", "error"}
"""
import asyncio
import json
import signal
import sys
import time

TIMEOUT = 3.0


def tell(**line):
    print(json.dumps(line), flush=True)


async def get(reader, writer, path):
    writer.write(f"GET {path} HTTP/1.0\r\nHost: lab\r\n\r\n".encode())
    status = await reader.readline()
    if b" 200 " not in status:
        raise ConnectionError(f"answered {status!r}")
    while (await reader.readline()).strip():
        pass


async def load_once(address, port):
    start, writer = time.time(), None
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection(address, port)
            await get(reader, writer, "/")
            body = (await reader.read()).decode().strip()
        if not body:
            raise ConnectionError("empty answer")
        tell(start=start, end=time.time(), ok=True, by=body, error="")
    except (OSError, TimeoutError, ConnectionError) as error:
        tell(start=start, end=time.time(), ok=False, by="", error=f"{type(error).__name__} {error}")
    finally:
        if writer:
            writer.close()


async def load(address, port, rate):
    requests, next_at = set(), time.monotonic()
    while True:
        request = asyncio.create_task(load_once(address, port))
        requests.add(request)
        request.add_done_callback(requests.discard)
        next_at += 1 / rate
        await asyncio.sleep(max(0.0, next_at - time.monotonic()))


async def count(address, port, connections):
    async def take_turns():
        while next(numbers, None) is not None:
            await load_once(address, port)

    numbers = iter(range(connections))
    await asyncio.gather(*(take_turns() for _ in range(16)))


async def hold_once(address, port, number):
    start, echoes, error, writer = time.time(), 0, "", None
    try:
        reader, writer = await asyncio.open_connection(address, port)
        await get(reader, writer, "/hold")
        while True:
            writer.write(f"{number} {echoes}\n".encode())
            async with asyncio.timeout(TIMEOUT):
                if not await reader.readline():
                    error = "closed"
                    return
            echoes += 1
            await asyncio.sleep(0.2)
    except (OSError, TimeoutError, ConnectionError) as failure:
        error = f"{type(failure).__name__} {failure}"
    except asyncio.CancelledError:
        error = "stopped"
    finally:
        tell(start=start, end=time.time(), echoes=echoes, error=error)
        if writer:
            writer.close()


async def hold(address, port, count):
    await asyncio.gather(*(hold_once(address, port, number) for number in range(count)))


async def main(mode, address, port, number):
    run = {"load": load, "count": count, "hold": hold}[mode](address, int(port), int(number))
    task = asyncio.create_task(run)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("load", "count", "hold"):
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
