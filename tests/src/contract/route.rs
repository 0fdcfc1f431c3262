//! The operations of the document, reduced to what the check needs.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::{
    OperationId, Violation,
    document::{Document, Place},
};

/// One operation: its requests and its responses.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) id: OperationId,
    pub(super) method: Method,
    segments: Vec<Segment>,
    pub(super) secured: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) responses: Vec<ResponseSpec>,
}

#[derive(Debug)]
enum Segment {
    Fixed(String),
    Id(String),
}

/// A parameter of a request, or a header of a response.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// `path`, `query` or `header`.
    pub(super) place: String,
    pub(super) required: bool,
    /// The pointer to its schema.
    pub(super) schema: String,
    pub(super) example: Option<Value>,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) required: bool,
    pub(super) contents: Vec<Content>,
}

#[derive(Debug)]
pub(super) struct ResponseSpec {
    /// `200`, or `5XX` for all other statuses of that class.
    pub(super) status: String,
    pub(super) headers: Vec<Parameter>,
    pub(super) contents: Vec<Content>,
}

#[derive(Debug)]
pub(super) struct Content {
    /// `application/json`, or `*/*`.
    pub(super) media_range: String,
    pub(super) schema: String,
    pub(super) examples: Vec<Value>,
}

impl Content {
    pub(super) fn is_json(&self) -> bool {
        self.media_range.ends_with("json")
    }

    /// The codes of its examples: those that the document allows for this response.
    pub(super) fn codes(&self) -> BTreeSet<&str> {
        self.examples.iter().filter_map(|example| example["code"].as_str()).collect()
    }
}

impl Route {
    /// Every parameter and header of it, and everything that can be in a body.
    pub(super) fn parts(&self) -> (impl Iterator<Item = &Parameter>, impl Iterator<Item = &Content>) {
        let headers = self.responses.iter().flat_map(|response| &response.headers);
        let bodies = self.body.iter().flat_map(|body| &body.contents);
        (
            self.parameters.iter().chain(headers),
            bodies.chain(self.responses.iter().flat_map(|response| &response.contents)),
        )
    }

    /// The method and the path, such as `GET /v1/chats/{tid}`.
    pub(super) fn template(&self) -> String {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Fixed(name) => format!("/{name}"),
            Segment::Id(name) => format!("/{{{name}}}"),
        });
        format!("{} {}", self.method, segments.collect::<String>())
    }

    pub(super) fn violation(&self, what: String) -> Violation {
        Violation { operation: Some(self.id.clone()), what }
    }

    /// The ids in a path of this route; `None` for another path.
    fn ids(&self, path: &[&str]) -> Option<Vec<(&str, String)>> {
        if path.len() != self.segments.len() {
            return None;
        }
        let mut ids = Vec::new();
        for (segment, given) in self.segments.iter().zip(path) {
            match segment {
                Segment::Fixed(name) if name == given => {}
                Segment::Fixed(_) => return None,
                Segment::Id(name) => ids.push((name.as_str(), decoded(given)?)),
            }
        }
        Some(ids)
    }
}

/// A route, and the ids in the path of a request.
pub(super) type Found<'r> = (&'r Route, Vec<(&'r str, String)>);

/// The route of a request, and the ids in its path. If several match, the one with fewer ids is taken.
pub(super) fn find<'r>(routes: &'r [Route], method: &Method, path: &str) -> Option<Found<'r>> {
    let path: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let fitting = routes.iter().filter(|route| route.method == *method);
    fitting.filter_map(|route| Some((route, route.ids(&path)?))).min_by_key(|(_, ids)| ids.len())
}

/// A segment of a path without its percent-encoding; `None` if it is not UTF-8.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

pub(super) fn all(document: &Document) -> Vec<Route> {
    let paths = document.root().get("paths").expect("the document has paths");
    let security = document.root.get("security").unwrap_or(&Value::Null);
    let mut routes = Vec::new();
    for (path, item) in paths.members() {
        for method in [Method::GET, Method::PUT, Method::POST, Method::PATCH, Method::DELETE] {
            if let Some(operation) = item.get(&method.as_str().to_lowercase()) {
                routes.push(route(method, path, &item, &operation, security));
            }
        }
    }
    routes
}

/// Reads an operation. `security` is that of the whole document.
fn route(method: Method, path: &str, item: &Place<'_>, operation: &Place<'_>, security: &Value) -> Route {
    let parameters = item.items("parameters").into_iter().chain(operation.items("parameters"));
    let responses = operation.get("responses").expect("every operation has responses");
    Route {
        id: OperationId(operation.text("operationId").expect("every operation has an id").to_owned()),
        method,
        segments: path.split('/').skip(1).map(segment).collect(),
        secured: operation.value.get("security").unwrap_or(security).as_array().is_none_or(|it| !it.is_empty()),
        parameters: parameters.map(|it| parameter(it.text("name"), it.text("in"), &it)).collect(),
        body: operation
            .get("requestBody")
            .map(|body| Body { required: body.flag("required"), contents: contents(&body) }),
        responses: responses.members().map(|(status, it)| response(status, &it)).collect(),
    }
}

fn segment(text: &str) -> Segment {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => Segment::Id(name.to_owned()),
        None => Segment::Fixed(text.to_owned()),
    }
}

fn parameter(name: Option<&str>, place: Option<&str>, it: &Place<'_>) -> Parameter {
    Parameter {
        name: name.expect("a parameter has a name").to_owned(),
        place: place.expect("a parameter has a place").to_owned(),
        required: it.flag("required"),
        schema: it.get("schema").expect("a parameter has a schema").pointer,
        example: it.value.get("example").cloned(),
    }
}

fn response(status: &str, it: &Place<'_>) -> ResponseSpec {
    let headers = it.get("headers");
    let headers = headers.iter().flat_map(Place::members);
    ResponseSpec {
        status: status.to_owned(),
        headers: headers.map(|(name, it)| parameter(Some(name), Some("header"), &it)).collect(),
        contents: contents(it),
    }
}

fn contents(of: &Place<'_>) -> Vec<Content> {
    let contents = of.get("content");
    let contents = contents.iter().flat_map(Place::members);
    contents
        .map(|(media_range, it)| Content {
            media_range: media_range.to_owned(),
            schema: it.get("schema").expect("a content has a schema").pointer,
            examples: examples(&it),
        })
        .collect()
}

fn examples(content: &Place<'_>) -> Vec<Value> {
    let several = content.get("examples");
    let several =
        several.iter().flat_map(Place::members).filter_map(|(_, example)| example.value.get("value").cloned());
    content.value.get("example").cloned().into_iter().chain(several).collect()
}
