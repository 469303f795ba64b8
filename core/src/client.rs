//! The client: one verb pair, `handle` and `poll`.
//!
//! Called by the shells. Each `handle` is one durable transaction; outputs are
//! queued only when it is on disk. Never waits, never asks the time.

use std::collections::VecDeque;

use rand_core::CryptoRngCore;
use waxseal_wire::id::Millis;

use crate::memory::Memory;
use crate::session::Session;
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use crate::{Input, Output};

/// Why an input could not be handled. Nothing changed; hand it in again later.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The device's database failed: full, read-only, damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One device's whole client.
pub struct Client {
    pub(crate) store: Store,
    pub(crate) session: Session,
    memory: Memory,
    outputs: VecDeque<Output>,
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// Takes over an open store; nothing is sent before a door is connected.
    pub fn open(store: Store) -> Result<Self, ClientError> {
        Ok(Self { store, session: Session::default(), memory: Memory::default(), outputs: VecDeque::new() })
    }

    /// Puts one input in: makes one durable change and queues what follows from it.
    ///
    /// On an error nothing has changed and nothing was queued; the same input can be handed in again.
    pub fn handle(&mut self, now: Millis, rng: &mut impl CryptoRngCore, input: Input) -> Result<(), ClientError> {
        let mut session = self.session.clone();
        let mut outputs = Vec::new();
        let memory = &mut self.memory;
        let result = self.store.write(|tx| {
            let mut turn = Turn { tx, now, rng, session: &mut session, memory, outputs: &mut outputs };
            turn.take(input)
        });
        if let Err(error) = result {
            // What is in memory may be ahead of what is on disk.
            self.memory = Memory::default();
            return Err(error.into());
        }
        self.memory.trim();
        self.session = session;
        self.outputs.extend(outputs);
        Ok(())
    }

    /// The next thing the shell must do; `None` when there is nothing left.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Overwrites what the disk still holds of older states; for moments of rest (two syncs).
    pub fn scrub(&self) -> Result<(), ClientError> {
        Ok(self.store.scrub()?)
    }

    /// The store, for planned faults and for changing its key.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Gives the store back; everything in memory is dropped.
    pub fn into_store(self) -> Store {
        self.store
    }
}
