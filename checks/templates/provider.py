"""Stands in for Terraform's provider for AWS: it has the schema of the real one, calls nobody and plans everything.

What the real one checks in code of its own (enumerations, limits, rules between arguments) it does not know.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import tempfile

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as messages
from tf.gen import tfplugin_pb2_grpc as service

SCHEMA = json.loads((pathlib.Path(__file__).parent / "schema.json").read_text())["resources"]

NESTING = {
    "single": messages.Schema.NestedBlock.SINGLE,
    "one": messages.Schema.NestedBlock.LIST,
    "list": messages.Schema.NestedBlock.LIST,
}
# What a provider says of a value that AWS will give.
UNKNOWN = msgpack.ExtType(0, b"\x00")


def schema(block):
    attributes = [
        messages.Schema.Attribute(
            name=one["name"],
            type=json.dumps(one["type"]).encode(),
            required=one.get("required", False),
            # Whatever need not be given may be given by AWS.
            optional="computed" not in one and not one["required"],
            computed=not one.get("required", False),
        )
        for one in block["attributes"]
    ]
    blocks = [
        messages.Schema.NestedBlock(
            type_name=one["name"],
            block=schema(one["block"]),
            nesting=NESTING[one["nesting"]],
            min_items=0 if one["nesting"] == "single" else one["min"],
            max_items=1 if one["nesting"] == "one" else 0,
        )
        for one in block["blocks"]
    ]
    return messages.Schema.Block(attributes=attributes, block_types=blocks)


def planned(kind, values):
    """What was configured; an attribute that only AWS knows is not known yet."""
    computed = {one["name"] for one in SCHEMA[kind]["attributes"] if "computed" in one}
    return values | {name: UNKNOWN for name in values.keys() & (computed | {"id", "arn"})}


class Provider(service.ProviderServicer):
    def GetMetadata(self, request, context):
        of = messages.GetMetadata
        return of.Response(resources=[of.ResourceMetadata(type_name=kind) for kind in SCHEMA])

    def GetProviderSchema(self, request, context):
        schemas = {kind: messages.Schema(block=schema(block)) for kind, block in SCHEMA.items()}
        own = messages.Schema(block=messages.Schema.Block())
        return messages.GetProviderSchema.Response(provider=own, resource_schemas=schemas)

    def ValidateProviderConfig(self, request, context):
        return messages.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request, context):
        return messages.ValidateResourceConfig.Response()

    def ConfigureProvider(self, request, context):
        return messages.ConfigureProvider.Response()

    def PlanResourceChange(self, request, context):
        values = msgpack.unpackb(request.proposed_new_state.msgpack, ext_hook=msgpack.ExtType, strict_map_key=False)
        state = msgpack.packb(planned(request.type_name, values))
        return messages.PlanResourceChange.Response(planned_state=messages.DynamicValue(msgpack=state))

    def StopProvider(self, request, context):
        return messages.StopProvider.Response()


@contextlib.contextmanager
def running():
    """The provider, and the environment in which Terraform takes it for the one of AWS."""
    with tempfile.TemporaryDirectory(prefix="cwl2le-") as folder:
        socket = f"{folder}/provider"
        server = grpc.server(concurrent.futures.ThreadPoolExecutor())
        service.add_ProviderServicer_to_server(Provider(), server)
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        address = {"Network": "unix", "String": socket}
        attached = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
        try:
            yield {"TF_REATTACH_PROVIDERS": json.dumps({"registry.terraform.io/hashicorp/aws": attached})}
        finally:
            server.stop(grace=None).wait()
