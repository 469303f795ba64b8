//! SECURITY.md, "records traffic until there is a quantum computer": every key agreement has an ML-KEM part.
//!
//! Every KeyPackage and Welcome that passes the server is taken apart byte by
//! byte; and a device's own KeyPackage of a classical suite, rightly signed, is
//! refused by whoever would add it.

use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey, KeyPackage, MlsGroup, MlsMessageOut,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::Serialize as _;
use waxseal_core::Event;
use waxseal_core::group::join::peek;
use waxseal_core::group::{Group, Identity, JoinError, OfferError, Suite, read_key_package};
use waxseal_core::output::Problem;
use waxseal_core::store::{Store, StoreError};
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::reply::{Accounts, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};

use crate::scene::{self, Listener};

/// X25519, AES-128-GCM, SHA-256, Ed25519: what every MLS program speaks (RFC 9420 §17.1).
const CLASSICAL: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// draft-ietf-mls-pq-ciphersuites: the two hybrids of X25519 and ML-KEM-768 with Ed25519.
const HYBRIDS: [u16; 2] = [0x004E, 0x004F];
/// draft-connolly-cfrg-xwing-kem: 1,184 bytes of ML-KEM-768 and 32 of X25519.
const PUBLIC_KEY: usize = 1_216;
/// The same: 1,088 bytes of ML-KEM-768 and 32 of X25519.
const KEM_OUTPUT: usize = 1_120;

/// Reads an MLSMessage by RFC 9420 alone, without the library that wrote it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    /// RFC 9420 §2.1.2: a length of 1, 2 or 4 bytes, then so many.
    fn vector(&mut self) -> &'a [u8] {
        let width = 1 << (self.0[0] >> 6);
        let length = self.take(width).iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        self.take(length & ((1 << (8 * width - 2)) - 1))
    }
}

/// What is wrong with an MLSMessage that holds a KeyPackage or a Welcome; `None` where its key agreement is hybrid.
fn classical(message: &[u8]) -> Option<String> {
    let mut reader = Reader(message);
    let (_mls10, format) = (reader.number(), reader.number());
    let (suite, size, right) = match format {
        // §10: version, cipher_suite, init_key.
        5 => {
            let _version = reader.number();
            (reader.number(), reader.vector().len(), PUBLIC_KEY)
        }
        // §12.4.3.1: cipher_suite, then for each new member a reference, kem_output, ciphertext.
        3 => {
            let suite = reader.number();
            let mut secrets = Reader(reader.vector());
            let _reference = secrets.vector();
            (suite, secrets.vector().len(), KEM_OUTPUT)
        }
        other => return Some(format!("wire format {other}")),
    };
    (!HYBRIDS.contains(&suite) || size != right).then(|| format!("suite {suite:#06x}, {size} bytes of key"))
}

fn key_packages(listener: &Listener) -> Vec<Vec<u8>> {
    let uploads = listener.requests.iter().filter_map(|request| match request {
        Request::Device(DeviceRequest::PublishKeys(publish)) => Some(&publish.key_packages),
        _ => None,
    });
    uploads.flatten().map(|upload| upload.key_package.clone()).collect()
}

/// The Welcome in what travels: its length in 4 bytes, the Welcome, the sealed tree where it is small.
fn unpacked(parcel: &[u8]) -> Vec<u8> {
    let mut reader = Reader(parcel);
    let length = u32::from_be_bytes(reader.take(4).try_into().unwrap());
    reader.take(length as usize).to_vec()
}

fn welcomes(listener: &Listener) -> Vec<Vec<u8>> {
    let sent = listener.requests.iter().filter_map(|request| match request {
        Request::Anonymous(AnonymousRequest::Found(found)) => Some(&found.welcomes),
        Request::Anonymous(AnonymousRequest::SubmitCommit(submit)) => Some(&submit.welcomes),
        _ => None,
    });
    sent.flatten().map(|welcomed| unpacked(&welcomed.welcome)).collect()
}

#[test]
fn every_key_agreement_has_an_ml_kem_part() {
    assert!(HYBRIDS.contains(&Suite::CURRENT.id()));
    let mut town = Town::new(8, Weather::CALM).unwrap();
    let listener = Listener::in_town(&mut town);
    scene::people(&mut town, &["anna", "bert", "carl"]);
    scene::group(&mut town, "bees");
    let listener = listener.lock().unwrap();
    let (offered, welcomes) = (key_packages(&listener), welcomes(&listener));
    assert!(offered.len() >= 6 && welcomes.len() >= 2, "{} {}", offered.len(), welcomes.len());
    assert_eq!(offered.iter().chain(&welcomes).filter_map(|bytes| classical(bytes)).collect::<Vec<_>>(), Vec::<String>::new());
    drop(listener);
    for house in 0..3 {
        let id = scene::group_of(&mut town, house, "bees");
        scene::look(town.houses[house].client(), |store| {
            let group = store.read(|tx| Ok::<_, StoreError>(Group::load(tx, &id).unwrap().unwrap())).unwrap();
            assert!(HYBRIDS.contains(&group.suite().id()));
        });
    }
}

/// A KeyPackage of a classical suite, signed by a device's own key as it should be.
fn classical_offer(provider: &OpenMlsRustCrypto, me: &Identity) -> KeyPackage {
    let bundle = KeyPackage::builder().leaf_node_capabilities(can()).build(CLASSICAL, provider, me, credential(me)).unwrap();
    bundle.into_key_package()
}

fn can() -> Capabilities {
    Capabilities::builder().ciphersuites(vec![CLASSICAL]).credentials(vec![CredentialType::Basic]).build()
}

fn credential(me: &Identity) -> CredentialWithKey {
    let name = [&me.account.0[..], &me.device.0[..]].concat();
    CredentialWithKey { credential: BasicCredential::new(name).into(), signature_key: me.public_key().0.to_vec().into() }
}

fn bytes(message: MlsMessageOut) -> Vec<u8> {
    message.tls_serialize_detached().unwrap()
}

/// Counter-proof of the checks above, and the refusals by type.
#[test]
fn classical_key_packages_and_welcomes_are_seen_and_refused() {
    let mut town = Town::new(9, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert"]);
    let (anna, bert) = (scene::identity(&mut town, 0), scene::identity(&mut town, 1));
    let provider = OpenMlsRustCrypto::default();
    let package = classical_offer(&provider, &bert);
    let offer = bytes(package.clone().into());
    assert_eq!(classical(&offer), Some("suite 0x0001, 32 bytes of key".into()));
    assert!(matches!(read_key_package(&offer), Err(OfferError::WrongSuite)));
    let mut group =
        MlsGroup::builder().ciphersuite(CLASSICAL).with_capabilities(can()).build(&provider, &anna, credential(&anna)).unwrap();
    let (_, welcome, _) = group.add_members(&provider, &anna, &[package]).unwrap();
    let welcome = bytes(welcome);
    assert_eq!(classical(&welcome), Some("suite 0x0001, 32 bytes of key".into()));
    let store = Store::open_in_memory().unwrap();
    let peeked = store.read(|tx| Ok::<_, StoreError>(peek(tx, &welcome))).unwrap();
    assert!(matches!(peeked, Err(JoinError::WrongSuite)));
}

/// Answers every look-up with the same KeyPackage.
struct Downgrade(Vec<u8>);

impl Tap for Downgrade {
    fn down(&mut self, _: usize, mut told: Told) -> Vec<Told> {
        if let Told::Reply(_, Reply::Accounts(Accounts { found, .. })) = &mut told {
            let offers = found.iter_mut().flat_map(|account| &mut account.key_packages);
            offers.for_each(|offer| offer.key_package = self.0.clone());
        }
        vec![told]
    }
}

#[test]
fn nobody_is_talked_down_to_a_classical_suite() {
    let mut town = Town::new(10, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert"]);
    let offer = bytes(classical_offer(&OpenMlsRustCrypto::default(), &scene::identity(&mut town, 1)).into());
    town.tap = Some(Box::new(Downgrade(offer)));
    town.plan(0, 0, Deed::Open("bert".into()));
    town.plan(1_000, 0, Deed::Found("bees".into(), vec!["bert".into()]));
    town.plan(5_000, 0, Deed::Say("bees".into(), "nobody may read this in thirty years".into()));
    town.run_for(10 * 60_000).unwrap();
    assert!(town.houses[0].told.contains(&Event::Failed { chat: None, problem: Problem::NoDevice }));
    assert_eq!(town.houses[1].client().chats().unwrap(), []);
    // Counter-proof: the server is honest again, and the same deeds reach Bert.
    let listener = Listener::in_town(&mut town);
    town.plan(0, 0, Deed::Open("bert".into()));
    town.run_for(5_000).unwrap();
    scene::say(&mut town, 0, "bert", "this may go");
    assert_eq!(scene::texts(&mut town, 1, "anna"), ["this may go"]);
    let welcomes = welcomes(&listener.lock().unwrap());
    assert!(!welcomes.is_empty() && welcomes.iter().all(|bytes| classical(bytes).is_none()));
}
