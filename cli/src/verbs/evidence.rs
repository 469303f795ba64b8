//! `evidence`: what a server said that shows that it lied, as a file that anybody can check.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use time::UtcOffset;
use waxseal_core::evidence::check;
use waxseal_core::view::{DirectoryView, EvidenceView};

use crate::arguments::{EvidenceVerb, Place};
use crate::clock;
use crate::exit::Failure;
use crate::paper::say;
use crate::visit::{Reach, Visit};
use crate::wording;

pub(super) async fn run(verb: Option<EvidenceVerb>, place: &Place, zone: UtcOffset) -> Result<(), Failure> {
    match verb {
        None => {
            let (visit, _) = Visit::of_account(place, Reach::Offline).await?;
            known(visit.read(|client| client.directory()).await?, zone)?;
            list(&visit.read(|client| client.evidence()).await?, zone)
        }
        Some(EvidenceVerb::Write { number, file }) => write(&kept(place).await?, number, &file),
        Some(EvidenceVerb::Check { file }) => {
            let bytes = fs::read(&file).map_err(|error| named(&file, error))?;
            Ok(say(check(&bytes).to_string())?)
        }
    }
}

async fn kept(place: &Place) -> Result<Vec<EvidenceView>, Failure> {
    let (visit, _) = Visit::of_account(place, Reach::Offline).await?;
    visit.read(|client| client.evidence()).await
}

/// What this device knows of the log, for whoever compares it with an auditor's.
fn known(directory: Option<DirectoryView>, zone: UtcOffset) -> Result<(), Failure> {
    let Some(known) = directory else { return Ok(say("The server has said nothing of its key directory yet.")?) };
    let moment = |at| {
        let at = clock::local(at, zone);
        format!("{} {}", at.date(), wording::time(at))
    };
    say(format!("Key directory  {}\n               {} epochs, signed {}", known.origin, known.epochs, moment(known.signed)))?;
    let own = match known.watched {
        Some(at) if known.versions == 1 => format!("1 version, yours; last found so {}", moment(at)),
        Some(at) => format!("{} versions, all yours; last found so {}", known.versions, moment(at)),
        None => "not looked at yet".to_owned(),
    };
    Ok(say(format!("Your own keys  {own}"))?)
}

fn list(kept: &[EvidenceView], zone: UtcOffset) -> Result<(), Failure> {
    if kept.is_empty() {
        return Ok(say("None: this server has never been caught in a lie by this device.")?);
    }
    for (number, one) in kept.iter().enumerate() {
        let at = clock::local(one.at, zone);
        say(format!("{:>3}  {} {}  {}", number + 1, at.date(), wording::time(at), one.what))?;
    }
    Ok(say("Write one down for others: waxseal evidence write 1 FILE")?)
}

fn write(kept: &[EvidenceView], number: usize, file: &Path) -> Result<(), Failure> {
    let one = number.checked_sub(1).and_then(|at| kept.get(at)).ok_or(Failure::Refused("there is no evidence of this number"))?;
    let mut target = OpenOptions::new().write(true).create_new(true).open(file).map_err(|error| named(file, error))?;
    target.write_all(&one.bytes).and_then(|()| target.sync_all()).map_err(|error| named(file, error))?;
    say(format!("Wrote {}. Anybody can check it: waxseal evidence check {0}", file.display()))?;
    Ok(say(check(&one.bytes).to_string())?)
}

/// A file's error names the file.
fn named(file: &Path, error: io::Error) -> Failure {
    io::Error::new(error.kind(), format!("{}: {error}", file.display())).into()
}
