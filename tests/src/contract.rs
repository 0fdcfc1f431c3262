//! The wire contract as a check of requests and responses against `docs/openapi.yaml`.
//!
//! The document is read as JSON, because typed readers of `OpenAPI` drop the members beside a `$ref` in a schema, and a
//! check without them would accept too much.

mod document;
mod request;
mod response;
mod route;
mod schema;
mod violation;

use std::{collections::BTreeSet, sync::OnceLock};

use document::Document;
use route::{Found, Route};

pub use self::{
    schema::Schemas,
    violation::{OperationId, Violation},
};

/// The contract, ready to check by.
#[derive(Debug)]
pub struct Contract {
    routes: Vec<Route>,
    schemas: Schemas,
}

impl Contract {
    /// The document, read once for the whole program.
    pub fn load() -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| {
            let document = Document::read();
            Self { routes: route::all(&document), schemas: Schemas::new(&document) }
        })
    }

    /// The control API of the sandbox, read once for the whole program. Paths are below its prefix.
    pub fn load_sandbox() -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| {
            let document = Document::read_sandbox();
            Self { routes: route::all(&document), schemas: Schemas::new(&document) }
        })
    }

    /// Checks a value against a schema of the document by its name.
    ///
    /// # Errors
    ///
    /// The first violation of the schema.
    pub fn check_schema(&self, name: &str, value: &serde_json::Value) -> Result<(), Violation> {
        let checked = self.schemas.check(&format!("/components/schemas/{name}"), value);
        checked.map_err(|why| Violation { operation: None, what: format!("{name}: {why}") })
    }

    /// The operations of the document, in its order.
    pub fn operations(&self) -> impl Iterator<Item = &OperationId> {
        self.routes.iter().map(|route| &route.id)
    }

    /// Returns the status and the code of each error response of the operation.
    ///
    /// # Panics
    /// If the contract has no such operation.
    pub fn refusals(&self, operation: &str) -> BTreeSet<(u16, &str)> {
        let route = self.routes.iter().find(|route| route.id.as_str() == operation);
        let route = route.unwrap_or_else(|| panic!("the contract has no operation {operation}"));
        let refused =
            route.responses.iter().filter_map(|response| Some((response.status.parse().ok()?, &response.contents)));
        let refused = refused.filter(|(status, _)| (400..500).contains(status));
        refused
            .flat_map(|(status, contents)| {
                contents.iter().flat_map(move |content| content.codes().into_iter().map(move |code| (status, code)))
            })
            .collect()
    }

    /// Checks a request. Returns the operation that it calls.
    ///
    /// # Errors
    ///
    /// The first violation of the contract.
    pub fn check_request(&self, request: &http::Request<Vec<u8>>) -> Result<OperationId, Violation> {
        let route = self.routed(request)?;
        request::check_body(route, request, &self.schemas).map_err(|what| route.violation(what))?;
        Ok(route.id.clone())
    }

    /// Same as [`check_request`](Self::check_request), for a request whose body was not read.
    ///
    /// # Errors
    ///
    /// The first violation of the contract.
    pub fn check_head<B>(&self, request: &http::Request<B>) -> Result<OperationId, Violation> {
        self.routed(request).map(|route| route.id.clone())
    }

    /// Returns the operation that a request calls, whether or not it is within the contract.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn find<B>(&self, request: &http::Request<B>) -> Result<OperationId, Violation> {
        self.route_of(request).map(|(route, _)| route.id.clone())
    }

    /// Returns the method and the path of an operation, such as `GET /v1/chats/{tid}`.
    ///
    /// # Panics
    /// If the contract has no such operation.
    pub fn route(&self, operation: &str) -> String {
        let route = self.routes.iter().find(|route| route.id.as_str() == operation);
        route.unwrap_or_else(|| panic!("the contract has no operation {operation}")).template()
    }

    fn route_of<B>(&self, request: &http::Request<B>) -> Result<Found<'_>, Violation> {
        route::find(&self.routes, request.method(), request.uri().path()).ok_or_else(|| {
            let what = format!("no route for {} {}", request.method(), request.uri());
            Violation { operation: None, what }
        })
    }

    fn routed<B>(&self, request: &http::Request<B>) -> Result<&Route, Violation> {
        let (route, ids) = self.route_of(request)?;
        request::check_head(route, &ids, request, &self.schemas).map_err(|what| route.violation(what))?;
        Ok(route)
    }

    /// Checks a response to the operation.
    ///
    /// # Errors
    ///
    /// The first violation of the contract.
    pub fn check_response(&self, operation: &OperationId, response: &http::Response<Vec<u8>>) -> Result<(), Violation> {
        let route = self.routes.iter().find(|route| route.id == *operation);
        let route = route.expect("an operation id comes from this contract");
        response::check(route, response, &self.schemas).map_err(|what| route.violation(what))
    }

    /// Checks the examples of the document against its schemas. Returns their number.
    ///
    /// # Errors
    ///
    /// The first violation of a schema.
    pub fn check_examples(&self) -> Result<usize, Violation> {
        let mut checked = 0;
        for route in &self.routes {
            let (parameters, contents) = route.parts();
            let given = parameters.filter_map(|it| Some((&it.schema, it.example.as_ref()?)));
            let shown = contents.filter(|it| it.is_json());
            let shown = shown.flat_map(|it| it.examples.iter().map(move |example| (&it.schema, example)));
            for (schema, example) in given.chain(shown) {
                self.schemas
                    .check(schema, example)
                    .map_err(|why| route.violation(format!("the example {example}: {why}")))?;
                checked += 1;
            }
        }
        Ok(checked)
    }
}
