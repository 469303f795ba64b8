//! A server that lies: whoever runs it stands before the honest rules and does what he likes.
//!
//! ```text
//!   house ──► up: learns what is lent        ──► the honest server
//!         ◄── instead: answers by himself
//!         ◄── down: swaps, damages, keeps, repeats, reorders ◄──
//! ```
//! Put before a town's server by `plan`. He has all that a server sees in
//! plain: rosters with their seal keys, addresses, KeyPackages, chains. He has
//! no key of any device. How often he tells which lie is drawn from a seed.

mod directory;
mod knows;
mod post;
mod spared;

use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use waxseal_wire::frame::{Door, Told, decode_told, encode_push, encode_reply};
use waxseal_wire::id::{Epoch, Millis, Position, RequestId};
use waxseal_wire::reply::{Accounts, KeysLeft, MailboxEntry, Push, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};

use self::directory::Directory;
use self::knows::Knows;
use self::post::Desk;
pub use self::spared::{SAFETY, Spared, spared};
use crate::tap::Tap;

/// What he says that is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lie {
    /// Entries that were given before, with fresh numbers.
    Replay,
    /// Entries kept back, and given later.
    Withhold,
    /// Entries that one house never gets.
    Swallow,
    /// Entries in another order.
    Reorder,
    /// Entries that nobody sealed.
    Noise,
    /// Entries sealed again with another position.
    Renumber,
    /// Entries sealed again with a position that was used.
    Backdate,
    /// Messages sealed again as if somebody else had submitted them.
    Misattribute,
    /// Commits as messages, messages as Commits.
    Mistype,
    /// Envelopes damaged under a good seal.
    Damage,
    /// KeyPackages of somebody else, or of his own making.
    SwapKeys,
    /// KeyPackages that were handed out before.
    ReuseKeys,
    /// Chains without their last records.
    CutChain,
    /// Chains of somebody else.
    SwapChain,
    /// Accounts under somebody else's name.
    Rename,
    /// Accounts that are said not to be there.
    Deny,
    /// What is acknowledged and forgotten.
    Forget,
    /// An epoch that is not the group's.
    Stale,
    /// Refusals for no reason.
    Refuse,
    /// Answers that answer something else.
    Answer,
    /// A session that is not so: head, losses, KeyPackages, chain.
    Session,
    /// Frames with damaged bytes.
    Frame,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Replay,
        Self::Withhold,
        Self::Swallow,
        Self::Reorder,
        Self::Noise,
        Self::Renumber,
        Self::Backdate,
        Self::Misattribute,
        Self::Mistype,
        Self::Damage,
        Self::SwapKeys,
        Self::ReuseKeys,
        Self::CutChain,
        Self::SwapChain,
        Self::Rename,
        Self::Deny,
        Self::Forget,
        Self::Stale,
        Self::Refuse,
        Self::Answer,
        Self::Session,
        Self::Frame,
    ];

    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replay => "replayed",
            Self::Withhold => "withheld",
            Self::Swallow => "swallowed",
            Self::Reorder => "reordered",
            Self::Noise => "invented",
            Self::Renumber => "renumbered",
            Self::Backdate => "backdated",
            Self::Misattribute => "misattributed",
            Self::Mistype => "mistyped",
            Self::Damage => "damaged",
            Self::SwapKeys => "keys swapped",
            Self::ReuseKeys => "keys reused",
            Self::CutChain => "chains cut",
            Self::SwapChain => "chains swapped",
            Self::Rename => "names changed",
            Self::Deny => "denied",
            Self::Forget => "forgotten",
            Self::Stale => "stale epochs",
            Self::Refuse => "refused",
            Self::Answer => "wrong answers",
            Self::Session => "false sessions",
            Self::Frame => "broken frames",
        }
    }
}

/// See the module.
pub struct Liar {
    rng: ChaCha20Rng,
    /// How often each lie is told where it can be, in 1/1000.
    often: BTreeMap<Lie, u32>,
    told: BTreeMap<&'static str, u64>,
    now: Millis,
    /// Whom he lets starve.
    victim: usize,
    /// The only house whose entries he touches, where it is only one.
    only: Option<usize>,
    /// He listens, and tells the truth.
    quiet: bool,
    knows: Knows,
    directory: Directory,
    desks: BTreeMap<usize, Desk>,
}

impl Liar {
    /// Somebody who tells one lie, often or now and then; `houses` live in the town.
    pub fn new(seed: u64, houses: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed ^ 0x006c_6961_7200);
        let lie = *Lie::ALL.choose(&mut rng).unwrap_or(&Lie::Replay);
        let rate = *[20, 80, 250].choose(&mut rng).unwrap_or(&80);
        let victim = rng.gen_range(0..houses.max(1));
        Self::with(rng, BTreeMap::from([(lie, rate)]), victim)
    }

    /// Somebody who tells only these lies, so often in 1/1000.
    pub fn telling(seed: u64, lies: &[(Lie, u32)], victim: usize) -> Self {
        Self::with(ChaCha20Rng::seed_from_u64(seed), lies.iter().copied().collect(), victim)
    }

    fn with(rng: ChaCha20Rng, often: BTreeMap<Lie, u32>, victim: usize) -> Self {
        Self {
            rng,
            often,
            told: BTreeMap::new(),
            now: Millis(0),
            victim,
            only: None,
            quiet: false,
            knows: Knows::default(),
            directory: Directory::default(),
            desks: BTreeMap::new(),
        }
    }

    /// Keeps to the truth until he is told to speak; what he hears meanwhile he knows.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Lies from now on.
    pub fn speak(&mut self) {
        self.quiet = false;
    }

    /// Touches what is delivered to this house alone.
    #[must_use]
    pub fn only(self, house: usize) -> Self {
        Self { only: Some(house), ..self }
    }

    /// What is not asked of a town where he lives.
    pub fn spared(&self) -> Spared {
        spared(self.often.keys().copied())
    }

    /// What he told so far, by kind.
    pub fn told(&self) -> &BTreeMap<&'static str, u64> {
        &self.told
    }

    /// Whether he tells this lie now; counted.
    fn lies(&mut self, lie: Lie) -> bool {
        let often = self.often.get(&lie).copied().unwrap_or(0);
        let does = often > 0 && !self.quiet && self.rng.gen_range(0..1_000) < often;
        if does {
            *self.told.entry(lie.name()).or_default() += 1;
        }
        does
    }

    /// Entries on their way to a house, with what he makes of them.
    fn entries(&mut self, house: usize, entries: Vec<MailboxEntry>) -> Vec<MailboxEntry> {
        let mut out = Vec::new();
        for entry in entries {
            let real = entry.seq;
            if self.only.is_some_and(|only| only != house) {
                out.push((entry, Some(real)));
                continue;
            }
            if house == self.victim && self.lies(Lie::Swallow) {
                self.desk(house).done_with(real);
                continue;
            }
            if self.lies(Lie::Withhold) {
                let until = Millis(self.now.0 + self.rng.gen_range(500..90_000));
                self.desk(house).keep(until, entry);
                continue;
            }
            if self.lies(Lie::Replay) {
                out.extend(self.desks.get(&house).and_then(|desk| desk.old.choose(&mut self.rng)).cloned().map(|old| (old, None)));
            }
            let entry = self.forge(entry);
            self.desk(house).remember(&entry);
            out.push((entry, Some(real)));
        }
        if out.len() > 1 && self.lies(Lie::Reorder) {
            out.shuffle(&mut self.rng);
        }
        let desk = self.desk(house);
        out.into_iter().map(|(entry, real)| desk.give(entry, real)).collect()
    }

    fn desk(&mut self, house: usize) -> &mut Desk {
        self.desks.entry(house).or_default()
    }

    /// One entry, perhaps with something else in it.
    fn forge(&mut self, mut entry: MailboxEntry) -> MailboxEntry {
        if self.lies(Lie::Noise) {
            let at = self.rng.gen_range(0..entry.sealed.len().max(1));
            if self.rng.r#gen() {
                entry.sealed.truncate(at);
            } else if let Some(byte) = entry.sealed.get_mut(at) {
                *byte ^= 1 << self.rng.gen_range(0..8);
            }
            return entry;
        }
        let Some(mut inside) = self.knows.open(&entry) else { return entry };
        let mut is_other = false;
        if self.lies(Lie::Renumber) {
            let by = *[1, 2, 7, 100, 1 << 40, u64::MAX].choose(&mut self.rng).unwrap_or(&1);
            inside.position = Position(if self.rng.r#gen() {
                inside.position.0.saturating_add(by)
            } else {
                inside.position.0.saturating_sub(by)
            });
            is_other = true;
        }
        if self.lies(Lie::Backdate) {
            inside.position = Position(self.rng.gen_range(0..inside.position.0.max(1)));
            is_other = true;
        }
        if self.lies(Lie::Misattribute)
            && let Some(other) = self.knows.anybody(&inside.group, &mut self.rng)
        {
            inside.from = other;
            is_other = true;
        }
        if self.lies(Lie::Mistype) {
            inside.kind = knows::other_kind(inside.kind, &mut self.rng);
            is_other = true;
        }
        if self.lies(Lie::Damage) {
            let at = self.rng.gen_range(0..inside.envelope.len().max(1));
            if let Some(byte) = inside.envelope.get_mut(at) {
                *byte ^= 1 << self.rng.gen_range(0..8);
            }
            is_other = true;
        }
        if is_other { self.knows.seal(&entry, &inside, &mut self.rng) } else { entry }
    }

    fn submitted(&mut self, house: usize, id: RequestId, request: &AnonymousRequest) -> Option<Reply> {
        let lent = match request {
            AnonymousRequest::Found(found) => &found.lent,
            AnonymousRequest::SubmitMessage(submit) => &submit.lent,
            AnonymousRequest::SubmitCommit(submit) => &submit.lent,
            _ => return None,
        };
        let next = self.knows.next_position(&lent.group);
        if self.lies(Lie::Forget) {
            return Some(Reply::Accepted(next));
        }
        if self.lies(Lie::Stale) {
            let off = self.rng.gen_range(0..4);
            return Some(Reply::Refused(Refusal::StaleEpoch { current: Epoch((lent.epoch.0 + off).saturating_sub(1)) }));
        }
        self.knows.asked(house, id, request);
        None
    }

    fn answer(&mut self) -> Reply {
        match self.rng.gen_range(0..6) {
            0 => Reply::Done,
            1 => Reply::Accepted(Position(self.rng.r#gen())),
            2 => Reply::Accounts(Accounts::default()),
            3 => Reply::KeysLeft(KeysLeft { one_time: self.rng.r#gen(), last_resort: self.rng.r#gen() }),
            4 => Reply::BlobPart(waxseal_wire::reply::BlobPart { total: self.rng.gen_range(0..9_000), bytes: vec![7; 100] }),
            _ => Reply::Refused(Refusal::Unknown),
        }
    }

    fn refusal(&mut self) -> Refusal {
        let all = [
            Refusal::TooFast { retry_after_ms: self.rng.r#gen() },
            Refusal::Full,
            Refusal::Internal,
            Refusal::NotAllowed,
            Refusal::Unknown,
            Refusal::Taken,
            Refusal::ReusedKey,
            Refusal::Malformed,
            Refusal::TooLarge,
            Refusal::WrongDoor,
            Refusal::StaleChain,
        ];
        *all.choose(&mut self.rng).unwrap_or(&Refusal::Full)
    }

    /// Bytes that are none: what a client's shell makes of a damaged frame, if anything.
    fn damaged(&mut self, told: &Told) -> Vec<Told> {
        let mut bytes = match told {
            Told::Reply(id, reply) => encode_reply(*id, reply),
            Told::Push(push) => encode_push(push),
        };
        for _ in 0..self.rng.gen_range(1..5) {
            let at = self.rng.gen_range(0..bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = self.rng.r#gen();
            }
        }
        decode_told(&bytes).into_iter().collect()
    }
}

impl Tap for Liar {
    fn up(&mut self, house: usize, request: &mut Request) {
        if let Request::Device(DeviceRequest::Ack(seq) | DeviceRequest::Take(seq)) = request {
            *seq = self.desk(house).real(*seq);
        }
        self.knows.learn(request);
    }

    fn instead(&mut self, house: usize, id: RequestId, request: &Request) -> Option<Reply> {
        if matches!(
            request,
            Request::Device(
                DeviceRequest::Authenticate(_) | DeviceRequest::Begin(_) | DeviceRequest::Take(_) | DeviceRequest::Ack(_)
            )
        ) {
            return None;
        }
        if self.lies(Lie::Refuse) {
            return Some(Reply::Refused(self.refusal()));
        }
        if self.lies(Lie::Answer) {
            return Some(self.answer());
        }
        match request {
            Request::Anonymous(request) => self.submitted(house, id, request),
            Request::Device(DeviceRequest::PublishKeys(_)) if self.lies(Lie::Forget) => {
                Some(Reply::KeysLeft(KeysLeft { one_time: 24, last_resort: true }))
            }
            Request::Device(_) if self.lies(Lie::Forget) => Some(Reply::Done),
            Request::Device(_) => None,
        }
    }

    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        let told = match told {
            Told::Push(Push::Entries(entries)) => {
                let is_last = entries.is_empty();
                let entries = self.entries(house, entries);
                if entries.is_empty() && !is_last {
                    return Vec::new();
                }
                Told::Push(Push::Entries(entries))
            }
            Told::Reply(id, Reply::Accounts(accounts)) => {
                let found = accounts.found.into_iter().map(|one| self.found(one)).collect();
                Told::Reply(id, Reply::Accounts(Accounts { found, ..accounts }))
            }
            Told::Reply(id, Reply::Session(mut session)) => {
                session.head = self.desk(house).head(session.head);
                if self.lies(Lie::Session) {
                    match self.rng.gen_range(0..4) {
                        0 => session.lost = true,
                        1 => session.chain_index = self.rng.gen_range(0..9),
                        2 => session.keys_left = KeysLeft { one_time: self.rng.gen_range(0..200), last_resort: self.rng.r#gen() },
                        _ => session.head.0 = self.rng.gen_range(0..session.head.0.saturating_add(9)),
                    }
                }
                Told::Reply(id, Reply::Session(session))
            }
            Told::Reply(id, Reply::Accepted(position)) => {
                self.knows.accepted(house, id, position);
                Told::Reply(id, Reply::Accepted(position))
            }
            other => other,
        };
        if self.lies(Lie::Frame) { self.damaged(&told) } else { vec![told] }
    }

    fn late(&mut self, now: Millis) -> Vec<(usize, Door, Told)> {
        self.now = now;
        let mut all = Vec::new();
        for (house, desk) in &mut self.desks {
            let due = desk.due(now);
            if !due.is_empty() {
                all.push((*house, Door::Device, Told::Push(Push::Entries(due))));
            }
        }
        all
    }
}
