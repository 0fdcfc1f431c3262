//! No answer whatever makes the executor panic, hang, or take more than it may.

use teamwire_async_std::{Limits, script::sample};

use crate::support::{Canned, answer, config, perform};

const LIMIT: usize = 5_000;
const CASES: u64 = 2_000;

/// Numbers that look like chance, the same in every run (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("it is below a usize")
    }
}

/// Pieces that answers are made of, or spoiled with.
const PIECES: [&str; 24] = [
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "fffffffffffffff\r\n",
    "-1",
    "0",
    "1",
    " ",
    ":",
    ";x=y",
    "HTTP/1.1 ",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "content-length: 5\r\n",
    "Content-Length: 18446744073709551615\r\n",
    "transfer-encoding: chunked\r\n",
    "connection: close\r\n",
    "\0",
    "\u{ff}",
];

#[test]
fn no_answer_does_harm() {
    let bot = sample::bot().to_string();
    let seeds = [
        answer(200, &bot),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{bot}\r\n0\r\na: b\r\n\r\n", bot.len()),
        format!("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.0 200 OK\r\n\r\n{bot}"),
        String::new(),
    ];
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut whole = 0;
    for _ in 0..CASES {
        let mut bytes = seeds[chance.below(seeds.len())].clone().into_bytes();
        for _ in 0..chance.below(4) {
            let (at, piece) = (chance.below(bytes.len() + 1), PIECES[chance.below(PIECES.len())]);
            match chance.below(4) {
                0 => bytes.truncate(at),
                1 => bytes
                    .splice(at..at, piece.bytes().cycle().take(piece.len() * (1 + chance.below(40))))
                    .for_each(drop),
                2 => bytes.splice(at..bytes.len().min(at + piece.len()), piece.bytes()).for_each(drop),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << chance.below(8)),
            }
        }
        let runtime = Canned { piece: 1 + chance.below(300), ..Canned::new(bytes) };
        let limits = Limits { answer: LIMIT as u64, ..Limits::default() };
        let client = teamwire_async_std::client_on(runtime, config("http://127.0.0.1:1").with_limits(limits))
            .expect("options that work");
        if let Ok(response) = perform(&client, |_| {}) {
            assert!(response.body().len() <= LIMIT);
            whole += 1;
        }
    }
    assert!((CASES / 20..CASES * 19 / 20).contains(&whole), "the cases test little: {whole} of {CASES} are answers");
}
