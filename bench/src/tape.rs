//! When each message was said and when it was shown.
//!
//! Called by `talk` (said) and by its speakers (shown). A message is known by
//! the number at the head of its text, so nothing but text travels.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Characters of a message.
const TEXT: usize = 144;

/// See the module.
#[derive(Default)]
pub(crate) struct Tape {
    marks: Mutex<Vec<Mark>>,
}

#[derive(Clone, Copy)]
struct Mark {
    said: Instant,
    shown: Option<Instant>,
}

impl Tape {
    /// The text of the next message, which is said now.
    pub(crate) fn say(&self) -> String {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.push(Mark { said: Instant::now(), shown: None });
        format!("{:<TEXT$}", format!("#{} is said", marks.len() - 1))
    }

    /// A text is on the screen.
    pub(crate) fn shown(&self, text: &str) {
        let now = Instant::now();
        let number = text.strip_prefix('#').and_then(|rest| rest.split(' ').next()).and_then(|digits| digits.parse::<usize>().ok());
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mark) = number.and_then(|number| marks.get_mut(number)) {
            mark.shown.get_or_insert(now);
        }
    }

    /// How many were said and not shown yet.
    pub(crate) fn on_their_way(&self) -> usize {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|mark| mark.shown.is_none()).count()
    }

    /// Takes what was shown, in the order said; forgets everything.
    pub(crate) fn cut(&self) -> Vec<Duration> {
        let marks = std::mem::take(&mut *self.marks.lock().unwrap_or_else(PoisonError::into_inner));
        marks.iter().filter_map(|mark| Some(mark.shown?.duration_since(mark.said))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shown_twice_counts_once_and_one_not_shown_stays_on_its_way() {
        let tape = Tape::default();
        let (one, _two) = (tape.say(), tape.say());
        assert_eq!(one.len(), TEXT);
        tape.shown(&one);
        tape.shown(&one);
        tape.shown("something else");
        assert_eq!(tape.on_their_way(), 1);
        assert_eq!(tape.cut().len(), 1);
        assert_eq!(tape.on_their_way(), 0);
    }
}
