//! What has been proved of the accounts that cases leave: once for each different one.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};

/// Whether the account converges, or why not.
type Proof = OnceCell<Result<(), String>>;

/// The proofs by the contents of the accounts.
#[derive(Default)]
pub(crate) struct Proofs(Mutex<HashMap<String, Arc<Proof>>>);

impl Proofs {
    /// The proof for an account with these contents: `prove` runs where there is none yet, else its outcome is awaited.
    pub(crate) async fn of(
        &self,
        contents: String,
        prove: impl Future<Output = Result<(), String>>,
    ) -> Result<(), String> {
        let proof = self.0.lock().await.entry(contents).or_default().clone();
        proof.get_or_init(|| prove).await.clone()
    }

    /// How many different accounts there were.
    pub(crate) async fn count(&self) -> usize {
        self.0.lock().await.len()
    }
}
