//! Every operation of the control API: method, path, request body and handler.

use super::{
    assets,
    call::{ApiBody, ApiCall, ApiOperation, ApiResult, Handler},
    clock,
    context::Api,
    faults, feeds, organisation, people, requests, tests,
};
use crate::world::contract::{problem::Problem, query::Segment};

type Run = fn(&Api, &ApiCall) -> ApiResult;

const fn get(path: &'static str, run: Run) -> ApiOperation {
    ApiOperation { method: "GET", path, body: ApiBody::None, handler: Handler::Run(run) }
}

/// An operation that changes something.
const fn change(method: &'static str, path: &'static str, run: Run) -> ApiOperation {
    ApiOperation { method, path, body: ApiBody::Json, handler: Handler::Run(run) }
}

/// An operation of the wire contract, executed as a person.
const fn contract(method: &'static str, path: &'static str) -> ApiOperation {
    ApiOperation { method, path, body: ApiBody::Json, handler: Handler::Contract }
}

const UPLOAD: ApiOperation = ApiOperation {
    method: "POST",
    path: "/people/{uid}/assets",
    body: ApiBody::Upload,
    handler: Handler::Run(assets::not_a_call),
};

/// The operations, in the order of the document.
static OPERATIONS: [ApiOperation; 52] = [
    get("/world", organisation::world),
    get("/events", requests::events),
    get("/key", organisation::key),
    get("/people/{uid}/chats", people::chats),
    get("/people/{uid}/alerts", people::alerts),
    change("POST", "/people/{uid}/alerts/reaction", people::react_to_alert),
    contract("POST", "/people/{uid}/chats"),
    contract("PATCH", "/people/{uid}/chats/{tid}"),
    contract("POST", "/people/{uid}/chats/{tid}/close"),
    contract("POST", "/people/{uid}/chats/{tid}/reopen"),
    contract("POST", "/people/{uid}/chats/{tid}/leave"),
    contract("POST", "/people/{uid}/chats/{tid}/members/add"),
    contract("POST", "/people/{uid}/chats/{tid}/members/remove"),
    contract("PUT", "/people/{uid}/chats/{tid}/admins/{admin}"),
    contract("DELETE", "/people/{uid}/chats/{tid}/admins/{admin}"),
    contract("POST", "/people/{uid}/chats/{tid}/read"),
    get("/people/{uid}/chats/{tid}/avatar", assets::avatar),
    get("/people/{uid}/chats/{tid}/messages", people::messages),
    contract("POST", "/people/{uid}/chats/{tid}/messages"),
    change("DELETE", "/people/{uid}/chats/{tid}/messages/{mid}", people::delete_message),
    change("PUT", "/people/{uid}/chats/{tid}/messages/{mid}/reaction", people::react),
    contract("PUT", "/people/{uid}/location"),
    contract("DELETE", "/people/{uid}/chats/{tid}/location"),
    UPLOAD,
    get("/people/{uid}/assets/{id}", assets::download),
    get("/people/{uid}/assets/{id}/inline", assets::inline),
    change("PATCH", "/people/{uid}", organisation::change_person),
    get("/requests", requests::list),
    get("/requests/{number}", requests::get),
    get("/transcript", tests::transcript),
    get("/feeds", feeds::get),
    change("POST", "/leases/expire", feeds::expire_leases),
    change("POST", "/cursors/expire", feeds::expire_cursors),
    change("POST", "/subscriptions/delete", feeds::unsubscribe_all),
    get("/faults", faults::list),
    change("POST", "/faults", faults::add),
    change("DELETE", "/faults", faults::clear),
    change("DELETE", "/faults/{id}", faults::remove),
    change("PUT", "/outage", faults::set_outage),
    change("PUT", "/closing", faults::set_closing),
    get("/clock", clock::get),
    change("POST", "/clock/hold", clock::hold),
    change("POST", "/clock/run", clock::run),
    change("POST", "/clock/advance", clock::advance),
    change("PATCH", "/switches", organisation::change_switches),
    change("PUT", "/rate-limit", organisation::set_rate_limit),
    change("PUT", "/keys/{app_id}", organisation::change_key),
    change("POST", "/bots", organisation::create_bot),
    change("PUT", "/groups/{gid}/members/{uid}", organisation::add_to_group),
    change("DELETE", "/groups/{gid}/members/{uid}", organisation::remove_from_group),
    change("POST", "/sample", tests::post_sample),
    change("POST", "/reset", tests::reset),
];

/// Finds the operation for a path below the prefix, and the ids in the path. 404 for an unknown path, 405 for an
/// unsupported method.
pub(crate) fn find(method: &str, path: &[Segment]) -> Result<(&'static ApiOperation, Vec<Segment>), Problem> {
    let mut allowed = Vec::new();
    for operation in &OPERATIONS {
        if let Some(ids) = crate::world::match_path(operation.path, path) {
            if operation.method == method {
                return Ok((operation, ids));
            }
            allowed.push(operation.method);
        }
    }
    if allowed.is_empty() { Err(Problem::not_found("route")) } else { Err(Problem::method_not_allowed(&allowed)) }
}
