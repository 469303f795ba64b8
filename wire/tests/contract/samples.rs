//! One value of every kind of frame, always the same: what the byte snapshots are made of.

use waxseal_wire::chain::{Signature, SignedRecord};
use waxseal_wire::id::{AccountId, AliasId, BlobId, DeviceId, Epoch, GroupId, IdempotencyKey, LogId, Position, Seq};
use waxseal_wire::key::{DeliveryKey, PostKey, SealKey};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::*;
use waxseal_wire::request::*;

pub(super) fn name(name: &str) -> AccountName {
    AccountName::parse(name).expect("a good name")
}

pub(super) fn record() -> SignedRecord {
    SignedRecord { body: b"a record body".to_vec(), signer: Some(DeviceId([2; 16])), signature: Signature([3; 64]) }
}

pub(super) fn lent() -> Lent {
    Lent {
        group: GroupId([4; 16]),
        epoch: Epoch(5),
        delivery_key: DeliveryKey::new([6; 32]),
        from: AliasId([7; 16]),
        post_key: PostKey::new([8; 32]),
        idempotency_key: IdempotencyKey([9; 16]),
    }
}

pub(super) fn roster_entry(n: u8) -> RosterEntry {
    RosterEntry {
        alias: AliasId([n; 16]),
        seal_key: SealKey::new([n; 32]),
        post_verifier: PostKey::new([n; 32]).verifier(),
        hint: [n; 32],
    }
}

fn welcomed() -> Welcomed {
    Welcomed { alias: AliasId([11; 16]), welcome: b"a welcome".to_vec() }
}

pub(super) fn anonymous_requests() -> Vec<(&'static str, AnonymousRequest)> {
    use AnonymousRequest as A;
    let commit = |roster| {
        A::SubmitCommit(Box::new(SubmitCommit {
            lent: lent(),
            next_delivery_key: DeliveryKey::new([10; 32]),
            commit: b"a commit".to_vec(),
            roster,
            welcomes: vec![welcomed()],
        }))
    };
    vec![
        (
            "register",
            A::Register(Box::new(Register {
                name: name("alice"),
                record: record(),
                signature: Signature([1; 64]),
                invite: "7Q2K-M9XD".to_owned(),
                idempotency_key: IdempotencyKey([9; 16]),
            })),
        ),
        (
            "lookup",
            A::Lookup(Lookup {
                who: vec![AccountRef::Name(name("bob")), AccountRef::Id(AccountId([1; 32]))],
                key_packages: true,
                seen: None,
            }),
        ),
        (
            "lookup-seen",
            A::Lookup(Lookup {
                who: vec![AccountRef::Name(name("bob"))],
                key_packages: false,
                seen: Some(Seen { log: LogId([22; 32]), size: 70 }),
            }),
        ),
        ("relate", A::Relate(Relate { log: LogId([22; 32]), from: 70, to: 91 })),
        ("witnessed", A::Witnessed),
        (
            "found",
            A::Found(Box::new(Found {
                lent: lent(),
                roster: vec![roster_entry(11), roster_entry(12)],
                welcomes: vec![welcomed()],
                messages: vec![b"a first message".to_vec()],
            })),
        ),
        ("submit-message", A::SubmitMessage(Box::new(SubmitMessage { lent: lent(), envelope: b"an envelope".to_vec() }))),
        ("submit-commit-edit", commit(RosterChange::Edit { add: vec![roster_entry(11)], remove: vec![AliasId([13; 16])] })),
        ("submit-commit-replace", commit(RosterChange::Replace(vec![roster_entry(11), roster_entry(12)]))),
        ("put-blob", A::PutBlob(PutBlob { blob: BlobId([14; 32]), offset: 1024, total: 4096, bytes: b"a part".to_vec() })),
        ("fetch-blob", A::FetchBlob(FetchBlob { blob: BlobId([14; 32]), offset: 1024 })),
    ]
}

pub(super) fn device_requests() -> Vec<(&'static str, DeviceRequest)> {
    use DeviceRequest as D;
    let upload = KeyPackageUpload { alias: AliasId([15; 16]), key_package: b"a key package".to_vec(), last_resort: true };
    vec![
        (
            "authenticate",
            D::Authenticate(Authenticate { account: AccountId([1; 32]), device: DeviceId([2; 16]), signature: Signature([3; 64]) }),
        ),
        ("begin", D::Begin(17)),
        ("take", D::Take(Seq(41))),
        ("ack", D::Ack(Seq(42))),
        (
            "publish-keys",
            D::PublishKeys(PublishKeys { key_packages: vec![upload.clone()], aliases: vec![AliasId([16; 16])], replace: false }),
        ),
        ("publish-keys-anew", D::PublishKeys(PublishKeys { key_packages: vec![upload], aliases: Vec::new(), replace: true })),
        ("append-record", D::AppendRecord(record())),
        ("drop-alias", D::DropAlias(vec![AliasId([17; 16]), AliasId([18; 16])])),
        ("watch", D::Watch(Watch { seen: Some(Seen { log: LogId([22; 32]), size: 70 }), versions: 3 })),
        ("close-account", D::CloseAccount(Signature([3; 64]))),
    ]
}

pub(super) fn refusals() -> [Refusal; 13] {
    use Refusal as R;
    let too_fast = R::TooFast { retry_after_ms: 1500 };
    let stale = R::StaleEpoch { current: Epoch(6) };
    [
        R::Malformed,
        R::TooLarge,
        too_fast,
        R::WrongDoor,
        R::NotAllowed,
        R::Unknown,
        R::Taken,
        stale,
        R::StaleChain,
        R::Full,
        R::BadName,
        R::Internal,
        R::ReusedKey,
    ]
}

pub(super) fn replies() -> Vec<(&'static str, Reply)> {
    let key_package = DeviceKeyPackage { device: DeviceId([2; 16]), key_package: b"a key package".to_vec(), last_resort: false };
    let alice =
        AccountFound { name: "alice".to_owned(), chain: vec![record()], key_packages: vec![key_package], proof: Vec::new() };
    let proven = AccountFound { proof: b"a proof".to_vec(), ..alice.clone() };
    let placed = b"a tree head".to_vec();
    let log = Box::new(Log { keys: [25; 64], handovers: vec![b"a hand-over".to_vec()] });
    let keys_left = KeysLeft { one_time: 31, last_resort: true };
    vec![
        ("refused-stale-epoch", Reply::Refused(Refusal::StaleEpoch { current: Epoch(6) })),
        ("refused-too-fast", Reply::Refused(Refusal::TooFast { retry_after_ms: 1500 })),
        ("done", Reply::Done),
        ("accounts", Reply::Accounts(Accounts { found: vec![alice, AccountFound::default()], placed: Vec::new(), log: None })),
        ("accounts-proven", Reply::Accounts(Accounts { found: vec![proven], placed: placed.clone(), log: Some(log.clone()) })),
        ("related", Reply::Related(vec![[23; 32], [24; 32]])),
        (
            "witnessed",
            Reply::Witnessed(Witnessed { head: placed.clone(), witnesses: vec!["witness.example+8d66cf3f+BA".to_owned()] }),
        ),
        ("witnessed-by-nobody", Reply::Witnessed(Witnessed::default())),
        ("watched", Reply::Watched(Watched { placed, proof: b"a proof".to_vec(), log: Some(log) })),
        ("accepted", Reply::Accepted(Position(19))),
        ("blob-part", Reply::BlobPart(BlobPart { total: 4096, bytes: b"a part".to_vec() })),
        ("session", Reply::Session(Session { head: Seq(43), lost: true, keys_left, chain_index: 3, floor: Seq(0), sessions: 0 })),
        (
            "session-floor",
            Reply::Session(Session { head: Seq(43), lost: false, keys_left, chain_index: 3, floor: Seq(41), sessions: 0 }),
        ),
        (
            "session-counted",
            Reply::Session(Session { head: Seq(43), lost: false, keys_left, chain_index: 3, floor: Seq(41), sessions: 17 }),
        ),
        ("keys-left", Reply::KeysLeft(keys_left)),
    ]
}

pub(super) fn pushes() -> Vec<(&'static str, Push)> {
    let entry = MailboxEntry { seq: Seq(44), alias: AliasId([20; 16]), sealed: b"sealed".to_vec() };
    vec![("challenge", Push::Challenge([21; 32])), ("entries", Push::Entries(vec![entry]))]
}
