//! The part that one environment has in a run in several: where it waits for the others.
//!
//! A verb does not know about the others. Its run meets them at two gates: behind its session, so that no two
//! environments are the same stack, and before it changes anything, so that one question is asked about all plans.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::aws::Stop;
use crate::error::{Code, Error, Result};
use crate::stack::{StackName, Target};

/// How a plan was confirmed, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// By `--yes`: no time has passed since the plan was made.
    Flag,
    /// By an answer: minutes may have passed.
    Answer,
    /// The user declined, or closed the terminal's input.
    Declined,
}

/// What an environment waits for.
pub(crate) enum Gate {
    /// Whether it may work here.
    Place {
        /// The account and region.
        target: Target,
        /// The stack.
        stack: StackName,
    },
    /// Whether its plan may be carried out.
    Consent(Asked),
}

/// A question of one environment.
pub(crate) struct Asked {
    /// Whether it is answered already, by `--yes`.
    pub(crate) yes: bool,
    /// What is going to happen. It has been shown, unless the run is quiet.
    pub(crate) plan: String,
    /// The question.
    pub(crate) text: String,
}

/// An environment at a gate.
pub(crate) struct Arrival {
    /// Its index among the environments of the run.
    pub(crate) index: usize,
    /// The gate.
    pub(crate) gate: Gate,
    /// Lets it through. Dropping this stops it.
    pub(crate) reply: oneshot::Sender<Consent>,
}

/// The part of one environment.
pub(crate) struct Together {
    index: usize,
    stack: OnceLock<StackName>,
    arrivals: mpsc::UnboundedSender<Arrival>,
    slots: Arc<Semaphore>,
    /// Its place among those that run at once, while it has one.
    slot: Mutex<Option<OwnedSemaphorePermit>>,
    stop: Stop,
}

impl Together {
    pub(crate) fn new(
        index: usize,
        arrivals: mpsc::UnboundedSender<Arrival>,
        slots: Arc<Semaphore>,
        stop: Stop,
    ) -> Self {
        Self { index, stack: OnceLock::new(), arrivals, slots, slot: Mutex::new(None), stop }
    }

    /// Notes the stack that this environment works on.
    pub(crate) fn about(&self, stack: StackName) {
        let _ = self.stack.set(stack);
    }

    /// Waits until it may run beside the others.
    ///
    /// # Errors
    /// [`Code::Interrupted`].
    pub(crate) async fn enter(&self) -> Result<()> {
        let slot = tokio::select! {
            () = self.stop.wait() => return Err(stopped()),
            slot = Arc::clone(&self.slots).acquire_owned() => slot.ok(),
        };
        *self.slot() = slot;
        Ok(())
    }

    /// Ends its turn: another one may run.
    pub(crate) fn leave(&self) {
        self.slot().take();
    }

    /// Waits until no other environment is known to be the same stack.
    ///
    /// # Errors
    /// [`Code::Interrupted`].
    pub(crate) async fn place(&self, target: &Target) -> Result<()> {
        let stack = self.stack.get().cloned().unwrap_or_default();
        self.pass(Gate::Place { target: target.clone(), stack }).await.map(drop)
    }

    /// Waits for the one answer about all plans.
    ///
    /// # Errors
    /// [`Code::Interrupted`].
    pub(crate) async fn consent(&self, asked: Asked) -> Result<Consent> {
        self.pass(Gate::Consent(asked)).await
    }

    /// Waits at a gate. Whoever waits takes no place from those that run.
    async fn pass(&self, gate: Gate) -> Result<Consent> {
        self.leave();
        let (reply, replied) = oneshot::channel();
        let arrival = Arrival { index: self.index, gate, reply };
        self.arrivals.send(arrival).map_err(|_| stopped())?;
        let answer = tokio::select! {
            () = self.stop.wait() => return Err(stopped()),
            answer = replied => answer.map_err(|_| stopped())?,
        };
        self.enter().await?;
        Ok(answer)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stopped() -> Error {
    Error::new(Code::Interrupted, "stopped; nothing was changed")
}
