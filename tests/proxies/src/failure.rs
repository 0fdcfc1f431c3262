use std::error::Error;

/// The reason why a scenario could not be run.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;
