//! Making an account: keys, record 0, and the claim of a name.
//!
//! Called by `chat::command` and when the anonymous door opens. Durable before
//! it is sent, so a lost reply is asked again with the same key.

use ed25519_dalek::SigningKey;
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, device_name_hash, sign};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{DeviceId, IdempotencyKey};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Register, Request, register_bytes};

use super::me::{self, NewMe};
use super::profile::is_device_name;
use crate::Event;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::trust;
use crate::turn::Turn;

impl Turn<'_> {
    /// A new account on this device. A claim that the server has not confirmed makes room for it.
    pub(crate) fn register(&mut self, name: &AccountName, invite: &str, device_name: &str) -> Result<(), StoreError> {
        if me::is_registered(self.tx)? {
            self.fail(None, Problem::AlreadyRegistered);
            return Ok(());
        }
        if !is_device_name(device_name) {
            self.fail(None, Problem::BadDeviceName);
            return Ok(());
        }
        match me::claim(self.tx)? {
            // The server may have the name already: the same again is harmless, and mends a mistyped invitation.
            Some(claim) if claim.asked && claim.name == name.as_str() => me::set_invite(self.tx, invite)?,
            // It may have the other name: only its answer says which of the two we are.
            Some(claim) if claim.asked => me::set_next(self.tx, name.as_str(), invite)?,
            // It never left, or we only waited for a code to be taken: nobody knows of it.
            _ => {
                self.forget_me()?;
                self.claim(name, invite, device_name)?;
            }
        }
        self.ask_registration()
    }

    /// Forgets a name that the server has not confirmed, such as when another server is to be asked.
    pub(crate) fn forget_claim(&mut self) -> Result<(), StoreError> {
        if me::is_registered(self.tx)? {
            self.fail(None, Problem::AlreadyRegistered);
            return Ok(());
        }
        self.forget_me()
    }

    fn claim(&mut self, name: &AccountName, invite: &str, device_name: &str) -> Result<(), StoreError> {
        let (entry, device_key, device_salt) = self.new_device(device_name);
        // Its private half is thrown away at once: kept here, whoever copies the device could come back by it
        // after the device was removed. Recovery by a written code will name another in a record of its own.
        let recovery_key = PublicKey::of(&SigningKey::generate(&mut self.rng));
        let Ok(chain) = Chain::create(entry, &device_key, recovery_key, &mut self.rng) else {
            return Err(StoreError::Value);
        };
        let register_key = self.fresh_key();
        let new = NewMe {
            account: chain.account(),
            name: name.as_str(),
            device: entry.id,
            device_key: &device_key,
            device_name,
            device_salt,
            claims: true,
            invite,
            register_key,
        };
        me::insert(self.tx, &new)?;
        trust::keep(self.tx, &chain, name.as_str(), self.now)
    }

    /// A key and an entry for this device.
    pub(super) fn new_device(&mut self, device_name: &str) -> (DeviceEntry, SigningKey, [u8; 16]) {
        let key = SigningKey::generate(&mut self.rng);
        let mut salt = [0; 16];
        self.rng.fill_bytes(&mut salt);
        let entry = DeviceEntry {
            id: DeviceId::random(&mut self.rng),
            key: PublicKey::of(&key),
            name_hash: device_name_hash(&salt, device_name),
            added: self.now,
        };
        (entry, key, salt)
    }

    /// Sends the claim, where there is one that was not confirmed.
    pub(crate) fn ask_registration(&mut self) -> Result<(), StoreError> {
        let (Some(claim), Some(identity)) = (me::claim(self.tx)?, self.identity()?) else { return Ok(()) };
        let purpose = Purpose::Register(claim.key);
        if self.session.is_asked(|asked| *asked == purpose) {
            return Ok(());
        }
        self.session.register_at = None;
        let (Ok(name), Some(chain)) = (AccountName::parse(&claim.name), trust::chain(self.tx, &identity.account)?) else {
            return Ok(());
        };
        let Some(record) = chain.records().first().cloned() else { return Ok(()) };
        let signature = sign(&identity.key, &register_bytes(&identity.account, &name));
        let request = Register { name, record, signature, invite: claim.invite, idempotency_key: claim.key };
        if self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::Register(Box::new(request))), purpose) {
            me::set_asked(self.tx)?;
        }
        Ok(())
    }

    /// Asks again, where the server was busy a while ago.
    pub(crate) fn run_registration(&mut self) -> Result<(), StoreError> {
        if self.session.register_at.is_some_and(|at| at <= self.now) { self.ask_registration() } else { Ok(()) }
    }

    pub(crate) fn registration_answered(&mut self, key: &IdempotencyKey, reply: Reply) -> Result<(), StoreError> {
        let Some(claim) = me::claim(self.tx)?.filter(|claim| claim.key == *key) else { return Ok(()) };
        match reply {
            Reply::Done => {
                me::set_registered(self.tx)?;
                if let Some(me) = me::view(self.tx)? {
                    self.tell(Event::Registered { account: me.account, name: me.name });
                }
                self.authenticate()
            }
            Reply::Refused(refusal) if !refusal.is_passing() => {
                let device_name = me::device_name(self.tx)?;
                // The name is free to be claimed by another try; nothing of this one is left.
                self.forget_me()?;
                match claim.next.map(|(name, invite)| (AccountName::parse(&name), invite)) {
                    Some((Ok(name), invite)) => self.register(&name, &invite, &device_name),
                    _ => {
                        self.tell(Event::RegisterFailed(refusal));
                        Ok(())
                    }
                }
            }
            reply => {
                let refusal = if let Reply::Refused(refusal) = reply { refusal } else { Refusal::Internal };
                let wait =
                    if let Refusal::TooFast { retry_after_ms } = refusal { retry_after_ms.clamp(200, 60_000) } else { 2_000 };
                self.session.register_at = Some(self.later(wait, wait + wait / 2));
                self.tell(Event::RegisterFailed(refusal));
                Ok(())
            }
        }
    }
}
