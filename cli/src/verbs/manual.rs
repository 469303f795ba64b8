//! `completions` and `man`: made from the command line's own description.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use crate::arguments::Arguments;
use crate::exit::Failure;

pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "waxseal", &mut bytes);
    Ok(std::io::stdout().write_all(&bytes)?)
}

pub(super) fn man(folder: Option<&Path>) -> Result<(), Failure> {
    let command = Arguments::command();
    match folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            Ok(clap_mangen::generate_to(command, folder)?)
        }
        None => {
            let mut bytes = Vec::new();
            clap_mangen::Man::new(command).render(&mut bytes)?;
            Ok(std::io::stdout().write_all(&bytes)?)
        }
    }
}
