//! The contract: what every store and the rules over it must do.
//!
//! Each sentence is a function over any `Store`; `on_each_store!` makes a test
//! of it for every store there is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, and says where"
)]

mod accounts;
mod audit;
mod disk;
mod engine;
mod groups;
mod keys;
mod layout;
mod mailboxes;
mod town;
mod witness;

use waxseal_server::store::sqlite::SqliteStore;

macro_rules! on_each_store {
    ($($room:ident: $($sentence:ident)*;)*) => {
        mod in_memory {
            $($(#[test] fn $sentence() { super::$room::$sentence(super::memory()); })*)*
        }
        mod in_a_file {
            $($(#[test] fn $sentence() { let (_folder, store) = super::file(); super::$room::$sentence(store); })*)*
        }
    };
}

on_each_store! {
    accounts:
        a_name_is_given_once
        a_registration_repeated_is_done_once
        a_registration_signed_by_another_is_refused
        an_invitation_is_good_as_often_as_it_says_and_no_longer
        a_refused_registration_leaves_the_invitation_good
        a_device_proves_itself_with_its_own_key_alone
        the_highest_number_of_a_session_is_told_in_the_next
        a_chain_grows_only_at_its_end
        a_chain_that_would_not_fit_an_answer_grows_no_more
        a_removed_device_loses_everything
        a_closed_account_is_gone_and_its_name_stays_taken;
    audit:
        the_log_is_shown_in_tiles_as_a_naive_tree_has_them
        the_log_shows_which_log_followed_which
        the_log_shows_no_name;
    keys:
        a_key_package_is_handed_out_once_and_the_last_resort_always
        an_upload_repeated_adds_nothing
        the_newest_key_packages_are_kept
        key_packages_taken_back_are_not_handed_out
        a_look_up_is_answered_as_far_as_a_frame_goes
        an_alias_belongs_to_one_device
        a_blob_comes_back_part_by_part
        a_blob_takes_its_parts_in_order_and_never_others;
    groups:
        a_message_reaches_everybody_but_its_sender
        a_group_is_founded_once
        a_repeated_submit_is_accepted_once
        an_idempotency_key_stands_for_one_thing
        a_stale_commit_is_refused_and_changes_nothing
        of_racing_commits_one_wins
        a_message_of_an_epoch_stands_before_its_commit_in_every_mailbox
        positions_have_no_gaps
        who_lends_a_wrong_key_is_refused
        a_removed_member_can_neither_post_nor_read
        an_added_member_gets_a_welcome_after_the_commit
        a_roster_change_that_does_not_fit_is_refused
        a_roster_can_be_replaced
        an_alias_that_is_gone_is_left_out
        a_group_that_hurries_is_slowed_and_told_how_long;
    mailboxes:
        acked_envelopes_never_come_back
        an_ack_never_reaches_beyond_the_head
        entries_come_in_order_and_within_the_asked_size
        an_overflowing_mailbox_is_marked_lost_and_stops_nobody
        strangers_fill_half_a_mailbox_and_push_nobody_out
        what_is_older_than_thirty_days_is_dropped_and_told
        a_loss_after_the_session_began_is_not_hidden_by_its_ack
        of_gathered_requests_a_refused_one_undoes_itself_alone;
    witness:
        of_one_size_one_tree_is_cosigned
        a_head_is_cosigned_where_it_continues_the_last
        new_trees_are_cosigned_one_a_second
        a_log_that_ended_is_followed_by_its_word_alone
        cosignatures_of_one_head_are_joined_and_of_two_heads_the_newer_ones_kept
        a_new_log_has_no_cosignatures;
}

fn memory() -> SqliteStore {
    SqliteStore::open_in_memory().unwrap()
}

fn file() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    (folder, store)
}
