//! Who is who: registration, account chains, and devices that prove themselves.
//!
//! The Authentication Service of RFC 9750 §3.1, as far as a server can be one:
//! it keeps chains that verify, and clients verify them again.
//! Never signs anything, never resets anything for anybody.

use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use waxseal_wire::chain::{Chain, ChainError, Signature, SignedRecord};
use waxseal_wire::id::{AccountId, DeviceId, Millis};
use waxseal_wire::limits;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Refusal, Session};
use waxseal_wire::request::{Authenticate, Register, authenticate_bytes, close_bytes, register_bytes};

use super::Roles;
use crate::policy::Registration;
use crate::store::{Day, Invite, MailboxId, NewAccount, Once, Stop, Store};

/// A device that proved itself; only this module can make one.
///
/// It may have been removed since: every use of it asks the store again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    account: AccountId,
    device: DeviceId,
    mailbox: MailboxId,
    losses: u64,
}

impl Proven {
    /// Whose device it is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Its mailbox, to wait for what is put there.
    pub fn mailbox(&self) -> MailboxId {
        self.mailbox
    }

    /// Of two sessions of one device, the one that was told more.
    pub(crate) fn newer(&self, other: &Self) -> Self {
        if self.losses < other.losses { *other } else { *self }
    }

    /// Losses that the session told; its acks acknowledge these and no later ones.
    pub(super) fn losses(&self) -> u64 {
        self.losses
    }
}

impl<S: Store> Roles<S> {
    pub(super) fn register(&mut self, today: Day, register: &Register) -> Result<(), Stop> {
        let chain = Chain::verify(std::slice::from_ref(&register.record)).map_err(refuse_record)?;
        // Record 0 has a signer that it lists: `Chain::verify` saw to it.
        let signer = register.record.signer.and_then(|id| chain.device(&id)).ok_or(Refusal::NotAllowed)?;
        let account = chain.account();
        let signed = register_bytes(&account, &register.name);
        signer.key.verify(&signed, &register.signature).map_err(|_| Refusal::NotAllowed)?;
        let new = NewAccount {
            account,
            name: &register.name,
            skeleton: skeleton_hash(&register.name),
            record: &register.record,
            devices: chain.devices(),
            invite: match self.policy.registration {
                Registration::Open => None,
                Registration::Invite => Some(code_hash(&register.invite)),
            },
        };
        self.store.register(today, &once(register, &account), &new)
    }

    pub(super) fn prove(&mut self, nonce: &[u8; 32], request: &Authenticate) -> Result<(Proven, Session), Stop> {
        let row = self.store.device(&request.account, &request.device)?.ok_or(Refusal::NotAllowed)?;
        let signed = authenticate_bytes(nonce, &request.account, &request.device);
        row.key.verify(&signed, &request.signature).map_err(|_| Refusal::NotAllowed)?;
        let proven = Proven { account: request.account, device: request.device, mailbox: row.mailbox, losses: row.losses };
        let session = Session {
            head: row.head,
            lost: row.losses > row.losses_told,
            keys_left: row.keys_left,
            chain_index: row.chain_index,
            floor: row.floor,
            sessions: row.sessions,
        };
        Ok((proven, session))
    }

    pub(super) fn append_record(&mut self, by: &Proven, record: &SignedRecord) -> Result<Vec<MailboxId>, Stop> {
        self.store.append_record(by.mailbox, record, |records| {
            // The same record again: its reply was lost.
            if records.last() == Some(record) {
                return Ok(None);
            }
            let bytes: usize = records.iter().chain([record]).map(|record| record.body.len()).sum();
            if records.len() >= limits::CHAIN || bytes > limits::CHAIN_BYTES {
                return Err(Refusal::TooLarge);
            }
            // What is stored was verified when it came; if it is broken now, the disk is at fault.
            let mut chain = Chain::verify(records).map_err(|_| Refusal::Internal)?;
            chain.append(record).map_err(refuse_record)?;
            Ok(Some(chain.devices().to_vec()))
        })
    }

    pub(super) fn close_account(&mut self, by: &Proven, signature: &Signature) -> Result<Vec<MailboxId>, Stop> {
        let row = self.store.device(&by.account, &by.device)?.ok_or(Refusal::WrongDoor)?;
        row.key.verify(&close_bytes(&by.account), signature).map_err(|_| Refusal::NotAllowed)?;
        self.store.close_account(by.mailbox)
    }
}

/// A code for people to copy, and what is kept of it: 128 bits in 26 letters and digits, none of which look alike.
pub(super) fn new_invite(now: Millis, rng: &mut impl CryptoRngCore, uses: u32, days: u32) -> (String, Invite) {
    // Crockford's base 32, lower case.
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut code = String::with_capacity(26);
    for _ in 0..26 {
        let digit = usize::try_from(rng.next_u32() % 32).unwrap_or(0);
        code.push(char::from(*DIGITS.get(digit).unwrap_or(&b'0')));
    }
    let until = Day(Day::of(now).0.saturating_add(u64::from(days)));
    let invite = Invite { code: code_hash(&code), uses, until };
    (code, invite)
}

fn code_hash(code: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"waxseal invite v1").chain_update(code.trim().to_ascii_lowercase()).finalize().into()
}

fn skeleton_hash(name: &AccountName) -> [u8; 32] {
    Sha256::new().chain_update(b"waxseal name skeleton v1").chain_update(name.skeleton()).finalize().into()
}

fn refuse_record(error: ChainError) -> Refusal {
    match error {
        ChainError::Malformed | ChainError::Empty => Refusal::Malformed,
        ChainError::Broken | ChainError::Rollback | ChainError::WrongAccount => Refusal::StaleChain,
        ChainError::Signature => Refusal::NotAllowed,
    }
}

fn once(register: &Register, account: &AccountId) -> Once {
    let hash = Sha256::new()
        .chain_update(b"waxseal once register v1")
        .chain_update(account.0)
        .chain_update(register.signature.0)
        .chain_update(register.name.as_str())
        .finalize();
    Once { key: register.idempotency_key, digest: super::delivery::first_half(&hash.into()) }
}
