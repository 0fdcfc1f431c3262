use http::HeaderMap;

/// Takes the secret headers out of a head, as the lines they are. `ureq_proto` writes all that it is given into the log,
/// byte for byte, at the level *trace*.
pub fn take_sensitive_headers(headers: &mut HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    while let Some(name) = headers.iter().find(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()) {
        for value in headers.get_all(&name) {
            for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                lines.extend_from_slice(piece);
            }
        }
        headers.remove(name);
    }
    lines
}
