//! Every operation of the contract: method, path, request body and handler.

use super::{
    call::{BodyKind, Call, Operation},
    contract::{
        problem::Problem,
        query::{Segment, segments},
    },
    operations::{
        assets, avatars, chats, create, directory, events, locations, members, messages, reactions, readers,
        subscriptions,
    },
    outcome::OperationResult,
    state::World,
};

type Run = fn(&mut World, &Call) -> OperationResult;

const fn operation(method: &'static str, path: &'static str, body: BodyKind, run: Run) -> Operation {
    Operation { method, path, segments: count_segments(path), body, run }
}

const fn count_segments(path: &str) -> usize {
    let (bytes, mut at, mut count) = (path.as_bytes(), 0, 0);
    while at < bytes.len() {
        count += (bytes[at] == b'/') as usize;
        at += 1;
    }
    count
}

const fn get(path: &'static str, run: Run) -> Operation {
    operation("GET", path, BodyKind::None, run)
}

const fn put(path: &'static str, body: BodyKind, run: Run) -> Operation {
    operation("PUT", path, body, run)
}

const fn patch(path: &'static str, run: Run) -> Operation {
    operation("PATCH", path, BodyKind::Json, run)
}

const fn post(path: &'static str, body: BodyKind, run: Run) -> Operation {
    operation("POST", path, body, run)
}

const fn delete(path: &'static str, run: Run) -> Operation {
    operation("DELETE", path, BodyKind::None, run)
}

/// The contract's operations, in its order.
pub(crate) static OPERATIONS: [Operation; 48] = [
    get("/health", directory::health),
    get("/v1/me", directory::me),
    get("/v1/users", directory::list_users),
    get("/v1/users/{uid}", directory::get_user),
    get("/v1/groups", directory::list_groups),
    get("/v1/groups/{gid}", directory::get_group),
    get("/v1/chats", chats::list),
    post("/v1/chats", BodyKind::Json, create::create),
    get("/v1/chats/{tid}", chats::get),
    patch("/v1/chats/{tid}", chats::update),
    post("/v1/chats/{tid}/close", BodyKind::None, chats::close),
    post("/v1/chats/{tid}/reopen", BodyKind::None, chats::reopen),
    post("/v1/chats/{tid}/leave", BodyKind::None, members::leave),
    post("/v1/chats/{tid}/members/add", BodyKind::Json, members::add),
    post("/v1/chats/{tid}/members/remove", BodyKind::Json, members::remove),
    put("/v1/chats/{tid}/admins/{uid}", BodyKind::None, members::add_admin),
    delete("/v1/chats/{tid}/admins/{uid}", members::remove_admin),
    get("/v1/chats/{tid}/readers", readers::list),
    post("/v1/chats/{tid}/read", BodyKind::None, readers::mark),
    get("/v1/chats/{tid}/messages", messages::list),
    post("/v1/chats/{tid}/messages", BodyKind::Json, messages::post),
    get("/v1/chats/{tid}/messages/updates", messages::poll_chat),
    // After `updates`, which is not the id of a message.
    get("/v1/chats/{tid}/messages/{mid}", messages::get),
    get("/v1/messages/updates", messages::poll_all),
    get("/v1/chats/{tid}/avatar", avatars::get),
    put("/v1/chats/{tid}/avatar", BodyKind::Jpeg, avatars::set),
    delete("/v1/chats/{tid}/avatar", avatars::remove),
    post("/v1/assets", BodyKind::Upload, assets::upload),
    get("/v1/assets/{id}", assets::download),
    get("/v1/location", locations::list),
    put("/v1/location", BodyKind::Json, locations::update),
    delete("/v1/chats/{tid}/location", locations::stop),
    get("/v1/chats/{tid}/location/active", locations::count),
    put("/v1/chats/{tid}/location/subscriptions", BodyKind::None, subscriptions::subscribe_locations),
    delete("/v1/chats/{tid}/location/subscriptions", subscriptions::unsubscribe_all_locations),
    delete("/v1/chats/{tid}/location/subscriptions/{id}", subscriptions::unsubscribe_locations),
    get("/v1/chats/{tid}/location/updates", locations::poll),
    get("/v1/chats/{tid}/messages/{mid}/reactions", reactions::list),
    post("/v1/chats/{tid}/messages/{mid}/reactions", BodyKind::Json, reactions::send),
    patch("/v1/chats/{tid}/messages/{mid}/reactions/{reaction_id}", reactions::update),
    put("/v1/reactions/subscriptions", BodyKind::None, subscriptions::subscribe_reactions),
    delete("/v1/reactions/subscriptions", subscriptions::unsubscribe_all_reactions),
    delete("/v1/reactions/subscriptions/{id}", subscriptions::unsubscribe_reactions),
    get("/v1/reactions/updates", reactions::poll),
    put("/v1/events/subscriptions", BodyKind::None, subscriptions::subscribe_events),
    delete("/v1/events/subscriptions", subscriptions::unsubscribe_all_events),
    delete("/v1/events/subscriptions/{id}", subscriptions::unsubscribe_events),
    get("/v1/events/updates", events::poll),
];

/// Finds the operation for a path and the ids in the path. 404 for an unknown path, 405 for an unsupported method.
pub(crate) fn find(method: &str, path: &[Segment]) -> Result<(&'static Operation, Vec<Segment>), Problem> {
    let mut allowed = Vec::new();
    for operation in OPERATIONS.iter().filter(|it| it.segments == path.len()) {
        if let Some(ids) = match_path(operation.path, path) {
            if operation.method == method {
                return Ok((operation, ids));
            }
            if !allowed.contains(&operation.method) {
                allowed.push(operation.method);
            }
        }
    }
    if allowed.is_empty() { Err(Problem::not_found("route")) } else { Err(Problem::method_not_allowed(&allowed)) }
}

/// Returns the ids in `path` if it matches `template`. An id is one non-empty segment.
pub(crate) fn match_path(template: &str, path: &[Segment]) -> Option<Vec<Segment>> {
    let mut ids = Vec::new();
    let mut shape = template.trim_start_matches('/').split('/');
    for segment in path {
        let expected = shape.next()?;
        if expected.starts_with('{') {
            if segment.as_deref() == Some("") {
                return None;
            }
            ids.push(segment.clone());
        } else if segment.as_deref() != Some(expected) {
            return None;
        }
    }
    if shape.next().is_none() { Some(ids) } else { None }
}

/// All routes of the contract as `METHOD /path/{id}`, in the contract's order.
pub fn routes() -> impl Iterator<Item = String> {
    OPERATIONS.iter().map(|operation| format!("{operation:?}"))
}

/// The route that a request matches, as in [`routes`], if there is one.
pub fn route_of(method: &str, path: &str) -> Option<String> {
    let (operation, _) = find(method, &segments(path)).ok()?;
    Some(format!("{operation:?}"))
}
