//! What must hold in every town, whatever happened.
//!
//! Called by `plan` and tests when the town has come to rest.

mod accounted;
mod together;
mod truth;

use std::collections::{BTreeMap, BTreeSet};

use waxseal_core::view::{ChatId, ChatState, Health, Line, MessageState, MessageView};

pub use accounted::accounted;
pub(crate) use together::carrying;
pub use together::together;
pub use truth::{no_ghosts, nobody_accused, true_words};

use crate::town::{Broken, Town};

/// What is asked of every town, one by one; each was seen to fail (`sim/tests/planted.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Nothing is shown twice.
    Once,
    /// Two houses show what they both have in the same order.
    Order,
    /// What is shown was said, there, by whom it is shown as.
    Words,
    /// Nobody who does not live here is in a group.
    Ghosts,
    /// Nobody holds an honest server for a liar.
    Accused,
    /// No chat is being mended, no outbox waits.
    Rest,
    /// A chat is carried by one group, and who shows it as open is in that group.
    Together,
    /// What the server took is shown, or shown as missing.
    Accounted,
    /// What its sender holds for sent was taken.
    Sure,
    /// Where members stay, everybody shows everything and nothing is missing.
    Complete,
    /// Nothing could not be opened, once all are healed.
    Opened,
    /// Everybody makes new keys within a week, and a silent week costs little.
    Cadence,
    /// The last word in a chat is taken, and everybody who is in hears it.
    LastWord,
    /// It costs one request, a push and an ack a device.
    Budget,
}

/// What was found wrong, and by which check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub Check, pub String);

/// Texts of a chat as one house shows them, in order.
pub fn texts(town: &mut Town, house: usize, chat: ChatId) -> Result<Vec<MessageView>, Broken> {
    let all = town.houses[house].client().messages(chat, None, 1_000_000)?;
    Ok(all.into_iter().filter(|message| matches!(message.line, Line::Text(_))).collect())
}

/// Words and gaps of a chat as one house shows them, in order.
pub fn shown(town: &mut Town, house: usize, chat: ChatId) -> Result<Vec<String>, Broken> {
    let all = town.houses[house].client().messages(chat, None, 1_000_000)?;
    let shown = all.into_iter().filter_map(|message| match message.line {
        Line::Text(text) => Some(text),
        Line::Gap => Some("(gap)".to_owned()),
        _ => None,
    });
    Ok(shown.collect())
}

/// Text of a line; empty where it is no text.
pub fn words(message: &MessageView) -> &str {
    match &message.line {
        Line::Text(text) => text,
        _ => "",
    }
}

/// All that must hold; empty where it does.
pub fn check(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut faults = once_in_order(town)?;
    faults.extend(at_rest(town)?);
    Ok(faults)
}

/// Nothing is shown twice, and two houses show what they both have in the same order.
pub fn once_in_order(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut faults = Vec::new();
    let mut shown: BTreeMap<[u8; 16], Vec<(usize, Vec<String>)>> = BTreeMap::new();
    for house in 0..town.houses.len() {
        if town.houses[house].gone {
            continue;
        }
        for chat in town.houses[house].client().chats()? {
            let texts = texts(town, house, chat.chat)?;
            let settled = texts.iter().filter(|m| !matches!(m.state, MessageState::Pending | MessageState::Failed));
            let lines = settled.map(|m| words(m).to_owned()).collect();
            shown.entry(chat.chat.0).or_default().push((house, lines));
        }
    }
    for views in shown.values() {
        for (house, lines) in views {
            let name = &town.houses[*house].name;
            let mut once = lines.clone();
            once.sort_unstable();
            once.dedup();
            if once.len() != lines.len() {
                faults.push(Fault(Check::Once, format!("{name} shows something twice")));
            }
            same_order(*house, lines, views, &mut faults, town);
        }
    }
    Ok(faults)
}

/// Everybody has come right: no chat is being mended, no outbox waits.
pub fn at_rest(town: &mut Town) -> Result<Vec<Fault>, Broken> {
    let mut faults = Vec::new();
    for house in 0..town.houses.len() {
        if town.houses[house].gone {
            continue;
        }
        for chat in town.houses[house].client().chats()? {
            // A chat of two that nobody wrote in yet has no group.
            let begun = !chat.direct || !texts(town, house, chat.chat)?.is_empty();
            if begun && matches!(chat.state, ChatState::Healing | ChatState::Opening) {
                faults.push(Fault(Check::Rest, format!("{} is still {:?} in {}", town.houses[house].name, chat.state, chat.title)));
            }
        }
        let waiting = town.houses[house].client().connection().waiting;
        if waiting > 0 {
            faults.push(Fault(Check::Rest, format!("{} still has {waiting} in the outbox", town.houses[house].name)));
        }
    }
    Ok(faults)
}

/// Two houses show what they both have in the same order.
fn same_order(house: usize, lines: &[String], views: &[(usize, Vec<String>)], faults: &mut Vec<Fault>, town: &Town) {
    let name = &town.houses[house].name;
    for (other, theirs) in views {
        let unheard: BTreeSet<_> = town.ledger.moved_unheard(house).union(&town.ledger.moved_unheard(*other)).cloned().collect();
        let common = |mine: &[String], others: &[String]| -> Vec<String> {
            mine.iter().filter(|line| others.contains(line) && !unheard.contains(*line)).cloned().collect()
        };
        let (mine, others) = (once(common(lines, theirs)), once(common(theirs, lines)));
        if let Some(at) = mine.iter().zip(&others).position(|(mine, other)| mine != other) {
            let other = &town.houses[*other].name;
            faults.push(Fault(Check::Order, format!("{name} has {:?} where {other} has {:?}", mine.get(at), others.get(at))));
        }
    }
}

/// What is shown twice is named elsewhere; here its first place counts.
fn once(lines: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    lines.into_iter().filter(|line| seen.insert(line.clone())).collect()
}

/// Counters of all houses together.
pub fn health(town: &mut Town) -> Result<Health, Broken> {
    let mut all = Health::default();
    for house in &mut town.houses {
        let one = house.client().health()?;
        all.opened += one.opened;
        all.undecryptable += one.undecryptable;
        all.readded += one.readded;
        all.refounded += one.refounded;
    }
    Ok(all)
}

/// Gaps that people see.
pub fn gaps(town: &mut Town) -> Result<u64, Broken> {
    let mut count = 0;
    for house in &mut town.houses {
        for chat in house.client().chats()? {
            let lines = house.client().messages(chat.chat, None, 1_000_000)?;
            count += lines.iter().filter(|message| message.line == Line::Gap).count() as u64;
        }
    }
    Ok(count)
}

/// Where members stay, everybody shows everything that anybody sent, and nothing is marked as missing.
pub fn complete(town: &mut Town, titles: &[String]) -> Result<Vec<Fault>, Broken> {
    let mut faults = Vec::new();
    for title in titles {
        let mut everything: BTreeMap<String, usize> = BTreeMap::new();
        let houses: Vec<_> = (0..town.houses.len()).filter_map(|house| town.chat(house, title).map(|chat| (house, chat))).collect();
        // Who lost the network before registering founded nothing.
        if !houses.is_empty() && houses.len() < town.houses.len() {
            faults.push(Fault(Check::Complete, format!("{title} is known to {} of {}", houses.len(), town.houses.len())));
        }
        for (house, chat) in &houses {
            for message in texts(town, *house, *chat)? {
                if message.own && message.state == MessageState::Failed {
                    faults.push(Fault(Check::Complete, format!("{}: a message failed in {title}", town.houses[*house].name)));
                }
                *everything.entry(words(&message).to_owned()).or_default() += 1;
            }
            let gaps = town.houses[*house].client().messages(*chat, None, 1_000_000)?;
            if gaps.iter().any(|message| message.line == Line::Gap) {
                faults.push(Fault(Check::Complete, format!("{} has a gap in {title}", town.houses[*house].name)));
            }
        }
        for (text, count) in everything {
            if count != houses.len() {
                faults.push(Fault(Check::Complete, format!("{title}: {text:?} is shown by {count} of {}", houses.len())));
            }
        }
    }
    Ok(faults)
}
