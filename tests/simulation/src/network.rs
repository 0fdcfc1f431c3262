//! A hostile network, which decides how each exchange is delivered.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use teamwire_core::{
    effect::{TransportError, TransportErrorKind},
    machine::Reply,
};

use super::{
    defect::{edit_items, edit_json},
    protocol::{InterpretedReply, Meaning, RequestKind},
    random::Random,
};

/// The delivery of one exchange.
#[derive(Clone, Copy, Debug)]
pub(super) enum Delivery {
    /// Request and response arrive.
    Intact,
    /// No connection is established.
    ConnectionRefused,
    /// The connection is lost before the request arrives.
    RequestLost(Loss),
    /// The connection is lost after the request has arrived.
    ResponseLost(Loss),
    /// The response is truncated, and the client notices.
    Truncated,
    /// The response is truncated, but looks complete.
    TruncatedUnnoticed,
    /// The response arrives twice.
    Duplicated,
    /// The response arrives after the client has timed out.
    AfterTimeout,
    /// The response reaches other machines first.
    Misrouted,
    /// A gateway responds; true if the request has reached the server.
    Gateway(GatewayResponse, bool),
    /// The server does not know the subscription.
    UnknownSubscription,
    /// An item of the response cannot be decoded; true if its cursor can.
    Undecodable(bool),
    /// The request is delayed, and arrives long after the client has seen it fail.
    RequestDelayed(Loss, Duration),
    /// An item of a batch is corrupt, or its cursor; the number selects the item.
    CorruptBatch(Corruption, u64),
    /// A problem document has members that violate the contract.
    MalformedProblem,
}

/// The corruption of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Corruption {
    /// An item cannot be decoded.
    UndecodableItem,
    /// An item has no cursor.
    MissingCursor,
    /// An item has an empty cursor.
    EmptyCursor,
    /// An item has the cursor of the next one.
    SharedCursor,
    /// The batch has an empty cursor.
    EmptyBatchCursor,
}

/// The way in which the client sees that a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The client notices at once.
    Noticed,
    /// The client notices at once, on a connection that had been idle.
    StaleConnection,
    /// The client only sees a timeout.
    Silent,
}

/// The response of a gateway between client and server.
#[derive(Clone, Copy, Debug)]
pub(super) struct GatewayResponse {
    status: u16,
    retry_after: Option<u64>,
    as_date: bool,
    is_json: bool,
}

impl Delivery {
    pub(super) fn draw(random: &mut Random, fault_permille: u64) -> Self {
        if !random.chance(fault_permille) {
            return Self::Intact;
        }
        let loss = *random.pick(&[Loss::Noticed, Loss::StaleConnection, Loss::Silent]);
        match random.below(24) {
            0 => Self::ConnectionRefused,
            1 => Self::RequestLost(loss),
            2..=4 => Self::ResponseLost(loss),
            5 => Self::Truncated,
            6 => Self::TruncatedUnnoticed,
            7 => Self::Duplicated,
            8 => Self::AfterTimeout,
            9 => Self::Misrouted,
            10 | 11 => Self::Gateway(GatewayResponse::draw(random, &[429, 429, 500, 502, 503, 504, 408]), false),
            12 => Self::Gateway(GatewayResponse::draw(random, &[500, 502, 504]), true),
            13 => Self::UnknownSubscription,
            14..=17 => Self::RequestDelayed(loss, random.millis(1_000..=90_000)),
            18..=20 => {
                use Corruption::{EmptyBatchCursor, EmptyCursor, MissingCursor, SharedCursor, UndecodableItem};
                Self::CorruptBatch(
                    *random.pick(&[UndecodableItem, MissingCursor, EmptyCursor, SharedCursor, EmptyBatchCursor]),
                    random.next(),
                )
            }
            21 => Self::MalformedProblem,
            22 => Self::Gateway(GatewayResponse::draw_page(random), false),
            _ => Self::Undecodable(random.chance(700)),
        }
    }
}

impl GatewayResponse {
    fn draw(random: &mut Random, statuses: &[u16]) -> Self {
        let retry_after = *random.pick(&[None, Some(0), Some(1), Some(5), Some(20)]);
        Self { status: *random.pick(statuses), retry_after, as_date: random.chance(300), is_json: random.chance(500) }
    }

    /// Draws an HTML page or JSON whose status has another meaning in the contract.
    fn draw_page(random: &mut Random) -> Self {
        Self { retry_after: None, is_json: random.chance(400), ..Self::draw(random, &[403, 404, 409, 410, 501]) }
    }

    pub(super) fn reply(self, utc: DateTime<Utc>) -> InterpretedReply {
        let body = if self.is_json {
            // The codes are the contract's, but the media type is not that of a problem document.
            let code = match self.status {
                403 => "auth",
                404 => "not_found",
                409 => "lease_expired",
                410 if self.as_date => "unsubscribed",
                410 => "cursor_expired",
                429 => "rate_limited",
                _ => "server",
            };
            json!({ "status": self.status, "code": code, "title": "unavailable" }).to_string()
        } else {
            "<html>Bad gateway</html>".into()
        };
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = StatusCode::from_u16(self.status).expect("the status is valid");
        let media_type = if self.is_json { "application/json" } else { "text/html" };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        let requested = self.retry_after.map(Duration::from_secs);
        if let Some(seconds) = self.retry_after {
            let headers = response.headers_mut();
            headers.insert(header::DATE, http_date(utc));
            let after = TimeDelta::seconds(i64::try_from(seconds).unwrap_or_default());
            let value = if self.as_date { http_date(utc + after) } else { HeaderValue::from(seconds) };
            headers.insert(header::RETRY_AFTER, value);
        }
        InterpretedReply::corrupted(response, requested)
    }
}

fn http_date(utc: DateTime<Utc>) -> HeaderValue {
    let date = utc.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(date).expect("dates are ASCII")
}

pub(super) fn connection_lost(loss: Loss) -> InterpretedReply {
    InterpretedReply::from_fault(
        TransportError::new(TransportErrorKind::Disconnected, "the connection broke")
            .with_sent(true)
            .with_reused(loss == Loss::StaleConnection),
    )
}

pub(super) fn connection_refused() -> InterpretedReply {
    InterpretedReply::from_fault(TransportError::new(TransportErrorKind::Connect, "no route to host"))
}

pub(super) fn timed_out() -> InterpretedReply {
    InterpretedReply::from_fault(TransportError::new(TransportErrorKind::Timeout, "timed out").with_sent(true))
}

/// Truncates a response.
pub(super) fn truncate(
    mut response: Response<Vec<u8>>,
    kind: &RequestKind,
    is_noticed: bool,
    position: usize,
) -> InterpretedReply {
    if response.body().len() < 2 {
        return InterpretedReply::from_response(kind, response, position);
    }
    let half = response.body().len() / 2;
    if is_noticed {
        let fault = TransportError::new(TransportErrorKind::Disconnected, "the response was truncated")
            .with_sent(true)
            .with_received(half as u64)
            .with_reused(true);
        return InterpretedReply::from_fault(fault);
    }
    // A truncated rejection would still have its status, which is tested elsewhere.
    if !response.status().is_success() {
        return InterpretedReply::from_response(kind, response, position);
    }
    response.body_mut().truncate(half);
    if matches!(kind, RequestKind::Poll { cursor: Some(_), .. }) && has_complete_item(response.body()) {
        // The items before the cut are delivered.
        return InterpretedReply { reply: Reply::Response(response), meaning: Meaning::FullBatch(position) };
    }
    InterpretedReply::corrupted(response, None)
}

/// Returns `true` if the first item of a truncated batch is complete.
fn has_complete_item(body: &[u8]) -> bool {
    const ITEMS: &[u8] = b"\"items\":[";
    let Some(at) = body.windows(ITEMS.len()).position(|window| window == ITEMS) else { return false };
    let mut items = serde_json::Deserializer::from_slice(&body[at + ITEMS.len()..]).into_iter::<Value>();
    items.next().is_some_and(|item| item.is_ok())
}

/// Makes the first item of a response undecodable.
pub(super) fn with_undecodable_item(
    mut response: Response<Vec<u8>>,
    kind: &RequestKind,
    with_cursor: bool,
    position: usize,
) -> InterpretedReply {
    if let (RequestKind::Poll { .. }, true) = (kind, response.status().is_success()) {
        let body = String::from_utf8(std::mem::take(response.body_mut())).unwrap_or_default();
        let body = if with_cursor {
            body.replacen("\"kind\":\"message\"", "\"kind\":\"mystery\"", 1)
                .replacen("\"kind\":\"reaction\"", "\"kind\":\"mystery\"", 1)
                .replacen("\"mid\":\"", "\"mid\":[],\"was\":\"", position.is_multiple_of(2).into())
        } else {
            body.replacen("\"items\":[{\"cursor\":", "\"items\":[{\"kursor\":", 1)
        };
        *response.body_mut() = body.into_bytes();
    }
    InterpretedReply::from_response(kind, response, position)
}

/// Corrupts a batch.
pub(super) fn corrupt_batch(
    mut response: Response<Vec<u8>>,
    kind: &RequestKind,
    corruption: Corruption,
    index_seed: u64,
    position: usize,
) -> InterpretedReply {
    if !matches!(kind, RequestKind::Poll { cursor: Some(_), .. }) || !response.status().is_success() {
        return InterpretedReply::from_response(kind, response, position);
    }
    if corruption == Corruption::EmptyBatchCursor {
        let mut is_empty = true;
        edit_json(response.body_mut(), |json| {
            json["cursor"] = "".into();
            is_empty = json["items"].as_array().is_none_or(Vec::is_empty);
        });
        // Without the batch's cursor, the feed continues from the cursor of its last item.
        return if is_empty {
            InterpretedReply::corrupted(response, None)
        } else {
            InterpretedReply::from_response(kind, response, position)
        };
    }
    edit_items(response.body_mut(), |items| {
        let Some(index) =
            usize::try_from(index_seed % (items.len().max(1) as u64)).ok().filter(|index| *index < items.len())
        else {
            return;
        };
        // A hidden item is not delivered, nor is its cursor. So the item after it has to keep its own cursor.
        let follows_hidden_item = index > 0 && items[index - 1]["data"]["deleted"] == true;
        match corruption {
            _ if follows_hidden_item => {}
            Corruption::UndecodableItem => items[index]["kind"] = "mystery".into(),
            Corruption::MissingCursor => {
                items[index]["kursor"] = items[index]["cursor"].take();
                items[index].as_object_mut().map(|item| item.remove("cursor"));
            }
            Corruption::EmptyCursor => items[index]["cursor"] = "".into(),
            Corruption::SharedCursor if index + 1 < items.len() => {
                items[index]["cursor"] = items[index + 1]["cursor"].clone();
            }
            Corruption::SharedCursor | Corruption::EmptyBatchCursor => {}
        }
    });
    InterpretedReply::from_response(kind, response, position)
}

/// Adds members that violate the contract to a problem document.
pub(super) fn malform_problem(
    mut response: Response<Vec<u8>>,
    kind: &RequestKind,
    position: usize,
) -> InterpretedReply {
    if !response.status().is_success() {
        edit_json(response.body_mut(), |json| {
            json["invalid_members"] = Value::Null;
            json["errors"] = json!({ "0": null });
            json["title"] = json!(["gone"]);
            json["detail"] = json!(7);
            json["status"] = "a status".into();
        });
    }
    InterpretedReply::from_response(kind, response, position)
}
