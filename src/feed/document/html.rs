//! HTML: the visible text, and where its links lead if that differs.

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use crate::stix::ioc::read::read;

/// Elements around whose content a line ends.
const BLOCKS: [&str; 34] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "table",
    "title",
    "tr",
    "ul",
];
/// Elements whose content nobody sees.
const HIDDEN: [&str; 6] = ["script", "style", "template", "noscript", "noembed", "noframes"];

/// The text of a page.
///
/// Only tokens are read, no tree is built: however deep a page is nested, that costs nothing.
pub(super) fn text(page: &str) -> String {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(page));
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    // It stops at the end of each script, for somebody to run it.
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.page.into_inner().text
}

/// The character set that a page names in its first octets.
pub(super) fn declared(octets: &[u8]) -> Option<&[u8]> {
    let head = octets.get(..1024).unwrap_or(octets);
    let at = head.windows(8).position(|window| window.eq_ignore_ascii_case(b"charset="))?;
    let value = head.get(at + 8..)?.trim_ascii_start();
    let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let end = value.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.'))).unwrap_or(value.len());
    value.get(..end).filter(|label| !label.is_empty())
}

#[derive(Default)]
struct Reader {
    page: RefCell<Page>,
}

/// What has been read of a page.
#[derive(Default)]
struct Page {
    text: String,
    /// The hidden element that is open, and how often.
    hidden: Option<(String, usize)>,
    /// The target of the link that is open, and where its text begins.
    link: Option<(String, usize)>,
}

impl Page {
    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn start(&mut self, tag: &Tag) {
        let name = tag.name.as_ref();
        if let Some((hidden, depth)) = &mut self.hidden {
            *depth += usize::from(hidden == name);
        } else if HIDDEN.contains(&name) {
            self.hidden = (!tag.self_closing).then(|| (name.to_owned(), 1));
        } else {
            self.separate(name);
            if name == "a" {
                self.close_link();
                let target = tag.attrs.iter().find(|attribute| &*attribute.name.local == "href");
                self.link = target.map(|attribute| (attribute.value.trim().to_owned(), self.text.len()));
            }
        }
    }

    fn end(&mut self, name: &str) {
        match &mut self.hidden {
            Some((hidden, depth)) if hidden == name => {
                *depth -= 1;
                if *depth == 0 {
                    self.hidden = None;
                }
            }
            Some(_) => {}
            None => {
                if name == "a" {
                    self.close_link();
                }
                self.separate(name);
            }
        }
    }

    fn separate(&mut self, name: &str) {
        if BLOCKS.contains(&name) {
            self.line();
        } else if matches!(name, "td" | "th" | "img" | "input" | "button") && !self.text.ends_with(['\n', '\t']) {
            self.text.push('\t');
        }
    }

    /// Writes where a link leads, behind its text, unless the text says so itself.
    fn close_link(&mut self) {
        let Some((target, start)) = self.link.take() else { return };
        let shown = self.text.get(start..).unwrap_or_default().trim();
        let mail = target.strip_prefix("mailto:").map(|mail| mail.split('?').next().unwrap_or(mail));
        let leads = mail.or_else(|| target.contains("://").then_some(target.as_str()));
        let Some(leads) = leads.filter(|leads| *leads != shown) else { return };
        let same = read(shown).is_some_and(|shown| read(leads).is_some_and(|leads| leads.value == shown.value));
        if !same {
            self.text.push_str(" <");
            self.text.push_str(leads);
            self.text.push_str("> ");
        }
    }
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.page.borrow_mut();
        match token {
            Token::CharacterTokens(text) if page.hidden.is_none() => page.text.push_str(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                page.start(&tag);
                return raw(tag.name.as_ref());
            }
            Token::TagToken(tag) => page.end(tag.name.as_ref()),
            Token::EOFToken => page.close_link(),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// How the content of an element is to be read.
fn raw(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_what_a_reader_sees() {
        let page = "<html><head><title>IOC &amp; more</title><style>.a{b:url(http://style.com/x)}</style><script>var c='http://script.com/';</script></head>\
            <body><!-- http://comment.com/ --><p>C2: <b>evil</b><wbr>.com</p><ul><li>1.2.3.4<li>5.6.7.8</ul><table><tr><td>a.com<td>b.com</table></body>";
        assert_eq!(text(page), "IOC & more\nC2: evil.com\n1.2.3.4\n5.6.7.8\na.com\tb.com\n");
    }

    #[test]
    fn a_link_is_told_where_it_leads_elsewhere() {
        for (page, expected) in [
            ("<a href='https://evil.com/x'>click</a> now", "click <https://evil.com/x>  now"),
            ("<a href='https://evil.com/x'>hxxps://evil[.]com/x</a>", "hxxps://evil[.]com/x"),
            ("<a href='https://evil.com/x'>https://evil.com/x</a>", "https://evil.com/x"),
            ("<a href='mailto:a@evil.com?subject=b'>write</a>", "write <a@evil.com> "),
            ("<a href='#top'>top</a><a href='/local'>local</a>", "toplocal"),
            ("<a href='https://evil.com/x'>open", "open <https://evil.com/x> "),
        ] {
            assert_eq!(text(page), expected, "{page}");
        }
    }

    #[test]
    fn deep_and_broken_pages_are_read() {
        assert_eq!(text(&format!("{}evil.com", "<div><b>".repeat(100_000))), "evil.com");
        assert_eq!(text("<script>never closed evil.com"), "");
        assert_eq!(text("<a href=\"x"), "");
    }

    #[test]
    fn the_character_set_is_found_in_the_head() {
        assert_eq!(declared(b"<meta charset=\"Windows-1251\">"), Some(&b"Windows-1251"[..]));
        assert_eq!(declared(b"<meta http-equiv=x content='text/html; charset=koi8-r'>"), Some(&b"koi8-r"[..]));
        assert_eq!(declared(b"<p>"), None);
    }
}
