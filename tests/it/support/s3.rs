//! Buckets of the local AWS, by the forwarder's own client.

use std::time::Duration;

use bytes::Bytes;
use cwl2le_forwarder::aws::{Call, Service};
use cwl2le_forwarder::net::http::Answer;
use http::{HeaderName, HeaderValue, Method};
use tokio::time::Instant;

use crate::support::{REGION, World};

const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a bucket in the region of the tests.
pub(crate) async fn create(world: &World, bucket: &str) {
    let place = format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    call(world, "CreateBucket", Method::PUT, &format!("/{bucket}"), Bytes::from(place)).await;
}

/// A call of S3 as the root, with a header by which `checks/` knows that it is not one of `cwl2le`.
async fn call(world: &World, operation: &'static str, method: Method, path: &str, body: Bytes) -> Answer {
    let headers = &[(HeaderName::from_static("x-cwl2le-tests"), HeaderValue::from_static("s3"))];
    let (region, host, resource) = (None, None, path);
    let call = Call { service: Service::S3, operation, resource, region, host, method, path, headers, body };
    world.forwarder_aws().call(&call, Instant::now() + PATIENCE).await.expect("S3 answers")
}

/// The keys in a bucket of a thousand objects at most, once there are so many.
pub(crate) async fn keys(world: &World, bucket: &str, count: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let list =
            call(world, "ListObjectsV2", Method::GET, &format!("/{bucket}?list-type=2"), Bytes::new()).await;
        let list = String::from_utf8_lossy(&list.body).into_owned();
        let keys = list.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        let keys: Vec<String> = keys.map(ToOwned::to_owned).collect();
        if keys.len() >= count {
            return keys;
        }
        assert!(Instant::now() < deadline, "{} objects: {list}\n{}", keys.len(), world.aws().logs_tail(60));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn object(world: &World, bucket: &str, key: &str) -> Answer {
    call(world, "GetObject", Method::GET, &format!("/{bucket}/{key}"), Bytes::new()).await
}

pub(crate) async fn put(world: &World, bucket: &str, key: &str, body: &'static str) {
    call(world, "PutObject", Method::PUT, &format!("/{bucket}/{key}"), Bytes::from(body)).await;
}
