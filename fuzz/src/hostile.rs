//! Two devices, and a server that lies: a real pair of clients in virtual time, all decided by the input.
//!
//! Whatever is told to them: no panic, no client that cannot go on, nothing
//! shown twice, and nothing shown as somebody's words that they did not write.
//! Whether they come to terms again is not asked here: a server may refuse for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use waxseal_core::Command;
use waxseal_core::store::StoreError;
use waxseal_core::view::{Line, MessageView};
use waxseal_sim::deeds::Deed;
use waxseal_sim::town::{Broken, Town};
use waxseal_wire::frame::Door;
use waxseal_wire::id::{AccountId, AliasId};
use waxseal_wire::key::SealSecret;

use crate::liar::Liar;
use crate::mutate::Tape;
use crate::scene::{self, PEOPLE, TITLE};

/// So much happens in one case at most.
const STEPS: usize = 24;

/// What was really written: by whom, in which chat, and which of what they said it is.
type Written = BTreeMap<(AccountId, [u8; 16], String), usize>;

struct Case {
    town: Town,
    liar: Arc<Mutex<Liar>>,
    people: Vec<AccountId>,
    written: Written,
    reacted: BTreeSet<(AccountId, String)>,
    said: usize,
}

/// See the module.
pub fn two_devices(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let are_friends = tape.below(4) != 0;
    scene::with(are_friends, |scene| {
        let mut case = Case::new(scene.town(1), tape);
        case.learn_what_was_said();
        for _ in 0..STEPS {
            let Some(step) = case.liar().tape.next() else { break };
            case.learn_secrets();
            case.go(|case| case.step(step));
            case.check();
        }
        case.liar().tape = Tape::default();
        case.go(|case| case.town.run_for(10 * 60_000));
        case.check();
    });
}

impl Case {
    fn new(mut town: Town, tape: Tape) -> Self {
        let liar = Arc::new(Mutex::new(Liar::new(tape)));
        town.tap = Some(Box::new(liar.clone()));
        let me = |house: &mut waxseal_sim::house::House| house.client().me().expect("a store").expect("registered").account;
        let people = town.houses.iter_mut().map(me).collect();
        Self { town, liar, people, written: Written::new(), reacted: BTreeSet::new(), said: 0 }
    }

    fn liar(&self) -> MutexGuard<'_, Liar> {
        self.liar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn below(&self, end: usize) -> usize {
        self.liar().tape.below(end)
    }

    fn go(&mut self, act: impl FnOnce(&mut Self) -> Result<(), Broken>) {
        if let Err(broken) = act(self) {
            panic!("a client could not go on: {broken}");
        }
    }

    /// What honest people wrote before the server turned.
    fn learn_what_was_said(&mut self) {
        for house in 0..PEOPLE.len() {
            for line in self.lines(house) {
                if let (Line::Text(text), Some(sender), true) = (line.line, line.sender, line.own) {
                    self.write(sender, line.chat.0, text);
                }
            }
        }
    }

    fn write(&mut self, sender: AccountId, chat: [u8; 16], text: String) {
        self.said += 1;
        self.written.insert((sender, chat, text), self.said);
    }

    /// The keys under which the server seals, for the aliases that there are now.
    fn learn_secrets(&mut self) {
        for house in &mut self.town.houses {
            let found = house.client().store_mut().read(|tx| {
                let mut rows =
                    tx.prepare("SELECT alias, seal_secret FROM alias WHERE group_id IS NOT NULL OR state = 2 LIMIT 64")?;
                let rows = rows.query_map([], |row| Ok((AliasId(row.get(0)?), SealSecret::new(row.get(1)?))))?;
                Ok::<_, StoreError>(rows.collect::<Result<Vec<_>, _>>()?)
            });
            let found = found.expect("a store in memory reads");
            self.liar.lock().unwrap_or_else(PoisonError::into_inner).secrets.extend(found);
        }
    }

    fn step(&mut self, step: u8) -> Result<(), Broken> {
        let house = usize::from(step >> 7);
        let other = PEOPLE.get(1 - house).copied().unwrap_or_default().to_owned();
        match step % 24 {
            0..=5 => self.say(house)?,
            6 => self.change(house)?,
            7 => self.town.plan(0, house, Deed::Open(other)),
            8 => self.town.plan(0, house, Deed::Found(TITLE.into(), vec![other])),
            9 => self.town.plan(0, house, Deed::AcceptAll),
            10 => self.town.plan(0, house, Deed::ReadAll),
            11 => self.town.plan(0, house, Deed::Refresh(TITLE.into())),
            12 => self.town.plan(0, house, Deed::Remove(TITLE.into(), other)),
            13 => self.town.plan(0, house, Deed::Add(TITLE.into(), vec![other])),
            14 => self.town.plan(0, house, Deed::Leave(TITLE.into())),
            15 => self.town.cut(house, [Door::Anonymous, Door::Device][self.below(2) & 1])?,
            16 => self.town.restart(house)?,
            17 => self.town.skip_days(1 + self.below(9) as u64),
            18 => return self.town.run_for(60 * 60_000),
            19 | 20 => return self.town.run_for(20_000),
            _ => {}
        }
        self.town.run_for(2_000)
    }

    fn say(&mut self, house: usize) -> Result<(), Broken> {
        let chats = self.town.houses.get_mut(house).map(|house| house.client().chats()).transpose()?.unwrap_or_default();
        let Some(chat) = chats.get(self.below(chats.len())) else { return Ok(()) };
        let text = format!("{} said {}", PEOPLE.get(house).copied().unwrap_or_default(), self.said);
        let Some(me) = self.people.get(house).copied() else { return Ok(()) };
        self.write(me, chat.chat.0, text.clone());
        self.town.command(house, Command::Send { chat: chat.chat, text, reply_to: None })
    }

    /// Edits, deletes or reacts.
    fn change(&mut self, house: usize) -> Result<(), Broken> {
        let lines = self.lines(house);
        let (Some(line), Some(me)) = (lines.get(self.below(lines.len())), self.people.get(house).copied()) else { return Ok(()) };
        let (chat, message) = (line.chat, line.message);
        let is_mine = line.own && line.sender == Some(me);
        let command = match (self.below(3), &line.line) {
            (0, Line::Text(old)) if is_mine => {
                let text = format!("{old}, changed");
                let first = self.written.get(&(me, chat.0, old.clone())).copied().unwrap_or_default();
                self.written.insert((me, chat.0, text.clone()), first);
                Command::Edit { chat, message, text }
            }
            (1, _) if is_mine => Command::Delete { chat, message },
            _ => {
                self.reacted.insert((me, "👍".to_owned()));
                Command::React { chat, message, emoji: "👍".to_owned() }
            }
        };
        self.town.command(house, command)
    }

    fn lines(&mut self, house: usize) -> Vec<MessageView> {
        let Some(house) = self.town.houses.get_mut(house) else { return Vec::new() };
        let client = house.client();
        let chats = client.chats().expect("chats read");
        chats.iter().flat_map(|chat| client.messages(chat.chat, None, 10_000).expect("messages read")).collect()
    }

    fn check(&mut self) {
        for house in 0..PEOPLE.len() {
            let mut shown = BTreeSet::new();
            for line in self.lines(house) {
                match line.line {
                    Line::Text(text) => {
                        let sender = line.sender.expect("somebody said it");
                        let which = self.written.get(&(sender, line.chat.0, text.clone())).copied();
                        let which = which.unwrap_or_else(|| panic!("{text:?} is shown as the words of who did not write it there"));
                        assert!(shown.insert(which), "{text:?} is shown twice");
                    }
                    Line::Unknown(kind) => panic!("something of the kind {kind:?} is shown, and nobody wrote it"),
                    Line::Deleted | Line::Gap | Line::Notice(_) => {}
                }
                for reaction in line.reactions {
                    assert!(self.reacted.contains(&reaction), "nobody reacted so");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The friends, after Anna said something by an honest server.
    fn said() -> Case {
        scene::with(true, |scene| {
            let mut case = Case::new(scene.town(1), Tape::default());
            case.learn_what_was_said();
            case.go(|case| case.town.run_for(5_000));
            case.go(|case| case.step(0));
            case
        })
    }

    #[test]
    fn what_one_says_is_shown_by_the_other_and_the_check_lets_it_pass() {
        let mut case = said();
        let shown = case.lines(1);
        assert!(shown.iter().any(|line| matches!(&line.line, Line::Text(text) if text.starts_with("anna said"))));
        case.check();
    }

    #[test]
    #[should_panic = "who did not write it"]
    fn counter_proof_words_that_nobody_wrote_are_seen() {
        let mut case = said();
        case.written.retain(|(_, _, text), _| !text.starts_with("anna said"));
        case.check();
    }

    #[test]
    #[should_panic = "shown twice"]
    fn counter_proof_words_shown_twice_are_seen() {
        let mut case = said();
        let doubled = case.town.houses.get_mut(1).expect("bert").client().store_mut().write(|tx| {
            let columns = "chat, generation, grp, position, message_id, sender, at, kind, text, reply_to, state, edited";
            tx.execute(&format!("INSERT INTO message ({columns}) SELECT {columns} FROM message WHERE kind = 0 LIMIT 1"), [])?;
            Ok::<_, StoreError>(())
        });
        doubled.expect("the store takes it");
        case.check();
    }
}
