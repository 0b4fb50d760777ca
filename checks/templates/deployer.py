"""Holds ``cwl2le policies deployer`` against what AWS's schemas say that CloudFormation calls for each resource."""

import collections
import fnmatch
import functools
import json
import pathlib
import re
import subprocess

import cases
import cfnlint.data.schemas
import exported

# Actions that a schema lists for a property which the resource does not have, by the type of the resource: pattern of
# the actions, and the property. None: no property asks for them.
UNNEEDED = {
    "AWS::CloudWatch::Alarm": {},
    "AWS::IAM::Role": {
        "iam:AttachRolePolicy": "ManagedPolicyArns",
        "iam:DetachRolePolicy": "ManagedPolicyArns",
        "iam:UpdateRole": "MaxSessionDuration",
        "iam:PutRolePermissionsBoundary": "PermissionsBoundary",
        # Whoever may remove the boundary is not bound by it.
        "iam:DeleteRolePermissionsBoundary": None,
    },
    "AWS::Kinesis::Stream": {
        "kinesis:*EnhancedMonitoring": "DesiredShardLevelMetrics",
        "kinesis:*StreamEncryption": "StreamEncryption",
        "kinesis:UpdateMaxRecordSize": "MaxRecordSizeInKiB",
        "kinesis:UpdateStreamRecordDistributionStrategy": "RecordDistributionStrategy",
        "kinesis:UpdateStreamWarmThroughput": "WarmThroughputMiBps",
    },
    "AWS::Lambda::Alias": {
        "codedeploy:*": "RoutingConfig",
        "lambda:*ProvisionedConcurrencyConfig": "ProvisionedConcurrencyConfig",
    },
    "AWS::Lambda::EventSourceMapping": {"kms:*": "KmsKeyArn"},
    "AWS::Lambda::Function": {
        "ec2:*": "VpcConfig",
        "elasticfilesystem:*": "FileSystemConfigs",
        "kms:*": "KmsKeyArn",
        "lambda:AssociateRuntimeAlias": "Runtime alias",
        "lambda:GetCodeSigningConfig": "CodeSigningConfigArn",
        "lambda:*FunctionCodeSigningConfig": "CodeSigningConfigArn",
        "lambda:GetLayerVersion": "Layers",
        "lambda:PassCapacityProvider": "CapacityProviderConfig",
        "lambda:PutFunctionRecursionConfig": "RecursiveLoop",
        "lambda:PutFunctionScalingConfig": "FunctionScalingConfig",
        "lambda:PutRuntimeManagementConfig": "RuntimeManagementConfig",
        "s3files:*": "FileSystemConfigs",
    },
    "AWS::Lambda::Version": {
        "lambda:PutFunctionScalingConfig": "FunctionScalingConfig",
        "lambda:PutProvisionedConcurrencyConfig": "ProvisionedConcurrencyConfig",
        "lambda:PutRuntimeManagementConfig": "RuntimePolicy",
    },
    "AWS::Logs::AccountPolicy": {
        # Of the other types of policies.
        "firehose:*": None,
        "logs:*DataProtectionPolicy": None,
        "logs:*IndexPolicy": None,
        "logs:*LogDelivery": None,
        "logs:*MetricExtractionPolicy": None,
        "logs:*Transformer": None,
        "s3:REST.PUT.OBJECT": None,
    },
    "AWS::Logs::LogGroup": {
        "firehose:*": "DataProtectionPolicy",
        "logs:*DataProtectionPolicy": "DataProtectionPolicy",
        "logs:*IndexPolicy": "FieldIndexPolicies",
        "logs:*KmsKey": "KmsKeyId",
        "logs:*LogDelivery": "DataProtectionPolicy",
        "logs:*ResourcePolicy": "ResourcePolicyDocument",
        "logs:PutBearerTokenAuthentication": "BearerTokenAuthenticationEnabled",
        "logs:PutLogGroupDeletionProtection": "DeletionProtectionEnabled",
        "s3:REST.PUT.OBJECT": "DataProtectionPolicy",
    },
    "AWS::SNS::Topic": {"sns:PutDataProtectionPolicy": "DataProtectionPolicy"},
}


# The service that a resource is of, and the end of its ARN, where its name stands in the template.
ARNS = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{AlarmName}"),
    "AWS::IAM::Role": ("iam", "role{Path}{RoleName}"),
    "AWS::Kinesis::Stream": ("kinesis", "stream/{Name}"),
    "AWS::Lambda::Function": ("lambda", "function:{FunctionName}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{LogGroupName}"),
    "AWS::Logs::SubscriptionFilter": ("logs", "log-group:{LogGroupName}"),
}


class Deployer:
    """What the policies were asked for, over all stacks."""

    def __init__(self):
        self.used = set()

    def problems(self, template, policy):
        """The actions that CloudFormation would be denied: a list of texts."""
        needed = collections.defaultdict(set)
        for resource in template["Resources"].values():
            for action in handled(resource["Type"]):
                if not is_granted(policy, resource, action) and not self._is_unneeded(resource, action):
                    needed[action].add(resource["Type"])
        return [f"the deployer may not {action}, for {', '.join(sorted(of))}" for action, of in sorted(needed.items())]

    def stale(self):
        """The exceptions that no stack needs."""
        listed = {(kind, pattern) for kind, unneeded in UNNEEDED.items() for pattern in unneeded}
        return [f"deployer.py has an exception that no stack needs: {pattern} of {kind}" for kind, pattern in sorted(listed - self.used)]

    def _is_unneeded(self, resource, action):
        for pattern, name in UNNEEDED.get(resource["Type"], {}).items():
            if fnmatch.fnmatchcase(action, pattern) and name not in resource["Properties"]:
                self.used.add((resource["Type"], pattern))
                return True
        return False


def policy(binary, export):
    """What is printed for the stack of an export."""
    case = export.case
    command = [binary, "policies", "deployer", *export.place, *case.arguments]
    ran = subprocess.run(command, env=exported.environment(), capture_output=True, text=True)
    if ran.returncode != 0:
        raise SystemExit(f"error: `policies deployer` failed for {case.name}:\n{ran.stderr}")
    return json.loads(ran.stdout)


def is_granted(document, resource, action):
    """Whether a statement allows the action on the resource; on anything, where its ARN is not known."""
    service, end = ARNS.get(resource["Type"], ("", ""))
    names = {"Path": "/"} | resource["Properties"]
    is_known = all(isinstance(names.get(name), str) for name in re.findall(r"\{(\w+)\}", end))
    # Whether the rest of an ARN is right is looked at by the checks of policies.
    name = end.format(**names) if is_known and action.startswith(f"{service}:") else None
    return any(
        action in listed(statement["Action"]) and (name is None or covers(statement, name))
        for statement in document["Statement"]
    )


def covers(statement, name):
    ends = [arn.split(":", 5)[-1] for arn in listed(statement["Resource"])]
    return any(fnmatch.fnmatchcase(name, end) for end in ends)


def listed(value):
    return value if isinstance(value, list) else [value]


@functools.cache
def handled(kind):
    """What CloudFormation calls to create, read, update and delete a resource of a type."""
    folder = pathlib.Path(cfnlint.data.schemas.__file__).parent
    # The schemas of all regions are the same files; this one has every type.
    hashes = json.loads((folder / "providers/us-east-1.json").read_text())
    schema = json.loads((folder / f"resources/{hashes[kind]}.json").read_text())
    handlers = schema.get("handlers", {})
    if not handlers:
        raise SystemExit(f"error: the schema of {kind} does not say what CloudFormation calls")
    return {action for verb, handler in handlers.items() if verb != "list" for action in handler["permissions"]}
