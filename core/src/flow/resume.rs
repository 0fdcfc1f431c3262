use alloc::{format, string::String};

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{
    effect::{Exchange, FileTarget, Response, TransportError},
    error::{Error, UnexpectedResponse},
};

/// How far a download to a file is, so that it can go on there after a cut.
///
/// It goes on only if the server named the version of what it sent by a strong `ETag`, and sends the rest only if it still
/// has that version (`If-Range`): a file that changed meanwhile comes again from its beginning.
#[derive(Debug)]
pub(crate) struct Resume {
    path: String,
    /// The most bytes that the file may have.
    limit: u64,
    /// How many bytes of the file are good.
    offset: u64,
    etag: Option<HeaderValue>,
    /// How many bytes were ever good: only what goes beyond is headway.
    high_water_mark: u64,
}

impl Resume {
    pub(crate) const fn new(path: String, limit: u64) -> Self {
        Self { path, limit, offset: 0, etag: None, high_water_mark: 0 }
    }

    /// Asks for what is missing, to be written behind what is good.
    pub(crate) fn apply_to(&self, exchange: &mut Exchange) {
        exchange.to_file = Some(FileTarget::new(self.path.clone(), self.offset).limit(self.limit));
        let Some(etag) = self.etag.clone().filter(|_| self.has_some()) else { return };
        let headers = exchange.request.headers_mut();
        let range = HeaderValue::try_from(format!("bytes={}-", self.offset)).expect("digits can be in a header");
        headers.insert(header::RANGE, range);
        headers.insert(header::IF_RANGE, etag);
    }

    /// Returns `true` if a part of the file is good, so that the rest is asked for.
    pub(crate) const fn has_some(&self) -> bool {
        self.offset > 0
    }

    /// Takes note of a cut. Whether there was headway since the last one.
    pub(crate) fn on_interrupted(&mut self, fault: &TransportError) -> bool {
        // Without a head nothing was written, nor with one that is no success: what was good is good.
        let Some(head) = &fault.head else { return false };
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
        self.offset = if self.etag.is_some() { before.saturating_add(fault.received) } else { 0 };
        let headway = self.offset > self.high_water_mark;
        self.high_water_mark = self.high_water_mark.max(self.offset);
        headway
    }

    /// Begins anew: the server has nothing for the range that was asked for. `false` if none was.
    pub(crate) fn restart(&mut self) -> bool {
        let asked = self.has_some();
        (self.offset, self.etag) = (0, None);
        asked
    }

    /// Whether the answer put the rest where it belongs, and all of it.
    pub(crate) fn verify(&self, response: &Response) -> Result<(), Error> {
        let is_rest = response.status() == StatusCode::PARTIAL_CONTENT && self.has_some();
        if !is_rest || self.is_continuation(response.headers()) {
            return Ok(());
        }
        let reason = format!("the bytes from {} on were asked for, and others came", self.offset);
        Err(UnexpectedResponse { status: Some(206), ..UnexpectedResponse::new(reason) }.into())
    }

    /// Whether a part is all of the rest, and of the same version as what is there.
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
