//! A new device joins the account by a code that is copied once.
//!
//! ```text
//!   old device                     server (blob)                  new device
//!   code = account ‖ secret ‖ name ────────── copied by the person ─────────► reads it
//!                            parcel, sealed under the secret ◄──── its id and key
//!   fetches, opens, signs the next record ──► chain
//!                                              └───────────────────► sees itself listed
//! ```
//! The code names the account by its hash and by what it is called, so the server can
//! neither offer another one nor say that it is called something else; the parcel is sealed under the code's secret, so it cannot swap the key.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, BlobId, DeviceId, Millis};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, FetchBlob, PutBlob, Request};
use waxseal_wire::seal;
use zeroize::Zeroizing;

use super::me::{self, NewMe};
use super::profile::is_device_name;
use crate::output::{LinkProblem, Problem};
use crate::session::Purpose;
use crate::store::StoreError;
use crate::trust::directory::Word;
use crate::turn::Turn;
use crate::{Event, trust};

/// How long a code is good for, in milliseconds.
const VALID: u64 = 10 * 60 * 1000;
/// How often either side looks, in milliseconds.
const LOOK: u64 = 1_500;
const LABEL: &[u8] = b"waxseal link v1";

struct Link {
    offers: bool,
    secret: Zeroizing<[u8; 16]>,
    account: AccountId,
    parcel: Option<Vec<u8>>,
    expires: Millis,
    due: Millis,
}

impl Link {
    fn blob(&self) -> BlobId {
        BlobId(derive(b"waxseal link blob v1", &self.secret))
    }

    fn key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(derive(b"waxseal link key v1", &self.secret))
    }
}

impl Turn<'_> {
    /// Shows a code.
    pub(crate) fn offer_link(&mut self) -> Result<(), StoreError> {
        let Some(me) = me::view(self.tx)?.filter(|me| me.registered) else {
            self.fail(None, Problem::NotRegistered);
            return Ok(());
        };
        let mut secret = Zeroizing::new([0; 16]);
        self.rng.fill_bytes(secret.as_mut());
        self.keep_link(true, &secret, &me.account, None)?;
        self.tell(Event::LinkCode(code_of(&me.account, &secret, &me.name)));
        Ok(())
    }

    /// On a new device: takes a code.
    pub(crate) fn accept_link(&mut self, code: &str, device_name: &str) -> Result<(), StoreError> {
        if !is_device_name(device_name) {
            self.fail(None, Problem::BadDeviceName);
            return Ok(());
        }
        let Some((account, secret, name)) = read_code(code) else {
            self.tell(Event::LinkFailed(LinkProblem::BadCode));
            return Ok(());
        };
        if let Some(me) = me::view(self.tx)?.filter(|me| me.registered) {
            // The same code again: whoever typed it may not have seen how the first time ended.
            match me.account == account {
                true => self.tell(Event::Registered { account, name: me.name }),
                false => self.fail(None, Problem::AlreadyRegistered),
            }
            return Ok(());
        }
        if self.link()?.is_some_and(|link| !link.offers && link.account == account && *link.secret == *secret) {
            self.tx.execute("UPDATE link SET due = ?1", [self.now.0.cast_signed()])?;
            return Ok(());
        }
        // Another code that was not finished, or a name that was never confirmed, is in nobody's way.
        self.forget_me()?;
        let (entry, device_key, device_salt) = self.new_device(device_name);
        let register_key = self.fresh_key();
        let new = NewMe {
            account,
            name: name.as_str(),
            device: entry.id,
            device_key: &device_key,
            device_name,
            device_salt,
            claims: false,
            invite: "",
            register_key,
        };
        me::insert(self.tx, &new)?;
        let link = Link { offers: false, secret, account, parcel: None, expires: Millis(0), due: Millis(0) };
        let parcel = parcel_of(&entry, device_name);
        let sealed = seal::seal(&link.key(), LABEL, &account.0, &parcel, &mut self.rng);
        self.keep_link(false, &link.secret, &account, Some(&sealed))
    }

    fn keep_link(&mut self, offers: bool, secret: &[u8; 16], account: &AccountId, parcel: Option<&[u8]>) -> Result<(), StoreError> {
        self.tx.execute(
            "INSERT OR REPLACE INTO link (id, offers, secret, account, parcel, expires, due) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                offers,
                secret,
                account.as_bytes(),
                parcel,
                self.now.0.saturating_add(VALID).cast_signed(),
                self.now.0.cast_signed()
            ],
        )?;
        Ok(())
    }

    fn link(&self) -> Result<Option<Link>, StoreError> {
        let row = self
            .tx
            .prepare_cached("SELECT offers, secret, account, parcel, expires, due FROM link")?
            .query_row([], |row| {
                Ok(Link {
                    offers: row.get(0)?,
                    secret: Zeroizing::new(row.get(1)?),
                    account: AccountId(row.get(2)?),
                    parcel: row.get(3)?,
                    expires: Millis(row.get::<_, i64>(4)?.cast_unsigned()),
                    due: Millis(row.get::<_, i64>(5)?.cast_unsigned()),
                })
            })
            .optional()?;
        Ok(row)
    }

    /// Looks, where either side should look again by now.
    pub(crate) fn run_links(&mut self) -> Result<(), StoreError> {
        let Some(link) = self.link()?.filter(|link| link.due <= self.now && self.session.anonymous) else { return Ok(()) };
        if self.now > link.expires {
            return self.end_link(&link, Some(LinkProblem::Expired));
        }
        let due = self.now.0.saturating_add(LOOK).cast_signed();
        self.tx.execute("UPDATE link SET due = ?1", [due])?;
        if link.offers {
            let fetch = AnonymousRequest::FetchBlob(FetchBlob { blob: link.blob(), offset: 0 });
            self.send(Door::Anonymous, Request::Anonymous(fetch), Purpose::LinkParcel(link.blob()));
            return Ok(());
        }
        if let Some(parcel) = link.parcel.clone() {
            let put = PutBlob { blob: link.blob(), offset: 0, total: parcel.len() as u64, bytes: parcel };
            self.send(Door::Anonymous, Request::Anonymous(AnonymousRequest::PutBlob(put)), Purpose::LinkPut);
        }
        let lookup = self.lookup_of(vec![AccountRef::Id(link.account)], false)?;
        self.send(Door::Anonymous, lookup, Purpose::LinkPoll);
        Ok(())
    }

    fn end_link(&mut self, link: &Link, problem: Option<LinkProblem>) -> Result<(), StoreError> {
        self.tx.execute("DELETE FROM link", [])?;
        if let Some(problem) = problem {
            if !link.offers {
                self.forget_me()?;
            }
            self.tell(Event::LinkFailed(problem));
        }
        Ok(())
    }

    /// Old device: the new one's parcel came, or is not there yet.
    pub(crate) fn link_parcel(&mut self, blob: &BlobId, reply: Reply) -> Result<(), StoreError> {
        let (Some(link), Reply::BlobPart(part), Some(identity)) = (self.link()?, reply, self.identity()?) else { return Ok(()) };
        if link.blob() != *blob {
            // Another code is shown by now.
            return Ok(());
        }
        let Ok(plain) = seal::open(&link.key(), LABEL, &link.account.0, &part.bytes) else {
            return self.end_link(&link, Some(LinkProblem::Forged));
        };
        let (Some((mut entry, name)), Some(chain)) = (read_parcel(&plain), trust::chain(self.tx, &identity.account)?) else {
            return self.end_link(&link, Some(LinkProblem::Forged));
        };
        entry.added = self.now;
        let devices = chain.devices().iter().copied().chain([entry]).collect();
        self.end_link(&link, None)?;
        self.append_record(&chain, devices, &name)
    }

    /// New device: does the account list us?
    pub(crate) fn link_polled(&mut self, reply: Reply) -> Result<(), StoreError> {
        let (Some(link), Reply::Accounts(accounts), Some(identity)) = (self.link()?, reply, self.identity()?) else {
            return Ok(());
        };
        let word = self.prove_answer(&[AccountRef::Id(link.account)], accounts)?.and_then(|mut words| words.pop());
        let Some(Word::Account(found)) = word else { return Ok(()) };
        let chain = match Chain::verify(&found.chain) {
            Ok(chain) if chain.account() == link.account => chain,
            _ => return self.end_link(&link, Some(LinkProblem::Forged)),
        };
        let key = PublicKey::of(&identity.key);
        if chain.device(&identity.device).is_none_or(|entry| entry.key != key) {
            return Ok(());
        }
        self.end_link(&link, None)?;
        me::set_registered(self.tx)?;
        if let Some(me) = me::view(self.tx)? {
            trust::keep(self.tx, &chain, me.name.as_str(), self.now)?;
            self.tell(Event::Registered { account: me.account, name: me.name });
        }
        self.tell_siblings()?;
        self.authenticate()
    }

    /// Signs and sends the next record of our chain.
    pub(super) fn append_record(&mut self, chain: &Chain, devices: Vec<DeviceEntry>, device_name: &str) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else { return Ok(()) };
        let Ok(record) = chain.next(devices, Some(identity.device), &identity.key) else {
            self.fail(None, Problem::Refused(Refusal::TooLarge));
            return Ok(());
        };
        self.tx.execute(
            "INSERT OR REPLACE INTO next_record (id, body, signer, signature, device_name) VALUES (1, ?1, ?2, ?3, ?4)",
            params![record.body, identity.device.as_bytes(), record.signature.0, device_name],
        )?;
        self.send_record()
    }
}

fn derive(label: &[u8], secret: &[u8; 16]) -> [u8; 32] {
    Sha256::new().chain_update(label).chain_update(secret).finalize().into()
}

fn parcel_of(entry: &DeviceEntry, name: &str) -> Vec<u8> {
    [entry.id.0.as_slice(), &entry.key.0, &entry.name_hash, name.as_bytes()].concat()
}

fn read_parcel(plain: &[u8]) -> Option<(DeviceEntry, String)> {
    let (id, rest) = plain.split_at_checked(16)?;
    let (key, rest) = rest.split_at_checked(32)?;
    let (hash, name) = rest.split_at_checked(32)?;
    let entry = DeviceEntry {
        id: DeviceId(id.try_into().ok()?),
        key: PublicKey(key.try_into().ok()?),
        name_hash: hash.try_into().ok()?,
        added: Millis(0),
    };
    Some((entry, String::from_utf8(name.get(..name.len().min(64))?.to_vec()).ok()?))
}

/// Hexadecimal digits in groups of five: account, secret, name, and 2 bytes that catch slips of the pen.
fn code_of(account: &AccountId, secret: &[u8; 16], name: &AccountName) -> String {
    let bytes = Zeroizing::new([account.as_bytes(), secret.as_slice(), name.as_str().as_bytes()].concat());
    let check = Sha256::digest(&bytes);
    let digits = Zeroizing::new(hex::encode([bytes.as_slice(), check.get(..2).unwrap_or_default()].concat()));
    digits.as_bytes().chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

fn read_code(code: &str) -> Option<(AccountId, Zeroizing<[u8; 16]>, AccountName)> {
    let digits: Zeroizing<String> = Zeroizing::new(code.chars().filter(char::is_ascii_hexdigit).collect());
    let bytes = Zeroizing::new(hex::decode(digits.as_str()).ok()?);
    let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(2)?)?;
    if Sha256::digest(body).get(..2) != Some(check) {
        return None;
    }
    let (account, rest) = body.split_at_checked(32)?;
    let (secret, name) = rest.split_at_checked(16)?;
    let name = AccountName::parse(core::str::from_utf8(name).ok()?).ok()?;
    Some((AccountId(account.try_into().ok()?), Zeroizing::new(secret.try_into().ok()?), name))
}
