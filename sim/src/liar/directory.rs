//! Lies about people: KeyPackages, chains and names that are not theirs.
//!
//! Called by `liar` with each account that a look-up found. He makes KeyPackages
//! of his own, in his own and in others' names; he cannot sign for anybody.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use rand::Rng;
use rand::seq::{IteratorRandom, SliceRandom};
use rand_chacha::ChaCha20Rng;
use waxseal_core::group::{Alias, GroupError, Identity, make_key_package};
use waxseal_core::store::Store;
use waxseal_wire::chain::Chain;
use waxseal_wire::id::{AccountId, DeviceId, Millis};
use waxseal_wire::reply::{AccountFound, DeviceKeyPackage};

use super::{Liar, Lie};

/// What he has heard of people.
#[derive(Default)]
pub(super) struct Directory {
    known: BTreeMap<String, AccountFound>,
    handed_out: Vec<DeviceKeyPackage>,
}

impl Liar {
    /// An account that was found, with what he makes of it.
    pub(super) fn found(&mut self, mut found: AccountFound) -> AccountFound {
        if found.chain.is_empty() {
            return found;
        }
        self.directory.known.insert(found.name.clone(), found.clone());
        let honest = found.key_packages.clone();
        if self.lies(Lie::Deny) {
            return AccountFound::default();
        }
        if self.lies(Lie::SwapKeys) {
            for at in 0..found.key_packages.len() {
                let (device, other) = (found.key_packages[at].device, self.other_key_package(&found, at));
                found.key_packages[at] = DeviceKeyPackage { device, ..other };
            }
        }
        if self.lies(Lie::ReuseKeys) {
            for one in &mut found.key_packages {
                let old = self.directory.handed_out.iter().filter(|old| old.device == one.device);
                *one = old.choose(&mut self.rng).unwrap_or(one).clone();
            }
        }
        if self.lies(Lie::CutChain) {
            let keep = self.rng.gen_range(0..found.chain.len());
            found.chain.truncate(keep);
        }
        if self.lies(Lie::SwapChain)
            && let Some(other) = self.directory.known.values().filter(|other| other.name != found.name).choose(&mut self.rng)
        {
            found.chain.clone_from(&other.chain);
        }
        if self.lies(Lie::Rename)
            && let Some(other) = self.directory.known.keys().choose(&mut self.rng)
        {
            found.name.clone_from(other);
        }
        self.directory.handed_out.extend(honest);
        found
    }

    /// Somebody else's, one of his own, or one of his own in the name of the device that is asked for.
    fn other_key_package(&mut self, found: &AccountFound, at: usize) -> DeviceKeyPackage {
        let honest = found.key_packages[at].clone();
        let key = SigningKey::generate(&mut self.rng);
        let own = Identity { account: AccountId(self.rng.r#gen()), device: DeviceId(self.rng.r#gen()), key };
        let chain = Chain::verify(&found.chain).ok();
        let named = chain.and_then(|chain| Some((chain.account(), chain.devices().choose(&mut self.rng)?.id)));
        match self.rng.gen_range(0..3) {
            0 => self.directory.handed_out.choose(&mut self.rng).cloned().unwrap_or(honest),
            1 => offer(&own, self.now, &mut self.rng)
                .map_or(honest.clone(), |key_package| DeviceKeyPackage { key_package, ..honest }),
            _ => {
                let (account, device) = named.unwrap_or((own.account, own.device));
                let posing = Identity { account, device, ..own };
                offer(&posing, self.now, &mut self.rng)
                    .map_or(honest.clone(), |key_package| DeviceKeyPackage { key_package, ..honest })
            }
        }
    }
}

/// A KeyPackage that says what it likes.
fn offer(me: &Identity, now: Millis, rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
    let mut store = Store::open_in_memory().ok()?;
    let alias = Alias::random(rng);
    store.write(|tx| make_key_package(tx, now, rng, me, &alias, false)).map_err(|_: GroupError| ()).ok()
}
