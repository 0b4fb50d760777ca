"""Whole accounts: kept, put back, and shown with everything that AWS' control plane knows of them.

Tests that fail a run at each of its calls begin each time with the same account, and compare what is left:

- ``POST /_cwl2le/accounts/ID/keep/NUMBER`` remembers the account as it is;
- ``POST /_cwl2le/accounts/ID/restore/NUMBER`` puts it back to what was kept by that number, and ends the execution
  environments of functions and versions that are no longer what they were: a version of the same number may come again;
- ``POST /_cwl2le/accounts/ID/forget`` deletes everything in it, in every service, and ends its functions;
- ``GET /_cwl2le/accounts/ID`` shows it as JSON, the same text for the same contents.

Metrics are kept, put back and deleted with their account, and not shown: they flow.
"""

import collections
import copy
import hashlib
import json
import re
import sys
import threading

_PATH = re.compile(r"/_cwl2le/accounts/(\d{12})(?:/(keep|restore)/(\d+)|/(forget))?")
# What flows through an account, as against what there is: records, their positions, lines of logs.
_FLOW = {
    "kinesis._shard_iterators",
    "lambda_svc._kinesis_positions",
    "lambda_svc._dynamodb_stream_positions",
    "lambda_svc._esm_backoff_until",
    "cloudwatch_logs._log_records",
    "cloudwatch_logs._queries",
    "cloudwatch._alarm_history",
}
_FLOWING_FIELDS = {
    "LastProcessingResult", "StateReason", "StateValue", "records", "scalings", "starting_sequence_number", "storedBytes", "streams", "switches",
}
# What differs though the contents are the same: generated ids, and when something happened.
_GENERATED = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\bA(?:ROA|IDA|NPA|KIA)[A-Z0-9]{12,}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:?\d\d)?"
)
# Seconds since 1970 for anything after 2001; milliseconds are larger still.
_A_TIME = 1_000_000_000


class Accounts:
    """Every store of the services that holds something by account."""

    def __init__(self, responses, functions, *holders, metrics):
        self.metrics = metrics
        self.scoped = (responses.AccountScopedDict, responses.AccountRegionScopedDict)
        self.functions = functions
        self.stores = {
            f"{getattr(holder, '__name__', type(holder).__name__).rsplit('.', 1)[-1]}.{name}": store
            for holder in (functions, *holders)
            for name, store in self._stores_of(holder)
        }
        self.kept = collections.defaultdict(dict)

    def answer(self, method, path, _body):
        """The answer to a request, or None where it is not for here."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        account, action, number, forget = match.groups()
        if (method, action, forget) == ("GET", None, None):
            return self.show(account)
        if (method, action) == ("POST", "keep"):
            self.kept[account][number] = copy.deepcopy(self._contents(account)), self.metrics.of_account(account)
            return {}
        if (method, action) == ("POST", "restore") and number in self.kept[account]:
            self._restore(account, *self.kept[account][number])
            return {}
        if (method, forget) == ("POST", "forget"):
            self._forget(account)
            return {}
        return None

    def show(self, account):
        """Everything in the account but what flows through it, without times and generated ids."""
        return {
            name: _pairs(((key[1:], value) for key, value in entries.items()), account)
            for name, entries in self._contents(account).items()
            if entries and name not in _FLOW
        }

    def copy_of(self, account):
        """Pairs of a store and a copy of what it holds of the account."""
        return [(self.stores[name], copy.deepcopy(entries)) for name, entries in self._contents(account).items()]

    def _contents(self, account):
        return {
            name: {key: value for key, value in list(store._data.items()) if key[0] == account}
            for name, store in self.stores.items()
        }

    def _restore(self, account, kept, metrics):
        self.metrics.put_back(account, metrics)
        ran = self._versions(account)
        for name, entries in copy.deepcopy(kept).items():
            data = self.stores[name]._data
            for key in [key for key in list(data) if key[0] == account]:
                del data[key]
            data.update(entries)
        run = self._versions(account)
        for (region, name, version), config in ran.items():
            if run.get((region, name, version)) != config:
                self.functions.invalidate_worker(name, qualifier=version, account=account, region=region)

    def _versions(self, account):
        """What each function of the account and each of its versions runs with, by region, name and version."""
        return {
            (region, name, version): copy.deepcopy(record["config"])
            for (owner, region, name), function in list(self.functions._functions._data.items())
            if owner == account
            for version, record in {"$LATEST": function, **function["versions"]}.items()
        }

    def _forget(self, account):
        self.kept.pop(account, None)
        self.metrics.put_back(account, {})
        functions = [key for key in list(self.functions._functions._data) if key[0] == account]
        services = [module for name, module in list(sys.modules.items()) if name.startswith("ministack.services.")]
        stores = [store for service in services for _, store in self._stores_of(service)]
        for store in [*self.stores.values(), *stores]:
            for key in [key for key in list(store._data) if key[0] == account]:
                store._data.pop(key, None)
        for _, region, name in functions:
            # Waits until the processes have ended.
            arguments = {"account": account, "region": region}
            threading.Thread(target=self.functions.invalidate_worker, args=(name,), kwargs=arguments).start()

    def _stores_of(self, holder):
        return [(name, store) for name, store in list(vars(holder).items()) if isinstance(store, self.scoped)]


def _plain(value, account):
    if isinstance(value, dict):
        return _pairs(((key, field) for key, field in value.items() if key not in _FLOWING_FIELDS), account)
    if isinstance(value, list | tuple):
        return [_plain(item, account) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(_plain(item, account)) for item in value)
    if isinstance(value, bytes | bytearray):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return "time" if value > _A_TIME else value
    return _GENERATED.sub("generated", str(value)).replace(account, "account")


def _pairs(items, account):
    """Keys with values in an order of their own: keys may be generated, and two of them must not become one."""
    return sorted(([_plain(key, account), _plain(value, account)] for key, value in items), key=json.dumps)
