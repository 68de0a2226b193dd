#!/usr/bin/env python3
"""A backend for labs: answers HTTP with its name, keeps what asks for it open, and can be made sick.

usage: backend.py NAME ADDRESS:PORT

GET /healthz  200 (503 after GET /sick, 200 again after GET /well)
GET /hold     200 without an end: from then on whatever is sent comes back
GET anything  200 with NAME as the body; the connection is closed
"""
import asyncio
import socket
import sys


class Backend(asyncio.Protocol):
    name = b""
    healthy = True

    def __init__(self):
        self.received = b""
        self.echoes = False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.echoes:
            self.transport.write(data)
            return
        self.received += data
        if b"\r\n\r\n" not in self.received:
            return
        path = self.received.split(b" ", 2)[1]
        if path == b"/hold":
            self.echoes = True
            self.transport.write(b"HTTP/1.0 200 OK\r\n\r\n")
            return
        if path in (b"/sick", b"/well"):
            Backend.healthy = path == b"/well"
        status = b"200 OK" if Backend.healthy or path != b"/healthz" else b"503 Service Unavailable"
        body = Backend.name + b"\n"
        self.transport.write(b"HTTP/1.0 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
        self.transport.close()


async def main(name, endpoint):
    address, port = endpoint.rsplit(":", 1)
    Backend.name = name.encode()
    server = await asyncio.get_running_loop().create_server(Backend, address.strip("[]"), int(port), backlog=1024,
                                                            reuse_address=True)
    print(f"{socket.gethostname()} {name} listens on {endpoint}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
