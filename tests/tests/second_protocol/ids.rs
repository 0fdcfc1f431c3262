//! No id reaches another route, in the default protocol and in the example protocol.

use http::{Request, header};
use proptest::prelude::*;
use teamwire_core::{
    AlertType, Client, Draft, Error, ErrorKind, Message, NewChat, Reaction, ReactionType, User,
    effect::{Body, Response},
    executor::Manual,
    machine::{Machine, Reply, Step},
    model::{Asset, Image, NewOneToOne},
    protocol::{Protocol, V1},
};
use teamwire_protocols::Second;
use teamwire_tests::operations::{AVATAR, ENTROPY, config, now};

/// An id without special characters, of which all routes are known.
const PLAIN: &str = "plain-id";

fn client(protocol: impl Protocol) -> Client<Manual> {
    Client::new(Manual::new(config().with_protocol(protocol), ENTROPY, now()))
}

/// The first request after the login, or the error of the arguments; `None` if the operation is unsupported.
type FirstRequest = Option<Result<Request<Body>, Error>>;

fn request<M: Machine<Output = T> + ?Sized, T>(machine: &mut M) -> FirstRequest {
    loop {
        match machine.poll(now()) {
            Step::Send(ticket, exchange) if exchange.request.uri().path() == "/api/login/" => {
                let mut response = Response::new(Vec::new());
                let cookie = "session=a-session-of-a-test".parse().expect("it can be a header");
                response.headers_mut().insert(header::SET_COOKIE, cookie);
                machine.handle(now(), ticket, Reply::Response(response));
            }
            Step::Send(_, exchange) => return Some(Ok(exchange.request)),
            Step::Done(Err(error)) if error.kind() == ErrorKind::Unsupported => return None,
            Step::Done(Err(error)) => return Some(Err(error)),
            _ => panic!("it sends a request or fails"),
        }
    }
}

/// The first requests of all operations that have an id, with this id wherever one is.
fn requests(client: &Client<Manual>, id: &str) -> Vec<(&'static str, FirstRequest)> {
    let (chats, contacts) = (client.chats(), client.contacts());
    let (chat, other) = (chats.chat(id), chats.chat("another-chat"));
    let user = User::new(id, "Anna", "Berg");
    let alert = Message::new(id, id, user.clone(), now().utc).with_alert_type(AlertType::Alert);
    let reaction = Reaction::new(id, id, id, ReactionType::Ok, user);
    let asset = Asset::new(id, "plan.pdf", "application/pdf", 3);
    macro_rules! all {
        ($($name:ident: $run:expr;)*) => { vec![$((stringify!($name), request(&mut *$run)),)*] };
    }
    let mut all = all! {
        by_thread_id: chats.by_thread_id(id);
        post: chat.post("hello");
        reply: other.post(Draft::text("hello").reply_to(id));
        messages: chat.messages(None);
        readers: chat.readers();
        mark_as_read: chat.mark_as_read();
        add_users: chat.add_users([id]);
        remove_users: chat.remove_users([id]);
        add_groups: chat.add_groups([id]);
        remove_groups: chat.remove_groups([id]);
        add_admin: chat.add_admin(id);
        remove_admin: chat.remove_admin(id);
        add_admin_of_another: other.add_admin(id);
        update_title: chat.update_title("Ward 3");
        set_allow_sending: chat.set_allow_sending(true);
        set_allow_mute_notifications: chat.set_allow_mute_notifications(true);
        close: chat.close();
        reopen: chat.reopen();
        leave: chat.leave();
        set_avatar: chat.set_avatar(Image::from_bytes(AVATAR));
        load_avatar: chat.load_avatar();
        remove_avatar: chat.remove_avatar();
        reactions: chat.reactions(&alert);
        send_reaction: chat.send_reaction(&alert, ReactionType::Ok);
        update_reaction: chat.update_reaction(&reaction, ReactionType::Sos);
        active_shared_locations: chat.active_shared_locations();
        stop_sharing_location: chat.stop_sharing_location();
        unsubscribe_location_updates: chat.unsubscribe_location_updates();
        user: contacts.user(id);
        group: contacts.group(id);
        create_one_to_one_chat: chats.create_one_to_one_chat(NewOneToOne::new(id));
        create_chat: chats.create_chat(NewChat::titled("Ops").user(id).group(id).admin(id));
        download: chats.download(&asset);
    };
    all.push(("new_messages", request(&mut chat.new_messages(None))));
    all.push(("live_locations", request(&mut chat.live_locations(None))));
    all
}

/// Returns the decoded segments of a path, and the names of its query.
fn route(request: &Request<Body>) -> (Vec<String>, Vec<String>) {
    let uri = request.uri();
    assert!(uri.path().bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
    let decoded = |segment: &str| {
        // A form decodes `+`, which is never sent unencoded.
        assert!(!segment.contains('+'), "{segment}");
        url::form_urlencoded::parse(format!("x={segment}").as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let segments = uri.path().split('/').map(|segment| decoded(segment).expect("there is one pair")).collect();
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    (segments, query.map(|(name, _)| name.into_owned()).collect())
}

/// Asserts that each operation with this id has the route that it has with a plain id, or is refused locally.
fn id_stays_in_its_place(protocol: impl Protocol, id: &str) {
    let client = client(protocol);
    for ((operation, request), (_, plain)) in requests(&client, id).into_iter().zip(requests(&client, PLAIN)) {
        let (request, plain) = match (request, plain) {
            (None, None) => continue,
            (Some(request), Some(plain)) => (request, plain.expect("a plain id is valid")),
            _ => panic!("{operation} is unsupported for one id alone: {id:?}"),
        };
        match request {
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{operation} with {id:?}: {error}"),
            Ok(request) => {
                let (segments, query) = route(&plain);
                let in_place = |segment: String| if segment == PLAIN { id.to_owned() } else { segment };
                let expected = (segments.into_iter().map(in_place).collect(), query);
                assert_eq!(request.method(), plain.method(), "{operation} with {id:?}");
                assert_eq!(route(&request), expected, "{operation} with {id:?}");
            }
        }
    }
}

#[test]
fn awkward_id_stays_in_its_place() {
    let long = "x".repeat(100_000);
    for id in [
        "a b",
        "../admin/x",
        "..",
        ".",
        "",
        "%2e",
        "%2e%2e",
        "?",
        "#",
        "\0",
        "a\0b",
        "/",
        "//",
        "\\",
        ";x=1",
        "&page=2",
        "\r\nX: y",
        "\u{1f600}",
        "\u{202e}",
        "latest",
        "login",
        "http://other/",
        "@",
        ":",
        "[",
        "+",
        long.as_str(),
    ] {
        id_stays_in_its_place(V1, id);
        id_stays_in_its_place(Second::default(), id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_id_stays_in_its_place(id in prop_oneof![any::<String>(), "[./%?#a]{0,6}", "\\PC{1,140}"]) {
        id_stays_in_its_place(V1, &id);
        id_stays_in_its_place(Second::default(), &id);
    }
}
