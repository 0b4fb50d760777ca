"""Holds what Terraform plans against the template of CloudFormation: the same resources, field by field."""

import json
import re

import cases
import terraform

PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov", "eusc": "aws-eusc"}

# For each type, the argument of Terraform that each property is. A number is a place in a list.
KINDS = {
    "AWS::Kinesis::Stream": {
        "": "aws_kinesis_stream",
        "Name": "name",
        "ShardCount": "shard_count",
        "RetentionPeriodHours": "retention_period",
        "StreamModeDetails.StreamMode": "stream_mode_details.0.stream_mode",
        "StreamEncryption.EncryptionType": "encryption_type",
        "StreamEncryption.KeyId": "kms_key_id",
    },
    "AWS::IAM::Role": {
        "": "aws_iam_role",
        "RoleName": "name",
        "Path": "path",
        "Description": "description",
        "PermissionsBoundary": "permissions_boundary",
        "AssumeRolePolicyDocument": "assume_role_policy",
        # In Terraform a resource of its own, which is laid into the role before they are compared.
        "Policies.0.PolicyName": "own_policy.name",
        "Policies.0.PolicyDocument": "own_policy.policy",
    },
    "AWS::Logs::LogGroup": {
        "": "aws_cloudwatch_log_group",
        "LogGroupName": "name",
        "RetentionInDays": "retention_in_days",
    },
    "AWS::Lambda::Function": {
        "": "aws_lambda_function",
        "FunctionName": "function_name",
        "Description": "description",
        "Runtime": "runtime",
        "Handler": "handler",
        "Architectures": "architectures",
        "Role": "role",
        "MemorySize": "memory_size",
        "Timeout": "timeout",
        "ReservedConcurrentExecutions": "reserved_concurrent_executions",
        "Environment.Variables.*": "environment.0.variables.*",
        "VpcConfig.SubnetIds": "vpc_config.0.subnet_ids",
        "VpcConfig.SecurityGroupIds": "vpc_config.0.security_group_ids",
        "VpcConfig.Ipv6AllowedForDualStack": "vpc_config.0.ipv6_allowed_for_dual_stack",
        "Code.S3Key": "filename",
    },
    "AWS::Lambda::Alias": {
        "": "aws_lambda_alias",
        "FunctionName": "function_name",
        "Name": "name",
        "FunctionVersion": "function_version",
    },
    "AWS::Lambda::EventSourceMapping": {
        "": "aws_lambda_event_source_mapping",
        "FunctionName": "function_name",
        "EventSourceArn": "event_source_arn",
        "StartingPosition": "starting_position",
        "BatchSize": "batch_size",
        "MaximumBatchingWindowInSeconds": "maximum_batching_window_in_seconds",
        "ParallelizationFactor": "parallelization_factor",
        "BisectBatchOnFunctionError": "bisect_batch_on_function_error",
        "MaximumRetryAttempts": "maximum_retry_attempts",
        "MaximumRecordAgeInSeconds": "maximum_record_age_in_seconds",
        "FunctionResponseTypes": "function_response_types",
        "MetricsConfig.Metrics": "metrics_config.0.metrics",
        "DestinationConfig.OnFailure.Destination": "destination_config.0.on_failure.0.destination_arn",
    },
    "AWS::Logs::SubscriptionFilter": {
        "": "aws_cloudwatch_log_subscription_filter",
        "LogGroupName": "log_group_name",
        "FilterName": "name",
        "FilterPattern": "filter_pattern",
        "Distribution": "distribution",
        "DestinationArn": "destination_arn",
        "RoleArn": "role_arn",
    },
    "AWS::Logs::AccountPolicy": {
        "": "aws_cloudwatch_log_account_policy",
        "PolicyName": "policy_name",
        "PolicyType": "policy_type",
        "Scope": "scope",
        "PolicyDocument": "policy_document",
        "SelectionCriteria": "selection_criteria",
    },
    "AWS::Logs::Destination": {
        "": "aws_cloudwatch_log_destination",
        "DestinationName": "name",
        "TargetArn": "target_arn",
        "RoleArn": "role_arn",
        # In Terraform a resource of its own, which is laid into the destination before they are compared.
        "DestinationPolicy": "own_policy.access_policy",
    },
    "AWS::CloudWatch::Alarm": {
        "": "aws_cloudwatch_metric_alarm",
        "AlarmName": "alarm_name",
        "AlarmDescription": "alarm_description",
        "ActionsEnabled": "actions_enabled",
        "AlarmActions": "alarm_actions",
        "OKActions": "ok_actions",
        "Namespace": "namespace",
        "MetricName": "metric_name",
        "Dimensions.*": "dimensions.*",
        "Statistic": "statistic",
        "Period": "period",
        "EvaluationPeriods": "evaluation_periods",
        "DatapointsToAlarm": "datapoints_to_alarm",
        "Threshold": "threshold",
        "ComparisonOperator": "comparison_operator",
        "TreatMissingData": "treat_missing_data",
    },
    "AWS::SNS::Topic": {"": "aws_sns_topic", "TopicName": "name"},
    "AWS::SNS::Subscription": {
        "": "aws_sns_topic_subscription",
        "TopicArn": "topic_arn",
        "Protocol": "protocol",
        "Endpoint": "endpoint",
    },
}
TAGS = {"Tags.*": "tags.*"}

# What one of the two says that the other has no word for.
ONLY = {
    "Code.S3Bucket": "Terraform takes the zip from the folder of the module",
    "source_code_hash": "CloudFormation sees a change of the zip by its name",
    "publish": "in CloudFormation a version is a resource of its own",
    "own_policy.force_update": "CloudFormation has no word for it",
}
# The tag that says who deployed it.
MANAGED_BY = ("Tags.cwl2le:managed-by", "cloudformation", "terraform")
# The types that only one of the two has.
FOLDED = {
    "AWS::Lambda::Version": "the argument `publish`",
    "aws_iam_role_policy": "a property of the role",
    "aws_cloudwatch_log_destination_policy": "a property of the destination",
}


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


class Reference(str):
    """A value that AWS gives: the resource that it is of, by its name in Terraform."""


def flat(value, path=""):
    """The leaves of a value by their paths. Lists of names and values are maps; lists of plain values are leaves."""
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        value = pairs(value) or dict(enumerate(value))
    if not isinstance(value, dict) or "Statement" in value:
        return {} if value is None or value == [] else {path: value}
    leaves = {}
    for name, inner in value.items():
        leaves |= flat(inner, f"{path}.{name}" if path else str(name))
    return leaves


def pairs(values):
    """A list of names and values, as of tags, as a map."""
    for name in ("Key", "Name"):
        if all(isinstance(one, dict) and one.keys() == {name, "Value"} for one in values):
            return {one[name]: one["Value"] for one in values}
    return None


def meant(value):
    """A value by its meaning: the document that a text holds, numbers as numbers."""
    if isinstance(value, str) and not isinstance(value, Reference) and value[:1] in "{[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


class Template:
    """A template of CloudFormation, deployed where it was planned for."""

    def __init__(self, template, region):
        self.resources, self.parameters = template["Resources"], template["Parameters"]
        partition = next((name for begin, name in PARTITIONS.items() if region.startswith(begin)), "aws")
        self.places = {"AWS::AccountId": cases.ACCOUNT, "AWS::Region": region, "AWS::Partition": partition}

    def named(self, name):
        """What a name stands for."""
        if name in self.places:
            return self.places[name]
        if name in self.parameters:
            return self.parameters[name].get("Default", terraform.SECRET)
        if self.resources[name]["Type"] == "AWS::Lambda::Function":
            return self.value(self.resources[name]["Properties"]["FunctionName"])
        return Reference(snake(name))

    def value(self, value):
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"}:
            return self.named(value["Ref"])
        if value.keys() == {"Fn::GetAtt"}:
            name, _ = value["Fn::GetAtt"]
            of = self.resources[name]
            is_version = of["Type"] == "AWS::Lambda::Version"
            return Reference(snake(of["Properties"]["FunctionName"]["Ref"] if is_version else name))
        if value.keys() == {"Fn::Sub"}:
            text = re.sub(r"\$\{([^!}][^}]*)\}", lambda found: self.named(found.group(1)), value["Fn::Sub"])
            return text.replace("${!", "${")
        return {name: self.value(inner) for name, inner in value.items()}

    def fields(self):
        """For each resource, by its name in Terraform, its type and its leaves."""
        return {
            snake(name): (one["Type"], flat(self.value(one["Properties"])))
            for name, one in self.resources.items()
            if one["Type"] not in FOLDED
        }


def arguments(module):
    """For each resource of a module, by its name, its type and its leaves. What AWS gives is a reference."""
    found = {}
    for one in module.values():
        leaves = flat(one["values"])
        for path, expression in flat_expressions(one["expressions"]).items():
            missing = not any(leaf == path or leaf.startswith(f"{path}.") for leaf in leaves)
            if missing and "references" in expression:
                of = expression["references"][-1].split(".")[1]
                key = f"{path}.EventSourceMappingUUID" if path == "dimensions" else path
                leaves[key] = Reference(of)
        found[one["name"]] = (one["type"], leaves)
    for name in [name for name, (kind, _) in found.items() if kind == "aws_iam_role_policy"]:
        _, policy = found.pop(name)
        found[policy["role"]][1].update({"own_policy.name": policy["name"], "own_policy.policy": policy["policy"]})
    for name in [name for name, (kind, _) in found.items() if kind == "aws_cloudwatch_log_destination_policy"]:
        _, policy = found.pop(name)
        name = policy.pop("destination_name")
        of = next(leaves for kind, leaves in found.values() if kind == "aws_cloudwatch_log_destination" and leaves["name"] == name)
        of.update({f"own_policy.{key}": value for key, value in policy.items()})
    return found


def flat_expressions(expressions, path=""):
    leaves = {}
    for name, one in expressions.items():
        here = f"{path}.{name}" if path else name
        if isinstance(one, list):
            for at, inner in enumerate(one):
                leaves |= flat_expressions(inner, f"{here}.{at}")
        else:
            leaves[here] = one
    return leaves


def argument(kind, path):
    """The argument of Terraform that a property is."""
    names = KINDS[kind] | TAGS
    if path in names:
        return names[path]
    for pattern, name in names.items():
        if pattern.endswith("*") and path.startswith(pattern[:-1]):
            return name[:-1] + path[len(pattern) - 1 :]
    return None


def same(one, other):
    if isinstance(one, Reference) or isinstance(other, Reference):
        return isinstance(one, Reference) and isinstance(other, Reference) and one == other
    return meant(one) == meant(other) and isinstance(one, bool) == isinstance(other, bool)


def problems(template, region, module):
    """Where the two differ."""
    ours, theirs = Template(template, region).fields(), arguments(module)
    found = [f"{name} is only in one of the two" for name in ours.keys() ^ theirs.keys()]
    for name in ours.keys() & theirs.keys():
        (kind, properties), (other, leaves) = ours[name], theirs[name]
        if kind not in KINDS or KINDS[kind][""] != other:
            found.append(f"{name} is a {kind} and a {other}")
            continue
        left = {path for path in leaves if path not in ONLY}
        for path, value in properties.items():
            to = argument(kind, path)
            if path in ONLY:
                continue
            if to is None:
                found.append(f"{name}: nobody knows what {path} is in Terraform")
                continue
            left.discard(to)
            there = leaves.get(to)
            if to == "filename" and isinstance(there, str):
                there = there.rsplit("/", 1)[-1]
            if path == MANAGED_BY[0] and (value, there) == MANAGED_BY[1:]:
                continue
            if not same(value, there):
                found.append(f"{name}: {path} is {value!r}, and {to} is {there!r}")
        found.extend(f"{name}: {path} is only in Terraform, {leaves[path]!r}" for path in sorted(left))
    return found + order(template, module)


def order(template, module):
    """What must exist first in one of the two and not in the other."""
    def closed(graph):
        def all_of(name, seen):
            for other in graph.get(name, ()):
                if other not in seen:
                    seen.add(other)
                    all_of(other, seen)
            return seen

        return {name: all_of(name, set()) for name in graph}

    ours = {}
    for name, one in template["Resources"].items():
        names = set(one.get("DependsOn", []))
        names |= {other for other in re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', json.dumps(one["Properties"]))}
        ours[snake(name)] = {snake(other) for other in names if other in template["Resources"]}
    theirs = {}
    for one in module.values():
        texts = [text for leaf in flat_expressions(one["expressions"]).values() for text in leaf.get("references", [])]
        names = {text.split(".")[1] for text in texts + one["depends_on"] if text.startswith("aws_")}
        theirs[one["name"]] = names
    # A role without its policy is not the role of CloudFormation.
    policies = [one["name"] for one in module.values() if one["type"] == "aws_iam_role_policy"]
    common = ours.keys() & theirs.keys()
    ours, theirs = closed(ours), closed(theirs)
    found = []
    for name in sorted(common):
        here, there = ours[name] & common, theirs[name] & common
        found.extend(f"{name}: {other} comes first only in one of the two" for other in sorted(here ^ there))
        for policy in policies:
            role = policy.removesuffix("_policy")
            if role in here and policy not in theirs[name]:
                found.append(f"{name}: {role} comes first, and its policy does not")
    return found
