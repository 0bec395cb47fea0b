//! Names of a sink's files: `SINK-TIME-SEQ.ndjson`, in the order of time, and of nobody else's.

use jiff::Timestamp;

/// Ending of a file that is written, or was closed uncompressed.
pub(super) const ENDING: &str = ".ndjson";

/// Names for a file that begins now with this seq, the next one where the one before is taken.
pub(super) fn candidates(sink: &str, now_ms: i64, first_seq: i64) -> impl Iterator<Item = String> + use<> {
    let time = Timestamp::from_millisecond(now_ms).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    let first = format!("{sink}-{time}-{first_seq:012}");
    (0..1000).map(move |again: u32| match again {
        0 => format!("{first}{ENDING}"),
        again => format!("{first}-{again}{ENDING}"),
    })
}

/// Whether a file of this name is one of the sink's.
pub(super) fn is_of(sink: &str, name: &str) -> bool {
    let stem = name.strip_prefix(sink).and_then(|rest| rest.strip_prefix('-')?.strip_suffix(ENDING));
    let Some((time, seq)) = stem.and_then(|stem| stem.split_once('-')) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = time.len() == 16 && time.ends_with('Z') && time.get(8..9) == Some("T");
    is_time && seq.splitn(2, '-').all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sinks_own_names_are_known_and_no_others() {
        for name in candidates("archive", 1_795_443_125_123, 42).take(3) {
            assert!(is_of("archive", &name), "{name}");
            assert!(!is_of("arch", &name) && !is_of("archive-2", &name), "{name} is of no other sink");
        }
        assert_eq!(
            candidates("a", 1_795_443_125_123, 42).next().as_deref(),
            Some("a-20261123T141205Z-000000000042.ndjson")
        );
        for name in [
            "archive.ndjson",
            "archive-old.ndjson",
            "archive-2026-1.ndjson",
            "other-20261123T141205Z-000000000042.ndjson",
        ] {
            assert!(!is_of("archive", name), "{name}");
        }
        assert!(!is_of("a", "a-b-20261123T141205Z-000000000042.ndjson"), "a sink whose name begins alike");
    }
}
