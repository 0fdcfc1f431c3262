//! The sandbox's clock.

use std::time::Duration;

use super::{
    call::{ApiCall, ApiResult, ok},
    context::Api,
};
use crate::{control::json, world::contract::json_object};

pub(super) fn get(api: &Api, _: &ApiCall) -> ApiResult {
    ok(json::clock(&api.shared))
}

pub(super) fn hold(api: &Api, _: &ApiCall) -> ApiResult {
    api.clock().pause();
    ok(json::clock(&api.shared))
}

pub(super) fn run(api: &Api, _: &ApiCall) -> ApiResult {
    api.clock().resume();
    ok(json::clock(&api.shared))
}

/// The maximum time by which the clock can be moved at once: ten years of 365 days.
const MAX_ADVANCE_MS: u64 = 315_360_000_000;

pub(super) fn advance(api: &Api, call: &ApiCall) -> ApiResult {
    let millis = json_object::read(&call.json()?, |object| {
        object.require(&["ms"]);
        let millis = object.integer("ms")?;
        if millis > MAX_ADVANCE_MS {
            object.error("ms", format!("must be at most {MAX_ADVANCE_MS}"));
        }
        Some(millis)
    })?;
    api.clock().advance(Duration::from_millis(millis));
    ok(json::clock(&api.shared))
}
