//! The check of a request against its route.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, Request, header};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    route::{Content, Parameter, Route},
    schema::Schemas,
};

/// The largest JSON body, in bytes.
const LARGEST: usize = 1 << 20;

pub(super) fn check_head<B>(
    route: &Route,
    ids: &[(&str, String)],
    request: &Request<B>,
    schemas: &Schemas,
) -> Result<(), String> {
    if route.secured {
        credentials(request.headers())?;
    }
    for parameter in &route.parameters {
        if let Some(value) = values(parameter, ids, request)? {
            check_value(&value, parameter, schemas)?;
        }
    }
    query_is_known(route, request.uri().query().unwrap_or_default())
}

pub(super) fn check_body(route: &Route, request: &Request<Vec<u8>>, schemas: &Schemas) -> Result<(), String> {
    let Some(body) = &route.body else {
        return match request.body().len() {
            0 => Ok(()),
            bytes => Err(format!("it has a body of {bytes} bytes, and the route takes none")),
        };
    };
    match (request.body().is_empty(), body.required) {
        (true, false) => Ok(()),
        // Bytes may be empty, but JSON cannot be.
        (true, true) if body.contents.iter().any(Content::is_json) => Err("it has no body".to_owned()),
        _ if request.body().len() > LARGEST && body.contents.iter().any(Content::is_json) => {
            Err("its body is too large".to_owned())
        }
        _ => content(&body.contents, request.headers(), request.body(), schemas).map(drop),
    }
}

/// HTTP Basic, with an App ID and a Secret.
fn credentials(headers: &HeaderMap) -> Result<(), String> {
    let value = headers.get(header::AUTHORIZATION).ok_or("it has no credentials")?;
    let token =
        value.to_str().ok().and_then(|value| value.strip_prefix("Basic ")).ok_or("its credentials are not Basic")?;
    let decoded = BASE64_STANDARD.decode(token).map_err(|_| "its credentials are not Base64")?;
    match decoded.iter().position(|byte| *byte == b':') {
        None | Some(0) => Err("its credentials have no App ID".to_owned()),
        Some(at) if at + 1 == decoded.len() => Err("its credentials have no Secret".to_owned()),
        Some(_) => Ok(()),
    }
}

/// The values that the request has for a parameter: one at most.
fn values<B>(parameter: &Parameter, ids: &[(&str, String)], request: &Request<B>) -> Result<Option<String>, String> {
    let Parameter { name, place, required, .. } = parameter;
    let mut values: Vec<String> = match place.as_str() {
        "path" => ids.iter().filter(|(id, _)| id == name).map(|(_, value)| value.clone()).collect(),
        "query" => {
            pairs(request.uri().query().unwrap_or_default()).filter(|(key, _)| key == name).map(|it| it.1).collect()
        }
        _ => {
            let values = request.headers().get_all(name.as_str()).iter();
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
        }
    };
    match values.len() {
        0 if *required => Err(format!("the {place} parameter `{name}` is missing")),
        0 | 1 => Ok(values.pop()),
        _ => Err(format!("the {place} parameter `{name}` is given more than once")),
    }
}

/// Checks a text against a schema that may be of a number.
pub(super) fn check_value(text: &str, parameter: &Parameter, schemas: &Schemas) -> Result<(), String> {
    let as_text = schemas.check(&parameter.schema, &Value::from(text));
    let as_number = || text.parse::<i64>().is_ok_and(|number| schemas.check(&parameter.schema, &number.into()).is_ok());
    match as_text {
        Err(_) if as_number() => Ok(()),
        Err(why) => Err(format!("the {} parameter `{}`: {why}", parameter.place, parameter.name)),
        Ok(()) => Ok(()),
    }
}

/// The server ignores unknown parameters, so one that it does not know is useless.
fn query_is_known(route: &Route, query: &str) -> Result<(), String> {
    let known = |name: &str| route.parameters.iter().any(|it| it.place == "query" && it.name == name);
    match pairs(query).find(|(name, _)| !known(name)) {
        Some((name, _)) => Err(format!("the contract does not know the query parameter `{name}`")),
        None => Ok(()),
    }
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned()
}

/// Checks the body against the content of its media type. Returns its JSON, if it is JSON.
pub(super) fn content<'c>(
    contents: &'c [Content],
    headers: &HeaderMap,
    body: &[u8],
    schemas: &Schemas,
) -> Result<(&'c Content, Option<Value>), String> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).ok_or("it has no media type")?;
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let fits = |content: &&Content| content.media_range == "*/*" || content.media_range.eq_ignore_ascii_case(essence);
    let content = contents.iter().find(fits).ok_or_else(|| format!("its media type is `{media_type}`"))?;
    if !content.is_json() {
        return Ok((content, None));
    }
    let json = serde_json::from_slice(body).map_err(|why| format!("its body is not JSON: {why}"))?;
    schemas.check(&content.schema, &json).map_err(|why| format!("its body: {why}"))?;
    Ok((content, Some(json)))
}
