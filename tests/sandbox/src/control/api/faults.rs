//! Faults: rules, outages, and connections that are closed.

use serde_json::json;

use super::{
    call::{ApiCall, ApiResult, created, done, no_content, ok},
    context::Api,
    fault_rule,
};
use crate::{control::json, world::contract::json_object};

pub(super) fn list(api: &Api, _: &ApiCall) -> ApiResult {
    ok(json::faults(&api.shared))
}

pub(super) fn add(api: &Api, call: &ApiCall) -> ApiResult {
    let rule = fault_rule::read(&call.json()?)?;
    let id = api.faults().add(rule);
    created(json!({ "id": id }))
}

pub(super) fn clear(api: &Api, _: &ApiCall) -> ApiResult {
    api.faults().clear();
    no_content()
}

pub(super) fn remove(api: &Api, call: &ApiCall) -> ApiResult {
    done(call.id(0).parse().is_ok_and(|id| api.faults().remove(id)), "fault")
}

pub(super) fn set_outage(api: &Api, call: &ApiCall) -> ApiResult {
    let outage = json_object::read(&call.json()?, |object| {
        object.require(&["outage"]);
        object.boolean("outage")
    })?;
    api.faults().set_down(outage);
    ok(json!({ "outage": outage }))
}

pub(super) fn set_closing(api: &Api, call: &ApiCall) -> ApiResult {
    let (every, announced) = json_object::read(&call.json()?, |object| {
        object.require(&["every"]);
        Some((object.integer("every")?, object.boolean("announced").unwrap_or(true)))
    })?;
    match (every, announced) {
        (0, _) => api.faults().close_never(),
        (every, true) => api.faults().close_every_nth(every),
        (every, false) => api.faults().close_abruptly_every_nth(every),
    }
    ok(json!({ "closing": json::closing(&api.shared) }))
}
