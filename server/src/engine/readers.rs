//! Threads that read: look-ups, mailboxes, blobs, and signatures of devices.
//!
//! Each has a connection of its own, so nobody who reads waits for the disk of
//! somebody who writes. Never writes.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use waxseal_transparency::publish::Publisher;

use super::OpenError;
use crate::policy::Policy;
use crate::roles::Roles;
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;

const THREADS: usize = 2;
/// Looks that may wait; who comes then waits outside.
const QUEUE: usize = 1024;

type Look = Box<dyn FnOnce(&mut Roles<SqliteStore>) + Send>;
type Queue = mpsc::UnboundedReceiver<(Look, OwnedSemaphorePermit)>;

/// The threads and their queue. They end when it is dropped or closed.
pub(super) struct Readers {
    queue: Mutex<Option<mpsc::UnboundedSender<(Look, OwnedSemaphorePermit)>>>,
    room: Arc<Semaphore>,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

impl Readers {
    /// Starts the threads over the store in `file`, which exists.
    pub(super) fn start(file: &Path, policy: &Policy, publisher: &Publisher) -> Result<Self, OpenError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 1..=THREADS {
            let mut roles = Roles::new(SqliteStore::open_reader(file)?, policy.clone(), publisher.clone());
            let receiver = Arc::clone(&receiver);
            let body = move || {
                while let Some((look, _room)) = next(&receiver) {
                    look(&mut roles)
                }
            };
            let thread = thread::Builder::new().name(format!("reader {number}"));
            thread.spawn(body).map_err(|error| OpenError::System(error.kind()))?;
        }
        Ok(Self { queue: Mutex::new(Some(sender)), room: Arc::new(Semaphore::new(QUEUE)) })
    }

    /// Does `work` on a reading thread.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Roles<SqliteStore>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let look: Look = Box::new(move |roles| drop(answer.send(work(roles))));
        {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let sender = queue.as_ref().ok_or(StoreError::Closed)?;
            sender.send((look, room)).map_err(|_| StoreError::Closed)?;
        }
        answered.await.map_err(|_| StoreError::Closed)
    }

    /// Takes no more; the threads end when what waits is done.
    pub(super) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn next(receiver: &Mutex<Queue>) -> Option<(Look, OwnedSemaphorePermit)> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

/// Stands where the rules ask for chance and reading needs none; never used for a secret.
pub(super) fn no_chance() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([0; 32])
}
