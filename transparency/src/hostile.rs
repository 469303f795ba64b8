//! A server that lies, against the verifying half: every lie is refused, whatever it is made of.
#![cfg(test)]

mod answers;
mod heads;
mod honest;
mod records;
mod verdicts;

use std::sync::{Arc, OnceLock};

use akd_core::configuration::Configuration as _;
use akd_core::{Direction, MembershipProof};
use prost::Message as _;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};
use waxseal_wire::id::Millis;

use crate::proof::{self, Config, label};
use crate::publish::{MemoryRecords, PublishError, Publisher, Secrets, Table};
use crate::{
    Answer, Crime, Entry, Evidence, Handover, Head, Lie, Placed, Proven, Reason, Shown, SignedHead, Value, Verdict, WitnessSecret,
    Witnesses,
};
use crate::{absence, evidence, history, lookup, proto, step};

const HOUR: u64 = 3_600_000;
const START: u64 = 1_790_000_000_000;

fn value(n: u64) -> Value {
    let mut value = [7; 32];
    value[..8].copy_from_slice(&n.to_be_bytes());
    value
}

/// A log of 12 epochs: `alice` changes in each, `bob` in the first alone, others come and stay.
struct Town {
    publisher: Publisher,
    /// As stored after each epoch; the first is empty.
    states: Vec<Arc<MemoryRecords>>,
    heads: Vec<SignedHead>,
    steps: Vec<Vec<u8>>,
}

fn grow(seed: u64, epochs: u64) -> Town {
    let publisher = Publisher::new(Secrets::generate(&mut ChaCha20Rng::seed_from_u64(seed)));
    let mut town = Town { publisher, states: vec![Arc::new(MemoryRecords::default())], heads: Vec::new(), steps: Vec::new() };
    for epoch in 1..=epochs {
        let mut changes = vec![("alice".to_owned(), value(epoch))];
        changes.extend((0..5).map(|n| (format!("guest-{epoch}-{n}"), value(n))));
        if epoch == 1 {
            changes.push(("bob".to_owned(), value(99)));
        }
        town.publish(&changes);
    }
    town
}

impl Town {
    fn publish(&mut self, changes: &[(String, Value)]) {
        let records = Arc::new(MemoryRecords::clone(self.now()));
        let at = Millis(START + self.states.len() as u64 * HOUR);
        let epoch = self.publisher.publish(&records, changes, at).expect("publishes").expect("an epoch");
        records.apply(&epoch.records);
        self.heads.push(self.publisher.secrets().sign_next(epoch.head, self.heads.last().map(|it| &it.head)).expect("goes on"));
        self.steps.push(epoch.step);
        self.states.push(records);
    }

    fn now(&self) -> &Arc<MemoryRecords> {
        self.states.last().expect("a state")
    }

    fn placed(&self, epoch: usize, seen: Option<u64>) -> Placed {
        self.publisher.place(&self.states[epoch], self.heads[epoch - 1].clone(), seen).expect("placed")
    }

    fn time(&self, epoch: usize) -> Millis {
        self.heads[epoch - 1].head.at
    }

    fn proven(&self, epoch: usize) -> Proven {
        self.placed(epoch, None).verify(&self.publisher.keys(), &Witnesses::default(), None, self.time(epoch)).expect("proven")
    }

    fn shown(&self, epoch: usize) -> Shown {
        self.placed(epoch, None).into()
    }

    fn lookup(&self, epoch: usize, name: &str) -> Vec<u8> {
        self.publisher.lookup(&self.states[epoch], name).expect("answers").expect("is there")
    }
}

fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| grow(1, 12))
}

/// No bit of a proof can be changed to make it say something else.
fn no_flipped_bit_lies<T: PartialEq + core::fmt::Debug>(bytes: &[u8], verify: impl Fn(&[u8]) -> Result<T, Lie>) {
    let truth = verify(bytes).expect("the truth");
    // What protobuf passes over may change; what is said may not.
    let holds = |bytes: &[u8], what: &str, at: usize| {
        if let Ok(said) = verify(bytes) {
            assert_eq!(said, truth, "{what} {at}");
        }
    };
    // One bit of each byte, and every bit of the first ones, where numbers are.
    for bit in (0..bytes.len() * 8).filter(|bit| *bit < 2000 || bit % 8 == bit / 8 % 8) {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        holds(&bytes, "bit", bit);
    }
    for cut in (0..bytes.len()).filter(|cut| cut % 3 == 0) {
        holds(&bytes[..cut], "cut at", cut);
    }
}
