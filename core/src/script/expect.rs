use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use http::Method;
use serde_json::Value;

use super::RecordedRequest;

/// A request that a [`Script`](super::Script) expects: method and path and, if relevant to the test, further details.
#[derive(Clone, Debug)]
pub struct Expect {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    json: Option<Value>,
}

impl Expect {
    /// Expects this method and path. The path is compared as it is sent, with ids percent-encoded.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), headers: Vec::new(), json: None }
    }

    /// Expects a GET of this path.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Expects a POST to this path.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// Expects a PUT to this path.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Expects a PATCH of this path.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// Expects a DELETE of this path.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Expects this query parameter.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Expects a header with this value.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Expects a JSON body with these members. It may have others, but lists must be equal.
    pub fn json(mut self, members: Value) -> Self {
        self.json = Some(members);
        self
    }

    /// Describes the first difference between the request and the expected one; `None` if it matches.
    pub(super) fn difference(&self, got: &RecordedRequest) -> Option<String> {
        differs("the method", self.method.as_str(), Some(got.request.method().as_str()))
            .or_else(|| differs("the path", &self.path, Some(got.path())))
            .or_else(|| {
                self.query.iter().find_map(|(name, value)| {
                    differs(&format!("the parameter `{name}`"), value, got.query(name).as_deref())
                })
            })
            .or_else(|| {
                self.headers
                    .iter()
                    .find_map(|(name, value)| differs(&format!("the header `{name}`"), value, got.header(name)))
            })
            .or_else(|| {
                let expected = self.json.as_ref()?;
                let Some(got) = got.json() else { return Some("in the body: not JSON".to_string()) };
                json_difference("", expected, &got)
            })
    }
}

fn differs(part: &str, expected: &str, got: Option<&str>) -> Option<String> {
    match got {
        Some(got) if got == expected => None,
        Some(got) => Some(format!("in {part}: expected {expected:?}, got {got:?}")),
        None => Some(format!("in {part}: expected {expected:?}, got none")),
    }
}

fn json_difference(path: &str, expected: &Value, got: &Value) -> Option<String> {
    let (Value::Object(expected), Value::Object(members)) = (expected, got) else {
        let place = if path.is_empty() { "the JSON" } else { path };
        return (expected != got).then(|| format!("in {place}: expected {expected}, got {got}"));
    };
    expected.iter().find_map(|(key, expected)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match members.get(key) {
            Some(got) => json_difference(&path, expected, got),
            None => Some(format!("in {path}: expected {expected}, got none")),
        }
    })
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (at, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        for (name, value) in &self.headers {
            write!(f, " [{name}: {value}]")?;
        }
        self.json.as_ref().map_or(Ok(()), |json| write!(f, " {json}"))
    }
}
