//! Blind delivery: one order of everything in a group that nobody here can read.
//!
//! The Delivery Service of RFC 9750 §5, strongly consistent: the first Commit of an
//! epoch wins, the others are stale.
//!
//! ```text
//!   lent key ──► verifier ──► roster opens ──► post key ──► position + 1 ──► copies
//!   (forgotten when the request ends)                      └ a Commit: epoch + 1, roster resealed
//! ```
//! Called at the anonymous door. Keeps no link from a group to an account or an
//! alias; never sees whether a Commit is good: members do.

use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use waxseal_wire::id::{AliasId, Epoch, GroupId, Millis, Position};
use waxseal_wire::key::DeliveryKey;
use waxseal_wire::limits;
use waxseal_wire::reply::Refusal;
use waxseal_wire::request::{Found, Lent, RosterChange, RosterEntry, SubmitCommit, SubmitMessage, Welcomed};
use waxseal_wire::seal::{Delivered, Kind, Seat, open_roster, roster_hash, seal_roster};

use super::Roles;
use crate::limits::{Buckets, Rate};
use crate::store::{Day, GroupRow, MailboxId, Once, Post, Posted, Step, Stop, Store, Turn};

/// What a Welcome into a crowded mailbox costs of a bucket that fills by one a second.
const SECONDS_A_WELCOME: u32 = 60;
/// A hundred of them at once, then one a minute.
pub(super) const CROWDED: Rate = Rate { burst: 100 * SECONDS_A_WELCOME, per_second: 1 };

impl<S: Store> Roles<S> {
    /// Registers a group at its first shared epoch, with Welcomes at position 0 and messages from 1 on.
    pub(super) fn found(&mut self, now: Millis, rng: &mut impl CryptoRngCore, found: &Found) -> Result<Posted, Stop> {
        let (lent, most, strangers) = (&found.lent, self.policy.fan_out_bytes, &mut self.strangers);
        let mut once = Hasher::of(b"found", lent);
        once.roster(&found.roster).welcomes(&found.welcomes);
        found.messages.iter().for_each(|message| once.part(message));
        let rule = |row: Option<&GroupRow<'_>>, rng: &mut _| {
            if row.is_some() {
                return Err(Refusal::Taken);
            }
            let roster = found.roster.iter().map(|entry| Seat { entry: entry.clone(), has_posted: entry.alias == lent.from });
            let roster: Vec<_> = roster.collect();
            check_roster(&roster)?;
            check_poster(&roster, lent)?;
            check_welcomes(&roster, &found.welcomes)?;
            let mut post = Post::default();
            let hash = hash_of(&roster);
            add_welcomes(&mut post, (lent, lent.epoch, Position(0), hash), &roster, &found.welcomes, rng)?;
            let mut position = Position(0);
            for envelope in &found.messages {
                position = position.next();
                post.add(&delivered(lent, position, Kind::Message, None, envelope), others(&roster, lent.from), rng);
            }
            let joining = found.roster.iter().map(|entry| entry.alias).collect();
            let turn = turn(&roster, &lent.group, lent.epoch, &lent.delivery_key, joining, rng);
            step(Step { position, turn: Some(turn), roster: None, post }, most)
        };
        self.store.post(Day::of(now), rng, &once.finish(lent), &lent.group, rule, crowded(strangers, now))
    }

    /// Puts an application message into every mailbox of the roster but the sender's.
    pub(super) fn submit_message(
        &mut self,
        now: Millis,
        rng: &mut impl CryptoRngCore,
        submit: &SubmitMessage,
    ) -> Result<Posted, Stop> {
        let (lent, most, haste, strangers) = (&submit.lent, self.policy.fan_out_bytes, &mut self.groups, &mut self.strangers);
        let mut once = Hasher::of(b"message", lent);
        once.part(&submit.envelope);
        let rule = |row: Option<&GroupRow<'_>>, rng: &mut _| {
            let Admitted { roster, position, is_first } = admit(row, lent, haste, now)?;
            let mut post = Post::default();
            post.add(&delivered(lent, position, Kind::Message, None, &submit.envelope), others(&roster, lent.from), rng);
            let roster = is_first.then(|| seal_roster(&roster, &lent.group, lent.epoch, &lent.delivery_key, rng));
            step(Step { position, turn: None, roster, post }, most)
        };
        self.store.post(Day::of(now), rng, &once.finish(lent), &lent.group, rule, crowded(strangers, now))
    }

    /// Moves the group on by one epoch; everybody of the epoch that ends gets the Commit, the committer too.
    pub(super) fn submit_commit(
        &mut self,
        now: Millis,
        rng: &mut impl CryptoRngCore,
        submit: &SubmitCommit,
    ) -> Result<Posted, Stop> {
        let (lent, most, haste, strangers) = (&submit.lent, self.policy.fan_out_bytes, &mut self.groups, &mut self.strangers);
        let once = once_of_commit(submit);
        let rule = |row: Option<&GroupRow<'_>>, rng: &mut _| {
            let Admitted { roster: old, position, .. } = admit(row, lent, haste, now)?;
            let (new, joining) = change(&old, &submit.roster)?;
            check_welcomes(&new, &submit.welcomes)?;
            let (epoch, hash) = (lent.epoch.next(), hash_of(&new));
            let mut post = Post::default();
            post.add(&delivered(lent, position, Kind::Commit, Some(hash), &submit.commit), old.iter(), rng);
            add_welcomes(&mut post, (lent, epoch, position, hash), &new, &submit.welcomes, rng)?;
            let turn = turn(&new, &lent.group, epoch, &submit.next_delivery_key, joining, rng);
            step(Step { position, turn: Some(turn), roster: None, post }, most)
        };
        self.store.post(Day::of(now), rng, &once, &lent.group, rule, crowded(strangers, now))
    }
}

/// Who was let in, and where.
struct Admitted {
    roster: Vec<Seat>,
    /// The next one.
    position: Position,
    /// Whether the alias had posted nothing before; its seat says by now that it has.
    is_first: bool,
}

/// Lets in who lends the right keys for the epoch that is; gives the roster and the next position.
fn admit(row: Option<&GroupRow<'_>>, lent: &Lent, haste: &mut Buckets<GroupId>, now: Millis) -> Result<Admitted, Refusal> {
    let row = row.ok_or(Refusal::Unknown)?;
    if lent.epoch < row.epoch {
        return Err(Refusal::StaleEpoch { current: row.epoch });
    }
    if lent.epoch > row.epoch || !row.verifier.verifies_delivery(&lent.delivery_key) {
        return Err(Refusal::NotAllowed);
    }
    // The verifier was right, so a roster that does not open is our own damage.
    let mut roster = open_roster(row.roster, &lent.group, lent.epoch, &lent.delivery_key).map_err(|_| Refusal::Internal)?;
    check_poster(&roster, lent)?;
    // After the keys: a stranger who knows the group's id cannot use up its tokens.
    haste.take(lent.group, now, 1)?;
    let mine = roster.iter_mut().find(|seat| seat.entry.alias == lent.from && !seat.has_posted);
    let is_first = mine.map(|seat| seat.has_posted = true).is_some();
    Ok(Admitted { roster, position: row.position.next(), is_first })
}

/// Welcomes into a mailbox that is half full come slowly: a flood of them must not push out what members sent.
fn crowded(strangers: &mut Buckets<MailboxId>, now: Millis) -> impl FnMut(MailboxId) -> Result<(), Refusal> {
    move |mailbox| strangers.take(mailbox, now, SECONDS_A_WELCOME)
}

fn check_poster(roster: &[Seat], lent: &Lent) -> Result<(), Refusal> {
    let seat = roster.iter().find(|seat| seat.entry.alias == lent.from).ok_or(Refusal::NotAllowed)?;
    if seat.entry.post_verifier.verifies_post(&lent.post_key) { Ok(()) } else { Err(Refusal::NotAllowed) }
}

fn check_roster(roster: &[Seat]) -> Result<(), Refusal> {
    if roster.len() > limits::ROSTER {
        return Err(Refusal::TooLarge);
    }
    if roster.is_empty() || !are_distinct(roster.iter().map(|seat| seat.entry.alias)) {
        return Err(Refusal::Malformed);
    }
    Ok(())
}

/// Each Welcome goes to a member, and none gets two.
fn check_welcomes(roster: &[Seat], welcomes: &[Welcomed]) -> Result<(), Refusal> {
    if welcomes.len() > limits::ADDS {
        return Err(Refusal::TooLarge);
    }
    let known = |one: &Welcomed| roster.iter().any(|seat| seat.entry.alias == one.alias);
    if !are_distinct(welcomes.iter().map(|one| one.alias)) || !welcomes.iter().all(known) {
        return Err(Refusal::Malformed);
    }
    Ok(())
}

fn are_distinct(aliases: impl Iterator<Item = AliasId>) -> bool {
    let mut sorted: Vec<_> = aliases.collect();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair.first() != pair.last())
}

/// The roster after a change, and the aliases that are new in it.
fn change(old: &[Seat], change: &RosterChange) -> Result<(Vec<Seat>, Vec<AliasId>), Refusal> {
    let mut before: Vec<_> = old.iter().map(|seat| seat.entry.alias).collect();
    before.sort_unstable();
    let was = |alias: &AliasId| before.binary_search(alias).is_ok();
    let mut posted: Vec<_> = old.iter().filter(|seat| seat.has_posted).map(|seat| seat.entry.alias).collect();
    posted.sort_unstable();
    let seat = |entry: &RosterEntry| Seat { has_posted: posted.binary_search(&entry.alias).is_ok(), entry: entry.clone() };
    let new: Vec<_> = match change {
        RosterChange::Replace(all) => all.iter().map(seat).collect(),
        RosterChange::Edit { add, remove } => {
            if !remove.iter().all(was) {
                return Err(Refusal::Unknown);
            }
            if !are_distinct(remove.iter().copied()) {
                return Err(Refusal::Malformed);
            }
            if add.iter().any(|entry| was(&entry.alias)) {
                return Err(Refusal::Taken);
            }
            let mut gone = remove.clone();
            gone.sort_unstable();
            let stay = old.iter().filter(|seat| gone.binary_search(&seat.entry.alias).is_err());
            stay.cloned().chain(add.iter().map(seat)).collect()
        }
    };
    check_roster(&new)?;
    let joining = new.iter().map(|seat| seat.entry.alias).filter(|alias| !was(alias)).collect();
    Ok((new, joining))
}

fn others(roster: &[Seat], from: AliasId) -> impl Iterator<Item = &Seat> {
    roster.iter().filter(move |seat| seat.entry.alias != from)
}

fn hash_of(roster: &[Seat]) -> [u8; 32] {
    roster_hash(roster.iter().map(|seat| &seat.entry.alias))
}

fn delivered(lent: &Lent, position: Position, kind: Kind, roster_hash: Option<[u8; 32]>, envelope: &[u8]) -> Delivered {
    Delivered { group: lent.group, epoch: lent.epoch, position, kind, from: lent.from, roster_hash, envelope: envelope.to_vec() }
}

fn add_welcomes(
    post: &mut Post,
    (lent, epoch, position, hash): (&Lent, Epoch, Position, [u8; 32]),
    roster: &[Seat],
    welcomes: &[Welcomed],
    rng: &mut impl CryptoRngCore,
) -> Result<(), Refusal> {
    for one in welcomes {
        let seat = roster.iter().find(|seat| seat.entry.alias == one.alias).ok_or(Refusal::Malformed)?;
        let welcome = Delivered { epoch, ..delivered(lent, position, Kind::Welcome, Some(hash), &one.welcome) };
        post.add(&welcome, std::iter::once(seat), rng);
    }
    Ok(())
}

fn turn(
    roster: &[Seat],
    group: &GroupId,
    epoch: Epoch,
    key: &DeliveryKey,
    joining: Vec<AliasId>,
    rng: &mut impl CryptoRngCore,
) -> Turn {
    Turn { epoch, verifier: key.verifier(), roster: seal_roster(roster, group, epoch, key, rng), joining }
}

fn step(step: Step, most: u64) -> Result<Step, Refusal> {
    if step.post.size() > most { Err(Refusal::TooLarge) } else { Ok(step) }
}

/// Hashes all that a submit says. The lent keys are in it, so the hash tells nothing to who has only the store.
struct Hasher(Sha256);

impl Hasher {
    fn of(kind: &[u8], lent: &Lent) -> Self {
        let mut hasher = Self(Sha256::new_with_prefix(b"waxseal once v1"));
        hasher.part(kind);
        hasher.part(&lent.group.0);
        hasher.part(&lent.epoch.0.to_be_bytes());
        hasher.part(lent.delivery_key.expose());
        hasher.part(&lent.from.0);
        hasher.part(lent.post_key.expose());
        hasher
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn roster(&mut self, roster: &[RosterEntry]) -> &mut Self {
        self.part(&(roster.len() as u64).to_be_bytes());
        for entry in roster {
            self.0.update(entry.alias.0);
            self.0.update(entry.seal_key.expose());
            self.0.update(entry.post_verifier.0);
            self.0.update(entry.hint);
        }
        self
    }

    fn welcomes(&mut self, welcomes: &[Welcomed]) -> &mut Self {
        self.part(&(welcomes.len() as u64).to_be_bytes());
        for one in welcomes {
            self.part(&one.alias.0);
            self.part(&one.welcome);
        }
        self
    }

    fn finish(self, lent: &Lent) -> Once {
        Once { key: lent.idempotency_key, digest: first_half(&self.0.finalize().into()) }
    }
}

fn once_of_commit(submit: &SubmitCommit) -> Once {
    let mut once = Hasher::of(b"commit", &submit.lent);
    once.part(submit.next_delivery_key.expose());
    once.part(&submit.commit);
    match &submit.roster {
        RosterChange::Edit { add, remove } => {
            once.part(b"edit");
            once.roster(add);
            remove.iter().for_each(|alias| once.part(&alias.0));
        }
        RosterChange::Replace(all) => {
            once.part(b"replace");
            once.roster(all);
        }
    }
    once.welcomes(&submit.welcomes);
    once.finish(&submit.lent)
}

/// 128 bits are enough to tell one request from another of the same sender.
pub(super) fn first_half(hash: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    half
}
