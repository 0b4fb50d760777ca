"""AssumeRole looks at the role also where permissions are not enforced.

With AUTH=true ministack evaluates the trust policy itself. Without, it gives credentials of roles that do not exist; here
the role must exist in the account of its ARN, and its trust policy must let the caller assume it. Conditions on
``sts:ExternalId`` and ``sts:RoleSessionName`` count. Whether the caller's own policies allow it is not asked.
"""

import json
from urllib.parse import parse_qs


def install(app, sts, iam, evaluator, responses):
    """Puts the check in front of STS's requests."""
    handle = sts.handle_request

    async def checked(method, path, headers, body, query_params):
        given = _parameters(headers, body, query_params)
        if app.AUTH or given("Action") != "AssumeRole":
            return await handle(method, path, headers, body, query_params)
        arn, caller = given("RoleArn") or "", sts._caller_identity(headers, query_params)
        account = arn.split(":")[4] if arn.count(":") > 4 else ""
        role = iam._roles.get_scoped(account, None, arn.rpartition("/")[2])
        context = evaluator.EvalContext(
            principal_arn=caller["userArn"],
            principal_type=caller["principalType"],
            principal_account=caller["accountId"],
            action="sts:AssumeRole",
            resource_arn=arn,
            region=responses.get_region(),
            service_context={"sts:externalid": given("ExternalId"), "sts:rolesessionname": given("RoleSessionName")},
        )
        is_trusted = role and role["Arn"] == arn
        trust = role.get("AssumeRolePolicyDocument", "{}") if is_trusted else "{}"
        if not evaluator.evaluate_trust_policy(trust, caller["userArn"], context):
            why = f"User: {caller['userArn']} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            return iam._error(403, "AccessDenied", why, "sts")
        return await handle(method, path, headers, body, query_params)

    sts.handle_request = checked


def _parameters(headers, body, query_params):
    """What gives a parameter of a request by its name, in either protocol of STS."""
    target = headers.get("x-amz-target", "")
    if target.startswith("AWSSecurityTokenServiceV20110615."):
        values = {**json.loads(body or "{}"), "Action": target.rpartition(".")[2]}
        return values.get
    values = {**query_params, **parse_qs((body or b"").decode("utf-8", "replace"))}
    return lambda name: (values.get(name) or [None])[0]
