//! The envelope of responses, page numbers, and the endpoints that all groups use.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use teamwire_core::{
    Error,
    error::InvalidInput,
    model::{ThreadId, Undecoded},
    protocol::{Endpoint, EndpointResult, Page, PageRequest, ResponseReader, Route},
};

/// `{ "data": .., "meta": .. }`.
#[derive(Deserialize)]
struct Envelope<D> {
    data: D,
    #[serde(default)]
    meta: Meta,
}

/// Facts about a list.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Meta {
    /// The number of pages.
    pub(crate) pages: u64,
    /// The time of the chat's last message.
    pub(crate) last_message_at: Option<DateTime<Utc>>,
}

/// A JSON form of a type of the model.
pub(crate) trait Json: DeserializeOwned {
    /// The type of the model.
    type Model: 'static;

    /// Returns the value of the model.
    fn into_model(self) -> Self::Model;
}

/// The route of a chat, which is continued by `join`.
pub(crate) fn chat(chat: &ThreadId) -> Result<Route, Error> {
    Route::new("api/chats").id(chat)
}

/// Reads `data`.
pub(crate) fn one<J: Json>(endpoint: Endpoint<()>) -> Endpoint<J::Model> {
    endpoint.reads(|response| data::<J>(response))
}

/// Reads `data`; `None` if it does not exist.
pub(crate) fn find<J: Json>(route: Route) -> Endpoint<Option<J::Model>> {
    Endpoint::get(route).reads(|response| data::<J>(response).map(Some)).none_if_not_found()
}

/// Expects 204: the output is unknown, and is fetched.
pub(crate) fn changed<T: 'static>(endpoint: Endpoint<()>) -> Endpoint<Option<T>> {
    endpoint.once().reads(|response| done(response).map(|()| None))
}

/// Expects 204.
pub(crate) fn done(response: &ResponseReader<'_>) -> Result<(), Error> {
    match response.status() {
        StatusCode::NO_CONTENT => Ok(()),
        status => Err(response.violation(&format!("expected status 204, not {status}"))),
    }
}

/// Reads a page of a list, which the server counts from 1. The cursor is the number of items before the page, because
/// the size of the pages may be reduced in between, and the size must divide that number.
pub(crate) fn list<J: Json>(route: Route, request: PageRequest<'_>) -> EndpointResult<Page<J::Model>> {
    let (before, size) = offset(request)?;
    let number = before / size + 1;
    let route = route.query("page", &number.to_string()).query("size", &size.to_string());
    Ok(Endpoint::get(route).reads(move |response| {
        let (data, meta) = values(response)?;
        let next = (number < meta.pages).then(|| (before + size).to_string());
        let (items, undecoded) = items::<J>(response, data);
        let page = Page::new(items).next(next).last_modified(meta.last_message_at);
        Ok(undecoded.into_iter().fold(page, Page::undecoded))
    }))
}

fn offset(request: PageRequest<'_>) -> Result<(u64, u64), Error> {
    let before = request.cursor.map_or(Ok(0), str::parse).map_err(|_| invalid("cursor", "is not a number"))?;
    let limit = u64::from(request.limit).max(1);
    let size = (1..=limit).rev().find(|&size| before % size == 0).unwrap_or(1);
    Ok((before, size))
}

/// Converts the items of a list. One that cannot be converted does not fail the others.
pub(crate) fn items<J: Json>(response: &ResponseReader<'_>, values: Vec<Value>) -> (Vec<J::Model>, Vec<Undecoded>) {
    let (mut items, mut undecoded) = (Vec::new(), Vec::new());
    for value in values {
        match item::<J>(response, &value) {
            Ok(item) => items.push(item),
            Err(item) => undecoded.push(item),
        }
    }
    (items, undecoded)
}

/// Converts an item of a list.
pub(crate) fn item<J: Json>(response: &ResponseReader<'_>, value: &Value) -> Result<J::Model, Undecoded> {
    let undecoded = |error: serde_json::Error| response.undecoded(value.to_string().as_bytes(), &error.to_string());
    J::deserialize(value).map(J::into_model).map_err(undecoded)
}

/// Reads `data` and `meta` of a list.
pub(crate) fn values(response: &ResponseReader<'_>) -> Result<(Vec<Value>, Meta), Error> {
    let Envelope { data, meta } = response.deserialize()?;
    Ok((data, meta))
}

/// Reads `data`.
pub(crate) fn data<J: Json>(response: &ResponseReader<'_>) -> Result<J::Model, Error> {
    Ok(response.deserialize::<Envelope<J>>()?.data.into_model())
}

/// Rejects an idempotency key of the caller, who relies on it: the server would ignore it, and post twice.
pub(crate) fn without_key(key: Option<&String>) -> Result<(), Error> {
    key.map_or(Ok(()), |_| Err(Error::unsupported("idempotency key")))
}

/// Returns the error for an argument that the protocol cannot transmit.
pub(crate) fn invalid(parameter: &str, reason: impl Into<String>) -> Error {
    InvalidInput::new(parameter, reason).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_pages_continue_after_the_last_item() {
        for (cursor, limit, before, size) in
            [(None, 100, 0, 100), (Some("100"), 100, 100, 100), (Some("100"), 50, 100, 50), (Some("50"), 12, 50, 10)]
        {
            assert_eq!(offset(PageRequest::new(cursor, limit)).ok(), Some((before, size)));
        }
        assert_eq!(offset(PageRequest::new(Some("7"), 3)).ok(), Some((7, 1)));
        assert!(offset(PageRequest::new(Some("seven"), 3)).is_err());
    }
}
