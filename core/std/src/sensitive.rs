use http::HeaderMap;

/// Room for a few more lines: those of an expectation and of a proxy's login, and the end of the head.
const SPARE: usize = 64;

/// Removes the sensitive headers, and returns them as raw header lines, because `ureq_proto` logs all that it is given, byte
/// for byte, at the level *trace*.
pub fn take_sensitive_headers(headers: &mut HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    while let Some(name) = headers.iter().find(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()) {
        for value in headers.get_all(&name) {
            let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
            lines.reserve(line.iter().map(|piece| piece.len()).sum::<usize>() + SPARE);
            for piece in line {
                lines.extend_from_slice(piece);
            }
        }
        headers.remove(name);
    }
    lines
}
