//! Registration, chains, devices.

use ed25519_dalek::SigningKey;
use waxseal_server::policy::{Policy, Registration};
use waxseal_server::store::Store;
use waxseal_wire::chain::{Chain, sign};
use waxseal_wire::frame::encode_reply;
use waxseal_wire::id::{IdempotencyKey, Millis, Position, RequestId, Seq};
use waxseal_wire::limits;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, Accounts, Refusal, Reply};
use waxseal_wire::request::{
    AccountRef, AnonymousRequest, Authenticate, DeviceRequest, Lookup, Register, authenticate_bytes, close_bytes,
};

use crate::town::{DAY, Device, NOON, Town, refused};

fn register<S: Store>(town: &mut Town<S>, register: &Register) -> Reply {
    town.answer(AnonymousRequest::Register(Box::new(register.clone())))
}

fn find<S: Store>(town: &mut Town<S>, who: AccountRef) -> AccountFound {
    match town.answer(AnonymousRequest::Lookup(Lookup { who: vec![who], key_packages: false, seen: None })) {
        Reply::Accounts(mut accounts) => accounts.found.remove(0),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn a_name_is_given_once<S: Store>(store: S) {
    let mut town = Town::new(store);
    let alice = town.settle("ann1");
    for name in ["ann1", "annl", "anni"] {
        let (_, again) = town.newcomer(name);
        let same = again.name.skeleton() == alice.name.skeleton();
        assert_eq!(register(&mut town, &again), if same { refused(Refusal::Taken) } else { Reply::Done }, "{name}");
    }
    let found = find(&mut town, AccountRef::Name(alice.name.clone()));
    assert_eq!((found.name.as_str(), found.chain.as_slice()), ("ann1", alice.chain.records()));
    assert_eq!(find(&mut town, AccountRef::Id(alice.chain.account())), found);
    let nobody = find(&mut town, AccountRef::Name(AccountName::parse("nobody").unwrap()));
    assert_eq!((nobody.name.as_str(), nobody.chain.len(), nobody.proof.is_empty()), ("", 0, false), "that there is none is proven");
}

pub(crate) fn a_registration_repeated_is_done_once<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (_, first) = town.newcomer("alice");
    assert_eq!(register(&mut town, &first), Reply::Done);
    assert_eq!(register(&mut town, &first), Reply::Done);
    let mut later = first.clone();
    later.idempotency_key = IdempotencyKey::random(&mut town.rng);
    assert_eq!(register(&mut town, &later), refused(Refusal::Taken));
    let (_, mut other) = town.newcomer("bob");
    other.idempotency_key = first.idempotency_key;
    assert_eq!(register(&mut town, &other), refused(Refusal::ReusedKey));
}

pub(crate) fn a_registration_signed_by_another_is_refused<S: Store>(store: S) {
    let mut town = Town::new(store);
    let (_, good) = town.newcomer("alice");
    let (_, other) = town.newcomer("mallory");
    assert_eq!(register(&mut town, &Register { signature: other.signature, ..good.clone() }), refused(Refusal::NotAllowed));
    assert_eq!(register(&mut town, &Register { name: other.name, ..good.clone() }), refused(Refusal::NotAllowed));
    let mut broken = good.clone();
    broken.record.signature.0[5] ^= 1;
    assert_eq!(register(&mut town, &broken), refused(Refusal::NotAllowed));
    let mut empty = good.clone();
    empty.record.body = vec![0xff];
    assert_eq!(register(&mut town, &empty), refused(Refusal::Malformed));
    assert_eq!(register(&mut town, &good), Reply::Done);
}

pub(crate) fn an_invitation_is_good_as_often_as_it_says_and_no_longer<S: Store>(store: S) {
    let mut town = Town::under(Policy { registration: Registration::Invite, ..Policy::unlimited() }, store);
    let code = town.roles.invite(NOON, &mut town.rng, 2, 3).unwrap();
    let expiring = town.roles.invite(NOON, &mut town.rng, 5, 3).unwrap();
    let with = |town: &mut Town<S>, name: &str, code: &str| {
        let (_, request) = town.newcomer(name);
        register(town, &Register { invite: code.to_owned(), ..request })
    };
    assert_eq!(with(&mut town, "alice", ""), refused(Refusal::NotAllowed));
    assert_eq!(with(&mut town, "alice", &code[1..]), refused(Refusal::NotAllowed));
    assert_eq!(with(&mut town, "alice", &code), Reply::Done);
    assert_eq!(with(&mut town, "bob", &format!(" {} ", code.to_uppercase())), Reply::Done, "people copy codes by hand");
    assert_eq!(with(&mut town, "carol", &code), refused(Refusal::NotAllowed));
    town.now = Millis(NOON.0 + 3 * DAY);
    assert_eq!(with(&mut town, "carol", &expiring), Reply::Done);
    town.now = Millis(NOON.0 + 4 * DAY);
    assert_eq!(with(&mut town, "dave", &expiring), refused(Refusal::NotAllowed));
}

pub(crate) fn a_refused_registration_leaves_the_invitation_good<S: Store>(store: S) {
    let mut town = Town::under(Policy { registration: Registration::Invite, ..Policy::unlimited() }, store);
    let [first, second] = [1, 1].map(|uses| town.roles.invite(NOON, &mut town.rng, uses, 1).unwrap());
    let mut with = |name: &str, code: &str| {
        let (_, request) = town.newcomer(name);
        register(&mut town, &Register { invite: code.to_owned(), ..request })
    };
    assert_eq!(with("alice", &first), Reply::Done);
    assert_eq!(with("alice", &second), refused(Refusal::Taken));
    assert_eq!(with("bob", &second), Reply::Done);
}

pub(crate) fn a_device_proves_itself_with_its_own_key_alone<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut alice, bob] = town.settle_all(["alice", "bob"]);
    let session = town.session(&mut alice);
    assert_eq!(session.floor, Seq(0));
    assert_eq!((session.head, session.lost, session.chain_index, session.keys_left.one_time), (Seq(0), false, 0, 0));
    let (account, device) = (alice.chain.account(), alice.entry.id);
    let signed = |key: &SigningKey, nonce: &[u8; 32]| sign(key, &authenticate_bytes(nonce, &account, &device));
    let mut ask = |nonce, signature| town.roles.authenticate(NOON, nonce, &Authenticate { account, device, signature });
    assert!(ask(&[1; 32], signed(&alice.key, &[1; 32])).is_ok());
    assert_eq!(ask(&[2; 32], signed(&alice.key, &[1; 32])), Err(Refusal::NotAllowed), "an old answer to a new challenge");
    assert_eq!(ask(&[1; 32], signed(&bob.key, &[1; 32])), Err(Refusal::NotAllowed));
    assert_eq!(ask(&[1; 32], signed(&alice.recovery, &[1; 32])), Err(Refusal::NotAllowed));
}

pub(crate) fn the_highest_number_of_a_session_is_told_in_the_next<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut alice, mut bob] = town.settle_all(["alice", "bob"]);
    assert_eq!(town.session(&mut alice).sessions, 0);
    for (number, highest) in [(1, 1), (4, 4), (2, 4), (u64::MAX, i64::MAX as u64)] {
        assert_eq!(town.ask_as(&alice, DeviceRequest::Begin(number)).reply, Some(Reply::Done));
        assert_eq!(town.session(&mut alice).sessions, highest);
    }
    assert_eq!(town.session(&mut bob).sessions, 0, "of each device for itself");
}

/// Adds a device to an account, and proves it.
fn link<S: Store>(town: &mut Town<S>, by: &mut Device) -> Device {
    let key = SigningKey::generate(&mut town.rng);
    let entry = town.entry(&key);
    let record = by.chain.next([by.chain.devices(), &[entry]].concat(), Some(by.entry.id), &by.key).unwrap();
    assert_eq!(town.ask_as(by, DeviceRequest::AppendRecord(record.clone())).reply, Some(Reply::Done));
    by.chain.append(&record).unwrap();
    let (name, chain, recovery) = (by.name.clone(), by.chain.clone(), by.recovery.clone());
    let mut device = Device { name, chain, entry, key, recovery, keys: Default::default(), proven: None };
    town.session(&mut device);
    device
}

pub(crate) fn a_chain_grows_only_at_its_end<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut phone = town.settle("alice");
    let (root, stranger) = (phone.chain.clone(), SigningKey::generate(&mut town.rng));
    let tablet = link(&mut town, &mut phone);
    assert_eq!(town.session(&mut phone).chain_index, 1);
    let append = |town: &mut Town<S>, record: &waxseal_wire::chain::SignedRecord| {
        town.ask_as(&phone, DeviceRequest::AppendRecord(record.clone())).reply
    };
    // The same again is done already; another one in its place comes too late.
    assert_eq!(append(&mut town, &phone.chain.records()[1]), Some(Reply::Done));
    let late = root.next(vec![phone.entry], Some(phone.entry.id), &phone.key).unwrap();
    assert_eq!(append(&mut town, &late), Some(refused(Refusal::StaleChain)));
    let mut forged = phone.chain.next(vec![tablet.entry], Some(tablet.entry.id), &tablet.key).unwrap();
    forged.signature = sign(&stranger, &forged.body);
    assert_eq!(append(&mut town, &forged), Some(refused(Refusal::NotAllowed)));
    let found = find(&mut town, AccountRef::Name(phone.name.clone()));
    assert_eq!(found.chain, phone.chain.records());
}

pub(crate) fn a_chain_that_would_not_fit_an_answer_grows_no_more<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut phone = town.settle("alice");
    let keys: Vec<_> = (1..limits::DEVICES).map(|_| SigningKey::generate(&mut town.rng)).collect();
    let many: Vec<_> = [phone.entry].into_iter().chain(keys.iter().map(|key| town.entry(key))).collect();
    town.roles.store().begin().unwrap();
    let bytes = |chain: &Chain| chain.records().iter().map(|record| record.body.len()).sum::<usize>();
    let refused_at = loop {
        let record = phone.chain.next(many.clone(), Some(phone.entry.id), &phone.key).unwrap();
        match town.ask_as(&phone, DeviceRequest::AppendRecord(record.clone())).reply {
            Some(Reply::Done) => phone.chain.append(&record).unwrap(),
            other => {
                assert_eq!(other, Some(refused(Refusal::TooLarge)));
                break bytes(&phone.chain) + record.body.len();
            }
        }
    };
    town.roles.store().persist().unwrap();
    assert!(bytes(&phone.chain) <= limits::CHAIN_BYTES && refused_at > limits::CHAIN_BYTES);
    let found = find(&mut town, AccountRef::Name(phone.name.clone()));
    assert!(
        encode_reply(RequestId(1), &Reply::Accounts(Accounts { found: vec![found], ..Accounts::default() })).len()
            < limits::FRAME / 2
    );
}

pub(crate) fn a_removed_device_loses_everything<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut phone, mut bob] = town.settle_all(["alice", "bob"]);
    let mut tablet = link(&mut town, &mut phone);
    let circle = town.found(&mut [&mut bob, &mut phone, &mut tablet]);
    let upload = town.upload(&mut tablet, b"package", true);
    town.publish(&tablet, vec![upload]);
    let record = phone.chain.next(vec![phone.entry], Some(phone.entry.id), &phone.key).unwrap();
    let outcome = town.ask_as(&phone, DeviceRequest::AppendRecord(record));
    assert_eq!((outcome.reply, outcome.closes), (Some(Reply::Done), vec![tablet.proven.unwrap().mailbox()]));

    assert_eq!(town.prove(&tablet), Err(Refusal::NotAllowed));
    let gone = tablet.proven.unwrap();
    assert_eq!(town.roles.entries(&gone, Seq(0), 10, 1000), Err(Refusal::WrongDoor));
    for request in [
        DeviceRequest::Ack(Seq(1)),
        DeviceRequest::PublishKeys(Default::default()),
        DeviceRequest::DropAlias(vec![]),
        DeviceRequest::AppendRecord(tablet.chain.records()[0].clone()),
        DeviceRequest::CloseAccount(sign(&tablet.key, &close_bytes(&tablet.chain.account()))),
    ] {
        assert_eq!(town.ask_as(&tablet, request).reply, Some(refused(Refusal::WrongDoor)));
    }
    let lookup = Lookup { who: vec![AccountRef::Name(phone.name.clone())], key_packages: true, seen: None };
    let Reply::Accounts(Accounts { found, .. }) = town.answer(AnonymousRequest::Lookup(lookup)) else { panic!() };
    assert_eq!(found[0].key_packages, []);
    // Nobody else notices.
    assert_eq!(town.say(&circle, &bob, circle.aliases[0], b"hello"), Reply::Accepted(Position(2)));
    assert_eq!(town.order(&phone).len(), 3);
    let subject = town.roles.subject(&phone.name).unwrap().unwrap();
    assert_eq!((subject.devices.len(), subject.chain.len()), (1, 3));
}

pub(crate) fn a_closed_account_is_gone_and_its_name_stays_taken<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut phone = town.settle("alice");
    let tablet = link(&mut town, &mut phone);
    let closing = close_bytes(&phone.chain.account());
    let wrong = town.ask_as(&phone, DeviceRequest::CloseAccount(sign(&phone.recovery, &closing)));
    assert_eq!(wrong.reply, Some(refused(Refusal::NotAllowed)));
    let outcome = town.ask_as(&phone, DeviceRequest::CloseAccount(sign(&phone.key, &closing)));
    assert_eq!(outcome.reply, Some(Reply::Done));
    assert_eq!(outcome.closes, [phone.proven.unwrap().mailbox(), tablet.proven.unwrap().mailbox()]);
    let gone = find(&mut town, AccountRef::Name(phone.name.clone()));
    assert_eq!((gone.name.as_str(), gone.chain.len(), gone.proof.is_empty()), ("", 0, false), "that it was closed is proven");
    assert_eq!(town.roles.subject(&phone.name).unwrap(), None);
    assert_eq!((town.prove(&phone), town.prove(&tablet)), (Err(Refusal::NotAllowed), Err(Refusal::NotAllowed)));
    let (_, again) = town.newcomer("alice");
    assert_eq!(register(&mut town, &again), refused(Refusal::Taken));
}
