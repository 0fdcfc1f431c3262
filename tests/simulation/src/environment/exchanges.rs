//! The exchanges of an environment: requests on their way to the server, and replies on their way back.

use std::time::Duration;

use http::Request;
use teamwire_core::{
    effect::Exchange,
    machine::{Reply, Ticket},
};

use super::{
    Environment, Event,
    in_flight::{InFlight, Owner},
};
use crate::{
    network::{self, Delivery, Loss},
    protocol::{InterpretedReply, RequestKind},
    server::ServerResponse,
    violation::{Violation, violation},
};

impl Environment {
    /// Sends a request, with a random delivery.
    pub(crate) fn send(&mut self, owner: Owner, ticket: Ticket, kind: RequestKind, exchange: Exchange) {
        let fault_permille = if self.in_fault_phase { self.scenario.fault_permille } else { 0 };
        let max_latency_ms = if self.in_fault_phase { self.scenario.max_latency_ms } else { 30 };
        let (request_latency, response_latency) =
            (self.random.millis(0..=max_latency_ms), self.random.millis(0..=max_latency_ms));
        let mut delivery = Delivery::draw(&mut self.random, fault_permille);
        if matches!(delivery, Delivery::UnknownSubscription)
            && !matches!(kind, RequestKind::Poll { subscription: Some(_), .. })
        {
            delivery = Delivery::Intact;
        }
        if self.is_down {
            delivery = *self.random.pick(&[
                Delivery::ConnectionRefused,
                Delivery::RequestLost(Loss::Silent),
                Delivery::RequestLost(Loss::Noticed),
            ]);
        }
        let timeout = exchange.timeout.max_idle();
        let times_out_at = self.clock + timeout;
        let id = self.exchanges.len();
        let (parts, body) = exchange.request.into_parts();
        let body = body.as_bytes().expect("no operation of the workload sends files").to_vec();
        let mut request = Request::from_parts(parts, body);
        self.defect.alter_request(&mut request, id);
        let request = Some(request);
        let incarnation = self.incarnation;
        let in_flight = InFlight {
            incarnation,
            owner,
            ticket,
            is_awaited: true,
            is_abandoned: false,
            kind,
            request,
            delivery,
            response_latency,
            times_out_at,
        };
        self.exchanges.push(in_flight);
        self.schedule_at(times_out_at, Event::TimesOut(id));
        match delivery {
            Delivery::ConnectionRefused => self.schedule_reply(request_latency, id, network::connection_refused()),
            Delivery::RequestLost(Loss::Silent) => {}
            Delivery::RequestLost(loss) => self.schedule_reply(request_latency, id, network::connection_lost(loss)),
            Delivery::RequestDelayed(loss, time) => {
                if loss != Loss::Silent {
                    self.schedule_reply(request_latency, id, network::connection_lost(loss));
                }
                self.schedule_after(request_latency + time, Event::RequestArrives(id));
            }
            Delivery::Gateway(gateway, false) => {
                self.schedule_reply(request_latency + response_latency, id, gateway.reply(self.utc()));
            }
            _ => self.schedule_after(request_latency, Event::RequestArrives(id)),
        }
    }

    fn schedule_reply(&mut self, after: Duration, id: usize, mut reply: InterpretedReply) {
        if let Reply::Response(response) = &mut reply.reply {
            self.defect.alter_reply(response);
        }
        self.schedule_after(after, Event::ReplyArrives(id, Box::new(reply)));
    }

    /// Handles the arrival of a request at the server.
    pub(crate) fn on_request(&mut self, id: usize) -> Result<(), Violation> {
        let exchange = &mut self.exchanges[id];
        let Some(mut request) = exchange.request.take() else { return Ok(()) };
        if matches!(exchange.delivery, Delivery::UnknownSubscription) {
            let uri = request.uri().to_string().replace("subscription=", "subscription=x");
            if let Ok(uri) = uri.parse() {
                *request.uri_mut() = uri;
            }
        }
        if self.scenario.disables_long_polls {
            let uri = request.uri().to_string().replace("wait=", "wait=0&was=");
            if let Ok(uri) = uri.parse() {
                *request.uri_mut() = uri;
            }
        }
        let reply_time = self.clock + exchange.response_latency;
        if let Some(response) = self.server.handle(self.clock, reply_time, id, request)? {
            self.check_late_attempt(id, response.had_effect)?;
            self.on_response(id, response);
        }
        Ok(())
    }

    /// Checks that an attempt which arrives after its operation has succeeded has no effect, so that it cannot undo
    /// later changes.
    fn check_late_attempt(&self, id: usize, had_effect: bool) -> Result<(), Violation> {
        let InFlight { incarnation, owner, .. } = self.exchanges[id];
        match owner {
            Owner::Operation(key) if had_effect && self.succeeded.contains(&(incarnation, key)) => {
                violation("a late attempt of a successful operation has no effect", || {
                    format!("{owner:?} of incarnation {incarnation}")
                })
            }
            _ => Ok(()),
        }
    }

    /// Resumes the server's parked polls, and sends the responses of those that are complete.
    pub(crate) fn resume_polls(&mut self) {
        for (id, response) in self.server.resume_polls(self.clock) {
            self.on_response(id, response);
        }
    }

    fn on_response(&mut self, id: usize, ServerResponse { mut response, position, .. }: ServerResponse) {
        self.defect.alter_response(&mut response);
        if self.is_down {
            return;
        }
        let InFlight { ref kind, delivery, response_latency, times_out_at, .. } = self.exchanges[id];
        let reply = match delivery {
            Delivery::ResponseLost(Loss::Silent) | Delivery::RequestDelayed(..) => return,
            Delivery::ResponseLost(loss) => network::connection_lost(loss),
            Delivery::Gateway(gateway, _) => gateway.reply(self.utc()),
            Delivery::Truncated | Delivery::TruncatedUnnoticed => {
                network::truncate(response, kind, matches!(delivery, Delivery::Truncated), position)
            }
            Delivery::CorruptBatch(corruption, index_seed) => {
                network::corrupt_batch(response, kind, corruption, index_seed, position)
            }
            Delivery::MalformedProblem => network::malform_problem(response, kind, position),
            Delivery::Undecodable(with_cursor) => network::with_undecodable_item(response, kind, with_cursor, position),
            _ => InterpretedReply::from_response(kind, response, position),
        };
        match delivery {
            Delivery::Duplicated => {
                self.schedule_reply(response_latency, id, reply.clone());
                self.schedule_reply(response_latency * 2, id, reply);
            }
            Delivery::AfterTimeout => {
                let delay = times_out_at.saturating_sub(self.clock) + response_latency;
                self.schedule_reply(delay, id, reply);
            }
            _ => self.schedule_reply(response_latency, id, reply),
        }
    }

    /// Marks the exchange as no longer awaited. Returns `true` if it was awaited.
    pub(crate) fn stop_awaiting(&mut self, id: usize) -> bool {
        std::mem::replace(&mut self.exchanges[id].is_awaited, false)
    }

    /// Returns the reply if it is to reach other machines first.
    pub(crate) fn misrouted(&self, id: usize, reply: &InterpretedReply) -> Option<Reply> {
        matches!(self.exchanges[id].delivery, Delivery::Misrouted).then(|| reply.reply.clone())
    }

    /// Abandons exchanges: their replies do not arrive any more.
    pub(crate) fn abandon(&mut self, which: impl Fn(&InFlight) -> bool) {
        for exchange in self.exchanges.iter_mut().filter(|exchange| which(exchange)) {
            (exchange.is_awaited, exchange.is_abandoned) = (false, true);
        }
        let exchanges = &self.exchanges;
        self.server.drop_parked(|exchange| exchanges[exchange].is_abandoned);
    }

    /// Stops awaiting the exchanges of a stopped feed. Their replies may still arrive.
    pub(crate) fn on_feed_stopped(&mut self, key: usize) {
        self.log(|| format!("{:?} is stopped", Owner::Feed(key)));
        let incarnation = self.incarnation;
        for exchange in
            self.exchanges.iter_mut().filter(|it| it.incarnation == incarnation && it.owner == Owner::Feed(key))
        {
            exchange.is_awaited = false;
        }
    }
}
