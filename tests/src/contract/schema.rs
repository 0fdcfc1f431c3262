//! The schemas of the document, compiled once each, when they are first needed.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use super::document::Document;

/// The name of the document in the validator. Nothing is fetched from it.
const DOCUMENT: &str = "urn:teamwire:contract";

/// The schemas, by their JSON pointers in the document.
pub struct Schemas {
    registry: Registry<'static>,
    compiled: Mutex<BTreeMap<String, Arc<Validator>>>,
}

impl Schemas {
    pub(super) fn new(document: &Document) -> Self {
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(DOCUMENT, document.root.clone())
            .and_then(|registry| registry.prepare())
            .expect("the references of the document can be resolved");
        Self { registry, compiled: Mutex::default() }
    }

    /// Checks a value against the schema at this pointer. Reports the first violation.
    pub(super) fn check(&self, pointer: &str, value: &Value) -> Result<(), String> {
        self.validator(pointer).validate(value).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "the value" } else { &place };
            format!("{error} (in {place})")
        })
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = compiled.entry(pointer.to_owned()).or_insert_with(|| {
            let schema = json!({ "$ref": format!("{DOCUMENT}#{}", pointer.replace('{', "%7B").replace('}', "%7D")) });
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .with_registry(&self.registry)
                .should_validate_formats(true)
                .offline()
                .build(&schema);
            Arc::new(validator.unwrap_or_else(|why| panic!("the schema at {pointer} is invalid: {why}")))
        });
        Arc::clone(validator)
    }
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schemas")
    }
}
