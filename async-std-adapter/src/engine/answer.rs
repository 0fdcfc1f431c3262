//! The head of an answer, from when its request begins to leave.

use http::{HeaderMap, header};
use teamwire_core::{Fault, FaultKind};
use ureq_proto::client::{Call, RecvResponseResult, state::RecvResponse};

use super::{
    connection::{Connection, Input},
    deadline::Deadline,
};
use crate::runtime::Runtime;

/// How many provisional answers (1xx) to take before the one that counts.
const MOST_PROVISIONAL: usize = 32;

/// An answer that is to come.
pub(super) struct Awaited {
    call: Call<RecvResponse>,
    provisional: usize,
    head: Option<http::Response<()>>,
}

impl Awaited {
    pub(super) const fn new(call: Call<RecvResponse>) -> Self {
        Self { call, provisional: 0, head: None }
    }

    /// Reads what has arrived. Whether the head of the answer that counts is whole.
    pub(super) fn read(&mut self, input: &mut Input) -> Result<bool, Fault> {
        while self.head.is_none() && !input.is_empty() {
            let (used, head) = self.call.try_response(input.unread(), false).map_err(not_http)?;
            input.consume(used);
            self.head = head;
            if self.head.is_some() {
                break;
            }
            if used == 0 {
                if input.is_full() {
                    return Err(Fault::new(FaultKind::TooLarge, "the head alone is longer than 64 KB"));
                }
                break;
            }
            self.provisional += 1;
            if self.provisional > MOST_PROVISIONAL {
                return Err(not_http("provisional answers, and no end of them"));
            }
        }
        Ok(self.head.is_some())
    }

    /// Whether the server has said to go on.
    pub(super) const fn is_encouraged(&self) -> bool {
        self.provisional > 0
    }

    /// Waits for the head of the answer that counts.
    pub(super) async fn receive<R: Runtime>(
        &mut self,
        connection: &mut Connection<R::Stream>,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<(), Fault> {
        while !self.read(&mut connection.input)? {
            match connection.receive(deadline).await? {
                Ok(0) if connection.input.is_empty() => return Err(lost("closed by the server without an answer")),
                Ok(0) => return Err(lost("closed by the server within the head of its answer")),
                Ok(_) => {}
                Err(error) => return Err(lost(error)),
            }
        }
        Ok(())
    }

    /// The head of the answer that counts, and what the protocol does next.
    pub(super) fn proceed(self) -> Result<(http::Response<()>, RecvResponseResult), Fault> {
        self.head.zip(self.call.proceed()).ok_or_else(|| not_http("its head has no end"))
    }
}

/// Whether nobody on the way can have read another length out of this head (RFC 9112, section 6.1).
pub(super) fn is_clear(headers: &HeaderMap) -> bool {
    match headers.get(header::TRANSFER_ENCODING) {
        Some(coding) => {
            coding.as_bytes().eq_ignore_ascii_case(b"chunked") && !headers.contains_key(header::CONTENT_LENGTH)
        }
        None => true,
    }
}

pub(super) fn lost(why: impl ToString) -> Fault {
    Fault::new(FaultKind::Lost, why.to_string())
}

pub(super) fn not_http(why: impl ToString) -> Fault {
    Fault::new(FaultKind::Protocol, why.to_string())
}
