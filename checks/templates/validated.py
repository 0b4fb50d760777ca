"""Templates of CloudFormation under cloudformation-validate, AWS's own check, which has rules that cfn-lint lacks."""

import functools
import json

from cloudformation_validate import CompositeEngine, PseudoParameterOverrides, Severity, TemplateContent, ValidateConfig


@functools.cache
def engine():
    return CompositeEngine()


def problems(template, region):
    """What it finds in a template, as text or value, for a region: a list of texts."""
    text = template if isinstance(template, str) else json.dumps(template, indent=1)
    # Below that are opinions.
    config = ValidateConfig(
        severity_level=Severity.WARN, pseudo_parameter_overrides=PseudoParameterOverrides(region=region)
    )
    report = engine().validate_template(TemplateContent(text), config)
    return [f"{found.rule_id}: {found.message}" for found in report.diagnostics]
