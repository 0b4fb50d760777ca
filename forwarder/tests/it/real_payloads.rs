//! Payloads as AWS services and applications write them, from the event to the bytes at the log service.

use cwl2le_local::log_service::Transport;
use serde_json::{Value, json};

use crate::common::*;

/// Messages, and the lines that they have to become.
fn cases() -> Vec<(&'static str, String, String)> {
    let same = |name, message: &str| (name, message.to_owned(), message.to_owned());
    let java = "java.lang.IllegalStateException: no\n\tat com.example.A.b(A.java:7)\r\n\tat com.example.C.d(C.java:9)\n\
                Caused by: java.io.IOException: gone\n";
    vec![
        same("VPC flow log", "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"),
        same("CloudTrail", r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","userName":"\"quoted\" \\ name"},"eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","requestParameters":{"bucketName":"b","key":"a/b c"},"responseElements":null}"#),
        (
            "Lambda in JSON",
            "{\"time\":\"2026-01-01T00:00:00.000Z\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"6f7f0961\",\"metrics\":{\"durationMs\":1.53}}}\n".into(),
            "{\"time\":\"2026-01-01T00:00:00.000Z\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"6f7f0961\",\"metrics\":{\"durationMs\":1.53}}}".into(),
        ),
        (
            "Lambda in text",
            "START RequestId: 6f7f0961 Version: $LATEST\n".into(),
            "START RequestId: 6f7f0961 Version: $LATEST".into(),
        ),
        same("API Gateway access log", r#"203.0.113.9 - - [01/Jan/2026:00:00:00 +0000] "GET /x?a=%22b%22 HTTP/1.1" 200 1024 "-" "curl/8.0" c6af9ac6"#),
        ("Java stack trace", java.into(), "java.lang.IllegalStateException: no\u{2028}\tat com.example.A.b(A.java:7)\u{2028}\tat com.example.C.d(C.java:9)\u{2028}Caused by: java.io.IOException: gone".into()),
        same("bunyan", r#"{"name":"app","hostname":"h","pid":1,"level":50,"err":{"stack":"Error: x\n    at y (z.js:1:2)"},"msg":"x","time":"2026-01-01T00:00:00.000Z","v":0}"#),
        same("Japanese and emoji", "注文を受け付けました。お客様番号=１２３ 👩‍👩‍👧‍👦 🇯🇵 ｶﾅ"),
        same("control characters", "\u{1b}[31mred\u{1b}[0m \0 \u{7f} \u{85} \u{2028} \u{feff}"),
        same("empty", ""),
        ("only line ends", "\n\n".into(), "\u{2028}".into()),
    ]
}

#[tokio::test]
async fn what_services_write_arrives_byte_for_byte() {
    let service = service(Transport::Tls13);
    let messages: Vec<String> = cases().into_iter().map(|(_, message, _)| message).collect();
    // As CloudWatch Logs writes them, and with every character as an escape.
    let plain = payload("/aws/lambda/app", "f", &messages).to_string();
    let escaped: String = plain
        .chars()
        .flat_map(|character| {
            let mut units = [0; 2];
            let escape = !character.is_ascii();
            let units: Vec<String> = if escape {
                character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect()
            } else {
                vec![character.to_string()]
            };
            units
        })
        .collect();
    assert_eq!(
        serde_json::from_str::<Value>(&plain).unwrap(),
        serde_json::from_str::<Value>(&escaped).unwrap()
    );
    let event = invocation(vec![
        record(&sequence(0), &gzip(plain.as_bytes())),
        record(&sequence(1), &gzip(escaped.as_bytes())),
    ]);
    let outcome = forwarder(&service, Transport::Tls13).handle(&event, deadline()).await;
    assert_eq!(outcome.account.records.delivered, 2);
    let lines = service.wait_for_lines(2 * messages.len(), PATIENCE).await.unwrap();
    for (at, (name, _, expected)) in cases().into_iter().chain(cases()).enumerate() {
        assert_eq!(lines[at].text(), format!("{TOKEN} {expected}"), "{name}");
    }
}

#[tokio::test]
async fn additions_of_later_years_do_no_harm() {
    let service = service(Transport::Plain);
    let json = json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/g", "logStream": "s",
        "subscriptionFilters": ["f"], "policyLevel": "ACCOUNT_LEVEL_POLICY",
        "@aws.account": "123456789012", "@aws.region": "eu-west-1", "something": {"new": [1, 2, {"deep": null}]},
        "logEvents": [{"id": "1", "timestamp": 1, "message": "m", "extractedFields": {"level": "30"}, "more": []}],
    });
    let event = invocation(vec![record(&sequence(0), &gzip(json.to_string().as_bytes()))]);
    let outcome = forwarder(&service, Transport::Plain).handle(&event, deadline()).await;
    assert_eq!(outcome.account.events.delivered, 1);
    assert_eq!(service.wait_for_lines(1, PATIENCE).await.unwrap()[0].message(), "m");
}

/// Tiny records in the largest number a trigger hands over, and one event of a megabyte.
#[tokio::test]
async fn ten_thousand_tiny_records_and_a_megabyte_in_one_event() {
    let service = service(Transport::Tls13);
    let mut sent = messages(9_999, 1, 30);
    sent.push(vec!["é".repeat(500_000)]);
    let outcome = forwarder(&service, Transport::Tls13).handle(&carrying(&sent), deadline()).await;
    assert_eq!(outcome.account.records.delivered, 10_000);
    // The long one comes in parts, each within the limit, which are the message when put together.
    let lines = service.wait_for_lines(9_999 + 16, PATIENCE).await.unwrap();
    assert!(lines.iter().all(|line| line.bytes.len() < 65_536));
    let parts: String =
        lines[9_999..].iter().map(|line| line.message().splitn(3, ' ').nth(2).unwrap().to_owned()).collect();
    assert_eq!(parts, sent[9_999][0]);
}
