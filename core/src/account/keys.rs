//! KeyPackages and spare aliases: how others reach this device.
//!
//! ```text
//!   made ──► at the server ──► given to somebody ──► joined by: gone
//!               └─ once a week all are made anew; the old ones are taken back
//!                    └─ 3 days ─► alias dropped ─ 10 min ─► private part destroyed
//! ```
//! Called by `turn` while the device is proven, and when some were used. So what
//! a thief has copied stops being of use, and what nobody used does not stay.
//! Running out never stops a chat: a last-resort KeyPackage stays.

use waxseal_wire::frame::Door;
use waxseal_wire::id::{AliasId, Millis};
use waxseal_wire::limits;
use waxseal_wire::reply::{KeysLeft, Refusal, Reply};
use waxseal_wire::request::{DeviceRequest, KeyPackageUpload, PublishKeys, Request};

use super::me;
use crate::chat::{self, GroupState};
use crate::group::{self, Alias, GroupError, make_key_package, offers};
use crate::session::Purpose;
use crate::store::StoreError;
use crate::turn::Turn;

/// One-time KeyPackages that the server should have of us.
const STOCK: u32 = 24;
/// Below this it is filled up.
const MARK: u32 = 8;
/// Unused ones that this device keeps at most: a server that always says "none left" fills no disk.
const MOST: u32 = 128;
/// As many where all are made anew and no answer comes: any of them may have been handed out by now.
const UNANSWERED: u32 = 1_024;
/// Registered aliases kept for groups that we found.
const SPARE: u32 = 6;
/// All are made anew after so long, less up to a quarter, in milliseconds: a week, like the keys of groups.
const RENEWED: u64 = 7 * 24 * 60 * 60 * 1000;
/// How often the server is asked how many it has, in milliseconds: a day, less up to a quarter.
const COUNTED: u64 = 24 * 60 * 60 * 1000;
/// A KeyPackage that was taken back still opens Welcomes for so long, in milliseconds: 3 days.
///
/// Whoever fetched one uses it within a day (`outbox::keys`), or fetches another.
const GRACE: u64 = 3 * 24 * 60 * 60 * 1000;
/// What was put before the server forgot an alias has been taken so long after, in milliseconds.
const SETTLED: u64 = 10 * 60 * 1000;

/// What was sent to the server and is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    /// Aliases of its KeyPackages.
    offered: Vec<AliasId>,
    /// Aliases for groups that we found.
    spare: Vec<AliasId>,
    /// Whether it takes the place of all before.
    anew: bool,
}

impl Turn<'_> {
    /// Does what is due about our KeyPackages: one step at a time, the next when it is answered.
    pub(crate) fn run_keys(&mut self) -> Result<(), StoreError> {
        if self.next_keys().is_none_or(|at| at > self.now) {
            return Ok(());
        }
        self.session.keys_at = Some(self.later(COUNTED - COUNTED / 4, COUNTED));
        let (due, went_back) = me::keys_due(self.tx)?;
        if went_back {
            return self.register_aliases(&AliasId([0; 16]));
        }
        // A clock that ran ahead and was set back must not stop renewing.
        if due <= self.now || due.0 > self.now.0.saturating_add(RENEWED) {
            self.session.keys_left = None;
            return self.publish(STOCK, true, true);
        }
        match self.session.keys_left.take() {
            Some(left) => self.fill_up(left)?,
            None => self.upload(PublishKeys::default()),
        }
        if self.session.is_caught_up() {
            self.destroy_old()?;
        }
        let next = [due, offers::next(self.tx, GRACE, SETTLED)?.unwrap_or(due)];
        for at in next {
            // What cannot be done before everything was taken is looked at again a little later.
            let at = Millis(at.0.max(self.now.0.saturating_add(60_000)));
            self.session.keys_at = Some(self.session.keys_at.map_or(at, |known| Millis(known.0.min(at.0))));
        }
        Ok(())
    }

    /// When there is something to do about our KeyPackages, while the device is proven and waits for no answer about them.
    pub(crate) fn next_keys(&self) -> Option<Millis> {
        self.session.keys_at.filter(|_| self.session.proven && !self.is_publishing())
    }

    fn is_publishing(&self) -> bool {
        self.session.is_asked(|purpose| matches!(purpose, Purpose::PublishKeys(_) | Purpose::RegisterAliases(_)))
    }

    /// All KeyPackages are made anew as soon as possible: somebody may have copied the old ones.
    pub(crate) fn renew_keys(&mut self) -> Result<(), StoreError> {
        me::set_keys_due(self.tx, Millis(0))?;
        self.session.keys_at = Some(self.now);
        self.session.keys_outdated = true;
        Ok(())
    }

    /// The server was set back to an older state: what it knew of us since is lost, what was used up is back.
    pub(crate) fn server_went_back(&mut self) -> Result<(), StoreError> {
        me::set_went_back(self.tx, true)?;
        self.renew_keys()
    }

    /// One was used up: another takes its place.
    pub(crate) fn replace_used(&mut self) -> Result<(), StoreError> {
        self.publish(1, false, false)
    }

    /// Fills up what is low.
    fn fill_up(&mut self, left: KeysLeft) -> Result<(), StoreError> {
        let wanted = if left.one_time < MARK { STOCK.saturating_sub(left.one_time) } else { 0 };
        self.publish(wanted, !left.last_resort, false)
    }

    /// Makes and publishes so many one-time KeyPackages; `anew` takes all others back.
    fn publish(&mut self, wanted: u32, last_resort: bool, anew: bool) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else { return Ok(()) };
        if !self.session.proven || self.is_publishing() {
            return Ok(());
        }
        let mut publish = PublishKeys { replace: anew, ..PublishKeys::default() };
        let most = if anew { UNANSWERED } else { MOST };
        if anew && offers::count(self.tx)? >= most {
            // Uploads whose answers never came, forty in a row: there is no room for all that may be somebody's.
            offers::forget_oldest(self.tx, most / 2)?;
        }
        let room = most.saturating_sub(offers::count(self.tx)?);
        for last_resort in (0..wanted.min(room)).map(|_| false).chain(last_resort.then_some(true)) {
            let alias = Alias::random(&mut self.rng);
            match make_key_package(self.tx, self.now, &mut self.rng, &identity, &alias, last_resort) {
                Ok(key_package) => publish.key_packages.push(KeyPackageUpload { alias: alias.alias, key_package, last_resort }),
                Err(GroupError::Store(error)) => return Err(error),
                Err(_) => return Ok(()),
            }
        }
        let spare: u32 = self.tx.query_row("SELECT count(*) FROM spare_alias", [], |row| row.get(0))?;
        for _ in spare..SPARE {
            let alias = Alias::random(&mut self.rng);
            alias.keep(self.tx)?;
            publish.aliases.push(alias.alias);
        }
        if publish.key_packages.is_empty() && publish.aliases.is_empty() {
            return Ok(());
        }
        if anew {
            self.session.keys_outdated = false;
        }
        self.upload(publish);
        Ok(())
    }

    fn upload(&mut self, publish: PublishKeys) {
        let offered = publish.key_packages.iter().map(|upload| upload.alias).collect();
        let purpose = Purpose::PublishKeys(Upload { offered, spare: publish.aliases.clone(), anew: publish.replace });
        self.send(Door::Device, Request::Device(DeviceRequest::PublishKeys(publish)), purpose);
    }

    /// The server has what was published: the aliases can be used, and what was taken back grows old.
    pub(crate) fn keys_published(&mut self, upload: &Upload, reply: &Reply) -> Result<(), StoreError> {
        let Reply::KeysLeft(left) = reply else {
            // Nothing of it was kept there, so nothing is kept here.
            for alias in upload.offered.iter().chain(&upload.spare) {
                group::forget_alias(self.tx, alias)?;
            }
            self.keys_refused(reply);
            return Ok(());
        };
        for alias in &upload.spare {
            self.tx.prepare_cached("INSERT OR IGNORE INTO spare_alias (alias) VALUES (?1)")?.execute([alias.as_bytes()])?;
        }
        if upload.anew {
            offers::take_back(self.tx, &upload.offered, self.now)?;
            // What was on its way when they became outdated is outdated, too.
            if !self.session.keys_outdated {
                let due = self.later(RENEWED - RENEWED / 4, RENEWED);
                me::set_keys_due(self.tx, due)?;
            }
        }
        if left.one_time < MARK || !left.last_resort {
            // More than we know of were given away meanwhile.
            self.fill_up(*left)?;
        }
        Ok(())
    }

    /// Tries again: soon where the server was busy, else with the next count.
    fn keys_refused(&mut self, reply: &Reply) {
        if let Reply::Refused(refusal) = reply
            && refusal.is_passing()
        {
            let wait = if let Refusal::TooFast { retry_after_ms } = refusal { (*retry_after_ms).clamp(500, 60_000) } else { 5_000 };
            self.session.keys_at = Some(self.later(wait, wait * 2));
        }
    }

    /// Tells a server that lost them the aliases after `after`: what goes to one it does not know is gone.
    fn register_aliases(&mut self, after: &AliasId) -> Result<(), StoreError> {
        let aliases = offers::all(self.tx, after, limits::UPLOAD)?;
        let Some(last) = aliases.last().copied() else {
            me::set_went_back(self.tx, false)?;
            self.session.keys_at = Some(self.now);
            return Ok(());
        };
        let publish = PublishKeys { aliases, ..PublishKeys::default() };
        self.send(Door::Device, Request::Device(DeviceRequest::PublishKeys(publish)), Purpose::RegisterAliases(last));
        Ok(())
    }

    pub(crate) fn aliases_registered(&mut self, last: &AliasId, reply: &Reply) -> Result<(), StoreError> {
        match reply {
            Reply::KeysLeft(_) => self.register_aliases(last),
            refused => {
                self.keys_refused(refused);
                Ok(())
            }
        }
    }

    /// What was taken back long enough ago is forgotten by the server first, and destroyed here when nothing
    /// can come by it any more.
    fn destroy_old(&mut self) -> Result<(), StoreError> {
        for alias in offers::dropped(self.tx, Millis(self.now.0.saturating_sub(SETTLED)))? {
            group::forget_alias(self.tx, &alias)?;
        }
        let old = offers::taken_back(self.tx, Millis(self.now.0.saturating_sub(GRACE)))?;
        if old.is_empty() {
            return Ok(());
        }
        let used = self.last_resorts_in_use()?;
        let (stay, gone): (Vec<_>, Vec<_>) = old.into_iter().partition(|alias| used.contains(alias));
        for alias in stay {
            offers::destroy(self.tx, &alias, self.now)?;
        }
        if !gone.is_empty() {
            self.send(Door::Device, Request::Device(DeviceRequest::DropAlias(gone.clone())), Purpose::DropOffers(gone));
        }
        Ok(())
    }

    /// Aliases of last resorts that still stand in our leaf of a group; an Update changes them.
    fn last_resorts_in_use(&mut self) -> Result<Vec<AliasId>, StoreError> {
        let mut used = Vec::new();
        for state in [GroupState::Joining, GroupState::Open, GroupState::Broken, GroupState::Superseded] {
            for id in chat::groups_in(self.tx, state)? {
                if chat::group(self.tx, &id)?.is_some_and(|place| place.last_resort) {
                    let own = self.with_group(&id, |group, _, _| group.own_leaf())?.and_then(Result::ok);
                    used.extend(own.map(|leaf| leaf.address.alias));
                }
            }
        }
        Ok(used)
    }

    /// The server takes nothing for these any more; a while later nothing of before is left either.
    pub(crate) fn offers_dropped(&mut self, aliases: &[AliasId], reply: &Reply) -> Result<(), StoreError> {
        if *reply == Reply::Done {
            offers::drop(self.tx, aliases, self.now)?;
            self.session.keys_at = Some(Millis(self.now.0.saturating_add(SETTLED)));
        }
        Ok(())
    }

    /// An alias that the server knows and no group has; `None` until some were published.
    pub(crate) fn take_spare_alias(&mut self) -> Result<Option<Alias>, StoreError> {
        use rusqlite::OptionalExtension;
        let taken: Option<[u8; 16]> = self
            .tx
            .query_row("DELETE FROM spare_alias WHERE alias = (SELECT alias FROM spare_alias LIMIT 1) RETURNING alias", [], |row| {
                row.get(0)
            })
            .optional()?;
        let Some(alias) = taken else {
            // More were asked for when the session began; without one nothing can be founded yet.
            self.publish(0, false, false)?;
            return Ok(None);
        };
        let found = group::find_alias(self.tx, &AliasId(alias))?;
        let left: u32 = self.tx.query_row("SELECT count(*) FROM spare_alias", [], |row| row.get(0))?;
        if left < SPARE / 2 {
            self.publish(0, false, false)?;
        }
        Ok(found.map(|own| own.alias))
    }
}
