//! Error responses: `application/problem+json` (RFC 9457) with a `code`, or an intermediary's.

use alloc::string::String;
use core::ops::RangeInclusive;

use http::StatusCode;

use super::{
    code,
    ids::MAX_IDS,
    json::{Decode, Json},
};
use crate::{
    error::{ErrorKind, Signal},
    protocol::{
        Refusal, ResponseReader,
        content::{PROBLEM, media_type},
        refusal::{is_transient, is_uncertain},
    },
};

/// Maximum number of invalid members to keep: a request has up to three lists of ids.
const MAX_INVALID_MEMBERS: usize = 3 * MAX_IDS;
/// Maximum length of a code.
const MAX_CODE_BYTES: usize = 64;

/// The codes of the contract and their statuses. Only these combinations affect decisions.
const CODES: [(&str, &[RangeInclusive<u16>]); 22] = [
    (code::AUTH, &[401..=401, 403..=403]),
    (code::CLOSE_CHAT_NOT_ALLOWED, &[403..=403]),
    (code::CONFLICT, &[409..=409]),
    (code::CURSOR_EXPIRED, &[410..=410]),
    (code::IDEMPOTENCY_MISMATCH, &[422..=422]),
    (code::IMAGE_LOAD, &[404..=404, 422..=422]),
    (code::IMAGE_REMOVE, &[403..=403]),
    (code::IN_PROGRESS, &[409..=409]),
    (code::INVALID_MEMBERS, &[422..=422]),
    (code::INVALID_REQUEST, &[400..=400, 422..=422]),
    (code::LEASE_EXPIRED, &[409..=409]),
    (code::LEAVE_CHAT_NOT_ALLOWED, &[403..=403]),
    (code::METHOD_NOT_ALLOWED, &[405..=405]),
    (code::NOT_FOUND, &[404..=404]),
    (code::PAYLOAD_TOO_LARGE, &[413..=413]),
    (code::RANGE_NOT_SATISFIABLE, &[416..=416]),
    (code::RATE_LIMITED, &[429..=429]),
    (code::READ_RECEIPTS_DISABLED, &[403..=403]),
    (code::SERVER, &[500..=599]),
    (code::UNSUBSCRIBED, &[410..=410]),
    (code::UNSUPPORTED_MEDIA_TYPE, &[415..=415]),
    (code::UPDATE_MEMBERS_NOT_ALLOWED, &[403..=403]),
];

/// Returns the statuses of a code; `None` if it is not in the contract.
fn statuses(code: &str) -> Option<&'static [RangeInclusive<u16>]> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, statuses)| *statuses)
}

/// The members of a problem document of the contract. Each is decoded separately, so a malformed one is only left out.
struct Problem<'a> {
    code: String,
    title: Option<String>,
    detail: Option<String>,
    request_id: Option<String>,
    invalid_members: Option<Json<'a>>,
}

impl<'a> Problem<'a> {
    /// Returns `None` for anything else, such as a gateway's page or JSON: another media type, no code, or a code of
    /// the contract with the wrong status.
    fn read(reader: &'a ResponseReader<'_>) -> Option<Self> {
        if media_type(reader.headers()).as_deref() != Some(PROBLEM) {
            return None;
        }
        let names = ["code", "title", "detail", "request_id", "invalid_members"];
        let [code, title, detail, request_id, invalid_members] =
            Json::possibly_cut(reader.body())?.members(names).ok()?;
        let code = code.value().or_else(|| Json::find_in_malformed(reader.body(), "code"))?;
        let code = String::decode(code).ok().filter(|code| is_code(code))?;
        let status = reader.status().as_u16();
        if statuses(&code).is_some_and(|all| !all.iter().any(|it| it.contains(&status))) {
            return None;
        }
        Some(Self {
            code,
            title: title.optional(),
            detail: detail.optional(),
            request_id: request_id.optional(),
            invalid_members: invalid_members.value(),
        })
    }
}

/// Returns `true` for a possible code, including those of later versions of the contract: lower case with underscores.
fn is_code(code: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Decodes a problem document of the contract; `None` for any other response.
pub(super) fn refusal(reader: &ResponseReader<'_>) -> Option<Refusal> {
    let Problem { code, title, detail, request_id, invalid_members } = Problem::read(reader)?;
    let (status, kind) = (reader.status(), kind_of_code(&code));
    let ids = invalid_members.and_then(Json::items).into_iter().flatten();
    let ids = ids.filter_map(|id| String::decode(id).ok()).take(MAX_INVALID_MEMBERS);
    let mut refusal = Refusal::new(kind)
        .transient(is_transient(status))
        .uncertain(kind == ErrorKind::Server && is_uncertain(status))
        .invalid_members(ids);
    match code.as_str() {
        code::IN_PROGRESS if status == StatusCode::CONFLICT => refusal = refusal.in_progress(),
        code::LEASE_EXPIRED => refusal = refusal.signal(Signal::LeaseExpired),
        code::UNSUBSCRIBED => refusal = refusal.signal(Signal::Unsubscribed),
        code::CURSOR_EXPIRED => refusal = refusal.signal(Signal::CursorExpired),
        _ => {}
    }
    refusal = if statuses(&code).is_some() { refusal.code(code) } else { refusal.unknown_code(code) };
    if let Some(text) = detail.or(title) {
        refusal = refusal.message(text);
    }
    Some(match request_id {
        Some(id) => refusal.request_id(id),
        None => refusal,
    })
}

fn kind_of_code(code: &str) -> ErrorKind {
    match code {
        code::AUTH => ErrorKind::Auth,
        code::NOT_FOUND => ErrorKind::NotFound,
        code::INVALID_MEMBERS => ErrorKind::InvalidMembers,
        code::UPDATE_MEMBERS_NOT_ALLOWED => ErrorKind::UpdateMembersNotAllowed,
        code::LEAVE_CHAT_NOT_ALLOWED => ErrorKind::LeaveChatNotAllowed,
        code::CLOSE_CHAT_NOT_ALLOWED => ErrorKind::CloseChatNotAllowed,
        code::READ_RECEIPTS_DISABLED => ErrorKind::ReadReceiptsDisabled,
        code::IMAGE_LOAD => ErrorKind::ImageLoad,
        code::IMAGE_REMOVE => ErrorKind::ImageRemove,
        code::RATE_LIMITED => ErrorKind::RateLimited,
        code::CONFLICT => ErrorKind::Conflict,
        code::IDEMPOTENCY_MISMATCH => ErrorKind::IdempotencyMismatch,
        code::INVALID_REQUEST
        | code::METHOD_NOT_ALLOWED
        | code::PAYLOAD_TOO_LARGE
        | code::RANGE_NOT_SATISFIABLE
        | code::UNSUPPORTED_MEDIA_TYPE => ErrorKind::InvalidRequest,
        _ => ErrorKind::Server,
    }
}
