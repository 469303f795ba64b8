//! What comes right again when a server has lied, story by story; whole towns of lies are in `storm.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use waxseal_core::store::StoreError;
use waxseal_core::view::ChatState;
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::liar::Spared;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Broken, Town};
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, Position, RequestId, Seq};
use waxseal_wire::reply::{MailboxEntry, Push, Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Request};

const NAMES: [&str; 4] = ["anna", "bert", "carl", "dora"];

/// What is pushed to the last house never comes, and nobody says so.
struct Swallows;

impl Tap for Swallows {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        if house == 3 && matches!(told, Told::Push(Push::Entries(_))) { Vec::new() } else { vec![told] }
    }
}

fn swallow(town: &mut Town, begin: u64, end: u64) {
    town.plant(begin, |town| {
        town.tap = Some(Box::new(Swallows));
        Ok(())
    });
    town.plant(end, |town| {
        town.tap = None;
        Ok::<_, Broken>(())
    });
}

/// The first questions for a tree are answered with a lie: it is not there.
struct Denies(u32);

impl Tap for Denies {
    fn instead(&mut self, _house: usize, _id: RequestId, request: &Request) -> Option<Reply> {
        let asks = matches!(request, Request::Anonymous(AnonymousRequest::FetchBlob(_)));
        if !asks || self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(Reply::Refused(Refusal::Unknown))
    }
}

#[test]
fn who_is_invited_comes_in_though_the_server_denied_the_tree_at_first() {
    let mut town = Town::of_people(5, &NAMES).unwrap();
    town.run_for(2_000).unwrap();
    let denies = waxseal_sim::plan::shared(&mut town, Denies(3));
    town.plan(0, 0, Deed::Found("bees".into(), NAMES.iter().map(|name| (*name).to_owned()).collect()));
    town.run_for(60_000).unwrap();
    assert_eq!(denies.lock().unwrap().0, 0, "it was denied");
    for house in 1..4 {
        assert!(town.chat(house, "bees").is_some(), "house {house} was told of the chat");
    }
}

#[test]
fn who_was_added_again_and_never_heard_of_it_is_added_once_more() {
    for seed in 0..3 {
        let mut town = Town::of_people(seed, &NAMES).unwrap();
        town.run_for(2_000).unwrap();
        town.plan(0, 0, Deed::Found("bees".into(), NAMES.iter().map(|name| (*name).to_owned()).collect()));
        for house in 1..4 {
            town.plan(5_000, house, Deed::AcceptAll);
        }
        // Keys are renewed after joining; then it is quiet.
        town.run_for(5 * 60_000).unwrap();
        // Dora misses a Commit, sees that she is lost, asks, and misses the Welcome too.
        town.plan(1_000, 2, Deed::Refresh("bees".into()));
        town.plan(6_000, 1, Deed::Say("bees".into(), "who is there?".into()));
        swallow(&mut town, 0, 5_000);
        swallow(&mut town, 7_000, 40_000);
        town.run_for(15 * 60_000).unwrap();
        let readded = checks::health(&mut town).unwrap().readded;
        assert!(readded > 0, "seed {seed}: she comes back");
        town.plan(0, 1, Deed::Say("bees".into(), "welcome back".into()));
        town.run_for(10_000).unwrap();
        let chat = town.chat(3, "bees").unwrap();
        assert_eq!(town.houses[3].client().chat(chat).unwrap().unwrap().state, ChatState::Open, "seed {seed}");
        let texts = checks::texts(&mut town, 3, chat).unwrap();
        assert_eq!(checks::words(texts.last().unwrap()), "welcome back", "seed {seed}");
    }
}

/// Four in a chat, whose keys were renewed after joining; all is quiet.
fn four_at_rest(seed: u64) -> Town {
    let mut town = Town::of_a_group(seed, &NAMES, "bees").unwrap();
    town.run_for(10 * 60_000).unwrap();
    town
}

/// Words and gaps, as a house shows them.
fn shown(town: &mut Town, house: usize) -> Vec<String> {
    let chat = town.chat(house, "bees").unwrap();
    checks::shown(town, house, chat).unwrap()
}

/// Gives the last house these places for its next words, which nobody else hears of.
struct Promises(Vec<Position>);

impl Tap for Promises {
    fn instead(&mut self, house: usize, _id: RequestId, request: &Request) -> Option<Reply> {
        let says = matches!(request, Request::Anonymous(AnonymousRequest::SubmitMessage(_)));
        (house == 3 && says).then(|| self.0.pop()).flatten().map(Reply::Accepted)
    }
}

#[test]
fn what_came_to_a_place_that_was_promised_to_our_words_is_missing_where_we_are_lost() {
    let mut town = four_at_rest(6);
    let last = town.ledger.groups.values().filter_map(|group| group.accepted.keys().last()).max().copied().unwrap();
    // Two of Dora's words are forgotten; the place of the second is promised to a third, so that she is lost.
    let (one, two) = (last.next(), last.next().next());
    town.tap = Some(Box::new(Promises(vec![two, two, one])));
    for (number, text) in (0..).zip(["mine 1", "mine 2", "mine 3"]) {
        town.plan(number * 100, 3, Deed::Say("bees".into(), text.into()));
    }
    town.plan(400, 0, Deed::Say("bees".into(), "one".into()));
    town.plan(500, 1, Deed::Say("bees".into(), "two".into()));
    town.run_for(10 * 60_000).unwrap();
    let mine = shown(&mut town, 3);
    assert_eq!(&mine[..6], ["before", "mine 1", "(gap)", "mine 2", "(gap)", "mine 3"], "{mine:?}");
    assert_eq!(checks::accounted(&mut town, false, &Spared::default()).unwrap(), []);
}

/// Refuses what it does not like, with a refusal that should not be.
struct Refuses(fn(&AnonymousRequest) -> bool);

impl Tap for Refuses {
    fn instead(&mut self, _house: usize, _id: RequestId, request: &Request) -> Option<Reply> {
        let Request::Anonymous(request) = request else { return None };
        (self.0)(request).then_some(Reply::Refused(Refusal::StaleChain))
    }
}

/// The group that carries the chat in a house, if any, and its generation.
fn carrier(town: &mut Town, house: usize) -> (Option<Vec<u8>>, i64) {
    let read = town.houses[house].client().store_mut().read(|tx| {
        let sql = "SELECT grp, generation FROM chat WHERE title = 'bees'";
        Ok::<_, StoreError>(tx.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    });
    read.unwrap()
}

#[test]
fn a_chat_is_founded_anew_though_the_server_refused_it_at_first() {
    let refused: [fn(&AnonymousRequest) -> bool; 2] =
        [|request| matches!(request, AnonymousRequest::Lookup(_)), |request| matches!(request, AnonymousRequest::Found(_))];
    for (seed, refuses) in (7..).zip(refused) {
        let mut town = four_at_rest(seed);
        // Carl breaks the group; nobody can help anybody, and the founding that is left is refused.
        town.tap = Some(Box::new(Refuses(refuses)));
        town.vandals.push(2);
        town.plan(0, 2, Deed::Refresh("bees".into()));
        town.plan(5_000, 1, Deed::Say("bees".into(), "after".into()));
        town.run_for(20 * 60_000).unwrap();
        for house in [0, 1, 3] {
            let (group, generation) = carrier(&mut town, house);
            // Who has no group in a chat would take anybody's for it, and who counts on would follow nobody's.
            assert!(group.is_some() && generation <= 2, "seed {seed} house {house}: generation {generation}");
        }
        town.tap = None;
        town.run_for(30 * 60_000).unwrap();
        for house in [0, 1, 3] {
            let chat = town.chat(house, "bees").unwrap();
            assert_eq!(
                town.houses[house].client().chat(chat).unwrap().unwrap().state,
                ChatState::Open,
                "seed {seed} house {house}"
            );
            // Where a group was lost, a mark stands at its end, whether anything is missing there or not.
            let words: Vec<_> = shown(&mut town, house).into_iter().filter(|line| line != "(gap)").collect();
            assert_eq!(words, ["before", "after"], "seed {seed} house {house}");
        }
    }
}

#[test]
fn who_wants_to_be_out_is_out_though_the_server_refused_it_at_first() {
    let mut town = four_at_rest(9);
    town.tap = Some(Box::new(Refuses(|request| matches!(request, AnonymousRequest::SubmitCommit(_)))));
    town.plan(0, 3, Deed::Leave("bees".into()));
    town.run_for(10_000).unwrap();
    town.tap = None;
    town.run_for(10 * 60_000).unwrap();
    let chat = town.chat(3, "bees").unwrap();
    assert_eq!(town.houses[3].client().chat(chat).unwrap().unwrap().state, ChatState::Left);
    for house in 0..3 {
        let chat = town.chat(house, "bees").unwrap();
        assert_eq!(town.houses[house].client().members(chat).unwrap().len(), 3, "house {house}");
    }
}

/// Refuses so many questions for chains to each house but Bert's.
struct DeniesChains([u32; 4]);

impl Tap for DeniesChains {
    fn instead(&mut self, house: usize, _id: RequestId, request: &Request) -> Option<Reply> {
        let Request::Anonymous(AnonymousRequest::Lookup(asked)) = request else { return None };
        let left = self.0.get_mut(house).filter(|left| house != 1 && !asked.key_packages && **left > 0)?;
        *left -= 1;
        Some(Reply::Refused(Refusal::StaleChain))
    }
}

#[test]
fn a_new_device_is_no_ghost_though_the_server_refused_its_chain_at_first() {
    let mut town = four_at_rest(10);
    // Bert has a second device from now on; the others are not told that his account lists it, at first.
    town.settle("bert/2", "bert");
    let denies = waxseal_sim::plan::shared(&mut town, DeniesChains([3; 4]));
    town.plan(100, 1, Deed::Link(4));
    town.run_for(60_000).unwrap();
    assert_eq!(denies.lock().unwrap().0, [0, 3, 0, 0], "they asked");
    town.plan(0, 4, Deed::Say("bees".into(), "from both of us".into()));
    town.run_for(60_000).unwrap();
    for house in 0..4 {
        assert_eq!(shown(&mut town, house), ["before", "from both of us"], "house {house}");
    }
    let health = checks::health(&mut town).unwrap();
    assert_eq!((health.readded, health.refounded), (0, 0), "{health:?}");
}

/// Keeps back three entries of the last house, and gives one of them when he is asked.
#[derive(Default)]
struct Withholds {
    kept: Vec<MailboxEntry>,
    last: Seq,
    gives: Option<usize>,
}

impl Tap for Withholds {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        let Told::Push(Push::Entries(mut entries)) = told else { return vec![told] };
        if house == 3 {
            self.last = entries.last().map_or(self.last, |entry| entry.seq);
            let keep = entries.len().min(3 - self.kept.len());
            self.kept.extend(entries.drain(..keep));
        }
        if entries.is_empty() { Vec::new() } else { vec![Told::Push(Push::Entries(entries))] }
    }

    fn late(&mut self, _now: Millis) -> Vec<(usize, Door, Told)> {
        let given = self.gives.take().map(|at| MailboxEntry { seq: Seq(self.last.0 + 1), ..self.kept[at].clone() });
        given.into_iter().map(|entry| (3, Door::Device, Told::Push(Push::Entries(vec![entry])))).collect()
    }
}

#[test]
fn what_comes_late_into_a_hole_leaves_the_rest_of_it_marked() {
    let mut town = four_at_rest(11);
    let withholds = waxseal_sim::plan::shared(&mut town, Withholds::default());
    for (number, text) in (0..).zip(["one", "two", "three", "four"]) {
        town.plan(number * 100, 0, Deed::Say("bees".into(), text.into()));
    }
    town.run_for(1_000).unwrap();
    assert_eq!(shown(&mut town, 3), ["before", "(gap)", "four"]);
    withholds.lock().unwrap().gives = Some(1);
    town.plan(100, 0, Deed::ReadAll);
    town.run_for(1_000).unwrap();
    assert_eq!(shown(&mut town, 3), ["before", "(gap)", "two", "(gap)", "four"]);
    assert_eq!(checks::accounted(&mut town, false, &Spared::default()).unwrap(), []);
}
