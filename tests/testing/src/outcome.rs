use http::Response;

/// The end of an exchange.
pub(crate) enum Outcome {
    Response(Response<Vec<u8>>),
    /// The server is down when the exchange begins.
    Refused,
    /// An outage begins during the exchange.
    Cut,
    TimedOut,
}
