//! Parts of a chat that do not see each other come together, and who is out hears it.

use waxseal_core::Command;
use waxseal_core::store::{StoreError, Tx};
use waxseal_core::view::{ChatState, Line, Notice};
use waxseal_sim::checks;
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::Town;
use waxseal_wire::frame::Door;

use super::{is_open, texts, town};

const NAMES: [&str; 4] = ["anna", "bert", "carl", "dora"];
const ANNA: usize = 0;
const BERT: usize = 1;
const CARL: usize = 2;
const DORA: usize = 3;
const MINUTE: u64 = 60_000;

/// Anna's group of four, whose cadence after joining is over.
fn bees(seed: u64) -> Town {
    let mut town = town(seed, &NAMES);
    town.plan(0, ANNA, Deed::Found("bees".into(), NAMES.map(str::to_owned).to_vec()));
    for house in BERT..=DORA {
        town.plan(5_000, house, Deed::AcceptAll);
    }
    town.run_for(10 * MINUTE).unwrap();
    town
}

fn leave_town(town: &mut Town, house: usize) {
    town.unplug(house).unwrap();
    town.houses[house].gone = true;
}

fn come_back(town: &mut Town, house: usize) {
    town.houses[house].gone = false;
    town.connect(house, 10);
}

fn state(town: &mut Town, house: usize) -> ChatState {
    let chat = town.chat(house, "bees").unwrap();
    town.houses[house].client().chat(chat).unwrap().unwrap().state
}

fn notices(town: &mut Town, house: usize, is: impl Fn(&Notice) -> bool) -> usize {
    let chat = town.chat(house, "bees").unwrap();
    let all = town.houses[house].client().messages(chat, None, 1_000).unwrap();
    all.iter().filter(|message| matches!(&message.line, Line::Notice(notice) if is(notice))).count()
}

/// These say something, all of them hear it, and nobody else is in.
fn are_together(town: &mut Town, houses: &[usize]) {
    hear_each_other(town, houses, houses.len());
    assert_eq!(checks::together(town).unwrap(), []);
}

/// These say something, and all of them hear it; so many are in.
fn hear_each_other(town: &mut Town, houses: &[usize], members: usize) {
    for house in houses {
        town.plan(0, *house, Deed::Say("bees".into(), format!("from {house}")));
    }
    town.run_for(MINUTE).unwrap();
    let said: Vec<_> = houses.iter().map(|house| format!("from {house}")).collect();
    for house in houses {
        assert_eq!(state(town, *house), ChatState::Open, "house {house}");
        let chat = town.chat(*house, "bees").unwrap();
        assert_eq!(town.houses[*house].client().members(chat).unwrap().len(), members, "house {house}");
        let mut last: Vec<_> = texts(town, *house, "bees").into_iter().filter(|text| text.starts_with("from")).collect();
        last.drain(..last.len().saturating_sub(houses.len()));
        last.sort();
        assert_eq!(last, said, "house {house}");
    }
}

#[test]
fn who_left_is_not_brought_back_by_those_who_have_not_heard_it_and_who_has_comes_along() {
    let mut town = bees(60);
    // Anna and Carl are away until the server has forgotten how Bert left, which Dora alone knows.
    leave_town(&mut town, ANNA);
    leave_town(&mut town, CARL);
    town.plan(0, BERT, Deed::Leave("bees".into()));
    town.run_for(MINUTE).unwrap();
    assert_eq!(state(&mut town, BERT), ChatState::Left);
    leave_town(&mut town, DORA);
    town.skip_days(32);
    come_back(&mut town, ANNA);
    come_back(&mut town, CARL);
    town.run_for(20 * MINUTE).unwrap();
    hear_each_other(&mut town, &[ANNA, CARL], 3);
    assert_eq!(state(&mut town, BERT), ChatState::Left, "he said it again");
    come_back(&mut town, DORA);
    town.run_for(10 * MINUTE).unwrap();
    are_together(&mut town, &[ANNA, CARL, DORA]);
    assert_eq!(state(&mut town, BERT), ChatState::Left);
}

/// Anna and Carl are lost, Dora is not; all meet. Whether the two were added again, or founded the group anew.
fn two_are_lost(seed: u64) -> (u64, u64) {
    let mut town = bees(seed);
    leave_town(&mut town, ANNA);
    leave_town(&mut town, CARL);
    town.plan(0, BERT, Deed::Leave("bees".into()));
    town.run_for(MINUTE).unwrap();
    town.skip_days(32);
    come_back(&mut town, ANNA);
    come_back(&mut town, CARL);
    town.run_for(10 * MINUTE).unwrap();
    let health = checks::health(&mut town).unwrap();
    are_together(&mut town, &[ANNA, CARL, DORA]);
    (health.readded, health.refounded)
}

#[test]
fn two_who_are_lost_wait_for_a_third_who_is_not() {
    // Both of them may be in a hurry at once: then they found it anew, and nothing is lost but time.
    let ended: Vec<_> = (600..616).map(two_are_lost).collect();
    let added = ended.iter().filter(|ended| **ended == (2, 0)).count();
    assert!(added > ended.len() / 2, "{ended:?}");
}

#[test]
fn who_was_removed_and_never_heard_it_is_told_by_an_admin_when_they_ask() {
    let mut town = bees(62);
    leave_town(&mut town, CARL);
    town.plan(0, ANNA, Deed::Remove("bees".into(), "carl".into()));
    town.run_for(MINUTE).unwrap();
    town.skip_days(32);
    town.plan(0, CARL, Deed::Say("bees".into(), "nobody hears this".into()));
    come_back(&mut town, CARL);
    town.run_for(5 * MINUTE).unwrap();
    assert_eq!(state(&mut town, CARL), ChatState::Left);
    assert_eq!(notices(&mut town, CARL, |notice| matches!(notice, Notice::Removed(_))), 1, "it is said in the chat");
    are_together(&mut town, &[ANNA, BERT, DORA]);
    // Who is asked to come back comes back: that they were told is over.
    town.plan(0, ANNA, Deed::Add("bees".into(), vec!["carl".into()]));
    town.plan(10_000, CARL, Deed::AcceptAll);
    town.run_for(2 * MINUTE).unwrap();
    assert!(is_open(&mut town, CARL, "bees"));
    are_together(&mut town, &[ANNA, BERT, CARL, DORA]);
}

#[test]
fn who_missed_the_founding_anew_and_answers_a_call_from_before_it_is_brought_along() {
    let mut town = town(64, &NAMES[..2]);
    town.plan(0, ANNA, Deed::Found("bees".into(), vec!["bert".into()]));
    town.plan(5_000, BERT, Deed::AcceptAll);
    town.run_for(10 * MINUTE).unwrap();
    leave_town(&mut town, BERT);
    town.plan(0, ANNA, Deed::Refresh("bees".into()));
    town.run_for(MINUTE).unwrap();
    town.skip_days(32);
    // She hears that he calls for help, and is away before she can do anything; he founds the group anew.
    town.shut(&[ANNA], &[Door::Anonymous], 2 * MINUTE).unwrap();
    come_back(&mut town, BERT);
    town.run_for(MINUTE).unwrap();
    leave_town(&mut town, ANNA);
    town.run_for(20 * MINUTE).unwrap();
    // The server has forgotten his invitation when she comes back, and she answers.
    town.skip_days(34);
    come_back(&mut town, ANNA);
    town.run_for(20 * MINUTE).unwrap();
    are_together(&mut town, &[ANNA, BERT]);
}

#[test]
fn nobody_is_out_because_somebody_says_so_who_is_no_admin() {
    let mut town = bees(63);
    leave_town(&mut town, CARL);
    town.plan(0, DORA, Deed::Refresh("bees".into()));
    town.run_for(MINUTE).unwrap();
    leave_town(&mut town, ANNA);
    leave_town(&mut town, DORA);
    town.skip_days(32);
    town.run_for(10 * MINUTE).unwrap();
    // Bert's device believes that he is an admin, and that Carl is out; it tells him so when he asks.
    for (sql, who) in [("UPDATE member SET admin = 1 WHERE account = ?1", BERT), ("DELETE FROM member WHERE account = ?1", CARL)] {
        let account = town.houses[who].client().me().unwrap().unwrap().account.0;
        let write = |tx: &Tx<'_>| Ok::<_, StoreError>(tx.execute(sql, [account])?);
        town.houses[BERT].client().store_mut().write(write).unwrap();
    }
    come_back(&mut town, CARL);
    town.run_for(3 * MINUTE).unwrap();
    let told = "SELECT count(*) FROM outbox WHERE founds AND chat IS NOT NULL";
    let told = town.houses[BERT].client().store_mut().read(|tx| Ok::<u64, StoreError>(tx.query_row(told, [], |row| row.get(0))?));
    assert_eq!(told.unwrap(), 1, "Bert has told him");
    assert_eq!(state(&mut town, CARL), ChatState::Healing, "he goes on asking");
    come_back(&mut town, ANNA);
    come_back(&mut town, DORA);
    town.run_for(20 * MINUTE).unwrap();
    assert_eq!(state(&mut town, CARL), ChatState::Open);
}

#[test]
fn who_was_out_and_is_added_again_comes_in_though_the_server_dropped_the_welcome() {
    let mut town = bees(83);
    let bees = town.chat(ANNA, "bees").unwrap();
    let dora = town.houses[ANNA].client().account_by_name(&super::name("dora")).unwrap().unwrap();
    town.command(ANNA, Command::RemoveMember(bees, dora)).unwrap();
    town.run_for(MINUTE).unwrap();
    assert_eq!(state(&mut town, DORA), ChatState::Left);
    leave_town(&mut town, DORA);
    town.command(ANNA, Command::AddMembers(bees, vec![super::name("dora")])).unwrap();
    town.run_for(MINUTE).unwrap();
    town.skip_days(31);
    town.sweep().unwrap();
    come_back(&mut town, DORA);
    town.plan(5 * MINUTE, DORA, Deed::AcceptAll);
    town.run_for(10 * MINUTE).unwrap();
    assert_eq!(state(&mut town, DORA), ChatState::Open);
    let bees = town.chat(DORA, "bees").unwrap();
    let lines = town.houses[DORA].client().messages(bees, None, 100).unwrap();
    assert_eq!(lines.iter().filter(|message| message.line == Line::Gap).count(), 1, "what was said meanwhile is marked");
    are_together(&mut town, &[ANNA, BERT, CARL, DORA]);
}
