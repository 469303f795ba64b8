//! Making an account: keys, record 0, and the claim of a name.
//!
//! Called by `chat::command` and when the anonymous door opens. Durable before
//! it is sent, so a lost reply is asked again with the same key.

use ed25519_dalek::SigningKey;
use rusqlite::OptionalExtension;
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, device_name_hash, sign};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{DeviceId, IdempotencyKey};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Register, Request, register_bytes};

use super::me::{self, NewMe};
use crate::Event;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::trust;
use crate::turn::Turn;

impl Turn<'_> {
    /// A new account on this device.
    pub(crate) fn register(&mut self, name: &AccountName, invite: &str, device_name: &str) -> Result<(), StoreError> {
        if self.identity()?.is_some() {
            self.fail(None, Problem::AlreadyRegistered);
            return Ok(());
        }
        let (entry, device_key, device_salt) = self.new_device(device_name);
        let recovery_key = SigningKey::generate(&mut self.rng);
        let Ok(chain) = Chain::create(entry, &device_key, PublicKey::of(&recovery_key), &mut self.rng) else {
            return Err(StoreError::Value);
        };
        let register_key = self.fresh_key();
        me::insert(
            self.tx,
            &NewMe {
                account: chain.account(),
                name: name.as_str(),
                device: entry.id,
                device_key: &device_key,
                device_name,
                device_salt,
                recovery_key: Some(&recovery_key),
                invite,
                register_key,
            },
        )?;
        trust::keep(self.tx, &chain, name.as_str(), self.now)?;
        self.ask_registration()
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
        let row = self
            .tx
            .query_row("SELECT name, invite, register_key FROM me WHERE registered = 0 AND recovery_key IS NOT NULL", [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, [u8; 16]>(2)?))
            })
            .optional()?;
        let (Some((name, invite, key)), Some(identity)) = (row, self.identity()?) else { return Ok(()) };
        let (Ok(name), Some(chain)) = (AccountName::parse(&name), trust::chain(self.tx, &identity.account)?) else { return Ok(()) };
        let Some(record) = chain.records().first().cloned() else { return Ok(()) };
        let signature = sign(&identity.key, &register_bytes(&identity.account, &name));
        let request = Register { name, record, signature, invite, idempotency_key: IdempotencyKey(key) };
        self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::Register(Box::new(request))), Purpose::Register);
        Ok(())
    }

    pub(crate) fn registration_answered(&mut self, reply: Reply) -> Result<(), StoreError> {
        match reply {
            Reply::Done => {
                me::set_registered(self.tx)?;
                if let Some(me) = me::view(self.tx)? {
                    self.tell(Event::Registered { account: me.account, name: me.name });
                }
                self.authenticate()
            }
            Reply::Refused(refusal) if !refusal.is_passing() => {
                // The name is free to be claimed by another try; nothing of this one is left.
                me::delete(self.tx)?;
                self.tx.execute("DELETE FROM account", [])?;
                self.tell(Event::RegisterFailed(refusal));
                Ok(())
            }
            Reply::Refused(refusal) => {
                self.tell(Event::RegisterFailed(refusal));
                Ok(())
            }
            _ => {
                self.tell(Event::RegisterFailed(Refusal::Internal));
                Ok(())
            }
        }
    }
}
