//! KeyPackages, aliases and blobs.

use waxseal_server::store::Store;
use waxseal_wire::id::BlobId;
use waxseal_wire::limits;
use waxseal_wire::reply::{BlobPart, DeviceKeyPackage, KeysLeft, Refusal, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, DeviceRequest, FetchBlob, Lookup, PublishKeys, PutBlob};

use crate::town::{Device, Town, refused};

fn take<S: Store>(town: &mut Town<S>, device: &Device) -> Option<DeviceKeyPackage> {
    let lookup = Lookup { who: vec![AccountRef::Name(device.name.clone())], key_packages: true };
    match town.answer(AnonymousRequest::Lookup(lookup)) {
        Reply::Accounts(mut found) => found.remove(0).key_packages.pop(),
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
