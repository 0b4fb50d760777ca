"""Which accounts are in which organization, as a test says.

- ``POST /_cwl2le/accounts/ID/organization`` with ``{"organization": "o-..."}`` makes the account a member; ``{}`` ends that.
- ``{"organization": "o-...", "source": false}``: CloudWatch Logs does not give ``aws:SourceOrgID`` when it assumes a role for
  this account. Whether AWS gives this key there is not documented, so tests look at both.
"""

import json
import re

_PATH = re.compile(r"/_cwl2le/accounts/(\d{12})/organization")


class Organizations:
    """The organization of every account that has one."""

    def __init__(self, responses):
        self.responses = responses
        self.members = responses.AccountScopedDict()

    def install(self, evaluator):
        """Has policies see the organization of whoever calls."""
        own = evaluator._principal_org_id
        evaluator._principal_org_id = lambda account: self.of(account) or own(account)

    def of(self, account):
        """The id of the account's organization, or None."""
        return (self.members.get_scoped(account, None, "organization") or {}).get("organization")

    def source_keys(self, account):
        """The condition keys on the organization that a service gives when it works on behalf of this account."""
        member = self.members.get_scoped(account, None, "organization") or {}
        return {"aws:sourceorgid": member["organization"]} if member.get("source", True) and member else {}

    def answer(self, method, path, body):
        """The answer to a request that changes the organization of an account, or None where it is not for here."""
        match = _PATH.fullmatch(path)
        if match is None or method != "POST":
            return None
        wanted = json.loads(body or b"{}")
        if wanted:
            self.members.set_scoped(match.group(1), None, "organization", wanted)
        else:
            self.members.pop_scoped(match.group(1), None, "organization", None)
        return {}
