"""A change of a function ends the execution environments of that function alone.

ministack ends those of every function of that name, in all accounts and regions, when a configuration changes.
"""


def install(responses, functions):
    """Takes the place of what ends environments."""
    invalidate = functions.invalidate_worker

    def invalidate_own(func_name, qualifier=None, account=None, region=None):
        own_account, own_region = account or responses.get_account_id(), region or responses.get_region()
        invalidate(func_name, qualifier=qualifier, account=own_account, region=own_region)

    functions.invalidate_worker = invalidate_own
