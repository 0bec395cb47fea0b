//! Odd streams, which browsers take, or refuse: seen in Chromium 156 and Firefox 153.

use super::{decode, encode, text};
use crate::inject::codec::{Coding, Fault};

fn gzip(plain: &[u8]) -> Vec<u8> {
    encode(Coding::Gzip, 6, [plain])
}

fn bare(plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::with_capacity(plain.len() + 1000);
    let mut deflate = flate2::Compress::new(flate2::Compression::new(6), false);
    deflate.compress_vec(plain, &mut coded, flate2::FlushCompress::Finish).expect("it encodes");
    coded
}

/// A gzip header with an extra field, a name, a comment and a check sum of the header.
fn with_a_full_header(plain: &[u8]) -> Vec<u8> {
    let mut head = vec![0x1f, 0x8b, 8, 0b0001_1110, 1, 2, 3, 4, 0, 3];
    head.extend([4, 0, b'a', b'p', 0, 0]);
    head.extend(b"page.html\0made by hand\0");
    let mut sum = flate2::Crc::new();
    sum.update(&head);
    head.extend(&sum.sum().to_le_bytes()[..2]);
    head.extend(&gzip(plain)[10..]);
    head
}

#[test]
fn every_way_in_which_a_page_can_be_written_is_read() {
    let plain = text(20_000);
    let (one, two) = plain.split_at(7_000);
    let zstd = |plain: &[u8]| encode(Coding::Zstd, 3, [plain]);
    let skipped = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    for (what, coding, coded) in [
        ("a full header", Coding::Gzip, with_a_full_header(&plain)),
        ("two members", Coding::Gzip, [gzip(one), gzip(two)].concat()),
        ("members without a byte", Coding::Gzip, [gzip(b""), gzip(&plain), gzip(b"")].concat()),
        ("zeros behind it", Coding::Gzip, [gzip(&plain), vec![0; 512]].concat()),
        ("two members, zeros behind them", Coding::Gzip, [gzip(one), gzip(two), vec![0; 512]].concat()),
        ("anything behind it", Coding::Gzip, [gzip(&plain), b"anything".to_vec()].concat()),
        ("half of a beginning behind it", Coding::Gzip, [gzip(&plain), vec![0x1f]].concat()),
        ("a beginning's first byte twice behind it", Coding::Gzip, [gzip(&plain), vec![0x1f, 0x1f, 0x8b]].concat()),
        ("bare", Coding::Deflate, bare(&plain)),
        ("anything behind zlib", Coding::Deflate, [encode(Coding::Deflate, 6, [&plain[..]]), vec![1, 2]].concat()),
        ("anything behind br", Coding::Brotli, [encode(Coding::Brotli, 5, [&plain[..]]), vec![1, 2]].concat()),
        ("two frames", Coding::Zstd, [zstd(one), zstd(two)].concat()),
        ("a skipped frame before", Coding::Zstd, [skipped.to_vec(), zstd(&plain)].concat()),
        ("a skipped frame between", Coding::Zstd, [zstd(one), skipped.to_vec(), zstd(two)].concat()),
        ("a skipped frame behind", Coding::Zstd, [zstd(&plain), skipped.to_vec()].concat()),
    ] {
        assert!(
            decode(coding, [&coded[..]]).as_ref() == Ok(&plain),
            "{what}: {:?}",
            decode(coding, [&coded[..]]).err()
        );
        for cut in 1..coded.len() {
            let (one, two) = coded.split_at(cut);
            assert!(decode(coding, [one, two]).as_ref() == Ok(&plain), "{what}, cut at {cut} of {}", coded.len());
        }
    }
}

#[test]
fn what_is_no_stream_of_the_coding_is_damaged() {
    let plain = text(20_000);
    let zstd = encode(Coding::Zstd, 3, [&plain[..]]);
    for (what, coding, coded) in [
        ("a page as gzip", Coding::Gzip, plain.clone()),
        ("a page as deflate", Coding::Deflate, plain.clone()),
        ("a page as zstd", Coding::Zstd, plain.clone()),
        ("gzip as deflate", Coding::Deflate, gzip(&plain)),
        ("zlib as gzip", Coding::Gzip, encode(Coding::Deflate, 6, [&plain[..]])),
        ("zlib with a dictionary of its own", Coding::Deflate, vec![0x78, 0xbb, 1, 2, 3, 4, 5, 6]),
        ("an older zstd", Coding::Zstd, vec![0x27, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("anything behind zstd", Coding::Zstd, [zstd, b"anything".to_vec()].concat()),
        ("zstd with a dictionary", Coding::Zstd, vec![0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x00, 0x07, 0x01, 0, 0]),
    ] {
        assert_eq!(decode(coding, [&coded[..]]), Err(Fault::Damaged), "{what}");
        assert_eq!(decode(coding, coded.chunks(1)), Err(Fault::Damaged), "{what}, byte by byte");
    }
    assert!(decode(Coding::Brotli, [&plain[..]]).is_err(), "a page as br");
}

#[test]
fn windows_that_browsers_refuse_are_refused() {
    // A frame's descriptor without a size, and its window: 2^(10 + exponent) and eighths of that.
    let zstd = |window: u8| [0x28, 0xb5, 0x2f, 0xfd, 0x00, window, 0x01, 0x00, 0x00];
    let of = |exponent: u8, eighths: u8| (exponent - 10) << 3 | eighths;
    assert_eq!(decode(Coding::Zstd, [&zstd(of(23, 0))[..]]), Ok(Vec::new()), "zstd, 8 MiB");
    for (what, window) in [("9 MiB", of(23, 1)), ("16 MiB", of(24, 0)), ("1 GiB", of(30, 0))] {
        assert_eq!(decode(Coding::Zstd, [&zstd(window)[..]]), Err(Fault::Window), "zstd, {what}");
    }
    // A frame of one segment needs a window of its whole size (here 9 MiB).
    let single = [0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000, 0, 0, 0x90, 0];
    assert_eq!(decode(Coding::Zstd, [&single[..]]), Err(Fault::Window), "zstd, one segment of 9 MiB");
    // An empty stream with the largest window of RFC 7932, and one with a larger.
    assert_eq!(decode(Coding::Brotli, [&[0x3f][..]]), Ok(Vec::new()), "br, 16 MiB");
    assert_eq!(decode(Coding::Brotli, [&[0x11, 0x1a, 0x03][..]]), Err(Fault::Window), "br, a large window");
}

/// What seems zlib's format for two bytes, and is none: browsers read it again as the bare one.
#[test]
fn a_bare_stream_that_begins_like_zlib_is_read_all_the_same() {
    let plain = text(300);
    // A stored block whose padding is not zero makes the first byte 0x78, as in zlib's header; its length is chosen so that
    // the second byte fits as well.
    let len = (1..256u16).find(|len| (0x78 * 256 + len) % 31 == 0).expect("one in 31 fits");
    let (first, rest) = plain.split_at(usize::from(len));
    let mut coded = vec![0x78];
    coded.extend(len.to_le_bytes());
    coded.extend((!len).to_le_bytes());
    coded.extend(first);
    coded.extend(bare(rest));
    for cut in 0..coded.len() {
        let (one, two) = coded.split_at(cut);
        assert!(decode(Coding::Deflate, [one, two]).as_ref() == Ok(&plain), "cut at {cut} of {}", coded.len());
    }
}
