//! People: their chats and messages, and what they do.

use serde_json::{Value, json};

use super::{
    call::{ApiCall, ApiResult, Reply, done, ok},
    context::Api,
};
use crate::world::{
    Handled, Rejection,
    contract::{json_object, problem::Problem},
    views::Window,
};

/// The number of messages in a window if the request does not set a limit.
const DEFAULT_LIMIT: u64 = 50;

pub(super) fn chats(api: &Api, call: &ApiCall) -> ApiResult {
    ok(json!({ "items": api.shared.world(|world, now| world.chats_view(now, call.id(0)))? }))
}

pub(super) fn alerts(api: &Api, call: &ApiCall) -> ApiResult {
    let mut items = api.shared.world(|world, _| world.alerts_view(call.id(0)))?;
    add_requests(api, &mut items);
    ok(json!({ "items": items }))
}

pub(super) fn messages(api: &Api, call: &ApiCall) -> ApiResult {
    let limit = call.query.integer("limit", 1..=200)?.unwrap_or(DEFAULT_LIMIT);
    let (before, after, around) = (call.query.id("before")?, call.query.id("after")?, call.query.id("around")?);
    let start = call.query.integer("start", 0..=u64::MAX)?;
    let window = match (before, after, around, start) {
        (None, None, None, None) => Window::Newest,
        (Some(mid), None, None, None) => Window::Before(mid),
        (None, Some(mid), None, None) => Window::After(mid),
        (None, None, Some(mid), None) => Window::Around(mid),
        (None, None, None, Some(start)) => Window::From(usize::try_from(start).unwrap_or(usize::MAX)),
        _ => return Err(Problem::malformed("Only one of before, after, around and start can be given.")),
    };
    let text = call.query.string("text", 1..=256)?;
    if text.is_some() && matches!(window, Window::Around(_) | Window::From(_)) {
        return Err(Problem::malformed("A text can be given with before and after only."));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut view = api.shared.world(|world, _| world.messages_view(call.id(0), call.id(1), window, text, limit))?;
    if let Some(items) = view["items"].as_array_mut() {
        add_requests(api, items);
    }
    ok(view)
}

/// Adds the number of the request that posted each message, if the log still has it.
fn add_requests(api: &Api, messages: &mut [Value]) {
    let posts = api.shared.requests.as_ref().map(|requests| requests.posts()).unwrap_or_default();
    for message in messages {
        let number = message["mid"].as_str().and_then(|mid| posts.get(mid));
        message["request"] = json!(number);
    }
}

pub(super) fn delete_message(api: &Api, call: &ApiCall) -> ApiResult {
    let delete = |world: &mut crate::World, now| {
        world.require_person(call.id(0))?;
        world.as_person(now, call.id(0)).delete(call.id(1), call.id(2)).map_err(problem)
    };
    api.shared.world(delete)?;
    done(true, "message")
}

fn reaction_type(call: &ApiCall) -> Result<String, Problem> {
    json_object::read(&call.json()?, |object| {
        object.require(&["reaction_type"]);
        object.string("reaction_type", 1..=64)
    })
}

/// Reacts to the newest alert that waits for the person.
pub(super) fn react_to_alert(api: &Api, call: &ApiCall) -> ApiResult {
    let kind = reaction_type(call)?;
    let react = |world: &mut crate::World, now| {
        let alert = world.alerts_view(call.id(0))?.pop().ok_or_else(|| Problem::not_found("alert that waits"))?;
        let [tid, mid] = ["tid", "mid"].map(|name| alert[name].as_str().unwrap_or_default());
        let id = world.as_person(now, call.id(0)).react(tid, mid, &kind).map_err(problem)?;
        Ok::<_, Problem>(json!({ "tid": tid, "mid": mid, "reaction_id": id, "reaction_type": kind }))
    };
    ok(api.shared.world(react)?)
}

pub(super) fn react(api: &Api, call: &ApiCall) -> ApiResult {
    let kind = reaction_type(call)?;
    let react = |world: &mut crate::World, now| {
        world.require_person(call.id(0))?;
        world.as_person(now, call.id(0)).react(call.id(1), call.id(2), &kind).map_err(problem)
    };
    let id = api.shared.world(react)?;
    ok(json!({ "reaction_id": id, "reaction_type": kind }))
}

/// The problem that a bot would have received.
fn problem(rejection: Rejection) -> Problem {
    Problem::new(rejection.status, rejection.code, rejection.detail)
}

/// Executes the operation of the contract with the path below the person.
pub(super) fn execute_as_person(api: &Api, call: &ApiCall) -> ApiResult {
    // `/people/{uid}/chats/...` is `/v1/chats/...`, not decoded, so that no id can change the route.
    let below = call.path.splitn(4, '/').nth(3).unwrap_or_default();
    let path = format!("/v1/{below}");
    let method = call.operation.method;
    let handled = api.shared.world(|world, now| world.execute_as(now, call.id(0), method, &path, call.bytes.clone()));
    match handled {
        Handled::Response(response) => Ok(Reply::Response(response)),
        Handled::File(_) | Handled::Park { .. } => Err(Problem::not_found("route")),
    }
}
