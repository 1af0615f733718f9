//! The guard as a whole: the lists that are built in, folders, settings and policies.

use sha2::{Digest, Sha256, Sha512};

use super::subject::{Algorithm, Subject};
use super::*;
use crate::feed::curated;
use crate::stix::json::Json;
use crate::stix::object::judge_shown;
use crate::stix::time::Instant;

/// Later than every object here.
const NOW: &str = "2100-01-01T00:00:00Z";

fn defaults(posting: Posting) -> Guard {
    Guard::open(&Options { defaults: true, posting, ..Options::default() }).unwrap()
}

fn in_folder(files: &[(&str, &str)], change: impl FnOnce(&mut Options)) -> Result<Guard, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut options = Options { folder: Some(folder.path().to_owned()), ..Options::default() };
    change(&mut options);
    let place = format!("{}/", folder.path().display());
    Guard::open(&options).map_err(|error| error.to_string().replace(&place, ""))
}

fn policies(guard: &Guard, subject: Subject<'_>) -> Vec<Policy> {
    guard.lists.check(&subject).into_iter().map(|hit| hit.policy).collect()
}

/// What the guard says to an object: what it tells, or why it refuses.
fn verdict(guard: &Guard, object: &str) -> Result<Vec<String>, Vec<String>> {
    let mut watch = guard.watch();
    let judged = judge_shown(object, &Instant::parse(NOW).unwrap(), &mut |part| watch.see(part)).unwrap();
    let told = |listed: Vec<Listed>| listed.iter().map(ToString::to_string).collect();
    watch.verdict(judged.revoked).map(told).map_err(told)
}

fn indicator(pattern: &str, more: &str) -> String {
    format!(
        r#"{{"type": "indicator", "spec_version": "2.1", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "created": "2021-03-02T12:00:00.000Z",
        "modified": "2021-03-02T12:00:00.000Z", "valid_from": "2021-03-02T12:00:00Z", "pattern_type": "stix", "pattern": "{pattern}"{more}}}"#
    )
}

#[test]
fn private_and_reserved_networks_and_names_block() {
    let guard = defaults(Posting::Off);
    for text in ["10.1.2.3", "127.0.0.1", "169.254.1.1", "192.168.0.0/16", "224.0.0.251", "255.255.255.255", "100.64.0.1", "0.0.0.0/0"] {
        assert!(policies(&guard, Subject::of_network(text).unwrap()).contains(&Policy::Block), "{text}");
    }
    for text in ["::1", "fe80::1", "fd00::1", "2001:db8::1", "ff02::1", "::/0"] {
        assert!(policies(&guard, Subject::of_network(text).unwrap()).contains(&Policy::Block), "{text}");
    }
    for host in ["localhost", "a.example", "www.example.com", "x.test", "printer.local", "com", "co.uk"] {
        assert_eq!(policies(&guard, Subject::Host(host)), [Policy::Block], "{host}");
    }
    assert_eq!(policies(&guard, Subject::Url("http://192.168.1.1/admin")), [Policy::Block]);
    for text in ["5.2.69.13", "104.18.0.1", "2606:4700::1111"] {
        assert!(policies(&guard, Subject::of_network(text).unwrap()).is_empty(), "{text}");
    }
    assert!(policies(&guard, Subject::Host("mail.evil.com")).is_empty());
}

#[test]
fn resolvers_and_updates_block_and_shared_hosts_inform() {
    let guard = defaults(Posting::Off);
    for text in ["8.8.8.8", "1.1.1.1", "9.9.9.9", "2001:4860:4860::8888", "2606:4700:4700::1111", "8.8.8.0/24"] {
        assert_eq!(policies(&guard, Subject::of_network(text).unwrap()), [Policy::Block], "{text}");
    }
    for host in ["dns.google", "download.windowsupdate.com", "ocsp.digicert.com", "crl.microsoft.com", "x1.c.lencr.org"] {
        assert!(policies(&guard, Subject::Host(host)).contains(&Policy::Block), "{host}");
    }
    for url in [
        "https://raw.githubusercontent.com/a/b",
        "https://github.com/x",
        "https://a.s3.amazonaws.com/x",
        "https://www.microsoft.com/x",
        "https://x.sharepoint.com/",
    ] {
        let hits = policies(&guard, Subject::Url(url));
        assert!(!hits.is_empty() && hits.iter().all(|policy| *policy == Policy::Inform), "{url}: {hits:?}");
    }
}

#[test]
fn hashes_of_trivial_files_block() {
    let guard = defaults(Posting::Off);
    for content in [b"".as_slice(), b"\n", b"\r\n", b"\0", b" "] {
        let (short, long) = (hex::encode(Sha256::digest(content)), hex::encode_upper(Sha512::digest(content)));
        assert_eq!(policies(&guard, Subject::Hash(Algorithm::Sha256, &short)), [Policy::Block], "{content:?}");
        assert_eq!(policies(&guard, Subject::Hash(Algorithm::Sha512, &long)), [Policy::Block], "{content:?}");
    }
    assert_eq!(policies(&guard, Subject::Hash(Algorithm::Md5, "D41D8CD98F00B204E9800998ECF8427E")), [Policy::Block]);
    assert_eq!(policies(&guard, Subject::Hash(Algorithm::Sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709")), [Policy::Block]);
}

#[test]
fn the_curated_feed_is_on_no_list_that_blocks() {
    let guard = defaults(Posting::Block);
    let mut patterns = 0;
    for feed in curated::read(&curated::files::Files::embedded()).unwrap() {
        for object in feed.collections.iter().flat_map(|collection| &collection.objects) {
            let text = std::str::from_utf8(&object.bytes).unwrap();
            let json = Json::parse(text).unwrap();
            patterns += usize::from(json.as_object().unwrap().text("pattern_type") == Some("stix"));
            let mut watch = guard.watch();
            judge_shown(text, &Instant::parse(NOW).unwrap(), &mut |part| watch.see(part)).unwrap();
            let blocked: Vec<_> = watch.claims.iter().chain(&watch.observations).filter(|l| l.hit.policy == Policy::Block).collect();
            assert!(blocked.is_empty(), "{}: {blocked:?}", object.entry);
        }
    }
    assert!(patterns > 100);
}

#[test]
fn what_is_posted_is_judged_by_the_policy_for_all() {
    let (private, shared) = ("[ipv4-addr:value = '10.1.2.3']", "[url:value = 'https://github.com/x']");
    let told = "pattern: 10.1.2.3 is on the warning list \"Special-purpose networks\" (inside 10.0.0.0/8)";
    assert_eq!(verdict(&defaults(Posting::Off), &indicator(private, "")), Ok(Vec::new()));
    assert_eq!(verdict(&defaults(Posting::Inform), &indicator(private, "")), Ok(vec![told.to_owned()]));
    assert_eq!(verdict(&defaults(Posting::Block), &indicator(private, "")), Err(vec![told.to_owned()]));
    assert_eq!(verdict(&defaults(Posting::Block), &indicator(shared, "")).map(|told| told.len()), Ok(1));
    assert_eq!(verdict(&defaults(Posting::Block), &indicator("[ipv4-addr:value NOT = '10.1.2.3']", "")), Ok(Vec::new()));
}

#[test]
fn an_observable_is_told_of_and_a_revocation_passes() {
    let guard = defaults(Posting::Block);
    let address = r#"{"type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd", "value": "10.1.2.3"}"#;
    assert_eq!(
        verdict(&guard, address),
        Ok(vec!["value: 10.1.2.3 is on the warning list \"Special-purpose networks\" (inside 10.0.0.0/8)".to_owned()])
    );
    assert_eq!(verdict(&guard, &indicator("[ipv4-addr:value = '10.1.2.3']", r#", "revoked": true"#)), Ok(Vec::new()));
}

#[test]
fn a_flood_is_cut_and_hides_nothing_that_blocks() {
    let hosts = (0..1000).map(|n| format!("'h{n}.github.com'")).collect::<Vec<_>>().join(", ");
    let pattern = format!("[domain-name:value IN ({hosts}, 'localhost')]");
    assert_eq!(verdict(&defaults(Posting::Inform), &indicator(&pattern, "")).unwrap().len(), MOST + 1);
    assert_eq!(verdict(&defaults(Posting::Block), &indicator(&pattern, "")).unwrap_err().len(), 1);
}

#[test]
fn a_folder_is_read_as_misp_lays_it_out_and_settings_go_before_files() {
    let files = [
        ("a/list.json", r#"{"name": "A", "list": ["a.example"], "taxiway": {"policy": "block"}}"#),
        ("b.json", r#"{"name": "B", "type": "hostname", "list": ["b.example"]}"#),
        ("b/README.md", "no list"),
    ];
    let guard = in_folder(&files, |options| (options.block, options.inform) = (vec!["B".into()], vec!["A".into()])).unwrap();
    assert_eq!(guard.lists.iter().collect::<Vec<_>>(), [("A", Policy::Inform, 1), ("B", Policy::Block, 1)]);
    let guard = in_folder(&files, |_| {}).unwrap();
    assert_eq!(guard.lists.iter().collect::<Vec<_>>(), [("A", Policy::Block, 1), ("B", Policy::Inform, 1)]);
}

#[test]
fn a_list_takes_the_place_of_the_built_in_one_of_its_name() {
    let ours = r#"{"name": "Public resolvers", "type": "cidr", "list": ["192.0.2.1"]}"#;
    let guard = in_folder(&[("ours.json", ours)], |options| options.defaults = true).unwrap();
    assert!(policies(&guard, Subject::of_network("8.8.8.8").unwrap()).is_empty());
    assert_eq!(guard.lists.iter().filter(|(name, ..)| *name == "Public resolvers").count(), 1);
}

#[test]
fn what_cannot_be_used_is_told_with_file_list_and_entry() {
    let list = |matching: &str, entry: &str| format!(r#"{{"name": "N", "type": "{matching}", "list": ["10.0.0.0/8", "{entry}"]}}"#);
    let wrong = |text: &str| in_folder(&[("n/list.json", text)], |_| {}).err().unwrap();
    assert_eq!(wrong(&list("cidr", "ten")), "n/list.json: the warning list \"N\": the entry \"ten\": is neither an address nor a network");
    assert_eq!(wrong(&list("regex", "(")), "n/list.json: the warning list \"N\": the entry \"(\": unclosed group");
    assert!(wrong("{").starts_with("n/list.json: EOF"));
    let twice = [("a.json", r#"{"name": "N", "list": []}"#), ("b.json", r#"{"name": "N", "list": []}"#)];
    let error = in_folder(&twice, |_| {}).err().unwrap();
    assert!(error.starts_with("b.json: the warning list \"N\" is in") && error.ends_with("a.json too"), "{error}");
    let missing = in_folder(&[], |options| options.block = vec!["X".into()]).err().unwrap();
    assert_eq!(missing, "guard.block: there is no warning list \"X\"");
    let both = in_folder(&[], |options| (options.block, options.inform) = (vec!["X".into()], vec!["X".into()])).err().unwrap();
    assert_eq!(both, "guard.block and guard.inform both name the warning list \"X\"");
    let nowhere = Guard::open(&Options { folder: Some("no/such/folder".into()), ..Options::default() }).err().unwrap().to_string();
    assert!(nowhere.starts_with("cannot read no/such/folder: "), "{nowhere}");
}
