"""Every request against AWS's API models, before ministack sees it.

ministack takes most values as they come. Here a request is refused, as its service would refuse it, where it lacks a
required member, or a value is of the wrong type, too long, too short, too large, none of an enumeration, or does not match
the pattern of its member. One thing is stricter than AWS: a member that the model does not know is refused, too, since AWS
would ignore it and the caller would never learn of the mistake.

Not looked at: Kinesis's CBOR, unknown fields of forms, and services other than the ones of ``operations``.
"""

import logging

import inputs
import operations
import shapes

log = logging.getLogger("cwl2le")

# The code of a broken constraint; the query protocol has codes without `Exception`.
_CODES = {
    "ec2": "InvalidParameterValue", "iam": "ValidationError", "logs": "InvalidParameterException", "monitoring": "ValidationError",
    "sts": "ValidationError", "tagging": "InvalidParameterException",
}
# AWS's parsers give up before any constraint is looked at.
_UNREADABLE = {"iam": "MalformedInput", "sts": "MalformedInput", "ec2": "InvalidParameterValue"}


def refusal(service, operation, method, path, headers, body, query):
    """The code and the message of the refusal, or None."""
    try:
        value = inputs.given(service, operation, method, path, headers, body, query)
        name = operations.model(service)["operations"][operation].get("input", {}).get("shape")
        found = shapes.violations(operations.model(service)["shapes"], name, value) if name else []
    except (ValueError, shapes.WrongType) as error:
        return _UNREADABLE.get(service, "SerializationException"), str(error)
    if not found:
        return None
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
    return _CODES.get(service, "ValidationException"), count + "; ".join(found)


def install(responses, services):
    """Puts the check in front of the services' requests; ``services`` maps a service to its module."""
    for service, module in services.items():
        module.handle_request = _checking(responses, service, module.handle_request)


def _checking(responses, service, handle):
    async def checked(method, path, headers, body, query_params):
        operation = operations.called(service, method, path, headers, body)
        if operation in operations.model(service)["operations"] and "cbor" not in headers.get("content-type", ""):
            refused = refusal(service, operation, method, path, headers, body, query_params)
            if refused:
                log.warning("%s:%s is refused: %s: %.400s", service, operation, *refused)
                return responses.error_response_xml(*refused, 400) if service in _UNREADABLE else (
                    responses.error_response_json(*refused, 400)
                )
        return await handle(method, path, headers, body, query_params)

    return checked
