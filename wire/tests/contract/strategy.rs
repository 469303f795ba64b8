//! Any value that the contract allows, small ones mostly.

use proptest::collection::vec;
use proptest::prelude::*;
use waxseal_wire::chain::{Signature, SignedRecord};
use waxseal_wire::id::{AccountId, AliasId, BlobId, DeviceId, Epoch, GroupId, IdempotencyKey, LogId, Position, Seq};
use waxseal_wire::key::{DeliveryKey, PostKey, SealKey};
use waxseal_wire::limits;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::*;
use waxseal_wire::request::*;
use waxseal_wire::seal::{Delivered, Kind};

use super::samples;

pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..200)
}

pub(super) fn alias() -> impl Strategy<Value = AliasId> {
    any::<[u8; 16]>().prop_map(AliasId)
}

fn signature() -> impl Strategy<Value = Signature> {
    any::<[[u8; 32]; 2]>().prop_map(|halves| Signature(halves.concat().try_into().expect("64 bytes")))
}

fn account_name() -> impl Strategy<Value = AccountName> {
    "[a-z][a-z0-9]{1,31}".prop_map(|name| samples::name(&name))
}

fn record() -> impl Strategy<Value = SignedRecord> {
    let signer = proptest::option::of(any::<[u8; 16]>().prop_map(DeviceId));
    (bytes(), signer, signature()).prop_map(|(body, signer, signature)| SignedRecord { body, signer, signature })
}

pub(super) fn roster() -> impl Strategy<Value = Vec<RosterEntry>> {
    let entry = (alias(), any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(alias, seal, post, hint)| {
        RosterEntry { alias, seal_key: SealKey::new(seal), post_verifier: PostKey::new(post).verifier(), hint }
    });
    vec(entry, 0..8)
}

fn welcomes() -> impl Strategy<Value = Vec<Welcomed>> {
    vec((alias(), bytes()).prop_map(|(alias, welcome)| Welcomed { alias, welcome }), 0..4)
}

fn lent() -> impl Strategy<Value = Lent> {
    let keys = (any::<[u8; 32]>(), any::<[u8; 32]>());
    (any::<[u8; 16]>(), any::<u64>(), keys, alias(), any::<[u8; 16]>()).prop_map(
        |(group, epoch, (delivery, post), from, idempotency)| Lent {
            group: GroupId(group),
            epoch: Epoch(epoch),
            delivery_key: DeliveryKey::new(delivery),
            from,
            post_key: PostKey::new(post),
            idempotency_key: IdempotencyKey(idempotency),
        },
    )
}

fn commit() -> impl Strategy<Value = SubmitCommit> {
    let roster = prop_oneof![
        (roster(), vec(alias(), 0..4)).prop_map(|(add, remove)| RosterChange::Edit { add, remove }),
        roster().prop_map(RosterChange::Replace),
    ];
    (lent(), any::<[u8; 32]>(), bytes(), roster, welcomes()).prop_map(|(lent, next, commit, roster, welcomes)| SubmitCommit {
        lent,
        next_delivery_key: DeliveryKey::new(next),
        commit,
        roster,
        welcomes,
    })
}

fn put_blob() -> impl Strategy<Value = PutBlob> {
    (any::<[u8; 32]>(), bytes(), 0..=limits::BLOB as u64).prop_flat_map(|(blob, bytes, total)| {
        let total = total.max(bytes.len() as u64);
        (0..=total - bytes.len() as u64).prop_map(move |offset| PutBlob { blob: BlobId(blob), offset, total, bytes: bytes.clone() })
    })
}

fn register() -> impl Strategy<Value = Register> {
    (account_name(), record(), signature(), "[ -~]{0,64}", any::<[u8; 16]>()).prop_map(|(name, record, signature, invite, key)| {
        Register { name, record, signature, invite, idempotency_key: IdempotencyKey(key) }
    })
}

fn lookup() -> impl Strategy<Value = Lookup> {
    let one =
        prop_oneof![account_name().prop_map(AccountRef::Name), any::<[u8; 32]>().prop_map(|id| AccountRef::Id(AccountId(id)))];
    (vec(one, 0..6), any::<bool>(), seen()).prop_map(|(who, key_packages, seen)| Lookup { who, key_packages, seen })
}

fn seen() -> impl Strategy<Value = Option<Seen>> {
    proptest::option::of((any::<[u8; 32]>(), any::<u64>()).prop_map(|(log, size)| Seen { log: LogId(log), size }))
}

pub(super) fn anonymous_request() -> impl Strategy<Value = AnonymousRequest> {
    use AnonymousRequest as A;
    let found = (lent(), roster(), welcomes(), vec(bytes(), 0..4)).prop_map(|(lent, roster, welcomes, messages)| Found {
        lent,
        roster,
        welcomes,
        messages,
    });
    let message = (lent(), bytes()).prop_map(|(lent, envelope)| SubmitMessage { lent, envelope });
    let fetch = (any::<[u8; 32]>(), any::<u64>()).prop_map(|(blob, offset)| FetchBlob { blob: BlobId(blob), offset });
    let relate = any::<([u8; 32], u64, u64)>().prop_map(|(log, from, to)| Relate { log: LogId(log), from, to });
    prop_oneof![
        relate.prop_map(A::Relate),
        Just(A::Witnessed),
        register().prop_map(|register| A::Register(Box::new(register))),
        lookup().prop_map(A::Lookup),
        found.prop_map(|found| A::Found(Box::new(found))),
        message.prop_map(|message| A::SubmitMessage(Box::new(message))),
        commit().prop_map(|commit| A::SubmitCommit(Box::new(commit))),
        put_blob().prop_map(A::PutBlob),
        fetch.prop_map(A::FetchBlob),
    ]
}

pub(super) fn device_request() -> impl Strategy<Value = DeviceRequest> {
    use DeviceRequest as D;
    let authenticate = (any::<[u8; 32]>(), any::<[u8; 16]>(), signature()).prop_map(|(account, device, signature)| Authenticate {
        account: AccountId(account),
        device: DeviceId(device),
        signature,
    });
    let upload = (alias(), bytes(), any::<bool>()).prop_map(|(alias, key_package, last_resort)| KeyPackageUpload {
        alias,
        key_package,
        last_resort,
    });
    let publish = (vec(upload, 0..4), vec(alias(), 0..4), any::<bool>()).prop_map(|(key_packages, aliases, replace)| PublishKeys {
        key_packages,
        aliases,
        replace,
    });
    prop_oneof![
        authenticate.prop_map(D::Authenticate),
        any::<u64>().prop_map(D::Begin),
        any::<u64>().prop_map(|after| D::Take(Seq(after))),
        any::<u64>().prop_map(|upto| D::Ack(Seq(upto))),
        publish.prop_map(D::PublishKeys),
        record().prop_map(D::AppendRecord),
        vec(alias(), 0..6).prop_map(D::DropAlias),
        signature().prop_map(D::CloseAccount),
        (seen(), 0..=limits::VERSIONS).prop_map(|(seen, versions)| D::Watch(Watch { seen, versions })),
    ]
}

pub(super) fn reply() -> impl Strategy<Value = Reply> {
    let refusal = prop_oneof![
        proptest::sample::select(samples::refusals().to_vec()),
        any::<u64>().prop_map(|retry_after_ms| Refusal::TooFast { retry_after_ms }),
        any::<u64>().prop_map(|epoch| Refusal::StaleEpoch { current: Epoch(epoch) }),
    ];
    let key_package = (any::<[u8; 16]>(), bytes(), any::<bool>()).prop_map(|(device, key_package, last_resort)| DeviceKeyPackage {
        device: DeviceId(device),
        key_package,
        last_resort,
    });
    let account = (".{0,32}", vec(record(), 0..4), vec(key_package, 0..3), bytes())
        .prop_map(|(name, chain, key_packages, proof)| AccountFound { name, chain, key_packages, proof });
    let keys_left = || (any::<u32>(), any::<bool>()).prop_map(|(one_time, last_resort)| KeysLeft { one_time, last_resort });
    let session = (any::<u64>(), any::<bool>(), keys_left(), any::<[u64; 3]>()).prop_map(
        |(head, lost, keys_left, [chain_index, floor, sessions])| Session {
            head: Seq(head),
            lost,
            keys_left,
            chain_index,
            floor: Seq(floor),
            sessions,
        },
    );
    prop_oneof![
        refusal.prop_map(Reply::Refused),
        Just(Reply::Done),
        (vec(account, 0..4), bytes(), log()).prop_map(|(found, placed, log)| Reply::Accounts(Accounts { found, placed, log })),
        vec(any::<[u8; 32]>(), 0..9).prop_map(Reply::Related),
        (bytes(), vec("[ -~]{0,80}", 0..4)).prop_map(|(head, witnesses)| Reply::Witnessed(Witnessed { head, witnesses })),
        (bytes(), bytes(), log()).prop_map(|(placed, proof, log)| Reply::Watched(Watched { placed, proof, log })),
        any::<u64>().prop_map(|position| Reply::Accepted(Position(position))),
        (any::<u64>(), bytes()).prop_map(|(total, bytes)| Reply::BlobPart(BlobPart { total, bytes })),
        session.prop_map(Reply::Session),
        keys_left().prop_map(Reply::KeysLeft),
    ]
}

fn log() -> impl Strategy<Value = Option<Box<Log>>> {
    let one = (any::<[[u8; 32]; 2]>(), vec(bytes(), 0..3)).prop_map(|(keys, handovers)| {
        let keys = keys.concat().try_into().expect("64 bytes");
        Box::new(Log { keys, handovers })
    });
    proptest::option::of(one)
}

pub(super) fn push() -> impl Strategy<Value = Push> {
    let entry = (any::<u64>(), alias(), bytes()).prop_map(|(seq, alias, sealed)| MailboxEntry { seq: Seq(seq), alias, sealed });
    prop_oneof![any::<[u8; 32]>().prop_map(Push::Challenge), vec(entry, 0..6).prop_map(Push::Entries)]
}

pub(super) fn delivered() -> impl Strategy<Value = Delivered> {
    let kind = proptest::sample::select(vec![Kind::Message, Kind::Commit, Kind::Welcome]);
    let hash = proptest::option::of(any::<[u8; 32]>());
    let numbers = (any::<u64>(), any::<u64>());
    (any::<[u8; 16]>(), numbers, kind, alias(), hash, vec(any::<u8>(), 0..3000)).prop_map(
        |(group, (epoch, position), kind, from, roster_hash, envelope)| Delivered {
            group: GroupId(group),
            epoch: Epoch(epoch),
            position: Position(position),
            kind,
            from,
            roster_hash,
            envelope,
        },
    )
}
