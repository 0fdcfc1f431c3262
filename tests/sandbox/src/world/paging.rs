//! Lists in pages, and cursors that only their maker can make.

use std::{fmt::Display, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    answer::{Reply, ok},
    call::Call,
    ids::digest,
    problem::Problem,
};

/// Makes cursors and knows its own again. A cursor is bound to the list it was made for, and is opaque.
#[derive(Debug)]
pub(super) struct Cursors {
    key: u64,
}

impl Cursors {
    pub(super) fn new(key: u64) -> Self {
        Self { key }
    }

    fn seal_of(&self, list: &str, position: &str) -> String {
        format!("{:016x}", digest(&[&self.key.to_le_bytes(), list.as_bytes(), position.as_bytes()]))
    }

    pub(super) fn seal(&self, list: &str, position: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{position}", self.seal_of(list, position)))
    }

    /// The position in a cursor that was made for this list.
    pub(super) fn open(&self, list: &str, cursor: &str) -> Result<String, Problem> {
        let position = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            let (seal, position) = text.split_at_checked(16)?;
            (seal == self.seal_of(list, position)).then(|| position.to_owned())
        };
        position().ok_or_else(|| Problem::malformed("The cursor was not made for this list."))
    }

    /// One page of rows that are in the order of their keys.
    pub(super) fn page<K, T>(
        &self,
        call: &Call,
        list: &str,
        rows: impl IntoIterator<Item = (K, T)>,
        show: impl Fn(&T) -> Value,
    ) -> Reply
    where
        K: Ord + Display + FromStr,
    {
        let limit = limit(call)?;
        let after = match call.query.cursor()? {
            Some(cursor) => Some(parse::<K>(&self.open(list, cursor)?)?),
            None => None,
        };
        let rest = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        let mut rows: Vec<_> = rest.take(limit + 1).collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut page = json!({ "items": rows.iter().map(|(_, row)| show(row)).collect::<Vec<_>>() });
        if let Some((last, _)) = rows.last().filter(|_| more) {
            page["next_cursor"] = json!(self.seal(list, &last.to_string()));
        }
        ok(page)
    }
}

pub(super) fn limit(call: &Call) -> Result<usize, Problem> {
    let limit = call.query.whole("limit", 1..=100)?.unwrap_or(50);
    Ok(usize::try_from(limit).unwrap_or(50))
}

fn parse<K: FromStr>(position: &str) -> Result<K, Problem> {
    position.parse().map_err(|_| Problem::malformed("The cursor was not made for this list."))
}
