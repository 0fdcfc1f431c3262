//! The preparation of a request, once for all of its attempts.

use alloc::string::String;

use url::Url;

use super::Endpoint;
use crate::error::Error;

impl<T> Endpoint<T> {
    /// Returns the endpoint with its form rendered, if it has one: see [`Form::encode`](crate::effect::Form::encode).
    /// `boundary` returns unpredictable characters.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if its route is too long for this base URL.
    pub(crate) fn prepared(mut self, base: &Url, boundary: impl FnOnce() -> String) -> Result<Self, Error> {
        self.request.route.check(base)?;
        Ok(match self.request.form.take() {
            Some(form) => {
                let (content_type, body) = form.encode(&boundary());
                self.body(body, content_type)
            }
            None => self,
        })
    }
}
