#!/usr/bin/python3
"""A foreign client of SpeakerService: Debian's grpcio and protobuf, no line of ours in between.

  speaker_client.py SOCKET PROTO_DIRECTORY call METHOD [JSON]
      One unary call; prints the response as JSON, or {"code": ..., "details": ...}.

  speaker_client.py SOCKET PROTO_DIRECTORY announce HELLO_JSON
      Holds an Announce stream. Each line on standard input is an AnnounceRequest as JSON, or "silence" (no more
      heartbeats), "break" (end without closing the stream) or "close" (half-close). Each response is printed as JSON
      with the time at which it came; a heartbeat goes out at the interval that the speaker granted.
"""
import importlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

import grpc
from google.protobuf import json_format

SERVICE = "anycastvip.v1.SpeakerService"


def load_messages(proto_directory):
    """Compiles speaker.proto with Debian's protoc and imports the result."""
    output = tempfile.mkdtemp(prefix="speaker-client-")
    subprocess.run(
        ["protoc", f"--proto_path={proto_directory}", f"--python_out={output}", "anycastvip/v1/bfd.proto",
         "anycastvip/v1/speaker.proto"],
        check=True)
    sys.path.insert(0, output)
    try:
        return importlib.import_module("anycastvip.v1.speaker_pb2")
    finally:
        subprocess.run(["rm", "-r", output], check=True)


def emit(record):
    print(json.dumps(record), flush=True)


def to_dict(message):
    return json_format.MessageToDict(message, including_default_value_fields=False)


def call(channel, messages, method, request_json):
    descriptor = messages.DESCRIPTOR.services_by_name["SpeakerService"].methods_by_name[method]
    request = json_format.Parse(request_json, getattr(messages, descriptor.input_type.name)())
    stub = channel.unary_unary(
        f"/{SERVICE}/{method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=getattr(messages, descriptor.output_type.name).FromString)
    emit(to_dict(stub(request, timeout=60)))


def announce(channel, messages, hello_json):
    requests = queue.Queue()
    heartbeat = threading.Event()
    interval = [1.0]
    requests.put(json_format.Parse(json.dumps({"hello": json.loads(hello_json)}), messages.AnnounceRequest()))
    stub = channel.stream_stream(
        f"/{SERVICE}/Announce",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=messages.AnnounceResponse.FromString)

    def beat():
        while not heartbeat.wait(interval[0]):
            requests.put(messages.AnnounceRequest(heartbeat=messages.Heartbeat()))

    def read_commands():
        for line in sys.stdin:
            command = line.strip()
            if command == "silence":
                heartbeat.set()
            elif command == "break":
                os._exit(0)
            elif command == "close":
                requests.put(None)
            else:
                requests.put(json_format.Parse(command, messages.AnnounceRequest()))
        os._exit(0)

    threading.Thread(target=read_commands, daemon=True).start()
    for response in stub(iter(requests.get, None)):
        if response.HasField("accepted"):
            interval[0] = response.accepted.heartbeat_interval.ToTimedelta().total_seconds()
            threading.Thread(target=beat, daemon=True).start()
        emit({"at": time.time(), **to_dict(response)})


def main():
    socket, proto_directory, verb, *arguments = sys.argv[1:]
    messages = load_messages(proto_directory)
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        try:
            if verb == "call":
                call(channel, messages, arguments[0], arguments[1] if len(arguments) > 1 else "{}")
            else:
                announce(channel, messages, arguments[0])
        except grpc.RpcError as error:
            emit({"code": error.code().name, "details": error.details()})
            sys.exit(1)


main()
