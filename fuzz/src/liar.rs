//! A server that does what the input says with all that it tells.
//!
//! Stands in the town as a tap. Holds what whoever runs a server can hold: all
//! that passed, and, while it delivers, the keys that mailbox entries are
//! sealed under. Never what envelopes are sealed under.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_sim::tap::Tap;
use waxseal_wire::frame::{Told, decode_told, encode_push, encode_reply};
use waxseal_wire::id::{AliasId, Epoch, Position, RequestId, Seq};
use waxseal_wire::key::SealSecret;
use waxseal_wire::reply::{Accounts, KeysLeft, MailboxEntry, Push, Refusal, Reply, Session};
use waxseal_wire::seal::{Delivered, Kind};

use crate::mutate::{Tape, mutate};

/// See the module.
pub(crate) struct Liar {
    /// What it will do.
    pub(crate) tape: Tape,
    /// Of the aliases that it has keys for.
    pub(crate) secrets: BTreeMap<AliasId, SealSecret>,
    heard: Vec<Told>,
    held: [Vec<Told>; 2],
    rng: ChaCha20Rng,
}

impl Liar {
    pub(crate) fn new(tape: Tape) -> Self {
        let rng = ChaCha20Rng::seed_from_u64(1);
        Self { tape, secrets: BTreeMap::new(), heard: Vec::new(), held: [Vec::new(), Vec::new()], rng }
    }

    /// Something that was told before, to either of the two.
    fn old(&mut self) -> Option<Told> {
        let at = self.tape.below(self.heard.len().min(256));
        self.heard.iter().rev().nth(at).cloned()
    }

    /// The same bytes with damage, if a client could still read them: what it cannot read closes the door.
    fn damaged(&mut self, told: &Told) -> Option<Told> {
        let mut bytes = encode(told);
        let other = self.heard.last().map(encode).unwrap_or_default();
        for _ in 0..=self.tape.below(3) {
            mutate(&mut bytes, &other, |end| self.tape.below(end));
        }
        decode_told(&bytes).ok()
    }

    /// Entries that open, with something else in them.
    fn resealed(&mut self, mut told: Told) -> Told {
        if let Told::Push(Push::Entries(entries)) = &mut told {
            for entry in entries {
                self.reseal(entry);
            }
        }
        told
    }

    fn reseal(&mut self, entry: &mut MailboxEntry) -> Option<()> {
        let secret = self.secrets.get(&entry.alias)?;
        let hint = *Delivered::hint(&entry.sealed)?;
        let key = secret.seal_key(&hint)?;
        let mut inside = Delivered::open(&entry.sealed, &entry.alias, secret).ok()?;
        match self.tape.below(9) {
            0 => inside.position = Position(inside.position.0.wrapping_add(self.tape.below(4) as u64).wrapping_sub(1)),
            1 => inside.position = Position([0, 1, u64::MAX, 1 << 63][self.tape.below(4) & 3]),
            2 => inside.epoch = Epoch(inside.epoch.0.wrapping_add(self.tape.below(4) as u64).wrapping_sub(1)),
            3 => inside.epoch = Epoch([0, 1, u64::MAX, 1 << 63][self.tape.below(4) & 3]),
            4 => inside.kind = [Kind::Message, Kind::Commit, Kind::Welcome][self.tape.below(3) % 3],
            5 => inside.from = *self.secrets.keys().nth(self.tape.below(self.secrets.len()))?,
            6 => inside.roster_hash = inside.roster_hash.is_none().then_some([7; 32]),
            7 => {
                let other = self.old_entry().map(|old| old.envelope).unwrap_or_default();
                mutate(&mut inside.envelope, &other, |end| self.tape.below(end));
            }
            _ => inside = self.old_entry()?,
        }
        entry.sealed = Delivered::seal_bytes(&inside.to_padded_bytes(), &entry.alias, &key, &hint, &mut self.rng);
        Some(())
    }

    /// What was in an entry of before, whoever got it.
    fn old_entry(&mut self) -> Option<Delivered> {
        let entries = self.heard.iter().rev().filter_map(|told| match told {
            Told::Push(Push::Entries(entries)) => Some(entries),
            _ => None,
        });
        let old: Vec<_> = entries.flatten().take(64).collect();
        let entry = old.get(self.tape.below(old.len()))?;
        Delivered::open(&entry.sealed, &entry.alias, self.secrets.get(&entry.alias)?).ok()
    }

    /// Something of its own making.
    fn invented(&mut self, id: RequestId) -> Told {
        let number = |tape: &mut Tape| [0, 1, 2, 1 << 40, u64::MAX][tape.below(5) % 5];
        let reply = match self.tape.below(8) {
            0 => Reply::Done,
            1 => Reply::Accepted(Position(number(&mut self.tape))),
            2 => Reply::Accounts(Accounts::default()),
            3 => Reply::KeysLeft(KeysLeft { one_time: self.tape.below(256) as u32, last_resort: self.tape.below(2) == 1 }),
            4 => Reply::Session(Session {
                head: Seq(number(&mut self.tape)),
                lost: self.tape.below(2) == 1,
                keys_left: KeysLeft::default(),
                chain_index: number(&mut self.tape),
                floor: Seq(number(&mut self.tape)),
                sessions: number(&mut self.tape),
            }),
            5 => Reply::Refused(Refusal::StaleEpoch { current: Epoch(number(&mut self.tape)) }),
            6 => Reply::Refused(Refusal::TooFast { retry_after_ms: number(&mut self.tape) }),
            _ => Reply::Refused(
                [
                    Refusal::Malformed,
                    Refusal::TooLarge,
                    Refusal::WrongDoor,
                    Refusal::NotAllowed,
                    Refusal::Unknown,
                    Refusal::Taken,
                    Refusal::StaleChain,
                    Refusal::Full,
                    Refusal::BadName,
                    Refusal::Internal,
                    Refusal::ReusedKey,
                ][self.tape.below(11) % 11],
            ),
        };
        Told::Reply(id, reply)
    }
}

impl Tap for Liar {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        self.heard.push(told.clone());
        let id = match &told {
            Told::Reply(id, _) => Some(*id),
            Told::Push(_) => None,
        };
        let Some(deed) = self.tape.next() else { return [std::mem::take(&mut self.held[house & 1]), vec![told]].concat() };
        match deed % 20 {
            0..=7 => vec![told],
            8 => Vec::new(),
            9 => vec![told.clone(), told],
            10 => {
                self.held[house & 1].push(told);
                Vec::new()
            }
            11 => [vec![told], std::mem::take(&mut self.held[house & 1])].concat(),
            // What was told to either before, as it was, or as the answer to what was asked now.
            12 => [self.old().into_iter().collect(), vec![told]].concat(),
            13 | 14 => match (id, self.old()) {
                (Some(id), Some(Told::Reply(_, old))) => vec![Told::Reply(id, old)],
                (_, old) => [vec![told], old.into_iter().collect()].concat(),
            },
            15 | 16 => self.damaged(&told).into_iter().collect(),
            17 | 18 => match id {
                Some(id) => vec![self.invented(id)],
                None => vec![self.resealed(told)],
            },
            _ => vec![self.resealed(told.clone()), told],
        }
    }
}

fn encode(told: &Told) -> Vec<u8> {
    match told {
        Told::Reply(id, reply) => encode_reply(*id, reply),
        Told::Push(push) => encode_push(push),
    }
}
