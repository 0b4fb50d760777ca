"""Makes schema.json: ``python schema.py PACKAGE.tgz``, with the archive of ``npm pack @cdktn/provider-aws``.

Its ``.jsii`` describes classes that were generated from the schema of the real provider, with Terraform's own names in
their documentation. Kept is what the templates declare, so that nothing has to be fetched to check them.
"""

import json
import pathlib
import re
import sys
import tarfile

RESOURCES = {
    "aws_cloudwatch_dashboard": "cloudwatchDashboard.CloudwatchDashboard",
    "aws_cloudwatch_log_account_policy": "cloudwatchLogAccountPolicy.CloudwatchLogAccountPolicy",
    "aws_cloudwatch_log_destination": "cloudwatchLogDestination.CloudwatchLogDestination",
    "aws_cloudwatch_log_destination_policy": "cloudwatchLogDestinationPolicy.CloudwatchLogDestinationPolicy",
    "aws_cloudwatch_log_group": "cloudwatchLogGroup.CloudwatchLogGroup",
    "aws_cloudwatch_log_subscription_filter": "cloudwatchLogSubscriptionFilter.CloudwatchLogSubscriptionFilter",
    "aws_cloudwatch_metric_alarm": "cloudwatchMetricAlarm.CloudwatchMetricAlarm",
    "aws_iam_role": "iamRole.IamRole",
    "aws_iam_role_policy": "iamRolePolicy.IamRolePolicy",
    "aws_kinesis_stream": "kinesisStream.KinesisStream",
    "aws_lambda_alias": "lambdaAlias.LambdaAlias",
    "aws_lambda_event_source_mapping": "lambdaEventSourceMapping.LambdaEventSourceMapping",
    "aws_lambda_function": "lambdaFunction.LambdaFunction",
    "aws_sns_topic": "snsTopic.SnsTopic",
    "aws_sns_topic_policy": "snsTopicPolicy.SnsTopicPolicy",
    "aws_sns_topic_subscription": "snsTopicSubscription.SnsTopicSubscription",
}

PACKAGE = "@cdktn/provider-aws."
# Terraform's own, of every resource.
META = {"connection", "count", "dependsOn", "forEach", "lifecycle", "provider", "provisioners"}
PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}


def snake(name):
    return re.sub(r"([A-Z])", lambda letter: "_" + letter.group(1).lower(), name)


def documented_name(member):
    """The name in Terraform: the link to the provider's page ends with it."""
    documentation = member.get("docs", {})
    text = f"{documentation.get('summary', '')} {documentation.get('remarks', '')}"
    link = re.search(r"#([a-z0-9_]+) [A-Za-z0-9]+#", text)
    return link.group(1) if link else snake(member["name"])


def constraint(kind):
    """The type of an attribute as Terraform writes types."""
    if "primitive" in kind:
        return PRIMITIVES[kind["primitive"]]
    if "collection" in kind:
        of = "list" if kind["collection"]["kind"] == "array" else "map"
        return [of, constraint(kind["collection"]["elementtype"])]
    if "union" in kind:
        types = kind["union"]["types"]
        if any(one.get("primitive") == "boolean" for one in types):
            return "bool"
        return constraint(next((one for one in types if "collection" in one), types[0]))
    return "dynamic"


def block(types, name):
    """The attributes and blocks that can be given."""
    attributes, blocks = [], []
    for member in types[name].get("properties", []):
        kind = member["type"]
        if member["name"] in META:
            continue
        if "block." not in member.get("docs", {}).get("summary", ""):
            optional = bool(member.get("optional"))
            attributes.append({"name": documented_name(member), "type": constraint(kind), "required": not optional})
            continue
        at_least = 0 if member.get("optional") else 1
        if "fqn" in kind:
            nesting, of = ("single" if member["name"] == "timeouts" else "one"), kind["fqn"]
        else:
            several = next(one for one in kind.get("union", {}).get("types", [kind]) if "collection" in one)
            nesting, of = "list", several["collection"]["elementtype"]["fqn"]
        inner = {"name": documented_name(member), "nesting": nesting, "min": at_least, "block": block(types, of)}
        blocks.append(inner)
    return {"attributes": attributes, "blocks": blocks}


def resource(types, name):
    """The same, with the attributes that only AWS sets."""
    schema = block(types, f"{name}Config")
    inputs = {member["name"] for member in types[f"{name}Config"].get("properties", [])}
    known = {member["name"] for member in schema["attributes"] + schema["blocks"]}
    for member in types[name].get("properties", []):
        is_own = member.get("static") or member["name"].endswith("Input") or member["name"] in inputs
        if not is_own and snake(member["name"]) not in known:
            kind = constraint(member["type"])
            schema["attributes"].append({"name": snake(member["name"]), "type": kind, "computed": True})
    return schema


def main(archive):
    with tarfile.open(archive) as package:
        described = json.load(package.extractfile("package/.jsii"))
        about = json.load(package.extractfile("package/package.json"))
    types = described["types"]
    provider = about["cdktn"]["provider"]
    made = {
        "source": f"{about['name']} {about['version']} of the npm registry, made from {provider['name']} "
        f"{provider['version']}",
        "license": f"{about['license']}, as both of them",
        "resources": {kind: resource(types, PACKAGE + name) for kind, name in RESOURCES.items()},
    }
    text = json.dumps(made, indent=1) + "\n"
    (pathlib.Path(__file__).parent / "schema.json").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
