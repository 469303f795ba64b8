//! How large anything about the directory may be. Checked before anything is parsed.

/// Bytes of a name: 32 characters of four.
pub const NAME: usize = 128;
/// Epochs in a log, and so versions of a name: 2⁴⁰, one a second for 30,000 years.
pub const EPOCHS: u64 = 1 << 40;
/// Cosignatures on one head.
pub const COSIGNATURES: usize = 16;
/// Bytes of an encoded signed head, or of its text.
pub const HEAD: usize = 8 << 10;
/// Hashes in a proof of the tree of epochs.
pub const TREE_PROOF: usize = 64;
/// Bytes of what surrounds an answer.
pub const PLACED: usize = 16 << 10;
/// Bytes of a proven look-up; about 3 KB at a million names.
pub const LOOKUP: usize = 16 << 10;
/// Bytes of a proven absence; about 1 KB for each doubling of epochs.
pub const ABSENCE: usize = 128 << 10;
/// Versions that a history may be asked for.
pub const MOST_RECENT: usize = 100;
/// Bytes of a proven history, however many versions.
pub const HISTORY: usize = 1 << 20;
/// Bytes of the archived proof of one epoch's step: a million changes.
pub const STEP: usize = 128 << 20;
/// Bytes of a hand-over.
pub const HANDOVER: usize = 1 << 10;
/// Bytes of a file of evidence.
pub const EVIDENCE: usize = 1 << 20;
