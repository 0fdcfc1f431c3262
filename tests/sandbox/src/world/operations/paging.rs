//! Pages of lists, each with a cursor for the next.

use std::{fmt::Display, str::FromStr};

use serde_json::{Value, json};

use crate::world::{
    call::Call,
    contract::problem::Problem,
    outcome::{OperationResult, ok},
    state::cursors::ListCursors,
};

/// The maximum size of the items in a response, unless there is only one. The rest of 1 MiB is for the surrounding
/// JSON.
const MAX_PAGE_BYTES: usize = 1024 * 1024 - 4096;

/// The number of items on a page if the request does not set a limit.
const DEFAULT_LIMIT: usize = 50;

impl ListCursors<'_> {
    /// The position in the cursor of a request, if it has one.
    pub(crate) fn position<K: FromStr>(self, call: &Call, list: &str) -> Result<Option<K>, Problem> {
        call.query.cursor()?.map(|cursor| self.open(list, cursor)).transpose()
    }

    /// Returns a page of rows, which are ordered by their keys.
    pub(crate) fn page<K, T>(
        self,
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
        self.show(list, limit, rest, show)
    }

    /// Returns the first page of rows, which are ordered by their keys, for a request without parameters.
    pub(crate) fn first_page<K: Display, T>(
        self,
        list: &str,
        rows: impl IntoIterator<Item = (K, T)>,
        show: impl Fn(&T) -> Value,
    ) -> OperationResult {
        self.show(list, DEFAULT_LIMIT, rows, show)
    }

    fn show<K: Display, T>(
        self,
        list: &str,
        limit: usize,
        rest: impl IntoIterator<Item = (K, T)>,
        show: impl Fn(&T) -> Value,
    ) -> OperationResult {
        let Page { items, more_after } = collect_page(limit, rest, |(_, row)| Some(show(row)));
        let mut page = json!({ "items": items });
        if let Some((last, _)) = more_after {
            page["next_cursor"] = json!(self.seal(list, &last.to_string()));
        }
        ok(page)
    }
}

/// The items of a response.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<Value>,
    /// The last row included, if there are more.
    pub(crate) more_after: Option<T>,
}

/// Collects rows up to a number of items and a total size.
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

/// Checks the parameters of a list: 400.
pub(crate) fn check(call: &Call) -> Result<(), Problem> {
    limit(call)?;
    call.query.cursor().map(drop)
}

pub(crate) fn limit(call: &Call) -> Result<usize, Problem> {
    let limit = call.query.integer("limit", 1..=100)?;
    Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{outcome::Outcome, state::cursors::Cursors};

    #[test]
    fn first_page_has_fifty_items_and_a_cursor_for_the_rest() {
        let cursors = Cursors::new(7);
        let cursors = cursors.lists_after(3);
        let page = |rows: usize| {
            let rows = (0..rows).map(|row| (row, row));
            let Ok(Outcome::Json(_, page)) = cursors.first_page("list", rows, |row| json!(row)) else {
                panic!("expected a page");
            };
            page
        };
        let [all, more] = [page(50), page(51)];
        assert_eq!((all["items"].as_array().map(Vec::len), &all["next_cursor"]), (Some(50), &Value::Null));
        assert_eq!(more["items"], all["items"]);
        let cursor = more["next_cursor"].as_str().expect("the page has a cursor");
        assert_eq!(cursors.open::<usize>("list", cursor).ok(), Some(49));
    }
}
