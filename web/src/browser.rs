//! The module's exports: what the Worker's script calls.
//!
//! Called from `web/page/src/worker` alone. What goes wrong is thrown as a
//! `Fault` of the contract. Owns the pool of files of this origin; keeps
//! neither a passphrase nor the header, which the script keeps.

use std::path::Path;

use js_sys::Promise;
use js_sys::futures::future_to_promise;
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_rs::vfs::VfsFilesManager;
use sqlite_wasm_vfs::sahpool::{OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use waxseal_core::store::key::{Cost, KeyError, Unlock, settled};
use waxseal_core::store::{Store, StoreError, StoreKey};
use waxseal_wire::frame::Door;
use waxseal_wire::id::Millis;
use zeroize::Zeroizing;

use crate::chance;
use crate::contract::{Fault, json, parse};
use crate::shell::{Shell, Task};

/// The name of the database; it stands in clear in the pool.
const FILE: &str = "/store.db";
/// The folder of the pool, in this origin's own part of the disk.
const FOLDER: &str = "waxseal";
/// The database, its journal, and room for what SQLite needs besides.
const FILES: usize = 4;

fn thrown(fault: impl Into<Fault>) -> JsValue {
    let text = json(&fault.into()).unwrap_or_default();
    js_sys::JSON::parse(&text).unwrap_or(JsValue::NULL)
}

fn millis(now: f64) -> Millis {
    // A float turns into a number without a sign by saturation.
    Millis(now as u64)
}

fn door(name: &str) -> Result<Door, JsValue> {
    match name {
        "anonymous" => Ok(Door::Anonymous),
        "device" => Ok(Door::Device),
        _ => Err(thrown(Fault::malformed())),
    }
}

fn door_name(door: Door) -> &'static str {
    match door {
        Door::Anonymous => "anonymous",
        Door::Device => "device",
    }
}

/// The files of this origin; one Worker has them.
#[wasm_bindgen]
pub struct Pool(OpfsSAHPoolUtil);

#[wasm_bindgen]
impl Pool {
    /// Takes the files over, and promises a `Pool`; throws a text where another Worker has them.
    pub fn install() -> Promise {
        future_to_promise(async {
            let options = OpfsSAHPoolCfgBuilder::new().directory(FOLDER).initial_capacity(FILES).build();
            let pool = install::<WasmOsCallback>(&options, true).await;
            pool.map(|pool| Self(pool).into()).map_err(|error| JsValue::from_str(&error.to_string()))
        })
    }

    /// Empties the files; no profile may be open.
    pub fn clear(&self) -> Result<(), JsValue> {
        self.0.clear().map_err(|_| thrown(StoreError::InUse))
    }
}

/// The key of the database, and the header that guards it.
#[wasm_bindgen]
pub struct Key {
    key: StoreKey,
    header: Vec<u8>,
    secret: Option<Zeroizing<[u8; 32]>>,
}

fn secret(bytes: Option<Vec<u8>>) -> Result<Option<Zeroizing<[u8; 32]>>, JsValue> {
    let Some(bytes) = bytes.map(Zeroizing::new) else { return Ok(None) };
    let secret = bytes.as_slice().try_into().map_err(|_| thrown(KeyError::Damaged))?;
    Ok(Some(Zeroizing::new(secret)))
}

fn unlock<'a>(passphrase: Option<&'a str>, secret: Option<&'a [u8; 32]>) -> Result<Unlock<'a>, JsValue> {
    match (passphrase, secret) {
        (Some(passphrase), _) => Ok(Unlock::Passphrase(passphrase)),
        (None, Some(secret)) => Ok(Unlock::Secret(secret)),
        (None, None) => Err(thrown(KeyError::WrongKey)),
    }
}

#[wasm_bindgen]
impl Key {
    /// A fresh one. Without a passphrase, what opens it is a secret that the script keeps.
    pub fn make(passphrase: Option<String>) -> Result<Self, JsValue> {
        let rng = &mut chance::source();
        let fresh = passphrase.is_none().then(fresh);
        let (key, header) =
            StoreKey::make(unlock(passphrase.as_deref(), fresh.as_deref())?, Cost::default(), rng).map_err(thrown)?;
        Ok(Self { key, header, secret: fresh })
    }

    /// Opens the header with the passphrase, or with the secret that was kept.
    pub fn read(header: Vec<u8>, passphrase: Option<String>, kept: Option<Vec<u8>>) -> Result<Self, JsValue> {
        let secret = secret(kept)?;
        let key = StoreKey::read(&header, unlock(passphrase.as_deref(), secret.as_deref())?).map_err(thrown)?;
        Ok(Self { key, header, secret })
    }

    /// Another key, and a header with both that `to` opens.
    pub fn replace(header: Vec<u8>, from: Option<String>, kept: Option<Vec<u8>>, to: Option<String>) -> Result<Self, JsValue> {
        let before = secret(kept)?;
        let fresh = to.is_none().then(fresh);
        let (from, to) = (unlock(from.as_deref(), before.as_deref())?, unlock(to.as_deref(), fresh.as_deref())?);
        let (key, header) = StoreKey::replace(&header, from, to, Cost::default(), &mut chance::source()).map_err(thrown)?;
        Ok(Self { key, header, secret: fresh })
    }

    /// What is to be kept before anything is written.
    pub fn header(&self) -> Vec<u8> {
        self.header.clone()
    }

    /// What is to be kept beside it, where there is no passphrase.
    pub fn secret(&self) -> Option<Vec<u8>> {
        self.secret.as_ref().map(|secret| secret.to_vec())
    }

    /// The header without the key before: the database is under the current one.
    pub fn settled(&self) -> Result<Vec<u8>, JsValue> {
        settled(&self.header).map_err(thrown)
    }
}

fn fresh() -> Zeroizing<[u8; 32]> {
    use rand_core::RngCore;
    let mut secret = Zeroizing::new([0; 32]);
    chance::source().fill_bytes(secret.as_mut_slice());
    secret
}

/// One profile at work.
#[wasm_bindgen]
pub struct Profile(Shell);

#[wasm_bindgen]
impl Profile {
    /// Opens or makes the database.
    pub fn open(key: &Key, now: f64) -> Result<Self, JsValue> {
        let store = Store::open(Path::new(FILE), &key.key).map_err(thrown)?;
        Ok(Self(Shell::open(store, millis(now)).map_err(thrown)?))
    }

    /// A door is open.
    pub fn opened(&mut self, name: &str, now: f64) -> Result<(), JsValue> {
        self.0.opened(door(name)?, millis(now));
        Ok(())
    }

    /// A door is shut.
    pub fn shut(&mut self, name: &str, now: f64) -> Result<(), JsValue> {
        self.0.shut(door(name)?, millis(now));
        Ok(())
    }

    /// A frame came by a door.
    pub fn told(&mut self, name: &str, frame: &[u8], now: f64) -> Result<(), JsValue> {
        self.0.told(door(name)?, frame, millis(now)).map_err(thrown)
    }

    /// A `Command`; the answer is `Event[]`.
    pub fn command(&mut self, command: &str, now: f64) -> Result<String, JsValue> {
        let events = self.0.command(parse(command).map_err(thrown)?, millis(now)).map_err(thrown)?;
        json(&events).map_err(thrown)
    }

    /// A look's ask with its name as `look`; the answer is that of `Looks`.
    pub fn look(&self, look: &str) -> Result<String, JsValue> {
        self.0.look(parse(look).map_err(thrown)?).map_err(thrown)
    }

    /// The moment of `wakeAt` has come.
    pub fn tick(&mut self, now: f64) {
        self.0.tick(millis(now));
    }

    /// When to tick, if nothing happens before.
    #[wasm_bindgen(js_name = wakeAt)]
    pub fn wake_at(&self) -> f64 {
        self.0.wake_at().0 as f64
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Work> {
        self.0.poll().map(Work)
    }

    /// Encrypts the database anew.
    pub fn rekey(&mut self, key: &Key) -> Result<(), JsValue> {
        self.0.rekey(&key.key).map_err(thrown)
    }
}

/// One thing to do: a frame to send, a door to open anew, an event or a fault to tell.
#[wasm_bindgen]
pub struct Work(Task);

#[wasm_bindgen]
impl Work {
    /// Through which door, where it is of one.
    #[wasm_bindgen(getter)]
    pub fn door(&self) -> Option<String> {
        match &self.0 {
            Task::Send { door, .. } | Task::Reopen(door) => Some(door_name(*door).to_owned()),
            Task::Tell(_) | Task::Disk(_) => None,
        }
    }

    /// What to send; without one, a door is opened anew.
    #[wasm_bindgen(getter)]
    pub fn frame(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Task::Send { frame, .. } => Some(frame.clone()),
            _ => None,
        }
    }

    /// Whether the server answers it.
    #[wasm_bindgen(getter, js_name = isAnswered)]
    pub fn is_answered(&self) -> bool {
        matches!(self.0, Task::Send { is_answered: true, .. })
    }

    /// An `Event` for the page.
    #[wasm_bindgen(getter)]
    pub fn event(&self) -> Option<String> {
        match &self.0 {
            Task::Tell(event) => json(event).ok(),
            _ => None,
        }
    }

    /// A `Fault` of the disk for the page.
    #[wasm_bindgen(getter)]
    pub fn disk(&self) -> Option<String> {
        match &self.0 {
            Task::Disk(fault) => json(fault).ok(),
            _ => None,
        }
    }
}
