//! Any text as a pattern: nothing panics, what is read prints as what it was read from, and the normal form is a pattern.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taxiway::stix::pattern::check::check;
use taxiway::stix::pattern::foreign::check_foreign;
use taxiway::stix::pattern::normal::normal_form;
use taxiway::stix::pattern::parse::{LONGEST, parse};

fuzz_target!(|text: &str| {
    for pattern_type in ["pcre", "sigma", "snort", "yara"] {
        check_foreign(pattern_type, text);
    }
    let Ok(pattern) = parse(text) else { return };
    check(&pattern);
    let printed = pattern.to_string();
    let normal = normal_form(&pattern);
    if printed.len().max(normal.len()) <= LONGEST {
        assert_eq!(parse(&printed).as_ref(), Ok(&pattern));
        assert_eq!(parse(&normal).map(|again| normal_form(&again)).as_ref(), Ok(&normal));
    }
});
