//! Replies and pushes, server to client.

use prost::Message;

use super::{BadFrame, Told, at_most, parts};
use crate::id::{Epoch, Position, RequestId, Seq};
use crate::limits;
use crate::proto::refused::Reason;
use crate::proto::server_frame::Reply as Wire;
use crate::proto::{self};
use crate::reply::*;

/// Messages in messages: `accounts.found`, `accounts.log`, `watched.log`.
const NESTED: [[u64; 2]; 3] = [[11, 1], [11, 3], [32, 3]];
/// Fields of the largest reply: as many records (100 bytes at least) as a frame holds.
const FIELDS: usize = limits::FRAME / 100;

/// One reply as a frame.
pub fn encode_reply(id: RequestId, reply: &Reply) -> Vec<u8> {
    proto::ServerFrame { id: id.0, reply: Some(reply_to_wire(reply)) }.encode_to_vec()
}

/// One push as a frame.
pub fn encode_push(push: &Push) -> Vec<u8> {
    let reply = match push {
        Push::Challenge(nonce) => Wire::Challenge(proto::Challenge { nonce: nonce.to_vec() }),
        Push::Entries(entries) => Wire::Entries(proto::Entries {
            entries: entries
                .iter()
                .map(|entry| proto::MailboxEntry { seq: entry.seq.0, alias: entry.alias.0.to_vec(), sealed: entry.sealed.clone() })
                .collect(),
        }),
    };
    proto::ServerFrame { id: 0, reply: Some(reply) }.encode_to_vec()
}

/// Reads a frame from a server, which is not believed.
pub fn decode_told(bytes: &[u8]) -> Result<Told, BadFrame> {
    if bytes.len() > limits::FRAME {
        return Err(BadFrame::TooLarge);
    }
    parts::check(bytes, FIELDS, |path| path.len() == 1 || NESTED.iter().any(|nested| path == nested))?;
    let frame = proto::ServerFrame::decode(bytes).map_err(|_| BadFrame::Parse)?;
    let wire = frame.reply.ok_or(BadFrame::Empty)?;
    match (frame.id, wire) {
        (0, Wire::Challenge(challenge)) => {
            let nonce = challenge.nonce.as_slice().try_into().map_err(|_| BadFrame::Parse)?;
            Ok(Told::Push(Push::Challenge(nonce)))
        }
        (0, Wire::Entries(entries)) => Ok(Told::Push(Push::Entries(
            at_most(limits::WINDOW, entries.entries)?.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
        ))),
        // The id of the refused frame could not be read.
        (0, Wire::Refused(refused)) => Ok(Told::Reply(RequestId(0), Reply::Refused(refused_from_wire(refused)))),
        (0, _) | (_, Wire::Challenge(_) | Wire::Entries(_)) => Err(BadFrame::Empty),
        (id, wire) => Ok(Told::Reply(RequestId(id), reply_from_wire(wire)?)),
    }
}

fn reply_to_wire(reply: &Reply) -> Wire {
    match reply {
        Reply::Refused(refusal) => Wire::Refused(refused_to_wire(*refusal)),
        Reply::Done => Wire::Done(proto::Done {}),
        Reply::Accounts(accounts) => Wire::Accounts(proto::Accounts {
            placed: accounts.placed.clone(),
            log: accounts.log.as_deref().map(log_to_wire),
            found: accounts
                .found
                .iter()
                .map(|account| proto::AccountFound {
                    name: account.name.clone(),
                    chain: account.chain.iter().map(Into::into).collect(),
                    key_packages: account
                        .key_packages
                        .iter()
                        .map(|one| proto::DeviceKeyPackage {
                            device: one.device.0.to_vec(),
                            key_package: one.key_package.clone(),
                            last_resort: one.last_resort,
                        })
                        .collect(),
                    proof: account.proof.clone(),
                })
                .collect(),
        }),
        Reply::Related(consistency) => {
            Wire::Related(proto::Related { consistency: consistency.iter().map(|hash| hash.to_vec()).collect() })
        }
        Reply::Witnessed(witnessed) => {
            Wire::Witnessed(proto::Witnessed { head: witnessed.head.clone(), witnesses: witnessed.witnesses.clone() })
        }
        Reply::Watched(watched) => Wire::Watched(proto::Watched {
            placed: watched.placed.clone(),
            proof: watched.proof.clone(),
            log: watched.log.as_deref().map(log_to_wire),
        }),
        Reply::Accepted(position) => Wire::Accepted(proto::Accepted { position: position.0 }),
        Reply::BlobPart(part) => Wire::BlobPart(proto::BlobPart { total: part.total, bytes: part.bytes.clone() }),
        Reply::Session(session) => Wire::Session(proto::Session {
            head: session.head.0,
            lost: session.lost,
            keys_left: Some(keys_left_to_wire(session.keys_left)),
            chain_index: session.chain_index,
            floor: session.floor.0,
            sessions: session.sessions,
        }),
        Reply::KeysLeft(left) => Wire::KeysLeft(keys_left_to_wire(*left)),
    }
}

fn reply_from_wire(wire: Wire) -> Result<Reply, BadFrame> {
    Ok(match wire {
        Wire::Refused(refused) => Reply::Refused(refused_from_wire(refused)),
        Wire::Done(_) => Reply::Done,
        Wire::Accounts(accounts) => Reply::Accounts(Accounts {
            placed: at_most(limits::PLACED, accounts.placed)?,
            log: accounts.log.map(log_from_wire).transpose()?,
            found: at_most(limits::LOOKUP, accounts.found)?.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
        }),
        Wire::Related(related) => {
            let hashes = at_most(limits::CONSISTENCY, related.consistency)?;
            Reply::Related(
                hashes.iter().map(|hash| hash.as_slice().try_into().map_err(|_| BadFrame::Parse)).collect::<Result<_, _>>()?,
            )
        }
        Wire::Witnessed(witnessed) => {
            let witnesses = at_most(limits::WITNESSES, witnessed.witnesses)?;
            if witnesses.iter().any(|one| one.len() > limits::WITNESS) {
                return Err(BadFrame::TooLarge);
            }
            Reply::Witnessed(Witnessed { head: at_most(limits::SIGNED_HEAD, witnessed.head)?, witnesses })
        }
        Wire::Watched(watched) => Reply::Watched(Watched {
            placed: at_most(limits::PLACED, watched.placed)?,
            proof: at_most(limits::PROOF, watched.proof)?,
            log: watched.log.map(log_from_wire).transpose()?,
        }),
        Wire::Accepted(accepted) => Reply::Accepted(Position(accepted.position)),
        Wire::BlobPart(part) => Reply::BlobPart(BlobPart { total: part.total, bytes: at_most(limits::BLOB_PART, part.bytes)? }),
        Wire::Session(session) => Reply::Session(Session {
            head: Seq(session.head),
            lost: session.lost,
            keys_left: keys_left_from_wire(session.keys_left.unwrap_or_default()),
            chain_index: session.chain_index,
            floor: Seq(session.floor),
            sessions: session.sessions,
        }),
        Wire::KeysLeft(left) => Reply::KeysLeft(keys_left_from_wire(left)),
        Wire::Challenge(_) | Wire::Entries(_) => return Err(BadFrame::Empty),
    })
}

fn refused_to_wire(refusal: Refusal) -> proto::Refused {
    let mut refused = proto::Refused::default();
    let reason = match refusal {
        Refusal::Malformed => Reason::Malformed,
        Refusal::TooLarge => Reason::TooLarge,
        Refusal::TooFast { retry_after_ms } => {
            refused.retry_after_ms = retry_after_ms;
            Reason::TooFast
        }
        Refusal::WrongDoor => Reason::WrongDoor,
        Refusal::NotAllowed => Reason::NotAllowed,
        Refusal::Unknown => Reason::Unknown,
        Refusal::Taken => Reason::Taken,
        Refusal::StaleEpoch { current } => {
            refused.epoch = current.0;
            Reason::StaleEpoch
        }
        Refusal::StaleChain => Reason::StaleChain,
        Refusal::Full => Reason::Full,
        Refusal::BadName => Reason::BadName,
        Refusal::Internal => Reason::Internal,
        Refusal::ReusedKey => Reason::ReusedKey,
    };
    refused.set_reason(reason);
    refused
}

fn refused_from_wire(refused: proto::Refused) -> Refusal {
    match refused.reason() {
        Reason::Malformed => Refusal::Malformed,
        Reason::TooLarge => Refusal::TooLarge,
        Reason::TooFast => Refusal::TooFast { retry_after_ms: refused.retry_after_ms },
        Reason::WrongDoor => Refusal::WrongDoor,
        Reason::NotAllowed => Refusal::NotAllowed,
        Reason::Unknown => Refusal::Unknown,
        Reason::Taken => Refusal::Taken,
        Reason::StaleEpoch => Refusal::StaleEpoch { current: Epoch(refused.epoch) },
        Reason::StaleChain => Refusal::StaleChain,
        Reason::Full => Refusal::Full,
        Reason::BadName => Refusal::BadName,
        Reason::ReusedKey => Refusal::ReusedKey,
        // A reason from a later version: the request was not done; trying again is harmless.
        Reason::Unspecified | Reason::Internal => Refusal::Internal,
    }
}

fn log_to_wire(log: &Log) -> proto::Log {
    proto::Log { keys: log.keys.to_vec(), handovers: log.handovers.clone() }
}

fn log_from_wire(log: proto::Log) -> Result<Box<Log>, BadFrame> {
    let handovers = at_most(limits::HANDOVERS, log.handovers)?;
    Ok(Box::new(Log {
        keys: log.keys.as_slice().try_into().map_err(|_| BadFrame::Parse)?,
        handovers: handovers.into_iter().map(|handover| at_most(limits::HANDOVER, handover)).collect::<Result<_, _>>()?,
    }))
}

fn keys_left_to_wire(left: KeysLeft) -> proto::KeysLeft {
    proto::KeysLeft { one_time: left.one_time, last_resort: left.last_resort }
}

fn keys_left_from_wire(left: proto::KeysLeft) -> KeysLeft {
    KeysLeft { one_time: left.one_time, last_resort: left.last_resort }
}

impl TryFrom<proto::AccountFound> for AccountFound {
    type Error = BadFrame;
    fn try_from(wire: proto::AccountFound) -> Result<Self, BadFrame> {
        let chain = at_most(limits::CHAIN, wire.chain)?.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let key_packages = at_most(limits::DEVICES, wire.key_packages)?
            .into_iter()
            .map(|one| {
                Ok(DeviceKeyPackage {
                    device: one.device.as_slice().try_into()?,
                    key_package: at_most(limits::KEY_PACKAGE, one.key_package)?,
                    last_resort: one.last_resort,
                })
            })
            .collect::<Result<_, BadFrame>>()?;
        Ok(Self { name: wire.name, chain, key_packages, proof: at_most(limits::PROOF, wire.proof)? })
    }
}

impl TryFrom<proto::MailboxEntry> for MailboxEntry {
    type Error = BadFrame;
    fn try_from(wire: proto::MailboxEntry) -> Result<Self, BadFrame> {
        Ok(Self { seq: Seq(wire.seq), alias: wire.alias.as_slice().try_into()?, sealed: wire.sealed })
    }
}
