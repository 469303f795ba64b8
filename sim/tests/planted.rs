//! Each check of the simulation, with something broken on purpose that it, and no other, must name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use waxseal_core::output::Problem;
use waxseal_core::store::StoreError;
use waxseal_core::{Command, Event};
use waxseal_sim::checks::Check;
use waxseal_sim::ledger::Said;
use waxseal_sim::liar::{Liar, Lie};
use waxseal_sim::plan::{self, CALM, Kind, STORM};
use waxseal_sim::tap::Tap;
use waxseal_sim::town::{Broken, Town, Weather};
use waxseal_wire::frame::Told;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::Push;

/// A town of three people and no devices more that come and go.
const SEED: u64 = 4;
/// The last moment before the town is judged.
const END: u64 = STORM + CALM - 1;

/// Which checks name something in a town where this is broken.
fn named(kind: Kind, wait: u64, planted: impl FnOnce(&mut Town) -> Result<(), Broken> + 'static) -> BTreeSet<Check> {
    let plant = move |town: &mut Town| {
        town.plant(wait, planted);
        Ok(())
    };
    let (ending, town) = plan::play_with(SEED, kind, &[], Some(Box::new(plant))).unwrap();
    assert!(town.houses.len() > 1, "alone, nobody misses anything");
    println!("{:#?}", ending.faults);
    ending.faults.into_iter().map(|fault| fault.0).collect()
}

/// The same, broken by a change of what the house `1` has stored.
fn named_where(kind: Kind, statement: &'static str) -> BTreeSet<Check> {
    named(kind, END, move |town| change(town, 1, statement))
}

fn change(town: &mut Town, house: usize, statement: &str) -> Result<(), Broken> {
    let changed = town.houses[house].client().store_mut().write(|tx| Ok::<_, StoreError>(tx.execute(statement, [])?))?;
    assert!(changed > 0, "the fault must be there to be found");
    Ok(())
}

/// The house's state is what it was again before anybody speaks.
fn change_for_a_moment(town: &mut Town, house: usize, statements: &[&str], back: &'static str) -> Result<(), Broken> {
    for statement in statements {
        change(town, house, statement)?;
    }
    town.plant(2, move |town| change(town, house, back));
    Ok(())
}

fn all(checks: &[Check]) -> BTreeSet<Check> {
    checks.iter().copied().collect()
}

#[test]
fn a_town_in_which_nothing_is_broken_is_named_by_no_check() {
    for kind in [Kind::Talk, Kind::Change, Kind::Clocks] {
        assert_eq!(named(kind, END, |_| Ok(())), all(&[]), "{kind:?}");
    }
}

/// The last text of another that the house has.
macro_rules! text {
    ($what:literal) => {
        concat!($what, " (SELECT id FROM message WHERE kind = 0 AND sender <> (SELECT account FROM me) ORDER BY id DESC LIMIT 1)")
    };
}

#[test]
fn a_message_that_a_device_lost_is_named() {
    let lost = text!("DELETE FROM message WHERE id =");
    assert_eq!(named_where(Kind::Change, lost), all(&[Check::Accounted]));
    assert_eq!(named_where(Kind::Talk, lost), all(&[Check::Accounted, Check::Complete]));
}

#[test]
fn a_gap_where_nobody_left_is_named() {
    let gap = text!("UPDATE message SET kind = 3, text = '' WHERE id =");
    assert_eq!(named_where(Kind::Talk, gap), all(&[Check::Complete]));
}

#[test]
fn a_chat_that_a_device_lost_is_named() {
    let lost = named(Kind::Change, END, |town| change(town, 0, "DELETE FROM chat WHERE direct"));
    assert_eq!(lost, all(&[Check::Accounted]));
}

#[test]
fn an_honest_server_that_is_called_a_liar_is_named() {
    let kept = "INSERT INTO evidence (at, what, bytes) VALUES (1, 'planted', x'')";
    assert_eq!(named_where(Kind::Talk, kept), all(&[Check::Accused]));
    let told = named(Kind::Talk, END, |town| {
        town.houses[1].told.push(Event::Failed { chat: None, problem: Problem::OtherDirectory });
        Ok(())
    });
    assert_eq!(told, all(&[Check::Accused]));
}

#[test]
fn a_message_that_is_shown_twice_is_named() {
    let twice = text!(
        "INSERT INTO message (chat, generation, grp, position, sender, at, kind, text, state)
         SELECT chat, generation, grp, position, sender, at, kind, text, state FROM message WHERE id ="
    );
    assert_eq!(named_where(Kind::Change, twice), all(&[Check::Once]));
}

#[test]
fn two_messages_in_another_order_are_named() {
    // The first goes behind the last of its group.
    let swapped = "UPDATE message SET position = (SELECT max(position) + 1 FROM message AS last WHERE last.grp = message.grp)
         WHERE id = (SELECT id FROM message WHERE kind = 0 AND chat = (SELECT chat FROM chat WHERE NOT direct) ORDER BY id LIMIT 1)";
    let first = named_where(Kind::Talk, swapped);
    assert_eq!(first, all(&[Check::Order]));
}

#[test]
fn a_chat_that_does_not_heal_and_an_outbox_that_does_not_empty_are_named() {
    assert_eq!(named_where(Kind::Talk, "UPDATE chat SET state = 3 WHERE NOT direct"), all(&[Check::Rest]));
    // An Update that is due when nobody lives any more.
    let waits = "INSERT INTO outbox (chat, due, intent) SELECT chat, 1 << 62, x'66557064617465' FROM chat WHERE NOT direct";
    assert_eq!(named_where(Kind::Talk, waits), all(&[Check::Rest]));
}

#[test]
fn a_chat_in_two_parts_and_who_is_out_of_it_are_named() {
    for part in ["randomblob(16)", "x'00000000000000000000000000000000'"] {
        let change_group = format!("UPDATE chat SET grp = {part} WHERE NOT direct");
        let parted = named(Kind::Talk, END, move |town| {
            let keep = "CREATE TABLE kept AS SELECT chat, grp FROM chat";
            town.houses[1].client().store_mut().write(|tx| Ok::<_, StoreError>(tx.execute(keep, [])?))?;
            change_for_a_moment(
                town,
                1,
                &[&change_group],
                "UPDATE chat SET grp = (SELECT kept.grp FROM kept WHERE kept.chat = chat.chat)",
            )
        });
        assert_eq!(parted, all(&[Check::Together]));
    }
    let out = named(Kind::Talk, END, |town| {
        for group in town.ledger.groups.values_mut() {
            group.roster.clear();
        }
        Ok(())
    });
    assert!(out.contains(&Check::Together), "{out:?}");
}

#[test]
fn what_cannot_be_opened_is_named() {
    assert_eq!(named_where(Kind::Talk, "UPDATE me SET undecryptable = undecryptable + 1"), all(&[Check::Opened]));
    // The same by what a server does: what it invents is counted.
    let invented = named(Kind::Change, 0, |town| {
        town.tap = Some(Box::new(Liar::telling(1, &[(Lie::Noise, 200)], 0)));
        Ok(())
    });
    assert!(invented.contains(&Check::Opened), "{invented:?}");
}

#[test]
fn a_foreign_device_in_a_group_is_named() {
    let foreign = named(Kind::Talk, END, |town| {
        let last = town.houses.len() - 1;
        let keep = "CREATE TABLE kept AS SELECT device FROM me";
        town.houses[last].client().store_mut().write(|tx| Ok::<_, StoreError>(tx.execute(keep, [])?))?;
        change_for_a_moment(
            town,
            last,
            &["UPDATE me SET device = randomblob(16)"],
            "UPDATE me SET device = (SELECT device FROM kept)",
        )
    });
    assert_eq!(foreign, all(&[Check::Ghosts]));
}

#[test]
fn words_that_nobody_said_or_somebody_else_are_named() {
    let others = text!("UPDATE message SET sender = (SELECT account FROM me) WHERE id =");
    assert_eq!(named_where(Kind::Change, others), all(&[Check::Words]));
    let nobodys = text!(
        "INSERT INTO message (chat, generation, grp, position, sender, at, kind, text, state)
         SELECT chat, generation, grp, position, sender, at, kind, 'what nobody said', state FROM message WHERE id ="
    );
    assert_eq!(named_where(Kind::Change, nobodys), all(&[Check::Words]));
    let renamed = "UPDATE account SET name = 'mallory' WHERE account <> (SELECT account FROM me)";
    assert_eq!(named_where(Kind::Change, renamed), all(&[Check::Words]));
}

#[test]
fn words_that_their_sender_holds_for_sent_and_nobody_took_are_named() {
    let text = "what nobody took";
    let sure = named(Kind::Change, END, move |town| {
        let chat = town.houses[1].client().chats()?.iter().find(|chat| !chat.direct).unwrap().chat;
        town.said.insert(text.to_owned(), Said { house: 1, chat });
        let id: String = chat.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let planted = format!(
            "INSERT INTO message (chat, generation, grp, position, sender, at, kind, text, state)
             SELECT chat, generation, grp, position, (SELECT account FROM me), at, 0, 'what nobody took', 2
             FROM message WHERE kind = 0 AND chat = x'{id}' LIMIT 1"
        );
        change(town, 1, &planted)
    });
    assert_eq!(sure, all(&[Check::Sure]));
}

/// What is pushed to the house `1` does not arrive.
struct Keeps;

impl Tap for Keeps {
    fn down(&mut self, house: usize, told: Told) -> Vec<Told> {
        if house == 1 && matches!(told, Told::Push(_)) { Vec::new() } else { vec![told] }
    }
}

/// All is pushed twice.
struct Doubles;

impl Tap for Doubles {
    fn down(&mut self, _house: usize, told: Told) -> Vec<Told> {
        if matches!(told, Told::Push(Push::Entries(_))) { vec![told.clone(), told] } else { vec![told] }
    }
}

#[test]
fn a_last_word_that_is_late_or_not_heard_is_named() {
    let late = named(Kind::Talk, END, |town| {
        town.weather = Weather { delay: (2_000, 2_000), ..Weather::CALM };
        Ok(())
    });
    assert_eq!(late, all(&[Check::LastWord]));
    let unheard = named(Kind::Talk, END, |town| {
        town.tap = Some(Box::new(Keeps));
        Ok(())
    });
    // Whoever does not hear it does not show it either.
    assert_eq!(unheard, all(&[Check::Accounted, Check::LastWord]));
}

/// Asks for a name, again and again.
fn chatter(town: &mut Town, every: u64, left: u64) -> Result<(), Broken> {
    for _ in 0..left.min(50) {
        town.command(1, Command::LookUp(AccountName::parse("nobody").unwrap()))?;
    }
    if left > 50 {
        town.plant(every, move |town| chatter(town, every, left - 50));
    }
    Ok(())
}

#[test]
fn a_request_or_an_ack_too_many_is_named() {
    assert_eq!(named(Kind::Talk, END + 2, |town| chatter(town, 1, 1)), all(&[Check::Budget]));
    let doubled = named(Kind::Talk, END, |town| {
        town.tap = Some(Box::new(Doubles));
        Ok(())
    });
    assert_eq!(doubled, all(&[Check::Budget]));
}

#[test]
fn keys_that_are_never_renewed_and_a_week_that_is_not_silent_are_named() {
    let old = "UPDATE chat_group SET update_at = 1 << 62";
    assert_eq!(named_where(Kind::Clocks, old), all(&[Check::Cadence]));
    assert_eq!(named(Kind::Clocks, END + 2, |town| chatter(town, 60_000, 5_000)), all(&[Check::Cadence]));
}

#[test]
fn a_town_that_never_rests_is_no_town() {
    fn again(town: &mut Town) -> Result<(), Broken> {
        town.plant(0, again);
        Ok(())
    }
    let ending = plan::play_with(SEED, Kind::Talk, &[], Some(Box::new(again)));
    assert!(matches!(ending, Err(Broken::Restless(_))));
}
