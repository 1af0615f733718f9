//! Names and paths of files, and keys of the registry.

use super::{Doubt, Kind};

/// What stands at a place of the text.
pub(super) struct Path {
    pub(super) kind: Kind,
    /// The normal form; `None` if this is a path with a gap in it, which names nothing.
    pub(super) value: Option<String>,
    /// Octets of the text that it takes.
    pub(super) taken: usize,
}

/// Extensions of files, sorted.
const EXTENSIONS: [&str; 150] = [
    "7z", "ace", "apk", "arj", "ashx", "asmx", "asp", "aspx", "aux", "avi", "bak", "bash", "bat", "bin", "bmp", "cab", "cer", "cfg", "cfm", "cgi",
    "chm", "class", "cmd", "conf", "config", "cpl", "cpp", "crt", "crx", "cs", "css", "csv", "dat", "db", "deb", "dex", "dll", "dmg", "dmp", "doc",
    "docm", "docx", "dot", "dotm", "drv", "dylib", "ecp", "edb", "elf", "eml", "eot", "evtx", "exe", "flt", "gif", "gz", "hta", "htm", "html", "hwp",
    "ico", "img", "inf", "ini", "ipa", "iso", "jar", "java", "jpeg", "jpg", "js", "jse", "json", "jsp", "jspx", "key", "ko", "lnk", "log", "lua",
    "md", "mdb", "mof", "mov", "mp3", "mp4", "msg", "msi", "msp", "msu", "ocx", "odt", "ost", "pcap", "pcapng", "pdb", "pdf", "pem", "pfx", "php",
    "phtml", "pif", "pkg", "pl", "plist", "png", "ppt", "pptm", "pptx", "ps1", "psd1", "psm1", "pst", "py", "pyc", "rar", "rb", "reg", "rpm", "rs",
    "rtf", "scr", "sct", "sh", "so", "sql", "sqlite", "svg", "swf", "sys", "tar", "tgz", "tmp", "ttf", "txt", "vbe", "vbs", "vhd", "vhdx", "war",
    "wll", "wsf", "xlam", "xll", "xls", "xlsb", "xlsm", "xlsx", "xml", "zip",
];
/// Directories below the root of Unix.
const ROOTS: [&str; 28] = [
    "etc",
    "tmp",
    "var",
    "usr",
    "home",
    "opt",
    "bin",
    "sbin",
    "dev",
    "root",
    "proc",
    "srv",
    "mnt",
    "lib",
    "lib64",
    "boot",
    "run",
    "sys",
    "media",
    "data",
    "users",
    "library",
    "applications",
    "private",
    "system",
    "volumes",
    "sdcard",
    "vmfs",
];
/// Hives, short and whole.
const HIVES: [(&str, &str); 12] = [
    ("HKLM", "HKEY_LOCAL_MACHINE"),
    ("HKCU", "HKEY_CURRENT_USER"),
    ("HKCR", "HKEY_CLASSES_ROOT"),
    ("HKU", "HKEY_USERS"),
    ("HKCC", "HKEY_CURRENT_CONFIG"),
    ("HKPD", "HKEY_PERFORMANCE_DATA"),
    ("HKEY_LOCAL_MACHINE", "HKEY_LOCAL_MACHINE"),
    ("HKEY_CURRENT_USER", "HKEY_CURRENT_USER"),
    ("HKEY_CLASSES_ROOT", "HKEY_CLASSES_ROOT"),
    ("HKEY_USERS", "HKEY_USERS"),
    ("HKEY_CURRENT_CONFIG", "HKEY_CURRENT_CONFIG"),
    ("HKEY_PERFORMANCE_DATA", "HKEY_PERFORMANCE_DATA"),
];
/// Words at which a sentence goes on after a path.
const SENTENCE: [&str; 22] = [
    "and", "or", "to", "in", "on", "at", "with", "then", "from", "is", "was", "were", "for", "via", "as", "by", "into", "und", "oder", "nach", "et",
    "y",
];
/// The longest path that is read.
const LONGEST: usize = 1024;
/// How far a blank in a path may be from the next separator.
const REACH: usize = 48;

/// The extension of a name of a file, if it is one that files have.
pub(super) fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && is_extension(extension)).then_some(extension)
}

fn is_extension(text: &str) -> bool {
    text.len() <= 8 && EXTENSIONS.binary_search(&text.to_ascii_lowercase().as_str()).is_ok()
}

/// What a name of a file says against itself: products that end in `.js`, and names out of programs.
pub(super) fn name_doubt(name: &str, next: Option<u8>) -> Option<Doubt> {
    const PRODUCTS: [&str; 14] =
        ["node", "vue", "next", "three", "react", "express", "angular", "nuxt", "electron", "d3", "backbone", "ember", "chart", "socket"];
    let (stem, extension) = name.rsplit_once('.')?;
    let product = extension.eq_ignore_ascii_case("js") && PRODUCTS.iter().any(|product| stem.eq_ignore_ascii_case(product));
    let titled =
        extension.len() > 1 && extension.starts_with(|c: char| c.is_ascii_uppercase()) && extension.bytes().skip(1).all(|b| b.is_ascii_lowercase());
    (product || titled || next == Some(b'(')).then_some(Doubt::Code)
}

/// A path of Windows that begins at `C:\`, `%NAME%\`, `$env:NAME\` or `\\host\`.
pub(super) fn windows(text: &str, before: Option<u8>) -> Option<Path> {
    let prefix = windows_prefix(text)?;
    let end = end(text, prefix, before);
    let value = end.whole.then(|| value(text.get(..end.at).unwrap_or_default())).filter(|value| has_name(value, prefix));
    Some(Path { kind: Kind::FilePath, value, taken: end.at + end.gap })
}

/// How much of a text is the beginning of a path, separator included.
fn windows_prefix(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let variable = |from: usize, until: u8| {
        let name = bytes.get(from..)?.iter().take(40).position(|byte| *byte == until)?;
        let word = bytes.get(from..from + name)?;
        (name > 0 && word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'(' | b')'))).then_some(from + name + 1)
    };
    match bytes {
        [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic() => Some(3),
        [b'%', ..] => variable(1, b'%').filter(|end| bytes.get(*end) == Some(&b'\\')).map(|end| end + 1),
        [b'$', ..] if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("$env:")) => variable(5, b'\\'),
        [b'\\', b'\\', next, ..] if next.is_ascii_alphanumeric() || matches!(next, b'\\' | b'.' | b'?') => {
            let slashes = bytes.iter().take(5).take_while(|byte| **byte == b'\\').count();
            let host = bytes.get(slashes..)?.iter().take(64).position(|byte| *byte == b'\\')?;
            let name = bytes.get(slashes..slashes + host)?;
            let fits = host > 0 && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'?'));
            (fits && matches!(slashes, 2 | 4)).then_some(slashes + host + 1)
        }
        _ => None,
    }
}

/// Whether something is named below the beginning.
fn has_name(value: &str, prefix: usize) -> bool {
    value.len() > prefix.min(3) && value.bytes().any(|byte| byte.is_ascii_alphanumeric()) && !value.ends_with(":\\")
}

/// A path without its beginning, `inetpub\wwwroot\x.aspx`, which counts if it ends in the name of a file; how far it was looked at otherwise.
pub(super) fn relative(text: &str, before: Option<u8>) -> Result<Path, usize> {
    let end = end(text, 0, before);
    let written = text.get(..end.at).unwrap_or_default();
    let file = written.rsplit('\\').next().and_then(extension).is_some();
    let plain = end.whole && file && !written.starts_with('\\') && written.matches('\\').count() > 1;
    if plain { Ok(Path { kind: Kind::FilePath, value: Some(value(written)), taken: end.at }) } else { Err((end.at + end.gap).max(1)) }
}

/// A key of the registry, whose hive is the word of `hive` octets at the beginning.
pub(super) fn registry(text: &str, hive: usize, before: Option<u8>) -> Option<Path> {
    let word = text.get(..hive)?;
    let (_, whole) = HIVES.iter().find(|(short, _)| word.eq_ignore_ascii_case(short))?;
    let rest = text.get(hive..)?;
    let colon = usize::from(rest.starts_with(':'));
    let key = rest.get(colon..)?;
    if !key.starts_with('\\') {
        return None;
    }
    let end = end(key, 1, before);
    let key = value(key.get(..end.at)?);
    let key = key.trim_end_matches('\\');
    let value = (end.whole && key.len() > 1).then(|| format!("{whole}{key}"));
    Some(Path { kind: Kind::RegistryKey, value, taken: hive + colon + end.at + end.gap })
}

/// A path of Unix, from `/`, `~/` or `$HOME/` on.
pub(super) fn unix(text: &str) -> Option<Path> {
    let home = ["~/", "$HOME/", "${HOME}/"].iter().find(|home| text.starts_with(**home));
    let end = text
        .char_indices()
        .find(|(at, c)| {
            c.is_whitespace()
                || c.is_control()
                || *at >= LONGEST
                || matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '|' | '>' | '<' | '*' | '&' | ':' | ']')
        })
        .map_or(text.len(), |(at, _)| at);
    let written = text.get(..end)?.trim_end_matches(['.', '!', '?', '*', '_', '\\', '”', '’', '“', '»', '…', '。']);
    let gap = text.get(end..).is_some_and(|rest| rest.starts_with(['<', '*']));
    let mut parts = written.strip_prefix('/').unwrap_or(written).split('/');
    let first = parts.next().unwrap_or_default();
    let second = parts.next().unwrap_or_default();
    let known = home.is_some() || ROOTS.iter().any(|root| first.eq_ignore_ascii_case(root));
    if second.is_empty() || (!known && first.is_empty()) {
        return None;
    }
    let value = (known && !gap && written.is_ascii()).then(|| written.to_owned());
    Some(Path { kind: Kind::FilePath, value, taken: written.len() + usize::from(gap && end == written.len()) })
}

/// Where a path ends.
struct End {
    at: usize,
    /// Whether nothing in it is left open: a wildcard, a placeholder.
    whole: bool,
    /// What is passed over besides.
    gap: usize,
}

/// Finds the end of a path of Windows. Blanks belong to it between quotation marks, and where the next separator is near and no sentence goes on.
fn end(text: &str, from: usize, before: Option<u8>) -> End {
    if let Some(at) = before.and_then(|quote| quoted(text, quote)) {
        return End { at, whole: true, gap: 0 };
    }
    let mut segment = from;
    let mut open = 0_usize;
    let mut at = text.len();
    let mut gap = false;
    for (place, c) in text.char_indices().skip_while(|(place, _)| *place < from) {
        match c {
            '\\' => segment = place + 1,
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ' ' if goes_on(text, segment, place) => {}
            '<' | '*' => (at, gap) = (place, true),
            _ if c.is_whitespace() || c.is_control() || ")>:\"|?,;/'`“”„»«’".contains(c) || place >= LONGEST => at = place,
            _ => {}
        }
        if at < text.len() {
            break;
        }
    }
    let written = text.get(..at).unwrap_or_default();
    let trimmed = if gap { written } else { written.trim_end_matches(['.', '!', ' ']) };
    End { at: trimmed.len().max(from.min(at)), whole: !gap, gap: usize::from(gap) }
}

/// Whether a path goes on behind a blank.
fn goes_on(text: &str, segment: usize, blank: usize) -> bool {
    let so_far = text.get(segment..blank).unwrap_or_default();
    if so_far.is_empty() || extension(so_far).is_some() {
        return false;
    }
    let ahead = text.as_bytes().get(blank + 1..).unwrap_or_default();
    let fits =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b'_' | b'-' | b'(' | b')' | b'&' | b'+' | b'{' | b'}' | b'$');
    let length = ahead.iter().take(REACH).take_while(fits).count();
    if ahead.get(length) != Some(&b'\\') {
        return false;
    }
    let words = std::str::from_utf8(ahead.get(..length).unwrap_or_default()).unwrap_or_default();
    let mut all = words.split(' ');
    let hive = all.clone().next_back().is_some_and(|last| HIVES.iter().any(|(short, _)| last.eq_ignore_ascii_case(short)));
    !hive && !words.starts_with(' ') && all.all(|word| !SENTENCE.iter().any(|stop| word.eq_ignore_ascii_case(stop)) && extension(word).is_none())
}

/// The end of a path that stands between quotation marks; arguments behind the name of a program do not belong to it.
fn quoted(text: &str, quote: u8) -> Option<usize> {
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let inner = text.as_bytes().iter().take(400).position(|byte| *byte == quote || *byte == b'\n')?;
    let path = text.get(..inner).filter(|_| text.as_bytes().get(inner) == Some(&quote))?;
    let path = path.strip_suffix('\\').filter(|_| quote == b'"' && path.ends_with("\\\\")).unwrap_or(path);
    let body = path.get(3..).unwrap_or_default();
    if body.contains(['<', '>', '"', '|', '?', '*']) || path.trim_end() != path || path.contains("://") {
        return None;
    }
    let arguments = path.match_indices(' ').map(|(at, _)| at).find(|at| {
        let word = path.get(..*at).and_then(|before| before.rsplit(['\\', ' ']).next()).unwrap_or_default();
        extension(word).is_some()
    });
    Some(arguments.unwrap_or(path.len()))
}

/// The path with separators that were doubled as an escape made single.
fn value(written: &str) -> String {
    let share = written.starts_with(r"\\");
    let doubled = written.get(if share { 2 } else { 0 }..).unwrap_or_default().contains(r"\\") || written.starts_with(r"\\\\");
    if !doubled {
        return written.to_owned();
    }
    let single = written.trim_start_matches('\\').split('\\').enumerate();
    let names: Vec<_> = single.filter(|(at, part)| *at == 0 || !part.is_empty()).map(|(_, part)| part).collect();
    let start = if share {
        r"\\"
    } else if written.starts_with('\\') {
        r"\"
    } else {
        ""
    };
    let end = if written.ends_with('\\') { r"\" } else { "" };
    format!("{start}{}{end}", names.join(r"\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_sorted() {
        assert!(EXTENSIONS.is_sorted());
    }

    #[test]
    fn paths_of_windows_end_where_the_sentence_goes_on() {
        for (text, before, expected) in [
            (r"C:\Program Files\Microsoft\Exchange Server\V15\x.aspx and D:\y", None, Some(r"C:\Program Files\Microsoft\Exchange Server\V15\x.aspx")),
            (r"C:\inetpub\wwwroot\x.aspx.", None, Some(r"C:\inetpub\wwwroot\x.aspx")),
            (r"C:\ProgramData\Oracle\Java\ for", None, Some(r"C:\ProgramData\Oracle\Java\")),
            (r"%APPDATA%\a\b.exe,", None, Some(r"%APPDATA%\a\b.exe")),
            (r"\\fs01\public$\dump\march.7z before", None, Some(r"\\fs01\public$\dump\march.7z")),
            (r"C:\\Users\\Public\\x.exe", None, Some(r"C:\Users\Public\x.exe")),
            (r#"C:\a b\c d.exe" x"#, Some(b'"'), Some(r"C:\a b\c d.exe")),
            (r#"C:\a b\c.exe -k run" x"#, Some(b'"'), Some(r"C:\a b\c.exe")),
            (r"C:\Users\<user>\x", None, None),
            (r"C:\x\*.aspx", None, None),
            (r"C:\ alone", None, None),
        ] {
            let path = windows(text, before);
            assert_eq!(path.as_ref().and_then(|path| path.value.as_deref()), expected, "{text}");
        }
    }

    #[test]
    fn keys_have_whole_hives() {
        for (text, hive, expected) in [
            (r"HKLM\Software\Microsoft\Windows NT\Run and more", 4, Some(r"HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\Run")),
            (r"hkcu:\Software\Classes\", 4, Some(r"HKEY_CURRENT_USER\Software\Classes")),
            (r"HKLM\Software\Run or HKCU\Software", 4, Some(r"HKEY_LOCAL_MACHINE\Software\Run")),
            (r"HKXX\Software", 4, None),
            ("HKLM", 4, None),
        ] {
            let key = registry(text, hive, None);
            assert_eq!(key.as_ref().and_then(|key| key.value.as_deref()), expected, "{text}");
        }
    }

    #[test]
    fn paths_of_unix_begin_below_known_directories() {
        for (text, expected) in [
            ("/etc/cron.d/x, and", Some("/etc/cron.d/x")),
            ("/tmp/.X11-unix/kworker", Some("/tmp/.X11-unix/kworker")),
            ("~/.ssh/authorized_keys.", Some("~/.ssh/authorized_keys")),
            ("/ecp/y.js", None),
            ("/etc.", None),
            ("/home/*/x", None),
        ] {
            assert_eq!(unix(text).and_then(|path| path.value).as_deref(), expected, "{text}");
        }
    }
}
