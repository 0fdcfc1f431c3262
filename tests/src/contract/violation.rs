use std::fmt;

/// The id of an operation in the document: `post_message`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub(super) String);

/// A difference between a request or a response and the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The operation, if it is known.
    pub operation: Option<OperationId>,
    /// The difference.
    pub what: String,
}

impl OperationId {
    /// The id in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Some(operation) => write!(f, "{operation}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Violation {}
