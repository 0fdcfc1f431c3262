//! The tests of this suite that do not run over the example protocol, and the reasons. All others do.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const LIVE_LOCATIONS: &str = "the protocol has no live locations";
const KEYS: &str = "the protocol has no idempotency keys: a change is sent once";
const ALL_FEEDS: &str = "it follows feeds that the protocol does not have";
const LONG_POLLS: &str = "it waits for a pending long poll, and the protocol has none";
const SUBSCRIPTIONS: &str = "the protocol has no subscriptions";
const CURSORS: &str = "the server has no cursors that could expire";
const RESPONSES: &str = "it fakes a response in the JSON of the contract";
const CONNECTIONS: &str = "the connections of the sandbox are not those of the client";
const SESSIONS: &str = "a 401 whose body is cut may be an expired session, so the request is repeated";
const NO_BACKEND: &str = "it sends no request to a backend of the protocol";

/// Tests and reasons.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    (SESSIONS, &["refused_login_that_is_cut_is_not_repeated"]),
    (
        LIVE_LOCATIONS,
        &[
            "all_clones_of_a_client_know_its_shares",
            "every_attachment_comes_back_as_it_was_sent",
            "live_location_that_is_posted_is_shared",
            "live_locations_arrive_as_people_move",
            "old_key_starts_no_share",
            "share_ends_with_the_end_of_its_chat",
            "share_moves_in_all_its_chats_for_every_member",
            "share_that_is_stopped_is_over",
            "share_that_the_server_has_ended_is_over",
            "shares_are_asked_for_after_a_restart",
            "shares_are_saved_and_restored_in_another_client",
        ],
    ),
    (
        KEYS,
        &[
            "bot_leaves_once",
            "chat_that_may_have_been_created_is_created_once",
            "every_call_ends_and_none_is_done_twice",
            "key_of_another_request_is_refused",
            "key_of_ones_own_is_shown_once",
            "post_that_is_still_worked_on_is_waited_for",
            "post_that_may_have_arrived_is_shown_once",
        ],
    ),
    (
        ALL_FEEDS,
        &[
            "chat_that_the_bot_is_not_in_any_more_ends_its_feeds",
            "checkpoint_of_another_feed_is_refused",
            "everything_that_happens_arrives_in_order",
            "feed_resumes_at_its_checkpoint_in_another_client",
            "key_that_is_revoked_ends_every_feed",
            "outage_is_reported_and_loses_no_event",
            "own_messages_are_left_out_on_request",
            "reactions_arrive_as_people_react",
            "stopped_feed_delivers_what_had_arrived_and_unsubscribes",
            "temporary_failure_loses_no_event",
        ],
    ),
    (
        LONG_POLLS,
        &[
            "event_arrives_at_once",
            "long_poll_may_take_longer_than_other_requests",
            "messages_of_a_chat_arrive_in_order",
            "stop_in_the_middle_of_a_long_poll_is_prompt",
        ],
    ),
    (
        SUBSCRIPTIONS,
        &[
            "feed_that_is_stopped_in_a_poll_ends_its_subscription_once",
            "lease_that_ran_out_is_taken_again",
            "unsubscription_by_another_client_ends_a_feed",
        ],
    ),
    (
        CURSORS,
        &["checkpoint_of_another_server_is_reported_as_a_gap", "events_that_the_server_dropped_are_reported_as_a_gap"],
    ),
    ("a deletion is no event of the protocol", &["messages_of_all_chats_arrive_in_order"]),
    (
        "the protocol has no search for titles",
        &[
            "chat_of_a_title_is_found_or_created",
            "chat_that_two_processes_create_with_one_key_is_the_same",
            "chats_are_found_by_their_exact_title",
        ],
    ),
    ("the protocol has no limit for titles", &["invalid_changes_by_id_send_no_request"]),
    ("the readers are fetched after the change, which a disabled setting refuses", &["readers_have_read_everything"]),
    ("a login follows the first refusal", &["confidential_text_is_shown_by_no_debug_output"]),
    ("it reads the query of the contract", &["without_a_moment_messages_of_the_last_day_come"]),
    ("it produces each error code of the contract", &["every_refusal_of_the_contract_has_its_cause"]),
    (RESPONSES, &["odd_members_of_a_success_cost_themselves", "undecoded_message_leaves_the_others_readable"]),
    (
        CONNECTIONS,
        &["chats_are_shared_by_many_threads", "connection_that_is_closed_is_replaced", "connections_are_used_again"],
    ),
    (
        NO_BACKEND,
        &[
            "feed_sleeps_through_a_wait",
            "operation_sleeps_through_a_wait",
            "request_without_a_server_is_known_not_to_have_arrived",
            "unknown_key_is_refused",
        ],
    ),
];

/// Returns the Rust files of a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of the suite can be read");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns the tests of this suite, and the sets of their executors.
fn tests() -> BTreeMap<String, String> {
    let mut tests = BTreeMap::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")) {
        let source = fs::read_to_string(file).expect("it is a text");
        for part in source.split("\n#[executor_test").skip(1) {
            let (set, rest) = part.split_once(']').expect("the attribute ends");
            let (_, rest) = rest.split_once("fn ").expect("it belongs to a function");
            let (name, _) = rest.split_once('<').expect("the function is generic");
            tests.insert(name.to_owned(), set.to_owned());
        }
    }
    tests
}

#[test]
fn each_test_runs_over_the_example_protocol_or_is_an_exception() {
    let tests = tests();
    assert!(tests.len() > 100, "the sources are those of this suite");
    let exceptions: Vec<&str> = EXCEPTIONS.iter().flat_map(|(_, tests)| tests.iter().copied()).collect();
    for (test, set) in &tests {
        let is_exception = exceptions.contains(&test.as_str());
        assert_eq!(set != "(protocols)", is_exception, "{test}");
    }
    for exception in exceptions {
        assert!(tests.contains_key(exception), "{exception} does not exist");
    }
}
