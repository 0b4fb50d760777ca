//! The AWS calls and the CPU time of `subscribe`, for 1 to 1,000 log groups.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::figures::thousands;
use crate::plot::Growth;
use crate::support::account::{Ground, ended, setup};

/// Numbers of log groups. The local AWS does not throttle; AWS itself allows 5 subscription filters a second.
const COUNTS: [usize; 4] = [1, 10, 100, 1_000];

/// Adds a table to the report; returns the CPU time for each number of log groups.
pub(crate) async fn count(ground: &Ground, report: &mut String) -> Growth {
    let mut growth = Growth::new();
    report.push_str(
        "| `subscribe --match` of log groups | AWS calls | of which put a filter, list filters | calls a log group | own CPU time |\n\
         | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for count in COUNTS {
        let account = ground.account().await;
        let logs = account.logs();
        let create = |n| {
            let create = logs.create_log_group().log_group_name(format!("/many/{n:05}"));
            async move { create.send().await.map(drop).expect("a log group") }
        };
        stream::iter(0..count).for_each_concurrent(16, create).await;
        ended(account.command(&setup(&[])).spawn().expect("cwl2le runs")).await.ok();
        let before = (account.proxy.calls().len(), children());
        let args = ["subscribe", "--match", "/many/*"];
        let answer = ended(account.command(&args).spawn().expect("cwl2le runs")).await.ok().json();
        assert_eq!(answer["changes"].as_array().map(Vec::len), Some(count));
        let cpu = children() - before.1;
        let mut by_operation: BTreeMap<String, usize> = BTreeMap::new();
        let calls = account.proxy.calls().split_off(before.0);
        for call in &calls {
            *by_operation.entry(call.operation.clone()).or_default() += 1;
        }
        let of = |operation: &str| by_operation.get(operation).copied().unwrap_or_default();
        let (put, described) = (of("PutSubscriptionFilter"), of("DescribeSubscriptionFilters"));
        let each = calls.len() as f64 / count as f64;
        let [groups, all, put, described] = [count, calls.len(), put, described].map(thousands);
        let _ = writeln!(report, "| {groups} | {all} | {put}, {described} | {each:.2} | {cpu:.2} s |");
        growth.push((count, Duration::from_secs_f64(cpu)));
    }
    report.push('\n');
    growth
}

/// The CPU seconds of all child processes that have ended: fields 16 and 17 of `/proc/self/stat`, in ticks of 10 ms
/// (proc_pid_stat(5)). 0 on systems without that file.
fn children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in parentheses, which may contain spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
