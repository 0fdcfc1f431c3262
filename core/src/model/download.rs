use serde::{Deserialize, Serialize};

use super::Asset;
use crate::effect::{Progress, TransferProgress};

/// An asset to be downloaded. An asset alone is accepted too: `chats.download(&asset)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "a download does nothing until it is started"]
pub struct Download {
    /// The asset.
    pub asset: Asset,
    /// The observer of the transfer.
    #[serde(skip)]
    pub progress: Option<Progress>,
}

impl Download {
    /// Creates a download of this asset.
    pub fn new(asset: &Asset) -> Self {
        Self { asset: asset.clone(), progress: None }
    }

    /// Calls `observer` after each received chunk.
    pub fn on_progress(mut self, observer: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Progress::new(observer));
        self
    }
}

impl From<&Asset> for Download {
    fn from(asset: &Asset) -> Self {
        Self::new(asset)
    }
}
