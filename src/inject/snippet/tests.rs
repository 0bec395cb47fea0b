//! What is complete and what is not, and a real parser's word on it.

use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, ns, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::prelude::*;

use super::*;

#[test]
fn complete_markup_has_no_problem() {
    for html in [
        "<script async src=\"https://chat.test/w.js\"></script>",
        "<script>if (a < b) { s = '</div>'; }</script>",
        "<style>a > b { color: red }</style>\n<!-- chat --><div class='x'>a < b</div>",
        "<img src=x alt=\"a > b\"/>",
        "text alone",
        "<!-->",
        "<textarea></TEXTAREA >",
        "<noscript><img height=1 src=\"https://count.test/p.gif\" style=display:none /></noscript>",
        "<template><p>a<br></p></template>",
        "<select><option>a</option></select>",
        "<a href=/chat title=''><svg viewBox=\"0 0 1 1\"><title>Chat</title><path d=\"M0 0\"/></svg></a>",
        "<!-- a --!><p>b</p>",
        "<a href=https://a.test/?b=c&d>e</a>",
        "<input disabled value = 'x'>",
    ] {
        assert_eq!(problem(html.as_bytes()), None, "snippet {html:?}");
    }
}

#[test]
fn what_is_left_open_is_named_with_its_line() {
    for (html, what) in [
        ("", "is empty"),
        ("a\n<div", "leaves a tag open"),
        ("<div class=\"x>", "leaves a quote open"),
        ("<!-- chat", "leaves a comment open"),
        ("<script>a()", "leaves a script open"),
        ("<script/>", "leaves a script open"),
        ("<script>a()</scripts>", "leaves a script open"),
        ("<style>", "leaves <style> open: write </style>"),
        ("<script><!-- <script></script>", "has <!-- inside a script"),
        ("</head>", "has a tag of the page itself"),
        ("<frameset>", "has a tag of the page itself"),
        ("caf\u{e9}", "has a byte that is not ASCII"),
        ("<div <p>", "leaves a tag open"),
        ("<noscript><img src=x>", "leaves <noscript> open"),
        ("<noscript><textarea></noscript>", "leaves <textarea> open: write </textarea> within <noscript>"),
        ("<!-- a --!><textarea> -->", "leaves <textarea> open"),
        ("<![CDATA[ > ]]>", "has <![CDATA["),
        ("<plaintext></plaintext>", "has <plaintext>"),
        ("<template><p>a</p>", "leaves <template> open"),
        ("<select><option>a</option>", "leaves <select> open"),
        ("<svg><path/>", "leaves <svg> open"),
        ("<svg><foreignObject><p></svg>", "closes <svg> where <p> is open, within <svg>"),
        ("<svg><style><template></style></svg>", "leaves <template> open: write </template> within <style>"),
        ("<template><col><style><!-- </style></template>", "leaves a comment open"),
        ("<style></</style><textarea>", "leaves <textarea> open"),
        ("<a =\"><script>\">", "has a = where no name stands"),
        ("<a b==\"><script>\">", "has a value with a quote"),
        ("<a b=c='><script>'>", "has a value with a quote"),
    ] {
        let said = problem(html.as_bytes()).map(|fault| fault.what).unwrap_or_default();
        assert!(said.starts_with(what), "snippet {html:?} is said to be {said:?}, not {what:?}");
    }
    assert_eq!(problem(b"a\n<div").expect("a problem").at, 2, "the byte is told");
}

/// Whether an element behind the snippet becomes one of the body, seen and of HTML.
fn leaves_the_page_alone(before: &str, snippet: &str, scripting_enabled: bool) -> bool {
    let tree_builder = TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() };
    let opts = ParseOpts { tree_builder, ..ParseOpts::default() };
    let page = format!("<!doctype html><html><head>{before}{snippet}<x-behind></x-behind></body></html>");
    let dom = parse_document(RcDom::default(), opts).one(page);
    in_body(&dom.document, false)
}

/// The walk does not enter templates: their content is no child of theirs.
fn in_body(node: &Handle, within_body: bool) -> bool {
    let mut within = within_body;
    if let NodeData::Element { name, .. } = &node.data {
        match &*name.local {
            "x-behind" => return within_body && name.ns == ns!(html),
            "select" | "svg" | "math" | "object" | "audio" | "video" | "canvas" => return false,
            "body" => within = true,
            _ => {}
        }
    }
    node.children.borrow().iter().any(|child| in_body(child, within))
}

const NAMES: [&str; 24] = [
    "p",
    "b",
    "a",
    "div",
    "table",
    "tr",
    "td",
    "col",
    "option",
    "script",
    "style",
    "title",
    "textarea",
    "noscript",
    "template",
    "select",
    "svg",
    "math",
    "foreignObject",
    "desc",
    "path",
    "object",
    "h1",
    "li",
];

/// Pieces that people write, and pieces that nobody should.
fn piece() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "a < b",
        "<br>",
        "<img src=x/>",
        "<path/>",
        "<svg/>",
        "<p/>",
        "<!-- c -->",
        "<!-- c --!>",
        "<!--",
        "-->",
        "--!>",
        "<![CDATA[",
        "]]>",
        "<plaintext>",
        "<x y='>'>",
        "<x =\"",
        "<x y==\">",
        "\">",
        "<x y=z\"",
        "'",
        "</",
        "<",
        ">",
        "<script/>",
        "<iframe>",
        "</iframe>",
        "<xmp>",
        "</xmp>",
        "<!doctype x>",
        "<?x",
        "</ x>",
        "<frameset>",
        "<body>",
    ]);
    let name = || prop::sample::select(&NAMES[..]);
    prop_oneof![
        odd.prop_map(str::to_owned),
        name().prop_map(|name| format!("<{name}>")),
        name().prop_map(|name| format!("</{name}>")),
    ]
}

/// Elements within elements, in order, with now and then a piece of anything in them.
fn snippet() -> impl Strategy<Value = String> {
    let element = piece().prop_recursive(5, 24, 4, |inner| {
        let inner = prop::collection::vec(inner, 0..4).prop_map(|parts| parts.concat());
        (prop::sample::select(&NAMES[..]), inner).prop_map(|(name, inner)| format!("<{name}>{inner}</{name}>"))
    });
    prop::collection::vec(element, 1..4).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn behind_a_snippet_that_passes_the_page_goes_on_with_scripts_and_without(snippet in snippet()) {
        if problem(snippet.as_bytes()).is_none() {
            for (before, scripts) in [("", true), ("", false), ("</head><body>", true), ("</head><body>", false)] {
                prop_assert!(
                    leaves_the_page_alone(before, &snippet, scripts),
                    "{:?} behind {:?} swallows the page, scripts: {}", snippet, before, scripts
                );
            }
        }
    }
}
