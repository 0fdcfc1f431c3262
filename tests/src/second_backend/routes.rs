//! The routes of the example protocol.

use serde_json::{Value, json};

use super::{
    Shared,
    connection::{Request, Response},
    documents::{self, Kind},
    json::{error, translated},
    lists,
    upstream::{Call, Refused},
};

/// Responds to a request.
pub(super) fn respond(shared: &Shared, request: Request) -> Response {
    dispatch(shared, &request).unwrap_or_else(|refused| refused)
}

fn dispatch(shared: &Shared, request: &Request) -> Refused<Response> {
    let unknown = || error(404, "notFound", "There is no such route");
    let path = request.path.strip_prefix("/api/").and_then(|path| path.strip_suffix('/')).ok_or_else(unknown)?;
    let segments: Vec<&str> = path.split('/').collect();
    if (request.method.as_str(), segments.as_slice()) == ("POST", &["login"]) {
        return Ok(log_in(shared, &request.body));
    }
    let cookie = request.headers.get("cookie").and_then(|cookie| cookie.strip_prefix("session="));
    if !cookie.is_some_and(|session| shared.sessions.is_valid(session)) {
        return Err(error(401, "sessionExpired", "Log in first"));
    }
    let get = |target: String| one(shared, Call::new("GET", target), 200);
    let change = |call: Call<'_>| call.send(shared).map(|_| Response::empty(204));
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["me"]) => get("/v1/me".into()),
        ("GET", ["users"]) => lists::page(shared, request, "/v1/users"),
        ("GET", ["users", uid]) => get(format!("/v1/users/{uid}")),
        ("GET", ["groups"]) => lists::page(shared, request, "/v1/groups"),
        ("GET", ["groups", gid]) => get(format!("/v1/groups/{gid}")),
        ("GET", ["messages"]) => lists::all_messages(shared, request),
        ("GET", ["messages", "latest"]) => lists::newest(shared, request, None),
        ("GET", ["chats"]) => lists::page(shared, request, "/v1/chats"),
        ("POST", ["chats"]) => documents::post(shared, request, "/v1/chats", Kind::Chat),
        ("POST", ["direct"]) => documents::post(shared, request, "/v1/chats", Kind::Direct),
        ("GET", ["chats", tid]) => get(format!("/v1/chats/{tid}")),
        ("PATCH", ["chats", tid]) => change(Call::new("PATCH", format!("/v1/chats/{tid}")).json(&body(request)?)),
        ("POST", ["chats", tid, action @ ("close" | "reopen" | "leave")]) => {
            change(Call::new("POST", format!("/v1/chats/{tid}/{action}")))
        }
        ("POST", ["chats", tid, "members"]) => {
            change(Call::new("POST", format!("/v1/chats/{tid}/members/add")).json(&body(request)?))
        }
        ("POST", ["chats", tid, "members", "removal"]) => {
            change(Call::new("POST", format!("/v1/chats/{tid}/members/remove")).json(&body(request)?))
        }
        (method @ ("PUT" | "DELETE"), ["chats", tid, "admins", uid]) => {
            change(Call::new(method, format!("/v1/chats/{tid}/admins/{uid}")))
        }
        ("GET", ["chats", tid, "readers"]) => lists::page(shared, request, &format!("/v1/chats/{tid}/readers")),
        ("POST", ["chats", tid, "readers"]) => change(Call::new("POST", format!("/v1/chats/{tid}/read"))),
        ("GET", ["chats", tid, "avatar"]) => file(shared, format!("/v1/chats/{tid}/avatar")),
        ("POST", ["chats", tid, "avatar"]) => documents::avatar(shared, request, &format!("/v1/chats/{tid}/avatar")),
        ("DELETE", ["chats", tid, "avatar"]) => change(Call::new("DELETE", format!("/v1/chats/{tid}/avatar"))),
        ("GET", ["files", id]) => file(shared, format!("/v1/assets/{id}")),
        ("GET", ["chats", tid, "messages", "latest"]) => {
            lists::newest(shared, request, Some(&format!("/v1/chats/{tid}/messages")))
        }
        ("GET", ["chats", tid, "messages"]) => lists::page(shared, request, &format!("/v1/chats/{tid}/messages")),
        ("POST", ["chats", tid, "messages"]) => {
            documents::post(shared, request, &format!("/v1/chats/{tid}/messages"), Kind::Message)
        }
        ("GET", ["chats", tid, "messages", mid]) => get(format!("/v1/chats/{tid}/messages/{mid}")),
        ("GET", ["chats", tid, "messages", mid, "reactions"]) => {
            lists::page(shared, request, &format!("/v1/chats/{tid}/messages/{mid}/reactions"))
        }
        ("POST", ["chats", tid, "messages", mid, "reactions"]) => {
            let target = format!("/v1/chats/{tid}/messages/{mid}/reactions");
            one(shared, Call::new("POST", target).json(&body(request)?), 201)
        }
        ("PUT", ["chats", tid, "messages", mid, "reactions", id]) => {
            let target = format!("/v1/chats/{tid}/messages/{mid}/reactions/{id}");
            one(shared, Call::new("PATCH", target).json(&body(request)?), 200)
        }
        _ => Err(unknown()),
    }
}

fn log_in(shared: &Shared, body: &[u8]) -> Response {
    let login: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = |name: &str| login[name].as_str().unwrap_or_default();
    match shared.sessions.log_in(text("user"), text("password")) {
        Some(session) => Response::empty(204).with_header("set-cookie", format!("session={session}; Path=/; HttpOnly")),
        None => error(401, "wrongPassword", "The name or the password is wrong"),
    }
}

/// Returns the JSON of a request in that of the sandbox.
fn body(request: &Request) -> Refused<Value> {
    let json = serde_json::from_slice(&request.body).map_err(|_| error(400, "invalid", "The body is not JSON"))?;
    Ok(Value::Object(documents::renamed(&json)))
}

/// Performs a request whose response is one value.
fn one(shared: &Shared, call: Call<'_>, status: u16) -> Refused<Response> {
    Ok(Response::json(status, &json!({ "data": translated(&call.value(shared)?) })))
}

/// Returns a file.
fn file(shared: &Shared, target: String) -> Refused<Response> {
    let reply = Call::new("GET", target).send(shared)?;
    let media_type = reply.headers.get("content-type").unwrap_or("application/octet-stream").to_owned();
    Ok(Response::Complete { status: 200, headers: vec![("content-type".to_owned(), media_type)], body: reply.body })
}
