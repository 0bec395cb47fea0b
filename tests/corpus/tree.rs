//! A second opinion: the page as html5ever's tree, which knows nothing of the rewriter. Bytes are read as one character each,
//! so that every encoding passes through unharmed.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tendril::TendrilSink;
use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// One node of a tree, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub depth: usize,
    /// The element's name; nothing for other nodes.
    pub element: Option<String>,
    /// Everything else about it.
    pub detail: String,
}

impl Row {
    /// Whether it is a text of white space alone.
    pub fn is_blank(&self) -> bool {
        is_text(self) && self.detail[1..].trim().is_empty()
    }
}

/// A tree, row by row.
pub fn rows(page: &[u8]) -> Vec<Row> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(latin1(page));
    let mut rows = Vec::new();
    walk(&dom.document, 0, &mut rows);
    rows
}

/// The same without the elements that `drop` names, as a page that had never had them.
pub fn without(rows: &[Row], drop: impl Fn(&Row) -> bool) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::new();
    for row in rows.iter().filter(|row| !drop(row)) {
        match kept.last_mut() {
            Some(last) if is_text(last) && is_text(row) && last.depth == row.depth => last.detail += &row.detail[1..],
            _ => kept.push(row.clone()),
        }
    }
    kept
}

/// The names of a page's start tags up to the first that is not `html`.
pub fn first_start_tags(page: &[u8]) -> Vec<String> {
    let tokenizer = Tokenizer::new(StartTags::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(latin1(page));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut names = tokenizer.sink.0.take();
    let len = names.iter().position(|name| name != "html").map_or(names.len(), |at| at + 1);
    names.truncate(len);
    names
}

#[derive(Default)]
struct StartTags(RefCell<Vec<String>>);

impl TokenSink for StartTags {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => self.0.borrow_mut().push(tag.name.to_string()),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn is_text(row: &Row) -> bool {
    row.element.is_none() && row.detail.starts_with('"')
}

fn latin1(page: &[u8]) -> StrTendril {
    // A BOM is no text: a browser takes it off before it parses (WHATWG Encoding, section 6).
    let page = page.strip_prefix(b"\xef\xbb\xbf").unwrap_or(page);
    page.iter().map(|byte| char::from(*byte)).collect::<String>().into()
}

fn walk(node: &Handle, depth: usize, rows: &mut Vec<Row>) {
    let row = match &node.data {
        NodeData::Text { contents } => Some((None, format!("\"{}", contents.borrow()))),
        NodeData::Element { name, attrs, .. } => {
            let attrs = attrs.borrow();
            let attrs = attrs.iter().map(|attr| format!(" {}={:?}", attr.name.local, attr.value.to_string()));
            Some((Some(name.local.to_string()), format!("{:?}{}", name.ns, attrs.collect::<String>())))
        }
        NodeData::Comment { contents } => Some((None, format!("<!--{contents}"))),
        NodeData::Doctype { name, public_id, system_id } => Some((None, format!("<!{name} {public_id} {system_id}"))),
        NodeData::ProcessingInstruction { contents, .. } => Some((None, format!("<?{contents}"))),
        NodeData::Document => None,
    };
    if let Some((element, detail)) = row {
        rows.push(Row { depth, element, detail });
    }
    if let NodeData::Element { template_contents, .. } = &node.data
        && let Some(contents) = &*template_contents.borrow()
    {
        walk(contents, depth + 1, rows);
    }
    for child in node.children.borrow().iter() {
        walk(child, depth + 1, rows);
    }
}
