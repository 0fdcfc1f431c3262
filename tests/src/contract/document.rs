//! The document as JSON, with its references followed.

use serde_json::{Value, json};

/// The document that the client and the sandbox implement.
const TEXT: &str = include_str!("../../../docs/openapi.yaml");

/// The document of the sandbox's control API, which refers to schemas of the former.
const SANDBOX_TEXT: &str = include_str!("../../../docs/sandbox-api.yaml");

pub(super) struct Document {
    pub(super) root: Value,
}

/// A place in the document: its value, and the JSON pointer to it.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    document: &'a Value,
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl Document {
    pub(super) fn read() -> Self {
        let mut root = yaml_serde::from_str(TEXT).expect("docs/openapi.yaml is YAML");
        expand(&mut root);
        Self { root }
    }

    /// The control API, with the schemas of the wire contract beside its own.
    pub(super) fn read_sandbox() -> Self {
        let text = SANDBOX_TEXT.replace("openapi.yaml#/components/schemas/", "#/components/schemas/Wire");
        let mut root: Value = yaml_serde::from_str(&text).expect("docs/sandbox-api.yaml is YAML");
        let wire = TEXT.replace("#/components/schemas/", "#/components/schemas/Wire");
        let wire: Value = yaml_serde::from_str(&wire).expect("docs/openapi.yaml is YAML");
        for (name, schema) in wire["components"]["schemas"].as_object().expect("it has schemas") {
            root["components"]["schemas"][format!("Wire{name}")] = schema.clone();
        }
        expand(&mut root);
        Self { root }
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
        // The validator needs the members of a schema beside its reference.
        if self.value.as_object().is_some_and(|members| members.keys().any(|key| key != "$ref" && key != "description"))
        {
            return self;
        }
        let pointer = reference.strip_prefix('#').expect("the document refers to itself only").to_owned();
        let value = self.document.pointer(&pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"));
        Self { pointer, value, ..self }.followed()
    }
}

/// Expands the document's short form of required members of each kind of an object, for the validator.
fn expand(value: &mut Value) {
    if let Some(by_kind) = value.get("x-required-by-kind").and_then(Value::as_object) {
        let rule = |(kind, required): (&String, &Value)| {
            let is_of_kind = json!({ "properties": { "kind": { "const": kind } } });
            json!({ "if": is_of_kind, "then": { "required": required } })
        };
        value["allOf"] = by_kind.iter().map(rule).collect();
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(expand),
        Value::Object(members) => members.values_mut().for_each(expand),
        _ => {}
    }
}

/// Escapes a name for a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use http::Response;
    use serde_json::{Value, json};
    use teamwire_core::script::sample;

    use crate::contract::Contract;

    fn page_with(attachment: &Value) -> Response<Vec<u8>> {
        let mut message = sample::message("m1", "t1", "hello");
        message["attachments"] = json!([attachment]);
        let body = sample::messages([message]).to_string().into_bytes();
        let response = Response::builder().header("content-type", "application/json").header("x-request-id", "r");
        response.body(body).expect("it is a response")
    }

    #[test]
    fn an_attachment_has_what_its_kind_requires() {
        let contract = Contract::load();
        let id = contract.operations().find(|id| id.as_str() == "list_messages").expect("the contract has it");
        for whole in [
            json!({ "kind": "location", "name": "x", "lat": 90, "lon": 0 }),
            json!({ "kind": "poll", "question": "Who?", "options": ["I", "you"], "multiple_choice": false }),
            json!({ "kind": "hologram", "depth": 3 }),
        ] {
            contract.check_response(id, &page_with(&whole)).expect("nothing is missing");
        }
        for partial in [
            json!({ "kind": "file" }),
            json!({ "kind": "poll", "question": "Who?" }),
            json!({ "kind": "location", "name": "x", "lat": 91, "lon": 0 }),
            json!({ "depth": 3 }),
        ] {
            let violation = contract.check_response(id, &page_with(&partial)).expect_err("something is missing");
            assert!(violation.what.contains("/items/0/attachments/0"), "{violation}");
        }
    }
}
