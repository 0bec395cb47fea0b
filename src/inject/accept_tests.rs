//! The grammar of `Accept-Encoding`, what goes up for it, and the choice of a coding.

use http::HeaderName;

use super::*;

fn request(lines: &[&'static str]) -> HeaderMap {
    let lines = lines.iter().map(|line| (ACCEPT_ENCODING, HeaderValue::from_static(line)));
    HeaderMap::from_iter(lines.map(|(name, value): (HeaderName, HeaderValue)| (name, value)))
}

/// What is shown, the lines, the codings that are taken, whether none is taken as well, and the one that is liked best.
type Case = (&'static str, &'static [&'static str], &'static str, bool, Option<Coding>);

#[test]
fn what_a_client_takes_is_read_by_rfc_9110_section_12_5_3() {
    use Coding::{Brotli, Gzip, Zstd};
    let cases: [Case; 25] = [
        ("no field: everything is taken, nothing wished for", &[], "zstd br gzip deflate", true, None),
        ("an empty field: nothing but identity", &[""], "", true, None),
        ("browsers", &["gzip, deflate, br, zstd"], "zstd br gzip deflate", true, Some(Zstd)),
        ("browsers over plain http", &["gzip, deflate"], "gzip deflate", true, Some(Gzip)),
        ("names in any case, spaces anywhere", &[" GZip ;q=1 ,\tBR; Q=0.5"], "br gzip", true, Some(Gzip)),
        ("the old name", &["x-gzip"], "gzip", true, Some(Gzip)),
        ("weights", &["gzip;q=0.5, br;q=0.501"], "br gzip", true, Some(Brotli)),
        ("a no", &["gzip;q=0, br;q=0.000, zstd;q=0.001"], "zstd", true, Some(Zstd)),
        ("no identity", &["gzip, identity;q=0"], "gzip", false, Some(Gzip)),
        ("nothing that is not named", &["gzip, *;q=0"], "gzip", false, Some(Gzip)),
        ("nothing that is not named, but identity is", &["identity, *;q=0"], "", true, None),
        ("anything", &["*"], "zstd br gzip deflate", true, None),
        ("anything but one", &["*, br;q=0"], "zstd gzip deflate", true, None),
        ("identity is liked better", &["gzip;q=0.5, identity;q=0.8"], "gzip", true, None),
        ("identity is liked as well", &["gzip;q=0.5, identity;q=0.5"], "gzip", true, Some(Gzip)),
        ("several lines", &["gzip;q=0.1", "br;q=0.2"], "br gzip", true, Some(Brotli)),
        ("unknown codings alone", &["compress, dcb"], "", true, None),
        ("unknown codings, and no identity", &["compress, identity;q=0"], "", false, None),
        ("named twice: the lesser weight", &["gzip, gzip;q=0"], "", true, None),
        ("a weight that is none", &["gzip;q=2, br;q=1.001, zstd;q=-1"], "", true, None),
        ("more weights that are none", &["gzip;q=, br;q=0.1234, zstd;level=3"], "", true, None),
        ("a weight without digits behind the point", &["gzip;q=1."], "gzip", true, Some(Gzip)),
        ("empty members", &[",,gzip,"], "gzip", true, Some(Gzip)),
        ("no letter of a name is left out", &["gzi, gzipp, b r"], "", true, None),
        ("deflate alone", &["deflate"], "deflate", true, Some(Coding::Deflate)),
    ];
    for (what, lines, takes, identity, best) in cases {
        let accepted = Accepted::of(&request(lines));
        let taken: Vec<_> =
            Coding::ALL.into_iter().filter(|coding| accepted.takes(*coding)).map(Coding::name).collect();
        assert_eq!(taken.join(" "), takes, "{what}: {lines:?}");
        assert_eq!(accepted.takes_identity(), identity, "{what}: whether {lines:?} takes identity");
        assert_eq!(accepted.best(), best, "{what}: the best of {lines:?}");
    }
}

#[test]
fn what_goes_up_is_narrowed_and_never_widened() {
    const AS_IT_CAME: Option<&str> = None;
    type Case = (&'static [&'static str], Option<&'static str>, Option<&'static str>);
    let cases: [Case; 14] = [
        (&["gzip, deflate, br, zstd"], AS_IT_CAME, Some("identity")),
        (&["gzip, deflate, br, zstd, dcb, dcz"], Some("gzip, deflate, br, zstd"), Some("identity")),
        (&["gzip;q=0.5, compress;q=0.8", "br"], Some("gzip;q=0.5, br"), Some("identity")),
        (&["x-gzip"], AS_IT_CAME, Some("identity")),
        (&[], AS_IT_CAME, Some("identity")),
        (&[""], AS_IT_CAME, Some("identity")),
        (&["identity"], AS_IT_CAME, AS_IT_CAME),
        (&["*"], Some("zstd, br, gzip, deflate"), Some("identity")),
        (&["gzip, *;q=0.1, br;q=0"], Some("gzip, zstd;q=0.1, deflate;q=0.1, br;q=0"), Some("identity")),
        (&["gzip, *;q=0"], AS_IT_CAME, AS_IT_CAME),
        (&["compress"], Some("identity"), Some("identity")),
        // Nothing that both can do: the answer is the client's alone.
        (&["compress, identity;q=0"], AS_IT_CAME, AS_IT_CAME),
        (&["gzip, compress, identity;q=0"], Some("gzip, identity;q=0"), Some("gzip, identity;q=0")),
        (&["*;q=x"], AS_IT_CAME, AS_IT_CAME),
    ];
    for (lines, pass, other) in cases {
        let said = |compress| ask(&request(lines), compress).map(|value| value.to_str().expect("ASCII").to_owned());
        assert_eq!(said(Compress::Pass).as_deref(), pass, "in passing, of {lines:?}");
        for compress in [Compress::Client, Compress::Off] {
            assert_eq!(said(compress).as_deref(), other, "{compress:?}, of {lines:?}");
        }
    }
}

/// Every field out of these members: what goes up takes no coding that the client does not take.
#[test]
fn no_field_is_widened() {
    let members =
        ["gzip", "gzip;q=0", "br;q=0.3", "zstd", "deflate;q=0", "*", "*;q=0", "identity;q=0", "compress", "dcb;q=0.1"];
    let mut looked_at = 0;
    for chosen in 0..1u32 << members.len() {
        let field: Vec<_> =
            (0..).zip(members).filter(|(bit, _)| chosen & 1 << bit != 0).map(|(_, member)| member).collect();
        let headers: HeaderMap =
            [(ACCEPT_ENCODING, HeaderValue::from_str(&field.join(", ")).expect("a value"))].into_iter().collect();
        let client = Accepted::of(&headers);
        for compress in [Compress::Pass, Compress::Client, Compress::Off] {
            let Some(up) = ask(&headers, compress) else { continue };
            let up = Accepted::of(&[(ACCEPT_ENCODING, up.clone())].into_iter().collect());
            for coding in Coding::ALL {
                assert!(client.takes(coding) || !up.takes(coding), "{field:?} is widened by {coding:?} to {up:?}");
            }
            assert!(client.takes_identity() || !up.takes_identity(), "{field:?} is widened by identity to {up:?}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 1000, "fields that are changed are among them: {looked_at}");
}

#[test]
fn the_codings_of_an_answer_follow_from_its_own_and_from_the_client() {
    let answer = |lines: &[&'static str]| {
        HeaderMap::from_iter(lines.iter().map(|line| (CONTENT_ENCODING, HeaderValue::from_static(line))))
    };
    for (lines, expected) in [
        (&[][..], Coded::Identity),
        (&[""], Coded::Identity),
        (&[" Identity "], Coded::Identity),
        (&["BR"], Coded::One(Coding::Brotli)),
        (&["x-gzip"], Coded::One(Coding::Gzip)),
        (&["gzip", "gzip"], Coded::Unknown),
        (&["gzip, identity"], Coded::Unknown),
        (&["aes128gcm"], Coded::Unknown),
    ] {
        assert_eq!(coded(&answer(lines)), expected, "of {lines:?}");
    }
    let gzip = Some(Coding::Gzip);
    let same = Codings { from: gzip, to: gzip, chosen: false };
    for compress in [Compress::Pass, Compress::Client, Compress::Off] {
        let of = |lines, coded| codings(&request(lines), coded, compress);
        assert_eq!(of(&["gzip"], Coded::One(Coding::Gzip)), Some(same), "{compress:?}: what was asked for");
        assert_eq!(of(&[], Coded::One(Coding::Gzip)), Some(same), "{compress:?}: a client that did not say");
        assert_eq!(of(&["br"], Coded::One(Coding::Gzip)), None, "{compress:?}: what the client does not take");
        let chosen = compress == Compress::Client;
        let to = Codings { from: None, to: gzip.filter(|_| chosen), chosen };
        assert_eq!(of(&["gzip"], Coded::Identity), Some(to), "{compress:?}: of none");
    }
}
