//! Help for tests and for first steps: the transcript, a sample alert, and a reset.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::{ApiCall, ApiResult, created, ok},
    context::Api,
};
use crate::{
    server::observe::TranscriptEntry,
    world::{
        contract::{json_object, problem::Problem},
        org,
    },
};

pub(super) fn transcript(api: &Api, _: &ApiCall) -> ApiResult {
    let entry = |it: &TranscriptEntry| {
        json!({
            "method": it.method,
            "path": it.path,
            "route": it.route,
            "status": it.status,
            "fault": it.fault,
            "key": it.idempotency_key,
        })
    };
    ok(json!({ "items": api.shared.observed.transcript().iter().map(entry).collect::<Vec<Value>>() }))
}

/// Posts an alert as the first bot, in the first of its chats.
pub(super) fn post_sample(api: &Api, _: &ApiCall) -> ApiResult {
    let posted = api.shared.world(|world, now| {
        let mut person = world.as_person(now, org::BOT);
        let text = "Pump 3 is down. Pressure 1.2 bar and falling.";
        person.post_alert(org::LOBBY, text, "alert")
    });
    let mid = posted.map_err(|rejection| Problem::new(rejection.status, rejection.code, rejection.detail))?;
    created(json!({ "tid": org::LOBBY, "mid": mid }))
}

pub(super) fn reset(api: &Api, call: &ApiCall) -> ApiResult {
    let seed = json_object::read(&call.json()?, |object| Some(object.integer("seed")))?;
    let seed = api.reset(seed);
    Ok(super::call::Reply::Json(StatusCode::OK, json!({ "seed": seed, "boot": api.hub.position().boot })))
}
