//! The headers of all responses.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The policy of the page: nothing from elsewhere, no inline code or style, and no text that becomes markup.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// The policy of everything else, in particular of files of people.
const FILE_POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("permissions-policy", "geolocation=(), camera=(), microphone=()"),
];

/// Sets the headers of a response.
pub(super) fn set(headers: &mut HeaderMap, is_page: bool) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let policy = if is_page { PAGE_POLICY } else { FILE_POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}
