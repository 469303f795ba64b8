//! Writes the seeds of every target to `fuzz/corpus`, where cargo-fuzz begins.

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in waxseal_fuzz::TARGETS {
        let folder = corpora.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (at, seed) in waxseal_fuzz::seeds::of(target.name).into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{at:03}")), seed)?;
        }
    }
    Ok(())
}
