//! Chats that are known only by their id: changes return the chat, and fail as the methods of a fetched chat do.

use teamwire_core::{
    Chat, ChatRef, Draft, Error, ErrorKind,
    executor::Executor,
    model::{Coordinates, Image, LiveLocation, ShareDuration},
};
use teamwire_sandbox::org;
use teamwire_tests::{Fixture, executor_test, harness::Harness, operations::AVATAR};

fn lobby<H: Harness>(fixture: &Fixture<H>) -> ChatRef<H::X> {
    fixture.client.chats().chat(org::LOBBY)
}

/// Asserts that a chat is as the server has it.
#[track_caller]
fn assert_is_current<H: Harness>(fixture: &Fixture<H>, chat: &Chat<H::X>) {
    assert_eq!(chat.info(), fixture.chat(org::LOBBY).info());
}

fn has_user<X: Executor>(chat: &Chat<X>, uid: &str) -> bool {
    chat.user_members().iter().any(|user| user.uid == uid)
}

fn has_group<X: Executor>(chat: &Chat<X>, gid: &str) -> bool {
    chat.group_members().iter().any(|group| group.gid == gid)
}

fn has_admin<X: Executor>(chat: &Chat<X>, uid: &str) -> bool {
    chat.admins().iter().any(|user| user.uid == uid)
}

#[executor_test(protocols)]
fn members_of_a_chat_are_changed_by_its_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = lobby(&fixture);
    let members = |chat: &Chat<H::X>| {
        assert_is_current(&fixture, chat);
        (has_user(chat, org::EMMA), has_group(chat, org::CONTROL_ROOM))
    };
    assert_eq!(members(&fixture.ok(lobby.add_users([org::EMMA]))), (true, false));
    assert_eq!(members(&fixture.ok(lobby.add_groups([org::CONTROL_ROOM]))), (true, true));
    assert_eq!(members(&fixture.ok(lobby.remove_users([org::EMMA]))), (false, true));
    assert_eq!(members(&fixture.ok(lobby.remove_groups([org::CONTROL_ROOM]))), (false, false));
    assert_eq!(members(&fixture.ok(lobby.add_members([org::EMMA], [org::CONTROL_ROOM]))), (true, true));
    assert_eq!(members(&fixture.ok(lobby.remove_members([org::EMMA], [org::CONTROL_ROOM]))), (false, false));
}

#[executor_test(protocols)]
fn admins_of_a_chat_are_changed_by_its_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = lobby(&fixture);
    for is_admin in [true, false] {
        let change = if is_admin { lobby.add_admin(org::BEN) } else { lobby.remove_admin(org::BEN) };
        let chat = fixture.ok(change);
        assert_eq!(has_admin(&chat, org::BEN), is_admin);
        assert_is_current(&fixture, &chat);
    }
}

#[executor_test(protocols)]
fn settings_of_a_chat_are_changed_by_its_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = lobby(&fixture);
    let chat = fixture.ok(lobby.update_title("Ward 3"));
    assert_eq!(chat.title(), "Ward 3");
    assert_is_current(&fixture, &chat);
    for allow in [false, true] {
        let chat = fixture.ok(lobby.set_allow_sending(allow));
        assert_eq!(chat.allow_sending(), allow);
        assert_is_current(&fixture, &chat);
        let chat = fixture.ok(lobby.set_allow_mute_notifications(allow));
        assert_eq!(chat.allow_mute_notifications(), allow);
        assert_is_current(&fixture, &chat);
    }
    for is_closed in [true, false] {
        let chat = fixture.ok(if is_closed { lobby.close() } else { lobby.reopen() });
        assert_eq!(chat.is_closed(), is_closed);
        assert_is_current(&fixture, &chat);
    }
    fixture.ok(chat.post("the returned chat can be used"));
}

#[executor_test(protocols)]
fn avatar_of_a_chat_is_changed_by_its_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = lobby(&fixture);
    let chat = fixture.ok(lobby.set_avatar(Image::from_bytes(AVATAR)));
    assert_is_current(&fixture, &chat);
    assert_eq!(fixture.ok(lobby.load_avatar()), AVATAR);
    let chat = fixture.ok(lobby.remove_avatar());
    assert_is_current(&fixture, &chat);
    assert_eq!(fixture.err(lobby.load_avatar()).kind(), ErrorKind::ImageLoad);
}

#[executor_test(protocols)]
fn chat_is_left_by_its_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.ok(lobby(&fixture).leave());
    assert!(fixture.ok(fixture.client.chats().by_thread_id(org::LOBBY)).is_none());
}

fn share<H: Harness>(fixture: &Fixture<H>) {
    let place = Coordinates::new(1.0, 9.0).expect("the coordinates are valid");
    let location = LiveLocation::new(place, ShareDuration::QuarterHour);
    fixture.ok(lobby(fixture).post(Draft::new().attach(location)));
    assert!(is_shared(fixture));
}

/// Returns true if the location is shared, and asserts that client and server agree.
#[track_caller]
fn is_shared<H: Harness>(fixture: &Fixture<H>) -> bool {
    let is_shared = fixture.client.chats().has_location_sharing_active_chats();
    assert_eq!(fixture.sandbox.with_world(|world, _| world.share_count()), usize::from(is_shared));
    is_shared
}

#[executor_test]
fn share_ends_with_the_end_of_its_chat<H: Harness>() {
    for by_id in [true, false] {
        let fixture = Fixture::<H>::new();
        let mut lobby = fixture.chat(org::LOBBY);
        share(&fixture);
        fixture.sandbox.admin().allow_closing(false);
        assert_eq!(fixture.err(ChatRef::close(&lobby)).kind(), ErrorKind::CloseChatNotAllowed);
        assert_eq!(fixture.err(lobby.close()).kind(), ErrorKind::CloseChatNotAllowed);
        assert!(is_shared(&fixture), "the chat is still open");
        fixture.sandbox.admin().allow_closing(true);
        if by_id {
            fixture.ok(ChatRef::close(&lobby));
        } else {
            fixture.ok(lobby.close());
        }
        assert!(!is_shared(&fixture), "the chat is closed");
        fixture.ok(lobby.reopen());
        share(&fixture);
        fixture.ok(if by_id { ChatRef::leave(&lobby) } else { lobby.leave() });
        assert!(!is_shared(&fixture), "the bot has left");
    }
}

/// Asserts that a method of a chat and that of its id fail alike. Returns the kind of both errors.
macro_rules! kind {
    ($fixture:expr, $chat:expr, $method:ident($($argument:expr),*)) => {{
        let by_id = $fixture.err(ChatRef::$method(&$chat, $($argument),*));
        let by_chat = $fixture.err($chat.$method($($argument),*));
        assert_eq!(parts(&by_id), parts(&by_chat), stringify!($method));
        by_id.kind()
    }};
}

fn parts(error: &Error) -> (ErrorKind, Option<u16>, Option<&str>) {
    (error.kind(), error.status(), error.code())
}

/// Asserts that all changes fail with this kind, except for leaving.
fn assert_fail_alike<H: Harness>(fixture: &Fixture<H>, chat: &mut Chat<H::X>, kind: ErrorKind) {
    let kinds = [
        kind!(fixture, chat, add_users([org::EMMA])),
        kind!(fixture, chat, add_groups([org::CONTROL_ROOM])),
        kind!(fixture, chat, remove_users([org::BEN])),
        kind!(fixture, chat, remove_groups([org::ON_CALL])),
        kind!(fixture, chat, add_members([org::EMMA], [org::CONTROL_ROOM])),
        kind!(fixture, chat, remove_members([org::BEN], [org::ON_CALL])),
        kind!(fixture, chat, add_admin(org::BEN)),
        kind!(fixture, chat, remove_admin(org::ANNA)),
        kind!(fixture, chat, update_title("Ward 3")),
        kind!(fixture, chat, set_allow_sending(false)),
        kind!(fixture, chat, set_allow_mute_notifications(false)),
        kind!(fixture, chat, close()),
        kind!(fixture, chat, reopen()),
        kind!(fixture, chat, set_avatar(Image::from_bytes(AVATAR))),
        kind!(fixture, chat, remove_avatar()),
    ];
    assert_eq!(kinds, [kind; 15]);
}

#[executor_test(protocols)]
fn changes_by_id_fail_as_those_of_a_fetched_chat<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let anna = fixture.sandbox.as_person(org::ANNA);
    anna.add_groups(org::LOBBY, &[org::ON_CALL]).expect("Anna administers the lobby");
    let mut chat = fixture.chat(org::LOBBY);
    fixture.ok(chat.set_avatar(Image::from_bytes(AVATAR)));

    let admin = fixture.sandbox.admin();
    admin.allow_member_updates(false);
    assert_eq!(kind!(fixture, chat, add_users([org::EMMA])), ErrorKind::UpdateMembersNotAllowed);
    assert_eq!(kind!(fixture, chat, remove_groups([org::ON_CALL])), ErrorKind::UpdateMembersNotAllowed);
    admin.allow_member_updates(true);
    admin.allow_leaving(false);
    assert_eq!(kind!(fixture, chat, leave()), ErrorKind::LeaveChatNotAllowed);
    admin.allow_leaving(true);
    admin.allow_avatar_removal(false);
    assert_eq!(kind!(fixture, chat, remove_avatar()), ErrorKind::ImageRemove);
    admin.allow_avatar_removal(true);
    assert_eq!(kind!(fixture, chat, add_users([org::IVAN])), ErrorKind::InvalidMembers);
    assert_eq!(kind!(fixture, chat, remove_users([org::HENRY])), ErrorKind::InvalidMembers);
    assert_eq!(kind!(fixture, chat, add_admin(org::HENRY)), ErrorKind::NotFound);

    anna.remove_admin(org::LOBBY, org::BOT).expect("Anna administers the lobby");
    assert_fail_alike(&fixture, &mut chat, ErrorKind::Auth);
    anna.remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby");
    assert_fail_alike(&fixture, &mut chat, ErrorKind::NotFound);
    assert_eq!(kind!(fixture, chat, leave()), ErrorKind::NotFound);
}

#[executor_test]
fn invalid_changes_by_id_send_no_request<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut chat = fixture.chat(org::LOBBY);
    let before = fixture.sandbox.transcript().len();
    for kind in [
        kind!(fixture, chat, add_users([""; 0])),
        kind!(fixture, chat, add_groups([""; 0])),
        kind!(fixture, chat, remove_users([""; 0])),
        kind!(fixture, chat, remove_groups([""; 0])),
        kind!(fixture, chat, add_members([""; 0], [""; 0])),
        kind!(fixture, chat, remove_members([""; 0], [""; 0])),
        kind!(fixture, chat, update_title("x".repeat(257))),
        kind!(fixture, chat, update_title("\0")),
    ] {
        assert_eq!(kind, ErrorKind::InvalidInput);
    }
    assert_eq!(kind!(fixture, chat, set_avatar(Image::from_bytes(b"PNG"))), ErrorKind::ImageLoad);
    assert_eq!(fixture.sandbox.transcript().len(), before);
}
