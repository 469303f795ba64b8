//! The connection: which doors are open, what was asked and not answered yet.
//!
//! Called by `turn`. In memory only: all that must survive is in the store,
//! and is asked again when a door opens. Never decides what a reply means
//! beyond handing it to whoever asked.

use std::collections::HashMap;

use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{AccountId, AliasId, BlobId, GroupId, IdempotencyKey, Millis, RequestId, Seq};
use waxseal_wire::reply::{KeysLeft, Push, Refusal, Reply, Session as Proven};
use waxseal_wire::request::{AccountRef, Authenticate, DeviceRequest, Request, Seen, authenticate_bytes};

use crate::Output;
use crate::account::{Upload, me};
use crate::store::StoreError;
use crate::trust::reconcile::Question;
use crate::turn::Turn;

/// Why something was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The claim under this key; the answer to another one says nothing of it.
    Register(IdempotencyKey),
    Authenticate,
    /// That the session of this number is kept.
    Begin(u64),
    Take,
    PublishKeys(Upload),
    /// Aliases up to this one, for a server that lost them.
    RegisterAliases(AliasId),
    /// Aliases of KeyPackages that were taken back.
    DropOffers(Vec<AliasId>),
    AppendRecord,
    /// What the server has of our own chain, where it does not let us in or was set back.
    OwnChain,
    /// The record of this index, which the server has lost.
    MendChain(u64),
    /// Our account, which the server has lost.
    Reclaim,
    CloseAccount,
    Ignore,
    /// KeyPackages or chains for an outbox entry.
    OutboxLookup(i64),
    /// A part of the tree for an outbox entry.
    OutboxBlob(i64),
    /// The submit of an outbox entry.
    OutboxSubmit(i64),
    /// Chains of accounts that a leaf names, and how each was asked for.
    Accounts(Vec<(AccountId, AccountRef)>),
    /// A part of the tree of a group that we join.
    JoinBlob(GroupId, BlobId),
    /// The parcel of a new device, for the code that leads there.
    LinkParcel(BlobId),
    /// Our own parcel, as a new device.
    LinkPut,
    /// Whether our account lists us.
    LinkPoll,
    /// What the directory says of us, so many versions.
    Watch(u32),
    /// Whether the tree head that this person has seen, and ours, are of one log.
    Heard(AccountId, Question),
    /// Who vouches for the directory.
    Witnesses,
}

/// What is true of the connection now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    pub(crate) anonymous: bool,
    pub(crate) device: bool,
    pub(crate) challenge: Option<[u8; 32]>,
    pub(crate) proven: bool,
    pub(crate) wake_at: Option<Millis>,
    /// The latest time that was seen; `None` before the first.
    pub(crate) seen: Option<Millis>,
    /// The server was busy: chains and trees are asked for again then.
    pub(crate) fetch_at: Option<Millis>,
    /// How often the tree of a group that we join was not given, for whatever reason.
    pub(crate) trees_denied: HashMap<GroupId, u32>,
    /// How often the chain of an account was not given, or did not list what waits for it.
    pub(crate) chains_denied: HashMap<AccountId, u32>,
    /// How often in a row an answer about chains did not hold.
    pub(crate) chains_unproven: u32,
    /// The server was busy: the name is claimed again then.
    pub(crate) register_at: Option<Millis>,
    /// KeyPackages are looked at then.
    pub(crate) keys_at: Option<Millis>,
    /// They are to be made anew, and that has not been begun since.
    pub(crate) keys_outdated: bool,
    /// How many the server said it has, until they are looked at.
    pub(crate) keys_left: Option<KeysLeft>,
    /// They were made anew because one came back that was used up.
    pub(crate) renewed: bool,
    /// The server did not let this device in.
    pub(crate) denied: bool,
    /// The account was claimed again from a server that had lost it.
    pub(crate) reclaimed: bool,
    /// A person was told that the server knows less than we do.
    pub(crate) warned: bool,
    /// A person was told that the directory does not hold for now, and that it lied: the one does not keep the other quiet.
    pub(crate) unproven: bool,
    pub(crate) caught: bool,
    /// Whether a person was told in this connection that a KeyPackage was of no device of its account.
    pub(crate) foreign: bool,
    /// The directory is asked what it says of us then.
    pub(crate) watch_at: Option<Millis>,
    /// How often in a row it had no answer that holds.
    pub(crate) watch_tries: u32,
    /// What others have seen of it is held against what we have seen then.
    pub(crate) relate_at: Option<Millis>,
    /// Witnesses are asked about then.
    pub(crate) witness_at: Option<Millis>,
    /// How often in a row too few of them vouched.
    pub(crate) witness_tries: u32,
    /// It said something of us that our chain does not explain, and our chain was asked for since.
    pub(crate) unexplained: bool,
    /// The server has let this process in once, and did not show it to be an older copy of the device.
    pub(crate) vetted: bool,
    /// The server dropped entries unread, and some groups are not known to be whole yet.
    pub(crate) doubts: bool,
    /// Highest place in the mailbox when this session began.
    head: Seq,
    /// Up to where the mailbox was taken in this session, or needs not to be taken in it.
    pub(crate) taken_to: Seq,
    /// All that waited when this session began was taken.
    taken: bool,
    next: u64,
    asked: HashMap<RequestId, Asked>,
    /// Which tree head the question named to which an answer is being read.
    pub(crate) seen_then: Option<Seen>,
}

/// What was asked, and not answered yet.
#[derive(Debug, Clone)]
struct Asked {
    door: Door,
    purpose: Purpose,
    seen: Option<Seen>,
}

impl Session {
    fn is_open(&self, door: Door) -> bool {
        match door {
            Door::Anonymous => self.anonymous,
            Door::Device => self.device,
        }
    }

    /// Whether a call for help can leave, and be answered.
    pub(crate) fn can_heal(&self) -> bool {
        self.proven && self.anonymous
    }

    pub(crate) fn disconnect(&mut self, door: Door) {
        self.asked.retain(|_, asked| asked.door != door);
        match door {
            Door::Anonymous => self.anonymous = false,
            Door::Device => {
                self.device = false;
                self.proven = false;
                self.taken = false;
                self.challenge = None;
            }
        }
    }

    /// `seen` is the tree head that the request names, if it is about the directory.
    pub(crate) fn open_request(&mut self, door: Door, seen: Option<Seen>, purpose: Purpose) -> Option<RequestId> {
        if !self.is_open(door) {
            return None;
        }
        self.next += 1;
        let id = RequestId(self.next);
        if purpose != Purpose::Ignore {
            self.asked.insert(id, Asked { door, purpose, seen });
        }
        Some(id)
    }

    /// Whether all that waited in the mailbox when this session began was taken.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.proven && self.taken
    }

    /// So far the mailbox was taken; `nothing_more` where the server says that it was all.
    pub(crate) fn took(&mut self, upto: Seq, nothing_more: bool) {
        self.taken |= nothing_more || upto >= self.head;
    }

    /// Whether something is asked for this reason and not answered yet.
    pub(crate) fn is_asked(&self, is: impl Fn(&Purpose) -> bool) -> bool {
        self.asked.values().any(|asked| is(&asked.purpose))
    }
}

impl Turn<'_> {
    pub(crate) fn connected(&mut self, door: Door) -> Result<(), StoreError> {
        self.session.disconnect(door);
        match door {
            Door::Anonymous => {
                self.session.anonymous = true;
                self.hold_heads_soon();
                self.witnesses_connected()?;
                self.ask_registration()?;
                if self.session.denied {
                    self.ask_own_chain()?;
                }
                self.resume_joins()
            }
            Door::Device => {
                self.session.device = true;
                Ok(())
            }
        }
    }

    pub(crate) fn told(&mut self, door: Door, told: Told) -> Result<(), StoreError> {
        match told {
            Told::Push(Push::Challenge(nonce)) if door == Door::Device => {
                self.session.challenge = Some(nonce);
                self.authenticate()
            }
            // A server that pushes before it has been proven to, or through the wrong door, is ignored.
            Told::Push(Push::Entries(entries)) if door == Door::Device && self.session.proven => self.entries(entries),
            Told::Push(_) => Ok(()),
            Told::Reply(id, reply) => match self.session.asked.remove(&id) {
                Some(asked) if asked.door == door => {
                    self.session.seen_then = asked.seen;
                    self.answered(asked.purpose, reply)
                }
                _ => Ok(()),
            },
        }
    }

    /// Answers the challenge, as soon as there is both a challenge and an account.
    pub(crate) fn authenticate(&mut self) -> Result<(), StoreError> {
        let Some(identity) = self.identity()?.filter(|_| me::is_registered(self.tx).unwrap_or(false)) else { return Ok(()) };
        let Some(nonce) = self.session.challenge.take() else { return Ok(()) };
        let bytes = authenticate_bytes(&nonce, &identity.account, &identity.device);
        let signature = waxseal_wire::chain::sign(&identity.key, &bytes);
        let request = Authenticate { account: identity.account, device: identity.device, signature };
        self.send(Door::Device, Request::Device(DeviceRequest::Authenticate(request)), Purpose::Authenticate);
        Ok(())
    }

    fn answered(&mut self, purpose: Purpose, reply: Reply) -> Result<(), StoreError> {
        match purpose {
            Purpose::Register(key) => self.registration_answered(&key, reply),
            Purpose::Authenticate => match reply {
                Reply::Session(session) => self.proven(session),
                // Removed, or the server has forgotten: the account's chain says which.
                Reply::Refused(Refusal::NotAllowed | Refusal::Unknown) => {
                    self.session.denied = true;
                    self.ask_own_chain()
                }
                _ => {
                    self.outputs.push(Output::Reconnect(Door::Device));
                    Ok(())
                }
            },
            Purpose::Begin(number) if reply == Reply::Done => me::keep_sessions(self.tx, number),
            Purpose::Begin(_) | Purpose::Take | Purpose::Ignore | Purpose::LinkPut => Ok(()),
            Purpose::PublishKeys(upload) => self.keys_published(&upload, &reply),
            Purpose::RegisterAliases(last) => self.aliases_registered(&last, &reply),
            Purpose::DropOffers(aliases) => self.offers_dropped(&aliases, &reply),
            Purpose::AppendRecord => self.record_appended(&reply),
            Purpose::OwnChain => self.own_chain_found(reply),
            Purpose::MendChain(index) => self.record_mended(index, &reply),
            Purpose::Reclaim => self.reclaimed(&reply),
            Purpose::CloseAccount => self.account_closed(&reply),
            Purpose::OutboxLookup(entry) => self.entry_looked_up(entry, reply),
            Purpose::OutboxBlob(entry) => self.entry_blob_put(entry, &reply),
            Purpose::OutboxSubmit(entry) => self.entry_submitted(entry, &reply),
            Purpose::Accounts(asked) => self.accounts_found(&asked, reply),
            Purpose::JoinBlob(group, blob) => self.join_blob(group, blob, reply),
            Purpose::LinkParcel(blob) => self.link_parcel(&blob, reply),
            Purpose::LinkPoll => self.link_polled(reply),
            Purpose::Watch(versions) => self.watch_came(versions, reply),
            Purpose::Heard(account, question) => self.heard_answered(&account, question, reply),
            Purpose::Witnesses => self.witnesses_came(reply),
        }
    }

    /// Counts this session, here before there: a copy of this device that goes on from an earlier one finds itself behind.
    fn count_session(&mut self, before: u64) -> Result<(), StoreError> {
        // A server that makes numbers up has one try: there is none above the highest.
        let number = before.saturating_add(1).min(i64::MAX.cast_unsigned());
        me::set_sessions(self.tx, number)?;
        self.send(Door::Device, Request::Device(DeviceRequest::Begin(number)), Purpose::Begin(number));
        Ok(())
    }

    fn proven(&mut self, session: Proven) -> Result<(), StoreError> {
        self.session.proven = true;
        let cursor = me::cursor(self.tx)?;
        let (begun, kept) = me::sessions(self.tx)?;
        // A head behind our cursor, or a session forgotten that it kept, is a server that went back in time: what it lost,
        // positions will show. The head alone may have come past the cursor again.
        let went_back = session.head < cursor || session.sessions < kept;
        // What was acked from this mailbox and is not here was taken by another copy of this device; it began sessions
        // that this one knows nothing of.
        let copied = session.sessions > begun || !went_back && !session.lost && session.floor > cursor;
        // What it does not know to be taken is taken again, and known by its keys: an ack was lost, or the places since were
        // given anew by a server that went back.
        let known = session.floor.min(session.head);
        let after = if copied && !went_back { known.max(cursor) } else { known.min(cursor) };
        if copied || went_back {
            me::set_cursor(self.tx, after)?;
        }
        self.session.taken_to = after;
        self.session.denied = false;
        self.session.reclaimed = false;
        self.session.warned = false;
        (self.session.caught, self.session.unproven, self.session.foreign) = (false, false, false);
        if went_back {
            self.server_went_back()?;
            self.ask_own_chain()?;
        }
        self.session.head = session.head;
        self.session.took(after, false);
        self.count_session(begun.max(session.sessions))?;
        self.send(Door::Device, Request::Device(DeviceRequest::Take(after)), Purpose::Take);
        self.session.keys_left = Some(session.keys_left);
        self.session.keys_at = Some(self.now);
        self.check_own_chain(session.chain_index)?;
        self.watch()?;
        if copied {
            self.was_copied()?;
        }
        self.session.vetted = true;
        self.tell_siblings()?;
        if session.lost {
            self.mailbox_lost()?;
        }
        self.recall_doubts()?;
        self.judge_doubted()
    }
}
