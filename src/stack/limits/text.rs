//! What a person may write where a name, a tag, a pattern or an ARN is wanted: AWS's limits, in words that help.
//!
//! Flags and the configuration file are checked by the same functions, before anything is asked of AWS.

use cwl2le_forwarder::aws::is_account_id;
use cwl2le_forwarder::glob::Glob;
use cwl2le_forwarder::quarantine::Place;

use super::model::{
    ASSUMED_ROLE, EXTERNAL_ID, FILTER_NAME, FILTER_PATTERN, IAM_ARN, IAM_TAG_KEY, IAM_TAG_VALUE,
    KINESIS_KEY_ID, KINESIS_TAG_KEY, KINESIS_TAG_VALUE, KMS_ARN, LAMBDA_DESTINATION, LAMBDA_KMS_KEY,
    LAMBDA_ROLE, LAMBDA_TAG_KEY, LAMBDA_TAG_VALUE, LOG_GROUP_NAME, LOGS_TAG_KEY, LOGS_TAG_VALUE,
    PARAMETER_NAME, ROLE_PATH, SECRET_ID, SESSION_NAME, Shape,
};
use super::quotas::ACCOUNT_POLICY_NAME_LENGTH;
use crate::stack::arn::{Arn, split_log_group};

/// Fine, or what is wrong.
pub type Checked = Result<(), String>;

/// A key of a tag that is the user's to set, on every resource that cwl2le makes.
///
/// # Errors
/// Why it is not.
pub fn tag_key(key: &str) -> Checked {
    if key.is_empty() {
        return Err("a tag needs a key".to_owned());
    }
    let reserved =
        |prefix: &str| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if reserved("aws:") || reserved("cwl2le:") {
        return Err(format!(
            "the tag `{key}` is reserved: keys that begin with aws: or cwl2le: cannot be set"
        ));
    }
    all(&[&IAM_TAG_KEY, &LOGS_TAG_KEY, &LAMBDA_TAG_KEY, &KINESIS_TAG_KEY], key)
        .map_err(|problem| format!("tag key `{key}`: {problem}{TAG_CHARACTERS}"))
}

/// A value of a tag.
///
/// # Errors
/// Why AWS does not take it.
pub fn tag_value(key: &str, value: &str) -> Checked {
    all(&[&IAM_TAG_VALUE, &LOGS_TAG_VALUE, &LAMBDA_TAG_VALUE, &KINESIS_TAG_VALUE], value)
        .map_err(|problem| format!("value of tag `{key}`: {problem}{TAG_CHARACTERS}"))
}

const TAG_CHARACTERS: &str = "; use letters, digits, spaces and _ . : / = + - @";

/// A name of a subscription filter.
///
/// # Errors
/// Why AWS does not take it.
pub fn filter_name(name: &str) -> Checked {
    FILTER_NAME.check(name).map_err(|problem| format!("subscription filter name: {problem}"))
}

/// A name of an account policy, which has fewer characters than that of a filter.
///
/// # Errors
/// Why AWS does not take it.
pub fn account_policy_name(name: &str) -> Checked {
    filter_name(name)?;
    let count = name.chars().count();
    if count <= ACCOUNT_POLICY_NAME_LENGTH {
        return Ok(());
    }
    Err(format!(
        "the name of the account policy has {count} characters, and AWS allows at most {ACCOUNT_POLICY_NAME_LENGTH} \
         (AWS::Logs::AccountPolicy in the CloudFormation schema)"
    ))
}

/// A filter pattern. Its syntax is AWS's to check.
///
/// # Errors
/// Why AWS does not take it.
pub fn filter_pattern(pattern: &str) -> Checked {
    FILTER_PATTERN.check(pattern).map_err(|problem| format!("filter pattern: {problem}"))
}

/// A path of roles, as IAM and Lambda both take it.
///
/// # Errors
/// What is wrong.
pub fn role_path(path: &str) -> Checked {
    if !path.starts_with('/') || !path.ends_with('/') {
        return Err(format!(
            "a role path begins and ends with a slash, such as /service/; `{path}` does not"
        ));
    }
    ROLE_PATH.check(path).map_err(|problem| format!("role path: {problem}"))?;
    if LAMBDA_ROLE.takes(&format!("arn:aws:iam::123456789012:role{path}r")) {
        return Ok(());
    }
    Err(format!(
        "Lambda accepts only role paths of letters, digits, / and _ + = , . @ - (lambda:{} in the API model); `{path}` has other characters",
        LAMBDA_ROLE.name
    ))
}

/// The ARN of a role to assume, or `none`.
///
/// # Errors
/// What is wrong.
pub fn assumed_role(arn: &str) -> Checked {
    if arn == "none" {
        return Ok(());
    }
    let is_role = |arn: &Arn<'_>| {
        arn.service == "iam"
            && is_account_id(arn.account)
            && arn.resource.len() > 5
            && arn.resource.starts_with("role/")
    };
    if !Arn::parse(arn).is_some_and(|arn| is_role(&arn)) || arn.contains(['*', '?']) {
        return Err(format!("`{arn}` is not the ARN of a role, such as arn:aws:iam::123456789012:role/NAME"));
    }
    ASSUMED_ROLE.check(arn).map_err(|problem| format!("role: {problem}"))
}

/// The external ID that goes with a role.
///
/// # Errors
/// What is wrong.
pub fn external_id(id: &str) -> Checked {
    EXTERNAL_ID.check(id).map_err(|problem| format!("external ID: {problem}"))
}

/// The name of the session of an assumed role.
///
/// # Errors
/// What is wrong.
pub fn session_name(name: &str) -> Checked {
    SESSION_NAME.check(name).map_err(|problem| format!("session name: {problem}"))
}

/// The ARN of a managed policy that bounds the roles.
///
/// # Errors
/// What is wrong.
pub fn permissions_boundary(arn: &str) -> Checked {
    let is_policy = |arn: &Arn<'_>| arn.service == "iam" && arn.resource.starts_with("policy/");
    let has_account = |arn: &Arn<'_>| arn.account == "aws" || is_account_id(arn.account);
    if !Arn::parse(arn).is_some_and(|arn| is_policy(&arn) && has_account(&arn)) {
        return Err(format!(
            "`{arn}` is not the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/NAME"
        ));
    }
    if arn.contains(['*', '?']) {
        return Err(format!("a permissions boundary is one policy; `{arn}` has a wildcard"));
    }
    IAM_ARN.check(arn).map_err(|problem| format!("permissions boundary: {problem}"))
}

/// The ARN of a KMS key: no alias, which could change its key under a policy.
///
/// # Errors
/// What is wrong.
pub fn kms_key_arn(arn: &str) -> Checked {
    let is_key = |arn: &Arn<'_>| {
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        arn.service == "kms" && arn.is_regional() && arn.resource.strip_prefix("key/").is_some_and(is_id)
    };
    if !Arn::parse(arn).is_some_and(|arn| is_key(&arn)) {
        return Err(format!("`{arn}` is not the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID"));
    }
    all(&[&KMS_ARN, &LAMBDA_KMS_KEY], arn).map_err(|problem| format!("the KMS key: {problem}"))
}

/// The KMS key of a stream: its id, its ARN, or `none`.
///
/// # Errors
/// What is wrong.
pub fn kms_key(text: &str) -> Checked {
    if text == "none" || is_key_id(text) {
        KINESIS_KEY_ID.check(text)
    } else if text.starts_with("arn:") {
        kms_key_arn(text)
    } else {
        Err(format!(
            "`{text}` is neither the id nor the ARN of a KMS key; to find the key behind an alias, run \
             aws kms describe-key --key-id ALIAS --query KeyMetadata.Arn"
        ))
    }
}

/// Whether a text is the id of a KMS key: a UUID, or `mrk-` and 32 hexadecimal digits for a multi-Region key.
pub fn is_key_id(text: &str) -> bool {
    let is_hex =
        |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    let is_uuid =
        || text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(|p| is_hex(p, p.len()));
    text.strip_prefix("mrk-").map_or_else(is_uuid, |rest| is_hex(rest, 32))
}

/// The ARN of what gets records that expire: an S3 bucket, a standard queue or a standard topic; or `none`.
///
/// # Errors
/// What is wrong.
pub fn on_failure(text: &str) -> Checked {
    let none = || format!("`{text}` is not the ARN of a bucket, queue or topic, such as arn:aws:s3:::NAME");
    if text == "none" {
        return Ok(());
    }
    let arn = Arn::parse(text).ok_or_else(none)?;
    // From the references of CreateQueue and CreateTopic; the API models leave names open.
    let is_name = |longest: usize| {
        let name = arn.resource;
        (1..=longest).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let is_fifo = arn.resource.ends_with(".fifo");
    match arn.service {
        "sqs" | "sns" if is_fifo => {
            return Err(format!(
                "`{text}` is a FIFO queue or topic, which Lambda does not accept as an on-failure destination: use \
                 a standard one"
            ));
        }
        "sqs" if arn.is_regional() && is_name(80) => {}
        "sns" if arn.is_regional() && is_name(256) => {}
        "s3" if arn.region.is_empty() && arn.account.is_empty() => bucket(arn.resource)?,
        _ => return Err(none()),
    }
    LAMBDA_DESTINATION.check(text).map_err(|problem| format!("the on-failure destination: {problem}"))
}

/// The id of a subnet, or `none`.
///
/// # Errors
/// What is wrong.
pub fn subnet(text: &str) -> Checked {
    if text == "none" || is_id_of_ec2(text, "subnet-") {
        return Ok(());
    }
    Err(format!(
        "`{text}` is not the id of a subnet, such as subnet-0a1b2c3d4e5f67890; `none` takes the function out of its VPC"
    ))
}

/// The id of a security group.
///
/// # Errors
/// What is wrong.
pub fn security_group(text: &str) -> Checked {
    if is_id_of_ec2(text, "sg-") {
        return Ok(());
    }
    Err(format!("`{text}` is not the id of a security group, such as sg-0a1b2c3d4e5f67890"))
}

/// EC2's ids are a word and 8 or 17 digits and letters of a hexadecimal number; new ones may be longer.
fn is_id_of_ec2(text: &str, start: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.strip_prefix(start).is_some_and(|rest| (8..=32).contains(&rest.len()) && rest.bytes().all(is_digit))
}

/// The ARN of an SNS topic that alarms can notify, or `none`.
///
/// # Errors
/// What is wrong.
pub fn topic(text: &str) -> Checked {
    if text == "none" {
        return Ok(());
    }
    let arn = Arn::parse(text).filter(|arn| arn.service == "sns" && arn.is_regional());
    // From the reference of CreateTopic.
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    match arn {
        Some(arn) if arn.resource.ends_with(".fifo") => Err(format!(
            "`{text}` is a FIFO topic, which no mail, HTTP endpoint or phone can subscribe: use a standard one"
        )),
        Some(arn) if (1..=256).contains(&arn.resource.len()) && arn.resource.bytes().all(is_letter) => Ok(()),
        _ => Err(format!(
            "`{text}` is not the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:oncall; `none` deletes \
             the alarms"
        )),
    }
}

/// A mail address, as far as it can be told without sending a mail.
///
/// # Errors
/// What is wrong.
pub fn email_address(text: &str) -> Checked {
    let is_fine =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    match text.rsplit_once('@') {
        // From RFC 5321: 64 octets before the `@`, 255 behind it.
        Some((local, domain))
            if is_fine(local) && is_fine(domain) && local.len() <= 64 && domain.len() <= 255 =>
        {
            Ok(())
        }
        _ => Err(format!("`{text}` is not a mail address, such as oncall@example.com")),
    }
}

/// A place in S3 for quarantined records, `s3://BUCKET/PREFIX`, or `none`.
///
/// # Errors
/// What is wrong.
pub fn quarantine(text: &str) -> Checked {
    if text == "none" {
        return Ok(());
    }
    text.parse::<Place>()?.check_bucket()
}

/// The account that owns buckets, by its id, or `own`.
///
/// # Errors
/// What is wrong.
pub fn bucket_owner(text: &str) -> Checked {
    if is_account_id(text) || text == "own" {
        Ok(())
    } else {
        Err(format!("the bucket owner is an account id of 12 digits, or `own`; `{text}` is neither"))
    }
}

/// The ID of an organization, or `none`. The pattern is that of the reference of AWS Organizations.
///
/// # Errors
/// What is wrong.
pub fn organization(text: &str) -> Checked {
    let is_id = |id: &str| {
        (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match text.strip_prefix("o-") {
        Some(id) if is_id(id) => Ok(()),
        _ if text == "none" => Ok(()),
        _ => Err(format!(
            "`{text}` is not the ID of an organization, such as o-a1b2c3d4e5; `none` accepts no other account"
        )),
    }
}

/// A name of an S3 bucket, by the forwarder's own rules for a place in S3.
fn bucket(name: &str) -> Checked {
    let place: Result<Place, String> = format!("s3://{name}").parse();
    match place {
        Ok(place) if place.bucket() == name => place.check_bucket(),
        Ok(_) => Err(format!("`{name}` is a path within a bucket; give the bucket alone")),
        Err(_) => {
            Err(format!("`{name}` is not a bucket name: 3 to 63 lower-case letters, digits, `-` or `.`"))
        }
    }
}

/// The name or ARN of an SSM parameter, with a version or label behind it or not.
///
/// # Errors
/// What is wrong.
pub fn parameter(name: &str) -> Checked {
    PARAMETER_NAME.check(name).map_err(|problem| format!("parameter name: {problem}"))?;
    let of_arn = Arn::parse(name).filter(|arn| arn.service == "ssm" && arn.is_regional());
    let path = match of_arn {
        Some(arn) => arn.resource.strip_prefix("parameter/"),
        None => Some(name),
    };
    // From the reference of PutParameter; the API model takes what GetParameter may be asked for.
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"_.-/".contains(&b);
    let (path, selector) =
        path.and_then(|path| path.split_once(':')).or(path.map(|path| (path, "x"))).unwrap_or_default();
    let is_selector =
        !selector.is_empty() && selector.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if !path.is_empty() && path.bytes().all(is_letter) && is_selector {
        return Ok(());
    }
    Err(format!(
        "a parameter name has letters, digits and _ . - /, and may end with :VERSION or :LABEL; or give the ARN; \
         `{name}` is neither"
    ))
}

/// The name or ARN of a secret in Secrets Manager.
///
/// # Errors
/// What is wrong.
pub fn secret(name: &str) -> Checked {
    SECRET_ID.check(name).map_err(|problem| format!("secret name: {problem}"))?;
    let of_arn = Arn::parse(name).filter(|arn| arn.service == "secretsmanager" && arn.is_regional());
    let own = match of_arn {
        Some(arn) => arn.resource.strip_prefix("secret:").unwrap_or_default(),
        None => name,
    };
    // From the reference of CreateSecret; services that keep secrets of their own use `!`.
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-!".contains(&b);
    if (1..=512 + 7).contains(&own.len()) && own.bytes().all(is_letter) {
        return Ok(());
    }
    Err(format!(
        "a secret name has up to 512 letters, digits and / _ + = . @ -; or give the ARN; `{name}` is neither"
    ))
}

/// A log group, by its name, as `NAME:*` or by its ARN. The account and region of an ARN are checked once they are
/// known.
///
/// # Errors
/// Why there can be no such log group.
pub fn log_group(text: &str) -> Checked {
    let (_, name) = split_log_group(text)?;
    no_windows_path(name)?;
    LOG_GROUP_NAME.check(name).map_err(|problem| {
        format!("`{name}` is not a log group name: {problem}; use letters, digits and . - _ / #")
    })
}

/// A glob for names of log groups. As with [`log_group`], it may stand in an ARN.
///
/// # Errors
/// Why it is none, or can match none.
pub fn log_group_glob(text: &str) -> Checked {
    let (_, glob) = split_log_group(text)?;
    no_windows_path(glob)?;
    if glob.is_empty() {
        return Err("the glob is empty; `*` matches every log group".to_owned());
    }
    Glob::check(glob).map_err(|bad| bad.to_string())
}

fn no_windows_path(name: &str) -> Checked {
    windows_path(name).map_or(Ok(()), |before| {
        Err(format!(
            "`{name}` is a Windows path: Git Bash turned `{before}` into it; set MSYS_NO_PATHCONV=1 and run the command again"
        ))
    })
}

/// What stood on the command line where Git Bash has turned a name that begins with a slash into a path of Windows.
fn windows_path(text: &str) -> Option<&str> {
    let mut start = text.chars();
    let (drive, colon, slash) = (start.next()?, start.next()?, start.next()?);
    if !drive.is_ascii_alphabetic() || colon != ':' || !matches!(slash, '/' | '\\') {
        return None;
    }
    // The folder of Git, or of MSYS2.
    let end = ["/Git/", "/msys64/", "/PortableGit/"]
        .iter()
        .find_map(|folder| Some(text.find(folder)? + folder.len() - 1));
    Some(&text[end.unwrap_or(2)..])
}

fn all(shapes: &[&Shape], text: &str) -> Checked {
    shapes.iter().try_for_each(|shape| shape.check(text))
}
