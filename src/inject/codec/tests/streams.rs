//! Streams that others have made: every decoder reads them, whole and at every cut; a part of one is never taken for whole.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{decode, text};
use crate::inject::codec::{Coding, Fault};

/// What a program of this machine makes of bytes; none where it is not there.
fn by_tool(tool: &str, words: &[&str], plain: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(tool).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut stdin = child.stdin.take().expect("its input");
    let plain = plain.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&plain));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("written").expect("it takes everything");
    assert!(output.status.success(), "{tool} {words:?}");
    Some(output.stdout)
}

/// node's own zlib: the reference libraries of deflate and br.
fn by_node(call: &str, plain: &[u8]) -> Option<Vec<u8>> {
    let script = format!("const z=require('zlib');process.stdout.write(z.{call})");
    by_tool("node", &["-e", &script.replace("INPUT", "require('fs').readFileSync(0)")], plain)
}

/// Streams of one text, by the codings' own tools.
fn streams(plain: &[u8]) -> Vec<(&'static str, Coding, Vec<u8>)> {
    let made = [
        ("gzip -1", Coding::Gzip, by_tool("gzip", &["-1nc"], plain)),
        ("gzip -9", Coding::Gzip, by_tool("gzip", &["-9nc"], plain)),
        ("zlib", Coding::Deflate, by_node("deflateSync(INPUT)", plain)),
        ("zlib, stored", Coding::Deflate, by_node("deflateSync(INPUT,{level:0})", plain)),
        ("bare deflate", Coding::Deflate, by_node("deflateRawSync(INPUT)", plain)),
        ("bare deflate, stored", Coding::Deflate, by_node("deflateRawSync(INPUT,{level:0})", plain)),
        (
            "bare deflate, fixed",
            Coding::Deflate,
            by_node("deflateRawSync(INPUT,{strategy:z.constants.Z_FIXED})", plain),
        ),
        ("br 11", Coding::Brotli, by_node("brotliCompressSync(INPUT)", plain)),
        (
            "br 1",
            Coding::Brotli,
            by_node("brotliCompressSync(INPUT,{params:{[z.constants.BROTLI_PARAM_QUALITY]:1}})", plain),
        ),
        ("zstd -1", Coding::Zstd, by_tool("zstd", &["-1qc"], plain)),
        ("zstd -19, no check sum", Coding::Zstd, by_tool("zstd", &["-19qc", "--no-check"], plain)),
    ];
    made.into_iter().filter_map(|(name, coding, coded)| Some((name, coding, coded?))).collect()
}

#[test]
fn what_the_codings_own_tools_make_is_read_at_every_cut() {
    for plain in [text(5_000), b"a".to_vec(), Vec::new()] {
        let streams = streams(&plain);
        assert!(streams.len() >= 8, "gzip, zstd and node are there: {}", streams.len());
        for (name, coding, coded) in &streams {
            for cut in 0..=coded.len() {
                let (one, two) = coded.split_at(cut);
                assert!(decode(*coding, [one, two]).as_ref() == Ok(&plain), "{name}, cut at {cut} of {}", coded.len());
            }
            let bytes: Vec<&[u8]> = coded.chunks(1).collect();
            assert!(decode(*coding, bytes).as_ref() == Ok(&plain), "{name}, byte by byte");
        }
    }
}

#[test]
fn a_large_text_comes_out_in_steps() {
    let plain = text(3_000_000);
    for (name, coding, coded) in streams(&plain) {
        assert!(decode(coding, [&coded[..]]).as_ref() == Ok(&plain), "{name}, at once");
        assert!(decode(coding, coded.chunks(1000)).as_ref() == Ok(&plain), "{name}, in pieces");
    }
}

#[test]
fn a_part_of_a_stream_is_never_whole() {
    let plain = text(5_000);
    for (name, coding, coded) in streams(&plain) {
        for len in 1..coded.len() {
            let fault = decode(coding, [&coded[..len]]).expect_err("it ends early");
            assert_eq!(fault, Fault::EndsEarly, "{name}, {len} bytes of {}", coded.len());
        }
    }
}

/// What a check sum covers is never taken for whole when a bit of it is wrong; what has none is at least never an endless wait.
#[test]
fn a_wrong_bit_anywhere_is_found_where_the_coding_has_a_check_sum() {
    let plain = text(2_000);
    let mut found = 0;
    for (name, coding, coded) in streams(&plain) {
        // br and zstd without one have none; a bare deflate stream neither. Of gzip's header some fields say nothing.
        let checked = coding == Coding::Gzip || name == "zlib" || name == "zstd -1";
        for at in 0..coded.len() {
            let mut damaged = coded.clone();
            damaged[at] ^= 0x10;
            let decoded = decode(coding, [&damaged[..]]);
            assert!(!checked || decoded.is_err() || decoded.as_ref() == Ok(&plain), "{name}, byte {at}: other bytes");
            found += usize::from(checked && decoded.is_err());
        }
    }
    assert!(found > 1000, "all but the few bits that say nothing: {found}");
}
