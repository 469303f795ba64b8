//! Look-up: what a name means in one epoch.
//!
//! Called by `core` with what a server answered. akd_core's `lookup_verify` judges what `proof` has read.

use akd_core::configuration::Configuration as _;
use akd_core::verify::lookup_verify;
use akd_core::{AkdValue, LookupProof};
use prost::Message as _;

use crate::proof::{self, Config};
use crate::{Lie, LogKeys, Proven, Value, limits, proto};

/// What a name means, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Hash of the chain's head, or [`crate::CLOSED`].
    pub value: Value,
    /// 1, 2, 3 …: how often it has been published.
    pub version: u64,
    /// The epoch that published it.
    pub since_epoch: u64,
}

/// Verifies that this is the newest version of `name` in the proven epoch.
pub fn verify(log: &LogKeys, proven: &Proven, name: &str, bytes: &[u8]) -> Result<Entry, Lie> {
    let label = proof::name(name)?;
    if bytes.len() > limits::LOOKUP {
        return Err(Lie::Malformed);
    }
    let read = proto::Lookup::decode(bytes).map_err(|_| Lie::Malformed)?;
    let proof = of_proto(&read, proven.epoch())?;
    let value = proof::hash(&proof.value)?;
    let result = lookup_verify::<Config>(&log.vrf, proven.root(), proven.epoch(), label, proof).map_err(|_| Lie::Answer)?;
    Ok(Entry { value, version: result.version, since_epoch: result.epoch })
}

fn of_proto(read: &proto::Lookup, epoch: u64) -> Result<LookupProof, Lie> {
    in_bounds(read.version, read.epoch, epoch)?;
    let (value, nonce) = (AkdValue(proof::hash(&read.value)?.to_vec()), proof::hash(&read.nonce)?);
    let fresh = read.fresh.as_ref().ok_or(Lie::Malformed)?;
    let stale = read.stale.as_ref().ok_or(Lie::Malformed)?;
    let leaf = Config::hash_leaf_with_value(&value, read.epoch, &nonce).0;
    let existence_proof = proof::present(fresh, Some(leaf))?;
    // akd asks for the leaf of the greatest power of two up to the version: it contradicts a claim of absence.
    let (marker_vrf_proof, marker_proof) = match (&read.marker, read.version.is_power_of_two()) {
        (None, true) => (fresh.vrf.clone(), existence_proof.clone()),
        (Some(marker), false) => (marker.vrf.clone(), proof::present(marker, None)?),
        _ => return Err(Lie::Malformed),
    };
    Ok(LookupProof {
        epoch: read.epoch,
        value,
        version: read.version,
        existence_vrf_proof: fresh.vrf.clone(),
        existence_proof,
        marker_vrf_proof,
        marker_proof,
        freshness_vrf_proof: stale.vrf.clone(),
        freshness_proof: proof::absent(stale)?,
        commitment_nonce: nonce.to_vec(),
    })
}

/// A version is published at most once an epoch, and not after the epoch that is asked about.
pub(crate) fn in_bounds(version: u64, since: u64, epoch: u64) -> Result<(), Lie> {
    if 1 <= version && version <= since && since <= epoch { Ok(()) } else { Err(Lie::Answer) }
}
