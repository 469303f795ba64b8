//! Whether the store takes what it is given: for readiness, and for one line in the log instead of thousands.
//!
//! Told by the writing thread after each transaction; asked by `transport`.
//! Ill as soon as something could not be stored, well again only when a
//! trial was: so nobody has to ask for it to recover. Never stops anything.

use std::sync::{Mutex, PoisonError};

use crate::metrics;
use crate::store::StoreError;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<StoreError>>);

impl Health {
    /// What is wrong, if anything is.
    pub(super) fn now(&self) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Something could not be stored. Said once, however often it happens.
    pub(super) fn ill(&self, error: StoreError) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(error);
        if before != Some(error) {
            tracing::error!(%error, "nothing can be stored; what would have to be is refused until it can");
        }
        metrics::store_takes(false);
    }

    /// A trial was stored.
    pub(super) fn well(&self) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::warn!("things can be stored again");
        }
        metrics::store_takes(true);
    }
}
