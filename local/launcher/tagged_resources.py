"""GetResources of the tagging API: the resources of the chain by their tags, on pages.

ministack knows the tags of functions and buckets there; streams, log groups, destinations, mappings and alarms are added. Roles are not
listed: AWS has IAM's tags elsewhere.
"""

import base64
import json

from refusals import Refused, answering

PAGE, PAGE_AT_MOST = 50, 100


class TaggedResources:
    """Takes the place of ministack's GetResources."""

    def __init__(self, tagging, responses, functions, kinesis, logs, cloudwatch):
        self.tagging, self.responses = tagging, responses
        self.functions, self.kinesis, self.logs, self.cloudwatch = functions, kinesis, logs, cloudwatch

    def install(self):
        """Takes the place of ministack's function and adds to where it looks for tags."""
        self.tagging._HANDLERS["GetResources"] = answering(self.responses, self.get)

    def get(self, data):
        """GetResources by tags and types of resources. Asking by ARN is left to ministack."""
        if data.get("ResourceARNList"):
            return self.tagging._get_resources(data)
        types, filters = data.get("ResourceTypeFilters", []), data.get("TagFilters", [])
        found = sorted(
            (arn, tags) for arn, tags in self._all()
            if tags and self.tagging._matches_type_filters(arn, types) and self.tagging._matches_tag_filters(_list(tags), filters)
        )
        size = data.get("ResourcesPerPage", PAGE)
        if not 1 <= size <= PAGE_AT_MOST:
            raise Refused("InvalidParameterException", f"ResourcesPerPage must be between 1 and {PAGE_AT_MOST}.")
        after = _after(data.get("PaginationToken"))
        rest = [(arn, tags) for arn, tags in found if arn > after]
        page = rest[:size]
        return self.responses.json_response({
            "PaginationToken": _token(page[-1][0]) if len(rest) > size else "",
            "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": _list(tags)} for arn, tags in page],
        })

    def _all(self):
        """ARNs with tags as a map."""
        of = lambda service, resource: (
            f"arn:aws:{service}:{self.responses.get_region()}:{self.responses.get_account_id()}:{resource}"
        )
        for stream in self.kinesis._streams.values():
            yield stream["StreamARN"], stream.get("tags") or {}
        for name, group in self.logs._log_groups.items():
            yield of("logs", f"log-group:{name}"), group.get("tags") or {}
        for destination in self.logs._destinations.values():
            yield destination["arn"], destination.get("tags") or {}
        for name, function in self.functions._functions.items():
            yield of("lambda", f"function:{name}"), function.get("tags") or {}
        for mapping_id, mapping in self.functions._esms.items():
            yield of("lambda", f"event-source-mapping:{mapping_id}"), mapping.get("Tags") or {}
        for arn, tags in self.cloudwatch._resource_tags.items():
            if arn.split(":")[3] == self.responses.get_region():
                yield arn, tags
        for collect in (self.tagging._collect_s3, self.tagging._collect_sns):
            for arn, tags in collect():
                yield arn, {tag["Key"]: tag["Value"] for tag in tags}


def _list(tags):
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _token(arn):
    return base64.urlsafe_b64encode(json.dumps(arn).encode()).decode()


def _after(token):
    if not token:
        return ""
    try:
        return str(json.loads(base64.urlsafe_b64decode(token)))
    except ValueError as error:
        raise Refused("PaginationTokenExpiredException", "The PaginationToken is invalid.") from error
