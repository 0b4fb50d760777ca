"""Condition keys of policies that AWS gives to a request and ministack does not.

- ``lambda:FunctionArn``: the function of an event source mapping.
- ``iam:PermissionsBoundary``: the boundary that a request sets, or else the one that its role has. A role without one
  has no such key, so that ``StringEquals`` does not hold for it.
- ``iam:PolicyARN``: the managed policy that is attached or detached.
- ``kms:ViaService`` and ``kms:EncryptionContext:aws:kinesis:arn``: of a key that Kinesis uses for a stream.

The actions that have them are the ones of the Service Authorization Reference.
"""

import contextvars

# The function of the mapping that the request in hand is about.
mapped_function = contextvars.ContextVar("mapped_function", default=None)

_SETS_BOUNDARY = {"CreateRole", "PutRolePermissionsBoundary"}
_OF_THE_BOUNDARY_OF_ITS_ROLE = {
    "AttachRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy", "GetRole",
    "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription",
}
_OF_A_POLICY = {"AttachRolePolicy", "DetachRolePolicy"}


def customer_key(key, region, account):
    """The ARN of the key that a stream or a request names, or None for none, an alias, or a key that AWS manages."""
    if not key or "alias/" in key:
        return None
    return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"


def of_stream_key(region, stream_arn):
    """The keys of a call that Kinesis makes to KMS for a stream."""
    return {"kms:viaservice": f"kinesis.{region}.amazonaws.com", "kms:encryptioncontext:aws:kinesis:arn": stream_arn}


def install(actions, iam):
    """Adds the keys to the ones that ministack takes from a request."""
    context = actions.request_tag_context

    def completed(service, action, body, params):
        keys = context(service, action, body, params)
        if service == "lambda" and mapped_function.get():
            return {**keys, "lambda:FunctionArn": mapped_function.get()}
        return {**keys, **_of_role(iam, action, params)} if service == "iam" else keys

    actions.request_tag_context = completed


def _of_role(iam, action, params):
    name, keys = action.partition(":")[2], {}
    boundary = None
    if name in _SETS_BOUNDARY:
        boundary = _one(params, "PermissionsBoundary")
    elif name in _OF_THE_BOUNDARY_OF_ITS_ROLE:
        boundary = (iam._roles.get(_one(params, "RoleName")) or {}).get("PermissionsBoundary")
    if boundary:
        keys["iam:PermissionsBoundary"] = boundary
    if name in _OF_A_POLICY and _one(params, "PolicyArn"):
        keys["iam:PolicyARN"] = _one(params, "PolicyArn")
    return keys


def _one(params, name):
    value = params.get(name)
    return value[0] if isinstance(value, list) and value else value
