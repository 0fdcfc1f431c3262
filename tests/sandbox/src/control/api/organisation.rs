//! The organisation: people, groups, bots, switches and limits.

use serde_json::{Map, json};

use super::{
    call::{ApiCall, ApiResult, created, done, ok},
    context::Api,
};
use crate::control::json;
use crate::world::{
    RateLimit,
    contract::{json_object, problem::Problem},
    routes,
    state::org_settings::OrgSettings,
};

/// Everything that a page needs first. The position is read before the rest, so that no event is missed.
pub(super) fn world(api: &Api, _: &ApiCall) -> ApiResult {
    let position = api.hub.scan(&api.shared);
    let last_seen = api.shared.requests.as_ref().map(|requests| requests.last_seen()).unwrap_or_default();
    let (mut view, badges) = api.shared.world(|world, _| (world.organisation_view(), world.badges_view()));
    view["badges"] = badges;
    view["clock"] = json::clock(&api.shared);
    view["outage"] = json!(api.shared.is_down());
    view["bot_url"] = json!(api.bot_url);
    view["last_seen"] = json!(last_seen);
    view["routes"] = routes().collect();
    (view["boot"], view["seq"]) = (json!(position.boot), json!(position.seq));
    ok(view)
}

/// The key of the first bot: the only response that holds a Secret, except that to the creation of a bot.
pub(super) fn key(api: &Api, _: &ApiCall) -> ApiResult {
    ok(json!({ "url": api.bot_url, "app_id": api.key.app_id, "secret": api.key.secret }))
}

pub(super) fn change_switches(api: &Api, call: &ApiCall) -> ApiResult {
    let body = call.json()?;
    let changes = json_object::read(&body, |object| {
        let mut names = OrgSettings::default();
        let names = names.switches().map(|(name, _)| name);
        Some(names.map(|name| (name, object.boolean(name))))
    })?;
    let switches = api.shared.world(|world, _| {
        let mut switches = world.org_settings().switches();
        for (name, switch) in &mut switches {
            let change = changes.iter().find(|(it, _)| it == name).and_then(|(_, change)| *change);
            **switch = change.unwrap_or(**switch);
        }
        switches.into_iter().map(|(name, switch)| (name.to_owned(), json!(*switch))).collect::<Map<_, _>>()
    });
    ok(switches.into())
}

pub(super) fn set_rate_limit(api: &Api, call: &ApiCall) -> ApiResult {
    let limit = json_object::read(&call.json()?, |object| {
        let (per_second, burst) = (object.number("per_second", 0.0..=1e6), object.integer("burst"));
        match (per_second, burst.map(u32::try_from)) {
            (Some(per_second), Some(Ok(burst))) => Some(Some(RateLimit { per_second, burst })),
            (None, None) => Some(None),
            _ => {
                object.error_here("needs per_second and burst, which is less than 2^32, or nothing for no limit");
                None
            }
        }
    })?;
    api.admin().set_rate_limit(limit);
    ok(json!({ "rate_limit": limit.map(|it| json!({ "per_second": it.per_second, "burst": it.burst })) }))
}

pub(super) fn change_key(api: &Api, call: &ApiCall) -> ApiResult {
    let is_revoked = json_object::read(&call.json()?, |object| {
        object.require(&["is_revoked"]);
        object.boolean("is_revoked")
    })?;
    done(api.admin().set_key_revoked(call.id(0), is_revoked), "key")
}

pub(super) fn create_bot(api: &Api, call: &ApiCall) -> ApiResult {
    let name = json_object::read(&call.json()?, |object| {
        object.require(&["first_name"]);
        object.string("first_name", 1..=64)
    })?;
    let key = api.admin().create_bot(&name);
    created(json!({ "uid": key.uid, "app_id": key.app_id, "secret": key.secret }))
}

pub(super) fn change_person(api: &Api, call: &ApiCall) -> ApiResult {
    let (is_hidden, is_deleted) = json_object::read(&call.json()?, |object| {
        let changes = (object.boolean("is_hidden"), object.boolean("is_deleted"));
        if changes.1 == Some(false) {
            object.error("is_deleted", "must be true, because deletion is final");
        }
        if changes == (None, None) {
            object.error_here("needs a member to change");
        }
        Some(changes)
    })?;
    let uid = call.id(0);
    let is_person = |world: &mut crate::World| world.directory.users.get(uid).is_some_and(|user| !user.is_bot);
    if !api.shared.world(|world, _| is_person(world)) {
        return Err(Problem::not_found("person"));
    }
    if let Some(is_hidden) = is_hidden {
        api.admin().set_user_visible(uid, !is_hidden);
    }
    if is_deleted.is_some() {
        api.admin().delete_user(uid);
    }
    done(true, "person")
}

pub(super) fn add_to_group(api: &Api, call: &ApiCall) -> ApiResult {
    done(api.admin().set_group_member(call.id(0), call.id(1), true), "group or user")
}

pub(super) fn remove_from_group(api: &Api, call: &ApiCall) -> ApiResult {
    done(api.admin().set_group_member(call.id(0), call.id(1), false), "group or user")
}
