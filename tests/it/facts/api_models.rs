//! The limits and partitions that this program knows are those of botocore, which the local AWS brings along.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use cwl2le::settings::SCHEMA;
use cwl2le::stack::limits::model::{ANY, SHAPES};
use cwl2le::stack::limits::{LOG_RETENTION_DAYS, TAGS};
use cwl2le::stack::{Names, Region, RoleScope, StackName};
use cwl2le_local::Cache;
use cwl2le_local::moto::MOTO;
use cwl2le_local::python::PythonEnv;
use flate2::read::GzDecoder;
use regex::Regex;
use serde_json::Value;

/// The folder of botocore's data.
async fn data() -> PathBuf {
    let cache = Cache::open().expect("a cache folder");
    let environment = PythonEnv::of(MOTO, &cache, &|_| ()).await.expect("an environment");
    let script = "import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), 'data'))";
    let output = environment.command().arg("-c").arg(script).output().await.expect("Python runs");
    let folder = String::from_utf8(output.stdout).expect("UTF-8");
    PathBuf::from(folder.trim())
}

/// The newest model of a service.
fn model(data: &Path, service: &str) -> Value {
    let versions = fs::read_dir(data.join(service)).expect("a service");
    let newest = versions.map(|entry| entry.expect("a folder").path()).max().expect("a version");
    let packed = fs::File::open(newest.join("service-2.json.gz")).expect("a model");
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).expect("gzip");
    serde_json::from_str(&text).expect("JSON")
}

fn number(shape: &Value, key: &str) -> Option<i64> {
    shape[key].as_i64()
}

#[tokio::test]
async fn every_limit_of_a_text_is_that_of_the_api_model() {
    let data = data().await;
    let mut models = BTreeMap::new();
    for shape in SHAPES {
        let model = models.entry(shape.service).or_insert_with(|| model(&data, shape.service));
        let theirs = &model["shapes"][shape.name];
        let place = format!("{}:{}", shape.service, shape.name);
        assert_eq!(theirs["type"], "string", "{place}");
        let length =
            (number(theirs, "min").unwrap_or(0), number(theirs, "max").map_or(i64::MAX, |most| most));
        let ours = (
            i64::try_from(*shape.length.start()).expect("small"),
            i64::try_from(*shape.length.end()).expect("small"),
        );
        assert_eq!(ours, length, "{place}");
        assert_eq!(shape.pattern, theirs["pattern"].as_str().unwrap_or(ANY), "{place}");
    }
}

#[tokio::test]
async fn every_range_of_a_number_is_within_that_of_the_api_model() {
    let data = data().await;
    let lambda = model(&data, "lambda");
    let range = |section: &str, key: &str| {
        let setting = &SCHEMA["properties"][section]["properties"][key];
        let bound = |name: &str| setting[name].as_i64().expect("a bound");
        bound("minimum")..=bound("maximum")
    };
    for (shape, ours) in [
        ("MemorySize", range("function", "memory")),
        ("Timeout", range("function", "timeout")),
        ("BatchSize", range("trigger", "batch_size")),
        ("MaximumBatchingWindowInSeconds", range("trigger", "batch_window")),
        ("ParallelizationFactor", range("trigger", "parallelization")),
    ] {
        let theirs = &lambda["shapes"][shape];
        let (least, most) =
            (number(theirs, "min").expect("a minimum"), number(theirs, "max").expect("a maximum"));
        assert!(
            least <= *ours.start() && *ours.end() <= most,
            "{shape}: {ours:?} is not within {least}..={most}"
        );
    }
    let (logs, iam) = (model(&data, "logs"), model(&data, "iam"));
    let tags = i64::try_from(TAGS).expect("small");
    assert_eq!(number(&logs["shapes"]["Tags"], "max"), Some(tags));
    assert_eq!(number(&iam["shapes"]["tagListType"], "max"), Some(tags));
    // The days stand in the text of the model alone.
    let documented = logs["shapes"]["Days"]["documentation"].as_str().expect("documentation");
    let numbers = Regex::new(r"\d+").expect("a pattern");
    let days: Vec<u32> =
        numbers.find_iter(documented).filter_map(|found| found.as_str().parse().ok()).collect();
    assert!(LOG_RETENTION_DAYS.iter().all(|day| days.contains(day)), "{documented}");
}

#[tokio::test]
async fn every_region_has_the_partition_that_botocore_gives_it() {
    let text = fs::read_to_string(data().await.join("partitions.json")).expect("partitions");
    let known: Value = serde_json::from_str(&text).expect("JSON");
    let partitions = known["partitions"].as_array().expect("a list");
    assert!(partitions.len() >= 8, "{partitions:?}");
    let longest: StackName = "x".repeat(24).parse().expect("a stack name");
    for partition in partitions {
        let (id, suffix) = (&partition["id"], partition["outputs"]["dnsSuffix"].as_str().expect("a suffix"));
        let form = Regex::new(partition["regionRegex"].as_str().expect("a pattern")).expect("a pattern");
        for name in partition["regions"].as_object().expect("regions").keys() {
            // `aws-global` and its like are no regions.
            if name.ends_with("-global") {
                continue;
            }
            let region: Region = name.parse().unwrap_or_else(|problem| panic!("{name}: {problem}"));
            assert_eq!(
                (region.partition(), region.host("sts")),
                (id.as_str().expect("an id"), format!("sts.{name}.{suffix}"))
            );
            let names = Names::new(&longest, &region, RoleScope::Regional);
            assert!(names.function_role.len() <= 64, "{names:?}");
        }
        // The same goes for regions that are not open yet.
        for name in [
            "eu-north-9",
            "mx-west-1",
            "cn-south-1",
            "us-gov-north-1",
            "eusc-de-west-2",
            "us-isob-x-1",
            "mars-x-1",
        ] {
            let ours = name.parse::<Region>().ok();
            assert_eq!(
                form.is_match(name),
                ours.is_some_and(|region| *id == region.partition()),
                "{name} in {id}"
            );
        }
    }
}
