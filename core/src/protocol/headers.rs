//! Values of headers: times in responses, `Date` and `Retry-After`, and secrets in requests.

use alloc::string::String;
use core::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use http::{HeaderMap, HeaderValue, header};

/// Returns the wait of a `Retry-After` header: a number of seconds, or the time until a date. The latter is relative
/// to the `Date` of the response, if present, as the clocks may differ. Zero for a date in the past; the first valid
/// value, if there are several; `None` if there is none.
pub(super) fn retry_after(headers: &HeaderMap, utc: DateTime<Utc>) -> Option<Duration> {
    let wait = |text: &str| {
        let text = unquoted(text);
        let until = |time: DateTime<Utc>| (time - date(headers).unwrap_or(utc)).to_std().unwrap_or_default();
        // A date contains a comma.
        duration(text)
            .or_else(|| http_date(text).map(until))
            .or_else(|| text.split(',').find_map(|part| duration(unquoted(part))))
    };
    headers.get_all(header::RETRY_AFTER).iter().filter_map(|value| value.to_str().ok()).find_map(wait)
}

/// Returns the text without whitespace and quotes around it.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map_or(text, str::trim)
}

/// Parses a number of seconds, saturating at the maximum. HTTP has only integers, but some servers send a fraction, a
/// unit, or the form of ISO 8601 with one unit.
fn duration(text: &str) -> Option<Duration> {
    let lower = text.to_ascii_lowercase();
    let text = lower.strip_prefix("pt").unwrap_or(&lower);
    let (number, unit) = text.split_at(text.find(|char: char| char.is_ascii_alphabetic()).unwrap_or(text.len()));
    let time = seconds(number.trim_end())?;
    Some(match unit {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => time,
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => time / 1000,
        "m" | "min" | "mins" | "minute" | "minutes" => time.saturating_mul(60),
        "h" | "hr" | "hrs" | "hour" | "hours" => time.saturating_mul(3_600),
        _ => return None,
    })
}

/// Parses a decimal number of seconds.
fn seconds(number: &str) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let nanos = fraction.bytes().chain(core::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(whole.parse().map_or(Duration::MAX, |seconds| Duration::new(seconds, nanos)))
}

/// Returns the time of a response by the server's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    headers.get(header::DATE)?.to_str().ok().map(str::trim).and_then(http_date)
}

/// Parses a date in any of the three formats that RFC 9110 requires recipients to accept.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let other = || DateTime::parse_from_rfc2822(text).map(|date| date.with_timezone(&Utc)).ok();
    fixed_length_date(text).or_else(other).or_else(|| {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|date| date.and_utc())
    })
}

/// Parses a date in the preferred format, such as `Sun, 06 Nov 1994 08:49:37 GMT`. Nearly all responses have one, and
/// other parsers take many times as long.
fn fixed_length_date(text: &str) -> Option<DateTime<Utc>> {
    const DAYS: [&[u8]; 7] = [b"Mon, ", b"Tue, ", b"Wed, ", b"Thu, ", b"Fri, ", b"Sat, ", b"Sun, "];
    const MONTHS: [&[u8]; 12] = [
        b" Jan ", b" Feb ", b" Mar ", b" Apr ", b" May ", b" Jun ", b" Jul ", b" Aug ", b" Sep ", b" Oct ", b" Nov ",
        b" Dec ",
    ];
    let text: &[u8; 29] = text.as_bytes().try_into().ok()?;
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
    };
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == &text[7..12])?.0;
    let date = NaiveDate::from_ymd_opt(number(&text[12..16])?.try_into().ok()?, month, number(&text[5..7])?)?;
    let has_this_form = text[..5] == *DAYS[date.weekday().num_days_from_monday() as usize]
        && [text[16], text[19], text[22]] == *b" ::"
        && text[25..] == *b" GMT";
    let time = date.and_hms_opt(number(&text[17..19])?, number(&text[20..22])?, number(&text[23..25])?)?;
    has_this_form.then(|| time.and_utc())
}

/// Returns a header value that `Debug` does not show.
pub(super) fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_fixed_length_is_the_one_of_the_general_parser() {
        let general = |text: &str| DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc());
        let start = DateTime::UNIX_EPOCH;
        for days in 0..40_000 {
            let time = start + chrono::TimeDelta::seconds(days * 86_400 + days);
            let text = alloc::format!("{}", time.format("%a, %d %b %Y %H:%M:%S GMT"));
            assert_eq!((fixed_length_date(&text), general(&text)), (Some(time), Some(time)), "{text}");
        }
        for text in [
            "Sat, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08-49-37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "",
        ] {
            assert_eq!(fixed_length_date(text), None, "{text}");
        }
    }

    #[test]
    fn retry_after_is_parsed_in_every_form() {
        let utc = DateTime::parse_from_rfc3339("1994-11-06T08:49:00Z").map(|t| t.to_utc()).expect("the date is valid");
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("30s", Some(30)),
            ("30 sec", Some(30)),
            ("30 Seconds", Some(30)),
            ("2 minutes", Some(120)),
            ("1h", Some(3_600)),
            ("PT30S", Some(30)),
            ("PT", None),
            ("30 days", None),
            ("30 s", Some(30)),
            ("00000000000000000000007", Some(7)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
            ("Sun Nov  6 08:49:37 1994", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("\"5\"", Some(5)),
            ("\" 30 s \"", Some(30)),
            ("\"Sun, 06 Nov 1994 08:49:37 GMT\"", Some(37)),
            ("5000ms", Some(5)),
            ("5000 MS", Some(5)),
            ("1, 2", Some(1)),
            ("soon, \"3\", 4", Some(3)),
            ("\"", None),
            ("5\"", None),
            ("ms", None),
            (",", None),
            ("1e3", None),
            ("1.2.3", None),
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
    fn the_first_valid_header_of_several_counts() {
        let mut headers = HeaderMap::new();
        for value in ["soon", "7", "9"] {
            headers.append(header::RETRY_AFTER, value.parse().expect("a header value"));
        }
        assert_eq!(retry_after(&headers, DateTime::UNIX_EPOCH), Some(Duration::from_secs(7)));
    }

    #[test]
    fn seconds_have_any_number_of_digits() {
        for (value, time) in [
            ("1.5", Duration::from_millis(1_500)),
            (".5", Duration::from_millis(500)),
            ("0.25s", Duration::from_millis(250)),
            ("1.", Duration::from_secs(1)),
            ("2.0000000009", Duration::from_secs(2)),
            ("500ms", Duration::from_millis(500)),
            ("1.5ms", Duration::from_micros(1_500)),
            ("18446744073709551615", Duration::from_secs(u64::MAX)),
            ("18446744073709551616", Duration::MAX),
            ("99999999999999999999.5", Duration::MAX),
        ] {
            assert_eq!(duration(value), Some(time), "{value}");
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
