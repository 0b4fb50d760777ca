//! Sessions that do not open say why, quickly.

use std::time::{Duration, Instant};

use cwl2le::aws::{Keys, Options, Session};
use cwl2le::error::{Code, Error};
use cwl2le_local::ReservedPort;

fn options() -> Options {
    let keys = Keys { id: "test".to_owned(), secret: "hunter2".to_owned() };
    Options { region: Some("ap-northeast-1".to_owned()), keys: Some(keys), ..Options::default() }
}

async fn refused(options: Options) -> Error {
    let begun = Instant::now();
    let error = Session::open(options).await.expect_err("it cannot open");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert!(error.hint.is_some(), "{error:?}");
    assert!(
        !error.message.contains("service error") && !error.message.contains("dispatch failure"),
        "{error}"
    );
    error
}

#[tokio::test]
async fn what_is_no_region_is_refused_before_anything_is_asked() {
    // The second has the form of one, and neither its ARNs nor its host names are known.
    for region in ["tokyo", "mars-north-1"] {
        let error = refused(Options { region: Some(region.to_owned()), ..options() }).await;
        assert_eq!(error.code, Code::BadRegion);
        assert_eq!(error.resource.as_deref(), Some(region));
    }
}

#[tokio::test]
async fn an_endpoint_where_nobody_is_says_connection_refused() {
    let nobody = ReservedPort::new().expect("a port");
    let endpoint_url = Some(nobody.url());
    let error = refused(Options { endpoint_url, ..options() }).await;
    assert_eq!(error.code, Code::Unreachable);
    assert!(error.message.starts_with(&format!("cannot reach {}", nobody.url())), "{error}");
    assert!(error.message.to_lowercase().contains("connection refused"), "{error}");
}

#[tokio::test]
async fn a_profile_that_does_not_exist_is_named() {
    let profile = Some("nobody-has-this-profile".to_owned());
    let error = refused(Options { profile, keys: None, ..options() }).await;
    assert!(matches!(error.code, Code::NoCredentials | Code::BadCredentials), "{error:?}");
    assert!(error.message.contains("nobody-has-this-profile"), "{error}");
}

#[test]
fn keys_never_show() {
    assert!(!format!("{:?}", options()).contains("hunter2"));
}
