//! Reads JSON objects by a closed schema. Unknown members and invalid values are reported by their JSON pointers.

use std::{cell::RefCell, collections::BTreeSet, ops::RangeInclusive};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::problem::{Problem, SchemaError};
use crate::world::{ids::is_id, now};

/// A JSON object that is being read.
pub(crate) struct JsonObject<'v> {
    members: &'v Map<String, Value>,
    pointer: String,
    known: Vec<&'static str>,
    errors: &'v SchemaErrors,
}

/// The schema errors found so far.
#[derive(Default)]
pub(crate) struct SchemaErrors(RefCell<Vec<SchemaError>>);

impl SchemaErrors {
    fn add(&self, pointer: String, detail: impl Into<String>) {
        self.0.borrow_mut().push(SchemaError { pointer, detail: detail.into() });
    }
}

/// Reads a body. Members that `read` does not ask for are errors.
pub(crate) fn read<T>(body: &Value, read: impl FnOnce(&mut JsonObject<'_>) -> Option<T>) -> Result<T, Problem> {
    let errors = SchemaErrors::default();
    let result = read_object(body, String::new(), &errors, read);
    let errors = errors.0.into_inner();
    match result {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(Problem::schema_errors(errors)),
    }
}

fn read_object<'v, T>(
    value: &'v Value,
    pointer: String,
    errors: &'v SchemaErrors,
    read: impl FnOnce(&mut JsonObject<'v>) -> Option<T>,
) -> Option<T> {
    let Some(members) = value.as_object() else {
        errors.add(pointer, "must be an object");
        return None;
    };
    let mut object = JsonObject { members, pointer, known: Vec::new(), errors };
    let result = read(&mut object)?;
    for name in members.keys().filter(|name| !object.known.contains(&name.as_str())) {
        object.errors.add(object.pointer_to(name), "unknown member");
    }
    Some(result)
}

impl<'v> JsonObject<'v> {
    /// The JSON pointer of a member (RFC 6901).
    fn pointer_to(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    /// Returns a member. `null` counts as a value, which no member of a request allows.
    fn get(&mut self, name: &'static str) -> Option<&'v Value> {
        self.known.push(name);
        self.members.get(name)
    }

    /// Records an error of a member.
    pub(crate) fn error(&self, name: &str, detail: impl Into<String>) {
        self.errors.add(self.pointer_to(name), detail);
    }

    /// Records an error of the object as a whole.
    pub(crate) fn error_here(&self, detail: impl Into<String>) {
        self.errors.add(self.pointer.clone(), detail);
    }

    /// Returns true if none of these members is present.
    pub(crate) fn has_none_of(&self, names: &[&str]) -> bool {
        names.iter().all(|name| !self.members.contains_key(*name))
    }

    /// Returns true if all of these members are present. Missing ones are recorded as errors.
    pub(crate) fn require(&self, names: &[&str]) -> bool {
        let missing: Vec<_> = names.iter().filter(|name| self.has_none_of(&[name])).collect();
        for name in &missing {
            self.error(name, "is required");
        }
        missing.is_empty()
    }

    fn or_error<T>(&self, name: &str, value: Option<T>, detail: impl Into<String>) -> Option<T> {
        if value.is_none() {
            self.error(name, detail);
        }
        value
    }

    pub(crate) fn string(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        let value = self.get(name)?;
        let text = valid_string(value, &length);
        self.or_error(name, text, format!("must be a string of {length:?} characters without U+0000"))
    }

    pub(crate) fn id(&mut self, name: &'static str) -> Option<String> {
        let value = self.get(name)?;
        self.or_error(name, valid_id(value), "must be an id")
    }

    /// Reads a list of ids without its duplicates; `None` if it is absent.
    pub(crate) fn ids(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<Vec<String>> {
        let mut ids = self.ids_with_duplicates(name, length)?;
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Some(ids)
    }

    /// Reads a list of ids with its duplicates; `None` if it is absent.
    pub(crate) fn ids_with_duplicates(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
    ) -> Option<Vec<String>> {
        let items = self.array_items(name, length)?;
        let mut ids = Vec::new();
        for (pointer, item) in items {
            match valid_id(item) {
                Some(id) => ids.push(id),
                None => self.errors.add(pointer, "must be an id"),
            }
        }
        Some(ids)
    }

    pub(crate) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        self.or_error(name, value.as_bool(), "must be a boolean")
    }

    pub(crate) fn number(&mut self, name: &'static str, limits: RangeInclusive<f64>) -> Option<f64> {
        let value = self.get(name)?;
        let number = value.as_f64().filter(|number| limits.contains(number));
        self.or_error(name, number, format!("must be a number in {limits:?}"))
    }

    /// Reads an integer from 0 to 2^53 - 1, the range that a double represents exactly. `5.0` is accepted.
    pub(crate) fn integer(&mut self, name: &'static str) -> Option<u64> {
        let value = self.get(name)?;
        let whole = value
            .as_u64()
            .or_else(|| value.as_f64().and_then(integer_from_float))
            .filter(|whole| *whole <= MAX_INTEGER);
        self.or_error(name, whole, format!("must be an integer in 0..={MAX_INTEGER}"))
    }

    pub(crate) fn one_of(&mut self, name: &'static str, words: &[&'static str]) -> Option<&'static str> {
        let value = self.get(name)?;
        let word = value.as_str().and_then(|text| words.iter().copied().find(|word| *word == text));
        self.or_error(name, word, format!("must be one of {}", words.join(", ")))
    }

    pub(crate) fn timestamp(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let value = self.get(name)?;
        let time = value.as_str().and_then(now::parse_rfc3339);
        self.or_error(name, time, "must be a time in UTC with milliseconds, such as 2025-03-14T09:26:53.589Z")
    }

    pub(crate) fn strings(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
        length: RangeInclusive<usize>,
    ) -> Option<Vec<String>> {
        let items = self.array_items(name, count)?;
        let mut texts = Vec::new();
        for (pointer, item) in items {
            match valid_string(item, &length) {
                Some(text) => texts.push(text),
                None => self.errors.add(pointer, format!("must be a string of {length:?} characters without U+0000")),
            }
        }
        Some(texts)
    }

    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&mut JsonObject<'v>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.array_items(name, count)?;
        let errors = self.errors;
        Some(items.into_iter().filter_map(|(pointer, item)| read_object(item, pointer, errors, &mut read)).collect())
    }

    fn array_items(&mut self, name: &'static str, count: RangeInclusive<usize>) -> Option<Vec<(String, &'v Value)>> {
        let value = self.get(name)?;
        let list = value.as_array().filter(|list| count.contains(&list.len()));
        let list = self.or_error(name, list, format!("must be a list of {count:?} items"))?;
        let pointer = self.pointer_to(name);
        Some(list.iter().enumerate().map(|(at, item)| (format!("{pointer}/{at}"), item)).collect())
    }
}

fn valid_string(value: &Value, length: &RangeInclusive<usize>) -> Option<String> {
    value.as_str().filter(|text| length.contains(&text.chars().count()) && !text.contains('\0')).map(str::to_owned)
}

fn valid_id(value: &Value) -> Option<String> {
    value.as_str().filter(|id| is_id(id)).map(str::to_owned)
}

/// The largest integer in a request: 2^53 - 1.
const MAX_INTEGER: u64 = 9_007_199_254_740_991;

/// Converts a float without a fractional part.
fn integer_from_float(float: f64) -> Option<u64> {
    if float.fract() != 0.0 || float < 0.0 {
        return None;
    }
    // Printed and parsed again, which is exact; std has no checked conversion from floats.
    format!("{float:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(body: &Value, read_it: impl FnOnce(&mut JsonObject<'_>) -> Option<()>) -> Vec<String> {
        match read(body, read_it).map_err(|problem| problem.details) {
            Err(crate::world::contract::problem::Details::SchemaErrors(errors)) => {
                errors.into_iter().map(|it| it.pointer).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_schema_error_is_reported() {
        let body = json!({ "a/b": 1, "title": 7, "list": ["", 5], "when": "2025-03-14T09:26:53Z" });
        let found = pointers(&body, |object| {
            object.string("title", 0..=5);
            object.ids("list", 0..=5);
            object.timestamp("when");
            object.require(&["other"]);
            Some(())
        });
        assert_eq!(found, ["/title", "/list/0", "/list/1", "/when", "/other", "/a~1b"]);
    }

    #[test]
    fn string_length_is_in_characters() {
        let body = json!({ "title": "äöü" });
        assert!(read(&body, |object| object.string("title", 0..=3)).is_ok());
        assert!(read(&body, |object| object.string("title", 0..=2)).is_err());
    }

    #[test]
    fn whole_floats_are_integers() {
        assert!(read(&json!({ "n": 900.0 }), |object| object.integer("n")).is_ok_and(|n| n == 900));
        assert!(read(&json!({ "n": 900.5 }), |object| object.integer("n")).is_err());
        assert!(read(&json!({ "n": -1 }), |object| object.integer("n")).is_err());
        assert!(read(&json!({ "n": MAX_INTEGER }), |object| object.integer("n")).is_ok());
        for large in [json!(MAX_INTEGER + 1), json!(1e300), json!(u64::MAX)] {
            assert!(read(&json!({ "n": large }), |object| object.integer("n")).is_err());
        }
    }
}
