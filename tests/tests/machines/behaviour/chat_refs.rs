//! The methods of a fetched chat and those of its id.

use std::fmt::Debug;

use http::HeaderMap;
use teamwire_core::{ChatRef, flow::Flow, model::Image};
use teamwire_tests::operations::{AVATAR, ByHandBot, ENTROPY, config, request_of};

/// Returns the parts of a first request. The idempotency key differs in each request.
fn parts<T: Debug + Send>(mut flow: Box<dyn Flow<Output = T> + '_>) -> (String, HeaderMap, Vec<u8>) {
    let (mut head, body) = request_of(&mut *flow).into_parts();
    head.headers.remove("idempotency-key").expect("a change has an idempotency key");
    (format!("{} {}", head.method, head.uri), head.headers, body)
}

#[test]
fn changes_by_id_send_the_requests_of_a_fetched_chat() {
    let mut chat = ByHandBot::by_hand(config(), ENTROPY).chat;
    macro_rules! assert_same {
        ($($method:ident($($argument:expr),*);)+) => {
            $(
                let by_id = parts(ChatRef::$method(&chat, $($argument),*));
                let by_chat = parts(chat.$method($($argument),*));
                assert_eq!(by_id, by_chat, stringify!($method));
            )+
        };
    }
    assert_same! {
        add_users(["u1", "u2"]);
        remove_users(["u1"]);
        add_groups(["g1"]);
        remove_groups(["g1", "g2"]);
        add_members(["u1"], ["g1"]);
        remove_members(["u1"], ["g1"]);
        add_admin("u1");
        remove_admin("u1");
        update_title("Ward 3");
        set_allow_sending(false);
        set_allow_sending(true);
        set_allow_mute_notifications(false);
        set_allow_mute_notifications(true);
        close();
        reopen();
        set_avatar(Image::from_bytes(AVATAR));
        remove_avatar();
        leave();
    }
}
