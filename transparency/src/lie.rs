//! Why an answer is not believed.
//!
//! Says what happened and nothing else: no name, no key and no hash is in it.

/// Why an answer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Lie {
    /// The bytes do not parse or break a limit.
    #[error("the proof is malformed")]
    Malformed,
    /// The question: a name that no directory can hold, or more versions than may be asked for.
    #[error("nobody can have this name")]
    Name,
    /// The head is not signed by the log.
    #[error("the tree head is not signed by this log")]
    Signature,
    /// Too few of the witnesses that are asked for have signed. Wait for them.
    #[error("{have} of {need} witnesses have signed the tree head")]
    Unwitnessed {
        /// Distinct witnesses that have.
        have: usize,
        /// How many must.
        need: usize,
    },
    /// The head comes from the future. One of two clocks is wrong.
    #[error("the tree head is of a later time than now")]
    Early,
    /// The head is too old to say what is so now. Ask again.
    #[error("the tree head is too old")]
    Stale,
    /// An older head than one that is known. Ask again.
    #[error("the tree head is older than one that was seen")]
    Behind,
    /// For hours no answer that would tell how a head that others have seen belongs to ours.
    #[error("the server does not say how a tree head that others have seen belongs to ours")]
    Withheld,
    /// Signed later than a head that was seen, and smaller: something was taken back.
    #[error("the log was rolled back")]
    RolledBack,
    /// Another root than was seen at the same size.
    #[error("the log shows two histories")]
    Split,
    /// The larger head does not go on from the smaller one.
    #[error("the tree head does not go on from the one that was seen")]
    Consistency,
    /// The epoch is not the last one under the head.
    #[error("the epoch is not under the tree head")]
    Leaf,
    /// The answer does not follow from the epoch's root.
    #[error("the answer is not proven")]
    Answer,
    /// The proof's parts fit no tree of labels, whatever its hashes.
    #[error("the proof fits no tree")]
    Shape,
    /// The epoch did more than add to the one before.
    #[error("the epoch rewrote the one before")]
    Step,
    /// The hand-over is not the old log's, or contradicts what was seen of it.
    #[error("the hand-over to another log is not valid")]
    Handover,
    /// The key or the cosignature of a witness is not valid.
    #[error("a witness's key or signature is not valid")]
    Witness,
}

impl Lie {
    /// Whether the server, or whoever speaks for it, lied or is broken; otherwise asking again may help.
    pub fn is_lie(&self) -> bool {
        !matches!(self, Self::Name | Self::Unwitnessed { .. } | Self::Early | Self::Stale | Self::Behind | Self::Withheld)
    }
}
