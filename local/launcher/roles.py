"""Roles as the services see them: who may assume one, and what may be done with it."""

import json


class Roles:
    """What a service may do with a role: it must be trusted, and the role's policies must allow."""

    def __init__(self, iam, evaluator, kms, account, lag):
        self.iam, self.evaluator, self.kms = iam, evaluator, kms
        self.account, self.lag = account, lag

    def trusts(self, role_arn, service, region, source_arn, source=None):
        """Whether the role exists and its trust policy lets ``service`` assume it for ``source_arn``.

        ``source`` has further condition keys of the source; its account is the one of the role if nothing else is said.
        """
        with self.lag.seen_by("iam:AssumeRole"):
            role = self._role(role_arn)
        if role is None:
            return False
        document = role.get("AssumeRolePolicyDocument") or "{}"
        document = json.loads(document) if isinstance(document, str) else document
        statements = document.get("Statement", [])
        keys = {"aws:sourcearn": source_arn, "aws:sourceaccount": self.account, **(source or {})}
        context = self._context("sts:AssumeRole", "*", region, keys)
        names = {f"{service}.amazonaws.com", f"{service}.{region}.amazonaws.com"}
        effects = {
            statement.get("Effect")
            for statement in ([statements] if isinstance(statements, dict) else statements)
            if "sts:AssumeRole" in _list(statement.get("Action"))
            and names & set(_list((statement.get("Principal") or {}).get("Service")))
            and self.evaluator._conditions_met(statement.get("Condition", {}), context)
        }
        return effects == {"Allow"}

    def allows(self, role_arn, action, resource, region, keys=None):
        """Whether the role's policies, within its boundary, allow ``action`` on ``resource`` with these condition keys.

        Nobody may do anything with a key that is disabled or about to be deleted; one that KMS does not know is fine here.
        """
        if action.startswith("kms:") and not (self.kms._resolve_key(resource) or {}).get("Enabled", True):
            return False
        name = role_arn.rsplit("/", 1)[-1]
        with self.lag.seen_by("iam:AssumeRole"):
            if self._role(role_arn) is None:
                return False
            policies = self.evaluator._gather_role_policies(name, self.account)
            boundary = self.evaluator._permissions_boundary(self.iam._roles, name, self.account)
        return self.evaluator.evaluate(self._context(action, resource, region, keys), policies, *boundary).decision == "Allow"

    def _role(self, role_arn):
        name = role_arn.rsplit("/", 1)[-1]
        role = self.iam._roles.get_scoped(self.account, None, name)
        return role if role and role.get("Arn") == role_arn else None

    def _context(self, action, resource, region, keys):
        return self.evaluator.EvalContext(
            principal_arn="",
            principal_type="AssumedRole",
            principal_account=self.account,
            action=action,
            resource_arn=resource,
            region=region,
            service_context=keys or {},
        )


def _list(value):
    return [value] if isinstance(value, str) else list(value or [])
