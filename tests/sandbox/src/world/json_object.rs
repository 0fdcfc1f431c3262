//! Reading a closed JSON object: an unknown member, an unknown word or a value out of its limits is named by its place.

use std::{cell::RefCell, collections::BTreeSet, ops::RangeInclusive};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    ids::is_id,
    now,
    problem::{Place, Problem},
};

/// A JSON object that is being read.
pub(super) struct Form<'v> {
    members: &'v Map<String, Value>,
    at: String,
    known: Vec<&'static str>,
    faults: &'v Faults,
}

/// All that is wrong with a body.
#[derive(Default)]
pub(super) struct Faults(RefCell<Vec<Place>>);

impl Faults {
    fn add(&self, pointer: String, detail: impl Into<String>) {
        self.0.borrow_mut().push(Place { pointer, detail: detail.into() });
    }
}

/// Reads a body; what `read` did not ask for must not be there.
pub(super) fn read<T>(body: &Value, read: impl FnOnce(&mut Form<'_>) -> Option<T>) -> Result<T, Problem> {
    let faults = Faults::default();
    let result = object(body, String::new(), &faults, read);
    let places = faults.0.into_inner();
    match result {
        Some(value) if places.is_empty() => Ok(value),
        _ => Err(Problem::schema(places)),
    }
}

fn object<'v, T>(
    value: &'v Value,
    at: String,
    faults: &'v Faults,
    read: impl FnOnce(&mut Form<'v>) -> Option<T>,
) -> Option<T> {
    let Some(members) = value.as_object() else {
        faults.add(at, "not an object");
        return None;
    };
    let mut form = Form { members, at, known: Vec::new(), faults };
    let result = read(&mut form)?;
    for name in members.keys().filter(|name| !form.known.contains(&name.as_str())) {
        form.faults.add(form.place(name), "unknown member");
    }
    Some(result)
}

impl<'v> Form<'v> {
    /// JSON pointer of a member (RFC 6901).
    fn place(&self, name: &str) -> String {
        format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"))
    }

    /// A member that is there. `null` is a value like others: no member of a request can have it.
    fn get(&mut self, name: &'static str) -> Option<&'v Value> {
        self.known.push(name);
        self.members.get(name)
    }

    /// Notes a rule that this member breaks.
    pub(super) fn fault(&self, name: &str, detail: impl Into<String>) {
        self.faults.add(self.place(name), detail);
    }

    /// Notes a rule that the object as a whole breaks.
    pub(super) fn fault_here(&self, detail: impl Into<String>) {
        self.faults.add(self.at.clone(), detail);
    }

    /// Whether none of these members is there.
    pub(super) fn lacks(&self, names: &[&str]) -> bool {
        names.iter().all(|name| !self.members.contains_key(*name))
    }

    /// Whether all these members are there; those that are not are noted.
    pub(super) fn needs(&self, names: &[&str]) -> bool {
        let missing: Vec<_> = names.iter().filter(|name| self.lacks(&[name])).collect();
        for name in &missing {
            self.fault(name, "missing");
        }
        missing.is_empty()
    }

    fn or_fault<T>(&self, name: &str, value: Option<T>, detail: impl Into<String>) -> Option<T> {
        if value.is_none() {
            self.fault(name, detail);
        }
        value
    }

    pub(super) fn text(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        let value = self.get(name)?;
        let text = checked_text(value, &length);
        self.or_fault(name, text, format!("not a text of {length:?} characters without U+0000"))
    }

    pub(super) fn id(&mut self, name: &'static str) -> Option<String> {
        let value = self.get(name)?;
        self.or_fault(name, checked_id(value), "not an id")
    }

    /// A list of ids, each taken once. Absent is `None`.
    pub(super) fn ids(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<Vec<String>> {
        let mut ids = self.ids_as_given(name, length)?;
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Some(ids)
    }

    /// A list of ids as it stands, with its repetitions.
    pub(super) fn ids_as_given(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<Vec<String>> {
        let items = self.items(name, length)?;
        let mut ids = Vec::new();
        for (place, item) in items {
            match checked_id(item) {
                Some(id) => ids.push(id),
                None => self.faults.add(place, "not an id"),
            }
        }
        Some(ids)
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        self.or_fault(name, value.as_bool(), "not a boolean")
    }

    pub(super) fn number(&mut self, name: &'static str, limits: RangeInclusive<f64>) -> Option<f64> {
        let value = self.get(name)?;
        let number = value.as_f64().filter(|number| limits.contains(number));
        self.or_fault(name, number, format!("not in {limits:?}"))
    }

    /// A whole number from 0 to 2^53 - 1, which every double tells apart; `5.0` is one too.
    pub(super) fn whole(&mut self, name: &'static str) -> Option<u64> {
        let value = self.get(name)?;
        let whole = value.as_u64().or_else(|| value.as_f64().and_then(whole_of)).filter(|whole| *whole <= LARGEST);
        self.or_fault(name, whole, format!("not a whole number in 0..={LARGEST}"))
    }

    pub(super) fn choice(&mut self, name: &'static str, words: &[&'static str]) -> Option<&'static str> {
        let value = self.get(name)?;
        let word = value.as_str().and_then(|text| words.iter().copied().find(|word| *word == text));
        self.or_fault(name, word, format!("not one of {}", words.join(", ")))
    }

    pub(super) fn time(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let value = self.get(name)?;
        let time = value.as_str().and_then(now::parse_rfc3339);
        self.or_fault(name, time, "not a time in UTC with milliseconds, like 2025-03-14T09:26:53.589Z")
    }

    pub(super) fn texts(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
        length: RangeInclusive<usize>,
    ) -> Option<Vec<String>> {
        let items = self.items(name, count)?;
        let mut texts = Vec::new();
        for (place, item) in items {
            match checked_text(item, &length) {
                Some(text) => texts.push(text),
                None => self.faults.add(place, format!("not a text of {length:?} characters without U+0000")),
            }
        }
        Some(texts)
    }

    pub(super) fn forms<T>(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Form<'v>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.items(name, count)?;
        let faults = self.faults;
        Some(items.into_iter().filter_map(|(place, item)| object(item, place, faults, &mut read)).collect())
    }

    fn items(&mut self, name: &'static str, count: RangeInclusive<usize>) -> Option<Vec<(String, &'v Value)>> {
        let value = self.get(name)?;
        let list = value.as_array().filter(|list| count.contains(&list.len()));
        let list = self.or_fault(name, list, format!("not a list of {count:?} items"))?;
        let place = self.place(name);
        Some(list.iter().enumerate().map(|(at, item)| (format!("{place}/{at}"), item)).collect())
    }
}

fn checked_text(value: &Value, length: &RangeInclusive<usize>) -> Option<String> {
    value.as_str().filter(|text| length.contains(&text.chars().count()) && !text.contains('\0')).map(str::to_owned)
}

fn checked_id(value: &Value) -> Option<String> {
    value.as_str().filter(|id| is_id(id)).map(str::to_owned)
}

/// The largest whole number of a request: 2^53 - 1.
const LARGEST: u64 = 9_007_199_254_740_991;

/// The integer that a float is.
fn whole_of(float: f64) -> Option<u64> {
    if float.fract() != 0.0 || float < 0.0 {
        return None;
    }
    // Printed and read again: there is no fallible conversion from floats, and this one is exact.
    format!("{float:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(body: &Value, read_it: impl FnOnce(&mut Form<'_>) -> Option<()>) -> Vec<String> {
        match read(body, read_it).map_err(|problem| problem.more) {
            Err(super::super::problem::More::Places(places)) => places.into_iter().map(|it| it.pointer).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_place_that_breaks_the_schema_is_named() {
        let body = json!({ "a/b": 1, "title": 7, "list": ["", 5], "when": "2025-03-14T09:26:53Z" });
        let found = places(&body, |form| {
            form.text("title", 0..=5);
            form.ids("list", 0..=5);
            form.time("when");
            form.needs(&["other"]);
            Some(())
        });
        assert_eq!(found, ["/title", "/list/0", "/list/1", "/when", "/other", "/a~1b"]);
    }

    #[test]
    fn text_is_counted_in_characters() {
        let body = json!({ "title": "äöü" });
        assert!(read(&body, |form| form.text("title", 0..=3)).is_ok());
        assert!(read(&body, |form| form.text("title", 0..=2)).is_err());
    }

    #[test]
    fn a_whole_float_is_a_whole_number() {
        assert!(read(&json!({ "n": 900.0 }), |form| form.whole("n")).is_ok_and(|n| n == 900));
        assert!(read(&json!({ "n": 900.5 }), |form| form.whole("n")).is_err());
        assert!(read(&json!({ "n": -1 }), |form| form.whole("n")).is_err());
        assert!(read(&json!({ "n": LARGEST }), |form| form.whole("n")).is_ok());
        for large in [json!(LARGEST + 1), json!(1e300), json!(u64::MAX)] {
            assert!(read(&json!({ "n": large }), |form| form.whole("n")).is_err());
        }
    }
}
