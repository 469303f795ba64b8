//! KeyPackages for those who are to be added.
//!
//! Called by `outbox`. What a server hands out is judged before it is kept: a
//! KeyPackage counts only when the proven chain of its account lists its device
//! with its key, so a swapped or added one is no use to a server that lies.

use serde::{Deserialize, Serialize};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, DeviceId};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, Reply};
use waxseal_wire::request::AccountRef;

use super::{Entry, Intent, Who, entry};
use crate::group::{Identity, OfferedKeyPackage, read_key_package};
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::{StoreError, codec};
use crate::trust::directory::Word;
use crate::trust::{self, Standing};
use crate::turn::Turn;
use crate::view::Notice;
use crate::{Event, chat};

/// An account that was found, with the KeyPackages of its devices that stood the test.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) account: [u8; 32],
    pub(super) key_packages: Vec<Vec<u8>>,
    /// When they were fetched, in milliseconds.
    #[serde(default)]
    pub(super) at: u64,
}

/// What was fetched is used so long after at most, in milliseconds: a day. Whoever made it destroys it in time.
const FRESH: u64 = 24 * 60 * 60 * 1000;

impl Turn<'_> {
    /// Asks for an entry's KeyPackages, unless that was done.
    pub(super) fn ask_keys(&mut self, entry: &Entry, own: &AccountId) -> Result<(), StoreError> {
        let id = entry.id;
        if self.session.is_asked(|purpose| *purpose == Purpose::OutboxLookup(id)) {
            return Ok(());
        }
        let who = refs(&self.whom(entry, own)?);
        let key_packages = !matches!(entry.intent, Intent::LookUp(_));
        let request = self.lookup_of(who, key_packages)?;
        self.send(Door::Anonymous, request, Purpose::OutboxLookup(id));
        Ok(())
    }

    /// Our own account is looked up only for its other devices.
    fn whom(&self, entry: &Entry, own: &AccountId) -> Result<Vec<Who>, StoreError> {
        if entry.intent == Intent::Bring {
            return self.whom_to_bring(entry.chat.as_ref());
        }
        let alone = trust::chain(self.tx, own)?.is_none_or(|chain| chain.devices().len() < 2);
        Ok(entry.intent.needs(&own.0).into_iter().filter(|who| !(alone && *who == Who::Account(own.0))).collect())
    }

    pub(crate) fn entry_looked_up(&mut self, id: i64, reply: Reply) -> Result<(), StoreError> {
        let (Some(mut entry), Some(identity)) = (entry::find(self.tx, id)?, self.identity()?) else { return Ok(()) };
        let who = self.whom(&entry, &identity.account)?;
        let words = match reply {
            Reply::Accounts(_) if who.is_empty() => Some(Vec::new()),
            Reply::Accounts(accounts) => self.prove_answer(&refs(&who), accounts)?,
            Reply::Refused(refusal) if !refusal.is_passing() => return self.give_up(&entry, Problem::Refused(refusal)),
            _ => None,
        };
        let is_to_come = match &words {
            Some(words) => self.is_to_come(&entry, &who, words)?,
            None => false,
        };
        let Some(found) = words.filter(|_| !is_to_come) else {
            let pause = if is_to_come { 300 } else { 1_000 } << entry.tries.min(10);
            entry.tries += 1;
            entry.due = self.later(pause, 3 * pause);
            return entry.save(self.tx);
        };
        let mut usable = Vec::new();
        for (who, word) in who.iter().zip(&found) {
            if let Some(found) = self.judge_found(who, word, &identity.device)? {
                usable.push(found);
            }
        }
        // Who did not fit into the question or the answer comes in the next Commit.
        let later = who.get(found.len()..).unwrap_or_default();
        if entry.intent == Intent::Bring {
            self.note_missing(entry.chat.as_ref(), who.get(..found.len()).unwrap_or_default(), &usable)?;
        }
        if !later.is_empty() && !self.is_founded_anew(&entry)? && matches!(entry.intent, Intent::Found { .. } | Intent::Add { .. })
        {
            self.post(entry.chat, None, &Intent::Add { who: later.to_vec() })?;
        }
        if who.contains(&Who::Account(identity.account.0)) {
            // That took one of our own KeyPackages too.
            self.replace_used()?;
        }
        match &entry.intent {
            Intent::OpenDirect(name) => return self.direct_found(&entry, &identity, name, usable),
            Intent::LookUp(name) => return self.looked_up(&entry, name, &usable),
            _ => {}
        }
        self.split_large(&entry, &mut usable)?;
        entry.keys = Some(codec::encode(&usable)?.to_vec());
        entry.save(self.tx)
    }

    /// One Commit adds so many devices at most: who is too many comes in the next.
    fn split_large(&mut self, entry: &Entry, usable: &mut Vec<Found>) -> Result<(), StoreError> {
        let (mut devices, mut fit) = (0, 0);
        for found in usable.iter() {
            devices += found.key_packages.len();
            if devices > waxseal_wire::limits::ADDS {
                break;
            }
            fit += 1;
        }
        let rest: Vec<_> = usable.drain(fit.max(1).min(usable.len())..).map(|found| Who::Account(found.account)).collect();
        // Whom a founding anew leaves out is brought after, by whoever may.
        if !rest.is_empty() && entry.intent != Intent::Bring && !self.is_founded_anew(entry)? {
            self.post(entry.chat, None, &Intent::Add { who: rest })?;
        }
        Ok(())
    }

    fn is_founded_anew(&self, entry: &Entry) -> Result<bool, StoreError> {
        let chat = entry.chat.filter(|_| matches!(entry.intent, Intent::Found { .. }));
        let found = chat.map(|chat| chat::find(self.tx, &chat)).transpose()?.flatten();
        Ok(found.is_some_and(|found| found.generation > 0))
    }

    /// Whether the directory has yet to say something of somebody here. A name is waited for as long as it takes.
    fn is_to_come(&self, entry: &Entry, who: &[Who], words: &[Word]) -> Result<bool, StoreError> {
        for (who, word) in who.iter().zip(words) {
            let is_open = match (who, word) {
                (Who::Name(_), word) => *word == Word::NotYet,
                (Who::Account(_), Word::NotYet) => entry.tries < TRIES,
                // Ours grew a moment ago: a device that was just added has a KeyPackage there.
                (Who::Account(id), Word::Account(found)) if entry.tries < TRIES => {
                    let known = trust::chain(self.tx, &AccountId(*id))?;
                    known.is_some_and(|known| known.records().len() > found.chain.len())
                }
                _ => false,
            };
            if is_open {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn judge_found(&mut self, who: &Who, word: &Word, own: &DeviceId) -> Result<Option<Found>, StoreError> {
        let nobody = AccountFound::default();
        let found = if let Word::Account(found) = word { found } else { &nobody };
        let account = match who {
            Who::Name(name) => {
                let Ok(name) = AccountName::parse(name) else { return Ok(None) };
                let known = trust::account::by_name(self.tx, name.as_str())?;
                let learned = self.learn_found(&name, found)?;
                // Whose name it was is told of itself.
                if learned.is_none() && (known.is_none() || found.chain.is_empty()) {
                    self.tell(Event::NoSuchAccount(name));
                }
                learned
            }
            Who::Account(id) => {
                let id = AccountId(*id);
                match trust::account::learn(self.tx, &id, &found.chain, &found.name, self.now) {
                    Ok(()) => Some(id),
                    Err(trust::account::LearnError::Store(error)) => return Err(error),
                    Err(trust::account::LearnError::Chain(_)) => None,
                }
            }
        };
        let Some(account) = account else { return Ok(None) };
        let (mut key_packages, mut is_foreign) = (Vec::new(), false);
        for one in &found.key_packages {
            let Ok(offer) = read_key_package(&one.key_package) else { continue };
            if offer.is_expired(self.now) {
                // Its device was away for long, or the server held it back to hand it out late.
                continue;
            }
            let claim = &offer.claim;
            let proven = trust::standing_of(self.tx, &claim.account, &claim.device, &claim.key, || Ok(true))? == Standing::Proven;
            if !proven || claim.account != account {
                is_foreign = true;
            } else if claim.device != *own {
                key_packages.push(one.key_package.clone());
            }
        }
        // Nothing is signed that would show who did it, so a person is told, once a connection.
        if is_foreign && !core::mem::replace(&mut self.session.foreign, true) {
            self.fail(None, Problem::ForeignKeyPackage);
        }
        Ok(Some(Found { account: account.0, key_packages, at: self.now.0 }))
    }

    /// A person wanted to know who has a name. Where nobody has it, that was said when the answer was judged.
    fn looked_up(&mut self, posted: &Entry, name: &str, found: &[Found]) -> Result<(), StoreError> {
        entry::delete(self.tx, posted.id)?;
        if let (Some(found), Ok(name)) = (found.first(), AccountName::parse(name)) {
            self.tell(Event::AccountKnown { account: AccountId(found.account), name });
        }
        Ok(())
    }

    /// The person was found: the chat stands, its group is founded with the first message.
    fn direct_found(&mut self, posted: &Entry, own: &Identity, name: &str, found: Vec<Found>) -> Result<(), StoreError> {
        entry::delete(self.tx, posted.id)?;
        let Some(peer) = found.iter().find(|found| found.account != own.account.0) else {
            // Nobody, or ourselves.
            return posted.chat.map_or(Ok(()), |chat| self.nobody_there(&chat));
        };
        let peer_id = AccountId(peer.account);
        let problem = if trust::is_blocked(self.tx, &peer_id)? {
            Some(Problem::Blocked)
        } else {
            peer.key_packages.is_empty().then_some(Problem::NoDevice)
        };
        if let Some(problem) = problem {
            self.fail(posted.chat, problem);
            return posted.chat.map_or(Ok(()), |chat| self.nobody_there(&chat));
        }
        let id = self.make_direct(own, &peer_id, name)?;
        let founding = entry::of_chat(self.tx, &id)?.into_iter().find(|one| matches!(one.intent, Intent::Found { .. }));
        if let Some(mut founding) = founding.filter(|founding| founding.keys.is_none()) {
            founding.keys = Some(codec::encode(&found)?.to_vec());
            founding.save(self.tx)?;
        }
        match posted.chat {
            Some(waited) => self.move_chat(&waited, &id, &own.account),
            None => {
                self.tell(Event::ChatOpened(id));
                Ok(())
            }
        }
    }

    /// Forgets KeyPackages that were fetched too long ago; others are fetched in their place.
    pub(super) fn forget_stale_keys(&mut self, entry: &Entry) -> Result<Entry, StoreError> {
        let mut entry = entry.clone();
        if let Some(bytes) = &entry.keys {
            let found: Vec<Found> = ciborium::from_reader(bytes.as_slice()).map_err(|_| StoreError::Value)?;
            if found.iter().any(|found| self.now.0.abs_diff(found.at) > FRESH) {
                entry.keys = None;
                entry.save(self.tx)?;
            }
        }
        Ok(entry)
    }

    /// The KeyPackages that were fetched for an entry.
    pub(super) fn offers(&self, entry: &Entry) -> Result<Vec<(AccountId, Vec<OfferedKeyPackage>)>, StoreError> {
        let Some(bytes) = &entry.keys else { return Ok(Vec::new()) };
        let found: Vec<Found> = codec::decode(bytes)?;
        let read = |found: Found| {
            let offers = found.key_packages.iter().filter_map(|bytes| read_key_package(bytes).ok()).collect();
            (AccountId(found.account), offers)
        };
        Ok(found.into_iter().map(read).collect())
    }

    /// Says in the chat that people were added, by us.
    pub(super) fn note_created(&mut self, place: &chat::ChatGroup, by: AccountId, again: bool) -> Result<(), StoreError> {
        self.note(place, 0, Some(by), if again { Notice::Refounded } else { Notice::Created })
    }
}

/// So often an account without a proof is asked for before it counts as gone: only a name's absence can be proven.
const TRIES: u32 = 5;

/// As a look-up names them.
fn refs(who: &[Who]) -> Vec<AccountRef> {
    let one = |who: &Who| match who {
        Who::Name(name) => AccountName::parse(name).ok().map(AccountRef::Name),
        Who::Account(id) => Some(AccountRef::Id(AccountId(*id))),
    };
    who.iter().take(waxseal_wire::limits::LOOKUP).filter_map(one).collect()
}
