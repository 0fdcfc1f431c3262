//! The operations that are measured.

use crate::json;

/// An operation of a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Me,
    Post,
    Page,
    Batch,
}

/// The code that performs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The core.
    Ours,
    /// The least that any client does: JSON by `serde_json`, and a request of the crate http.
    Floor,
}

impl Side {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "floor",
        }
    }
}

/// The number of messages in a page and in a batch.
pub(crate) const ITEMS: u64 = 100;

/// The number of bodies that are created, however many of them are used, so that the cost of creating them is the same.
pub(crate) const MAX_REPETITIONS: u64 = 20;

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Me, Self::Post, Self::Page, Self::Batch];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Me => "me",
            Self::Post => "post",
            Self::Page => "page",
            Self::Batch => "batch",
        }
    }

    /// Its row in the table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Me => "request the bot's user",
            Self::Post => "post a text",
            Self::Page => "list messages, per message of a page of 100",
            Self::Batch => "follow messages, per event of a batch of 100",
        }
    }

    /// The number of items in a response.
    pub(crate) const fn items(self) -> u64 {
        match self {
            Self::Me | Self::Post => 1,
            Self::Page | Self::Batch => ITEMS,
        }
    }

    /// The bodies of its responses, with different content.
    pub(crate) fn bodies(self) -> Vec<Vec<u8>> {
        (0..MAX_REPETITIONS).map(|number| self.body(number).into_bytes()).collect()
    }

    fn body(self, number: u64) -> String {
        let numbers = number * ITEMS..(number + 1) * ITEMS;
        match self {
            Self::Me => json::user(number),
            Self::Post => json::message(number),
            Self::Page => json::page(numbers),
            Self::Batch => json::batch(numbers),
        }
    }
}
