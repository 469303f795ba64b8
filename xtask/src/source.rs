//! Our own source, parsed: every `.rs` file of a crate, with its tests taken out.
//!
//! Called by `purity` and `size`. Never judges.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;

use super::Failure;

/// One file.
pub(super) struct Source {
    /// From the root of the workspace.
    pub(super) path: PathBuf,
    /// All its lines.
    pub(super) lines: usize,
    /// Lines of items that are built for tests only.
    test_lines: Vec<RangeInclusive<usize>>,
    /// What is left of it without them.
    pub(super) file: syn::File,
}

impl Source {
    /// Parses one file.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let mut file = syn::parse_file(text).map_err(|error| Failure::source(path, error))?;
        let mut test_lines = Vec::new();
        if file.attrs.iter().any(is_test) {
            test_lines.push(1..=text.lines().count());
            file.items.clear();
        }
        take_tests(&mut file.items, &mut test_lines);
        Ok(Self { path: path.to_owned(), lines: text.lines().count(), test_lines, file })
    }

    /// Lines that are not tests.
    pub(super) fn own_lines(&self) -> usize {
        let tests: usize = self.test_lines.iter().map(|range| range.clone().count()).sum();
        self.lines.saturating_sub(tests)
    }
}

/// Every file under `src/` of the crate in `folder`, and its build script.
pub(super) fn of_crate(root: &Path, folder: &str) -> Result<Vec<Source>, Failure> {
    let mut paths = vec![PathBuf::from(folder).join("build.rs")];
    walk(root, &PathBuf::from(folder).join("src"), &mut paths)?;
    paths.sort();
    let existing = paths.iter().filter(|path| root.join(path).is_file());
    existing
        .map(|path| {
            let text = fs::read_to_string(root.join(path)).map_err(|error| Failure::source(path, error))?;
            Source::parse(path, &text)
        })
        .collect()
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::source(folder, error)),
    };
    for entry in entries {
        let path = folder.join(entry.map_err(|error| Failure::source(folder, error))?.file_name());
        if root.join(&path).is_dir() {
            walk(root, &path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn take_tests(items: &mut Vec<syn::Item>, lines: &mut Vec<RangeInclusive<usize>>) {
    items.retain_mut(|item| {
        if attributes(item).iter().any(is_test) {
            lines.push(first_line(item)..=item.span().end().line);
            return false;
        }
        if let syn::Item::Mod(module) = item
            && let Some((_, items)) = &mut module.content
        {
            take_tests(items, lines);
        }
        true
    });
}

fn first_line(item: &syn::Item) -> usize {
    attributes(item).iter().map(|attribute| attribute.span().start().line).chain([item.span().start().line]).min().unwrap_or(1)
}

/// `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[tokio::test]`.
pub(super) fn is_test(attribute: &syn::Attribute) -> bool {
    let named_test = attribute.path().segments.last().is_some_and(|segment| segment.ident == "test");
    let cfg_test = match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let words: Vec<_> = list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
            words.iter().any(|word| word == "test") && !words.iter().any(|word| word == "not" || word == "any")
        }
        _ => false,
    };
    named_test || cfg_test
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    use syn::Item;
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_do_not_count() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn b() {}\n}\n";
        let source = Source::parse(Path::new("a.rs"), text).expect("it parses");
        assert_eq!((source.lines, source.own_lines(), source.file.items.len()), (7, 2, 1));
    }

    #[test]
    fn what_is_built_without_tests_counts() {
        let text = "#[cfg(not(test))]\nfn a() {}\n#[cfg(any(test, feature = \"sim\"))]\nfn b() {}\n";
        let source = Source::parse(Path::new("a.rs"), text).expect("it parses");
        assert_eq!(source.own_lines(), 4);
    }
}
