//! Where the tags stand.

use super::check_places;

#[test]
fn an_ordinary_page_has_all_four_places() {
    check_places(
        "<!DOCTYPE html>\n<html lang=en><head>[1]<title>a</title>[2]</head>\n<body class=\"x\">[3]<p>b</p>[4]</body>\n</html>\n",
    );
}

#[test]
fn the_prologue_may_have_a_bom_spaces_and_comments() {
    check_places(
        "\u{feff} <!-- a -- > <head> --->\n<!doctype html PUBLIC \"a>b\"><!----><HTML\nlang='>'>\t<HEAD  x=1\n>[1][2]</HEAD><body>[3][4]</body>",
    );
}

#[test]
fn comments_that_end_oddly_end_where_browsers_end_them() {
    check_places("<!--><!doctype html><!--->\n<html><!-- a --!><head>[1][2]</head><body>[3][4]</body></html>");
    check_places(
        "<?xml version=\"1.0\"?><!doctype html><html xmlns=\"x\"><head/>[1]<meta charset=utf-8>[2]</head><body>[3][4]</body></html>",
    );
}

#[test]
fn without_a_head_our_tag_stands_before_the_first_element() {
    check_places("<!doctype html><html>\n[1][2]<body>[3]a[4]</body></html>");
    check_places(
        "<!doctype html>[1]<title>a</title>\n<base href=/x>[2]<p>[3]".replace("[2]<p>[3]", "[2][3]<p>[4]").as_str(),
    );
    check_places("a text [1][2][3]<p>b[4]");
}

#[test]
fn the_head_ends_where_text_or_content_begins() {
    check_places("<head>[1]\n<title>a</title>\n[2][3]Hello <b>you</b>[4]");
    check_places(
        "<head>[1]<script>'</head>'</script><!-- </head> --><style></head></style>[2][3]<svg><title>a</title></svg>[4]",
    );
    check_places(
        "<head>[1]<noscript><img src=x></noscript><template><p>a</template>[2]</head><noscript>[3][4]"
            .replace("<noscript>[3][4]", "[3]<noscript>a</noscript>[4]")
            .as_str(),
    );
    check_places("<html><head>[1]<meta charset=utf-8>[2][3][4]</html>");
    check_places("<html><head>[1]<meta charset=utf-8>[2][3][4]</body><p>b");
    check_places("<head>[1]<template><head><p></template><title>a</title>[2]</head>\n[3][4]</body>");
}

#[test]
fn what_stands_behind_the_head_and_belongs_to_it_does_not_start_the_body() {
    check_places("<head>[1]<title>a</title>[2]</head>\n<link rel=x><!-- c -->\n<body id=a>[3]<p>[4]</body>");
}

#[test]
fn the_body_ends_at_its_first_end_tag_that_is_markup() {
    check_places(
        "<head>[1][2]</head><body>[3]<script>'</body>'</script><textarea></body></textarea><!-- </body> -->[4]</body></html></body>",
    );
    check_places("<head>[1][2]</head><body>[3]<p>a[4]</html>");
    check_places(
        "<head>[1][2]</head><body>[3]<template><html><body>a</body></html><template></template></template>b[4]</body>",
    );
    check_places("<head>[1][2]</head><body>[3]<template><body>a</template>b[4]</body>");
    check_places("[1][2][3]<p>a[4]</body>");
    check_places("<head>[1][2]</head><body>[3]<p>a[4]");
    check_places("<head>[1][2][3][4]");
}
