//! Any bytes as an avatar: a JPEG with valid dimensions is uploaded, anything else is rejected with an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamwire_core::{
    Client, Config, ErrorKind, NewChat,
    executor::Manual,
    machine::{Machine, Step},
    model::Image,
};
use teamwire_fuzz::{assert_no_credentials, credentials, limited, now};

/// Maximum side of an avatar, in pixels.
const MAX_SIDE: u16 = 600;

fuzz_target!(|input: &[u8]| {
    let config = Config::new("https://teamwire.example.org", credentials()).expect("the URL is valid");
    let client = Client::new(Manual::new(config, [7; 32], now()));
    let step = limited(input.len(), || {
        let chat = NewChat::titled("title").avatar(Image::from_bytes(input));
        client.chats().create_chat(chat).poll(now())
    });
    match step {
        Step::Send(_, exchange) => {
            assert_eq!(exchange.request.body().as_bytes(), Some(input), "the upload has other bytes");
            let (width, height) = frame_size(input).expect("an accepted avatar has a frame header");
            let allowed = 1..=MAX_SIDE;
            assert!(
                allowed.contains(&width) && allowed.contains(&height),
                "an avatar of {width}x{height} pixels was accepted"
            );
        }
        Step::Done(Err(error)) => {
            assert_eq!(error.kind(), ErrorKind::ImageLoad, "{error}");
            assert_no_credentials(&error);
        }
        _ => panic!("expected an upload or an error"),
    }
});

/// Returns width and height of the frame header that a decoder finds (ITU T.81, annex B): the first SOF segment before
/// the first scan, with any number of fill bytes before a marker.
fn frame_size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        rest = rest.strip_prefix(&[0xFF])?;
        let (marker, segment) = rest.split_first()?;
        rest = match marker {
            // A fill byte; the marker follows.
            0xFF => rest,
            // Restart markers and TEM have no length.
            0x01 | 0xD0..=0xD7 => segment,
            // The start or end of an image, or a scan.
            0x00 | 0xD8 | 0xD9 | 0xDA => return None,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let [_, _, _, high, low, wide, narrow, ..] = segment else { return None };
                return Some((u16::from_be_bytes([*wide, *narrow]), u16::from_be_bytes([*high, *low])));
            }
            _ => {
                let length = u16::from_be_bytes([*segment.first()?, *segment.get(1)?]);
                segment.get(usize::from(length).max(2)..)?
            }
        };
    }
}
