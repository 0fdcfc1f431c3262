use teamwire_core::effect::{Body, BodyPolicy, Progress};

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

/// Progress of a request's body, reported to the observers of its parts.
#[derive(Clone, Debug)]
pub struct UploadProgress {
    body: Body,
    /// Index of the current part, and the number of its bytes that were sent.
    part: usize,
    sent: u64,
}

impl UploadProgress {
    /// Creates the progress of this body; `None` if it has no observer.
    pub fn new(body: &Body) -> Option<Self> {
        body.is_observed().then(|| Self { body: body.clone(), part: 0, sent: 0 })
    }

    /// Reports that this number of bytes was sent.
    pub fn record(&mut self, mut bytes: u64) {
        while bytes > 0
            && let Some(part) = self.body.parts().get(self.part)
        {
            let (length, before) = (part.length(), self.sent);
            self.sent = length.min(before.saturating_add(bytes));
            bytes -= self.sent - before;
            if let Some(observer) = part.progress.as_ref().filter(|_| self.sent > before) {
                observer.report(self.sent, Some(length));
            }
            if self.sent == length {
                (self.part, self.sent) = (self.part + 1, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use teamwire_core::effect::Part;

    use super::*;

    #[test]
    fn each_part_is_observed_from_its_beginning_to_its_end() {
        let log = Arc::<Mutex<Vec<_>>>::default();
        let part = |name: char, length| {
            let log = Arc::clone(&log);
            let observer =
                Progress::new(move |moved| log.lock().expect("no panics").push((name, moved.bytes, moved.total)));
            Part::bytes(vec![0; length]).with_progress(observer)
        };
        let body: Body = [part('a', 3), Part::bytes(vec![0; 2]), part('b', 0), part('c', 4)].into_iter().collect();
        let mut progress = UploadProgress::new(&body).expect("it has observers");
        for bytes in [2, 2, 2, 0, 3, 9] {
            progress.record(bytes);
        }
        let all = [('a', 2, Some(3)), ('a', 3, Some(3)), ('c', 1, Some(4)), ('c', 4, Some(4))];
        assert_eq!(*log.lock().expect("no panics"), all);
        assert!(UploadProgress::new(&Body::from(vec![0; 3])).is_none(), "it has no observer");
    }
}
