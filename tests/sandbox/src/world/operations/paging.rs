//! Lists in pages, and cursors that only their maker can make.

use std::{fmt::Display, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::Call,
    ids::digest,
    problem::Problem,
    response::{OperationResult, ok},
};

/// The most bytes of items in one response, but for a single item. The rest of 1 MiB is for what stands around them.
const MAX_PAGE_BYTES: usize = 1024 * 1024 - 4096;

/// Makes cursors and knows its own again. A cursor is bound to the epoch and to the list it was made for, and is opaque.
#[derive(Debug)]
pub(crate) struct Cursors {
    key: u64,
    epoch: u64,
}

impl Cursors {
    pub(crate) fn new(key: u64) -> Self {
        Self { key, epoch: 0 }
    }

    /// Forgets every cursor that was made so far.
    pub(crate) fn begin_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    fn checksum(&self, list: &str, position: &str) -> String {
        let (key, epoch) = (self.key.to_le_bytes(), self.epoch.to_le_bytes());
        format!("{:016x}", digest(&[&key, &epoch, list.as_bytes(), position.as_bytes()]))
    }

    pub(crate) fn seal(&self, list: &str, position: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{position}", self.checksum(list, position)))
    }

    /// The position in a cursor that was made for this list in this epoch; 410 for every other one.
    pub(crate) fn open<K: FromStr>(&self, list: &str, cursor: &str) -> Result<K, Problem> {
        let position = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            let (checksum, position) = text.split_at_checked(16)?;
            position.parse().ok().filter(|_| checksum == self.checksum(list, position))
        };
        position().ok_or_else(|| expired("This server did not give this cursor for this list or feed."))
    }

    /// The position that a request goes on from, if it names one.
    pub(crate) fn position<K: FromStr>(&self, call: &Call, list: &str) -> Result<Option<K>, Problem> {
        call.query.cursor()?.map(|cursor| self.open(list, cursor)).transpose()
    }

    /// One page of rows that are in the order of their keys.
    pub(crate) fn page<K, T>(
        &self,
        call: &Call,
        list: &str,
        rows: impl IntoIterator<Item = (K, T)>,
        show: impl Fn(&T) -> Value,
    ) -> OperationResult
    where
        K: Ord + Display + FromStr,
    {
        let limit = limit(call)?;
        let after = self.position::<K>(call, list)?;
        let rest = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        let Page { items, more_after } = collect_page(limit, rest, |(_, row)| Some(show(row)));
        let mut page = json!({ "items": items });
        if let Some((last, _)) = more_after {
            page["next_cursor"] = json!(self.seal(list, &last.to_string()));
        }
        ok(page)
    }
}

/// The items of one response.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<Value>,
    /// The last row that was looked at, if there are more.
    pub(crate) more_after: Option<T>,
}

/// Shows rows until there are so many, or they have too many bytes.
pub(crate) fn collect_page<T>(
    limit: usize,
    rows: impl IntoIterator<Item = T>,
    show: impl Fn(&T) -> Option<Value>,
) -> Page<T> {
    let (mut items, mut bytes, mut last) = (Vec::new(), 0, None);
    for row in rows {
        if items.len() == limit {
            return Page { items, more_after: last };
        }
        if let Some(item) = show(&row) {
            bytes += item.to_string().len() + 1;
            if bytes > MAX_PAGE_BYTES && !items.is_empty() {
                return Page { items, more_after: last };
            }
            items.push(item);
        }
        last = Some(row);
    }
    Page { items, more_after: None }
}

/// 400 for the parameters of a list, whatever it is a list of.
pub(crate) fn check(call: &Call) -> Result<(), Problem> {
    limit(call)?;
    call.query.cursor().map(drop)
}

pub(crate) fn limit(call: &Call) -> Result<usize, Problem> {
    let limit = call.query.integer("limit", 1..=100)?.unwrap_or(50);
    Ok(usize::try_from(limit).unwrap_or(50))
}

/// 410: a cursor that leads nowhere.
pub(crate) fn expired(detail: &str) -> Problem {
    Problem::new(StatusCode::GONE, "cursor_expired", detail)
}
