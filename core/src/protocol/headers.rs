//! Times in response headers: `Date` and `Retry-After`.

use core::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, header};

/// Returns the wait of a `Retry-After` header: a number of seconds, or the time until a date. The latter is relative
/// to the `Date` of the response, if present, as the clocks may differ. Zero for a date in the past; `None` for an
/// invalid value.
pub(super) fn retry_after(headers: &HeaderMap, utc: DateTime<Utc>) -> Option<Duration> {
    let value = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let text = value(header::RETRY_AFTER)?;
    if let Some(time) = seconds(text) {
        return Some(time);
    }
    Some((http_date(text)? - date(headers).unwrap_or(utc)).to_std().unwrap_or_default())
}

/// Parses a number of seconds, saturating at the maximum. HTTP has only integers, but some servers send a fraction or
/// a unit.
fn seconds(text: &str) -> Option<Duration> {
    let number = text.strip_suffix(['s', 'S']).unwrap_or(text).trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let nanos = fraction.bytes().chain(core::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    Some(whole.parse().map_or(Duration::MAX, |seconds| Duration::new(seconds, nanos)))
}

/// Returns the time of a response by the server's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    headers.get(header::DATE)?.to_str().ok().map(str::trim).and_then(http_date)
}

/// Parses a date in any of the three formats that RFC 9110 requires recipients to accept.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).map(|date| date.with_timezone(&Utc)).ok().or_else(|| {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|date| date.and_utc())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_parsed_in_every_form() {
        let utc = DateTime::parse_from_rfc3339("1994-11-06T08:49:00Z").map(|t| t.to_utc()).expect("the date is valid");
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("30s", Some(30)),
            ("30 s", Some(30)),
            ("00000000000000000000007", Some(7)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
            ("Sun Nov  6 08:49:37 1994", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-5", None),
            ("+5", None),
            ("1e3", None),
            ("1.2.3", None),
            (".5", None),
            ("s", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().expect("a header value"));
            assert_eq!(retry_after(&headers, utc), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn seconds_have_any_number_of_digits() {
        for (value, time) in [
            ("1.5", Duration::from_millis(1_500)),
            ("0.25s", Duration::from_millis(250)),
            ("1.", Duration::from_secs(1)),
            ("2.0000000009", Duration::from_secs(2)),
            ("18446744073709551615", Duration::from_secs(u64::MAX)),
            ("18446744073709551616", Duration::MAX),
            ("99999999999999999999.5", Duration::MAX),
        ] {
            assert_eq!(seconds(value), Some(time), "{value}");
        }
    }

    #[test]
    fn a_wrong_clock_does_not_change_the_wait() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "Sun, 06 Nov 1994 08:49:37 GMT".parse().expect("a header value"));
        headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:00 GMT".parse().expect("a header value"));
        for utc in [DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(retry_after(&headers, utc), Some(Duration::from_secs(37)));
        }
    }
}
