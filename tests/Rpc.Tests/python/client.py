"""A foreign gRPC client: does what each line of JSON on stdin says, answers each with a line of JSON.

Usage: client.py SOCKET
  {"do": "call", "method": M, "texts": [...], "repeat": N, "timeout": S, "compress": true}   a whole call
  {"do": "open", "method": M, "texts": [...]}       opens a call with streamed answers and leaves it open
  {"do": "next"}                                    its next answer, or its end
  {"do": "cancel"}                                  cancels it
Answers: {"code": "OK", "details": "", "texts": [...]}
"""
import json
import sys

import grpc
from google.protobuf import wrappers_pb2

ECHO = "/anycastvip.test.Echo/"
HEALTH = "/grpc.health.v1.Health/"

# HealthCheckRequest and HealthCheckResponse have the wire form of these wrappers: one field, number 1.
KINDS = {
    ECHO + "Say": ("unary_unary", wrappers_pb2.StringValue),
    ECHO + "Collect": ("stream_unary", wrappers_pb2.StringValue),
    ECHO + "Repeat": ("unary_stream", wrappers_pb2.StringValue),
    ECHO + "Chat": ("stream_stream", wrappers_pb2.StringValue),
    ECHO + "Unknown": ("unary_unary", wrappers_pb2.StringValue),
    HEALTH + "Check": ("unary_unary", wrappers_pb2.Int32Value),
    HEALTH + "Watch": ("unary_stream", wrappers_pb2.Int32Value),
}


def start(channel, command):
    """The running call: an iterator for streamed answers, else the answer itself."""
    kind, answer = KINDS[command["method"]]
    multicallable = getattr(channel, kind)(
        command["method"],
        request_serializer=wrappers_pb2.StringValue.SerializeToString,
        response_deserializer=answer.FromString)
    texts = [wrappers_pb2.StringValue(value=text * command.get("repeat", 1)) for text in command["texts"]]
    request = iter(texts) if kind.startswith("stream") else texts[0]
    compression = grpc.Compression.Gzip if command.get("compress") else grpc.Compression.NoCompression
    return multicallable(request, timeout=command.get("timeout", 30), compression=compression, wait_for_ready=True)


def answer(code="OK", details="", values=()):
    print(json.dumps({"code": code, "details": details, "texts": [str(v.value) for v in values]}), flush=True)


def main():
    options = [("grpc.max_receive_message_length", 64 << 20)]
    with grpc.insecure_channel("unix:" + sys.argv[1], options=options) as channel:
        opened = None
        for line in sys.stdin:
            command = json.loads(line)
            try:
                if command["do"] == "open":
                    opened = start(channel, command)
                    answer()
                elif command["do"] == "next":
                    value = next(opened, None)
                    answer(values=[] if value is None else [value])
                elif command["do"] == "cancel":
                    opened.cancel()
                    answer()
                elif command["do"] == "call":
                    result = start(channel, command)
                    streamed = KINDS[command["method"]][0].endswith("_stream")
                    answer(values=list(result) if streamed else [result])
            except grpc.RpcError as error:
                answer(error.code().name, error.details())


main()
