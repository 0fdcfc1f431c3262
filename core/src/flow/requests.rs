//! Requests of the session's protocol as operations.

use alloc::vec::Vec;

use crate::{
    flow::{Flow, call::Call, paginator::Paginator},
    model::{Download, Listing},
    protocol::{EndpointResult, Page, PageRequest, Protocol},
    session::Session,
};

impl Session {
    /// Returns the machine of one request.
    pub(crate) fn request<T: Send>(&self, request: impl FnOnce(&dyn Protocol) -> EndpointResult<T>) -> Call<T> {
        self.call(request(self.protocol()))
    }

    /// Returns the machine that reads all pages of a list.
    pub(crate) fn list<T: Send, R: Fn(&dyn Protocol, PageRequest<'_>) -> EndpointResult<Page<T>> + Send>(
        &self,
        request: R,
    ) -> impl Flow<Output = Listing<T>> + use<T, R> {
        Paginator::new(self, request).map(|list| list.items)
    }

    /// Same as [`list`](Self::list), for a list that a change returns, or at least its first page.
    pub(crate) fn list_after<T: Send, R: Fn(&dyn Protocol, PageRequest<'_>) -> EndpointResult<Page<T>> + Send>(
        &self,
        change: EndpointResult<Option<Page<T>>>,
        request: R,
    ) -> impl Flow<Output = Listing<T>> + use<T, R> {
        Paginator::after_change(self, change, request).map(|list| list.items)
    }

    /// Returns the request of a download, whose progress is observed.
    pub(crate) fn download(&self, download: &Download) -> EndpointResult<Vec<u8>> {
        Ok(self.protocol().download(&download.asset)?.progress(download.progress.clone()))
    }
}
