//! Safety numbers: digits that two people compare to know that nobody stands between.
//!
//! Called by the readings. Made of the two account ids alone: it survives new
//! devices, which the accounts themselves sign, and is equal on both sides.

use sha2::{Digest, Sha512};
use waxseal_wire::id::AccountId;

/// Makes guessing an account id for given digits dearer by this factor.
const ROUNDS: u32 = 5_200;

/// 60 digits, about 199 bits, the same whoever asks.
pub(crate) fn digits(one: &AccountId, other: &AccountId) -> String {
    let (low, high) = if one <= other { (one, other) } else { (other, one) };
    [low, high].iter().map(|account| half(account)).collect()
}

fn half(account: &AccountId) -> String {
    let mut hash = Sha512::new().chain_update(b"waxseal safety v1").chain_update(account.0).finalize();
    for _ in 1..ROUNDS {
        hash = Sha512::new().chain_update(hash).chain_update(account.0).finalize();
    }
    hash.chunks_exact(5)
        .take(6)
        .map(|chunk| {
            let number = chunk.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            format!("{:05}", number % 100_000)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_see_the_same_sixty_digits() {
        let (a, b, c) = (AccountId([1; 32]), AccountId([2; 32]), AccountId([3; 32]));
        assert_eq!(digits(&a, &b), digits(&b, &a));
        assert_eq!(digits(&a, &b).len(), 60);
        assert!(digits(&a, &b).bytes().all(|digit| digit.is_ascii_digit()));
        assert_ne!(digits(&a, &b), digits(&a, &c));
    }
}
