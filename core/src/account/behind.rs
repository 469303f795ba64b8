//! A server that knows less of us than we do: it was set back to an older state.
//!
//! ```text
//!   not let in ──► our chain there? ──► lists us no more ──► signed out
//!                     ├─ shorter than ours ──► another of our devices must come first
//!                     └─ none at all ──► claimed again, by the device that made the account
//!   let in, chain shorter than ours ──► the missing records, one by one
//! ```
//! Called by `session`. Records carry their own proof, so a server takes them
//! back from whoever it lets in. Never gives way to a history that contradicts ours.

use waxseal_wire::chain::{Chain, PublicKey, sign};
use waxseal_wire::frame::Door;
use waxseal_wire::reply::{AccountFound, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, DeviceRequest, Register, Request, register_bytes};

use super::me;
use crate::group::Identity;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::trust::directory::Word;
use crate::turn::Turn;
use crate::{Event, Output, trust};

impl Turn<'_> {
    /// Asks what the server has of our own chain.
    pub(crate) fn ask_own_chain(&mut self) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else { return Ok(()) };
        if !self.session.is_asked(|purpose| *purpose == Purpose::OwnChain) {
            let lookup = self.lookup_of(vec![AccountRef::Id(identity.account)], false)?;
            self.send(Door::Anonymous, lookup, Purpose::OwnChain);
        }
        Ok(())
    }

    pub(crate) fn own_chain_found(&mut self, reply: Reply) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else { return Ok(()) };
        let Some(known) = trust::chain(self.tx, &identity.account)? else { return Ok(()) };
        let word = match reply {
            Reply::Accounts(accounts) => {
                self.prove_answer(&[AccountRef::Id(identity.account)], accounts)?.and_then(|mut words| words.pop())
            }
            // Busy: the next connection asks again.
            _ => None,
        };
        let Some(word) = word else { return Ok(()) };
        let Word::Account(found) = word else {
            return if self.session.denied { self.reclaim(&identity, &known) } else { Ok(()) };
        };
        match Chain::verify(&found.chain) {
            Ok(chain) if chain.extends(&known).is_ok() => self.own_chain_grew(&identity, &chain, &found),
            Ok(chain) if known.extends(&chain).is_ok() => {
                if self.session.denied {
                    self.warn(Problem::ServerBehind);
                }
                Ok(())
            }
            _ => {
                self.warn(Problem::Forked);
                Ok(())
            }
        }
    }

    fn own_chain_grew(&mut self, identity: &Identity, chain: &Chain, found: &AccountFound) -> Result<(), StoreError> {
        trust::keep(self.tx, chain, &found.name, self.now)?;
        let listed = chain.device(&identity.device).is_some_and(|entry| entry.key == PublicKey::of(&identity.key));
        if self.session.denied && !listed {
            self.tell(Event::SignedOut);
        }
        Ok(())
    }

    /// Tells a person once a connection, not with every try.
    fn warn(&mut self, problem: Problem) {
        if !core::mem::replace(&mut self.session.warned, true) {
            self.fail(None, problem);
        }
    }

    /// The server knows nothing of the account: whoever signed its first record claims it again.
    fn reclaim(&mut self, identity: &Identity, known: &Chain) -> Result<(), StoreError> {
        let first = known.records().first().filter(|record| record.signer == Some(identity.device)).cloned();
        let (Some(record), Some(me)) = (first, me::view(self.tx)?) else {
            self.warn(Problem::ServerForgot);
            return Ok(());
        };
        if !core::mem::replace(&mut self.session.reclaimed, true) {
            let signature = sign(&identity.key, &register_bytes(&identity.account, &me.name));
            let idempotency_key = self.fresh_key();
            let register = Register { name: me.name, record, signature, invite: String::new(), idempotency_key };
            self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::Register(Box::new(register))), Purpose::Reclaim);
        }
        Ok(())
    }

    pub(crate) fn reclaimed(&mut self, reply: &Reply) -> Result<(), StoreError> {
        match reply {
            Reply::Done => {
                self.server_went_back()?;
                self.outputs.push(Output::Reconnect(Door::Device));
            }
            // The name is given away for ever: another of our devices has closed the account.
            Reply::Refused(waxseal_wire::reply::Refusal::Taken) => self.tell(Event::SignedOut),
            _ => self.warn(Problem::ServerForgot),
        }
        Ok(())
    }

    /// Gives the server the record that follows what it has.
    pub(crate) fn mend_chain(&mut self, index: u64) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else { return Ok(()) };
        let Some(known) = trust::chain(self.tx, &identity.account)? else { return Ok(()) };
        let next = index.saturating_add(1);
        let record = usize::try_from(next).ok().and_then(|next| known.records().get(next)).cloned();
        match record {
            Some(record) => {
                self.send(Door::Device, Request::Device(DeviceRequest::AppendRecord(record)), Purpose::MendChain(next));
                Ok(())
            }
            None => self.send_record(),
        }
    }

    pub(crate) fn record_mended(&mut self, index: u64, reply: &Reply) -> Result<(), StoreError> {
        match reply {
            Reply::Done => self.mend_chain(index),
            Reply::Refused(refusal) if refusal.is_passing() => Ok(()),
            // What it has contradicts what we have: a person must know.
            _ => self.ask_own_chain(),
        }
    }
}
