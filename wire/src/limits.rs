//! How large anything may be. Checked before parsing, on both sides.
//!
//! Sizes are in bytes, numbers in things. Changing one is a change of the
//! published contract: raise on servers first.

/// A whole frame on either door.
pub const FRAME: usize = 4 << 20;
/// One sealed application message.
pub const MESSAGE: usize = 256 << 10;
/// One sealed Commit (128 hybrid KeyPackages are 345 KB; a path over 5,000 blank leaves is larger).
pub const COMMIT: usize = 2 << 20;
/// One Welcome for one joiner, without the tree.
pub const WELCOME: usize = 16 << 10;
/// One KeyPackage.
pub const KEY_PACKAGE: usize = 8 << 10;
/// One part of a blob.
pub const BLOB_PART: usize = 1 << 20;
/// A whole blob.
pub const BLOB: usize = 32 << 20;
/// Devices of one account.
pub const DEVICES: usize = 16;
/// Records in one account chain.
pub const CHAIN: usize = 1024;
/// All records of one account chain together: one account always fits into an answer.
pub const CHAIN_BYTES: usize = 512 << 10;
/// The encoded body of one record.
pub const RECORD: usize = 4 << 10;
/// Aliases in one roster.
pub const ROSTER: usize = 5_000;
/// Members added by one Commit.
pub const ADDS: usize = 128;
/// Accounts in one look-up. What does not fit into one frame is left out of the answer, at its end.
pub const LOOKUP: usize = 128;
/// What stands around all proofs of an answer: tree head, cosignatures, inclusion, consistency.
pub const PLACED: usize = 16 << 10;
/// What the directory proves of one name.
pub const PROOF: usize = 64 << 10;
/// A tree head with what its log and witnesses signed.
pub const SIGNED_HEAD: usize = 8 << 10;
/// Witnesses that a server names.
pub const WITNESSES: usize = 16;
/// A witness's verifier key, as text.
pub const WITNESS: usize = 256;
/// Versions of one name in one answer.
pub const VERSIONS: u32 = 16;
/// Hashes of a consistency proof: two a level of a tree of 2^64 leaves.
pub const CONSISTENCY: usize = 128;
/// Logs that followed each other, as far as one answer tells.
pub const HANDOVERS: usize = 16;
/// The word of one log that another follows it.
pub const HANDOVER: usize = 1 << 10;
/// KeyPackages or aliases in one upload.
pub const UPLOAD: usize = 128;
/// One-time KeyPackages kept for a device.
pub const KEY_PACKAGES: usize = 128;
/// Aliases registered for a device.
pub const ALIASES: usize = 20_000;
/// Envelopes kept in a mailbox; beyond that the device must be re-added.
pub const MAILBOX: usize = 10_000;
/// Envelopes waiting in a mailbox, from which on it takes no messages by aliases that have not posted yet.
pub const STRANGERS: usize = 5_000;
/// Days that an envelope or blob is kept.
pub const KEPT_DAYS: u64 = 30;
/// Entries pushed but not yet acked.
pub const WINDOW: usize = 256;
/// Characters of an invitation code.
pub const INVITE: usize = 64;
/// Messages sent along with the founding of a group.
pub const FOUND_MESSAGES: usize = 16;
