use alloc::{boxed::Box, string::String, vec, vec::Vec};
use core::convert::Infallible;

use super::{LoadImage, Uploads};
use crate::{
    effect::Now,
    error::Error,
    flow::{call::Call, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::{Image, Upload},
    protocol::{Attached, EndpointResult, Protocol},
    session::Session,
};

/// Loads the avatar, stores all files, and sends the request that refers to them.
///
/// ```text
///   without files ───────────────────────────────────────────┐
///   LoadingAvatar ──► Storing (avatar first, then the rest) ─┴─► Sending
/// ```
///
/// `R` builds the request from the avatar and the other files.
#[derive(Debug)]
pub(super) struct Post<T, R> {
    state: State<T, R>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a request without files is the usual case; it costs no allocation")]
enum State<T, R> {
    Preparing(Box<Preparation<R>>),
    Sending(Call<T>),
}

#[derive(Debug)]
struct Preparation<R> {
    session: Session,
    request: R,
    key: Option<String>,
    /// The files to store; the avatar is inserted at the front.
    files: Vec<Upload>,
    has_avatar: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    LoadingAvatar(LoadImage),
    Storing(Uploads),
}

impl<T: Send, R> Post<T, R>
where
    R: Fn(&dyn Protocol, Option<&Attached>, &[Attached]) -> EndpointResult<T> + Send,
{
    /// Creates the machine. The request is built with pending files first, so that its arguments are validated before a
    /// file is read.
    pub(super) fn new(
        session: &Session,
        request: R,
        avatar: Option<Image>,
        files: Vec<Upload>,
        key: Option<String>,
    ) -> Self {
        let pending = vec![Attached::Pending; files.len()];
        let unprepared = request(session.protocol(), avatar.as_ref().map(|_| &Attached::Pending), &pending);
        if unprepared.is_err() || (avatar.is_none() && files.is_empty()) {
            return Self { state: State::Sending(session.call(unprepared)) };
        }
        let has_avatar = avatar.is_some();
        let stage = match avatar {
            Some(image) => Stage::LoadingAvatar(LoadImage::new(session, image)),
            None => Stage::Storing(Uploads::new(session, key.as_deref(), &files)),
        };
        let session = session.clone();
        Self { state: State::Preparing(Box::new(Preparation { session, request, key, files, has_avatar, stage })) }
    }
}

impl<T, R> Post<T, R> {
    /// Ends the machine before it is dropped, and returns the outcome that it would have had; `None` if its request has
    /// not been built, or the outcome has been taken.
    pub(super) fn abandon(&mut self) -> Option<Result<T, Error>> {
        match &mut self.state {
            State::Sending(call) => call.abandon(),
            State::Preparing(_) => None,
        }
    }
}

impl<R: Send> Machine for Preparation<R> {
    type Event = Infallible;
    type Output = Vec<Attached>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Vec<Attached>, Error>> {
        loop {
            match &mut self.stage {
                Stage::LoadingAvatar(image) => match ready!(image.poll(now)) {
                    Ok(bytes) => {
                        self.files.insert(0, Upload::jpeg("avatar.jpg", bytes));
                        self.stage = Stage::Storing(Uploads::new(&self.session, self.key.as_deref(), &self.files));
                    }
                    Err(error) => return Step::Done(Err(error)),
                },
                Stage::Storing(uploads) => return uploads.poll(now),
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.stage {
            Stage::LoadingAvatar(image) => image.handle(now, ticket, reply),
            Stage::Storing(uploads) => uploads.handle(now, ticket, reply),
        }
    }
}

impl<T: Send, R> Machine for Post<T, R>
where
    R: Fn(&dyn Protocol, Option<&Attached>, &[Attached]) -> EndpointResult<T> + Send,
{
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<T, Error>> {
        loop {
            match &mut self.state {
                State::Preparing(preparation) => {
                    let prepared = match ready!(preparation.poll(now)) {
                        Ok(prepared) => prepared,
                        Err(error) => return Step::Done(Err(error)),
                    };
                    let (avatar, files) = prepared.split_at(usize::from(preparation.has_avatar));
                    let request = (preparation.request)(preparation.session.protocol(), avatar.first(), files);
                    self.state = State::Sending(preparation.session.call(request));
                }
                State::Sending(call) => return call.poll(now),
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Preparing(preparation) => preparation.handle(now, ticket, reply),
            State::Sending(call) => call.handle(now, ticket, reply),
        }
    }
}
