use teamwire_core::effect::{BodyPolicy, Progress};

/// Progress of a response's body, reported to its observer if it has one.
#[derive(Clone, Debug)]
pub struct BodyProgress {
    observer: Option<Progress>,
    /// Number of bytes that the file had before.
    offset: u64,
}

impl BodyProgress {
    /// Creates the progress of a body with this policy.
    pub fn new(wanted: &BodyPolicy) -> Self {
        let offset = wanted.to_file.as_ref().map_or(0, |to_file| to_file.offset);
        Self { observer: wanted.progress.clone(), offset }
    }

    /// Reports that this number of bytes has arrived, out of the announced length if there is one.
    pub fn report(&self, received: u64, length: Option<u64>) {
        if let Some(observer) = &self.observer {
            let total = length.map(|length| self.offset.saturating_add(length));
            observer.report(self.offset.saturating_add(received), total);
        }
    }
}
