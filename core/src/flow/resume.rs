use alloc::{format, string::String};

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{
    effect::{Exchange, FileTarget, Response, TransportError},
    error::{Error, UnexpectedResponse},
};

/// Progress of a download to a file, for resuming it after an interruption.
///
/// It is resumed only if the response had a strong `ETag`, and with `If-Range`: if the content has changed meanwhile,
/// the server sends all of it.
#[derive(Debug)]
pub(crate) struct Resume {
    path: String,
    /// Maximum length of the file.
    limit: u64,
    /// Number of valid bytes in the file.
    offset: u64,
    etag: Option<HeaderValue>,
    /// Largest offset so far; only a larger one counts as progress.
    high_water_mark: u64,
}

impl Resume {
    pub(crate) const fn new(path: String, limit: u64) -> Self {
        Self { path, limit, offset: 0, etag: None, high_water_mark: 0 }
    }

    /// Sets the target of the exchange and, after an interruption, requests the missing range.
    pub(crate) fn apply_to(&self, exchange: &mut Exchange) {
        exchange.to_file = Some(FileTarget::new(self.path.clone(), self.offset).limit(self.limit));
        let Some(etag) = self.etag.clone().filter(|_| self.has_progress()) else { return };
        let headers = exchange.request.headers_mut();
        let range = HeaderValue::try_from(format!("bytes={}-", self.offset)).expect("digits can be in a header");
        headers.insert(header::RANGE, range);
        headers.insert(header::IF_RANGE, etag);
    }

    /// Returns `true` if part of the file is valid, so that only the rest is requested.
    pub(crate) const fn has_progress(&self) -> bool {
        self.offset > 0
    }

    /// Records an interruption. Returns `true` if there was progress since the last one.
    pub(crate) fn on_interrupted(&mut self, cause: &TransportError) -> bool {
        // Without a successful head nothing was written, so the offset stays.
        let Some(head) = &cause.head else { return false };
        let before = match head.status() {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT if self.is_continuation(head.headers()) => self.offset,
            StatusCode::PARTIAL_CONTENT => {
                self.restart();
                return false;
            }
            _ => return false,
        };
        self.etag = strong_etag(head.headers()).cloned();
        self.offset = if self.etag.is_some() { before.saturating_add(cause.received) } else { 0 };
        let progressed = self.offset > self.high_water_mark;
        self.high_water_mark = self.high_water_mark.max(self.offset);
        progressed
    }

    /// Discards the progress, as the server rejects the requested range. Returns `false` if no range was requested.
    pub(crate) fn restart(&mut self) -> bool {
        let had_progress = self.has_progress();
        (self.offset, self.etag) = (0, None);
        had_progress
    }

    /// Checks that a 206 response is exactly the requested rest of the file.
    pub(crate) fn verify(&self, response: &Response) -> Result<(), Error> {
        let is_rest = response.status() == StatusCode::PARTIAL_CONTENT && self.has_progress();
        if !is_rest || self.is_continuation(response.headers()) {
            return Ok(());
        }
        let reason = format!("the content range does not match the requested range `bytes={}-`", self.offset);
        Err(UnexpectedResponse { status: Some(206), ..UnexpectedResponse::new(reason) }.into())
    }

    /// Returns `true` for the headers of a part that is all of the rest, in the version that was started with.
    fn is_continuation(&self, headers: &HeaderMap) -> bool {
        let is_the_rest = || {
            let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
            let (range, total) = range.split_once('/')?;
            let (start, end) = range.split_once('-')?;
            let [start, end, total] = [start, end, total].map(|number| number.parse::<u64>().ok());
            Some(start? == self.offset && end?.checked_add(1)? == total?)
        };
        is_the_rest() == Some(true) && (self.etag.is_none() || self.etag.as_ref() == strong_etag(headers))
    }
}

fn strong_etag(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(header::ETAG).filter(|etag| etag.as_bytes().starts_with(b"\""))
}
