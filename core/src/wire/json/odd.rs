use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// Why a thing is undecoded, and where in it.
#[derive(Debug)]
pub(crate) struct Odd {
    why: Why,
    /// The names of the members that lead there, the innermost first.
    path: Vec<&'static str>,
}

#[derive(Debug)]
enum Why {
    Missing(&'static str),
    Json(serde_json::Error),
    Other(&'static str),
}

impl Odd {
    pub(in crate::wire) const fn new(why: &'static str) -> Self {
        Self { why: Why::Other(why), path: Vec::new() }
    }

    pub(super) const fn missing(name: &'static str) -> Self {
        Self { why: Why::Missing(name), path: Vec::new() }
    }

    pub(super) const fn json(error: serde_json::Error) -> Self {
        Self { why: Why::Json(error), path: Vec::new() }
    }

    /// The same in a member of this name.
    pub(in crate::wire) fn at(mut self, name: &'static str) -> Self {
        self.path.push(name);
        self
    }

    pub(in crate::wire) fn reason(&self) -> String {
        match &self.why {
            Why::Missing(name) => alloc::format!("missing field `{name}`"),
            Why::Other(why) => (*why).to_string(),
            Why::Json(error) => {
                let why = error.to_string();
                // The place is that in the single value, which means nothing to others.
                why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why).to_string()
            }
        }
    }

    /// The path, with dots; empty if it is the thing itself.
    pub(in crate::wire) fn path(&self) -> String {
        self.path.iter().rev().copied().collect::<Vec<_>>().join(".")
    }
}
