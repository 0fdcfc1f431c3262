//! Bodies of requests and responses.

use std::{
    io,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncSeekExt, ReadBuf, SeekFrom},
};

use crate::world::Payload;

/// The client has disconnected or sent invalid HTTP, or an outage has cut the connection.
#[derive(Debug)]
pub(crate) struct ClientGone;

/// Returns the next chunk of a body, or `None` at its end.
pub(crate) async fn next_chunk(body: &mut Incoming) -> Result<Option<Bytes>, ClientGone> {
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame.map_err(|_| ClientGone)?.into_data() {
            return Ok(Some(chunk));
        }
    }
    Ok(None)
}

/// Reads a body of at most `limit` bytes. The rest of a larger body is not read.
pub(crate) async fn read(body: &mut Incoming, limit: u64) -> Result<Payload, ClientGone> {
    if body.size_hint().lower() > limit {
        return Ok(Payload::TooLarge);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while let Some(chunk) = next_chunk(body).await? {
        if bytes.len() + chunk.len() > limit {
            return Ok(Payload::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Payload::Whole(bytes))
}

/// The body of a response, from memory or from a file.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    Bytes(Option<Bytes>),
    File { file: File, remaining: u64 },
}

impl ResponseBody {
    pub(crate) fn bytes(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty()))
    }

    /// Bytes that are part of the program.
    pub(crate) fn fixed(bytes: &'static [u8]) -> Self {
        Self::Bytes(Some(Bytes::from_static(bytes)).filter(|bytes| !bytes.is_empty()))
    }

    /// Streams `length` bytes of a file, starting at `from`.
    pub(crate) async fn file(path: &Path, from: u64, length: u64) -> io::Result<Self> {
        let mut file = File::open(path).await?;
        file.seek(SeekFrom::Start(from)).await?;
        Ok(Self::File { file, remaining: length })
    }
}

/// The number of bytes read from a file at once.
const CHUNK_SIZE: u64 = 64 * 1024;

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Bytes(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::File { remaining: 0, .. } => Poll::Ready(None),
            Self::File { file, remaining } => {
                let mut chunk = vec![0; usize::try_from(CHUNK_SIZE.min(*remaining)).unwrap_or(0)];
                let mut buffer = ReadBuf::new(&mut chunk);
                if Pin::new(file).poll_read(cx, &mut buffer)?.is_pending() {
                    return Poll::Pending;
                }
                let read = buffer.filled().len();
                if read == 0 {
                    return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
                }
                chunk.truncate(read);
                *remaining = remaining.saturating_sub(u64::try_from(read).unwrap_or(0));
                Poll::Ready(Some(Ok(Frame::data(chunk.into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Bytes(None) | Self::File { remaining: 0, .. })
    }

    fn size_hint(&self) -> SizeHint {
        let size = match self {
            Self::Bytes(bytes) => u64::try_from(bytes.as_ref().map_or(0, Bytes::len)).unwrap_or(0),
            Self::File { remaining, .. } => *remaining,
        };
        SizeHint::with_exact(size)
    }
}
