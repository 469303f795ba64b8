//! Text in a number of columns: East Asian letters and emoji take two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A text in at most `columns`; `…` where something was cut.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut fitting = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        fitting.push(c);
    }
    if columns > 0 {
        fitting.push('…');
    }
    fitting
}

/// Left and right in one row of exactly `columns`; the left gives way.
pub(super) fn both(left: &str, right: &str, columns: usize) -> String {
    let right = fit(right, columns);
    let left = fit(left, columns.saturating_sub(width(&right) + 1));
    let gap = columns.saturating_sub(width(&left) + width(&right));
    format!("{left}{}{right}", " ".repeat(gap))
}

/// A text in rows of at most `columns`.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let options = textwrap::Options::new(columns.max(2)).break_words(true).word_splitter(textwrap::WordSplitter::NoHyphenation);
    text.split('\n').flat_map(|line| textwrap::wrap(line, &options)).map(|row| row.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_count_double() {
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(both("日本語", "2", 8), "日本語 2");
        assert_eq!(width(&both("a long title", "12", 8)), 8);
    }

    #[test]
    fn rows_never_exceed_their_columns() {
        let text = "words and aVeryLongWordThatDoesNotFitAnywhere 日本語日本語日本語 end\nnext";
        for columns in 2..40 {
            assert!(wrap(text, columns).iter().all(|row| width(row) <= columns), "{columns}");
        }
        assert_eq!(wrap("one\n\ntwo", 10), ["one", "", "two"]);
    }
}
