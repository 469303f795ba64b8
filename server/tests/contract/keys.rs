//! KeyPackages, aliases and blobs.

use ed25519_dalek::SigningKey;
use waxseal_server::store::Store;
use waxseal_wire::frame::encode_reply;
use waxseal_wire::id::{BlobId, RequestId};
use waxseal_wire::limits;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{Accounts, BlobPart, DeviceKeyPackage, KeysLeft, Refusal, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, DeviceRequest, FetchBlob, Lookup, PublishKeys, PutBlob};

use crate::town::{Device, Town, refused};

fn take<S: Store>(town: &mut Town<S>, device: &Device) -> Option<DeviceKeyPackage> {
    let lookup = Lookup { who: vec![AccountRef::Name(device.name.clone())], key_packages: true, seen: None };
    match town.answer(AnonymousRequest::Lookup(lookup)) {
        Reply::Accounts(mut accounts) => accounts.found.remove(0).key_packages.pop(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn a_key_package_is_handed_out_once_and_the_last_resort_always<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut alice = town.settle("alice");
    assert_eq!(take(&mut town, &alice), None);
    let uploads = [(b"one", false), (b"two", false), (b"end", true)].map(|(bytes, last)| town.upload(&mut alice, bytes, last));
    let left = town.publish(&alice, uploads.to_vec());
    assert_eq!((left.one_time, left.last_resort), (2, true));
    let given =
        |bytes: &[u8], last_resort| Some(DeviceKeyPackage { device: alice.entry.id, key_package: bytes.to_vec(), last_resort });
    assert_eq!(take(&mut town, &alice), given(b"one", false));
    assert_eq!(take(&mut town, &alice), given(b"two", false));
    assert_eq!(take(&mut town, &alice), given(b"end", true));
    assert_eq!(take(&mut town, &alice), given(b"end", true));
    let newer = town.upload(&mut alice, b"new", true);
    assert_eq!(town.publish(&alice, vec![newer]).one_time, 0);
    assert_eq!(take(&mut town, &alice).unwrap().key_package, b"new");
}

pub(crate) fn an_upload_repeated_adds_nothing<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut alice = town.settle("alice");
    let uploads = vec![town.upload(&mut alice, b"one", false), town.upload(&mut alice, b"end", true)];
    town.publish(&alice, uploads.clone());
    assert_eq!(town.publish(&alice, uploads.clone()).one_time, 1);
    take(&mut town, &alice);
    let left = town.publish(&alice, uploads);
    assert_eq!((left.one_time, left.last_resort), (0, true), "what was handed out is not offered again");
}

pub(crate) fn key_packages_taken_back_are_not_handed_out<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut alice = town.settle("alice");
    let old = [(b"one", false), (b"two", false), (b"end", true)].map(|(bytes, last)| town.upload(&mut alice, bytes, last));
    town.publish(&alice, old.to_vec());
    let fresh = [(b"new", false), (b"END", true)].map(|(bytes, last)| town.upload(&mut alice, bytes, last));
    let anew = PublishKeys { key_packages: fresh.to_vec(), replace: true, ..PublishKeys::default() };
    for _ in 0..2 {
        // A reply that was lost: the same again changes nothing.
        let reply = town.ask_as(&alice, DeviceRequest::PublishKeys(anew.clone())).reply;
        assert_eq!(reply, Some(Reply::KeysLeft(KeysLeft { one_time: 1, last_resort: true })));
    }
    assert_eq!(take(&mut town, &alice).unwrap().key_package, b"new");
    assert_eq!(take(&mut town, &alice).unwrap().key_package, b"END");
    // Who was given one of the old ones may still reach the device by its alias.
    let subject = town.roles.subject(&alice.name).unwrap().unwrap();
    assert_eq!(subject.devices[0].aliases.len(), 5);
}

pub(crate) fn a_look_up_is_answered_as_far_as_a_frame_goes<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut alice = town.settle("alice");
    let more = (1..limits::DEVICES).map(|_| SigningKey::generate(&mut town.rng)).collect::<Vec<_>>();
    let entries = [alice.entry].into_iter().chain(more.iter().map(|key| town.entry(key))).collect::<Vec<_>>();
    let record = alice.chain.next(entries.clone(), Some(alice.entry.id), &alice.key).unwrap();
    assert_eq!(town.ask_as(&alice, DeviceRequest::AppendRecord(record.clone())).reply, Some(Reply::Done));
    alice.chain.append(&record).unwrap();
    let keys = [alice.key.clone()].into_iter().chain(more);
    for (entry, key) in entries.into_iter().zip(keys) {
        let mut device = Device { entry, key, keys: Default::default(), proven: None, ..alice.clone() };
        town.session(&mut device);
        let uploads = vec![
            town.upload(&mut device, &vec![1; limits::KEY_PACKAGE], false),
            town.upload(&mut device, &vec![2; limits::KEY_PACKAGE], true),
        ];
        town.publish(&device, uploads);
    }
    // The same account again and again: the largest answer that can be asked for.
    let mut who = vec![AccountRef::Name(alice.name.clone()); limits::LOOKUP];
    who.insert(1, AccountRef::Name(AccountName::parse("nobody").unwrap()));
    who.pop();
    let mut answered = 0;
    let mut one_time = 0;
    while answered < limits::LOOKUP {
        let rest = Lookup { who: who[answered..].to_vec(), key_packages: true, seen: None };
        let reply = town.answer(AnonymousRequest::Lookup(rest));
        let size = encode_reply(RequestId(u64::MAX), &reply).len();
        let Reply::Accounts(Accounts { found, .. }) = reply else { panic!("{reply:?}") };
        assert!(size <= limits::FRAME, "{size} bytes for {} accounts", found.len());
        assert!(size > limits::FRAME / 2 || answered + found.len() == limits::LOOKUP, "room is used: {size}");
        for (one, asked) in found.iter().zip(&who[answered..]) {
            let is_alice = *asked == AccountRef::Name(alice.name.clone());
            assert_eq!(one.key_packages.len(), if is_alice { limits::DEVICES } else { 0 });
            one_time += one.key_packages.iter().filter(|key_package| !key_package.last_resort).count();
        }
        answered += found.len();
    }
    assert_eq!((answered, one_time), (limits::LOOKUP, limits::DEVICES), "what was taken has arrived");
}

pub(crate) fn the_newest_key_packages_are_kept<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut alice = town.settle("alice");
    for round in 0..2u8 {
        let uploads: Vec<_> = (0..100).map(|i| town.upload(&mut alice, &[round, i], false)).collect();
        town.publish(&alice, uploads);
    }
    let subject = town.roles.subject(&alice.name).unwrap().unwrap();
    let device = &subject.devices[0];
    assert_eq!((device.key_packages.len(), device.aliases.len()), (limits::KEY_PACKAGES, limits::KEY_PACKAGES));
    assert_eq!(take(&mut town, &alice).unwrap().key_package, [0, 72]);
}

pub(crate) fn an_alias_belongs_to_one_device<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut alice, mut bob] = town.settle_all(["alice", "bob"]);
    let alias = town.alias(&mut alice);
    let spare = town.new_alias(&mut bob);
    let steal = PublishKeys { aliases: vec![spare, alias], ..Default::default() };
    assert_eq!(town.ask_as(&bob, DeviceRequest::PublishKeys(steal)).reply, Some(refused(Refusal::Taken)));
    let subject = town.roles.subject(&bob.name).unwrap().unwrap();
    assert!(subject.devices[0].aliases.is_empty(), "a refused upload leaves nothing behind");
}

fn put<S: Store>(town: &mut Town<S>, blob: BlobId, offset: u64, total: u64, bytes: &[u8]) -> Reply {
    town.answer(AnonymousRequest::PutBlob(PutBlob { blob, offset, total, bytes: bytes.to_vec() }))
}

fn fetch<S: Store>(town: &mut Town<S>, blob: BlobId, offset: u64) -> Reply {
    town.answer(AnonymousRequest::FetchBlob(FetchBlob { blob, offset }))
}

pub(crate) fn a_blob_comes_back_part_by_part<S: Store>(store: S) {
    let mut town = Town::new(store);
    let blob = BlobId([5; 32]);
    assert_eq!(fetch(&mut town, blob, 0), refused(Refusal::Unknown));
    assert_eq!(put(&mut town, blob, 0, 7, b"seal"), Reply::Done);
    assert_eq!(fetch(&mut town, blob, 0), refused(Refusal::Unknown), "half a blob is none");
    assert_eq!(put(&mut town, blob, 4, 7, b"wax"), Reply::Done);
    let part = |bytes: &[u8]| Reply::BlobPart(BlobPart { total: 7, bytes: bytes.to_vec() });
    assert_eq!(fetch(&mut town, blob, 0), part(b"seal"));
    assert_eq!(fetch(&mut town, blob, 2), part(b"al"));
    assert_eq!(fetch(&mut town, blob, 4), part(b"wax"));
    assert_eq!(fetch(&mut town, blob, 7), refused(Refusal::Unknown));
    assert_eq!(fetch(&mut town, blob, u64::MAX), refused(Refusal::Unknown));
}

pub(crate) fn a_blob_takes_its_parts_in_order_and_never_others<S: Store>(store: S) {
    let mut town = Town::new(store);
    let blob = BlobId([6; 32]);
    assert_eq!(put(&mut town, blob, 4, 8, b"late"), refused(Refusal::NotAllowed));
    assert_eq!(put(&mut town, blob, 0, 8, b"seal"), Reply::Done);
    assert_eq!(put(&mut town, blob, 0, 8, b"seal"), Reply::Done);
    assert_eq!(put(&mut town, blob, 0, 8, b"fake"), refused(Refusal::Taken));
    assert_eq!(put(&mut town, blob, 2, 8, b"al"), refused(Refusal::Taken));
    assert_eq!(put(&mut town, blob, 4, 9, b"xxxxx"), refused(Refusal::Taken));
    assert_eq!(put(&mut town, blob, 5, 8, b"xxx"), refused(Refusal::NotAllowed));
    assert_eq!(put(&mut town, blob, 4, 8, b"wax!"), Reply::Done);
    assert_eq!(put(&mut town, blob, 8, 8, b"more"), refused(Refusal::TooLarge));
}
