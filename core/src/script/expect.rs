use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use http::{HeaderValue, Method, header};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{RecordedRequest, files::Files};
use crate::{effect::Body, error::Error, escaped::Escaped, protocol::Endpoint};

/// A request that a [`Script`](super::Script) expects: an operation of a protocol, or a method and a path, and further
/// details that are relevant to the test.
#[derive(Clone, Debug)]
pub struct Expect {
    method: Method,
    path: ExpectedPath,
    query: ExpectedQuery,
    headers: Vec<(String, String)>,
    body: ExpectedBody,
}

#[derive(Clone, Debug)]
enum ExpectedPath {
    /// The complete path.
    Complete(String),
    /// The path below the base URL, with a slash.
    BelowBase(String),
}

#[derive(Clone, Debug, Default)]
struct ExpectedQuery {
    parameters: Vec<(String, String)>,
    /// Other parameters that are accepted, with any value; `None` for all.
    any: Option<Vec<String>>,
}

#[derive(Clone, Debug)]
enum ExpectedBody {
    Any,
    /// JSON with at least these members.
    Members(Value),
    Equal(Body),
    /// A form with this boundary, in place of which the request has its own.
    Form(Body, String),
}

impl Expect {
    /// Expects this method and path. The path is compared as it is sent, with ids percent-encoded.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: ExpectedPath::Complete(path.into()),
            query: ExpectedQuery::default(),
            headers: Vec::new(),
            body: ExpectedBody::Any,
        }
    }

    /// Expects the request of an operation, as its protocol makes it: its method, path, query and body. JSON bodies
    /// are equal if their content is. Headers are not compared, and neither is the idempotency key.
    ///
    /// It works for every [protocol](crate::protocol). For the default one, [`v1::expect`](super::v1::expect) has
    /// shorter functions, which leave out what a test rarely depends on.
    ///
    /// ```
    /// use teamwire_core::{
    ///     Client, Draft, Script,
    ///     protocol::{Messages, PageRequest, Chats, V1},
    ///     script::{Expect, v1::{respond, sample}},
    /// };
    ///
    /// let script = Script::new()
    ///     .then(Expect::of(V1.chats(PageRequest::FIRST)), respond::chats([sample::chat("c1", "Operations")]))
    ///     .then(
    ///         Expect::of(V1.post(&"c1".into(), &Draft::text("hello"), &[])),
    ///         respond::message(sample::message("m1", "c1", "hello")),
    ///     );
    /// for chat in Client::new(script.clone()).chats().list()? {
    ///     chat.post("hello")?;
    /// }
    /// script.assert_done();
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the protocol rejects an argument, or sends no request for the operation.
    #[track_caller]
    pub fn of<T>(endpoint: Result<impl Into<Option<Endpoint<T>>>, Error>) -> Self {
        // Only path and query are used of the URL.
        let base = Url::parse("https://teamwire.invalid/").expect("it is a URL");
        let prepare = |endpoint: Option<Endpoint<T>>| endpoint.map(|it| it.prepared(&base, || "expected".into()));
        let endpoint = match endpoint.and_then(|endpoint| prepare(endpoint.into()).transpose()) {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => panic!("the protocol sends no request for this operation"),
            Err(error) => panic!("the protocol rejects an argument of the expected operation: {error}"),
        };
        let (request, body) = endpoint.request(&base).into_parts();
        let body = match boundary(request.headers.get(header::CONTENT_TYPE)) {
            Some(boundary) => ExpectedBody::Form(body, boundary),
            None => ExpectedBody::Equal(body),
        };
        Self {
            method: request.method,
            path: ExpectedPath::BelowBase(request.uri.path().to_string()),
            query: ExpectedQuery { parameters: parameters(request.uri.query()), any: Some(Vec::new()) },
            headers: Vec::new(),
            body,
        }
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

    /// Expects this query parameter. Without an [operation](Self::of), other parameters are accepted too.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.query.parameters.retain(|(known, _)| *known != name);
        self.query.parameters.push((name, value.into()));
        self
    }

    /// Accepts this query parameter with any value, and its absence.
    pub fn any_query(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.query.parameters.retain(|(known, _)| *known != name);
        if let Some(any) = &mut self.query.any {
            any.push(name);
        }
        self
    }

    /// Expects a header with this value.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Expects a JSON body with these members, in addition to those of earlier calls. It may have others, but lists
    /// must be equal.
    pub fn json(mut self, members: Value) -> Self {
        self.body = match (self.body, members) {
            (ExpectedBody::Members(Value::Object(mut all)), Value::Object(members)) => {
                all.extend(members);
                ExpectedBody::Members(all.into())
            }
            (_, members) => ExpectedBody::Members(members),
        };
        self
    }

    /// Expects a JSON body with a list of the items of all calls with this name, and no others.
    pub(crate) fn json_item(self, list: &str, item: Value) -> Self {
        let known = match &self.body {
            ExpectedBody::Members(members) => members.get(list).and_then(Value::as_array).cloned(),
            _ => None,
        };
        let mut items = known.unwrap_or_default();
        items.push(item);
        self.json(Value::Object([(list.to_string(), items.into())].into_iter().collect()))
    }

    /// Accepts any body.
    pub fn any_body(mut self) -> Self {
        self.body = ExpectedBody::Any;
        self
    }

    /// Describes the first difference between the request and the expected one; `None` if it matches. `base` is the
    /// path of the base URL, and `files` has the content of bodies that are files.
    pub(super) fn difference(&self, got: &RecordedRequest, base: &str, files: &Files) -> Option<String> {
        differs("the method", self.method.as_str(), Some(got.request.method().as_str()))
            .or_else(|| differs("the path", &self.path.complete(base), Some(got.path())))
            .or_else(|| self.query.difference(got))
            .or_else(|| {
                self.headers
                    .iter()
                    .find_map(|(name, value)| differs(&format!("the header `{name}`"), value, got.header(name)))
            })
            .or_else(|| self.body.difference(got, files))
    }
}

impl ExpectedPath {
    fn complete(&self, base: &str) -> Cow<'_, str> {
        match self {
            Self::Complete(path) => path.into(),
            Self::BelowBase(path) => format!("{}{path}", base.trim_end_matches('/')).into(),
        }
    }
}

impl ExpectedQuery {
    fn difference(&self, got: &RecordedRequest) -> Option<String> {
        let of_expected = self
            .parameters
            .iter()
            .find_map(|(name, value)| differs(&format!("the parameter `{name}`"), value, got.query(name).as_deref()));
        of_expected.or_else(|| {
            let any = self.any.as_ref()?;
            let is_expected = |name: &String| any.contains(name) || self.parameters.iter().any(|(it, _)| it == name);
            let parameters = parameters(got.request.uri().query());
            let (name, value) = parameters.into_iter().find(|(name, _)| !is_expected(name))?;
            Some(format!("in the parameter `{name}`: expected none, got {value:?}"))
        })
    }
}

impl ExpectedBody {
    fn difference(&self, got: &RecordedRequest, files: &Files) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Members(expected) => match got.json() {
                Some(got) => json_difference("", expected, &got),
                None => Some("in the body: not JSON".to_string()),
            },
            Self::Equal(body) | Self::Form(body, _) => {
                let expected = match files.body(body) {
                    Ok(bytes) => bytes,
                    Err(error) => return Some(format!("in the body: the expected one cannot be read: {error}")),
                };
                let is_equal = match self {
                    Self::Form(_, boundary) => parts(&expected, Some(boundary.clone())) == parts_of(got),
                    _ => expected == *got.request.body(),
                };
                if is_equal {
                    return None;
                }
                let parsed = serde_json::from_slice::<Value>(&expected).ok().zip(got.json());
                let Some((expected, got)) = parsed else { return Some("in the body".to_string()) };
                json_difference("", &expected, &got).or_else(|| surplus("", &expected, &got))
            }
        }
    }
}

/// Returns the boundary of a form.
fn boundary(content_type: Option<&HeaderValue>) -> Option<String> {
    let (form, boundary) = content_type?.to_str().ok()?.split_once("boundary=")?;
    form.starts_with("multipart/form-data").then(|| boundary.to_string())
}

fn parts_of(got: &RecordedRequest) -> Option<Vec<Vec<u8>>> {
    parts(got.request.body(), boundary(got.request.headers().get(header::CONTENT_TYPE)))
}

/// Returns the bytes between the boundaries of a form; `None` if it has no boundary.
fn parts(mut body: &[u8], boundary: Option<String>) -> Option<Vec<Vec<u8>>> {
    let (boundary, mut parts) = (boundary?, Vec::new());
    while let Some(at) = body.windows(boundary.len()).position(|window| window == boundary.as_bytes()) {
        parts.push(body[..at].to_vec());
        body = &body[at + boundary.len()..];
    }
    parts.push(body.to_vec());
    Some(parts)
}

/// Returns the parameters of a query, decoded.
fn parameters(query: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
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
        let path = place(path, key);
        match members.get(key) {
            Some(got) => json_difference(&path, expected, got),
            None => Some(format!("in {path}: expected {expected}, got none")),
        }
    })
}

/// Describes the first member that is not expected.
fn surplus(path: &str, expected: &Value, got: &Value) -> Option<String> {
    let (Value::Object(expected), Value::Object(members)) = (expected, got) else { return None };
    members.iter().find_map(|(key, got)| {
        let path = place(path, key);
        match expected.get(key) {
            Some(expected) => surplus(&path, expected, got),
            None => Some(format!("in {path}: expected none, got {got}")),
        }
    })
}

fn place(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ExpectedPath::Complete(path) | ExpectedPath::BelowBase(path)) = &self.path;
        write!(f, "{} {path}", self.method)?;
        for (at, (name, value)) in self.query.parameters.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        for (name, value) in &self.headers {
            write!(f, " [{name}: {value}]")?;
        }
        match &self.body {
            ExpectedBody::Any => Ok(()),
            ExpectedBody::Members(json) => write!(f, " {json}"),
            ExpectedBody::Equal(body) | ExpectedBody::Form(body, _) => match Files::default().body(body) {
                Ok(bytes) if bytes.is_empty() => Ok(()),
                Ok(bytes) => write!(f, " {}", Escaped(String::from_utf8_lossy(&bytes))),
                Err(_) => write!(f, " {body:?}"),
            },
        }
    }
}
