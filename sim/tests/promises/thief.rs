//! Somebody with a copy of a device's whole state, and with recorded mailbox entries.
//!
//! Uses the copy as well as the client itself could: opens what opens, follows
//! every Commit that lets itself be followed, and keeps every key it comes to.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_core::content::{Body, Content};
use waxseal_core::group::{self, Alias, Group, OpenError, Opened, join};
use waxseal_core::store::{Store, StoreError};
use waxseal_sim::town::Town;
use waxseal_wire::id::{Epoch, GroupId, IdempotencyKey};
use waxseal_wire::key::DeliveryKey;
use waxseal_wire::reply::{MailboxEntry, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Lent, Request, SubmitMessage};
use waxseal_wire::seal::{Delivered, Kind, open_roster};

use crate::scene::{self, Listener};

/// See the module.
pub(crate) struct Thief {
    store: Store,
    rng: ChaCha20Rng,
}

/// What came of one entry.
#[derive(Debug)]
pub(crate) enum Booty {
    /// No key for the mailbox entry, or it is a Welcome.
    Sealed,
    /// Words.
    Text(String),
    /// A message without words: receipts and the like.
    Wordless,
    /// A Commit that could be followed.
    Followed,
    /// It did not open.
    Refused(OpenError),
}

impl Thief {
    pub(crate) fn with(store: Store) -> Self {
        Self { store, rng: ChaCha20Rng::seed_from_u64(13) }
    }

    /// Tries every entry in order.
    pub(crate) fn try_all(&mut self, entries: &[MailboxEntry]) -> Vec<Booty> {
        entries.iter().map(|entry| self.try_one(entry)).collect()
    }

    fn try_one(&mut self, entry: &MailboxEntry) -> Booty {
        let own = self.store.read(|tx| group::find_alias(tx, &entry.alias)).unwrap();
        let Some(own) = own else { return Booty::Sealed };
        match Delivered::open(&entry.sealed, &entry.alias, &own.alias.seal_secret) {
            Ok(delivered) if delivered.kind != Kind::Welcome => self.try_inside(&delivered.group, &delivered.envelope),
            _ => Booty::Sealed,
        }
    }

    /// Tries what lies inside a mailbox entry.
    pub(crate) fn try_inside(&mut self, id: &GroupId, envelope: &[u8]) -> Booty {
        let Self { store, rng } = self;
        let tried = store.write(|tx| {
            let Some(mut group) = Group::load(tx, id).unwrap() else { return Err(OpenError::NotMember) };
            match group.open(tx, rng, envelope)? {
                Opened::Message { plaintext, .. } => Ok(match Content::from_padded(&plaintext).unwrap().body {
                    Body::Text(text) => Booty::Text(text),
                    _ => Booty::Wordless,
                }),
                Opened::Commit(change) => {
                    group.accept(tx, *change).unwrap();
                    Ok(Booty::Followed)
                }
                Opened::Own | Opened::OwnCommit => Ok(Booty::Wordless),
            }
        });
        tried.unwrap_or_else(Booty::Refused)
    }

    /// How many of these Welcomes the copy opens.
    pub(crate) fn opens(&mut self, welcomes: &[Vec<u8>]) -> usize {
        let opens = |parcel: &&Vec<u8>| {
            let length = u32::from_be_bytes(*parcel.first_chunk().unwrap()) as usize;
            self.store.read(|tx| join::peek(tx, &parcel[4..4 + length])).is_ok()
        };
        welcomes.iter().filter(opens).count()
    }

    /// The newest delivery key that the copy leads to; `None` where it says itself that it is out.
    pub(crate) fn delivery_key(&mut self, id: &GroupId) -> Option<(Epoch, DeliveryKey)> {
        let group = self.store.read(|tx| Ok::<_, StoreError>(Group::load(tx, id).unwrap())).unwrap()?;
        Some((group.epoch(), group.delivery_key().ok()?))
    }

    /// The device's addresses in the group, with their keys.
    pub(crate) fn aliases(&mut self, id: &GroupId) -> Vec<Alias> {
        self.store
            .read(|tx| {
                let all = group::aliases_of(tx, id)?;
                all.iter().map(|alias| Ok(group::find_alias(tx, alias)?.unwrap().alias)).collect::<Result<_, StoreError>>()
            })
            .unwrap()
    }

    /// A submit with the best keys there are, said to be of `epoch`.
    pub(crate) fn forged(&mut self, id: &GroupId, epoch: Epoch, delivery_key: DeliveryKey) -> AnonymousRequest {
        let alias = self.aliases(id).pop().unwrap();
        AnonymousRequest::SubmitMessage(Box::new(SubmitMessage {
            lent: Lent {
                group: *id,
                epoch,
                delivery_key,
                from: alias.alias,
                post_key: alias.post_key,
                idempotency_key: IdempotencyKey::random(&mut self.rng),
            },
            envelope: vec![0; 400],
        }))
    }
}

/// What a copy is still good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Opens what was said later.
    Reads,
    /// Has the delivery key that is in use.
    HasTheKey,
    /// The server takes what it submits.
    Posts,
    /// Opens the roster on the server's disk.
    OpensTheRoster,
}

/// All that a copy is good for now, given what went to its device, and every envelope that was submitted since.
///
/// `house` is a member who stays: it knows the key that is in use.
pub(crate) fn uses(town: &mut Town, mut thief: Thief, (id, house): (&GroupId, usize), listener: &Heard, later: &str) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut booty = thief.try_all(&listener.entries);
    booty.extend(listener.envelopes.iter().map(|envelope| thief.try_inside(id, envelope)));
    if words(&booty).contains(&later) {
        uses.push(Use::Reads);
    }
    let (now, right) = scene::delivery_key(town, house, id);
    let Some((epoch, best)) = thief.delivery_key(id) else { return uses };
    if best == right {
        uses.push(Use::HasTheKey);
    }
    for epoch in [epoch, now] {
        match town.ask(thief.forged(id, epoch, best.clone())).unwrap() {
            Some(Reply::Accepted(_)) if !uses.contains(&Use::Posts) => uses.push(Use::Posts),
            Some(Reply::Accepted(_) | Reply::Refused(Refusal::StaleEpoch { .. } | Refusal::NotAllowed)) => {}
            other => panic!("neither taken nor refused: {other:?}"),
        }
    }
    let (_folder, conn) = scene::server_file(town);
    let sealed: Vec<u8> = conn
        .query_row("SELECT sealed FROM roster JOIN delivery_group USING (id) WHERE group_id = ?1", [id.0], |row| row.get(0))
        .unwrap();
    if [epoch, now].into_iter().any(|epoch| open_roster(&sealed, id, epoch, &best).is_ok()) {
        uses.push(Use::OpensTheRoster);
    }
    uses
}

/// What a thief was handed besides the copy.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What went to the device.
    pub(crate) entries: Vec<MailboxEntry>,
    /// What anybody submitted, without the server's seal around it.
    pub(crate) envelopes: Vec<Vec<u8>>,
    /// Welcomes to anybody, without the server's seal around them.
    pub(crate) welcomes: Vec<Vec<u8>>,
}

impl Heard {
    pub(crate) fn by(listener: &Listener, house: usize) -> Self {
        let envelope = |request: &Request| match request {
            Request::Anonymous(AnonymousRequest::SubmitMessage(submit)) => Some(submit.envelope.clone()),
            Request::Anonymous(AnonymousRequest::SubmitCommit(submit)) => Some(submit.commit.clone()),
            _ => None,
        };
        let welcomes = |request: &Request| match request {
            Request::Anonymous(AnonymousRequest::Found(found)) => found.welcomes.clone(),
            Request::Anonymous(AnonymousRequest::SubmitCommit(submit)) => submit.welcomes.clone(),
            _ => Vec::new(),
        };
        Self {
            entries: listener.to(house),
            envelopes: listener.requests.iter().filter_map(envelope).collect(),
            welcomes: listener.requests.iter().flat_map(welcomes).map(|one| one.welcome).collect(),
        }
    }
}

/// The words among it.
pub(crate) fn words(booty: &[Booty]) -> Vec<&str> {
    booty.iter().filter_map(|one| if let Booty::Text(text) = one { Some(text.as_str()) } else { None }).collect()
}
