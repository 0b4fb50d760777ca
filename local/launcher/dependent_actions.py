"""Permissions that AWS asks for beside the one that is named like the operation.

ministack evaluates the latter under AUTH=true. A request that passes a role or sets tags needs more,
and a policy that lacks it must fail here as it would on AWS. Some resources are named in full here, for
policies that are limited to them: a function that is to be created, a version or an alias of one, and a role with a path.
"""

import json
import uuid
from urllib.parse import parse_qs

from account_policies import EXTRACTION, SUBSCRIPTION
from condition_keys import customer_key, mapped_function


# What an operation on account policies needs beside its own action, by the type of the policy.
_OF_POLICIES = {
    "DescribeAccountPolicies": {SUBSCRIPTION: "DescribeSubscriptionFilters"},
    "PutAccountPolicy": {SUBSCRIPTION: "PutSubscriptionFilter", EXTRACTION: "PutMetricExtractionPolicy"},
    "DeleteAccountPolicy": {SUBSCRIPTION: "DeleteSubscriptionFilter", EXTRACTION: "DeleteMetricExtractionPolicy"},
}


def needed(service, method, path, headers, body, arn):
    """What a request needs beside its own action: a list of (action, resource, condition keys).

    ``arn`` makes the ARN of a resource of the caller's account and region from service and resource.
    """
    if service == "iam":
        return _iam(parse_qs((body or b"").decode(errors="replace")), arn)
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return []
    if service == "lambda":
        return _lambda(method, path.rstrip("/").rsplit("/", 1)[-1], data, arn)
    operation = headers.get("x-amz-target", "").split(".")[-1]
    if operation == "CreateStream" and data.get("Tags"):
        return [("kinesis:AddTagsToStream", arn("kinesis", f"stream/{data.get('StreamName')}"), {})]
    if operation in ("StartStreamEncryption", "StopStreamEncryption"):
        key = customer_key(data.get("KeyId"), *arn("kms", "").split(":")[3:5])
        return [(f"kinesis:{operation}", key, {}), ("kms:DescribeKey", key, {})] if key else []
    if operation == "CreateLogGroup" and data.get("tags"):
        return [("logs:TagResource", arn("logs", f"log-group:{data.get('logGroupName')}"), {})]
    if operation in ("PutSubscriptionFilter", "PutDestination"):
        passed = [_pass_role(data["roleArn"], "logs.amazonaws.com")] if data.get("roleArn") else []
        return passed + _destination(data.get("destinationArn"))
    if operation == "PutMetricAlarm" and data.get("Tags"):
        return [("cloudwatch:TagResource", arn("cloudwatch", f"alarm:{data.get('AlarmName')}"), {})]
    if operation == "PutDashboard" and data.get("Tags"):
        return [("cloudwatch:TagResource", _dashboard(data["DashboardName"], arn("cloudwatch", "").split(":")[4]), {})]
    if operation in _OF_POLICIES:
        action = _OF_POLICIES[operation].get(data.get("policyType"))
        actions = [(f"logs:{action}", arn("logs", "log-group:*"), {})] if action else []
        return actions + (_policy_role(data.get("policyDocument")) if operation == "PutAccountPolicy" else [])
    return []


def _iam(form, arn):
    if form.get("Action") != ["CreateRole"] or not any(name.startswith("Tags.") for name in form):
        return []
    role = form.get("Path", ["/"])[0] + form.get("RoleName", [""])[0]
    return [("iam:TagRole", arn("iam", f"role{role}"), {})]


def _lambda(method, kind, data, arn):
    actions = []
    creates = method == "POST" and kind in ("functions", "event-source-mappings")
    if data.get("Role") and (creates or (method, kind) == ("PUT", "configuration")):
        actions.append(_pass_role(data["Role"], "lambda.amazonaws.com"))
    if data.get("Tags") and creates:
        resource = f"function:{data.get('FunctionName')}" if kind == "functions" else "event-source-mapping:*"
        actions.append(("lambda:TagResource", arn("lambda", resource), {}))
    if (data.get("VpcConfig") or {}).get("SubnetIds"):
        # Lambda looks at the network as whoever configures the function.
        described = ("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
        actions += [(f"ec2:{operation}", "*", {}) for operation in described]
    return actions


def _pass_role(role, service):
    return "iam:PassRole", role, {"iam:PassedToService": service}


def _policy_role(document):
    try:
        policy = json.loads(document or "{}")
        role, destination = policy.get("RoleArn"), _destination(policy.get("DestinationArn"))
    except (ValueError, AttributeError):
        return []
    return ([_pass_role(role, "logs.amazonaws.com")] if role else []) + destination


def _destination(arn):
    """The permission on a destination of CloudWatch Logs, which a subscription to it needs as well."""
    return [("logs:PutSubscriptionFilter", arn, {})] if ":destination:" in (arn or "") else []


def install(app, responses, actions, modules):
    """Puts the check in front of the services' requests; ``modules`` maps a service to its module."""
    actions.extract_resource_arn = _naming_in_full(actions.extract_resource_arn, modules["iam"], modules["lambda"])
    actions._lambda_action = _naming_mapping_actions(actions._lambda_action)
    for service, module in modules.items():
        module.handle_request = _checking(app, responses, service, module.handle_request)


def _naming_mapping_actions(name):
    """Names what is done to one mapping or one alias; ministack names their listing and creation only."""
    verbs = {"GET": "Get", "PUT": "Update", "DELETE": "Delete"}

    def named(method, path):
        kind, _, mapping = path.strip("/").partition("/")[2].partition("/")
        one = kind == "event-source-mappings" and mapping and method in verbs
        if kind == "functions" and "/aliases/" in mapping and method in verbs:
            return f"{verbs[method]}Alias"
        return f"{verbs[method]}EventSourceMapping" if one else name(method, path)

    return named


def _function_of_mapping(functions, method, path, body, arn):
    """The ARN of the function that a request for a mapping names, or that the mapping has."""
    kind, _, mapping = path.strip("/").partition("/")[2].partition("/")
    if kind != "event-source-mappings":
        return None
    if mapping:
        return (functions._esms.get(mapping.strip("/")) or {}).get("FunctionArn")
    name = json.loads(body or b"{}").get("FunctionName") if method == "POST" else None
    return name if not name or name.startswith("arn:") else arn(name)


def _naming_in_full(extract, iam, functions):
    def named(service, method, path, headers, body, query_params, region, account_id):
        found = extract(service, method, path, headers, body, query_params, region, account_id)
        if service == "lambda":
            function = f"arn:aws:lambda:{region}:{account_id}:function:"
            mapped_function.set(_function_of_mapping(functions, method, path, body, lambda name: function + name))
        if service == "lambda" and method == "POST" and path.rstrip("/").endswith("/functions"):
            name = json.loads(body or b"{}").get("FunctionName")
            return f"arn:aws:lambda:{region}:{account_id}:function:{name}"
        qualifier = query_params.get("Qualifier") if service == "lambda" else None
        if qualifier and ":function:" in found:
            return f"{found}:{qualifier[0] if isinstance(qualifier, list) else qualifier}"
        if service == "sns" and found == "*" and query_params.get("ResourceArn"):
            named = query_params["ResourceArn"]
            return named[0] if isinstance(named, list) else named
        if service == "logs" and found == "*" and (destination := json.loads(body or b"{}").get("destinationName")):
            return f"arn:aws:logs:{region}:{account_id}:destination:{destination}"
        if service == "monitoring" and found == "*":
            return _of_alarm(json.loads(body or b"{}"), region, account_id)
        if service == "iam" and ":role/" in found:
            name = found.rsplit("/", 1)[-1]
            role = iam._roles.get_scoped(account_id, None, name)
            new_path = (query_params.get("Path") or ["/"])[0] if isinstance(query_params.get("Path"), list) else "/"
            return role["Arn"] if role else f"arn:aws:iam::{account_id}:role{new_path}{name}"
        return found

    return named


def _of_alarm(data, region, account_id):
    """What a request for CloudWatch is about: a resource with tags, a dashboard, or one alarm of a list."""
    dashboard = data.get("DashboardName") or (data.get("DashboardNames") or [None])[0]
    if dashboard:
        return _dashboard(dashboard, account_id)
    names = data.get("AlarmNames") or []
    alarm = f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{names[0]}" if len(names) == 1 else "*"
    return data.get("ResourceARN") or alarm


def _dashboard(name, account_id):
    """Dashboards are global."""
    return f"arn:aws:cloudwatch::{account_id}:dashboard/{name}"


def _checking(app, responses, service, handle):
    def arn(of, resource):
        region = "" if of == "iam" else responses.get_region()
        return f"arn:aws:{of}:{region}:{responses.get_account_id()}:{resource}"

    async def checked(method, path, headers, body, query_params):
        for action, resource, keys in needed(service, method, path, headers, body, arn) if app.AUTH else []:
            denied = app._enforce_data_plane(
                service, action, headers, query_params, str(uuid.uuid4()), resource, keys, None, resource
            )
            if denied:
                return denied
        return await handle(method, path, headers, body, query_params)

    return checked
