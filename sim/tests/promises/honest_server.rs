//! The other side of every alarm: a server that is honest, busy, restored or slow is accused by nobody.
//!
//! An alarm that rings without a liar is soon not heard any more. Here a server cannot answer for a while, is set back,
//! answers two questions in another order; and, for comparison, heads that no honest server explains.

use std::sync::{Arc, Mutex};

use waxseal_core::Event;
use waxseal_core::output::Problem;
use waxseal_core::store::StoreError;
use waxseal_sim::deeds::Deed;
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Town, Weather, log_of};
use waxseal_transparency::{Head, Lie, LogKeys, SignedHead};
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, RequestId};
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, Request};

use crate::scene;

const TITLE: &str = "bees";
const ANNA: usize = 0;
const BERT: usize = 1;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Anna and Bert share a group, and time has passed.
fn two_people(seed: u64) -> Town {
    let mut town = Town::new(seed, Weather::CALM).unwrap();
    scene::people(&mut town, &["anna", "bert"]);
    scene::group(&mut town, TITLE);
    town.run_for(HOUR).unwrap();
    town
}

fn registers(town: &mut Town, name: &str) -> usize {
    let house = town.settle(&format!("{name}/1"), name);
    town.plan(10, house, Deed::Register);
    town.run_for(10_000).unwrap();
    house
}

fn tapped<T: Tap + Send + 'static>(town: &mut Town, tap: T) -> Arc<Mutex<T>> {
    let tap = Arc::new(Mutex::new(tap));
    town.tap = Some(Box::new(Arc::clone(&tap)));
    tap
}

/// Anna has seen a larger log than Bert, and says something.
fn bert_hears_of_more(town: &mut Town) {
    registers(town, "carl");
    town.plan(0, ANNA, Deed::Open("carl".into()));
    town.run_for(MINUTE).unwrap();
    scene::say(town, ANNA, TITLE, "have you met carl?");
    assert_eq!(scene::texts(town, BERT, TITLE).last().unwrap(), "have you met carl?");
}

fn problems(town: &Town, house: usize) -> Vec<Problem> {
    let problem = |event: &Event| if let Event::Failed { problem, .. } = event { Some(*problem) } else { None };
    town.houses[house].told.iter().filter_map(problem).collect()
}

/// Heads that wait to be explained.
fn waiting(town: &mut Town, house: usize) -> i64 {
    scene::look(town.houses[house].client(), |store| {
        store.read(|tx| Ok::<_, StoreError>(tx.query_row("SELECT count(*) FROM heard_head", [], |row| row.get(0))?)).unwrap()
    })
}

fn assert_nobody_is_accused(town: &mut Town) {
    for house in 0..town.houses.len() {
        assert_eq!(problems(town, house), [], "{}", town.houses[house].name);
        assert_eq!(scene::evidence(town, house), 0, "{}", town.houses[house].name);
    }
}

/// Answers nothing that Bert asks of people.
struct Busy;

impl Tap for Busy {
    fn instead(&mut self, house: usize, _: RequestId, request: &Request) -> Option<Reply> {
        let is_of_people =
            matches!(request, Request::Anonymous(AnonymousRequest::Lookup(_) | AnonymousRequest::Relate(_)) if house == BERT);
        is_of_people.then_some(Reply::Refused(Refusal::Internal))
    }
}

#[test]
fn a_server_that_is_busy_for_minutes_after_a_head_was_heard_is_no_liar() {
    let mut town = two_people(301);
    tapped(&mut town, Busy);
    bert_hears_of_more(&mut town);
    town.run_for(20 * MINUTE).unwrap();
    assert_eq!(waiting(&mut town, BERT), 1);
    town.tap = None;
    town.run_for(HOUR).unwrap();
    assert_eq!(waiting(&mut town, BERT), 0);
    assert_nobody_is_accused(&mut town);
}

#[test]
fn a_device_that_cannot_prove_itself_accuses_nobody() {
    let mut town = two_people(302);
    bert_hears_of_more(&mut town);
    town.cut(BERT, Door::Device).unwrap();
    town.houses[BERT].line(Door::Device).mute = true;
    town.run_for(10 * MINUTE).unwrap();
    assert_nobody_is_accused(&mut town);
}

#[test]
fn a_server_that_says_nothing_of_it_for_ever_is_told_of_and_not_convicted() {
    let mut town = two_people(303);
    tapped(&mut town, Busy);
    bert_hears_of_more(&mut town);
    town.run_for(DAY).unwrap();
    assert!(problems(&town, BERT).contains(&Problem::Directory(Lie::Withheld)), "{:?}", problems(&town, BERT));
    assert_eq!((waiting(&mut town, BERT), scene::evidence(&mut town, BERT)), (0, 0));
}

#[test]
fn a_server_that_is_restored_while_a_head_waits_is_no_liar() {
    let mut town = two_people(304);
    let disk = town.server_disk().unwrap();
    tapped(&mut town, Busy);
    bert_hears_of_more(&mut town);
    town.tap = None;
    town.server_goes_back(&disk).unwrap();
    town.run_for(3 * HOUR).unwrap();
    assert_eq!(waiting(&mut town, BERT), 0);
    for house in [ANNA, BERT] {
        let restored = problems(&town, house);
        assert!(restored.iter().all(|problem| matches!(problem, Problem::ServerBehind | Problem::ServerForgot)), "{restored:?}");
        assert_eq!(scene::evidence(&mut town, house), 0);
    }
}

/// Keeps what the directory tells Bert until it is let go, one answer after the other as it is asked to.
#[derive(Default)]
struct Slow {
    is_open: bool,
    kept: Vec<Told>,
}

impl Tap for Slow {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        if house == BERT && !self.is_open && matches!(told, Told::Reply(_, Reply::Accounts(_) | Reply::Watched(_))) {
            self.kept.push(told);
            return Vec::new();
        }
        vec![told]
    }

    fn late(&mut self, _: Millis) -> Vec<(usize, Door, Told)> {
        if !self.is_open {
            return Vec::new();
        }
        let door = |told: &Told| if matches!(told, Told::Reply(_, Reply::Watched(_))) { Door::Device } else { Door::Anonymous };
        self.kept.drain(..).map(|told| (BERT, door(&told), told)).collect()
    }
}

#[test]
fn two_answers_that_were_on_their_way_at_once_are_believed_in_either_order() {
    for newest_first in [false, true] {
        let mut town = two_people(305);
        let slow = tapped(&mut town, Slow::default());
        registers(&mut town, "carl");
        // Bert connects again and asks what is said of him.
        town.cut(BERT, Door::Device).unwrap();
        town.run_for(MINUTE / 2).unwrap();
        registers(&mut town, "dora");
        town.plan(0, BERT, Deed::Open("dora".into()));
        town.run_for(5_000).unwrap();
        {
            let mut slow = slow.lock().unwrap();
            assert_eq!(slow.kept.len(), 2, "both were asked with one head in mind");
            if newest_first {
                slow.kept.reverse();
            }
            slow.is_open = true;
        }
        town.plant(1, |_| Ok(()));
        town.run_for(HOUR).unwrap();
        assert!(town.chat(BERT, "dora").is_some(), "what was asked is asked again");
        assert_nobody_is_accused(&mut town);
    }
}

/// Bert has heard this head from Anna.
fn heard(town: &mut Town, keys: &LogKeys, head: &SignedHead) {
    let (log, head) = (keys.id().0, head.encode());
    let planted = scene::look(town.houses[BERT].client(), |store| {
        let sql = "INSERT INTO heard_head (account, chat, log, head)
                   SELECT x'0707070707070707070707070707070707070707070707070707070707070707', chat, ?1, ?2 FROM chat WHERE NOT direct";
        store.write(|tx| Ok::<_, StoreError>(tx.execute(sql, rusqlite::params![log, head])?)).unwrap()
    });
    assert_eq!(planted, 1);
    town.cut(BERT, Door::Anonymous).unwrap();
    town.run_for(HOUR).unwrap();
    assert_eq!(waiting(town, BERT), 0);
}

/// The server is set back and begins another log, and Bert knows nothing of the first.
fn after_a_restore(seed: u64) -> Town {
    let mut town = two_people(seed);
    let disk = town.server_disk().unwrap();
    town.server_goes_back(&disk).unwrap();
    town.run_for(HOUR).unwrap();
    let forget = |store: &mut waxseal_core::store::Store| {
        store.write(|tx| Ok::<_, StoreError>(tx.execute("DELETE FROM past_log", [])?)).unwrap()
    };
    assert_eq!(scene::look(town.houses[BERT].client(), forget), 1);
    town
}

fn signed(log: u8, at: Millis) -> SignedHead {
    log_of(log).secrets().sign(Head { size: 9, root: [9; 32], at })
}

#[test]
fn a_log_that_led_to_ours_before_we_came_is_explained() {
    let mut town = after_a_restore(306);
    let before = Millis(town.now.0 - 2 * HOUR);
    let told = problems(&town, BERT).len();
    heard(&mut town, &log_of(1).keys(), &signed(1, before));
    assert_eq!(problems(&town, BERT).len(), told, "{:?}", problems(&town, BERT));
    assert_eq!(scene::evidence(&mut town, BERT), 0);
}

#[test]
fn a_log_that_goes_on_after_it_handed_over_is_another_directory() {
    let mut town = after_a_restore(307);
    let later = Millis(town.now.0 + 30 * HOUR);
    heard(&mut town, &log_of(1).keys(), &signed(1, later));
    assert!(problems(&town, BERT).contains(&Problem::OtherDirectory), "{:?}", problems(&town, BERT));
}

#[test]
fn a_log_that_has_nothing_to_do_with_ours_is_another_directory() {
    let mut town = two_people(308);
    let now = town.now;
    heard(&mut town, &log_of(77).keys(), &signed(77, now));
    assert_eq!(problems(&town, BERT), [Problem::OtherDirectory]);
    assert_eq!(scene::evidence(&mut town, BERT), 0, "a member can make a log up: it convicts nobody");
}
