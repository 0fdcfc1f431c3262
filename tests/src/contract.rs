//! The wire contract as a check: whether a request, or an answer, is one that `docs/openapi.yaml` knows.
//!
//! The document is read as it is. A typed reader of such documents loses what stands beside a `$ref` in a schema, and a
//! check by what is left would let pass what the document forbids.

mod answer;
mod document;
mod request;
mod route;
mod schema;

use std::{collections::BTreeSet, fmt, sync::OnceLock};

use document::Document;
use route::Route;

pub use self::schema::Schemas;

/// The contract, ready to check by.
#[derive(Debug)]
pub struct Contract {
    routes: Vec<Route>,
    schemas: Schemas,
}

/// How the document calls an operation: `post_message`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(String);

/// What a request or an answer has that the contract does not, or the other way around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The operation, as far as it is known.
    pub operation: Option<OperationId>,
    /// What is wrong.
    pub what: String,
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

    /// The operations of the document, in its order.
    pub fn operations(&self) -> impl Iterator<Item = &OperationId> {
        self.routes.iter().map(|route| &route.id)
    }

    /// Returns the status and the code of each refusal that the operation has.
    ///
    /// # Panics
    /// If the contract has no such operation.
    pub fn refusals(&self, operation: &str) -> BTreeSet<(u16, &str)> {
        let route = self.routes.iter().find(|route| route.id.as_str() == operation);
        let route = route.unwrap_or_else(|| panic!("the contract has no operation {operation}"));
        let refused = route.answers.iter().filter_map(|answer| Some((answer.status.parse().ok()?, &answer.contents)));
        let refused = refused.filter(|(status, _)| (400..500).contains(status));
        refused
            .flat_map(|(status, contents)| {
                contents.iter().flat_map(move |content| content.codes().into_iter().map(move |code| (status, code)))
            })
            .collect()
    }

    /// Whether the contract takes this request: the operation it asks for, or what is wrong with it.
    pub fn check_request(&self, request: &http::Request<Vec<u8>>) -> Result<OperationId, Violation> {
        let route = self.routed(request)?;
        request::check_body(route, request, &self.schemas).map_err(|what| route.violation(what))?;
        Ok(route.id.clone())
    }

    /// As [`check_request`](Self::check_request), of a request whose body nobody has read.
    pub fn check_head<B>(&self, request: &http::Request<B>) -> Result<OperationId, Violation> {
        self.routed(request).map(|route| route.id.clone())
    }

    fn routed<B>(&self, request: &http::Request<B>) -> Result<&Route, Violation> {
        let found = route::find(&self.routes, request.method(), request.uri().path());
        let Some((route, ids)) = found else {
            let what = format!("no route for {} {}", request.method(), request.uri());
            return Err(Violation { operation: None, what });
        };
        request::check_head(route, &ids, request, &self.schemas).map_err(|what| route.violation(what))?;
        Ok(route)
    }

    /// Whether the contract knows this as an answer of the operation.
    pub fn check_answer(&self, operation: &OperationId, response: &http::Response<Vec<u8>>) -> Result<(), Violation> {
        let route = self.routes.iter().find(|route| route.id == *operation);
        let route = route.expect("an operation id comes from this contract");
        answer::check(route, response, &self.schemas).map_err(|what| route.violation(what))
    }

    /// Whether the examples of the document are what its schemas say, and how many there are.
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

impl OperationId {
    /// The id as the document has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Some(operation) => write!(f, "{operation}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Violation {}
