"""Tags of CloudWatch dashboards, which ministack knows of alarms only."""


def install(cloudwatch):
    """Takes the place of ministack's functions."""
    put, checked = cloudwatch._put_dashboard, cloudwatch._validate_alarm_tag_arn

    def with_tags(params, data, is_cbor, is_json=False):
        """PutDashboard, which takes tags when it creates one and ignores them otherwise."""
        is_new = data.get("DashboardName") not in cloudwatch._dashboards
        answer = put(params, data, is_cbor, is_json)
        if answer[0] == 200 and is_new and data.get("Tags"):
            arn = cloudwatch._dashboards[data["DashboardName"]]["DashboardArn"]
            cloudwatch._resource_tags[arn] = {tag["Key"]: tag["Value"] for tag in data["Tags"]}
        return answer

    def exists(arn, is_json=False, is_cbor=False):
        """An error unless there is such a resource with tags."""
        dashboard = cloudwatch._dashboards.get(arn.rpartition(":dashboard/")[2])
        is_it = dashboard is not None and dashboard["DashboardArn"] == arn
        return None if is_it else checked(arn, is_json, is_cbor)

    cloudwatch._put_dashboard, cloudwatch._validate_alarm_tag_arn = with_tags, exists
