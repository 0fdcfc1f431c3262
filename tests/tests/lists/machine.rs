//! The machine of a list, driven by hand.

use std::time::Duration;

use http::Response;
use teamwire_core::{
    Client, ErrorKind,
    config::RetryPolicy,
    effect::{Moment, Now, TransportError, TransportErrorKind},
    executor::Manual,
    flow::ListItems,
    machine::{Feed, Machine, Reply, Step, Ticket},
    model::User,
    script::v1::sample,
};
use teamwire_tests::operations::{ENTROPY, config, now};

fn list() -> ListItems<User> {
    list_with(RetryPolicy::default())
}

fn list_with(retry: RetryPolicy) -> ListItems<User> {
    Client::new(Manual::new(config().with_retry(retry), ENTROPY, now())).contacts().users_iter()
}

fn error(kind: TransportErrorKind) -> Reply {
    Reply::Error(TransportError::new(kind, "the network has failed"))
}

fn after(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), now().utc)
}

fn response(uids: &[&str], next: Option<&str>) -> Reply {
    let mut page = sample::page(uids.iter().map(|uid| sample::user(uid, uid, "")));
    page["next_cursor"] = next.into();
    let response = Response::builder().header("content-type", "application/json");
    Reply::Response(response.body(page.to_string().into_bytes()).expect("it is a response"))
}

#[track_caller]
fn sent(list: &mut ListItems<User>) -> Ticket {
    let Step::Send(ticket, _) = list.poll(now()) else { panic!("it sends a request") };
    ticket
}

#[track_caller]
fn item(list: &mut ListItems<User>) -> String {
    let Step::Event(user) = list.poll(now()) else { panic!("it hands out an item") };
    user.uid.to_string()
}

#[test]
fn request_comes_before_the_items_and_again_after_them() {
    let mut list = list();
    let first = sent(&mut list);
    assert_eq!(sent(&mut list), first, "without items, polling is idempotent");
    assert!(!list.has_events());
    list.handle(now(), first, response(&["u1", "u2", "u3"], Some("a")));

    let second = sent(&mut list);
    assert_ne!(second, first);
    assert!(list.has_events());
    assert_eq!(item(&mut list), "u1");
    list.handle(now(), first, response(&["u9"], None));
    assert_eq!(item(&mut list), "u2", "a repeated reply changes nothing");
    assert_eq!(item(&mut list), "u3");
    assert!(!list.has_events());
    assert_eq!(sent(&mut list), second, "an executor that has not sent it does so now");
    list.handle(now(), second, response(&["u4"], None));
    assert_eq!(item(&mut list), "u4");
    assert!(matches!(list.poll(now()), Step::Done(Ok(_))));
    let Step::Done(Err(error)) = list.poll(now()) else { panic!("it has finished") };
    assert_eq!(error.kind(), ErrorKind::Finished);
    list.handle(now(), second, response(&["u4"], None));
    assert!(matches!(list.poll(now()), Step::Done(Err(_))));
}

#[test]
fn page_that_has_arrived_before_a_stop_is_handed_out() {
    for (next, is_complete) in [(None, true), (Some("b"), false)] {
        let mut list = list();
        let first = sent(&mut list);
        list.handle(now(), first, response(&["u1"], Some("a")));
        let second = sent(&mut list);
        list.handle(now(), second, response(&["u2"], next));
        list.stop(now());
        assert_eq!([item(&mut list), item(&mut list)], ["u1", "u2"]);
        assert!(matches!(list.poll(now()), Step::Done(result) if result.is_ok() == is_complete));
    }
}

#[test]
fn page_that_arrives_early_waits_for_the_items_before_it() {
    let mut list = list();
    let first = sent(&mut list);
    list.handle(now(), first, response(&["u1", "u2"], Some("a")));
    let second = sent(&mut list);
    list.handle(now(), second, response(&["u3"], Some("b")));
    assert_eq!(item(&mut list), "u1");
    assert_eq!(item(&mut list), "u2", "the third page is not requested, so that there are two pages at most");
    let third = sent(&mut list);
    assert_eq!(item(&mut list), "u3");
    assert_eq!(sent(&mut list), third);
}

#[test]
fn backoff_delays_no_item() {
    let mut list = list();
    let first = sent(&mut list);
    list.handle(now(), first, response(&["u1", "u2"], Some("a")));
    let second = sent(&mut list);
    list.handle(now(), second, error(TransportErrorKind::Connect));
    assert_eq!(item(&mut list), "u1");
    let Step::Send(again, _) = list.poll(after(3_600)) else { panic!("the backoff has passed") };
    assert_ne!(again, second);
    assert_eq!(item(&mut list), "u2");
    assert_eq!(sent(&mut list), again);
}

#[test]
fn request_that_times_out_while_items_are_read_is_repeated_after_them() {
    let mut list = list_with(RetryPolicy::NEVER);
    let first = sent(&mut list);
    list.handle(now(), first, response(&["u1", "u2", "u3"], Some("a")));
    let early = sent(&mut list);
    assert_eq!(item(&mut list), "u1");
    list.handle(after(60), early, error(TransportErrorKind::Timeout));
    assert_eq!(item(&mut list), "u2", "another one would time out as well");
    assert_eq!(item(&mut list), "u3");
    let again = sent(&mut list);
    assert_ne!(again, early);
    list.handle(after(120), again, error(TransportErrorKind::Timeout));
    let Step::Done(Err(error)) = list.poll(after(120)) else { panic!("it was waited for") };
    assert_eq!(error.kind(), ErrorKind::Connection);
}

#[test]
fn time_for_the_items_is_not_that_for_the_retries() {
    let mut list = list_with(RetryPolicy::within(Duration::from_secs(30)));
    let first = sent(&mut list);
    list.handle(now(), first, response(&["u1", "u2"], Some("a")));
    let early = sent(&mut list);
    assert_eq!(item(&mut list), "u1");
    list.handle(after(60), early, error(TransportErrorKind::Connect));
    let Step::Event(user) = list.poll(after(60)) else { panic!("there is an item") };
    assert_eq!(user.uid.as_str(), "u2");
    let Step::Send(again, _) = list.poll(after(60)) else { panic!("it is requested again") };
    list.handle(after(61), again, error(TransportErrorKind::Connect));
    assert!(matches!(list.poll(after(61)), Step::Sleep(_)), "it has all of its time");
}
