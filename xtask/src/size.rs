//! Rooms that one person can hold in mind: file ≤ 500 lines, function ≤ 80.
//!
//! Exceptions stand in `xtask/size-exceptions.txt`, each with its reason; one
//! that is no longer needed is wrong too. Tests and generated code do not count.

use std::fs;
use std::path::Path;

use syn::spanned::Spanned;
use syn::visit::Visit;

use super::source::{self, Source};
use super::{Failure, arch};

const FILE: usize = 500;
const FUNCTION: usize = 80;
const EXCEPTIONS: &str = "xtask/size-exceptions.txt";

/// Every room that is too large.
pub(super) fn wrongs(root: &Path) -> Result<Vec<String>, Failure> {
    let exceptions = fs::read_to_string(root.join(EXCEPTIONS)).map_err(|error| Failure::source(Path::new(EXCEPTIONS), error))?;
    let mut rooms = Vec::new();
    for folder in arch::FOLDERS {
        for source in source::of_crate(root, folder)? {
            rooms.extend(large_rooms(&source));
        }
    }
    Ok(judge(&rooms, &exceptions))
}

/// A file or function over its limit.
struct Room {
    /// `core/src/a.rs` or `core/src/a.rs#function`.
    name: String,
    lines: usize,
    limit: usize,
}

fn judge(rooms: &[Room], exceptions: &str) -> Vec<String> {
    let excepted: Vec<(&str, &str)> = exceptions
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("//"))
        .map(|line| line.split_once(": ").unwrap_or((line, "")))
        .map(|(room, reason)| (room.trim(), reason.trim()))
        .collect();
    let is_excepted = |room: &Room| excepted.iter().any(|(name, _)| *name == room.name);
    let large = rooms
        .iter()
        .filter(|room| !is_excepted(room))
        .map(|Room { name, lines, limit }| format!("{name} has {lines} lines, {limit} are enough: give it another room"));
    let unreasoned =
        excepted.iter().filter(|(_, reason)| reason.is_empty()).map(|(name, _)| format!("{EXCEPTIONS}: {name} gives no reason"));
    let stale = excepted
        .iter()
        .filter(|(name, _)| !rooms.iter().any(|room| room.name == *name))
        .map(|(name, _)| format!("{EXCEPTIONS}: {name} is small enough now, take it out"));
    large.chain(unreasoned).chain(stale).collect()
}

fn large_rooms(source: &Source) -> Vec<Room> {
    let path = source.path.display().to_string();
    let mut functions = Functions { path: &path, large: Vec::new() };
    functions.visit_file(&source.file);
    let mut rooms = functions.large;
    if source.own_lines() > FILE {
        rooms.push(Room { name: path.clone(), lines: source.own_lines(), limit: FILE });
    }
    rooms
}

struct Functions<'a> {
    path: &'a str,
    large: Vec<Room>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, end: proc_macro2::Span) {
        let lines = (end.end().line + 1).saturating_sub(signature.span().start().line);
        if lines > FUNCTION {
            self.large.push(Room { name: format!("{}#{}", self.path, signature.ident), lines, limit: FUNCTION });
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, function.block.span());
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, function.block.span());
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block.span());
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(text: &str) -> Vec<Room> {
        large_rooms(&Source::parse(Path::new("core/src/a.rs"), text).expect("it parses"))
    }

    #[test]
    fn a_long_function_is_named() {
        let method = |lines: usize| format!("struct A;\nimpl A {{\n    fn long() {{\n{}    }}\n}}\n", "\n".repeat(lines));
        assert!(rooms(&method(78)).is_empty());
        assert_eq!(judge(&rooms(&method(79)), ""), ["core/src/a.rs#long has 81 lines, 80 are enough: give it another room"]);
    }

    #[test]
    fn a_long_file_is_named_but_its_tests_are_free() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(600));
        assert!(rooms(&format!("{}{tests}", "\n".repeat(500))).is_empty());
        assert_eq!(rooms(&format!("{}{tests}", "\n".repeat(501))).len(), 1);
    }

    #[test]
    fn an_exception_needs_a_reason_and_an_end() {
        let room = || rooms(&"\n".repeat(501));
        assert!(judge(&room(), "// why\ncore/src/a.rs: one table that is read as a whole").is_empty());
        assert_eq!(judge(&room(), "core/src/a.rs").len(), 1);
        assert_eq!(judge(&[], "core/src/a.rs: was large").len(), 1);
    }
}
