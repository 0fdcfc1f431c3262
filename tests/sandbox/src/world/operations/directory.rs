//! Reading users and groups.

use serde_json::json;

use crate::world::{
    call::Call,
    contract::problem::Problem,
    outcome::{OperationResult, ok},
    state::World,
};

pub(crate) fn health(_: &mut World, _: &Call) -> OperationResult {
    ok(json!({ "status": "ok" }))
}

pub(crate) fn me(world: &mut World, call: &Call) -> OperationResult {
    ok(world.directory.user_json(&call.actor))
}

pub(crate) fn list_users(world: &mut World, call: &Call) -> OperationResult {
    let directory = &world.directory;
    let visible = directory.users.keys().filter(|uid| directory.sees_user(&call.actor, uid));
    world
        .list_cursors()
        .page(call, &call.cursor_scope(""), visible.map(|uid| (uid.clone(), uid)), |uid| directory.user_json(uid))
}

pub(crate) fn get_user(world: &mut World, call: &Call) -> OperationResult {
    let uid = call.id(0);
    if world.directory.sees_user(&call.actor, uid) {
        ok(world.directory.user_json(uid))
    } else {
        Err(Problem::not_found("user"))
    }
}

pub(crate) fn list_groups(world: &mut World, call: &Call) -> OperationResult {
    let directory = &world.directory;
    let groups = directory.groups.keys().map(|gid| (gid.clone(), gid));
    world.list_cursors().page(call, &call.cursor_scope(""), groups, |gid| directory.group_json(gid))
}

pub(crate) fn get_group(world: &mut World, call: &Call) -> OperationResult {
    let gid = call.id(0);
    if world.directory.sees_group(gid) { ok(world.directory.group_json(gid)) } else { Err(Problem::not_found("group")) }
}
