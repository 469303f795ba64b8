//! Who may change what: every client checks every Commit by these rules.
//!
//! Called by the inbox before a Commit counts, and by the outbox before one is
//! made. Pure: looks at the tree before, the change, and what is known of the
//! people. Form was judged by `group`; whether leaves are proven, by `trust`.

use std::collections::BTreeSet;

use waxseal_wire::id::{AccountId, DeviceId};

use crate::group::{Claim, MemberLeaf, Policy};
use crate::heal::left_out::Seats;

/// What a Commit would do, and what is known.
#[derive(Debug)]
pub(crate) struct Proposed<'a> {
    /// The tree before it.
    pub(crate) before: &'a [MemberLeaf],
    /// The policy before it.
    pub(crate) policy: &'a Policy,
    /// Who made it.
    pub(crate) committer: AccountId,
    /// Who joins.
    pub(crate) added: &'a [Claim],
    /// Who goes.
    pub(crate) removed: &'a [MemberLeaf],
    /// The policy after it, where it changes.
    pub(crate) new_policy: Option<&'a Policy>,
    /// Devices that their account no longer lists.
    pub(crate) unlisted: &'a [(AccountId, DeviceId)],
    /// Who was left out when the group was founded anew, and may be brought back by anybody.
    pub(crate) seats: &'a Seats,
}

/// Which rule a Commit breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Breach {
    /// Only admins add people, remove people or change the policy.
    #[error("only an admin may do this")]
    NotAdmin,
    /// A direct chat keeps its two people.
    #[error("a direct chat keeps its two people")]
    Direct,
    /// Chat, generation and kind of a group never change; an admin stays.
    #[error("the policy changed what never changes")]
    Policy,
    /// One device twice, or a device of an account added under another's.
    #[error("a device is added twice")]
    Twice,
}

impl Proposed<'_> {
    /// Judges it.
    pub(crate) fn judge(&self) -> Result<(), Breach> {
        let admin = self.is_admin();
        self.judge_added(admin)?;
        self.judge_removed(admin)?;
        self.judge_policy(admin)
    }

    /// Where every admin is gone, everybody is one: a group must not be stuck.
    fn is_admin(&self) -> bool {
        let left = self.before.iter().any(|leaf| self.policy.admins.contains(&leaf.account));
        !left || self.policy.admins.contains(&self.committer)
    }

    fn judge_added(&self, admin: bool) -> Result<(), Breach> {
        let before: BTreeSet<_> = self.before.iter().map(|leaf| leaf.account).collect();
        let gone: BTreeSet<_> = self.removed.iter().map(|leaf| (leaf.account, leaf.device)).collect();
        let mut there: BTreeSet<_> =
            self.before.iter().map(|leaf| (leaf.account, leaf.device)).filter(|device| !gone.contains(device)).collect();
        for claim in self.added {
            if !there.insert((claim.account, claim.device)) {
                return Err(Breach::Twice);
            }
            // A new device of somebody who is in, and a device that is healed, may be added by anybody.
            if !before.contains(&claim.account) {
                if self.policy.direct {
                    return Err(Breach::Direct);
                }
                if !admin && !self.seats.holds(&claim.account) {
                    return Err(Breach::NotAdmin);
                }
            }
        }
        Ok(())
    }

    fn judge_removed(&self, admin: bool) -> Result<(), Breach> {
        for leaf in self.removed {
            let device = (leaf.account, leaf.device);
            let healed = self.added.iter().any(|claim| (claim.account, claim.device) == device);
            let own = leaf.account == self.committer;
            let allowed = healed || own || self.policy.leaving.contains(&leaf.account) || self.unlisted.contains(&device);
            if allowed {
                continue;
            }
            if self.policy.direct {
                return Err(Breach::Direct);
            }
            if !admin {
                return Err(Breach::NotAdmin);
            }
        }
        Ok(())
    }

    fn judge_policy(&self, admin: bool) -> Result<(), Breach> {
        let Some(new) = self.new_policy else { return Ok(()) };
        let old = self.policy;
        if new.chat != old.chat
            || new.generation != old.generation
            || new.direct != old.direct
            || new.admins.is_empty()
            || new.seats != old.seats
            || new.without != old.without
        {
            return Err(Breach::Policy);
        }
        if new.direct && (new.admins != old.admins || new.name != old.name) {
            return Err(Breach::Direct);
        }
        // Everybody says for oneself, and nobody for another, that one wants to be out.
        if !new.leaving.difference(&old.leaving).all(|account| *account == self.committer) {
            return Err(Breach::Policy);
        }
        let mut left_alone = old.clone();
        left_alone.leaving.clone_from(&new.leaving);
        let only_leaves = left_alone == *new && new.leaving.is_superset(&old.leaving);
        if admin || only_leaves { Ok(()) } else { Err(Breach::NotAdmin) }
    }
}

#[cfg(test)]
mod tests {
    use waxseal_wire::chain::PublicKey;
    use waxseal_wire::id::AliasId;
    use waxseal_wire::key::{PostKey, SealSecret};
    use waxseal_wire::request::Address;

    use super::*;

    const ALICE: AccountId = AccountId([1; 32]);
    const BOB: AccountId = AccountId([2; 32]);
    const CARLA: AccountId = AccountId([3; 32]);

    fn claim(account: AccountId, device: u8) -> Claim {
        let post_verifier = PostKey::new([device; 32]).verifier();
        let seal_public = SealSecret::new([device; 32]).public();
        let address = Address { alias: AliasId([device; 16]), seal_public, post_verifier };
        Claim { account, device: DeviceId([device; 16]), key: PublicKey([device; 32]), address }
    }

    fn leaf(account: AccountId, device: u8) -> MemberLeaf {
        let Claim { account, device: id, key, address } = claim(account, device);
        MemberLeaf { leaf: u32::from(device), account, device: id, key, address }
    }

    fn policy(direct: bool) -> Policy {
        Policy::new([9; 16], 1, "Bees".into(), [ALICE].into(), direct)
    }

    fn judge(
        committer: AccountId,
        direct: bool,
        added: &[Claim],
        removed: &[MemberLeaf],
        new: Option<&Policy>,
    ) -> Result<(), Breach> {
        let before = [leaf(ALICE, 1), leaf(BOB, 2), leaf(BOB, 3)];
        let policy = policy(direct);
        let proposed = Proposed {
            before: &before,
            policy: &policy,
            committer,
            added,
            removed,
            new_policy: new,
            unlisted: &[],
            seats: &Seats::Of(BTreeSet::new()),
        };
        proposed.judge()
    }

    #[test]
    fn only_admins_add_and_remove_people() {
        assert_eq!(judge(ALICE, false, &[claim(CARLA, 5)], &[], None), Ok(()));
        assert_eq!(judge(BOB, false, &[claim(CARLA, 5)], &[], None), Err(Breach::NotAdmin));
        assert_eq!(judge(BOB, false, &[], &[leaf(ALICE, 1)], None), Err(Breach::NotAdmin));
        assert_eq!(judge(ALICE, false, &[], &[leaf(BOB, 2), leaf(BOB, 3)], None), Ok(()));
    }

    #[test]
    fn anybody_brings_back_who_was_left_out_of_a_founding_and_nobody_else() {
        let before = [leaf(ALICE, 1), leaf(BOB, 2)];
        let mut policy = policy(false);
        policy.seats = Some([7; 32]);
        let brings = |seats: &Seats, new_policy: Option<&Policy>| {
            let added = [claim(CARLA, 5)];
            let (removed, unlisted) = (&[], &[]);
            Proposed { before: &before, policy: &policy, committer: BOB, added: &added, removed, new_policy, unlisted, seats }
                .judge()
        };
        assert_eq!(brings(&Seats::Of([CARLA].into()), None), Ok(()));
        assert_eq!(brings(&Seats::Of([ALICE].into()), None), Err(Breach::NotAdmin));
        assert_eq!(brings(&Seats::Unknown, None), Ok(()), "who was not there before cannot know");
        let mut other = policy.clone();
        other.seats = None;
        assert_eq!(brings(&Seats::Of([CARLA].into()), Some(&other)), Err(Breach::Policy));
    }

    #[test]
    fn anybody_heals_a_device_and_adds_own_ones() {
        assert_eq!(judge(BOB, false, &[claim(ALICE, 1)], &[leaf(ALICE, 1)], None), Ok(()));
        assert_eq!(judge(BOB, false, &[claim(BOB, 7)], &[leaf(BOB, 2)], None), Ok(()));
        assert_eq!(judge(BOB, false, &[claim(BOB, 3)], &[], None), Err(Breach::Twice));
    }

    #[test]
    fn everybody_leaves_for_oneself_and_anybody_lets_them_go() {
        let mut new = policy(false);
        new.leaving.insert(BOB);
        assert_eq!(judge(BOB, false, &[], &[], Some(&new)), Ok(()));
        assert_eq!(judge(ALICE, false, &[], &[], Some(&new)), Err(Breach::Policy));
        let mut more = new.clone();
        more.name = "Wasps".into();
        assert_eq!(judge(BOB, false, &[], &[], Some(&more)), Err(Breach::NotAdmin));
        let before = [leaf(ALICE, 1), leaf(BOB, 2), leaf(CARLA, 4)];
        let removed = [leaf(BOB, 2)];
        let gone = |policy: &Policy| {
            let proposed = Proposed {
                before: &before,
                policy,
                committer: CARLA,
                added: &[],
                removed: &removed,
                new_policy: None,
                unlisted: &[],
                seats: &Seats::Of(BTreeSet::new()),
            };
            proposed.judge()
        };
        assert_eq!(gone(&new), Ok(()));
        assert_eq!(gone(&policy(false)), Err(Breach::NotAdmin));
    }

    #[test]
    fn a_direct_chat_keeps_its_two_people() {
        assert_eq!(judge(ALICE, true, &[claim(CARLA, 5)], &[], None), Err(Breach::Direct));
        assert_eq!(judge(ALICE, true, &[], &[leaf(BOB, 2)], None), Err(Breach::Direct));
    }

    #[test]
    fn the_policy_keeps_what_never_changes() {
        let mut new = policy(false);
        new.name = "Wasps".into();
        assert_eq!(judge(ALICE, false, &[], &[], Some(&new)), Ok(()));
        assert_eq!(judge(BOB, false, &[], &[], Some(&new)), Err(Breach::NotAdmin));
        new.generation = 2;
        assert_eq!(judge(ALICE, false, &[], &[], Some(&new)), Err(Breach::Policy));
    }
}
