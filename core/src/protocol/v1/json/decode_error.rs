use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// The reason why a value is undecoded, and the path to it.
#[derive(Debug)]
pub(crate) struct DecodeError {
    cause: Cause,
    /// Names of the members on the path, the innermost first.
    path: Vec<&'static str>,
}

#[derive(Debug)]
enum Cause {
    Missing(&'static str),
    Json(serde_json::Error),
    Other(&'static str),
}

impl DecodeError {
    pub(in crate::protocol) const fn new(reason: &'static str) -> Self {
        Self { cause: Cause::Other(reason), path: Vec::new() }
    }

    pub(super) const fn missing(name: &'static str) -> Self {
        Self { cause: Cause::Missing(name), path: Vec::new() }
    }

    pub(super) const fn json(error: serde_json::Error) -> Self {
        Self { cause: Cause::Json(error), path: Vec::new() }
    }

    /// Adds the name of the member that contains the value.
    pub(in crate::protocol) fn at(mut self, name: &'static str) -> Self {
        self.path.push(name);
        self
    }

    pub(in crate::protocol) fn reason(&self) -> String {
        match &self.cause {
            Cause::Missing(name) => alloc::format!("missing field `{name}`"),
            Cause::Other(reason) => (*reason).to_string(),
            Cause::Json(error) => {
                let reason = error.to_string();
                // The position is within a single value and would be misleading.
                reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason).to_string()
            }
        }
    }

    /// Returns the path, with dots; empty for the value itself.
    pub(in crate::protocol) fn path(&self) -> String {
        self.path.iter().rev().copied().collect::<Vec<_>>().join(".")
    }
}
