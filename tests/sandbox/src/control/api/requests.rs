//! The log of requests, and the stream of events.

use serde_json::{Value, json};

use super::{
    call::{ApiCall, ApiResult, Reply, ok},
    context::Api,
};
use crate::{
    control::{
        events::{EventBody, Position},
        json,
    },
    world::contract::problem::Problem,
};

/// The number of requests on a page if the request does not set a limit.
const DEFAULT_LIMIT: u64 = 100;

pub(super) fn events(api: &Api, call: &ApiCall) -> ApiResult {
    // Browsers send the header when they connect again; others may set the parameter.
    let last = Api::header(&call.headers, "last-event-id").or(call.query.get("after")?);
    let after = last.map(|id| {
        // An id of another sequence cannot be continued, and neither can one that is not an id.
        id.parse().unwrap_or(Position { boot: String::new(), seq: 0 })
    });
    Ok(Reply::Events(EventBody::start(&api.shared, api.hub.clone(), after)))
}

pub(super) fn list(api: &Api, call: &ApiCall) -> ApiResult {
    let before = call.query.integer("before", 1..=u64::MAX)?.unwrap_or(u64::MAX);
    let limit = usize::try_from(call.query.integer("limit", 1..=1000)?.unwrap_or(DEFAULT_LIMIT)).unwrap_or(0);
    let (entries, has_older) =
        api.shared.requests.as_ref().map(|requests| requests.before(before, limit)).unwrap_or_default();
    let items: Vec<_> = entries.iter().map(json::request).collect();
    ok(json!({ "items": items, "has_older": has_older }))
}

pub(super) fn get(api: &Api, call: &ApiCall) -> ApiResult {
    let number = call.id(0).parse().ok();
    let entry = number.and_then(|number| api.shared.requests.as_ref()?.get(number));
    let entry = entry.ok_or_else(|| Problem::not_found("request"))?;
    let mut view = json::request(&entry);
    view["curl"] = json!(json::curl(&entry));
    view["request_headers"] = json::headers(&entry.request_headers);
    let completion = entry.completion.as_ref();
    view["response_headers"] = completion.map_or(Value::Null, |it| json::headers(&it.response_headers));
    view["request_body"] = completion.map_or(Value::Null, |it| json::body(&it.request_body));
    view["response_body"] = completion.map_or(Value::Null, |it| json::body(&it.response_body));
    ok(view)
}
