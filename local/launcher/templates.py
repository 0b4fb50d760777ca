"""CloudFormation: what ministack leaves out of what it makes from a template."""

from account_policies import SUBSCRIPTION


def install(provisioners, functions, policies, destinations):
    """Adds metrics to event source mappings, concurrency to functions, account policies and destinations of CloudWatch Logs."""
    handlers = provisioners._RESOURCE_HANDLERS
    mapping = handlers["AWS::Lambda::EventSourceMapping"]
    create, update = mapping["create"], mapping["update"]

    def create_mapping(logical_id, props, stack_name):
        made = create(logical_id, props, stack_name)
        functions._esms[made[0]]["MetricsConfig"] = props.get("MetricsConfig") or {"Metrics": []}
        return made

    def update_mapping(physical_id, old_props, new_props, stack_name):
        changed = update(physical_id, old_props, new_props, stack_name)
        functions._esms[changed[0]]["MetricsConfig"] = new_props.get("MetricsConfig") or {"Metrics": []}
        return changed

    mapping.update(create=create_mapping, update=update_mapping)
    _with_concurrency(handlers["AWS::Lambda::Function"], functions)
    _with_tags(handlers["AWS::CloudWatch::Dashboard"], provisioners._cw)

    def put_policy(props):
        policies.put(
            {
                "policyName": props["PolicyName"],
                "policyType": props["PolicyType"],
                "policyDocument": props["PolicyDocument"],
                "selectionCriteria": props.get("SelectionCriteria"),
            }
        )
        return props["PolicyName"], {}

    handlers["AWS::Logs::AccountPolicy"] = {
        "create": lambda logical_id, props, stack_name: put_policy(props),
        "update": lambda physical_id, old_props, new_props, stack_name: put_policy(new_props),
        "delete": lambda physical_id, props: policies.delete(
            {"policyName": physical_id, "policyType": props.get("PolicyType", SUBSCRIPTION)}
        ),
    }
    handlers["AWS::Logs::Destination"] = _of_destinations(destinations)


def _of_destinations(destinations):
    def put(props):
        name = props["DestinationName"]
        destinations.put({"destinationName": name, "targetArn": props["TargetArn"], "roleArn": props["RoleArn"]})
        record = destinations.logs._destinations[name]
        record["tags"] = {tag["Key"]: tag["Value"] for tag in props.get("Tags") or []}
        if props.get("DestinationPolicy"):
            policy = {"destinationName": name, "accessPolicy": props["DestinationPolicy"], "forceUpdate": True}
            destinations.put_policy(policy)
        return name, {"Arn": record["arn"]}

    return {
        "create": lambda logical_id, props, stack_name: put(props),
        "update": lambda physical_id, old_props, new_props, stack_name: put(new_props),
        "delete": lambda physical_id, props: destinations.delete({"destinationName": physical_id}),
    }


def _with_tags(handler, cloudwatch):
    """Has dashboards carry the tags of their templates."""
    create, update = handler["create"], handler["update"]

    def tag(name, props):
        arn = cloudwatch._dashboards[name]["DashboardArn"]
        cloudwatch._resource_tags[arn] = {tag["Key"]: tag["Value"] for tag in props.get("Tags", [])}

    def create_dashboard(logical_id, props, stack_name):
        made = create(logical_id, props, stack_name)
        tag(made[0], props)
        return made

    def update_dashboard(physical_id, old_props, new_props, stack_name):
        changed = update(physical_id, old_props, new_props, stack_name)
        tag(changed[0], new_props)
        return changed

    handler.update(create=create_dashboard, update=update_dashboard)


def _with_concurrency(handler, functions):
    """Has functions reserve concurrency as their templates say."""
    create, update = handler["create"], handler["update"]

    def reserve(props):
        reserved = props.get("ReservedConcurrentExecutions")
        if reserved is not None:
            functions._put_function_concurrency(props["FunctionName"], {"ReservedConcurrentExecutions": int(reserved)})

    def create_function(logical_id, props, stack_name):
        made = create(logical_id, props, stack_name)
        reserve(props)
        return made

    def update_function(physical_id, old_props, new_props, *more):
        changed = update(physical_id, old_props, new_props, *more)
        reserve(new_props)
        return changed

    handler.update(create=create_function, update=update_function)
