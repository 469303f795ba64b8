//! Answers: look-up, history and absence, proven under the newest epoch.
//!
//! Called by `server/directory`. Reads one state of the records; remembers nothing but VRF proofs.

use core::future::Future;
use std::sync::Arc;

use akd::storage::StorageManager;
use akd::{Azks, EpochHash};
use akd_core::ecvrf::VRFKeyStorage as _;
use akd_core::utils::get_marker_versions;
use akd_core::verify::history::HistoryParams;
use akd_core::{AkdLabel, NodeLabel, VersionFreshness};

use super::shelf::Shelf;
use super::{Akd, PublishError, Publisher, Records, akd, answer, now};
use crate::proof::{self, Config};
use crate::{Entry, absence, limits};

impl Publisher {
    /// What a name means now, without proof.
    pub fn value<R: Records>(&self, records: &Arc<R>, name: &str) -> Result<Option<Entry>, PublishError> {
        let label = proof::name(name).map_err(|_| PublishError::Name)?;
        let states = Shelf::new(Arc::clone(records), 1).values(&label, u64::MAX, 1)?;
        let entry = |state: &akd::storage::types::ValueState| {
            let value = proof::hash(&state.value).map_err(|_| PublishError::Broken)?;
            Ok(Entry { value, version: state.version, since_epoch: state.epoch })
        };
        states.first().map(entry).transpose()
    }

    /// The proof of what a name means in the newest epoch; `None` where nobody has it.
    pub fn lookup<R: Records>(&self, records: &Arc<R>, name: &str) -> Result<Option<Vec<u8>>, PublishError> {
        let Some(entry) = self.value(records, name)? else { return Ok(None) };
        let label = proof::name(name).map_err(|_| PublishError::Name)?;
        let (fresh, stale) = (VersionFreshness::Fresh, VersionFreshness::Stale);
        let versions = [(fresh, entry.version), (fresh, 1 << entry.version.max(1).ilog2()), (stale, entry.version)];
        let places = self.places(&label, versions)?;
        let (proof, under) = self.ask(records, 1, &places, |akd| async move { akd.lookup(label).await })?;
        self.is_newest(records, &under)?;
        Ok(Some(answer::lookup(&proof)))
    }

    /// The proof of a name's newest versions, up to `most_recent`; `None` where nobody has it.
    pub fn history<R: Records>(&self, records: &Arc<R>, name: &str, most_recent: usize) -> Result<Option<Vec<u8>>, PublishError> {
        let most = u32::try_from(most_recent).ok().filter(|_| (1..=limits::MOST_RECENT).contains(&most_recent));
        let most = most.ok_or(PublishError::Name)?;
        let (Some(entry), Some(newest)) = (self.value(records, name)?, self.newest(records)?) else { return Ok(None) };
        let label = proof::name(name).map_err(|_| PublishError::Name)?;
        if !(1..=newest.epoch).contains(&entry.version) {
            return Err(PublishError::Broken);
        }
        let oldest = (entry.version + 1).saturating_sub(u64::from(most)).max(1);
        let (past, future) = get_marker_versions(oldest, entry.version, newest.epoch);
        let fresh = (oldest..=entry.version).chain(past).chain(future).map(|version| (VersionFreshness::Fresh, version));
        let stale = (oldest.max(2)..=entry.version).map(|version| (VersionFreshness::Stale, version - 1));
        let places = self.places(&label, fresh.chain(stale))?;
        let asked = HistoryParams::MostRecent(most_recent);
        let (proof, under) = self.ask(records, most, &places, |akd| async move { akd.key_history(&label, asked).await })?;
        self.is_newest(records, &under)?;
        Ok(Some(answer::history(&proof)))
    }

    /// The proof that nobody has a name in the newest epoch.
    pub fn absence<R: Records>(&self, records: &Arc<R>, name: &str) -> Result<Vec<u8>, PublishError> {
        if self.value(records, name)?.is_some() {
            return Err(PublishError::Exists);
        }
        let label = proof::name(name).map_err(|_| PublishError::Name)?;
        let newest = self.newest(records)?.ok_or(PublishError::Empty)?;
        let shelf = Shelf::new(Arc::clone(records), 1);
        let versions = absence::versions(newest.epoch);
        shelf.preload(&self.places(&label, versions.iter().map(|version| (VersionFreshness::Fresh, *version)))?)?;
        let proven = async {
            let manager = StorageManager::new_no_cache(shelf.clone());
            let azks = Azks { latest_epoch: newest.epoch, num_nodes: 0 };
            let mut parts = Vec::new();
            for version in versions {
                let vrf = self.vrf.get_label_proof::<Config>(&label, VersionFreshness::Fresh, version).await?;
                let place = self.vrf.get_node_label::<Config>(&label, VersionFreshness::Fresh, version).await?;
                parts.push((vrf.to_bytes(), azks.get_non_membership_proof::<Config, _>(&manager, place).await?));
            }
            Ok::<_, akd::errors::AkdError>(parts)
        };
        let parts = now(proven)?;
        shelf.trouble()?;
        Ok(answer::absence(&parts.map_err(|_| PublishError::Broken)?))
    }

    /// One question to akd over a fresh shelf, so that nothing is remembered from one call to the next.
    fn ask<R: Records, T, F: Future<Output = Result<T, akd::errors::AkdError>>>(
        &self,
        records: &Arc<R>,
        values: u32,
        places: &[NodeLabel],
        question: impl FnOnce(Akd<R>) -> F,
    ) -> Result<T, PublishError> {
        let shelf = Shelf::new(Arc::clone(records), values);
        shelf.preload(places)?;
        let opened = now(akd(&shelf, self.vrf.clone()))?;
        shelf.trouble()?;
        let answer = now(question(opened.map_err(|_| PublishError::Broken)?))?;
        shelf.trouble()?;
        answer.map_err(|_| PublishError::Broken)
    }

    /// Where versions of a name stand in the tree, so that all on the way is read at once.
    fn places(
        &self,
        name: &AkdLabel,
        versions: impl IntoIterator<Item = (VersionFreshness, u64)>,
    ) -> Result<Vec<NodeLabel>, PublishError> {
        let place = |(freshness, version)| now(self.vrf.get_node_label::<Config>(name, freshness, version));
        versions.into_iter().map(|it| place(it)?.map_err(|_| PublishError::Broken)).collect()
    }

    fn is_newest<R: Records>(&self, records: &Arc<R>, under: &EpochHash) -> Result<(), PublishError> {
        let newest = self.newest(records)?.ok_or(PublishError::Empty)?;
        if (newest.epoch, newest.root) == (under.0, under.1) { Ok(()) } else { Err(PublishError::Broken) }
    }
}
