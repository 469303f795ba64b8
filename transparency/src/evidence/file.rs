//! Evidence as bytes.
//!
//! Reads whatever it is given within its limits; what it means is `check`'s.

use prost::Message as _;

use crate::placed::hashes;
use crate::proto::{self, answer, evidence};
use crate::{Answer, EpochLeaf, Evidence, Lie, LogKeys, Placed, Shown, SignedHead, limits};

const VERSION: u32 = 1;

impl Evidence {
    /// Its file. Steps of very large epochs make it larger than [`limits::EVIDENCE`]; such a file is not read.
    pub fn encode(&self) -> Vec<u8> {
        let (log, what) = match self {
            Self::Heads { log, one, other } => {
                (log, evidence::What::Heads(proto::TwoHeads { one: Some(one.to_proto()), other: Some(other.to_proto()) }))
            }
            Self::Fork { log, one, other } => {
                (log, evidence::What::Fork(proto::Fork { one: Some(one.to_proto()), other: Some(other.to_proto()) }))
            }
            Self::Answers { log, at, name, one, other } => {
                let (at, name) = (Some(at.to_proto()), name.clone());
                let (one, other) = (Some(one.to_proto()), Some(other.to_proto()));
                (log, evidence::What::Answers(proto::TwoAnswers { at, name, one, other }))
            }
            Self::Step { log, from, to, step } => {
                let (from, to, step) = (from.as_ref().map(Shown::to_proto), Some(to.to_proto()), step.clone());
                (log, evidence::What::Step(proto::StepShown { from, to, step }))
            }
            Self::Testimony { log, placed, name, answer } => {
                let (placed, name, answer) = (Some(placed.to_proto()), name.clone(), Some(answer.to_proto()));
                (log, evidence::What::Testimony(proto::Testimony { placed, name, answer }))
            }
        };
        proto::Evidence { version: VERSION, log: log.to_bytes().to_vec(), what: Some(what) }.encode_to_vec()
    }

    /// Reads a file.
    pub fn decode(bytes: &[u8]) -> Result<Self, Lie> {
        if bytes.len() > limits::EVIDENCE {
            return Err(Lie::Malformed);
        }
        let read = proto::Evidence::decode(bytes).map_err(|_| Lie::Malformed)?;
        if read.version != VERSION {
            return Err(Lie::Malformed);
        }
        let log = LogKeys::from_bytes(&read.log)?;
        let head = |head: &Option<proto::SignedHead>| SignedHead::of_proto(head.as_ref().ok_or(Lie::Malformed)?);
        let shown = |shown: &Option<proto::Shown>| Shown::of_proto(shown.as_ref().ok_or(Lie::Malformed)?);
        let answer = |answer: &Option<proto::Answer>| Answer::of_proto(answer.as_ref().ok_or(Lie::Malformed)?);
        Ok(match read.what.ok_or(Lie::Malformed)? {
            evidence::What::Heads(it) => Self::Heads { log, one: head(&it.one)?, other: head(&it.other)? },
            evidence::What::Fork(it) => Self::Fork { log, one: shown(&it.one)?, other: shown(&it.other)? },
            evidence::What::Answers(it) => {
                let (at, one, other) = (shown(&it.at)?, answer(&it.one)?, answer(&it.other)?);
                Self::Answers { log, at, name: it.name, one, other }
            }
            evidence::What::Step(it) => {
                let from = it.from.as_ref().map(Shown::of_proto).transpose()?;
                Self::Step { log, from, to: shown(&it.to)?, step: it.step }
            }
            evidence::What::Testimony(it) => {
                let placed = Placed::of_proto(it.placed.as_ref().ok_or(Lie::Malformed)?)?;
                Self::Testimony { log, placed, name: it.name, answer: answer(&it.answer)? }
            }
        })
    }
}

impl Shown {
    fn to_proto(&self) -> proto::Shown {
        let inclusion = self.inclusion.iter().map(|it| it.to_vec()).collect();
        proto::Shown { head: Some(self.head.to_proto()), leaf: self.leaf.to_bytes().to_vec(), inclusion }
    }

    fn of_proto(shown: &proto::Shown) -> Result<Self, Lie> {
        Ok(Self {
            head: SignedHead::of_proto(shown.head.as_ref().ok_or(Lie::Malformed)?)?,
            leaf: EpochLeaf::from_bytes(&shown.leaf)?,
            inclusion: hashes(&shown.inclusion)?,
        })
    }
}

impl Answer {
    fn to_proto(&self) -> proto::Answer {
        let (kind, most_recent) = match self {
            Self::Lookup(bytes) => (answer::Kind::Lookup(bytes.clone()), 0),
            Self::Absence(bytes) => (answer::Kind::Absence(bytes.clone()), 0),
            Self::History { most_recent, bytes } => {
                (answer::Kind::History(bytes.clone()), u32::try_from(*most_recent).unwrap_or(0))
            }
        };
        proto::Answer { kind: Some(kind), most_recent }
    }

    fn of_proto(read: &proto::Answer) -> Result<Self, Lie> {
        Ok(match read.kind.as_ref().ok_or(Lie::Malformed)? {
            answer::Kind::Lookup(bytes) => Self::Lookup(bytes.clone()),
            answer::Kind::Absence(bytes) => Self::Absence(bytes.clone()),
            answer::Kind::History(bytes) => {
                let most_recent = usize::try_from(read.most_recent).map_err(|_| Lie::Malformed)?;
                Self::History { most_recent, bytes: bytes.clone() }
            }
        })
    }
}
