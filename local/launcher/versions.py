"""Published versions and aliases of functions, with the checks that AWS makes.

ministack lets an alias name a version that does not exist, publishes while an update is in progress, and lists the
mappings of a function together with those of its aliases.
"""

import json


class Versions:
    """Takes the place of ministack's functions, which are then called from here."""

    def __init__(self, functions, responses):
        self.functions, self.responses = functions, responses
        self.publish, self.list_mappings = functions._publish_version, functions._list_esms
        self.create_alias, self.update_alias = functions._create_alias, functions._update_alias

    def install(self):
        """Puts everything in its place."""
        self.functions._publish_version = self.published
        self.functions._create_alias = self.made_alias
        self.functions._update_alias = self.changed_alias
        self.functions._list_esms = self.listed_mappings

    def published(self, name, data):
        """PublishVersion of what the function is; not while that is changing, and not of other code than expected."""
        config = (self.functions._functions.get(name) or {}).get("config", {})
        if config.get("LastUpdateStatus") == "InProgress" or config.get("State") == "Pending":
            return self._refused(
                "ResourceConflictException",
                "The operation cannot be performed at this time. An update is in progress for resource: "
                + config.get("FunctionArn", ""),
                409,
            )
        expected, is_now = data.get("CodeSha256"), config.get("CodeSha256")
        if config and expected and expected != is_now:
            return self._refused(
                "InvalidParameterValueException",
                f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({is_now}). Please try again with "
                "the CodeSHA256 in $LATEST.",
                400,
            )
        return self.publish(name, data)

    def made_alias(self, name, data):
        """CreateAlias."""
        return self._missing(name, data) or self.create_alias(name, data)

    def changed_alias(self, name, alias, data):
        """UpdateAlias."""
        return self._missing(name, data) or self.update_alias(name, alias, data)

    def listed_mappings(self, query_params):
        """ListEventSourceMappings: a name without an alias or a version stands for the function itself."""
        given = query_params.get("FunctionName")
        given = given[0] if isinstance(given, list) else given
        if not given:
            return self.list_mappings(query_params)
        name, qualifier = self.functions._resolve_name_and_qualifier(given)
        mappings = self.functions._esms
        others = {
            found["UUID"]
            for found in list(mappings.values())
            if found["FunctionName"] == name and found.get("Qualifier") != qualifier
        }
        answer = self.list_mappings(query_params)
        if not others:
            return answer
        listed = json.loads(answer[2])
        listed["EventSourceMappings"] = [found for found in listed["EventSourceMappings"] if found["UUID"] not in others]
        return self.responses.json_response(listed)

    def _missing(self, name, data):
        """The refusal of a version that the function does not have, or None."""
        function = self.functions._functions.get(name)
        weights = ((data.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}).keys()
        for version in [data.get("FunctionVersion"), *weights]:
            if function and version not in (None, "$LATEST") and version not in function["versions"]:
                arn = f"{function['config'].get('FunctionArn', name)}:{version}"
                return self._refused("ResourceNotFoundException", f"Function not found: {arn}", 404)
        return None

    def _refused(self, code, message, status):
        return self.responses.error_response_json(code, message, status)
