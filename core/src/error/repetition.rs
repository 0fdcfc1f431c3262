use http::StatusCode;

use super::{ApiError, Cause, Error, ErrorKind, StoreErrorKind};
use crate::effect::TransportErrorKind;

/// The prospects of the same call.
impl Error {
    /// Returns `true` if the same call may succeed later: after a failure of the network or the backend, or with too
    /// many requests.
    ///
    /// Errors of TLS, of client certificates and of a proxy's login are not transient.
    pub fn is_transient(&self) -> bool {
        match self.root() {
            Cause::Transport(error) => !matches!(
                error.kind,
                TransportErrorKind::Tls | TransportErrorKind::ClientCertificate | TransportErrorKind::Proxy
            ),
            Cause::Api(error) => error.meaning.is_transient,
            Cause::Store(error) => error.kind == StoreErrorKind::Unavailable,
            _ => false,
        }
    }

    /// Returns `true` for an error that a feed reports and retries, and an outbox too: if the error
    /// [is transient](Self::is_transient), or one of TLS, as an expired certificate will be renewed, or if the response
    /// is not one of the backend, but the page of a proxy, for instance. Refused credentials (401) do not recover.
    pub fn may_recover(&self) -> bool {
        match self.cause() {
            Cause::Login { cause, .. } => cause.may_recover_in_login(),
            Cause::Transport(cause) if cause.kind == TransportErrorKind::Tls => true,
            // Only a refusal of the protocol ends a feed, and refused credentials.
            Cause::Api(api_error) if !api_error.meaning.is_of_protocol => api_error.status != 401,
            _ => self.is_transient() || self.kind() == ErrorKind::UnexpectedResponse,
        }
    }

    /// Same as [`may_recover`](Self::may_recover) for the error of a login. Each retry is another login, which may lock
    /// the account: so no response that the protocol has read recovers, unless it is transient.
    fn may_recover_in_login(&self) -> bool {
        self.may_recover() && (self.is_transient() || !self.is_read_response())
    }

    /// Returns `true` for a response that the protocol has read: not for the page of a proxy, for instance.
    pub(crate) fn is_read_response(&self) -> bool {
        match self.cause() {
            Cause::Api(error) => error.code.is_some() || error.meaning.is_of_protocol,
            Cause::UnexpectedResponse(response) => response.is_read,
            _ => false,
        }
    }

    /// Returns `true` if the same call would fail again, now and after a restart, until its arguments, the chat or the
    /// permissions of the bot are changed. So a handler logs it, and continues with the next event.
    ///
    /// That is the case if an argument or an image is invalid, if the protocol does not have the operation or an option
    /// of it, and if the server has rejected this request: its chat does not exist or is closed, the bot lacks
    /// permission (403), or its idempotency key belongs to another one.
    ///
    /// It is `false` for [transient](Self::is_transient) errors and `Cancelled`, and for errors that concern more than
    /// this call: unknown credentials (401), failures of TLS, of a proxy, of a login, of a local file or of a store,
    /// and responses that are not those of the backend. A handler returns these.
    ///
    /// ```
    /// use teamwire_core::{Client, Error, Message, Script};
    /// # use teamwire_core::{FeedEvent, script::v1::{expect, respond, sample}};
    ///
    /// /// A handler that does not stop the bot because of one chat.
    /// fn handle(client: &Client<Script>, message: &Message) -> Result<(), Error> {
    ///     match client.chats().chat(&message.tid).post("Seen.") {
    ///         Err(error) if error.is_permanent() => {
    ///             eprintln!("not handled: {error:#}");
    ///             Ok(())
    ///         }
    ///         posted => posted.map(drop),
    ///     }
    /// }
    /// # let script = Script::new()
    /// #     .on(expect::all_message_updates(), [
    /// #         respond::no_updates("k0"),
    /// #         respond::message_updates([sample::message("m1", "c1", "hello")], "k1"),
    /// #     ])
    /// #     .then(expect::post("c1"), respond::closed_chat());
    /// # let client = Client::new(script.clone());
    /// # for event in client.chats().new_messages(None) {
    /// #     if let FeedEvent::Update { item, .. } = event? {
    /// #         handle(&client, &item)?;
    /// #     }
    /// # }
    /// # script.assert_done();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn is_permanent(&self) -> bool {
        match self.cause() {
            Cause::Api(error) => error.is_permanent(),
            Cause::InvalidInput(_) | Cause::Image(_) | Cause::Unsupported { .. } => true,
            Cause::Attachment { cause, .. } => cause.is_permanent(),
            _ => false,
        }
    }

    /// Returns `Ok` for an error of the kind [`Cancelled`](ErrorKind::Cancelled), which is the end of a program that
    /// was asked to stop, and the error otherwise: for the end of `main`.
    ///
    /// ```
    /// use teamwire_core::{Client, Error, Script, StopHandle};
    ///
    /// # fn serve(client: &Client<Script>) -> Result<(), Error> {
    /// #     client.chats().chat("c1").post("Seen.").map(drop)
    /// # }
    /// fn run(client: &Client<Script>, stop: &StopHandle) -> Result<(), Error> {
    ///     serve(&client.stopped_by(stop)).or_else(Error::unless_cancelled)
    /// }
    /// # let stop = StopHandle::new();
    /// # stop.stop();
    /// # run(&Client::new(Script::new()), &stop).expect("the stop is no error");
    /// ```
    ///
    /// # Errors
    ///
    /// This error, unless it is of that kind.
    pub fn unless_cancelled(self) -> Result<(), Self> {
        if self.kind() == ErrorKind::Cancelled { Ok(()) } else { Err(self) }
    }
}

impl ApiError {
    /// Returns `true` for a rejection of the backend, rather than of a proxy, that concerns this request.
    fn is_permanent(&self) -> bool {
        let is_of_backend = self.meaning.is_of_protocol || self.code.is_some();
        let is_login = self.kind == ErrorKind::Auth && self.status != StatusCode::FORBIDDEN;
        is_of_backend && !self.meaning.is_transient && !self.meaning.is_uncertain && !is_login
    }
}
