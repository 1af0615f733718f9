//! Holds for every page: what others wrote stays text, nothing is inline, and the markup is sound.

use super::sample::Sample;
use crate::console::assets;
use crate::console::parts::frame::Theme;

const NASTY: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{7*7}}\u{202E}\u{0}</textarea></title>";

/// A start tag: its name and its attributes, their values still escaped.
type Tag = (String, Vec<(String, String)>);

/// The start tags of a page, read as a browser does.
fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if !after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let (tag, behind) = tag(after);
        tags.push(tag);
        rest = behind;
    }
    tags
}

fn tag(text: &str) -> (Tag, &str) {
    let end = |c: char| c.is_whitespace() || matches!(c, '>' | '/' | '=');
    let at = text.find(end).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(at);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return ((name.to_owned(), attributes), rest);
        }
        let at = rest.find(end).unwrap_or(rest.len());
        let (attribute, behind) = rest.split_at(at.max(1));
        rest = behind;
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let (inside, behind) = quoted.split_once('"').expect("a value ends");
            (value, rest) = (inside, behind);
        } else {
            assert!(!rest.starts_with('='), "a value without quotes: {}", rest.chars().take(40).collect::<String>());
        }
        attributes.push((attribute.to_owned(), value.to_owned()));
    }
}

fn with(nasty: &str) -> Vec<(&'static str, String)> {
    Sample { nasty: nasty.to_owned(), theme: Theme::System }.pages()
}

/// How often a direction stands where it must come back as it was: in fields and in what is copied.
fn in_fields(page: &str) -> usize {
    let values = tags(page).into_iter().flat_map(|(_, attributes)| attributes);
    let fields = values.filter(|(name, _)| matches!(name.as_str(), "value" | "data-copy" | "data-csrf")).map(|(_, value)| value);
    let areas = page.split("<textarea").skip(1).map(|rest| rest.split_once('>').unwrap().1.split("</textarea>").next().unwrap().to_owned());
    fields.chain(areas).map(|text| text.matches('\u{202E}').count()).sum()
}

#[test]
fn what_others_wrote_adds_no_tag_and_no_attribute() {
    let shape = |page: &str| -> Vec<(String, Vec<String>)> {
        let names = tags(page).into_iter().map(|(name, attributes)| (name, attributes.into_iter().map(|(name, _)| name).collect()));
        // Invisible characters are made visible by an element of ours; drawings leave out labels that have no room.
        names.filter(|(name, attributes): &(String, Vec<String>)| name != "span" && name != "text" && !attributes.is_empty()).collect()
    };
    for ((name, calm), (_, nasty)) in with("").into_iter().zip(with(NASTY)) {
        assert!(!nasty.contains("<script>alert") && !nasty.contains("<img"), "{name}");
        assert_eq!(nasty.matches('\u{202E}').count(), in_fields(&nasty), "{name}: a direction is obeyed");
        let (calm, nasty) = (shape(&calm), shape(&nasty));
        // What has no text calmly may have one in a nasty page, never the other way round; scripts and images never.
        for (tag, _) in &nasty {
            assert!(calm.iter().any(|(other, _)| other == tag), "{name}: a <{tag}> came from the text");
        }
        assert!(nasty.iter().all(|(_, attributes)| attributes.iter().all(|a| !a.starts_with("on"))), "{name}: a handler came from the text");
    }
}

#[test]
fn nothing_is_inline_and_nothing_is_asked_of_others() {
    for (name, page) in with(NASTY) {
        for (tag, attributes) in tags(&page) {
            let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
            assert_eq!(value("style"), None, "{name}: <{tag}>");
            assert!(attributes.iter().all(|(name, _)| !name.starts_with("on")), "{name}: <{tag}>");
            assert_ne!(tag, "style", "{name}");
            if tag == "script" {
                assert_eq!(value("src"), Some(assets::script().as_str()), "{name}");
            }
            for link in ["src", "href", "action", "formaction"].into_iter().filter_map(value) {
                let ours = link.starts_with("/console/") || link.starts_with('#');
                assert!(ours || (tag == "a" && link.starts_with("https://")), "{name}: <{tag}> leads to {link}");
            }
        }
    }
}

#[test]
fn forms_that_change_something_carry_the_token() {
    for (name, page) in with("") {
        for form in page.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap()) {
            assert!(!form.contains("method=\"post\"") || form.contains("name=\"csrf\""), "{name}: {}", form.chars().take(120).collect::<String>());
        }
    }
}

/// The values of all attributes of this name, in their order.
fn values(page: &str, wanted: &str) -> Vec<String> {
    tags(page).into_iter().flat_map(|(_, attributes)| attributes).filter(|(name, _)| name == wanted).map(|(_, value)| value).collect()
}

#[test]
fn ids_are_given_once_and_labels_name_them() {
    for (name, page) in with("") {
        let ids = values(&page, "id");
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id), "{name}: id {id} is there twice");
        }
        for attribute in ["for", "aria-labelledby", "form", "list"] {
            for named in values(&page, attribute) {
                assert!(ids.contains(&named), "{name}: {attribute} names {named}, which is not there");
            }
        }
    }
}

#[test]
fn every_page_has_one_heading_one_main_and_a_way_to_it() {
    for (name, page) in with("") {
        for part in ["<h1", "<main", "class=\"skip\"", "lang=\"en\""] {
            assert_eq!(page.matches(part).count(), 1, "{name}: {part}");
        }
    }
}

#[test]
fn a_text_without_end_is_cut_where_a_drawing_has_no_room() {
    for (name, page) in with(&"ص".repeat(5000)) {
        for text in page.split("<text ").skip(1).map(|rest| rest.split("</text>").next().unwrap()) {
            let shown = text.split_once('>').unwrap().1;
            assert!(shown.chars().count() <= 50, "{name}: {shown}");
        }
    }
}
