//! Lists with page numbers, and messages since a time.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::{
    Shared,
    connection::{Request, Response},
    json::translated,
    upstream::{Call, Refused},
};

/// A whole list of the sandbox.
struct List {
    items: Vec<Value>,
    last_modified: Value,
}

/// Returns the requested page of a list.
pub(super) fn page(shared: &Shared, request: &Request, route: &str) -> Refused<Response> {
    let since = number(request, "since").map(|since| format!("since={}", time(since)));
    let list = all(shared, route, since.as_deref())?;
    Ok(response(request, list))
}

/// Returns the requested page of the messages in all chats since a time.
pub(super) fn all_messages(shared: &Shared, request: &Request) -> Refused<Response> {
    Ok(response(request, messages_of_all_chats(shared, number(request, "since"))?))
}

/// Returns the newest messages of one chat, or of all chats without a route.
pub(super) fn newest(shared: &Shared, request: &Request, route: Option<&str>) -> Refused<Response> {
    let mut list = match route {
        Some(route) => all(shared, route, None)?,
        None => messages_of_all_chats(shared, None)?,
    };
    let size = size(request);
    list.items.drain(..list.items.len().saturating_sub(size));
    Ok(response(request, list))
}

fn messages_of_all_chats(shared: &Shared, since: Option<i64>) -> Refused<List> {
    let since = since.map(|since| format!("since={}", time(since)));
    let mut items = Vec::new();
    for chat in all(shared, "/v1/chats", None)?.items {
        let tid = chat["tid"].as_str().unwrap_or_default();
        items.extend(all(shared, &format!("/v1/chats/{tid}/messages"), since.as_deref())?.items);
    }
    // Stable, so that the messages of a chat keep their order.
    items.sort_by_key(|message| message["timestamp"].as_i64());
    Ok(List { items, last_modified: Value::Null })
}

/// Returns all pages of a list.
fn all(shared: &Shared, route: &str, query: Option<&str>) -> Refused<List> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let query = query.map(|query| format!("&{query}")).unwrap_or_default();
        let mut page = Call::new("GET", format!("{route}?limit=100{query}{cursor}")).value(shared)?;
        items.extend(page["items"].as_array_mut().map(std::mem::take).unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => return Ok(List { items, last_modified: page["last_modified"].take() }),
        }
    }
}

fn response(request: &Request, list: List) -> Response {
    let size = size(request);
    let page = number(request, "page").and_then(|page| usize::try_from(page).ok()).unwrap_or(1).max(1);
    let pages = list.items.len().div_ceil(size);
    let data: Vec<_> = list.items.iter().skip((page - 1) * size).take(size).map(translated).collect();
    let meta = json!({ "pages": pages, "lastMessageAt": list.last_modified });
    Response::json(200, &json!({ "data": data, "meta": meta }))
}

fn size(request: &Request) -> usize {
    number(request, "size").and_then(|size| usize::try_from(size).ok()).unwrap_or(50).clamp(1, 100)
}

fn number(request: &Request, name: &str) -> Option<i64> {
    request.query.iter().find(|(key, _)| key == name)?.1.parse().ok()
}

/// Returns the time of the contract for this number of milliseconds.
fn time(millis: i64) -> String {
    let millis = millis.clamp(0, 253_402_300_799_999);
    let time = DateTime::from_timestamp_millis(millis).expect("the years 1970 to 9999 are in range");
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
