"""Templates of CloudFormation under cfn-lint, which has the schemas of AWS for every region."""

import functools
import json

from cfnlint.api import lint
from cfnlint.config import ConfigMixIn
from cfnlint.core import get_rules


@functools.cache
def rules():
    # Those of the level I are opinions.
    return get_rules([], [], ["W", "E"])


def problems(template, region):
    """What cfn-lint finds in a template, as text or value, for a region."""
    text = template if isinstance(template, str) else json.dumps(template, indent=1)
    found = lint(text, rules=rules(), regions=[region])
    return [f"{match.rule.id}: {match.message} (line {match.linenumber})" for match in found]
