//! The last act: a week for the cadence where clocks had jumped, and a last word in every chat.
//!
//! Called by `plan` in calm weather. Here round trips are held to DESIGN's
//! budget: one request, one push and one ack a device, nothing else.

use std::collections::{BTreeMap, BTreeSet};

use waxseal_core::Command;
use waxseal_core::view::{ChatId, ChatState};
use waxseal_wire::id::{GroupId, Position};

use super::DAY;
use crate::checks::{self, Check, Fault};
use crate::ledger::Said;
use crate::town::{Broken, Town};

/// The longest time that a device keeps its keys, in days, and one for its jitter and a slow clock.
const CADENCE: u64 = 8;
/// A word is at everybody's within this, in milliseconds; receipts wait for two seconds at least.
const PROMPT: u64 = 1_900;
/// What a client asks for in order to say something.
const ASKS: [&str; 6] = ["lookup", "found", "message", "commit", "put blob", "fetch blob"];

/// Every member of every group that carries a chat makes new keys within a week, whatever its clock did.
pub(super) fn a_week(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let before: BTreeMap<GroupId, Option<Position>> =
        town.ledger.groups.iter().map(|(id, group)| (*id, group.accepted.keys().last().copied())).collect();
    let sends = town.traffic.all();
    town.run_for(CADENCE * DAY)?;
    let mut faults = Vec::new();
    for (house, group) in carriers(town)? {
        let ledger = &town.ledger.groups[&group];
        let since = before.get(&group).copied().flatten().unwrap_or_default();
        let commits = ledger.accepted.range(since.next()..).filter(|(_, one)| one.is_commit);
        let committers: BTreeSet<usize> = commits.filter_map(|(_, one)| town.ledger.houses.get(&one.from).copied()).collect();
        if ledger.roster.len() > 1 && !committers.contains(&house) {
            faults.push(Fault(Check::Cadence, format!("{} made no new keys in {CADENCE} days", town.houses[house].name)));
        }
    }
    // Some Commits a device and group, and what they bring with them; a loop would be a thousand times that.
    let (sends, most) = (town.traffic.all() - sends, 100 * town.houses.len() as u64 * town.ledger.groups.len() as u64);
    if sends > most {
        faults.push(Fault(Check::Cadence, format!("a week of silence took {sends} requests")));
    }
    Ok(faults)
}

/// The groups that carry open chats, house by house.
fn carriers(town: &mut Town) -> Result<Vec<(usize, GroupId)>, Broken> {
    let mut all = Vec::new();
    for house in 0..town.houses.len() {
        let groups = checks::carrying(town.houses[house].client().store_mut())?.into_iter().map(|(_, group)| group);
        all.extend(groups.filter(|group| town.ledger.groups.contains_key(group)).map(|group| (house, group)));
    }
    Ok(all)
}

/// Somebody says a last word in every chat: it costs one request, and everybody who is in has it at once.
pub(super) fn last_words(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut faults = Vec::new();
    let mut done: BTreeSet<ChatId> = BTreeSet::new();
    for house in 0..town.houses.len() {
        for chat in town.houses[house].client().chats()? {
            let begun = !chat.direct || chat.last.is_some();
            if chat.state != ChatState::Open || !begun || !done.insert(chat.chat) || town.houses[house].gone {
                continue;
            }
            faults.extend(last_word(town, house, chat.chat)?);
        }
    }
    Ok(faults)
}

fn last_word(town: &mut Town, house: usize, chat: ChatId) -> Result<Vec<Fault>, Broken> {
    let text = format!("{house}: last word {}", town.tally.next_word());
    town.said.insert(text.clone(), Said { house, chat });
    town.tally.said += 1;
    let (before, name) = (town.traffic.clone(), town.houses[house].name.clone());
    town.command(house, Command::Send { chat, text: text.clone(), reply_to: None })?;
    town.run_for(PROMPT)?;
    let mut faults = Vec::new();
    let taken = town.ledger.groups.values().flat_map(|group| group.accepted.values()).find(|one| one.text.as_ref() == Some(&text));
    let Some(taken) = taken.cloned() else {
        town.run_for(20_000)?;
        return Ok(vec![Fault(Check::LastWord, format!("the last word of {name} was not taken"))]);
    };
    let to: BTreeSet<usize> = taken.to.iter().filter_map(|alias| town.ledger.houses.get(alias).copied()).collect();
    let (asked, acked) = (town.traffic.of(&ASKS) - before.of(&ASKS), town.traffic.of(&["ack"]) - before.of(&["ack"]));
    let pushed = town.traffic.pushes - before.pushes;
    let most = to.len() as u64;
    if asked != 1 || pushed > most || acked > most {
        faults.push(Fault(Check::Budget, format!("a word to {most} took {asked} requests, {pushed} pushes and {acked} acks")));
    }
    for other in to {
        if !town.houses[other].gone && !shows(town, other, chat, &text)? {
            faults.push(Fault(
                Check::LastWord,
                format!("{} is in, and does not hear the last word of {name}", town.houses[other].name),
            ));
        }
    }
    // Receipts come and go before the next word is counted.
    town.run_for(20_000)?;
    Ok(faults)
}

fn shows(town: &mut Town, house: usize, chat: ChatId, text: &str) -> Result<bool, Broken> {
    Ok(checks::texts(town, house, chat)?.iter().any(|message| checks::words(message) == text))
}
