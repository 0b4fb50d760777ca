"""Plants faults into templates: what looks at them has to find each."""

import copy
import re

import cases
import deployer
import exported
import linted
import terraform
import twins
import validated


def properties(template, kind, at=0):
    return [one["Properties"] for one in template["Resources"].values() if one["Type"] == kind][at]


def stream(template):
    return properties(template, "AWS::Kinesis::Stream")


def function(template):
    return properties(template, "AWS::Lambda::Function")


def trigger(template):
    return properties(template, "AWS::Lambda::EventSourceMapping")


def role(template, at=0):
    return properties(template, "AWS::IAM::Role", at)


def statement(template, at=0):
    return role(template, at)["Policies"][0]["PolicyDocument"]["Statement"][0]


def filtered(template):
    return properties(template, "AWS::Logs::SubscriptionFilter")


def policy(template):
    return properties(template, "AWS::Logs::AccountPolicy")


def alarm(template):
    return properties(template, "AWS::CloudWatch::Alarm")


# For cfn-lint. What it cannot know, such as the values of a text that holds JSON, is not here.
TEMPLATES = {
    "a property that does not exist": lambda t: stream(t).update(Shards=1),
    "a property that is missing": lambda t: filtered(t).pop("DestinationArn"),
    "a retention that does not exist": lambda t: properties(t, "AWS::Logs::LogGroup").update(RetentionInDays=15),
    "a distribution that does not exist": lambda t: filtered(t).update(Distribution="ByStream"),
    "a runtime that does not exist": lambda t: function(t).update(Runtime="provided.al2024"),
    "an architecture that does not exist": lambda t: function(t).update(Architectures=["aarch64"]),
    "too little memory": lambda t: function(t).update(MemorySize=64),
    "too long an environment": lambda t: function(t)["Environment"]["Variables"].update(LONG="x" * 5000),
    "too large a batch": lambda t: trigger(t).update(BatchSize=20000),
    "too many batches": lambda t: trigger(t).update(ParallelizationFactor=11),
    "a response type that does not exist": lambda t: trigger(t).update(FunctionResponseTypes=["ReportItems"]),
    "an action that does not exist": lambda t: statement(t).update(Action="kinesis:PutRecordd"),
    "a statement for nothing": lambda t: statement(t).pop("Resource"),
    "a trust in a resource": lambda t: role(t)["AssumeRolePolicyDocument"]["Statement"][0].update(Resource="*"),
    "too long a name": lambda t: role(t).update(RoleName="x" * 65),
    "a name that does not exist": lambda t: trigger(t).update(FunctionName={"Ref": "Other"}),
    "an attribute that does not exist": lambda t: trigger(t).update(EventSourceArn={"Fn::GetAtt": ["Stream", "Name2"]}),
    "a circle": lambda t: t["Resources"]["Stream"].update(DependsOn=["Trigger"]),
    "a type of policy that does not exist": lambda t: policy(t).update(PolicyType="SUBSCRIPTION_POLICY"),
    "a comparison that does not exist": lambda t: alarm(t).update(ComparisonOperator="MoreThan"),
    "a tag of AWS": lambda t: stream(t)["Tags"].append({"Key": "aws:a", "Value": "b"}),
    "a tag without a value": lambda t: alarm(t)["Tags"].append({"Key": "a", "Value": ""}),
}


# For cloudformation-validate.
VALIDATED = {
    "an ARN that is none": lambda t: trigger(t)["DestinationConfig"]["OnFailure"].update(Destination="arn:aws:ec2:x"),
    "a name that is not there": lambda t: trigger(t).update(FunctionName={"Ref": "Other"}),
}


def replaced(old, new):
    """A module in which a text that has to be in it is another one."""

    def plant(text):
        planted, count = re.subn(old, new, text, count=1, flags=re.MULTILINE)
        if count == 0:
            raise SystemExit(f"error: no module has `{old}`, which a planted fault replaces")
        return planted

    return plant


# For Terraform, with the schema of its provider.
MODULES = {
    "an argument that does not exist": replaced(r"\bshard_count( +)=", r"shards\1="),
    "an argument that is missing": replaced(r"^ +destination_arn += .*\n(?=  role_arn)", ""),
    "a number that is none": replaced(r"\bmemory_size( +)= \d+", r'memory_size\1= "many"'),
    "an argument in the place of a block": replaced(r"^  environment \{", "  environment = {"),
    "a resource that does not exist": replaced(r"aws_kinesis_stream\.stream\.arn", "aws_kinesis_stream.other.arn"),
    "an attribute that does not exist": replaced(r"aws_kinesis_stream\.stream\.arn", "aws_kinesis_stream.stream.urn"),
    "a type that does not exist": replaced(r'resource "aws_sns_topic', 'resource "aws_sns_topics'),
    "a variable that does not exist": replaced(r"\$\{var\.\w+\}", "${var.other}"),
    "a layout of its own": replaced(r"^  name  *=", "  name =     "),
}
# Terraform says nothing else where it meets one of these.
ALONE = {
    "a text that is none": replaced(r'^resource "', 'resource '),
    "a circle": replaced(r"^  shard_count", "  depends_on = [aws_lambda_alias.live]\n  shard_count"),
}

# For the comparison of the two, planted into one of them.
TWINS = {
    "another number of shards": lambda t: stream(t).update(ShardCount=4),
    "a retention that only one has": lambda t: stream(t).pop("RetentionPeriodHours"),
    "another memory": lambda t: function(t).update(MemorySize=128),
    "another number as a text": lambda t: function(t).update(Timeout="60"),
    "another variable": lambda t: function(t)["Environment"]["Variables"].update(CWL2LE_CONFIG="{}"),
    "another zip": lambda t: function(t)["Code"].update(S3Key="other.zip"),
    "another batch": lambda t: trigger(t).update(BatchSize=1),
    "a yes that is a no": lambda t: trigger(t).update(BisectBatchOnFunctionError=False),
    "another function": lambda t: trigger(t).update(FunctionName={"Ref": "LiveOfHook"}),
    "another action": lambda t: statement(t).update(Action="kinesis:PutRecords"),
    "a statement less": lambda t: role(t, 1)["Policies"][0]["PolicyDocument"]["Statement"].pop(),
    "another trust": lambda t: role(t)["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
    "another pattern": lambda t: filtered(t).update(FilterPattern=""),
    "another stream": lambda t: filtered(t).update(DestinationArn={"Fn::GetAtt": ["LogsRole", "Arn"]}),
    "another selection": lambda t: policy(t).update(SelectionCriteria='LogGroupName NOT IN ["a"]'),
    "another document": lambda t: policy(t).update(PolicyDocument="{}"),
    "another threshold": lambda t: alarm(t).update(Threshold=1),
    "another dimension": lambda t: alarm(t)["Dimensions"][0].update(Name="Other"),
    "another tag": lambda t: stream(t)["Tags"][0].update(Value="other"),
    "a property nobody knows": lambda t: stream(t).update(Shards=1),
    "a resource less": lambda t: t["Resources"].pop("AccountPolicy"),
    "another order": lambda t: t["Resources"]["AccountPolicy"].pop("DependsOn"),
}

# For the policy of the deployer: actions that it lacks, besides a property that takes more of them and another stream.
RIGHTS = ["iam:PassRole", "kinesis:CreateStream", "lambda:PublishVersion", "logs:PutRetentionPolicy", "sns:CreateTopic"]

COUNT = len(TEMPLATES) + len(VALIDATED) + len(MODULES) + len(ALONE) + len(TWINS) + 2 + len(RIGHTS) + 2


def file_case(exports):
    return next(export for export in exports if export.case is cases.FILE)


def changed(template, plant):
    template = copy.deepcopy(template)
    plant(template)
    return template


def missed_templates(exports):
    """The faults that the two checks of CloudFormation do not find, and secrets and places that nobody finds."""
    export = file_case(exports)
    missed = [
        fault
        for check, faults in ((linted, TEMPLATES), (validated, VALIDATED))
        for fault, plant in faults.items()
        if not check.problems(changed(export.template, plant), export.case.region)
    ]
    missed += [] if exported.told(f"a {cases.KEY} b") else ["a secret"]
    missed += [] if exported.places(f'"arn:aws:x:y:{cases.ACCOUNT}:z"', export.case) else ["an account"]
    return missed


def missed_rights(exports, policies):
    """The faults in the policy of the deployer that nobody finds. Only the stack with a mail address has a topic."""
    export = next(one for one in exports if one.case is cases.QUEUE)
    document = policies[export.case.name]

    def without(policy, action):
        for statement in policy["Statement"]:
            statement["Action"] = [one for one in deployer.listed(statement["Action"]) if one != action]

    def found(template, policy):
        return deployer.Deployer().problems(template, policy)

    missed = [
        f"a deployer that may not {action}"
        for action in RIGHTS
        if not found(export.template, changed(document, lambda policy, action=action: without(policy, action)))
    ]
    inside = changed(export.template, lambda template: function(template).update(Layers=["layer"]))
    missed += [] if found(inside, document) else ["a property that takes more actions"]
    renamed = changed(export.template, lambda template: stream(template).update(Name="other"))
    return missed + ([] if found(renamed, document) else ["a deployer of another stream"])


def missed_modules(exports, folder):
    """The faults that Terraform does not find."""
    export, queue = file_case(exports), next(one for one in exports if one.case is cases.QUEUE)

    def found(faults, root):
        modules = {}
        for at, plant in enumerate(faults.values()):
            # Only the stack with a mail address has a topic.
            of = queue if faults is MODULES and list(faults)[at] == "a type that does not exist" else export
            modules[path := root / f"fault-{at}"] = of.variables
            path.mkdir(parents=True)
            (path / exported.FILES["hcl"]).write_text(plant(of.texts["hcl"]))
        problems = terraform.plan(root, modules).problems
        return {fault for at, fault in enumerate(faults) if problems.get(f"fault-{at}") or problems.get("")}

    seen = found(MODULES, folder / "faults")
    for at, fault in enumerate(ALONE):
        seen |= found({fault: ALONE[fault]}, folder / f"alone-{at}")
    return [fault for fault in [*MODULES, *ALONE] if fault not in seen]


def missed_twins(exports, planned):
    """The faults that the comparison does not find."""
    export = file_case(exports)
    module = planned.modules[export.folders["hcl"].name]
    template, region = export.template, export.case.region
    return [fault for fault, plant in TWINS.items() if not twins.problems(changed(template, plant), region, module)]
