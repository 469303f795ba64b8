//! The judging of answers as a module for browsers, to be timed there: `scripts/figures` builds and drives it.
//!
//! Of other machines than a browser's it is empty.

#[cfg(target_family = "wasm")]
mod module {
    use wasm_bindgen::prelude::wasm_bindgen;
    use waxseal_transparency::{LogKeys, Placed, Witnesses, absence, lookup};
    use waxseal_wire::id::Millis;

    fn judge_one(line: &str, now: Millis) -> Option<()> {
        let mut words = line.split(' ');
        let kind = words.next()?;
        let keys = LogKeys::from_bytes(&hex::decode(words.next()?).ok()?).ok()?;
        let name = words.next()?;
        let placed = hex::decode(words.next()?).ok()?;
        let proof = hex::decode(words.next()?).ok()?;
        let proven = Placed::decode(&placed).ok()?.verify(&keys, &Witnesses::default(), None, now).ok()?;
        match kind {
            "look-up" => lookup::verify(&keys, &proven, name, &proof).map(drop).ok(),
            "absence" => absence::verify(&keys, &proven, name, &proof).ok(),
            _ => None,
        }
    }

    /// Judges each line of samples, as a client does when an answer comes; how many hold.
    #[wasm_bindgen]
    #[allow(unreachable_pub, reason = "the browser reaches it")]
    pub fn judge(samples: &str, now: f64) -> usize {
        samples.lines().filter(|line| judge_one(line, Millis(now as u64)).is_some()).count()
    }
}
