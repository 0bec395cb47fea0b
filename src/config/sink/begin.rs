//! `from`: where a new sink begins.

use jiff::Timestamp;

use super::Begin;
use crate::config::words;

/// The length of `2026-11-01`.
const DATE: usize = 10;

/// Reads a beginning: a word, a date (its midnight in UTC) or a time with its offset (RFC 3339). `Err` is the sentence for the
/// owner.
pub(super) fn begin(written: &str) -> Result<Begin, String> {
    match written {
        "now" => return Ok(Begin::Now),
        "start" => return Ok(Begin::Start),
        _ => {}
    }
    let whole = if written.len() == DATE { format!("{written}T00:00:00Z") } else { written.to_owned() };
    match whole.parse::<Timestamp>().map(Timestamp::as_millisecond) {
        Ok(ts_ms) if ts_ms >= 0 => Ok(Begin::At(ts_ms)),
        Ok(_) => Err(format!("`{written}` lies before 1970; write `start` for all that is recorded")),
        Err(_) => Err(match words::nearest(written, ["now", "start"].into_iter()) {
            Some(word) => format!("`{written}` is no beginning; write `{word}`"),
            None => format!(
                "`{written}` is no beginning; write `now`, `start`, a date such as 2026-11-01, or a time with its offset such as 2026-11-01T08:00:00Z"
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_begins_now_at_the_start_on_a_day_or_at_a_time() {
        for (written, wanted) in [
            ("now", Begin::Now),
            ("start", Begin::Start),
            ("1970-01-02", Begin::At(86_400_000)),
            ("1970-01-01T01:00:00+01:00", Begin::At(0)),
            ("2026-11-23T14:12:05.123Z", Begin::At(1_795_443_125_123)),
        ] {
            assert_eq!(begin(written), Ok(wanted), "{written}");
        }
    }

    #[test]
    fn what_is_no_beginning_is_refused_with_what_to_write() {
        for (written, instead) in [
            ("strat", "write `start`"),
            ("nwo", "write `now`"),
            ("2026-13-01", "a date such as 2026-11-01"),
            ("2026-11-01T08:00:00", "a time with its offset"),
            ("01.11.2026", "a date such as 2026-11-01"),
            ("üüüüü", "a date such as 2026-11-01"),
            ("1969-12-31", "write `start`"),
            ("", "a date such as 2026-11-01"),
        ] {
            let message = begin(written).expect_err(written);
            assert!(message.contains(instead), "{written}: {message}");
        }
    }
}
