"""How large policies may be: IAM counts their characters without white space.

The limits and messages are IAM's. Inline policies of users and groups have limits, too, which are not looked at.
"""

import json
from urllib.parse import parse_qs

MANAGED, TRUST, INLINE_OF_A_ROLE = 6_144, 2_048, 10_240


def refusal(iam, form):
    """The message of the refusal, or None. ``form`` has one value for each name."""
    action = form.get("Action")
    if action in ("CreatePolicy", "CreatePolicyVersion") and _size(form.get("PolicyDocument")) > MANAGED:
        return f"Cannot exceed quota for PolicySize: {MANAGED}"
    trust = {"CreateRole": "AssumeRolePolicyDocument", "UpdateAssumeRolePolicy": "PolicyDocument"}.get(action)
    if trust and _size(form.get(trust)) > TRUST:
        return f"Cannot exceed quota for ACLSizePerRole: {TRUST}"
    role = iam._roles.get(form.get("RoleName")) if action == "PutRolePolicy" else None
    if role:
        documents = {**(role.get("InlinePolicies") or {}), form.get("PolicyName"): form.get("PolicyDocument")}
        if sum(map(_size, documents.values())) > INLINE_OF_A_ROLE:
            return f"Maximum policy size of {INLINE_OF_A_ROLE} bytes exceeded for role {form['RoleName']}"
    return None


def install(responses, iam):
    """Puts the limits in front of IAM's requests."""
    handle = iam.handle_request

    async def limited(method, path, headers, body, query_params):
        form = {name: values[0] for name, values in parse_qs((body or b"").decode(errors="replace")).items()}
        refused = refusal(iam, form)
        if refused:
            return responses.error_response_xml("LimitExceeded", refused, 409)
        return await handle(method, path, headers, body, query_params)

    iam.handle_request = limited


def _size(document):
    text = document if isinstance(document, str) else json.dumps(document or "")
    return len("".join(text.split()))
