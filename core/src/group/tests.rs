//! What a hostile or foreign member could send, made with the library itself.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, ExternalSender, KeyPackageBuilder, LeafNodeParameters, Lifetime, MlsMessageBodyIn,
    MlsMessageIn, ProtocolVersion, RequiredCapabilitiesExtension, UnknownExtension,
};
use openmls::prelude::{Extension, Extensions, KeyPackage, MlsMessageOut};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tls_codec::Deserialize as _;
use waxseal_wire::id::{AccountId, DeviceId, Millis};

use super::*;
use crate::store::Store;

const NOW: Millis = Millis(1_790_000_000_000);
const ID: GroupId = GroupId([3; 16]);
const X_WING_128: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519;
const CLASSICAL: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

struct Device {
    store: Store,
    rng: ChaCha20Rng,
    me: Identity,
}

impl Device {
    fn new(seed: u8) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let me = Identity { account: AccountId([seed; 32]), device: DeviceId([seed; 16]), key: SigningKey::generate(&mut rng) };
        Self { store: Store::open_in_memory().unwrap(), rng, me }
    }

    /// A KeyPackage that may break our rules.
    fn foreign_offer(&mut self, suite: Ciphersuite, make: impl FnOnce(KeyPackageBuilder, Alias) -> KeyPackageBuilder) -> Vec<u8> {
        let Self { store, rng, me } = self;
        store
            .write(|tx| {
                let alias = Alias::random(rng);
                let provider = Provider::new(tx, rng, None);
                let ours = KeyPackage::builder()
                    .key_package_lifetime(suite::lifetime())
                    .leaf_node_capabilities(can(suite))
                    .leaf_node_extensions(suite::leaf(&alias.address())?);
                let bundle = make(ours, alias).build(suite, &provider, me, me.credential()).unwrap();
                Ok::<_, GroupError>(MlsMessageOut::from(bundle.into_key_package()).tls_serialize_detached().unwrap())
            })
            .unwrap()
    }

    /// Lets the library do what our own calls refuse to.
    fn hostile(&mut self, act: impl FnOnce(&mut MlsGroup, &Provider<'_>, &Identity) -> MlsMessageOut) -> Vec<u8> {
        let Self { store, rng, me } = self;
        store
            .write(|tx| {
                let mut group = Group::load(tx, &ID)?.unwrap();
                let provider = Provider::new(tx, rng, Some(ID));
                Ok::<_, GroupError>(act(&mut group.mls, &provider, me).tls_serialize_detached().unwrap())
            })
            .unwrap()
    }

    fn open(&mut self, envelope: &[u8]) -> Result<Opened, OpenError> {
        let Self { store, rng, .. } = self;
        store.write(|tx| Group::load(tx, &ID).unwrap().unwrap().open(tx, rng, envelope))
    }
}

fn can(suite: Ciphersuite) -> Capabilities {
    let ours = suite::capabilities(Suite::CURRENT);
    Capabilities::builder()
        .ciphersuites(vec![suite])
        .extensions(ours.extensions().to_vec())
        .credentials(vec![CredentialType::Basic])
        .build()
}

/// A group of two.
fn pair() -> (Device, Device) {
    let (mut one, mut two) = (Device::new(1), Device::new(2));
    let policy = Policy::new([0; 16], 0, "Bees".into(), BTreeSet::new(), false);
    let Device { store, rng, me } = &mut two;
    let alias = Alias::random(rng);
    let offer = store.write(|tx| make_key_package(tx, NOW, rng, me, &alias, false)).unwrap();
    let add = vec![read_key_package(&offer).unwrap()];
    let Device { store, rng, me } = &mut one;
    let pending = store
        .write(|tx| {
            let alias = Alias::random(rng);
            let mut group = Group::create(tx, rng, me, &alias, ID, &policy)?;
            let pending = group.commit(tx, rng, me, Change { add, ..Change::default() })?;
            group.merge_pending(tx)?;
            Ok::<_, GroupError>(pending)
        })
        .unwrap();
    let Device { store, rng, me } = &mut two;
    store.write(|tx| join::join(tx, rng, me, &pending.welcomes[0].welcome, &pending.tree.as_ref().unwrap().bytes)).unwrap();
    (one, two)
}

#[test]
fn an_address_that_everybody_can_agree_with_is_refused() {
    let offer = Device::new(1).foreign_offer(Suite::CURRENT.library(), |ours, alias| {
        let mut bytes = alias.address().to_bytes();
        bytes[16..48].fill(0);
        let weak = Extension::Unknown(suite::ALIAS, UnknownExtension(bytes.to_vec()));
        ours.leaf_node_extensions(Extensions::from_vec(vec![weak]).unwrap())
    });
    assert!(matches!(read_key_package(&offer), Err(OfferError::Credential)));
}

#[test]
fn key_packages_of_other_suites_are_refused() {
    for suite in [X_WING_128, CLASSICAL] {
        let offer = Device::new(1).foreign_offer(suite, |ours, _| ours);
        assert!(matches!(read_key_package(&offer), Err(OfferError::WrongSuite)));
    }
}

#[test]
fn welcomes_of_other_suites_are_refused() {
    let (mut founder, mut joiner) = (Device::new(1), Device::new(2));
    let offer = joiner.foreign_offer(CLASSICAL, |ours, _| ours);
    let MlsMessageBodyIn::KeyPackage(package) = MlsMessageIn::tls_deserialize_exact(&offer).unwrap().extract() else {
        panic!("no KeyPackage")
    };
    let package = package.validate(&*CRYPTO, ProtocolVersion::Mls10).unwrap();
    let Device { store, rng, me } = &mut founder;
    let welcome = store
        .write(|tx| {
            let provider = Provider::new(tx, rng, Some(ID));
            let mut group = MlsGroup::builder()
                .ciphersuite(CLASSICAL)
                .with_capabilities(can(CLASSICAL))
                .build(&provider, me, me.credential())
                .unwrap();
            let (_, welcome, _) = group.add_members(&provider, me, &[package]).unwrap();
            Ok::<_, GroupError>(welcome.tls_serialize_detached().unwrap())
        })
        .unwrap();
    assert!(matches!(joiner.store.write(|tx| join::peek(tx, &welcome)), Err(JoinError::WrongSuite)));
}

#[test]
fn key_packages_that_break_our_rules_are_refused() {
    let suite = Suite::CURRENT.library();
    let limited = Device::new(1).foreign_offer(suite, |ours, _| ours.key_package_lifetime(Lifetime::init(0, 1 << 40)));
    assert!(matches!(read_key_package(&limited), Err(OfferError::Lifetime)));
    let nowhere = Device::new(1).foreign_offer(suite, |ours, _| ours.leaf_node_extensions(Extensions::empty()));
    assert!(matches!(read_key_package(&nowhere), Err(OfferError::NoAlias)));
    let old = Device::new(1).foreign_offer(suite, |ours, _| {
        let few = Capabilities::builder().ciphersuites(vec![suite]).extensions(vec![suite::ALIAS.into()]).build();
        ours.leaf_node_capabilities(few)
    });
    assert!(matches!(read_key_package(&old), Err(OfferError::Incapable)));
    let mut stranger = Device::new(1);
    stranger.me.device = DeviceId([0; 16]);
    let short = stranger.foreign_offer(suite, |ours, _| {
        ours.leaf_node_extensions(Extensions::single(Extension::Unknown(suite::ALIAS, UnknownExtension(vec![1; 79]))).unwrap())
    });
    assert!(matches!(read_key_package(&short), Err(OfferError::Credential)));
}

#[test]
fn standalone_proposals_are_refused_and_stop_nobody() {
    let (mut one, mut two) = pair();
    let leave = two.hostile(|group, provider, me| group.leave_group(provider, me).unwrap());
    assert!(matches!(one.open(&leave), Err(OpenError::Forbidden)));
    let Device { store, rng, me } = &mut one;
    store.write(|tx| Group::load(tx, &ID)?.unwrap().seal(tx, rng, me, b"still talking")).unwrap();
}

#[test]
fn a_commit_that_drops_or_garbles_the_policy_is_refused() {
    let (mut one, mut two) = pair();
    let contexts: [Vec<Extension>; 3] = [
        vec![],
        vec![Extension::Unknown(suite::POLICY, UnknownExtension(b"no policy".to_vec()))],
        vec![
            Extension::Unknown(suite::POLICY, UnknownExtension(b"no policy".to_vec())),
            Extension::ExternalSenders(vec![ExternalSender::new(vec![1; 32].into(), one.me.credential().credential)]),
        ],
    ];
    for extensions in contexts {
        let required = RequiredCapabilitiesExtension::new(
            &suite::capabilities(Suite::CURRENT).extensions()[..8],
            &[],
            &[CredentialType::Basic],
        );
        let context = [vec![Extension::RequiredCapabilities(required)], extensions].concat();
        let commit = two.hostile(|group, provider, me| {
            let commit = group.update_group_context_extensions(provider, Extensions::from_vec(context).unwrap(), me).unwrap().0;
            group.clear_pending_commit(provider.storage()).unwrap();
            commit
        });
        assert!(matches!(one.open(&commit), Err(OpenError::Forbidden)));
    }
}

#[test]
fn a_commit_that_takes_its_makers_alias_away_is_refused() {
    let (mut one, mut two) = pair();
    let commit = two.hostile(|group, provider, me| {
        let bare = LeafNodeParameters::builder().with_extensions(Extensions::empty()).build();
        let commit = group.self_update(provider, me, bare).unwrap().into_commit();
        group.clear_pending_commit(provider.storage()).unwrap();
        commit
    });
    assert!(matches!(one.open(&commit), Err(OpenError::Forbidden)));
}

#[test]
fn a_commit_by_reference_is_refused() {
    let (mut one, mut two) = pair();
    let commit = two.hostile(|group, provider, me| {
        group.propose_remove_member(provider, me, LeafNodeIndex::new(0)).unwrap();
        let commit = group.commit_to_pending_proposals(provider, me).unwrap().0;
        group.clear_pending_commit(provider.storage()).unwrap();
        group.clear_pending_proposals(provider.storage()).unwrap();
        commit
    });
    // The library lacks the proposal, which was refused: the Commit is invalid, and changes nothing.
    assert!(matches!(one.open(&commit), Err(OpenError::Invalid(_) | OpenError::Forbidden)));
}

#[test]
fn a_group_can_be_sent_to_another_thread() {
    fn sendable<T: Send>() {}
    sendable::<Group>();
    sendable::<StagedChange>();
}
