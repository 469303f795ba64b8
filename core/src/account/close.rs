//! Changing our chain after it began: removing a device, closing the account.
//!
//! Called by `chat::command` and by `link`. A record is durable before it is
//! sent, and asked again when a session begins.

use rusqlite::{OptionalExtension, params};
use waxseal_wire::chain::{Chain, Signature, SignedRecord, sign};
use waxseal_wire::frame::Door;
use waxseal_wire::id::DeviceId;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{DeviceRequest, Request, close_bytes};

use crate::memory::Memory;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::turn::Turn;
use crate::{Event, trust};

impl Turn<'_> {
    /// Removes one of our devices from the account; groups follow.
    pub(crate) fn remove_device(&mut self, device: DeviceId) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else {
            self.fail(None, Problem::NotRegistered);
            return Ok(());
        };
        let Some(chain) = trust::chain(self.tx, &identity.account)? else { return Ok(()) };
        let devices: Vec<_> = chain.devices().iter().copied().filter(|entry| entry.id != device).collect();
        if device == identity.device || devices.len() == chain.devices().len() {
            self.fail(None, Problem::NoDevice);
            return Ok(());
        }
        self.append_record(&chain, devices, "")
    }

    /// Sends the record that the server has not confirmed, if there is one.
    pub(super) fn send_record(&mut self) -> Result<(), StoreError> {
        if !self.session.proven || self.session.is_asked(|purpose| *purpose == Purpose::AppendRecord) {
            return Ok(());
        }
        let Some((record, _)) = self.next_record()? else { return Ok(()) };
        self.send(Door::Device, Request::Device(DeviceRequest::AppendRecord(record)), Purpose::AppendRecord);
        Ok(())
    }

    fn next_record(&self) -> Result<Option<(SignedRecord, String)>, StoreError> {
        let row = self
            .tx
            .query_row("SELECT body, signer, signature, device_name FROM next_record", [], |row| {
                let record =
                    SignedRecord { body: row.get(0)?, signer: Some(DeviceId(row.get(1)?)), signature: Signature(row.get(2)?) };
                Ok((record, row.get(3)?))
            })
            .optional()?;
        Ok(row)
    }

    pub(crate) fn record_appended(&mut self, reply: &Reply) -> Result<(), StoreError> {
        let (Some((record, name)), Some(identity)) = (self.next_record()?, self.identity()?) else { return Ok(()) };
        match reply {
            Reply::Done => {
                self.tx.execute("DELETE FROM next_record", [])?;
                if let Some(mut chain) = trust::chain(self.tx, &identity.account)?
                    && chain.append(&record).is_ok()
                {
                    trust::keep_chain(self.tx, &chain, self.now)?;
                }
                if !name.is_empty() {
                    self.tell(Event::DeviceAdded { name });
                }
                self.tell_siblings()?;
                self.sync_everywhere(&identity.account)
            }
            Reply::Refused(refusal) if refusal.is_passing() => Ok(()),
            Reply::Refused(refusal) => {
                self.tx.execute("DELETE FROM next_record", [])?;
                self.fail(None, Problem::Refused(*refusal));
                trust::want(self.tx, &identity.account)
            }
            _ => Ok(()),
        }
    }

    /// A session began: is the server's chain of ours the one that we know?
    pub(crate) fn check_own_chain(&mut self, index: u64) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else { return Ok(()) };
        let known = trust::chain(self.tx, &identity.account)?.map(|chain: Chain| chain.index());
        if known.is_some_and(|known| known > index) {
            // What the server lost it gets back before anything follows.
            self.server_went_back()?;
            return self.mend_chain(index);
        }
        if known.is_none_or(|known| known < index) {
            trust::want(self.tx, &identity.account)?;
        }
        self.send_record()
    }

    /// Deletes the account.
    pub(crate) fn close_account(&mut self) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else {
            self.fail(None, Problem::NotRegistered);
            return Ok(());
        };
        let signature = sign(&identity.key, &close_bytes(&identity.account));
        if !self.session.proven
            || !self.send(Door::Device, Request::Device(DeviceRequest::CloseAccount(signature)), Purpose::CloseAccount)
        {
            self.fail(None, Problem::Refused(Refusal::WrongDoor));
        }
        Ok(())
    }

    pub(crate) fn account_closed(&mut self, reply: &Reply) -> Result<(), StoreError> {
        if let Reply::Refused(refusal) = reply {
            self.fail(None, Problem::Refused(*refusal));
            return Ok(());
        }
        let tables: Vec<String> = {
            let mut names = self.tx.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
            names.query_map(params![], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        for table in tables {
            self.tx.execute_batch(&format!("DELETE FROM \"{table}\""))?;
        }
        *self.memory = Memory::default();
        self.tell(Event::AccountClosed);
        Ok(())
    }
}
