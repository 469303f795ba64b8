//! Every message that the server took is shown by every device that it went to, or that device says that it is missing.
//!
//! ```text
//!   ledger: this text, at this position, went to these addresses ──► their houses, and its sender's
//!                                        each shows it, or a gap stands where it would
//! ```
//! The ledger is the model of who was a member when. Who did not stay in the
//! chat is not asked.

use std::collections::{BTreeMap, BTreeSet};

use waxseal_core::store::{Store, StoreError};
use waxseal_core::view::{ChatId, ChatState};
use waxseal_wire::id::GroupId;

use super::{Check, Fault};
use crate::liar::Spared;
use crate::town::{Broken, Town};

/// One line as it is stored.
struct Row {
    /// Where it stands: generation, group, position.
    place: (u64, [u8; 16], u64),
    kind: i64,
    text: String,
    own: bool,
    state: i64,
}

/// Kinds and states of `core/src/chat/line.rs`.
const TEXT: i64 = 0;
const GAP: i64 = 3;
const WORDS: std::ops::RangeInclusive<i64> = 0..=2;
const SENT: i64 = 2;
const DELIVERED: i64 = 3;
const FAILED: i64 = 5;

/// All lines of a house, chat by chat, in the order shown.
fn rows(store: &Store) -> Result<BTreeMap<[u8; 16], Vec<Row>>, StoreError> {
    store.read(|tx| {
        let mut select = tx.prepare(
            "SELECT chat, generation, grp, position, kind, text, sender = (SELECT account FROM me), state
             FROM message ORDER BY generation, grp, position, id",
        )?;
        let mut found = select.query([])?;
        let mut all: BTreeMap<[u8; 16], Vec<Row>> = BTreeMap::new();
        while let Some(row) = found.next()? {
            let line = Row {
                place: (row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?, row.get::<_, i64>(3)?.cast_unsigned()),
                kind: row.get(4)?,
                text: row.get(5)?,
                own: row.get::<_, Option<bool>>(6)?.unwrap_or(false),
                state: row.get(7)?,
            };
            all.entry(row.get(0)?).or_default().push(line);
        }
        Ok(all)
    })
}

/// Whether a gap stands where something of this place would: with no words between.
fn is_marked(lines: &[Row], place: (u64, [u8; 16], u64)) -> bool {
    let at = lines.partition_point(|line| line.place <= place);
    let (before, after) = lines.split_at(at);
    let gap_first = |line: &Row| if WORDS.contains(&line.kind) { Some(false) } else { (line.kind == GAP).then_some(true) };
    before.iter().rev().find_map(gap_first).unwrap_or(false) || after.iter().find_map(gap_first).unwrap_or(false)
}

/// What all houses show, and where their chats stand.
struct Views {
    lines: Vec<BTreeMap<[u8; 16], Vec<Row>>>,
    states: Vec<BTreeMap<ChatId, ChatState>>,
    /// How far each house has come in each group that it was in.
    places: Vec<BTreeMap<[u8; 16], u64>>,
}

fn places(store: &Store) -> Result<BTreeMap<[u8; 16], u64>, StoreError> {
    store.read(|tx| {
        let mut select = tx.prepare("SELECT grp, position FROM chat_group")?;
        let found = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
        Ok(found.collect::<Result<_, _>>()?)
    })
}

impl Views {
    fn of(town: &mut Town) -> Result<Self, Broken> {
        let (mut lines, mut states, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for house in &mut town.houses {
            lines.push(rows(house.client().store_mut())?);
            places.push(self::places(house.client().store_mut())?);
            states.push(house.client().chats()?.into_iter().map(|chat| (chat.chat, chat.state)).collect());
        }
        Ok(Self { lines, states, places })
    }

    /// The generation of a group, as its lines have it.
    fn generation(&self, group: &GroupId) -> Option<u64> {
        let all = self.lines.iter().flat_map(|chats| chats.values().flatten());
        all.map(|line| line.place).find(|place| place.1 == group.0).map(|place| place.0)
    }

    fn of_chat(&self, house: usize, chat: &ChatId) -> &[Row] {
        self.lines[house].get(&chat.0).map(Vec::as_slice).unwrap_or_default()
    }
}

/// See the module. Where the server lied (`honest` is false), a house may hold for sent what it swallowed; `spared` says
/// what else is not asked: of who has not come so far in a group, or where exactly a gap stands.
pub fn accounted(town: &mut Town, honest: bool, spared: &Spared) -> Result<Vec<Fault>, Broken> {
    let views = Views::of(town)?;
    let mut faults = Vec::new();
    let mut taken = BTreeSet::new();
    for (group, ledger) in &town.ledger.groups {
        for (position, accepted) in &ledger.accepted {
            let Some((text, said)) = accepted.text.as_ref().and_then(|text| Some((text, town.said.get(text)?))) else { continue };
            taken.insert(text.as_str());
            let place = (views.generation(group).unwrap_or(0), group.0, position.0);
            let to = accepted.to.iter().filter_map(|alias| town.ledger.houses.get(alias).copied());
            for to in to.chain([said.house]).filter(|to| !town.houses[*to].gone) {
                let (name, theirs) = (&town.houses[to].name, views.of_chat(to, &said.chat));
                let is_end = views.places[to].get(&group.0).is_none_or(|known| *known < position.0);
                match views.states[to].get(&said.chat) {
                    _ if spared.ends && is_end => {}
                    Some(ChatState::Left) => {}
                    None => {
                        faults.push(Fault(Check::Accounted, format!("{name} knows nothing of the chat where {text:?} was said")))
                    }
                    _ if theirs.iter().any(|line| line.text == *text) => {}
                    Some(_) if is_marked(theirs, place) => {}
                    Some(_) if spared.numbers && theirs.iter().any(|line| line.kind == GAP) => {}
                    Some(_) => faults.push(Fault(
                        Check::Accounted,
                        format!(
                            "{name} shows neither {text:?} nor that it is missing, at {} of generation {}",
                            position.0, place.0
                        ),
                    )),
                }
            }
        }
    }
    for (house, line) in views.lines.iter().enumerate().flat_map(|(house, chats)| chats.values().flatten().map(move |l| (house, l)))
    {
        let least = if honest { SENT } else { DELIVERED };
        let is_sure = line.kind == TEXT && line.own && (least..FAILED).contains(&line.state);
        if is_sure && !taken.contains(line.text.as_str()) {
            faults.push(Fault(
                Check::Sure,
                format!("{} believes that {:?} got further than it did", town.houses[house].name, line.text),
            ));
        }
    }
    Ok(faults)
}
