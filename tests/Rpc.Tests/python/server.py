"""A foreign gRPC server of the echo service in echo.proto.

Usage: server.py SOCKET [gzip]
Prints "serving", "cancelled" for each call that it sees cancelled, and "stopped" after the line "stop" on stdin, which
stops it gracefully: GOAWAY, and open calls may finish.
"""
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import wrappers_pb2

CODES = {code.value[0]: code for code in grpc.StatusCode}


def text(value):
    return wrappers_pb2.StringValue(value=value)


def on_cancellation(context):
    """An event that is set when the call ends, which nothing but the client's cancellation does here."""
    cancelled = threading.Event()

    def end():
        print("cancelled", flush=True)
        cancelled.set()

    if not context.add_callback(end):
        end()
    return cancelled


def say(request, context):
    words = request.value.split(":", 2)
    if words[0] == "fail":
        context.abort(CODES[int(words[1])], words[2])
    if words[0] == "wait":
        on_cancellation(context).wait()
    if words[0] == "size":
        return text("x" * int(words[1]))
    return request


def collect(requests, context):
    return text(",".join(request.value for request in requests))


def repeat(request, context):
    if request.value == "hold":
        # Asked before the answer goes out: a cancelled call's generator is not resumed.
        cancelled = on_cancellation(context)
        yield text("held")
        cancelled.wait()
    elif request.value.isdigit():
        for i in range(int(request.value)):
            yield text(str(i))
    else:
        yield say(request, context)


def chat(requests, context):
    for request in requests:
        yield say(request, context)
    yield text("bye")


def handler(kind, behaviour):
    return kind(
        behaviour,
        request_deserializer=wrappers_pb2.StringValue.FromString,
        response_serializer=wrappers_pb2.StringValue.SerializeToString)


def main():
    compression = grpc.Compression.Gzip if "gzip" in sys.argv[2:] else grpc.Compression.NoCompression
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), compression=compression)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("anycastvip.test.Echo", {
        "Say": handler(grpc.unary_unary_rpc_method_handler, say),
        "Collect": handler(grpc.stream_unary_rpc_method_handler, collect),
        "Repeat": handler(grpc.unary_stream_rpc_method_handler, repeat),
        "Chat": handler(grpc.stream_stream_rpc_method_handler, chat),
    }),))
    server.add_insecure_port("unix:" + sys.argv[1])
    server.start()
    print("serving", flush=True)
    for line in sys.stdin:
        if line.strip() == "stop":
            break
    server.stop(grace=30).wait()
    print("stopped", flush=True)


main()
