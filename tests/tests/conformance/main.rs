//! What every executor does against a real backend, written once. Each test has a sandbox of its own, and whatever passes
//! between it and the client is held against the wire contract.
//!
//! A new executor needs a [`Harness`](teamwire_tests::harness::Harness), and one line below.

mod chats;
mod contacts;
mod contract_checks;
mod defective_executors;
mod faults;
mod feeds;
mod members;
mod messages;
mod network;
mod posting;
mod reactions;
mod refusals;
mod sharing;
mod table;
mod threads;
mod waits;

/// Every promise, kept by this executor. What is missing in the list is dead code, and the compiler says so.
macro_rules! conformance {
    ($name:ident, $harness:ty) => {
        mod $name {
            teamwire_tests::promises! { $harness:
                table: every_operation_succeeds, what_is_local_sends_nothing,
                    every_operation_raises_the_kinds_that_all_requests_can,
                    a_key_that_nobody_has_is_refused, what_is_confidential_is_shown_by_nothing;
                refusals: every_refusal_of_the_contract_has_its_cause;
                posting: a_post_is_there_for_everybody_as_it_was_answered, every_text_arrives_as_it_was_sent,
                    every_attachment_comes_back_as_it_was_sent, attachments_of_others_are_understood,
                    an_attention_message_has_its_type, a_reply_names_what_it_replies_to,
                    a_chat_that_is_closed_takes_no_posts, only_admins_post_where_only_they_may,
                    a_post_that_may_have_arrived_is_shown_once, a_key_of_ones_own_is_shown_once,
                    a_key_of_another_request_is_refused, a_post_that_is_still_worked_on_is_waited_for;
                messages: messages_come_oldest_first_and_all_of_them, only_messages_since_a_moment_come,
                    without_a_moment_messages_of_the_last_day_come, deleted_messages_come_if_they_are_asked_for,
                    an_empty_chat_has_no_last_message, one_message_that_is_broken_costs_itself,
                    readers_are_those_who_have_read_everything;
                chats: all_chats_are_listed, chats_are_found_by_their_id, chats_are_found_by_their_exact_title,
                    a_new_chat_is_as_it_was_asked_for, a_new_chat_needs_no_more_than_a_title,
                    a_chat_that_may_have_been_created_is_created_once, a_chat_between_two_is_made_once,
                    a_chat_between_two_is_a_small_one, changes_show_here_and_there, a_chat_is_closed_and_reopened,
                    a_bot_leaves_once, ids_with_anything_in_them_reach_their_chat_or_none;
                members: members_are_added_and_removed, members_are_added_all_or_none,
                    admins_are_made_and_unmade, the_last_admin_stays;
                reactions: a_reaction_is_there_for_everybody, a_reaction_is_changed, every_reaction_fits_its_message,
                    reactions_of_many_come_all, a_reaction_of_somebody_else_is_not_changed;
                contacts: the_bot_knows_itself, all_users_and_groups_are_listed, users_and_groups_are_found_by_their_id,
                    who_is_deleted_or_hidden_is_not_found, lists_are_walked_over_all_pages;
                network: trouble_that_passes_is_not_noticed, an_answer_that_is_cut_is_asked_for_again,
                    a_refused_login_that_is_cut_is_not_repeated, a_connection_that_is_closed_is_replaced, an_outage_ends_and_all_goes_on,
                    no_answer_is_a_timeout, a_slow_answer_is_none_after_the_timeout,
                    an_answer_that_is_too_large_is_refused, what_is_not_http_is_refused, a_redirect_is_not_followed,
                    a_proxys_page_is_shown_in_the_error, odd_members_of_a_success_cost_themselves,
                    the_json_of_a_gateway_is_not_the_backends_word, retry_after_is_obeyed, too_long_a_wait_is_an_error_at_once,
                    connections_are_used_again, a_request_without_a_server_is_known_not_to_have_arrived;
                waits: an_operation_sleeps_through_a_wait, a_feed_sleeps_through_a_wait,
                    after_a_limit_the_next_operation_waits_whatever_its_policy, many_posts_at_once_pass_a_limit;
                feeds: what_happens_arrives_at_once, messages_of_a_chat_arrive_in_order,
                    messages_of_all_chats_arrive_in_order, reactions_arrive_as_people_react,
                    live_locations_arrive_as_people_move, a_feed_goes_on_at_its_checkpoint_in_another_client,
                    a_checkpoint_of_something_else_is_refused,
                    a_feed_that_is_stopped_delivers_what_had_arrived_and_unsubscribes,
                    a_stop_in_the_middle_of_a_long_poll_is_prompt, a_key_that_is_revoked_ends_every_feed,
                    a_chat_that_the_bot_is_not_in_any_more_ends_its_feeds, somebody_elses_unsubscribe_ends_a_feed,
                    a_lease_that_ran_out_is_taken_again, what_the_server_has_forgotten_is_told_as_missed,
                    a_checkpoint_of_another_world_is_told_as_missed,
                    an_outage_is_told_and_nothing_is_lost_by_it, trouble_that_passes_costs_a_feed_no_event,
                    a_long_poll_may_take_longer_than_other_requests, a_bot_answers_what_it_hears;
                sharing: a_live_location_that_is_posted_is_shared, a_key_of_long_ago_begins_no_share,
                    a_share_moves_in_all_its_chats_and_everybody_sees_it, a_share_that_is_stopped_is_over,
                    a_share_that_the_server_has_ended_is_over, all_clones_of_a_client_know_its_shares,
                    shares_are_saved_and_restored_in_another_client, shares_are_asked_for_after_a_restart;
                threads: a_client_is_shared_by_many_threads, chats_are_shared_by_many_threads;
                faults: every_call_ends_and_none_is_done_twice;
            }
        }
    };
}

conformance!(blocking, teamwire_tests::harness::Blocking);
conformance!(async_std, teamwire_tests::harness::AsyncStd);
conformance!(smol, teamwire_tests::harness::Smol);
conformance!(handwritten, teamwire_tests::harness::Handwritten);
