//! This server among witnesses: its own key for heads of other logs, and what others cosigned of ours.
//!
//! Called by `witness`. The key lies in a file of its own, and in no backup: a store that was set back has forgotten what
//! was cosigned since, so it gets another key and another name, and nobody counts on the old one to remember.
//!
//! ```text
//!   witness.key     32 bytes in hexadecimal
//! ```

use std::path::Path;

use waxseal_transparency::{AddCheckpoint, Cosignature, Handover, Lie, LogKeys, SignedHead, Witness, WitnessSecret};
use waxseal_wire::reply::Refusal;
use zeroize::Zeroizing;

use super::writer::{Answer, Work};
use super::{Engine, OpenError, closed, folder, log_keys};
use crate::roles::{Declined, Publisher};
use crate::store::{Stop, StoreError};

const FILE: &str = "witness.key";

/// What only the writing thread does for witnesses.
pub(super) enum Vouch {
    /// Cosignatures of our head came.
    Keep(SignedHead),
    /// May this head of another log be cosigned?
    Judge(LogKeys, AddCheckpoint, SignedHead),
    /// A log that we are a witness of named its follower.
    Follow(Handover),
}

/// What came of it.
pub(super) enum Vouched {
    Kept,
    Judged(Result<(), Declined>),
    Followed(Result<(), Lie>),
}

/// The key; made where there is none.
pub(super) fn key(data: &Path) -> Result<WitnessSecret, OpenError> {
    if let Some(key) = read(data)? {
        return Ok(key);
    }
    let mut seed = Zeroizing::new([0; 32]);
    #[allow(clippy::disallowed_types, reason = "the engine is the shell of the rules: here their randomness comes in")]
    rand_core::RngCore::fill_bytes(&mut rand_core::OsRng, seed.as_mut());
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::encode(seed.as_ref()))));
    folder::put_durably(data, FILE, text.as_bytes()).map_err(|error| OpenError::Folder(error.kind()))?;
    read(data)?.ok_or(OpenError::WitnessKey)
}

fn read(data: &Path) -> Result<Option<WitnessSecret>, OpenError> {
    let text = match std::fs::read_to_string(data.join(FILE)).map(Zeroizing::new) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Err(OpenError::WitnessKey),
        Err(error) => return Err(OpenError::Folder(error.kind())),
    };
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), seed.as_mut()).map_err(|_| OpenError::WitnessKey)?;
    WitnessSecret::of_key("waxseal-witness", *seed).map(Some).map_err(|_| OpenError::WitnessKey)
}

/// Who the server over a data folder is to others: its log, and itself as a witness. `None` before its first start.
pub fn identity(data: &Path) -> Result<Option<(LogKeys, Witness)>, OpenError> {
    let (log, key) = (log_keys::next(data)?, read(data)?);
    Ok(log.zip(key).map(|(log, key)| (Publisher::new(log).keys(), key.witness())))
}

impl Engine {
    /// Our log.
    pub fn log(&self) -> LogKeys {
        self.log
    }

    /// Waits until our log has signed a head since the last call, or this one; for one who waits.
    pub async fn head_is_told(&self) {
        self.heads.notified().await;
    }

    /// The newest tree head of our log, signed.
    pub async fn newest_head(&self) -> Result<SignedHead, Refusal> {
        self.readers.look(|roles| roles.newest_head()).await.map_err(closed)?.map_err(Stop::refusal)
    }

    /// That our tree of `to` epochs goes on from that of `from`.
    pub async fn proof(&self, from: u64, to: u64) -> Result<Vec<[u8; 32]>, Refusal> {
        self.readers.look(move |roles| roles.proof(from, to)).await.map_err(closed)?.map_err(Stop::refusal)
    }

    /// The newest head of our log that a witness cosigned.
    pub async fn cosigned(&self) -> Result<Option<SignedHead>, StoreError> {
        self.readers.look(|roles| roles.cosigned()).await?
    }

    /// Keeps cosignatures that were verified; durable when it returns.
    pub async fn keep_cosigned(&self, signed: SignedHead) -> Result<(), StoreError> {
        self.vouch(Vouch::Keep(signed)).await.map(drop)
    }

    /// Cosigns a head of another log, whose signature was verified, where it goes on from all that was cosigned before.
    pub async fn cosign(
        &self,
        log: LogKeys,
        asked: AddCheckpoint,
        signed: SignedHead,
    ) -> Result<Result<Cosignature, Declined>, StoreError> {
        let head = signed.head;
        match self.vouch(Vouch::Judge(log, asked, signed)).await? {
            // What was judged is durable: only now may anything be signed.
            Vouched::Judged(Ok(())) => Ok(Ok(self.witness.cosign(&log.id(), &head, (self.clock)()))),
            Vouched::Judged(Err(declined)) => Ok(Err(declined)),
            _ => Err(StoreError::Closed),
        }
    }

    /// The log that goes on where this one was pinned, as far as it was followed.
    pub async fn followed(&self, pinned: LogKeys) -> Result<LogKeys, StoreError> {
        self.readers.look(move |roles| roles.followed(pinned)).await?
    }

    /// Goes on to the log that a pinned one names as its follower.
    pub async fn follow(&self, word: Handover) -> Result<Result<(), Lie>, StoreError> {
        match self.vouch(Vouch::Follow(word)).await? {
            Vouched::Followed(followed) => Ok(followed),
            _ => Err(StoreError::Closed),
        }
    }

    async fn vouch(&self, vouch: Vouch) -> Result<Vouched, StoreError> {
        match self.writer.ask(Work::Vouch(Box::new(vouch))).await? {
            Answer::Vouched(vouched) => *vouched,
            _ => Err(StoreError::Closed),
        }
    }
}
