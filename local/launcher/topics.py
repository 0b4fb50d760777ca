"""Subscriptions of SNS topics by mail, which wait until somebody confirms them. They have no ARN until then."""

_BY_MAIL = {"email", "email-json"}


def install(sns):
    """Takes the place of ministack's functions, which confirm such a subscription at once."""
    subscribe, listed = sns._subscribe, sns._list_subscriptions_by_topic

    def made(params):
        """Subscribe."""
        status, headers, body = subscribe(params)
        for subscription in _waiting(sns, params) if status == 200 else []:
            subscription["confirmed"] = False
            subscription["attributes"]["PendingConfirmation"] = "true"
            body = body.replace(subscription["arn"].encode(), b"pending confirmation")
        return status, headers, body

    def shown(params):
        """ListSubscriptionsByTopic."""
        status, headers, body = listed(params)
        for subscription in _waiting(sns, params) if status == 200 else []:
            body = body.replace(subscription["arn"].encode(), b"PendingConfirmation")
        return status, headers, body

    sns._subscribe, sns._list_subscriptions_by_topic = made, shown


def _waiting(sns, params):
    """The subscriptions of a topic that nobody can confirm here: the mail is not sent."""
    topic, _ = sns._get_topic(sns._p(params, "TopicArn"), None)
    return [subscription for subscription in topic["subscriptions"] if subscription["protocol"] in _BY_MAIL]
