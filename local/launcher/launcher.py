"""Starts ministack on a free loopback port, with what it lacks for cwl2le added.

Run as ``python launcher.py --state DIR [--auth] [--private]`` by the crate ``cwl2le-local``; ``guard`` says how it
announces itself and how it ends.

What is added takes the place of named functions of ministack; ``load`` stops with a clear message
when one of them is not there, or takes other parameters than the ones relied on:

- ``subscriptions``, ``account_policies`` and ``delivery``: subscription filters and account policies that deliver to
  Kinesis, with ``patterns``;
- ``destinations`` and ``organizations``: destinations that other accounts subscribe to, and who is in an organization;
- ``mappings``, ``reader`` and ``on_failure``: event source mappings that honour partial batch responses, and keep what
  they give up in S3;
- ``log_events``: FilterLogEvents with pages, order and patterns, TestMetricFilter, and ids of events that are the same
  everywhere;
- ``metrics``, ``chain_metrics``, ``embedded_metrics``, ``records`` and ``metric_requests``: the metrics of the chain and
  of log lines in the embedded format, and the requests that read them, with ``alarms`` on them;
- ``trail``: who changed an event source mapping, for CloudTrail;
- ``throttling``: streams that take nothing for a while, for tests;
- ``simulation`` and ``topics``: SimulatePrincipalPolicy for every resource, and subscriptions that wait to be confirmed;
- ``tagged_resources``: what the tagging API finds;
- ``versions``: published versions and aliases, with the checks that AWS makes;
- ``environments``: a change of a function ends its own execution environments, and no others;
- ``failed_starts``: what a function that cannot start says, in its log and to whoever invokes it;
- ``dependent_actions``: under AUTH=true, permissions such as ``iam:PassRole`` that an operation needs beside its own;
- ``condition_keys``: under AUTH=true, condition keys of policies such as ``iam:PermissionsBoundary``;
- ``strictness``, with ``operations``, ``inputs`` and ``shapes``: requests are checked against AWS's API models;
- ``recording``: writes down what cwl2le asks for, if the environment asks for that;
- ``networks``: subnets, security groups and roles of functions in a VPC, and which services of AWS they reach;
- ``bucket_owners``: requests for a bucket of another account than expected are refused;
- ``assumed_roles``: without AUTH=true too, a role that is assumed must exist and trust the caller;
- ``trust``: under AUTH=true, a trust policy that names a user is enough for that user;
- ``accounts``: whole accounts kept, put back, shown and forgotten, for tests;
- ``lag``: reads that lag behind writes, for tests;
- ``function_limits``, ``policy_limits`` and ``stream_limits``: sizes of requests, environments and policies, and changes
  of capacity a day;
- ``roles``: roles must trust the service that uses them, and allow what it does.

In front of all of it stands ``gate``, which refuses what web pages send. With ``--private`` the secret access key is
random and announced to the parent alone, and every request must be signed with it: ministack runs functions as
processes of the user, so whoever can call it can run programs.
"""

import argparse
import asyncio
import importlib
import importlib.metadata
import inspect
import os
import secrets

import accounts
import assumed_roles
import bucket_owners
import condition_keys
import control
import dashboards
import dependent_actions
import emulation
import environments
import failed_starts
import function_limits
import gate
import guard
import policy_limits
import recording
import strictness
import templates
import topics
import trail
import trust
from account_policies import AccountPolicies
from alarms import Alarms
from chain_metrics import ChainMetrics
from delivery import Delivery
from destinations import Destinations
from lag import Lag
from log_events import LogEvents
from mappings import Mappings
from metric_requests import MetricRequests
from metrics import Metrics
from networks import Networks
from organizations import Organizations
from records import Records
from simulation import Simulation
from stream_limits import StreamLimits
from subscriptions import Subscriptions
from tagged_resources import TaggedResources
from throttling import Throttling
from versions import Versions

WRITTEN_FOR = "1.5.33"

# Everything of ministack that is wrapped or called, with the parameters it is relied on to take.
RELIED_ON = {
    "app": {
        "AUTH": None,
        "_enforce_data_plane": "service iam_action headers query_params request_id resource_arn service_context "
        "auth_error_response named_resource",
    },
    "services.cloudwatch_logs": {
        "handle_request": "method path headers body query_params",
        "reset": "",
        "_put_subscription_filter": "data",
        "_describe_subscription_filters": "data",
        "_fanout_to_subscription_filters": "group_name stream_name events",
        "_subscription_pattern_matches": "pattern message",
        "_append_log_events": "stream events",
        "_filter_log_events": "data",
        "_resolve_log_group_name": "data",
        "_log_events_lock": None,
        "_log_groups": None,
        "_destinations": None,
        "_put_destination": "data",
        "_put_destination_policy": "data",
        "_describe_destinations": "data",
        "_delete_destination": "data",
        "_tag_resource_identity": "arn account_id region",
    },
    "services.kinesis": {
        "handle_request": "method path headers body query_params",
        "put_record_internal": "stream_arn partition_key data",
        "_put_record": "data",
        "_put_records": "data",
        "_resolve_stream": "data",
        "_create_stream": "data",
        "_update_shard_count": "data",
        "_resolve_stream_by_arn": "stream_arn",
        "_streams": None,
    },
    "services.cloudwatch": {
        "handle_request": "method path headers body query_params",
        "record_metric": "namespace metric_name value unit dimensions",
        "reset": "",
        "_json_ok": "data",
        "_error": "code message status use_json use_cbor",
        "_evaluate_alarm": "alarm",
        "_evaluate_all_alarms": "",
        "_evaluate_parent_alarms": "child seen",
        "_set_alarm_state": "params cbor_data is_cbor is_json",
        "_record_history": "alarm_name old_state new_state reason alarm_type reason_data",
        "_dispatch_alarm_actions": "alarm old_state new_state reason",
        "_put_dashboard": "params cbor_data is_cbor is_json",
        "_validate_alarm_tag_arn": "arn is_json is_cbor",
        "_alarms": None,
        "_dashboards": None,
        "_resource_tags": None,
    },
    "services.tagging": {
        "handle_request": "method path headers body query_params",
        "_HANDLERS": None,
        "_get_resources": "data",
        "_matches_type_filters": "arn type_filters",
        "_matches_tag_filters": "tags tag_filters",
        "_collect_s3": "",
        "_collect_sns": "",
    },
    "services.lambda_svc": {
        "handle_request": "method path headers body query_params",
        "_poll_kinesis": "",
        "_iter_all_esms": "",
        "_create_esm": "data",
        "_update_esm": "esm_id data",
        "_list_esms": "query_params",
        "_publish_version": "name data",
        "_create_alias": "func_name data",
        "_update_alias": "func_name alias_name data",
        "_create_function": "data",
        "_esm_response": "esm",
        "_emit_lambda_metrics": "function_name duration_ms error throttle",
        "_emit_lambda_logs": "func request_id log_text error duration_ms log_source",
        "_execute_function": "func event",
        "_execute_function_provided_warm": "func event request_id",
        "_provided_worker_env": "config code_dir port",
        "_apply_filter_criteria": "records esm",
        "_get_func_record_for_qualifier": "name qualifier",
        "_resolve_name_and_qualifier": "name_or_arn",
        "_request_access_key": None,
        "invalidate_worker": "func_name qualifier account region",
        "esm_wake": None,
        "_esms": None,
        "_functions": None,
    },
    "services.s3": {
        "handle_request": "method path headers body query_params signed_path enforce_bucket_region internal "
        "access_point_region access_point",
        "_parse_bucket_key": "path headers",
        "_put_object": "bucket_name key body headers",
        "_buckets": None,
    },
    "services.iam": {
        "handle_request": "method path headers body query_params",
        "_IAM_HANDLERS": None,
        "_xml": "status root_tag inner ns",
        "_error": "status code message ns",
        "_roles": None,
        "_users": None,
    },
    "services.cloudtrail": {
        "record_event": "service event_name username access_key_id resources region request_id user_agent request_params method",
    },
    "services.kms": {"_resolve_key": "key_id_or_arn"},
    "services.sns": {"_subscribe": "params", "_list_subscriptions_by_topic": "params", "_get_topic": "topic_arn action", "_p": None},
    "services.ec2": {
        "handle_request": "method path headers body query_params",
        "_ensure_defaults_initialized": "",
        "_parse_filters": "params",
        "_vpce_fields_xml": "ep tag",
        "_xml": None,
        "_ACTION_MAP": None,
        "_subnets": None,
        "_security_groups": None,
        "_route_tables": None,
        "_vpc_endpoints": None,
    },
    "services.secretsmanager": {"handle_request": "method path headers body query_params"},
    "services.ssm": {"handle_request": "method path headers body query_params"},
    "services.sts": {
        "handle_request": "method path headers body query_params",
        "_caller_identity": "headers query_params",
    },
    "core.iam_actions": {
        "extract_resource_arn": "service method path headers body query_params region account_id",
        "request_tag_context": "service iam_action body params",
        "_lambda_action": "method path",
    },
    "core.iam_evaluator": {
        "EvalContext": None,
        "evaluate": "ctx policies limits",
        "_conditions_met": "conditions ctx",
        "evaluate_trust_policy": "trust_doc caller_arn ctx",
        "_principal_org_id": "account_id",
        "evaluate_resource_policy": "doc ctx service named_only direct_only",
        "_gather_role_policies": "role_name account_id",
        "_gather_user_policies": "user_name account_id",
        "_permissions_boundary": "store name account_id",
        "_RESOURCE_POLICY_LOOKUPS": None,
    },
    "services.cloudformation.provisioners": {"_RESOURCE_HANDLERS": None},
    "core.lambda_runtime": {"ProvidedWorker": None, "ProvidedRuntimeError": "message error_type", "subprocess": None},
    "core.sigv4": {
        "parse_header_signature": "headers",
        "header_signature_failure": "signature secret method raw_path query_params headers body presigned explain",
    },
    "core.responses": {
        "AccountScopedDict": None,
        "AccountRegionScopedDict": None,
        "error_response_json": None,
        "error_response_xml": "code message status namespace",
        "json_response": None,
        "get_account_id": "",
        "get_region": "",
        "request_scope": "account_id region",
    },
}


def load():
    """ministack's modules, after checking that all that is relied on is there."""
    version = importlib.metadata.version("ministack")
    modules, missing = {}, []
    for name, members in RELIED_ON.items():
        module = modules[name.split(".")[-1]] = importlib.import_module(f"ministack.{name}")
        for member, parameters in members.items():
            found = getattr(module, member, None)
            if found is None:
                missing.append(f"{name}.{member}")
            elif parameters is not None and list(inspect.signature(found).parameters) != parameters.split():
                missing.append(f"{name}.{member}({', '.join(parameters.split())})")
    if missing:
        raise RuntimeError(
            f"ministack {version} has no {', '.join(missing)}: the launcher is written for {WRITTEN_FOR}"
        )
    return modules


def install(modules):
    """Puts everything in its place; what answers the requests that control the server."""
    logs, functions, kinesis = modules["cloudwatch_logs"], modules["lambda_svc"], modules["kinesis"]
    responses, lag = modules["responses"], Lag(modules["responses"])
    metrics = Metrics(responses)
    measured = ChainMetrics(metrics)
    throttling = Throttling(responses, measured)
    shared = modules["iam"], modules["iam_evaluator"], modules["kms"], responses, lag, measured
    organizations = Organizations(responses)
    organizations.install(modules["iam_evaluator"])
    delivery = Delivery(kinesis, throttling, organizations, *shared)
    destinations = Destinations(logs, responses, modules["iam_evaluator"], delivery)
    destinations.install()
    policies = AccountPolicies(responses, delivery, lag)
    LogEvents(logs, responses).install()
    Subscriptions(logs, responses, policies, delivery, lag, measured).install()
    Mappings(functions, kinesis, logs, modules["s3"], *shared).install()
    Versions(functions, responses).install()
    trail.install(modules["cloudtrail"], functions, responses)
    Records(kinesis, responses, throttling, measured).install()
    Simulation(modules["iam"], modules["iam_evaluator"], responses).install()
    templates.install(modules["provisioners"], functions, policies, destinations)
    topics.install(modules["sns"])
    dashboards.install(modules["cloudwatch"])
    MetricRequests(modules["cloudwatch"], metrics).install()
    Alarms(modules["cloudwatch"], metrics).install()
    TaggedResources(modules["tagging"], responses, functions, kinesis, logs, modules["cloudwatch"]).install()
    StreamLimits(kinesis, responses).install()
    environments.install(responses, functions)
    failed_starts.install(functions, modules["lambda_runtime"])
    Networks(functions, modules["ec2"], modules["iam"], modules["iam_evaluator"], modules["kms"], responses, lag).install()
    emulation.install(modules["lambda_runtime"])
    function_limits.install(responses, functions)
    policy_limits.install(responses, modules["iam"])
    services = {"logs": logs, "kinesis": kinesis, "lambda": functions, "iam": modules["iam"]}
    whole = accounts.Accounts(responses, functions, logs, kinesis, modules["iam"], modules["cloudwatch"], policies, throttling, organizations, metrics=metrics)
    lag.install(services, whole.copy_of)
    trust.install(modules["iam_evaluator"], modules["iam"])
    assumed_roles.install(modules["app"], modules["sts"], modules["iam"], modules["iam_evaluator"], responses)
    condition_keys.install(modules["iam_actions"], modules["iam"])
    dependent_actions.install(modules["app"], responses, modules["iam_actions"], {**services, "monitoring": modules["cloudwatch"]})
    create_stream = kinesis._create_stream

    def create_stream_with_tags(data):
        """CreateStream, which takes tags on AWS."""
        answer = create_stream(data)
        if answer[0] == 200:
            kinesis._streams[data["StreamName"]]["tags"] = dict(data.get("Tags") or {})
        return answer

    kinesis._create_stream = create_stream_with_tags
    bucket_owners.install(responses, modules["s3"])
    more = {name: modules[name] for name in ("secretsmanager", "ssm", "sts")}
    more |= {"monitoring": modules["cloudwatch"], "tagging": modules["tagging"], "ec2": modules["ec2"]}
    strictness.install(responses, {**services, **more})
    return whole, lag, metrics, throttling, organizations


def configure(state, port, auth, secret):
    """Sets what ministack reads from the environment; functions inherit it, so it holds no more."""
    temporary = os.path.join(state, "tmp")
    os.makedirs(temporary, exist_ok=True)
    os.environ.update(
        GATEWAY_PORT=str(port),
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY=secret or "test",
        AUTH="true" if auth else "false",
        LAMBDA_EXECUTOR="local",
        PERSIST_STATE="0",
        STATE_DIR=os.path.join(state, "state"),
        TMPDIR=temporary,
        HOME=temporary,
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        # No socket there: ministack then leaves docker alone.
        DOCKER_HOST=f"unix://{temporary}/no-docker.sock",
    )


def announcing(app, port, secret):
    """The ASGI application, with a word to the parent once it has started."""

    async def wrapped(scope, receive, send):
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def tell(message):
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                guard.announce(port, secret)

        await app(scope, receive, tell)

    return wrapped


def main():
    """Serves ministack until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--private", action="store_true")
    arguments = parser.parse_args()
    with guard.watching(arguments.state):
        listener, port = guard.listen()
        secret = secrets.token_urlsafe(30) if arguments.private else None
        configure(arguments.state, port, arguments.auth, secret)
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        from ministack.app import app

        controls = install(load())
        recorded = recording.of_requests(app)
        config = Config()
        config.bind = [f"fd://{listener.fileno()}"]
        config.keep_alive_timeout = 75
        config.loglevel = "WARNING"
        guarded = gate.guarding(control.serving(recorded, *controls), secret)
        asyncio.run(serve(announcing(guarded, port, secret), config))


if __name__ == "__main__":
    main()
