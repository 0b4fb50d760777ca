//! Reads the newest manifests of a bucket, to see what of its objects was sent.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::manifest::{Manifest, STREAM, Sent};
use crate::aws::bucket::list_all_objects;
use crate::aws::object::{At, get_object};
use crate::aws::{Aws, AwsError};
use crate::resources::kept::MANIFESTS;

/// Maximum number of manifests that are read.
const MANY: usize = 50;
/// Maximum size of a manifest that is read, in bytes.
const MOST: u64 = 8 << 20;
/// Maximum number of manifests that are read at once.
const AT_ONCE: usize = 8;

/// Which manifests count.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Notes<'a> {
    /// The bucket.
    pub(in super::super) bucket: &'a str,
    /// The account that it has to belong to.
    pub(in super::super) owner: &'a str,
    /// The stream.
    pub(in super::super) stream: &'a str,
    /// Written since then, in milliseconds since 1970.
    pub(in super::super) since: i64,
    /// Whether those of runs into one destination count: it is the only one.
    pub(in super::super) is_only_one: bool,
}

/// What was sent, as far as the newest manifests say. One that is gone, too large or not to be read counts as empty: what
/// it says was sent seems to wait still, which is the safe side for whoever only looks.
///
/// # Errors
/// What the calls fail with.
pub(in super::super) async fn sent(aws: Aws<'_>, notes: Notes<'_>) -> Result<Sent, AwsError> {
    let prefix = format!("{MANIFESTS}{}/", notes.stream);
    let mut listed = list_all_objects(aws, notes.bucket, &prefix, notes.owner).await?;
    listed.retain(|listed| listed.time >= notes.since && listed.bytes <= MOST && !listed.key.ends_with('/'));
    listed.sort_by_key(|listed| std::cmp::Reverse(listed.time));
    let read = listed.iter().take(MANY).map(async |listed| {
        let at = At { bucket: notes.bucket, key: &listed.key, owner: Some(notes.owner) };
        match get_object(aws, at, MOST).await {
            Ok(object) => Ok(Manifest::read(&object.body).ok()),
            Err(error) if error.is(&["NoSuchKey", "PreconditionFailed", "InvalidObjectState"]) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let manifests: Vec<Option<Manifest>> = stream::iter(read).buffered(AT_ONCE).try_collect().await?;
    let mut sent = Sent::default();
    let counts = |manifest: &Manifest| notes.is_only_one || manifest.into == STREAM;
    manifests.into_iter().flatten().filter(counts).for_each(|manifest| sent.add(manifest));
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Entry;
    use super::*;
    use crate::aws::testing::{Answer, FakeAws, Request};

    const NOW: i64 = 1_795_982_400_000;

    /// A manifest that says that the only record of an object was sent.
    fn manifest(into: &str, object: &str) -> Vec<u8> {
        let mut manifest = Manifest::new("default", "on-failure", into, "arn:me", "2026-11-29T20:00:00Z");
        manifest.note(object, &Entry { records: 1, ..Entry::default() }, 0);
        manifest.to_json()
    }

    /// What was sent of the objects `a` to `d`, by the manifests of a bucket, each with its age in days.
    async fn sent_of(
        manifests: Vec<(i64, Answer)>,
        is_only_one: bool,
    ) -> Result<Vec<&'static str>, AwsError> {
        let aws = FakeAws::new(move |request: &Request| match request.operation.as_str() {
            "ListObjectsV2" => {
                assert!(request.uri.contains("prefix=cwl2le%2Freplayed%2Fthe-stream%2F"), "{request:?}");
                let listed = manifests.iter().zip(0..).map(|((age, _), at)| {
                    let time = u64::try_from((NOW - age * 86_400_000) / 1000).expect("after 1970");
                    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(time);
                    let time = humantime::format_rfc3339_millis(time);
                    format!("<Contents><Key>m/{at}</Key><LastModified>{time}</LastModified><Size>9</Size></Contents>")
                });
                let list = format!("<ListBucketResult>{}</ListBucketResult>", listed.collect::<String>());
                Answer::Object(Vec::new(), list.into_bytes())
            }
            "GetObject" => {
                let path = request.uri.split('?').next().unwrap_or_default();
                let at: usize = path.rsplit('/').next().and_then(|at| at.parse().ok()).expect("a number");
                manifests[at].1.clone()
            }
            other => panic!("{other}"),
        });
        let session = aws.session();
        let since = NOW - 7 * 86_400_000;
        let notes = Notes { bucket: "kept", owner: "123456789012", stream: "the-stream", since, is_only_one };
        let sent = sent((&session).into(), notes).await?;
        Ok(["a", "b", "c", "d"].into_iter().filter(|object| sent.is_whole(object)).collect())
    }

    fn object(body: Vec<u8>) -> Answer {
        Answer::Object(Vec::new(), body)
    }

    #[tokio::test]
    async fn what_went_into_the_stream_has_reached_every_destination_and_anything_else_one() {
        let manifests = vec![
            (0, object(manifest("stream", "a"))),
            (1, object(manifest("destination:audit", "b"))),
            (8, object(manifest("stream", "c"))),
        ];
        assert_eq!(sent_of(manifests.clone(), false).await.expect("read"), ["a"]);
        assert_eq!(sent_of(manifests, true).await.expect("read"), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_manifest_that_cannot_be_read_says_nothing_and_one_that_is_denied_is_an_error() {
        let broken = vec![
            (0, object(b"no JSON".to_vec())),
            (0, Answer::Error(404, "NoSuchKey", "no")),
            (0, Answer::Error(403, "InvalidObjectState", "no")),
            (0, object(manifest("stream", "d"))),
        ];
        assert_eq!(sent_of(broken, false).await.expect("read"), ["d"]);
        let denied = vec![(0, Answer::Error(403, "AccessDenied", "no"))];
        assert!(sent_of(denied, false).await.expect_err("denied").is(&["AccessDenied"]));
    }
}
