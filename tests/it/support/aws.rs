//! The local AWS that tests share, and the accounts in it that they do not share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::AppName;
use cwl2le_local::{Cache, Credentials, LocalAws, Options};
use tokio::sync::Mutex;

/// Maximum number of local AWSs of one kind: each is one Python process, which uses one processor at most.
const MOST: usize = 4;

/// A local AWS that other tests use as well; a further one is started while there are processors for it. They end with
/// this process: each lives as long as the pipe that it was started with is open.
pub(crate) async fn shared(options: Options) -> Arc<LocalAws> {
    static PLAIN: Mutex<Vec<Arc<LocalAws>>> = Mutex::const_new(Vec::new());
    static AUTH: Mutex<Vec<Arc<LocalAws>>> = Mutex::const_new(Vec::new());
    let mut running = if options.auth { &AUTH } else { &PLAIN }.lock().await;
    let most = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
    let least_used = running.iter().min_by_key(|aws| Arc::strong_count(aws));
    match least_used {
        Some(aws) if Arc::strong_count(aws) == 1 || running.len() == most => Arc::clone(aws),
        _ => {
            let aws = alone(options).await;
            running.push(Arc::clone(&aws));
            aws
        }
    }
}

/// A local AWS that no other test uses, for one that keeps all of it busy.
pub(crate) async fn alone(options: Options) -> Arc<LocalAws> {
    let cache = Cache::open().expect("a cache folder");
    Arc::new(LocalAws::start(&cache, options, &|_| ()).await.expect("a local AWS"))
}

/// The name of the clients of the tests: `recording.py` of the local AWS leaves their requests out.
pub(crate) fn app_name() -> AppName {
    AppName::new("cwl2le-tests").expect("a name")
}

/// An account that a test has for itself. Everything in it goes when this is dropped.
pub(crate) struct Home {
    pub(crate) aws: Arc<LocalAws>,
    pub(crate) account: String,
}

impl Home {
    pub(crate) fn new(aws: Arc<LocalAws>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(100_000_000_000);
        Self { aws, account: NEXT.fetch_add(1, Ordering::Relaxed).to_string() }
    }

    /// Those of the account's root.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::of_account(&self.account)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let forget = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(self.aws.forget(&self.account)).map_err(std::io::Error::other)
        };
        // The runtime of the test cannot be waited for here. Whatever goes wrong, the server ends with this process.
        std::thread::scope(|scope| drop(scope.spawn(forget).join()));
    }
}
