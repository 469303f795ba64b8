//! History: the newest versions of a name, none left out.
//!
//! Called by each device about its own account, and by monitors. Ask for one version more than is new, so that the newest
//! known one is among them: what was left out in between shows there. akd_core's `key_history_verify` judges what
//! `proof` has read.

use akd_core::configuration::Configuration as _;
use akd_core::utils::get_marker_versions;
use akd_core::verify::history::HistoryParams;
use akd_core::verify::{HistoryVerificationParams, key_history_verify};
use akd_core::{AkdValue, HistoryProof, MembershipProof, NonMembershipProof, UpdateProof};
use prost::Message as _;

use crate::lookup::in_bounds;
use crate::proof::{self, Config};
use crate::{Entry, Lie, LogKeys, Proven, limits, proto};

/// Verifies the newest versions of `name` in the proven epoch: `most_recent` of them, or all where there are fewer.
/// Newest first, gapless.
pub fn verify(log: &LogKeys, proven: &Proven, name: &str, most_recent: usize, bytes: &[u8]) -> Result<Vec<Entry>, Lie> {
    let label = proof::name(name)?;
    if !(1..=limits::MOST_RECENT).contains(&most_recent) {
        return Err(Lie::Name);
    }
    if bytes.len() > limits::HISTORY {
        return Err(Lie::Malformed);
    }
    let read = proto::History::decode(bytes).map_err(|_| Lie::Malformed)?;
    let proof = of_proto(&read, most_recent, proven.epoch())?;
    let asked = HistoryVerificationParams::Default { history_params: HistoryParams::MostRecent(most_recent) };
    let results =
        key_history_verify::<Config>(&log.vrf, proven.root(), proven.epoch(), label, proof, asked).map_err(|_| Lie::Answer)?;
    let entry =
        |it: akd_core::VerifyResult| Ok(Entry { value: proof::hash(&it.value)?, version: it.version, since_epoch: it.epoch });
    results.into_iter().map(entry).collect()
}

fn of_proto(read: &proto::History, most_recent: usize, epoch: u64) -> Result<HistoryProof, Lie> {
    let (Some(newest), Some(oldest)) = (read.updates.first(), read.updates.last()) else { return Err(Lie::Malformed) };
    if read.updates.len() > most_recent {
        return Err(Lie::Malformed);
    }
    for update in &read.updates {
        in_bounds(update.version, update.epoch, epoch)?;
    }
    for (newer, older) in read.updates.iter().zip(read.updates.iter().skip(1)) {
        if older.version + 1 != newer.version || older.epoch >= newer.epoch {
            return Err(Lie::Answer);
        }
    }
    let (past, future) = get_marker_versions(oldest.version, newest.version, epoch);
    if read.past.len() != past.len() || read.future.len() != future.len() {
        return Err(Lie::Malformed);
    }
    let past = read.past.iter().map(|part| proof::present(part, None)).collect::<Result<Vec<MembershipProof>, _>>()?;
    let future = read.future.iter().map(proof::absent).collect::<Result<Vec<NonMembershipProof>, _>>()?;
    Ok(HistoryProof {
        update_proofs: read.updates.iter().map(update).collect::<Result<_, _>>()?,
        past_marker_vrf_proofs: read.past.iter().map(|part| part.vrf.clone()).collect(),
        existence_of_past_marker_proofs: past,
        future_marker_vrf_proofs: read.future.iter().map(|part| part.vrf.clone()).collect(),
        non_existence_of_future_marker_proofs: future,
    })
}

fn update(read: &proto::Update) -> Result<UpdateProof, Lie> {
    let (value, nonce) = (AkdValue(proof::hash(&read.value)?.to_vec()), proof::hash(&read.nonce)?);
    let fresh = read.fresh.as_ref().ok_or(Lie::Malformed)?;
    let leaf = Config::hash_leaf_with_value(&value, read.epoch, &nonce).0;
    let retired = match (&read.retired, read.version) {
        (None, 1) => None,
        (Some(retired), 2..) => {
            let leaf = Config::hash_leaf_with_commitment(Config::stale_azks_value(), read.epoch).0;
            Some((retired.vrf.clone(), proof::present(retired, Some(leaf))?))
        }
        _ => return Err(Lie::Malformed),
    };
    let (previous_version_vrf_proof, previous_version_proof) = retired.unzip();
    Ok(UpdateProof {
        epoch: read.epoch,
        value,
        version: read.version,
        existence_vrf_proof: fresh.vrf.clone(),
        existence_proof: proof::present(fresh, Some(leaf))?,
        previous_version_vrf_proof,
        previous_version_proof,
        commitment_nonce: nonce.to_vec(),
    })
}
