//! The target of a request: the decoded path, and what is there.

use http::{Uri, request::Parts};

use super::files::{self, PageFile};
use crate::{
    control::api::{self, ApiOperation},
    world::contract::{
        problem::Problem,
        query::{Segment, segments},
    },
};

/// The target of a request.
pub(super) enum Target {
    /// The page itself.
    Page(&'static PageFile),
    /// A file of the page.
    File(&'static PageFile),
    Api(&'static ApiOperation, Vec<Segment>),
    /// Nothing, or not with this method.
    Nothing(Problem),
}

impl Target {
    /// Finds the target by the decoded path.
    pub(super) fn of(parts: &Parts) -> Self {
        let path = segments(parts.uri.path());
        let prefix = api::PREFIX.split('/').skip(1);
        let is_api = path.len() > 2 && prefix.zip(&path).all(|(expected, it)| it.as_deref() == Some(expected));
        if is_api {
            return match api::find(parts.method.as_str(), &path[2..]) {
                Ok((operation, ids)) => Self::Api(operation, ids),
                Err(problem) => Self::Nothing(problem),
            };
        }
        match files::find(&path) {
            Some(_) if parts.method != http::Method::GET => Self::Nothing(Problem::method_not_allowed(&["GET"])),
            Some(file) if file.path.is_empty() => Self::Page(file),
            Some(file) => Self::File(file),
            None => Self::Nothing(Problem::not_found("route")),
        }
    }
}

/// Returns the path below the prefix of the API, as sent.
pub(super) fn path_below_prefix(uri: &Uri) -> String {
    let below = uri.path().splitn(4, '/').nth(3).unwrap_or_default();
    format!("/{below}")
}
