"""SimulatePrincipalPolicy for each pair of action and resource, within the boundary of the principal, on pages."""

from xml.sax.saxutils import escape

from refusals import Refused

_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny"}
_PAGE = 100


class Simulation:
    """Takes the place of ministack's, which looks at the first resource only and at no boundary."""

    def __init__(self, iam, evaluator, responses):
        self.iam, self.evaluator, self.responses = iam, evaluator, responses

    def install(self):
        """Takes the place of ministack's function."""
        self.iam._IAM_HANDLERS["SimulatePrincipalPolicy"] = self.answer

    def answer(self, form):
        """The handler of the query protocol."""
        try:
            return self.simulate(form)
        except Refused as refused:
            return self.iam._error(404, refused.code, str(refused), ns="iam")

    def simulate(self, form):
        """SimulatePrincipalPolicy of a user or a role of this account."""
        principal = _one(form, "PolicySourceArn")
        policies, boundary = self._of(principal)
        pairs = [(action, resource) for action in _all(form, "ActionNames") for resource in _all(form, "ResourceArns") or ["*"]]
        begin = int(_one(form, "Marker") or 0)
        end = begin + int(_one(form, "MaxItems") or _PAGE)
        members = "".join(self._member(principal, policies, boundary, *pair) for pair in pairs[begin:end])
        more = end < len(pairs)
        marker = f"<Marker>{end}</Marker>" if more else ""
        return self.iam._xml(
            200, "SimulatePrincipalPolicyResponse",
            f"<SimulatePrincipalPolicyResult><EvaluationResults>{members}</EvaluationResults>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{marker}</SimulatePrincipalPolicyResult>", ns="iam",
        )

    def _of(self, principal):
        account = self.responses.get_account_id()
        kind, _, name = principal.rsplit(":", 1)[-1].partition("/")
        name = name.rsplit("/", 1)[-1]
        store = {"user": self.iam._users, "role": self.iam._roles}.get(kind)
        if store is None or name not in store:
            raise Refused("NoSuchEntity", f"The {kind} with name {name} cannot be found.")
        gather = self.evaluator._gather_user_policies if kind == "user" else self.evaluator._gather_role_policies
        return gather(name, account), self.evaluator._permissions_boundary(store, name, account)

    def _member(self, principal, policies, boundary, action, resource):
        context = self.evaluator.EvalContext(
            principal_arn=principal, principal_type="User", principal_account=self.responses.get_account_id(), action=action,
            resource_arn=resource, region=self.responses.get_region(),
        )
        decision = self.evaluator.evaluate(context, policies, *boundary).decision if policies else ""
        return (
            f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>{escape(resource)}</EvalResourceName>"
            f"<EvalDecision>{_DECISIONS.get(decision, 'implicitDeny')}</EvalDecision><MatchedStatements/>"
            "<MissingContextValues/></member>"
        )


def _one(form, name):
    value = form.get(name, "")
    return value[0] if isinstance(value, list) else value


def _all(form, name):
    found = []
    while value := _one(form, f"{name}.member.{len(found) + 1}"):
        found.append(value)
    return found
