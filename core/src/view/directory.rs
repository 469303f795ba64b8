//! What a person sees of the key directory, of whoever vouches for it, and of its lies.

use waxseal_transparency::FRESH;
use waxseal_wire::id::Millis;

/// What this device knows of the server's key directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryView {
    /// The log's name, as auditors and witnesses know it.
    pub origin: String,
    /// Epochs in the newest tree head that was seen.
    pub epochs: u64,
    /// When that head was signed.
    pub signed: Millis,
    /// When our own entry was last found to be ours alone; `None`: not yet.
    pub watched: Option<Millis>,
    /// Versions of our own entry that we know of.
    pub versions: u64,
    /// Pieces of evidence that are kept.
    pub evidence: u32,
}

/// What a server said that shows that it lied: a file that anybody can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceView {
    /// When it came.
    pub at: Millis,
    /// What was wrong with it, in a sentence.
    pub what: String,
    /// Read by [`crate::evidence::check`].
    pub bytes: Vec<u8>,
}

/// The witnesses whom a person asks for: others who sign the directory's tree heads, each of them one history alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitnessesView {
    /// How many of them must vouch before anything is believed of people; 0: nobody is asked for.
    pub need: usize,
    /// The chosen ones.
    pub keys: Vec<WitnessView>,
    /// Verifier keys that the server says it uses; anybody can claim that.
    pub listed: Vec<String>,
}

/// One witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessView {
    /// What it is called.
    pub name: String,
    /// Its verifier key: `name+id+base64`.
    pub key: String,
    /// When it last signed a tree head that ours goes on from.
    pub at: Option<Millis>,
}

impl WitnessesView {
    /// How many of them vouch now: for a day after they signed.
    pub fn have(&self, now: Millis) -> usize {
        self.keys.iter().filter(|one| one.at.is_some_and(|at| until(at) >= now)).count()
    }

    /// Whether enough of them do.
    pub fn holds(&self, now: Millis) -> bool {
        self.have(now) >= self.need
    }

    /// Until when enough of them do without signing again; `None` where that was never so, or nobody is asked for.
    pub fn until(&self) -> Option<Millis> {
        let mut signed: Vec<_> = self.keys.iter().filter_map(|one| one.at).collect();
        signed.sort_unstable();
        let nth = signed.len().checked_sub(self.need)?;
        signed.get(nth).copied().map(until)
    }
}

fn until(at: Millis) -> Millis {
    Millis(at.0.saturating_add(u64::try_from(FRESH.as_millis()).unwrap_or(u64::MAX)))
}
