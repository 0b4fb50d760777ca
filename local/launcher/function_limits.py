"""How large requests for functions may be, and what their environment may hold.

Lambda counts the environment as the JSON text of the map, so every quotation mark in a value counts twice; its refusal
quotes the whole text, secrets included. Limits and messages are the ones that users of AWS report.
"""

import json

import operations

# In bytes; a larger request is refused before anything in it is looked at.
REQUEST_LIMITS = {
    "UpdateFunctionConfiguration": 5_120,
    "CreateFunction": 70_167_211,
    "UpdateFunctionCode": 70_167_211,
}
ENVIRONMENT_LIMIT = 4_096
UNABLE = "Lambda was unable to configure your environment variables because the environment variables you have provided "
# Lambda's own, of the developer guide.
RESERVED = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}


def refusal(operation, body):
    """The code, the message and the HTTP status of the refusal, or None."""
    limit = REQUEST_LIMITS.get(operation)
    if limit is None:
        return None
    if len(body or b"") >= limit:
        message = f"Request must be smaller than {limit} bytes for the {operation} operation"
        return "RequestEntityTooLargeException", message, 413
    variables = (json.loads(body or b"{}").get("Environment") or {}).get("Variables") or {}
    reserved = sorted(RESERVED & set(variables))
    if reserved:
        message = (
            f"{UNABLE}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
        return "InvalidParameterValueException", message, 400
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > ENVIRONMENT_LIMIT:
        message = f"{UNABLE}exceeded the 4KB limit. String measured: {measured}"
        return "InvalidParameterValueException", message, 400
    return None


def install(responses, functions):
    """Puts the limits in front of Lambda's requests."""
    handle = functions.handle_request

    async def limited(method, path, headers, body, query_params):
        refused = refusal(operations.called("lambda", method, path, headers, body), body)
        if refused:
            return responses.error_response_json(*refused)
        return await handle(method, path, headers, body, query_params)

    functions.handle_request = limited
