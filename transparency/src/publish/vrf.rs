//! VRF proofs, remembered: the same for a name and version for ever, and most of the cost of a look-up.
//!
//! Called by akd. At most two generations of [`GENERATION`] proofs; the older one is dropped whole.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use akd_core::configuration::Configuration;
use akd_core::ecvrf::{Proof, VRFExpandedPrivateKey, VRFKeyStorage, VRFPublicKey, VrfError};
use akd_core::{AkdLabel, AkdValue, NodeLabel, VersionFreshness};
use async_trait::async_trait;

use super::Secrets;

/// Proofs in a generation: about 15 MB.
const GENERATION: usize = 32 << 10;

type Key = (Vec<u8>, VersionFreshness, u64);
type Made = (Proof, NodeLabel);
type Change = (AkdLabel, VersionFreshness, u64, AkdValue);

#[derive(Default)]
struct Memo {
    young: HashMap<Key, Made>,
    old: HashMap<Key, Made>,
}

/// Told of all labels of an epoch before akd walks to them.
type Ahead = Arc<dyn Fn(&[NodeLabel]) + Send + Sync>;

/// The log's VRF.
#[derive(Clone)]
pub(super) struct Vrf {
    secrets: Arc<Secrets>,
    memo: Arc<Mutex<Memo>>,
    ahead: Option<Ahead>,
}

impl Vrf {
    pub(super) fn new(secrets: Arc<Secrets>) -> Self {
        Self { secrets, memo: Arc::default(), ahead: None }
    }

    /// The same, and tells of the labels of an epoch.
    pub(super) fn with_ahead(&self, ahead: Ahead) -> Self {
        Self { ahead: Some(ahead), ..self.clone() }
    }

    async fn made<C: Configuration>(&self, label: &AkdLabel, freshness: VersionFreshness, version: u64) -> Result<Made, VrfError> {
        let key = (label.0.clone(), freshness, version);
        if let Some(made) = self.recall(&key) {
            return Ok(made);
        }
        let proof = Self::get_label_proof_with_key::<C>(&self.get_vrf_private_key().await?, label, freshness, version);
        let made = (proof, self.get_node_label_from_vrf_proof(proof).await);
        self.remember(key, made);
        Ok(made)
    }

    fn recall(&self, key: &Key) -> Option<Made> {
        let memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        memo.young.get(key).or_else(|| memo.old.get(key)).copied()
    }

    fn remember(&self, key: Key, made: Made) {
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        if memo.young.len() >= GENERATION {
            memo.old = std::mem::take(&mut memo.young);
        }
        memo.young.insert(key, made);
    }
}

#[async_trait]
impl VRFKeyStorage for Vrf {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(self.secrets.vrf().to_vec())
    }

    async fn get_label_proof<C: Configuration>(
        &self,
        label: &AkdLabel,
        freshness: VersionFreshness,
        version: u64,
    ) -> Result<Proof, VrfError> {
        Ok(self.made::<C>(label, freshness, version).await?.0)
    }

    async fn get_node_label<C: Configuration>(
        &self,
        label: &AkdLabel,
        freshness: VersionFreshness,
        version: u64,
    ) -> Result<NodeLabel, VrfError> {
        Ok(self.made::<C>(label, freshness, version).await?.1)
    }

    /// Called once for each epoch, with all that changes in it. No proof is made, and none is remembered.
    async fn get_node_labels<C: Configuration>(&self, changes: &[Change]) -> Result<Vec<(Change, NodeLabel)>, VrfError> {
        let key = self.get_vrf_private_key().await?;
        let (expanded, public) = (VRFExpandedPrivateKey::from(&key), VRFPublicKey::from(&key));
        let label = |(label, freshness, version, _): &Change| {
            Self::get_node_label_with_expanded_key::<C>(&expanded, &public, label, *freshness, *version)
        };
        let labels: Vec<_> = changes.iter().map(label).collect();
        if let Some(ahead) = &self.ahead {
            ahead(&labels);
        }
        Ok(changes.iter().cloned().zip(labels).collect())
    }
}
