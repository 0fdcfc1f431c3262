//! Error responses keep to the contract, and are of the documented kind.

use std::collections::BTreeSet;

use teamwire_core::{
    Client, ErrorKind, Script,
    script::{
        Respond,
        v1::{expect, respond},
    },
};
use teamwire_tests::contract::Contract;

use crate::responses::{operation, response_of};

/// Returns every error, an operation that has it, its status, its code and its kind.
fn errors() -> Vec<(Respond, &'static str, u16, &'static str, ErrorKind)> {
    use ErrorKind as Kind;
    vec![
        (respond::invalid_request(), "list_users", 400, "invalid_request", Kind::InvalidRequest),
        (respond::unauthorised(), "get_me", 401, "auth", Kind::Auth),
        (respond::forbidden(), "post_message", 403, "auth", Kind::Auth),
        (
            respond::update_members_not_allowed(),
            "add_members",
            403,
            "update_members_not_allowed",
            Kind::UpdateMembersNotAllowed,
        ),
        (respond::leave_chat_not_allowed(), "leave_chat", 403, "leave_chat_not_allowed", Kind::LeaveChatNotAllowed),
        (respond::close_chat_not_allowed(), "close_chat", 403, "close_chat_not_allowed", Kind::CloseChatNotAllowed),
        (respond::read_receipts_disabled(), "list_readers", 403, "read_receipts_disabled", Kind::ReadReceiptsDisabled),
        (respond::image_remove(), "remove_avatar", 403, "image_remove", Kind::ImageRemove),
        (respond::not_found(), "get_chat", 404, "not_found", Kind::NotFound),
        (respond::image_missing(), "get_avatar", 404, "image_load", Kind::ImageLoad),
        (respond::conflict(), "remove_admin", 409, "conflict", Kind::Conflict),
        (respond::closed_chat(), "post_message", 409, "conflict", Kind::Conflict),
        (respond::in_progress(), "post_message", 409, "in_progress", Kind::Server),
        (respond::lease_expired(), "poll_reactions", 409, "lease_expired", Kind::Server),
        (respond::cursor_expired(), "list_users", 410, "cursor_expired", Kind::Server),
        (respond::unsubscribed(), "poll_reactions", 410, "unsubscribed", Kind::Server),
        (respond::payload_too_large(), "post_message", 413, "payload_too_large", Kind::InvalidRequest),
        (respond::unsupported_media_type(), "post_message", 415, "unsupported_media_type", Kind::InvalidRequest),
        (respond::range_not_satisfiable(9), "download_asset", 416, "range_not_satisfiable", Kind::InvalidRequest),
        (respond::unprocessable(), "post_message", 422, "invalid_request", Kind::InvalidRequest),
        (respond::image_invalid(), "set_avatar", 422, "image_load", Kind::ImageLoad),
        (respond::idempotency_mismatch(), "post_message", 422, "idempotency_mismatch", Kind::IdempotencyMismatch),
        (respond::invalid_members(["u1", "g1"]), "add_members", 422, "invalid_members", Kind::InvalidMembers),
        (respond::rate_limited(30), "get_me", 429, "rate_limited", Kind::RateLimited),
        (respond::server_error(), "get_me", 500, "server", Kind::Server),
        (respond::unavailable(30), "get_me", 503, "server", Kind::Server),
    ]
}

#[test]
fn every_error_keeps_to_the_contract() {
    for (respond, name, status, code, kind) in errors() {
        let response = response_of(respond.clone());
        assert_eq!(response.status(), status, "{code}");
        Contract::load().check_response(&operation(name), &response).unwrap_or_else(|violation| panic!("{violation}"));

        let script = Script::new().always(expect::me(), respond);
        let error = Client::new(script).contacts().me().expect_err("the script responds with an error");
        assert_eq!((error.status(), error.code(), error.kind()), (Some(status), Some(code), kind));
    }
}

#[test]
fn every_documented_error_has_a_response() {
    let contract = Contract::load();
    let documented: BTreeSet<_> = contract.operations().flat_map(|id| contract.refusals(id.as_str())).collect();
    let scripted: BTreeSet<_> = errors().into_iter().map(|(_, _, status, code, _)| (status, code)).collect();
    let missing: Vec<_> = documented.difference(&scripted).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn errors_have_their_details() {
    let me = |respond| Client::new(Script::new().always(expect::me(), respond)).contacts().me();
    let error = me(respond::invalid_members(["u1", "g1"])).expect_err("it is an error");
    let error = error.api().expect("it is an error of the server");
    assert_eq!(error.invalid_members, ["u1", "g1"]);
    let error = me(respond::rate_limited(30)).expect_err("it is an error");
    assert_eq!(error.retry_after().map(|it| it.as_secs()), Some(30));
    // The path of an unknown method is not that of an operation.
    let error = me(respond::method_not_allowed()).expect_err("it is an error");
    assert_eq!((error.status(), error.code()), (Some(405), Some("method_not_allowed")));
}
