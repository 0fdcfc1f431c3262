//! Pending polls and subscriptions.

use super::{
    call::{ApiCall, ApiResult, no_content, ok},
    context::Api,
};
use crate::control::json;

pub(super) fn get(api: &Api, _: &ApiCall) -> ApiResult {
    ok(json::feeds(&api.shared))
}

pub(super) fn expire_leases(api: &Api, _: &ApiCall) -> ApiResult {
    api.admin().expire_leases();
    no_content()
}

pub(super) fn expire_cursors(api: &Api, _: &ApiCall) -> ApiResult {
    api.admin().expire_cursors();
    no_content()
}

pub(super) fn unsubscribe_all(api: &Api, _: &ApiCall) -> ApiResult {
    api.admin().unsubscribe_all();
    no_content()
}
