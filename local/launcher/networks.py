"""Functions in a VPC: what Lambda asks before it takes one, and which services of AWS such a function reaches.

ministack takes any subnet and any security group, and its functions reach everything. Here Lambda refuses what EC2 does
not know, and a role that may not make network interfaces. A function whose subnets have neither a route out nor an
endpoint of a service never gets an answer from that service, as in such a subnet on AWS.
Connections to anything else are those of this machine, so a log service is reached whatever the routes say.
"""

import json
import socket

import operations
from roles import Roles

# The services that the forwarder calls, by the variables with their URLs.
_CALLED = {"ssm": "AWS_ENDPOINT_URL_SSM", "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER", "s3": "AWS_ENDPOINT_URL_S3"}
_BY_ROLE = "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
# Lambda repeats what EC2 says.
_OF_EC2 = "Error occurred while {}. EC2 Error Code: {}. EC2 Error Message: {}"


class Networks:
    """Subnets, security groups, routes and endpoints, as they matter to functions."""

    def __init__(self, functions, ec2, iam, evaluator, kms, responses, lag):
        self.functions, self.ec2, self.responses = functions, ec2, responses
        self.iam, self.evaluator, self.kms, self.lag = iam, evaluator, kms, lag
        self.nowhere = _nowhere()

    def install(self):
        """Takes the place of what configures functions, starts them, and describes endpoints."""
        handle, environment = self.functions.handle_request, self.functions._provided_worker_env

        async def checked(method, path, headers, body, query_params):
            operation = operations.called("lambda", method, path, headers, body)
            refused = self.refusal(operation, method, path, json.loads(body or b"{}")) if _configures(operation) else None
            if refused:
                return self.responses.error_response_json("InvalidParameterValueException", refused, 400)
            return await handle(method, path, headers, body, query_params)

        def environment_in_network(config, code_dir, port):
            return environment(config, code_dir, port) | self.unreachable(config)

        self.functions.handle_request = checked
        self.functions._provided_worker_env = environment_in_network
        self.ec2._ACTION_MAP["DescribeVpcEndpoints"] = self.describe_endpoints

    def refusal(self, operation, method, path, data):
        """Why Lambda does not take the network of a function, or None."""
        network = data.get("VpcConfig") or {}
        subnets, groups = network.get("SubnetIds") or [], network.get("SecurityGroupIds") or []
        if not subnets:
            return None
        self.ec2._ensure_defaults_initialized()
        for subnet in subnets:
            if subnet not in self.ec2._subnets:
                said = f"The subnet ID '{subnet}' does not exist"
                return _OF_EC2.format("DescribeSubnets", "InvalidSubnetID.NotFound", said)
        for group in groups:
            if group not in self.ec2._security_groups:
                said = f"The security group '{group}' does not exist"
                return _OF_EC2.format("DescribeSecurityGroups", "InvalidGroup.NotFound", said)
        vpcs = {self.ec2._subnets[subnet]["VpcId"] for subnet in subnets}
        if len(vpcs) > 1:
            return "Subnets are required to be in the same VPC."
        if vpcs != {self.ec2._security_groups[group]["VpcId"] for group in groups}:
            return "Security Groups are required to be in the same VPC."
        role = data.get("Role") or self._role(method, path)
        account, region = self.responses.get_account_id(), self.responses.get_region()
        roles = Roles(self.iam, self.evaluator, self.kms, account, self.lag)
        # A role that is not there yet is another refusal.
        if role and roles._role(role) and not roles.allows(role, "ec2:CreateNetworkInterface", "*", region):
            return _BY_ROLE
        return None

    def _role(self, method, path):
        name = operations.route("lambda", method, path)[1].get("FunctionName", "")
        return (self.functions._functions.get(name) or {}).get("config", {}).get("Role")

    def unreachable(self, config):
        """The variables that lead to nowhere instead of to services that a function does not reach."""
        subnets = (config.get("VpcConfig") or {}).get("SubnetIds") or []
        parts = (config.get("FunctionArn") or "").split(":")
        if not subnets or len(parts) < 5:
            return {}
        with self.responses.request_scope(parts[4], parts[3]):
            tables = [self._table(subnet) for subnet in subnets]
            closed = [table for table in tables if not _leads_out(table)]
            called = _CALLED if closed else {}
            return {
                variable: self.nowhere
                for service, variable in called.items()
                if not any(_serves(endpoint, service, closed) for endpoint in self.ec2._vpc_endpoints.values())
            }

    def _table(self, subnet):
        tables = list(self.ec2._route_tables.values())
        vpc = (self.ec2._subnets.get(subnet) or {}).get("VpcId")
        own = [table for table in tables if any(one.get("SubnetId") == subnet for one in table.get("Associations", []))]
        main = [
            table for table in tables
            if table.get("VpcId") == vpc and any(one.get("Main") for one in table.get("Associations", []))
        ]
        return (own or main or [{}])[0]

    def describe_endpoints(self, params):
        """DescribeVpcEndpoints, with its filter by VPC and with private DNS, which every interface has here."""
        vpcs = self.ec2._parse_filters(params).get("vpc-id")
        found = [one for one in self.ec2._vpc_endpoints.values() if not vpcs or one["VpcId"] in vpcs]
        items = ""
        for one in found:
            dns = "true" if one["VpcEndpointType"] == "Interface" else "false"
            fields = self.ec2._vpce_fields_xml(one)
            items += fields.replace("<state>", f"<privateDnsEnabled>{dns}</privateDnsEnabled><state>", 1)
        return self.ec2._xml(200, "DescribeVpcEndpointsResponse", f"<vpcEndpointSet>{items}</vpcEndpointSet>")


def _configures(operation):
    return operation in ("CreateFunction", "UpdateFunctionConfiguration")


def _leads_out(table):
    """Whether there is a way to the internet for what has no public address."""
    routes = [route for route in table.get("Routes", []) if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    return any(not str(route.get("GatewayId") or "").startswith("igw-") for route in routes)


def _serves(endpoint, service, closed):
    if not endpoint["ServiceName"].endswith(f".{service}"):
        return False
    if endpoint["VpcEndpointType"] == "Interface":
        return True
    return all(table.get("RouteTableId") in endpoint.get("RouteTableIds", []) for table in closed)


def _nowhere():
    """The URL of a port that answers no connection: its queue is full, so the kernel drops every further one."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(2):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        waiting.append(one)
    # They live as long as this process.
    _KEPT.extend([listener, *waiting])
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


_KEPT = []
