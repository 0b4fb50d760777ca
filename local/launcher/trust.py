"""Trust policies as policies of a resource: one that names a user lets that user assume the role.

ministack asks for an identity policy as well, which AWS does only where the trust policy names the whole account.
"""


def install(evaluator, iam):
    """Has ministack combine a role's trust policy with the caller's policies, as it does for buckets and queues."""

    def trust_policy_for_arn(arn):
        account, name = arn.split(":")[4], arn.rpartition("/")[2]
        role = iam._roles.get_scoped(account, None, name)
        return (role["AssumeRolePolicyDocument"], account) if role and role["Arn"] == arn else None

    iam.trust_policy_for_arn = trust_policy_for_arn
    evaluator._RESOURCE_POLICY_LOOKUPS["sts"] = ("iam", "trust_policy_for_arn")
