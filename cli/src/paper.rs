//! Standard output: what a verb says to a person or a script.
//!
//! Called by the verbs. A reader that has gone (`| head`) is no error.
//! Text of others passes `harmless` before it comes here.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

/// Writes one line.
pub(crate) fn say(line: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_ref().as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes one line of JSON: the exact text, with all that could act on a terminal escaped.
pub(crate) fn say_json(value: &impl Serialize) -> io::Result<()> {
    say(json(value)?)
}

/// One line of JSON.
pub(crate) fn json(value: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Escaping(CompactFormatter)))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A line for the person, beside the output.
pub(crate) fn remark(line: impl AsRef<str>) {
    let _ = writeln!(io::stderr(), "{}", line.as_ref());
}

/// Escapes controls and formatting characters that plain JSON lets through.
struct Escaping(CompactFormatter);

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut buffer = [0; 4];
        for c in fragment.chars() {
            if c.is_control()
                || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
            {
                write!(out, "\\u{:04x}", u32::from(c))?;
            } else {
                out.write_all(c.encode_utf8(&mut buffer).as_bytes())?;
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(out, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_exact_text_and_writes_nothing_that_acts() {
        let raw = "a\u{1b}[2J\u{9b}b\u{202e}c\u{2028}d\u{7f}é";
        let line = json(&raw).unwrap();
        assert!(line.chars().all(|c| !c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}')), "{line:?}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), raw);
    }
}
