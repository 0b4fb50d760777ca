use tokio::net::TcpListener;

use super::*;

/// An API that gives one prepared answer to each connection, and what it was asked.
async fn api(answers: Vec<Vec<&'static str>>) -> (RuntimeApi, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for connection in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            for answer in connection {
                let mut request = Vec::new();
                while !complete(&request) {
                    assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
                }
                asked.push(String::from_utf8(request).unwrap());
                // In pieces, to be put together again.
                for piece in answer.as_bytes().chunks(7) {
                    stream.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        }
        asked
    });
    (RuntimeApi::new(address), served)
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    body.len() == length.parse::<usize>().unwrap()
}

const NEXT: &str = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 17\r\nLambda-Runtime-Deadline-Ms: 1500\r\n\
                    lambda-runtime-invocation-id: x\r\n\
                    Lambda-Runtime-Invoked-Function-Arn: arn:aws-cn:lambda:r:123456789012:function:f:live\r\nContent-Length: 11\r\n\r\n{\"a\":\"\r\n\"} ";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 18\r\nTransfer-Encoding: chunked\r\n\r\n\
                       3\r\n{\"a\r\nA;x=y\r\n\":\"bcdefg\"\r\n1\r\n}\r\n0\r\n\r\n";
const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn it_asks_and_answers_on_one_connection() {
    let (mut api, served) = api(vec![vec![NEXT, ACCEPTED, CHUNKED, ACCEPTED]]).await;
    let next = api.next().await.unwrap();
    assert_eq!(next.body, b"{\"a\":\"\r\n\"} ");
    assert_eq!(next.deadline, UNIX_EPOCH + Duration::from_millis(1500));
    assert_eq!(next.account.as_deref(), Some("123456789012"));
    api.respond(&next, &json!({})).await.unwrap();
    let next = api.next().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&next.body), r#"{"a":"bcdefg"}"#);
    api.fail(&next, "Kind", "why").await.unwrap();
    let asked = served.await.unwrap();
    assert!(asked[0].starts_with("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(
        asked[1].starts_with("POST /2018-06-01/runtime/invocation/17/response HTTP/1.1\r\n"),
        "{}",
        asked[1]
    );
    assert!(asked[1].contains("Lambda-Runtime-Invocation-Id: x\r\n") && asked[1].ends_with("\r\n\r\n{}"));
    assert!(
        asked[3].starts_with("POST /2018-06-01/runtime/invocation/18/error HTTP/1.1\r\n"),
        "{}",
        asked[3]
    );
    assert!(
        asked[3].contains("Lambda-Runtime-Function-Error-Type: ")
            && asked[3].contains(r#""errorMessage":"why""#)
    );
}

#[tokio::test]
async fn a_connection_that_was_closed_is_replaced() {
    let closes = "HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (mut api, served) = api(vec![vec![NEXT], vec![closes], vec![NEXT]]).await;
    let next = api.next().await.unwrap();
    api.respond(&next, &json!({})).await.unwrap();
    assert_eq!(api.next().await.unwrap().body.len(), 11);
    assert_eq!(served.await.unwrap().len(), 3);
}

/// What Lambda says to an answer that it does not take: too late, or twice; or too large.
const REFUSED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
const TOO_LARGE: &str = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n";

struct NotJson;

impl Serialize for NotJson {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no JSON"))
    }
}

/// An empty answer is success to Lambda, and no answer is a timeout.
#[tokio::test]
async fn an_answer_that_cannot_be_given_fails_the_invocation() {
    for refused in [REFUSED, TOO_LARGE] {
        for error_is in [ACCEPTED, REFUSED] {
            let (mut api, served) = api(vec![vec![NEXT, refused, error_is, NEXT]]).await;
            let next = api.next().await.unwrap();
            let refusal = api.respond(&next, &json!({"batchItemFailures": []})).await.unwrap().unwrap();
            assert!(refusal.contains("refuses the answer with status 4"), "{refusal}");
            api.next().await.unwrap();
            let asked = served.await.unwrap();
            assert!(asked[1].contains("/17/response ") && asked[2].contains("/17/error "), "{asked:?}");
        }
    }
    let (mut api, served) = api(vec![vec![NEXT, ACCEPTED]]).await;
    let next = api.next().await.unwrap();
    let problem = api.respond(&next, &NotJson).await.unwrap().unwrap();
    assert!(problem.contains("no JSON"), "{problem}");
    let asked = served.await.unwrap();
    assert!(asked[1].contains("/17/error ") && asked[1].contains("no JSON"), "{}", asked[1]);
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    for answer in [
        "SSH-2.0\r\n\r\n",
        "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ] {
        let (mut api, _) = api(vec![vec![answer]]).await;
        assert!(api.next().await.is_err(), "{answer}");
    }
}
