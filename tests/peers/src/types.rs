//! Instructions and allocations per message, with the types of each client and with plain structs.
//!
//! Each decodes pages of 100 messages of its own service. One of ten messages has a file, and all are equally long.

mod json;
mod plain;

use std::hint::black_box;

use frankenstein::{response::MethodResponse, updates::Update};
use ruma_client_api::message::get_message_events;
use ruma_common::api::IncomingResponseExt;
use serde::de::DeserializeOwned;
use slack_morphism::api::SlackApiConversationsHistoryResponse;
use teamwire_benchmarks::table::Table;
use teamwire_instructions::valgrind::cost_per_item;

/// The number of messages of a page.
const ITEMS: u32 = 100;

/// The number of pages that are created, however many of them are decoded, so that the cost of creating them is the
/// same.
const MAX_PAGES: u32 = 8;

/// A client, and the service of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Teamwire,
    Ruma,
    Frankenstein,
    SlackMorphism,
}

/// The decoded types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Types {
    /// Those of the client.
    Own,
    /// Structs with the members of the JSON alone, by `serde_json`.
    Plain,
}

impl Client {
    const ALL: [Self; 4] = [Self::Teamwire, Self::Ruma, Self::Frankenstein, Self::SlackMorphism];

    const fn name(self) -> &'static str {
        match self {
            Self::Teamwire => "Teamwire: messages of a chat",
            Self::Ruma => "ruma: events of a room",
            Self::Frankenstein => "frankenstein: updates",
            Self::SlackMorphism => "slack-morphism: history of a conversation",
        }
    }

    fn page(self, number: u32) -> String {
        let numbers = number * ITEMS..(number + 1) * ITEMS;
        match self {
            Self::Teamwire => json::TEAMWIRE.page(numbers),
            Self::Ruma => json::MATRIX.page(numbers),
            Self::Frankenstein => json::TELEGRAM.page(numbers),
            Self::SlackMorphism => json::SLACK.page(numbers),
        }
    }

    fn decode(self, types: Types, pages: Vec<Vec<u8>>) {
        match (self, types) {
            (Self::Teamwire, Types::Own) => teamwire_instructions::list_messages(pages),
            (Self::Ruma, Types::Own) => pages.iter().for_each(|page| matrix_events(page)),
            (Self::Frankenstein, Types::Own) => decode::<MethodResponse<Vec<Update>>>(&pages),
            (Self::SlackMorphism, Types::Own) => decode::<SlackApiConversationsHistoryResponse>(&pages),
            (Self::Teamwire, Types::Plain) => decode::<plain::teamwire::Page>(&pages),
            (Self::Ruma, Types::Plain) => decode::<plain::matrix::Page>(&pages),
            (Self::Frankenstein, Types::Plain) => decode::<plain::telegram::Page>(&pages),
            (Self::SlackMorphism, Types::Plain) => decode::<plain::slack::Page>(&pages),
        }
    }
}

impl Types {
    const ALL: [Self; 2] = [Self::Own, Self::Plain];

    const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Plain => "plain",
        }
    }
}

fn decode<T: DeserializeOwned>(pages: &[Vec<u8>]) {
    for page in pages {
        black_box(serde_json::from_slice::<T>(page).expect("the page is valid"));
    }
}

/// Decodes the events one by one, because the page has them as JSON.
fn matrix_events(page: &[u8]) {
    let page = get_message_events::v3::Response::try_from_http_response(http::Response::new(page));
    for event in page.expect("the page is valid").chunk {
        black_box(event.deserialize().expect("the event is valid"));
    }
}

/// Counts the cost of a message with each client.
///
/// # Errors
/// Fails if valgrind cannot be started.
pub(crate) fn measure() -> Result<Table, String> {
    let mut table =
        Table::new(["per message", "instructions", "of plain structs", "ratio", "allocations", "of plain structs"]);
    for client in Client::ALL {
        let cost = |types: Types| {
            cost_per_item(ITEMS.into(), MAX_PAGES.into(), |count| {
                ["decode", client.name(), types.name(), count].map(str::to_owned).into()
            })
        };
        let (own, plain) = (cost(Types::Own)?, cost(Types::Plain)?);
        #[expect(clippy::cast_precision_loss, reason = "the ratio is rounded")]
        let ratio = own.instructions as f64 / plain.instructions as f64;
        table.push([
            client.name().to_owned(),
            own.instructions.to_string(),
            plain.instructions.to_string(),
            format!("{ratio:.2}"),
            own.allocations.to_string(),
            plain.allocations.to_string(),
        ]);
    }
    Ok(table)
}

/// Decodes a number of pages: the process that is measured.
///
/// # Errors
/// Fails if there is no such client or type.
pub(crate) fn run(client: &str, types: &str, count: &str) -> Result<(), String> {
    let client = Client::ALL.into_iter().find(|it| it.name() == client).ok_or("unknown client")?;
    let types = Types::ALL.into_iter().find(|it| it.name() == types).ok_or("unknown types")?;
    let count: usize = count.parse().map_err(|error| format!("{count}: {error}"))?;
    let pages = (0..MAX_PAGES).map(|number| client.page(number).into_bytes()).collect::<Vec<_>>();
    client.decode(types, pages.into_iter().take(count).collect());
    Ok(())
}
