//! The bot's operations: everything that a process does besides its feeds.

use teamwire_core::{
    Error, ErrorKind,
    effect::{Exchange, Now},
    machine::{Machine, Step},
};

use super::Process;
use crate::{
    disk::PostState,
    environment::{Environment, Owner},
    protocol::RequestKind,
    violation::{SIMULATOR, Violation, violation},
    workload::{Action, Operation},
};

impl Process<'_> {
    pub(crate) fn start_operation(&mut self, env: &mut Environment, action: Action, tid: &'static str) {
        // The result of starting and stopping a share at the same time is undefined. Updating the location does not
        // conflict with either.
        let is_update = matches!(action, Action::UpdateLocation(_));
        let conflicts = |operation: &Operation<'_>| {
            operation.action.affects_shares() && matches!(operation.action, Action::UpdateLocation(_)) == is_update
        };
        if action.affects_shares() && self.operations.values().any(conflicts) {
            return;
        }
        env.log(|| format!("the bot starts {action:?}"));
        let snapshot = if action.needs_snapshot() { self.lobby_snapshots.pop() } else { None };
        let Some(operation) = Operation::new(self.client, self.chats, snapshot, action, tid) else { return };
        let operation = operation.with_known_shares(&self.shares).with_single_attempt(env.scenario.single_attempt);
        self.operations.insert(self.next_operation, operation);
        self.next_operation += 1;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.operations.is_empty()
    }

    pub(super) fn poll_operations(&mut self, env: &mut Environment, now: Now) -> Result<(), Violation> {
        let due = |operation: &Operation<'_>| operation.poll_at.is_some_and(|due| due <= now.moment);
        let due: Vec<usize> =
            self.operations.iter().filter(|(_, operation)| due(operation)).map(|(key, _)| *key).collect();
        for key in due {
            let Some(operation) = self.operations.get_mut(&key) else { continue };
            env.count_step()?;
            match operation.flow.poll(now) {
                Step::Send(ticket, exchange) => {
                    operation.on_request(now, ticket, idempotency_key(&exchange))?;
                    env.log(|| format!("{:?} is sent as {ticket:?}", operation.action));
                    env.send(Owner::Operation(key), ticket, RequestKind::Other, *exchange);
                }
                Step::Sleep(until) => operation.on_sleep(now, until)?,
                Step::Done(result) => {
                    if let Some(operation) = self.operations.remove(&key) {
                        if result.is_ok() {
                            env.succeeded.insert((env.incarnation, key));
                        }
                        self.on_operation_done(env, &operation, &result)?;
                    }
                }
                Step::File(..) => return violation(SIMULATOR, || "an operation requested a file task".into()),
                Step::Event(never) => match never {},
            }
        }
        Ok(())
    }

    fn on_operation_done(
        &mut self,
        env: &mut Environment,
        operation: &Operation<'_>,
        result: &Result<(), Error>,
    ) -> Result<(), Violation> {
        env.log(|| format!("{:?} ended: {result:?}", operation.action));
        let is_shown = operation.action.visible_text().is_none_or(|text| env.server.shows(&text));
        // Without faults, a rate limit only delays operations.
        let is_fault_free = env.scenario.fault_permille == 0 && !env.scenario.single_attempt;
        if let Err(error) = result
            && is_fault_free
            && matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Server)
        {
            return violation("no operation fails because of a rate limit", || {
                format!("{:?}: {error:?}", operation.action)
            });
        }
        let has_new_key = matches!(operation.action, Action::Post(_) | Action::StartSharing(..));
        operation.check_result(result, has_new_key, is_shown)?;
        if let Action::PostPending(number) = operation.action {
            // A rejected post is retried once the cause may be gone.
            let is_retried = result.is_err();
            env.disk.outbox[number].state = if is_retried { PostState::Queued } else { PostState::Done };
        }
        self.update_expected_shares(env, operation, result);
        Ok(())
    }
}

fn idempotency_key(exchange: &Exchange) -> Option<&str> {
    exchange.request.headers().get("idempotency-key").and_then(|key| key.to_str().ok())
}
