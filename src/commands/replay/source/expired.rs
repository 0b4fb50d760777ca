//! What Lambda writes to an on-failure bucket: the invocations that it gave up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::contents::{Contents, Kept};
use crate::aws::object::StoredObject;

/// An object, as "Capturing records of Kinesis Data Streams" in the Lambda developer guide has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    request_context: RequestContext,
    /// The invocation as text. SQS and SNS get none.
    payload: Option<String>,
}

#[derive(Deserialize, Default)]
struct RequestContext {
    /// `MaxRecordAgeExceeded`, `RetryAttemptsExhausted`.
    #[serde(default)]
    condition: String,
}

#[derive(Deserialize)]
struct Invocation {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    kinesis: Kinesis,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Kinesis {
    data: Option<String>,
    partition_key: Option<String>,
    sequence_number: Option<String>,
}

/// Reads an object.
///
/// # Errors
/// Why it is none that Lambda has written. What it holds is not quoted.
pub(in super::super) fn contents(object: &StoredObject) -> Result<Contents, String> {
    let odd = |what: &str, error: &serde_json::Error| {
        format!("{what}: line {} column {} does not fit", error.line(), error.column())
    };
    let document: Document = serde_json::from_slice(&object.body)
        .map_err(|error| odd("it is not what Lambda writes to an on-failure bucket", &error))?;
    let payload = document.payload.ok_or("it holds no records: it has no `payload`")?;
    let invocation: Invocation =
        serde_json::from_str(&payload).map_err(|error| odd("its `payload` is not an invocation", &error))?;
    let records = invocation.records.into_iter().map(|Record { kinesis }| Kept {
        data: kinesis.data.ok_or("no_data").and_then(|data| STANDARD.decode(data).map_err(|_| "not_base64")),
        key: kinesis.partition_key.filter(|key| !key.is_empty()),
        sequence: kinesis.sequence_number,
    });
    let condition = document.request_context.condition;
    Ok(Contents {
        reasons: Some(condition).filter(|reason| !reason.is_empty()).into_iter().collect(),
        records: records.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &[u8]) -> Result<Contents, String> {
        contents(&StoredObject { body: body.to_vec(), ..StoredObject::default() })
    }

    #[test]
    fn an_object_of_lambda_is_read_with_its_keys_and_anything_else_is_told() {
        let contents =
            of(include_bytes!("../../../../fixtures/inputs/on-failure-object.json")).expect("read");
        assert_eq!(contents.records.len(), 1);
        let record = &contents.records[0];
        assert!(record.data.as_ref().is_ok_and(|data| data.starts_with(&[0x1f, 0x8b])), "{record:?}");
        assert!(record.key.is_some() && record.sequence.is_some(), "{record:?}");
        assert_eq!(contents.reasons.len(), 1);
        let odd = br#"{"payload": "{\"Records\": [{\"kinesis\": {\"data\": \"%\"}}, {}]}"}"#;
        let data: Vec<_> = of(odd).expect("read").records.into_iter().map(|record| record.data).collect();
        assert_eq!(data, [Err("not_base64"), Err("no_data")]);
        for (body, says) in [
            (&b"secret"[..], "not what Lambda writes"),
            (b"{}", "no `payload`"),
            (br#"{"payload": "secret"}"#, "not an invocation"),
            (br#"{"payload": {"secret": 1}}"#, "not what Lambda writes"),
        ] {
            let why = of(body).expect_err("refused");
            assert!(why.contains(says) && !why.contains("secret"), "{why}");
        }
    }
}
