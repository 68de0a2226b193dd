"""A foreign client of GateService: Debian's grpcio, protobuf and protoc, no line of ours in between.

Usage: gate_client.py SOCKET PROTO_DIRECTORY
Each line on stdin is a call: {"method": "Drain", "request": {...}, "take": N}. Of a stream N answers are read and the
rest is cancelled; without "take" it is read to its end. Each call is answered with a line:
{"code": "OK", "details": "", "answers": [...]}
"""
import importlib
import itertools
import json
import subprocess
import sys
import tempfile

import grpc
from google.protobuf import json_format

SERVICE = "anycastvip.v1.GateService"


def load_messages(proto_directory):
    """Compiles the contract with Debian's protoc and imports the result."""
    with tempfile.TemporaryDirectory(prefix="gate-client-") as output:
        subprocess.run(
            ["protoc", f"--proto_path={proto_directory}", f"--python_out={output}",
             "anycastvip/v1/gate.proto", "anycastvip/v1/gate_state.proto"],
            check=True)
        sys.path.insert(0, output)
        return importlib.import_module("anycastvip.v1.gate_pb2")


def start(channel, messages, command):
    """The answers of a call, as they come."""
    method = messages.DESCRIPTOR.services_by_name["GateService"].methods_by_name[command["method"]]
    request_type = getattr(messages, method.input_type.name)
    # Types of gate_state.proto are known to Python by their descriptors only.
    response_type = getattr(messages, method.output_type.name, None) or method.output_type._concrete_class
    request = json_format.ParseDict(command["request"], request_type())
    is_stream = method.name in ("WatchVips", "WatchBackends", "WatchEvents", "Drain", "Undrain")
    call = (channel.unary_stream if is_stream else channel.unary_unary)(
        f"/{SERVICE}/{method.name}",
        request_serializer=request_type.SerializeToString,
        response_deserializer=response_type.FromString)
    answers = call(request, timeout=30, wait_for_ready=True)
    return answers if is_stream else iter([answers])


def do(channel, messages, command):
    taken = []
    try:
        answers = start(channel, messages, command)
        for answer in itertools.islice(answers, command.get("take")):
            taken.append(json_format.MessageToDict(answer))
        return {"code": "OK", "details": "", "answers": taken}
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details(), "answers": taken}


def main():
    socket, proto_directory = sys.argv[1:]
    messages = load_messages(proto_directory)
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        for line in sys.stdin:
            print(json.dumps(do(channel, messages, json.loads(line))), flush=True)


main()
