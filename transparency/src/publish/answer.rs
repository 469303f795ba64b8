//! akd's proofs in our format.
//!
//! Called by `publish`. What follows from something else in the proof is left out; `proof` puts it back.

use akd_core::configuration::Configuration as _;
use akd_core::{AzksElement, HistoryProof, LookupProof, MembershipProof, NonMembershipProof, UpdateProof};
use prost::Message as _;

use crate::proof::{Config, label};
use crate::proto;

pub(super) fn lookup(proof: &LookupProof) -> Vec<u8> {
    let marker = (!proof.version.is_power_of_two()).then(|| present(&proof.marker_vrf_proof, &proof.marker_proof, true));
    proto::Lookup {
        version: proof.version,
        epoch: proof.epoch,
        value: proof.value.0.clone(),
        nonce: proof.commitment_nonce.clone(),
        fresh: Some(present(&proof.existence_vrf_proof, &proof.existence_proof, false)),
        marker,
        stale: Some(absent(&proof.freshness_vrf_proof, &proof.freshness_proof)),
    }
    .encode_to_vec()
}

pub(super) fn absence(parts: &[([u8; 80], NonMembershipProof)]) -> Vec<u8> {
    proto::Absence { versions: parts.iter().map(|(vrf, proof)| absent(vrf, proof)).collect() }.encode_to_vec()
}

pub(super) fn history(proof: &HistoryProof) -> Vec<u8> {
    let past = proof.past_marker_vrf_proofs.iter().zip(&proof.existence_of_past_marker_proofs);
    let future = proof.future_marker_vrf_proofs.iter().zip(&proof.non_existence_of_future_marker_proofs);
    proto::History {
        updates: proof.update_proofs.iter().map(update).collect(),
        past: past.map(|(vrf, proof)| present(vrf, proof, true)).collect(),
        future: future.map(|(vrf, proof)| absent(vrf, proof)).collect(),
    }
    .encode_to_vec()
}

fn update(proof: &UpdateProof) -> proto::Update {
    let retired = proof.previous_version_vrf_proof.as_ref().zip(proof.previous_version_proof.as_ref());
    proto::Update {
        version: proof.version,
        epoch: proof.epoch,
        value: proof.value.0.clone(),
        nonce: proof.commitment_nonce.clone(),
        fresh: Some(present(&proof.existence_vrf_proof, &proof.existence_proof, false)),
        retired: retired.map(|(vrf, proof)| present(vrf, proof, false)),
    }
}

fn present(vrf: &[u8], proof: &MembershipProof, with_leaf: bool) -> proto::Present {
    let leaf = if with_leaf { proof.hash_val.0.to_vec() } else { Vec::new() };
    proto::Present { vrf: vrf.to_vec(), leaf, path: path(proof) }
}

fn absent(vrf: &[u8], proof: &NonMembershipProof) -> proto::Absent {
    let [left, right] = &proof.longest_prefix_children;
    proto::Absent {
        vrf: vrf.to_vec(),
        at: proof.longest_prefix.label_len,
        left: Some(child(left)),
        right: Some(child(right)),
        path: path(&proof.longest_prefix_membership_proof),
    }
}

fn path(proof: &MembershipProof) -> Vec<proto::Sibling> {
    let step = |step: &akd_core::SiblingProof| {
        let [beside] = &step.siblings;
        let proto::Child { bits, label, hash } = child(beside);
        proto::Sibling { at: step.label.label_len, bits, label, hash }
    };
    proof.sibling_proofs.iter().map(step).collect()
}

fn child(node: &AzksElement) -> proto::Child {
    if node.label == Config::empty_label() {
        return proto::Child::default();
    }
    proto::Child { bits: node.label.label_len, label: label::bytes(&node.label), hash: node.value.0.to_vec() }
}
