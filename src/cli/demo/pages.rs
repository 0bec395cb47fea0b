//! The shop's pages.

/// The shop's style sheet.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:light-dark(#23302b,#e6efe9);--paper:light-dark(#fbfaf5,#16201c);--leaf:light-dark(#2f6b4f,#8fd0ad)}
body{margin:0;background:var(--paper);color:var(--ink);font:1.05rem/1.6 Georgia,serif}
header,main,footer{max-width:44rem;margin:0 auto;padding:1rem}
header a{margin-right:1rem}a{color:var(--leaf)}h1{font-weight:normal}
ul.teas{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:1rem;padding:0;list-style:none}
ul.teas li{border:1px solid color-mix(in srgb,var(--ink) 20%,transparent);border-radius:.5rem;padding:1rem}
footer{font-size:.85rem;opacity:.8}input,button{font:inherit;padding:.3rem .6rem}
";

/// What the shop sells: the name in the address, the name, what it is like.
const TEAS: [(&str, &str, &str); 4] = [
    ("assam", "Assam", "Malty and strong; takes milk."),
    ("sencha", "Sencha", "Green, of a summer meadow."),
    ("oolong", "Oolong", "Between the two, and patient."),
    ("mint", "Mint", "Not a tea at all, and good late."),
];

pub(super) fn home() -> String {
    let teas: String = TEAS.iter().map(|(id, name, like)| item(id, name, like)).collect();
    shell(
        "Teas from the hill",
        &format!(
            "<ul class=teas>{teas}</ul><p>Our newsletter's link: <a href=\"/?utm_source=newsletter&amp;utm_medium=email&amp;\
             utm_campaign=spring\">spring</a>.</p>"
        ),
    )
}

pub(super) fn search(wanted: &str) -> String {
    let shown = escaped(wanted);
    let needle = wanted.to_lowercase();
    let hits: String = TEAS
        .iter()
        .filter(|(_, name, like)| !needle.is_empty() && format!("{name} {like}").to_lowercase().contains(&needle))
        .map(|(id, name, like)| item(id, name, like))
        .collect();
    let found = match (needle.is_empty(), hits.is_empty()) {
        (true, _) => "<p>What would you like?</p>".to_owned(),
        (false, true) => format!("<p>Nothing here is called “{shown}”.</p>"),
        (false, false) => format!("<ul class=teas>{hits}</ul>"),
    };
    let form = format!(
        "<form action=/search><input name=q aria-label=\"Search\" value=\"{shown}\"> <button>Search</button></form>"
    );
    shell("Search", &format!("{form}{found}"))
}

pub(super) fn tea(id: &str) -> Option<String> {
    let (_, name, like) = TEAS.iter().find(|(known, ..)| *known == id)?;
    Some(shell(name, &format!("<p>{like}</p><p>100 g, 9.50 €.</p>")))
}

pub(super) fn help() -> String {
    shell("Help", "<p>Steep for three minutes. Ask us if it is bitter.</p>")
}

pub(super) fn not_found() -> String {
    shell("Not here", "<p>There is no such page.</p>")
}

/// A page in pieces: the visitor sees the beginning while the end is still being made.
pub(super) fn slow() -> Vec<String> {
    let whole = shell("A slow page", "<p>One.</p>\u{0}<p>Two.</p>\u{0}<p>Three, and done.</p>");
    whole.split('\u{0}').map(str::to_owned).collect()
}

fn item(id: &str, name: &str, like: &str) -> String {
    format!("<li><a href=\"/tea/{id}\">{name}</a><br>{like}</li>")
}

fn shell(title: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · Hill Teas</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<header><a href=\"/\">Hill Teas</a> \
         <a href=\"/search\">Search</a> <a href=\"/slow\">Slow</a> <a href=\"/help\">Help</a> <a href=\"/lost\">Lost</a></header>\n\
         <main>\n<h1>{title}</h1>\n{main}\n</main>\n<footer>A sample shop. <a href=\"/_inlay/privacy\">Privacy</a></footer>\n\
         </body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
