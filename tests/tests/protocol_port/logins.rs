//! The login: before the first request, and again after an expiry.

use teamwire_core::{
    Client, ErrorKind, FeedOptions,
    config::RetryPolicy,
    machine::{Feed, Machine, Step},
    script::{Expect, Respond, Script, sample},
};
use teamwire_tests::TokenProtocol;

use crate::support::{
    FIRST, POST, SECOND, at, by_hand, config, ends, expect_login, expect_post, expired, expired_reply, logins, post,
    posted, posted_reply, response, script, sends, token, token_reply,
};

#[test]
fn first_request_logs_in_first() {
    let script = script()
        .then(
            expect_login().json(sample::json(r#"{"app_id": "app-7f3a", "secret": "s3cr3t-of-the-bot"}"#)),
            token(FIRST),
        )
        .then(expect_post(FIRST), posted())
        .then(expect_post(FIRST), posted());
    post(&script).expect("it is posted");
    post(&script).expect("it is posted with the same token");
    script.assert_done();
    assert_eq!(script.requests()[0].header("authorization"), None, "the login has no token yet");
}

#[test]
fn protocol_without_login_sends_its_credentials() {
    let protocol = TokenProtocol { without_login: true, ..TokenProtocol::default() };
    let basic = "Basic YXBwLTdmM2E6czNjcjN0LW9mLXRoZS1ib3Q=";
    let post_with = || Expect::post(POST).header("authorization", basic);
    let script = Script::with_config(config(protocol)).then(post_with(), posted()).then(post_with(), expired());
    post(&script).expect("it is posted");
    let error = post(&script).expect_err("there is no login that could be renewed");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some(TokenProtocol::EXPIRED)));
    script.assert_done();
}

#[test]
fn expired_login_is_renewed_once_and_the_request_repeated() {
    // Neither a request that is sent once nor a policy without retries prevents it: nothing was done.
    for posts_once in [false, true] {
        for policy in [RetryPolicy::default(), RetryPolicy::NEVER] {
            let config = config(TokenProtocol { posts_once, ..TokenProtocol::default() }).with_retry(policy);
            let script = Script::with_config(config)
                .then(expect_login(), token(FIRST))
                .then(expect_post(FIRST), posted())
                .then(expect_post(FIRST), expired())
                .then(expect_login(), token(SECOND))
                .then(expect_post(SECOND), posted());
            post(&script).expect("it is posted");
            post(&script).expect("it is posted with a new token");
            script.assert_done();
            let requests = script.requests();
            let [refused, repeated] = [2, 4].map(|at| requests[at].header("idempotency-key"));
            assert_eq!((refused, refused.is_some()), (repeated, !posts_once), "it is the same request");
        }
    }
}

#[test]
fn second_expiry_ends_the_operation() {
    for posts_once in [false, true] {
        let script = Script::with_config(config(TokenProtocol { posts_once, ..TokenProtocol::default() }))
            .then(expect_login(), token(FIRST))
            .then(expect_post(FIRST), expired())
            .then(expect_login(), token(SECOND))
            .then(expect_post(SECOND), expired())
            // The new token is good: the server refuses that post.
            .then(expect_post(SECOND), posted());
        let error = post(&script).expect_err("it is refused twice");
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some(TokenProtocol::EXPIRED)));
        assert!(!error.outcome_unknown(), "nothing was done");
        post(&script).expect("a later operation uses the new token");
        script.assert_done();
    }
}

#[test]
fn invalid_token_of_a_renewal_is_renewed_by_the_next_operation() {
    let script = script()
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), expired())
        .then(expect_login(), token(SECOND))
        .then(expect_post(SECOND), expired())
        .then(expect_post(SECOND), expired())
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), posted());
    post(&script).expect_err("the server accepts no token");
    post(&script).expect("the server accepts the third token");
    script.assert_done();
}

#[test]
fn expiry_that_is_transient_renews_the_login_once() {
    let refused = || Respond::problem(401, TokenProtocol::EXPIRED_FOR_NOW);
    let script = script()
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), refused())
        .then(expect_login(), token(SECOND))
        .then(expect_post(SECOND), refused());
    assert_eq!(post(&script).expect_err("the server accepts no token").kind(), ErrorKind::Auth);
    script.assert_done();
}

#[test]
fn refusal_of_an_old_token_keeps_the_new_one() {
    let client = by_hand(config(TokenProtocol::default()));
    let chat = client.chats().chat("c1");
    let [mut slow, mut quick, mut later] = [(); 3].map(|()| chat.post("hello"));
    let (login, _) = sends(&mut slow, at(0), TokenProtocol::LOGIN);
    slow.handle(at(0), login, token_reply(FIRST));
    let (slow_post, with) = sends(&mut slow, at(0), POST);
    assert_eq!(with.as_deref(), Some(FIRST));
    let (ticket, _) = sends(&mut quick, at(0), POST);
    quick.handle(at(0), ticket, expired_reply());
    let (login, _) = sends(&mut quick, at(0), TokenProtocol::LOGIN);
    quick.handle(at(0), login, token_reply(SECOND));
    // Only now comes the refusal of the first token.
    slow.handle(at(1), slow_post, expired_reply());
    for flow in [&mut slow, &mut quick, &mut later] {
        let (ticket, with) = sends(flow, at(1), POST);
        assert_eq!(with.as_deref(), Some(SECOND));
        flow.handle(at(1), ticket, posted_reply());
        ends(flow, at(1)).expect("it is posted");
    }
}

#[test]
fn best_effort_request_neither_logs_in_nor_renews() {
    let lease = || Respond::json(200, sample::json(r#"{"id": "s1", "cursor": "c"}"#));
    let subscription = "/v1/reactions/subscriptions";
    let refused = script()
        .then(expect_login(), token(FIRST))
        .then(Expect::put(subscription), lease())
        .then(Expect::delete(format!("{subscription}/s1")), expired());
    let client = Client::new(refused.clone());
    let mut feed = client.chats().reaction_updates(FeedOptions::default());
    feed.next().expect("it starts").expect("it has subscribed");
    feed.stop();
    assert!(feed.next().is_none(), "it has ended");
    refused.assert_done();

    assert_eq!(logins(&refused.requests()), 1);
}

#[test]
fn stopped_feed_without_a_token_sends_nothing() {
    let client = by_hand(config(TokenProtocol::default()));
    let chat = client.chats().chat("c1");
    let mut feed = client.chats().reaction_updates(FeedOptions::default());
    let Step::Send(login, _) = feed.poll(at(0)) else { panic!("it logs in") };
    feed.handle(at(0), login, token_reply(FIRST));
    let Step::Send(subscribe, _) = feed.poll(at(0)) else { panic!("it subscribes") };
    feed.handle(at(0), subscribe, response(200, &sample::json(r#"{"id": "s1", "cursor": "c"}"#)));
    assert!(matches!(feed.poll(at(0)), Step::Event(_)));
    let mut post = chat.post("hello");
    let (ticket, _) = sends(&mut post, at(0), POST);
    post.handle(at(0), ticket, expired_reply());
    feed.stop(at(0));
    assert!(matches!(feed.poll(at(0)), Step::Done(_)), "it neither waits for a login nor performs one");
    sends(&mut post, at(0), TokenProtocol::LOGIN);
}
