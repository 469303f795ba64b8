//! The suite, the extension types and the settings of every group.
//!
//! Called by the rest of `group`. Says what we speak; a group, KeyPackage or
//! Welcome that speaks anything else is refused, never downgraded to.

use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType, Extensions, GroupContext, KeyPackage, LeafNode, Lifetime,
    MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProtocolVersion, RequiredCapabilitiesExtension, UnknownExtension,
};
use waxseal_wire::request::Address;

use super::error::{Cause, GroupError};

/// A cipher suite that this program speaks; every one of them is hybrid post-quantum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// 0x004E: X25519 + ML-KEM-768, AES-256-GCM, SHA-384, Ed25519 (draft-ietf-mls-pq-ciphersuites).
    XWing768Aes256,
}

impl Suite {
    /// What new groups and KeyPackages use; `docs/decisions/0001-suite.md` says why.
    pub const CURRENT: Self = Self::XWing768Aes256;

    /// Its number in the MLS registry.
    pub fn id(self) -> u16 {
        u16::from(self.library())
    }

    pub(super) fn library(self) -> Ciphersuite {
        match self {
            Self::XWing768Aes256 => Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519,
        }
    }

    /// `None`: not ours, to be refused.
    pub(super) fn accept(suite: Ciphersuite) -> Option<Self> {
        (suite == Self::XWing768Aes256.library()).then_some(Self::XWing768Aes256)
    }
}

/// Leaf: the member's [`Address`], 80 bytes.
pub(super) const ALIAS: u16 = 0xFA01;
/// GroupContext: the group's policy, CBOR.
pub(super) const POLICY: u16 = 0xFA02;
/// GroupInfo: where the sealed tree is, 32 bytes.
pub(super) const TREE_BLOB: u16 = 0xFA03;
/// GroupContext, reserved: tree heads of the key directory that members compare.
const DIRECTORY: u16 = 0xFA04;
/// GroupContext, reserved: franking of reports.
const FRANKING: u16 = 0xFA05;
/// GroupContext, reserved: the call that is going on.
const CALL: u16 = 0xFA06;
/// Leaf, reserved: what the member's program can show and do.
const FEATURES: u16 = 0xFA07;
/// GroupContext, reserved: for what nobody foresaw.
const SPARE: u16 = 0xFA08;

/// KeyPackage: the day it was made, counted from 1970-01-01 UTC, 4 bytes.
const MADE: u16 = 0xFA09;

/// Every type any release may put into a leaf or GroupContext.
///
/// A promise from the first release on: adding a leaf that lacks a type in use
/// fails (RFC 9420 §7.2), so types cannot be added later without leaving people behind.
const TYPES: [u16; 8] = [ALIAS, POLICY, TREE_BLOB, DIRECTORY, FRANKING, CALL, FEATURES, SPARE];

fn types() -> Vec<ExtensionType> {
    TYPES.map(ExtensionType::Unknown).to_vec()
}

/// What every leaf of ours says that it can.
pub(super) fn capabilities(suite: Suite) -> Capabilities {
    let mut extensions = types();
    // RFC 9420 §10.1: what stands in a KeyPackage is among its leaf's capabilities. Groups do not require it.
    extensions.extend([ExtensionType::LastResort, ExtensionType::Unknown(MADE)]);
    Capabilities::builder()
        .versions(vec![ProtocolVersion::Mls10])
        .ciphersuites(vec![suite.library()])
        .extensions(extensions)
        .proposals(Vec::new())
        .credentials(vec![CredentialType::Basic])
        .build()
}

/// Whether a leaf can all that ours can.
pub(super) fn are_enough(theirs: &Capabilities) -> bool {
    types().iter().chain([&ExtensionType::LastResort]).all(|ours| theirs.extensions().contains(ours))
        && theirs.credentials().contains(&CredentialType::Basic)
}

/// RFC 9420 §11.1: what every member of a group must be able to.
fn required() -> Extension {
    Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(&types(), &[], &[CredentialType::Basic]))
}

/// The whole GroupContext extension list of a group with this policy.
pub(super) fn context(policy: Vec<u8>) -> Result<Extensions<GroupContext>, GroupError> {
    Extensions::from_vec(vec![required(), Extension::Unknown(POLICY, UnknownExtension(policy))])
        .map_err(|error| GroupError::Library(Cause::of(error)))
}

/// The policy's bytes, when the list holds that, our requirements, and nothing else.
pub(super) fn policy_of(extensions: &Extensions<GroupContext>) -> Option<&[u8]> {
    let is_ours = |extension: &Extension| *extension == required() || matches!(extension, Extension::Unknown(POLICY, _));
    if extensions.iter().count() != 2 || !extensions.iter().all(is_ours) {
        return None;
    }
    extensions.unknown(POLICY).map(|policy| policy.0.as_slice())
}

/// The extensions of our leaf.
pub(super) fn leaf(address: &Address) -> Result<Extensions<LeafNode>, GroupError> {
    Extensions::from_vec(vec![Extension::Unknown(ALIAS, UnknownExtension(address.to_bytes().to_vec()))])
        .map_err(|error| GroupError::Library(Cause::of(error)))
}

/// The extensions of our KeyPackages.
pub(super) fn key_package(made: u32) -> Result<Extensions<KeyPackage>, GroupError> {
    Extensions::from_vec(vec![Extension::Unknown(MADE, UnknownExtension(made.to_be_bytes().to_vec()))])
        .map_err(|error| GroupError::Library(Cause::of(error)))
}

/// The day a KeyPackage was made; `None` where it does not say.
pub(super) fn made(package: &KeyPackage) -> Option<u32> {
    let day = package.extensions().unknown(MADE)?;
    Some(u32::from_be_bytes(day.0.as_slice().try_into().ok()?))
}

/// For ever: the library judges lifetimes by its own clock, also when receiving, which forks groups.
/// How old a KeyPackage may be is judged by whoever fetched it.
pub(super) fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

/// The settings that founder and joiner share. Content is padded before it gets here.
pub(super) fn settings() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(0)
        .use_ratchet_tree_extension(false)
        .number_of_resumption_psks(0)
        .padding_size(0)
        .build()
}
