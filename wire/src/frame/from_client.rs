//! Requests, client to server.

use prost::Message;

use super::{BadFrame, Door, at_most, parts};
use crate::chain::SignedRecord;
use crate::id::{RequestId, Seq};
use crate::name::AccountName;
use crate::proto::client_frame::Request as Wire;
use crate::proto::{self, account_ref::By};
use crate::request::*;
use crate::{id, limits};

/// Fields of the largest request: a Commit that renews a whole roster.
const FIELDS: usize = 2 * limits::ROSTER + limits::ADDS + 32;

/// One request as a frame.
pub fn encode_request(id: RequestId, request: &Request) -> Vec<u8> {
    let request = match request {
        Request::Anonymous(request) => anonymous_to_wire(request),
        Request::Device(request) => device_to_wire(request),
    };
    proto::ClientFrame { id: id.0, request: Some(request) }.encode_to_vec()
}

/// Reads a frame that came by `door`.
///
/// The id is given even where the request is bad, so that the refusal can be paired.
pub fn decode_request(door: Door, bytes: &[u8]) -> Result<(RequestId, Request), (RequestId, BadFrame)> {
    if bytes.len() > limits::FRAME {
        return Err((RequestId(0), BadFrame::TooLarge));
    }
    parts::check(bytes, FIELDS, |path| path.len() == 1).map_err(|bad| (RequestId(0), bad))?;
    let frame = proto::ClientFrame::decode(bytes).map_err(|_| (RequestId(0), BadFrame::Parse))?;
    let id = RequestId(frame.id);
    let wire = frame.request.filter(|_| id.0 != 0).ok_or((id, BadFrame::Empty))?;
    let request = from_wire(wire).map_err(|bad| (id, bad))?;
    match (door, &request) {
        (Door::Anonymous, Request::Anonymous(_)) | (Door::Device, Request::Device(_)) => Ok((id, request)),
        _ => Err((id, BadFrame::WrongDoor)),
    }
}

fn from_wire(wire: Wire) -> Result<Request, BadFrame> {
    use AnonymousRequest as A;
    use DeviceRequest as D;
    let anonymous = |request| Ok(Request::Anonymous(request));
    let device = |request| Ok(Request::Device(request));
    match wire {
        Wire::Register(register) => anonymous(A::Register(Box::new(register.try_into()?))),
        Wire::Lookup(lookup) => anonymous(A::Lookup(lookup.try_into()?)),
        Wire::Found(found) => anonymous(A::Found(Box::new(found.try_into()?))),
        Wire::SubmitMessage(submit) => anonymous(A::SubmitMessage(Box::new(submit.try_into()?))),
        Wire::SubmitCommit(submit) => anonymous(A::SubmitCommit(Box::new(submit.try_into()?))),
        Wire::PutBlob(put) => anonymous(A::PutBlob(put.try_into()?)),
        Wire::Relate(relate) => {
            anonymous(A::Relate(Relate { log: relate.log.as_slice().try_into()?, from: relate.from, to: relate.to }))
        }
        Wire::AskWitnessed(_) => anonymous(A::Witnessed),
        Wire::FetchBlob(fetch) => {
            anonymous(A::FetchBlob(FetchBlob { blob: fetch.blob.as_slice().try_into()?, offset: fetch.offset }))
        }
        Wire::Authenticate(authenticate) => device(D::Authenticate(Authenticate {
            account: authenticate.account.as_slice().try_into()?,
            device: authenticate.device.as_slice().try_into()?,
            signature: authenticate.signature.as_slice().try_into()?,
        })),
        Wire::Begin(begin) => device(D::Begin(begin.session)),
        Wire::Take(take) => device(D::Take(Seq(take.after))),
        Wire::Ack(ack) => device(D::Ack(Seq(ack.upto))),
        Wire::PublishKeys(publish) => device(D::PublishKeys(publish.try_into()?)),
        Wire::AppendRecord(append) => device(D::AppendRecord(append.record.ok_or(BadFrame::Empty)?.try_into()?)),
        Wire::DropAlias(drop) => device(D::DropAlias(aliases(drop.aliases, limits::UPLOAD)?)),
        Wire::Watch(watch) => device(D::Watch(watch.try_into()?)),
        Wire::CloseAccount(close) => device(D::CloseAccount(close.signature.as_slice().try_into()?)),
    }
}

fn anonymous_to_wire(request: &AnonymousRequest) -> Wire {
    match request {
        AnonymousRequest::Register(register) => Wire::Register(proto::Register {
            name: register.name.as_str().to_owned(),
            record: Some((&register.record).into()),
            signature: register.signature.0.to_vec(),
            invite: register.invite.clone(),
            idempotency_key: register.idempotency_key.0.to_vec(),
        }),
        AnonymousRequest::Lookup(lookup) => Wire::Lookup(proto::Lookup {
            who: lookup
                .who
                .iter()
                .map(|who| proto::AccountRef {
                    by: Some(match who {
                        AccountRef::Name(name) => By::Name(name.as_str().to_owned()),
                        AccountRef::Id(id) => By::Account(id.0.to_vec()),
                    }),
                })
                .collect(),
            key_packages: lookup.key_packages,
            seen: lookup.seen.map(Into::into),
        }),
        AnonymousRequest::Relate(relate) => {
            Wire::Relate(proto::Relate { log: relate.log.0.to_vec(), from: relate.from, to: relate.to })
        }
        AnonymousRequest::Witnessed => Wire::AskWitnessed(proto::AskWitnessed {}),
        AnonymousRequest::Found(found) => Wire::Found(proto::Found {
            group: found.lent.group.0.to_vec(),
            epoch: found.lent.epoch.0,
            delivery_key: found.lent.delivery_key.expose().to_vec(),
            roster: found.roster.iter().map(Into::into).collect(),
            from_alias: found.lent.from.0.to_vec(),
            post_key: found.lent.post_key.expose().to_vec(),
            welcomes: found.welcomes.iter().map(Into::into).collect(),
            messages: found.messages.clone(),
            idempotency_key: found.lent.idempotency_key.0.to_vec(),
        }),
        AnonymousRequest::SubmitMessage(submit) => Wire::SubmitMessage(proto::SubmitMessage {
            group: submit.lent.group.0.to_vec(),
            epoch: submit.lent.epoch.0,
            delivery_key: submit.lent.delivery_key.expose().to_vec(),
            from_alias: submit.lent.from.0.to_vec(),
            post_key: submit.lent.post_key.expose().to_vec(),
            envelope: submit.envelope.clone(),
            idempotency_key: submit.lent.idempotency_key.0.to_vec(),
        }),
        AnonymousRequest::SubmitCommit(submit) => Wire::SubmitCommit(commit_to_wire(submit)),
        AnonymousRequest::PutBlob(put) => Wire::PutBlob(proto::PutBlob {
            blob: put.blob.0.to_vec(),
            offset: put.offset,
            total: put.total,
            bytes: put.bytes.clone(),
        }),
        AnonymousRequest::FetchBlob(fetch) => {
            Wire::FetchBlob(proto::FetchBlob { blob: fetch.blob.0.to_vec(), offset: fetch.offset })
        }
    }
}

fn commit_to_wire(submit: &SubmitCommit) -> proto::SubmitCommit {
    let (add, remove, replace) = match &submit.roster {
        RosterChange::Edit { add, remove } => (add, remove.as_slice(), false),
        RosterChange::Replace(all) => (all, [].as_slice(), true),
    };
    proto::SubmitCommit {
        group: submit.lent.group.0.to_vec(),
        epoch: submit.lent.epoch.0,
        delivery_key: submit.lent.delivery_key.expose().to_vec(),
        next_delivery_key: submit.next_delivery_key.expose().to_vec(),
        from_alias: submit.lent.from.0.to_vec(),
        post_key: submit.lent.post_key.expose().to_vec(),
        commit: submit.commit.clone(),
        add: add.iter().map(Into::into).collect(),
        remove: remove.iter().map(|alias| alias.0.to_vec()).collect(),
        replace,
        welcomes: submit.welcomes.iter().map(Into::into).collect(),
        idempotency_key: submit.lent.idempotency_key.0.to_vec(),
    }
}

fn device_to_wire(request: &DeviceRequest) -> Wire {
    match request {
        DeviceRequest::Authenticate(authenticate) => Wire::Authenticate(proto::Authenticate {
            account: authenticate.account.0.to_vec(),
            device: authenticate.device.0.to_vec(),
            signature: authenticate.signature.0.to_vec(),
        }),
        DeviceRequest::Begin(session) => Wire::Begin(proto::Begin { session: *session }),
        DeviceRequest::Take(after) => Wire::Take(proto::Take { after: after.0 }),
        DeviceRequest::Ack(upto) => Wire::Ack(proto::Ack { upto: upto.0 }),
        DeviceRequest::PublishKeys(publish) => Wire::PublishKeys(proto::PublishKeys {
            key_packages: publish
                .key_packages
                .iter()
                .map(|upload| proto::KeyPackageUpload {
                    alias: upload.alias.0.to_vec(),
                    key_package: upload.key_package.clone(),
                    last_resort: upload.last_resort,
                })
                .collect(),
            aliases: publish.aliases.iter().map(|alias| alias.0.to_vec()).collect(),
            replace: publish.replace,
        }),
        DeviceRequest::AppendRecord(record) => Wire::AppendRecord(proto::AppendRecord { record: Some(record.into()) }),
        DeviceRequest::DropAlias(aliases) => {
            Wire::DropAlias(proto::DropAlias { aliases: aliases.iter().map(|alias| alias.0.to_vec()).collect() })
        }
        DeviceRequest::Watch(watch) => Wire::Watch(proto::Watch { seen: watch.seen.map(Into::into), versions: watch.versions }),
        DeviceRequest::CloseAccount(signature) => Wire::CloseAccount(proto::CloseAccount { signature: signature.0.to_vec() }),
    }
}

fn aliases(aliases: Vec<Vec<u8>>, limit: usize) -> Result<Vec<id::AliasId>, BadFrame> {
    at_most(limit, aliases)?.iter().map(|alias| Ok(alias.as_slice().try_into()?)).collect()
}

fn sized(limit: usize, bytes: Vec<u8>) -> Result<Vec<u8>, BadFrame> {
    if bytes.is_empty() { Err(BadFrame::Empty) } else { at_most(limit, bytes) }
}

impl TryFrom<proto::Register> for Register {
    type Error = BadFrame;
    fn try_from(wire: proto::Register) -> Result<Self, BadFrame> {
        if wire.invite.len() > limits::INVITE {
            return Err(BadFrame::TooLarge);
        }
        Ok(Self {
            name: AccountName::parse(&wire.name)?,
            record: wire.record.ok_or(BadFrame::Empty)?.try_into()?,
            signature: wire.signature.as_slice().try_into()?,
            invite: wire.invite,
            idempotency_key: wire.idempotency_key.as_slice().try_into()?,
        })
    }
}

impl TryFrom<proto::Lookup> for Lookup {
    type Error = BadFrame;
    fn try_from(wire: proto::Lookup) -> Result<Self, BadFrame> {
        let who = at_most(limits::LOOKUP, wire.who)?
            .into_iter()
            .map(|who| match who.by.ok_or(BadFrame::Empty)? {
                By::Name(name) => Ok(AccountRef::Name(AccountName::parse(&name)?)),
                By::Account(id) => Ok(AccountRef::Id(id.as_slice().try_into()?)),
            })
            .collect::<Result<_, BadFrame>>()?;
        Ok(Self { who, key_packages: wire.key_packages, seen: seen(wire.seen)? })
    }
}

impl TryFrom<proto::Watch> for Watch {
    type Error = BadFrame;
    fn try_from(wire: proto::Watch) -> Result<Self, BadFrame> {
        if wire.versions > limits::VERSIONS {
            return Err(BadFrame::TooLarge);
        }
        Ok(Self { seen: seen(wire.seen)?, versions: wire.versions })
    }
}

/// No log: none is held.
fn seen(wire: Option<proto::Seen>) -> Result<Option<Seen>, BadFrame> {
    wire.filter(|seen| !seen.log.is_empty())
        .map(|seen| Ok(Seen { log: seen.log.as_slice().try_into()?, size: seen.size }))
        .transpose()
}

impl From<Seen> for proto::Seen {
    fn from(seen: Seen) -> Self {
        Self { log: seen.log.0.to_vec(), size: seen.size }
    }
}

impl TryFrom<proto::Found> for Found {
    type Error = BadFrame;
    fn try_from(wire: proto::Found) -> Result<Self, BadFrame> {
        Ok(Self {
            lent: Lent {
                group: wire.group.as_slice().try_into()?,
                epoch: id::Epoch(wire.epoch),
                delivery_key: wire.delivery_key.as_slice().try_into()?,
                from: wire.from_alias.as_slice().try_into()?,
                post_key: wire.post_key.as_slice().try_into()?,
                idempotency_key: wire.idempotency_key.as_slice().try_into()?,
            },
            roster: roster(wire.roster)?,
            welcomes: welcomes(wire.welcomes)?,
            messages: at_most(limits::FOUND_MESSAGES, wire.messages)?
                .into_iter()
                .map(|message| sized(limits::MESSAGE, message))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<proto::SubmitMessage> for SubmitMessage {
    type Error = BadFrame;
    fn try_from(wire: proto::SubmitMessage) -> Result<Self, BadFrame> {
        Ok(Self {
            lent: Lent {
                group: wire.group.as_slice().try_into()?,
                epoch: id::Epoch(wire.epoch),
                delivery_key: wire.delivery_key.as_slice().try_into()?,
                from: wire.from_alias.as_slice().try_into()?,
                post_key: wire.post_key.as_slice().try_into()?,
                idempotency_key: wire.idempotency_key.as_slice().try_into()?,
            },
            envelope: sized(limits::MESSAGE, wire.envelope)?,
        })
    }
}

impl TryFrom<proto::SubmitCommit> for SubmitCommit {
    type Error = BadFrame;
    fn try_from(wire: proto::SubmitCommit) -> Result<Self, BadFrame> {
        let add = roster(wire.add)?;
        let remove = aliases(wire.remove, limits::ROSTER)?;
        let roster = match (wire.replace, remove.is_empty()) {
            (false, _) => RosterChange::Edit { add, remove },
            (true, true) => RosterChange::Replace(add),
            (true, false) => return Err(BadFrame::Parse),
        };
        Ok(Self {
            lent: Lent {
                group: wire.group.as_slice().try_into()?,
                epoch: id::Epoch(wire.epoch),
                delivery_key: wire.delivery_key.as_slice().try_into()?,
                from: wire.from_alias.as_slice().try_into()?,
                post_key: wire.post_key.as_slice().try_into()?,
                idempotency_key: wire.idempotency_key.as_slice().try_into()?,
            },
            next_delivery_key: wire.next_delivery_key.as_slice().try_into()?,
            commit: sized(limits::COMMIT, wire.commit)?,
            roster,
            welcomes: welcomes(wire.welcomes)?,
        })
    }
}

impl TryFrom<proto::PutBlob> for PutBlob {
    type Error = BadFrame;
    fn try_from(wire: proto::PutBlob) -> Result<Self, BadFrame> {
        let bytes = sized(limits::BLOB_PART, wire.bytes)?;
        let end = wire.offset.checked_add(bytes.len() as u64).ok_or(BadFrame::TooLarge)?;
        if wire.total > limits::BLOB as u64 || end > wire.total {
            return Err(BadFrame::TooLarge);
        }
        Ok(Self { blob: wire.blob.as_slice().try_into()?, offset: wire.offset, total: wire.total, bytes })
    }
}

impl TryFrom<proto::PublishKeys> for PublishKeys {
    type Error = BadFrame;
    fn try_from(wire: proto::PublishKeys) -> Result<Self, BadFrame> {
        let key_packages = at_most(limits::UPLOAD, wire.key_packages)?
            .into_iter()
            .map(|upload| {
                Ok(KeyPackageUpload {
                    alias: upload.alias.as_slice().try_into()?,
                    key_package: sized(limits::KEY_PACKAGE, upload.key_package)?,
                    last_resort: upload.last_resort,
                })
            })
            .collect::<Result<_, BadFrame>>()?;
        Ok(Self { key_packages, aliases: aliases(wire.aliases, limits::UPLOAD)?, replace: wire.replace })
    }
}

fn roster(wire: Vec<proto::RosterEntry>) -> Result<Vec<RosterEntry>, BadFrame> {
    at_most(limits::ROSTER, wire)?
        .into_iter()
        .map(|entry| {
            Ok(RosterEntry {
                alias: entry.alias.as_slice().try_into()?,
                seal_key: entry.seal_key.as_slice().try_into()?,
                post_verifier: entry.post_verifier.as_slice().try_into()?,
                hint: hint(&entry.hint)?,
            })
        })
        .collect()
}

fn hint(bytes: &[u8]) -> Result<[u8; 32], id::WrongLength> {
    bytes.try_into().map_err(|_| id::WrongLength { what: "hint", want: 32, got: bytes.len() })
}

fn welcomes(wire: Vec<proto::Welcomed>) -> Result<Vec<Welcomed>, BadFrame> {
    at_most(limits::ADDS, wire)?
        .into_iter()
        .map(|one| Ok(Welcomed { alias: one.alias.as_slice().try_into()?, welcome: sized(limits::WELCOME, one.welcome)? }))
        .collect()
}

impl From<&RosterEntry> for proto::RosterEntry {
    fn from(entry: &RosterEntry) -> Self {
        Self {
            alias: entry.alias.0.to_vec(),
            seal_key: entry.seal_key.expose().to_vec(),
            post_verifier: entry.post_verifier.0.to_vec(),
            hint: entry.hint.to_vec(),
        }
    }
}

impl From<&Welcomed> for proto::Welcomed {
    fn from(one: &Welcomed) -> Self {
        Self { alias: one.alias.0.to_vec(), welcome: one.welcome.clone() }
    }
}

impl TryFrom<proto::SignedRecord> for SignedRecord {
    type Error = BadFrame;
    fn try_from(wire: proto::SignedRecord) -> Result<Self, BadFrame> {
        let signer = match wire.signer.as_slice() {
            [] => None,
            id => Some(id.try_into()?),
        };
        Ok(Self { body: sized(limits::RECORD, wire.body)?, signer, signature: wire.signature.as_slice().try_into()? })
    }
}

impl From<&SignedRecord> for proto::SignedRecord {
    fn from(record: &SignedRecord) -> Self {
        Self {
            body: record.body.clone(),
            signer: record.signer.map(|id| id.0.to_vec()).unwrap_or_default(),
            signature: record.signature.0.to_vec(),
        }
    }
}
