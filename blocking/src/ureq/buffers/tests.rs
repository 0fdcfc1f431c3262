use ureq::unversioned::transport::Buffers as _;

use super::*;

/// Returns the part of a response for ureq when it arrives in pieces of this length, and the data of its body.
fn seen(text: &str, piece: usize) -> Result<(String, String), TransportError> {
    let (mut buffers, mut withheld, mut seen) = (Buffers::default(), HiddenResponse::default(), Vec::new());
    for piece in text.as_bytes().chunks(piece) {
        buffers.room()?[..piece.len()].copy_from_slice(piece);
        buffers.arrived(piece.len(), &mut withheld)?;
        while buffers.readable() > 0 {
            let input = buffers.input();
            seen.extend_from_slice(input);
            let length = input.len();
            buffers.input_consume(length);
        }
    }
    buffers.room()?;
    let mut data = vec![0; text.len()];
    let length = withheld.data.take(&mut data);
    data.truncate(length);
    let text = |bytes| String::from_utf8(bytes).expect("it was text");
    Ok((text(seen).replace('\0', "_"), text(data)))
}

#[test]
fn a_response_is_repaired_however_it_is_cut() {
    for (text, expected, data) in [
        ("HTTP/1.1 200 OK\r\n\r\nbody", "HTTP/1.1 200\n\n____", "body"),
        ("HTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\nb", "HTTP/1.1 200\n\n_", "b"),
        ("HTTP/1.1 200 OK\r\nconnection: b,\r\n close\r\n\r\n", "HTTP/1.1 200\nconnection:close\n\n", ""),
        ("\r\nHTTP/1.1 200 OK\r\na: b\r\n\r\n", "HTTP/1.1 200\n\n", ""),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x=y\r\na\r\n2\r\nbc\r\n0;z\r\nx: y\r\n\r\n",
            "HTTP/1.1 200\ntransfer-encoding:chunked\n\n1\r\n_\r\n2\r\n__\r\n0\r\n\r\n",
            "abc",
        ),
        ("SSH-2.0-x", "SSH-2.0-x", ""),
        ("HTTP/1.2 200 OK\r\n", "HTTP/1.2 200 OK\r\n", ""),
        ("\r\nHTTP/1.1 200 OK\r\n\r\nbody", "HTTP/1.1 200\n\n____", "body"),
        ("HTTP/1.1 OK\r\n", "HTTP/1.1 OK\r\n", ""),
    ] {
        for piece in 1..=text.len() {
            let (seen, withheld) = seen(text, piece).expect("it is repaired");
            assert_eq!((&*seen, &*withheld), (expected, data), "in pieces of {piece}");
        }
    }
}

#[test]
fn endless_input_is_rejected() {
    let long = |length| format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(length - 24));
    assert_eq!(seen(&long(MAX_HEAD), MIN_INPUT / 2).expect("as long as allowed").0, "HTTP/1.1 200\n\n");
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (text, kind) in [
        (long(MAX_HEAD + 1), TransportErrorKind::TooLarge),
        (format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_HEAD)), TransportErrorKind::TooLarge),
        ("HTTP/1.1 103 Hints\r\n\r\n".repeat(MAX_INTERIM + 1), TransportErrorKind::Protocol),
        (format!("{chunked}0\r\n{}", "x: y\r\n".repeat(20_000)), TransportErrorKind::Protocol),
        (format!("{chunked}1;{}", "x".repeat(2 << 20)), TransportErrorKind::Protocol),
        (format!("{chunked}+5\r\nhello\r\n0\r\n\r\n"), TransportErrorKind::Protocol),
        (format!("{chunked}5\nhello\n0\n\n"), TransportErrorKind::Protocol),
    ] {
        assert_eq!(seen(&text, MIN_INPUT / 2).expect_err("too much").kind, kind);
    }
}

#[test]
fn a_line_that_ureq_cannot_take_ends_at_the_size_of_the_buffer() {
    let mut buffers = Buffers::default();
    let text = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1{}", "\r".repeat(2 * MAX_INPUT));
    let result = text.as_bytes().chunks(MIN_INPUT / 2).try_for_each(|piece| {
        let room = buffers.room()?;
        let length = room.len().min(piece.len());
        room[..length].copy_from_slice(&piece[..length]);
        buffers.arrived(length, &mut HiddenResponse::default())
    });
    assert_eq!(result.expect_err("it is full").kind, TransportErrorKind::Protocol);
}

#[test]
fn data_without_chunks_is_received_beside_the_input() {
    let (mut buffers, mut withheld) = (Buffers::default(), HiddenResponse::default());
    let mut arrive = |buffers: &mut Buffers, text: &[u8]| {
        buffers.room().expect("there is room")[..text.len()].copy_from_slice(text);
        buffers.arrived(text.len(), &mut withheld).expect("it is HTTP");
    };
    arrive(&mut buffers, b"HTTP/1.1 200 OK\r\ncontent-length: 100003\r\n");
    assert!(!buffers.is_in_data(), "the head has no end yet");
    arrive(&mut buffers, b"\r\nabc");
    assert!(buffers.is_in_data());
    let mut rooms = Vec::new();
    for amount in [40_000, 60_000] {
        rooms.push(buffers.data_room());
        buffers.data_arrived(amount);
    }
    assert_eq!(rooms, [64 << 10, 60_001], "no more than a byte behind the body");
    let mut seen = Vec::new();
    while buffers.readable() > 0 {
        assert!(buffers.can_use_input() && !buffers.is_clean());
        let input = buffers.input();
        seen.extend_from_slice(input);
        let length = input.len();
        buffers.input_consume(length);
    }
    let data = seen.strip_prefix(b"HTTP/1.1 200\ncontent-length:100003\n\n").expect("it has the head");
    assert!(data.len() == 100_003 && data.iter().all(|byte| *byte == 0));
    assert!(buffers.is_clean());
    assert_eq!(buffers.input.len(), MIN_INPUT, "it was not enlarged");

    let mut endless = Buffers::default();
    arrive(&mut endless, b"HTTP/1.1 200 OK\r\n\r\n");
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(endless.data_room());
        endless.data_arrived(rooms[rooms.len() - 1]);
    }
    assert_eq!(rooms, [16 << 10, 32 << 10, 64 << 10, 64 << 10], "it is larger after it was filled");

    let mut chunked = Buffers::default();
    arrive(&mut chunked, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    assert!(!chunked.is_in_data(), "the chunk sizes have to be read");
}

#[test]
fn input_is_larger_after_a_longer_response() {
    let (mut buffers, mut withheld) = (Buffers::default(), HiddenResponse::default());
    for (length, expected) in [(MIN_INPUT - 1, MIN_INPUT), (MIN_INPUT, LARGER_INPUT), (100, LARGER_INPUT)] {
        let mut response = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        response.resize(length, b'x');
        buffers.room().expect("there is room")[..length].copy_from_slice(&response);
        buffers.arrived(length, &mut withheld).expect("it is HTTP");
        buffers.shrink();
        assert_eq!(buffers.room().expect("there is room").len(), expected, "after {length} bytes");
    }
}
