//! The document as JSON, with its references followed.

use serde_json::Value;

/// The text that the client and the sandbox are written from.
const TEXT: &str = include_str!("../../../docs/openapi.yaml");

pub(super) struct Document {
    pub(super) root: Value,
}

/// A place in the document: what is there, and the JSON pointer to it.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    document: &'a Value,
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl Document {
    pub(super) fn read() -> Self {
        Self { root: yaml_serde::from_str(TEXT).expect("docs/openapi.yaml is YAML") }
    }

    pub(super) fn root(&self) -> Place<'_> {
        Place { document: &self.root, pointer: String::new(), value: &self.root }
    }
}

impl<'a> Place<'a> {
    /// The member with this name, wherever its reference leads.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        let pointer = format!("{}/{}", self.pointer, escaped(key));
        Some(Self { pointer, value, ..*self }.followed())
    }

    /// The members, wherever their references lead.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let names = self.value.as_object().into_iter().flat_map(|members| members.keys());
        names.filter_map(|name| Some((name.as_str(), self.get(name)?)))
    }

    /// The items of the list at this name, wherever their references lead.
    pub(super) fn items(&self, key: &str) -> Vec<Self> {
        let Some(list) = self.get(key) else { return Vec::new() };
        let items = list.value.as_array().into_iter().flatten().enumerate();
        items.map(|(at, value)| Self { value, pointer: format!("{}/{at}", list.pointer), ..*self }.followed()).collect()
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Follows a reference. What stands beside one outside of schemas is a description, so nothing is lost.
    fn followed(self) -> Self {
        let Some(reference) = self.value.get("$ref").and_then(Value::as_str) else { return self };
        // What a schema has beside its reference counts: it is left to the validator.
        if self.value.as_object().is_some_and(|members| members.keys().any(|key| key != "$ref" && key != "description"))
        {
            return self;
        }
        let pointer = reference.strip_prefix('#').expect("the document refers to itself only").to_owned();
        let value = self.document.pointer(&pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"));
        Self { pointer, value, ..self }.followed()
    }
}

/// A name as a JSON pointer has it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
