use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// Why a thing is undecoded, and where in it.
#[derive(Debug)]
pub(crate) struct DecodeError {
    cause: Cause,
    /// The names of the members that lead there, the innermost first.
    path: Vec<&'static str>,
}

#[derive(Debug)]
enum Cause {
    Missing(&'static str),
    Json(serde_json::Error),
    Other(&'static str),
}

impl DecodeError {
    pub(in crate::protocol) const fn new(why: &'static str) -> Self {
        Self { cause: Cause::Other(why), path: Vec::new() }
    }

    pub(super) const fn missing(name: &'static str) -> Self {
        Self { cause: Cause::Missing(name), path: Vec::new() }
    }

    pub(super) const fn json(error: serde_json::Error) -> Self {
        Self { cause: Cause::Json(error), path: Vec::new() }
    }

    /// The same in a member of this name.
    pub(in crate::protocol) fn at(mut self, name: &'static str) -> Self {
        self.path.push(name);
        self
    }

    pub(in crate::protocol) fn reason(&self) -> String {
        match &self.cause {
            Cause::Missing(name) => alloc::format!("missing field `{name}`"),
            Cause::Other(why) => (*why).to_string(),
            Cause::Json(error) => {
                let why = error.to_string();
                // The place is that in the single value, which means nothing to others.
                why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why).to_string()
            }
        }
    }

    /// The path, with dots; empty if it is the thing itself.
    pub(in crate::protocol) fn path(&self) -> String {
        self.path.iter().rev().copied().collect::<Vec<_>>().join(".")
    }
}
