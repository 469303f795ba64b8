//! What others wrote, made harmless for a terminal.
//!
//! Called wherever a name, a title or a text reaches a screen. Escape
//! sequences, bidirectional overrides (Unicode UAX 9 §2), invisible letters
//! and towers of accents stay out; what was there is shown, not hidden.
//! Never used for JSON, which keeps the exact text and escapes it instead.

use unicode_width::UnicodeWidthChar;
use waxseal_core::content::is_hidden;

/// So many marks may stand on one letter; a tower of them would paint over other lines.
const MARKS: usize = 4;

/// A text of several lines: newlines stay, all else that moves a cursor does not.
pub(crate) fn text(raw: &str) -> String {
    clean(raw, true)
}

/// A name or a title: one line, never empty.
pub(crate) fn line(raw: &str) -> String {
    let line = clean(raw, false);
    let line = line.trim();
    if line.is_empty() { "(no name)".to_owned() } else { line.to_owned() }
}

fn clean(raw: &str, lines: bool) -> String {
    let mut clean = String::with_capacity(raw.len());
    let mut marks = 0;
    let mut before = ' ';
    let mut rest = raw.chars().peekable();
    while let Some(c) = rest.next() {
        let shown = match c {
            '\r' if rest.peek() == Some(&'\n') => continue,
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(if lines { '\n' } else { ' ' }),
            '\t' => {
                clean.push_str(if lines { "    " } else { " " });
                continue;
            }
            // U+2400 Control Pictures show which control it was.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
            '\u{7f}' => Some('\u{2421}'),
            '\u{80}'..='\u{9f}' => Some('\u{fffd}'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some('\u{fffd}'),
            // Joiners and presentation selectors make emoji and Persian words; on plain letters they only hide.
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => (!before.is_ascii() || keycap(before)).then_some(c),
            c if is_hidden(c) => None,
            c => Some(c),
        };
        let Some(shown) = shown else { continue };
        if shown != '\n' && shown.width() == Some(0) {
            marks += 1;
            if marks > MARKS {
                continue;
            }
        } else {
            marks = 0;
        }
        before = shown;
        clean.push(shown);
    }
    clean
}

fn keycap(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '#' | '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(text("\u{1b}[2Jgone\u{7}"), "␛[2Jgone␇");
        assert_eq!(text("\u{9b}31m"), "\u{fffd}31m");
        assert_eq!(text("a\u{7f}b\u{8}c"), "a␡b␈c");
    }

    #[test]
    fn bidirectional_overrides_cannot_turn_a_text_around() {
        let attack = "pay bob \u{202e}ecila\u{202c} \u{2066}x\u{2069}";
        assert!(!text(attack).chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')));
    }

    #[test]
    fn invisible_letters_do_not_make_two_names_look_the_same() {
        assert_eq!(line("al\u{200b}i\u{ad}ce\u{feff}"), "alice");
        assert_eq!(line("al\u{200d}ice"), "alice");
        assert_eq!(line("\u{3164}"), "(no name)");
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(line(" alice\nadmin\tyes \r\n"), "alice admin yes");
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(text("one\r\ntwo\rthree\u{2028}four\tfive"), "one\ntwo\nthree\nfour    five");
    }

    #[test]
    fn people_write_in_their_own_script() {
        for honest in ["👩‍👩‍👧", "می‌خواهم", "שלום", "日本語", "é", "1️⃣", "❤️"] {
            assert_eq!(text(honest), honest);
        }
    }

    #[test]
    fn a_tower_of_accents_is_cut() {
        let tower = format!("a{}b", "\u{301}".repeat(50));
        assert_eq!(text(&tower).chars().count(), 2 + MARKS);
    }
}
