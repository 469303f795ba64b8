//! What is kept in memory between turns: costly to read or derive, safe to forget.
//!
//! Owned by `client`, lent to each turn. All of it follows from the store, and
//! after a failed turn all of it is forgotten, because it may be ahead of the
//! disk. Secrets in it are zeroized when they go.

use std::cell::OnceCell;
use std::collections::HashMap;

use waxseal_wire::id::{AliasId, GroupId};
use waxseal_wire::key::{SealKey, SealSecret};

use crate::group::{Group, Identity};

/// Groups, and seal keys, that are kept; a group takes memory and time that grow with its size.
const KEPT: usize = 64;

/// See the module.
#[derive(Default)]
pub(crate) struct Memory {
    /// Groups, as they are in the store.
    pub(crate) groups: HashMap<GroupId, Group>,
    /// Who we are; deriving the public key costs as much as a signature.
    pub(crate) identity: OnceCell<Identity>,
    /// Of each alias the hint that came last, and the seal key that it leads to.
    seal_keys: HashMap<AliasId, ([u8; 32], SealKey)>,
}

impl Memory {
    /// The seal key that this hint leads to: agreed anew only where the hint is another than last time.
    pub(crate) fn seal_key(&mut self, alias: &AliasId, secret: &SealSecret, hint: &[u8; 32]) -> Option<SealKey> {
        if let Some((known, key)) = self.seal_keys.get(alias)
            && known == hint
        {
            return Some(key.clone());
        }
        let key = secret.seal_key(hint)?;
        self.seal_keys.insert(*alias, (*hint, key.clone()));
        Some(key)
    }

    /// Forgets what has become too much.
    pub(crate) fn trim(&mut self) {
        if self.groups.len() > KEPT {
            self.groups.clear();
        }
        if self.seal_keys.len() > KEPT {
            self.seal_keys.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn another_hint_leads_to_another_key_and_a_weak_one_to_none() {
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        let (secret, alias) = (SealSecret::random(rng), AliasId([1; 16]));
        let ((one, first), (other, second)) = (secret.public().agree(rng), secret.public().agree(rng));
        let mut memory = Memory::default();
        for (key, hint) in [(&one, &first), (&one, &first), (&other, &second), (&one, &first)] {
            assert_eq!(memory.seal_key(&alias, &secret, hint).as_ref(), Some(key));
        }
        assert_eq!(memory.seal_key(&alias, &secret, &[0; 32]), None);
        assert_eq!(memory.seal_key(&alias, &secret, &first), Some(one));
    }
}
