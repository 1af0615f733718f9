//! Sample pages for tests and for the eye: each text that others could have written is followed by `nasty`.

use askama::Template;
use serde_json::{Value, json};

use super::add::{Chosen, Defaults, Done, Draft, Found, Passed, Paste, Publish, Review, Warning};
use super::audit::Audit;
use super::browse::{Acts, Browse, Filter, State};
use super::campaign::{Campaign, Campaigns};
use super::collections::{Collection, Collections};
use super::error::Error;
use super::import::{Import, Imports, Outcome, Progress, Verdict};
use super::login::Login;
use super::object::{Edit, Fact, Object, Pull, Relation, Shown, Sighting, Version};
use super::overview::{Consumer, Ending, Holding, Keeping, Overview};
use super::sharing::Sharing;
use super::users::{Token, User, Users};
use super::{audit, browse, campaign, collections, import, sharing, users};
use crate::console::cards::{self, Target};
use crate::console::diff;
use crate::console::draw::chart::{Chart, Day};
use crate::console::draw::graph::{Edge, Graph, Vertex};
use crate::console::draw::matrix::{Matrix, Technique};
use crate::console::draw::timeline::{Dated, Timeline};
use crate::console::parts::confidence::Confidence;
use crate::console::parts::frame::{Flash, Frame, Place, Theme, Tone, Visitor};
use crate::console::parts::kind::Kind;
use crate::console::parts::list::{Chip, Choice, Figure, Heading, Order, Pager};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::{Outward, Reference};
use crate::console::parts::said::Said;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::{self, Href};
use crate::stix::marking::Level;

const DAY: u64 = 86_400_000_000;
const NOW: u64 = 1_615_800_000_000_000;
const ROOT: &str = "feeds";
const COLLECTION: &str = "exchange-2021";
const LEVELS: [Level; 6] = [Level::Clear, Level::Green, Level::Amber, Level::AmberStrict, Level::Red, Level::Unmarked];

/// What stands in a collection: type, name.
const OBJECTS: &[(&str, &str)] = &[
    ("campaign", "Exchange Server exploitation of early 2021"),
    ("intrusion-set", "HAFNIUM"),
    ("indicator", "p.estonine.com"),
    ("malware", "China Chopper"),
    ("vulnerability", "CVE-2021-26855"),
    ("attack-pattern", "Exploit Public-Facing Application"),
    ("ipv4-addr", "34.90.207.23"),
    ("report", "HAFNIUM targeting Exchange Servers with 0-day exploits"),
    ("identity", "Volexity"),
    ("tool", "Procdump"),
    ("indicator", "07c0a98b5305e826b100486d47b1b4b517e43c619fff443edd9a5c5bafb2ef7c"),
    ("course-of-action", "Install the out-of-band update"),
    ("infrastructure", "DLTMiner servers"),
    ("x-acme-case", "Case 4711"),
];

/// Writes the pages with one text after each of theirs.
pub(super) struct Sample {
    pub(super) nasty: String,
    pub(super) theme: Theme,
}

impl Sample {
    /// Every page with a name for its file.
    pub(super) fn pages(&self) -> Vec<(&'static str, String)> {
        vec![
            ("overview", self.overview().render().unwrap()),
            ("browse", self.browse().render().unwrap()),
            ("object", self.object().render().unwrap()),
            ("add-paste", self.paste().render().unwrap()),
            ("add-review", self.review().render().unwrap()),
            ("add-publish", self.publish().render().unwrap()),
            ("add-done", self.done().render().unwrap()),
            ("campaigns", self.campaigns().render().unwrap()),
            ("campaign", self.campaign().render().unwrap()),
            ("imports", self.imports().render().unwrap()),
            ("import", self.import().render().unwrap()),
            ("audit", self.audit().render().unwrap()),
            ("collections", self.collections().render().unwrap()),
            ("collection", self.collection().render().unwrap()),
            ("sharing", self.sharing().render().unwrap()),
            ("users", self.users().render().unwrap()),
            ("user", self.user().render().unwrap()),
            ("login", self.login().render().unwrap()),
            ("error", self.error().render().unwrap()),
        ]
    }

    fn text(&self, text: &str) -> String {
        format!("{text}{}", self.nasty)
    }

    fn said(&self, text: &str) -> Said {
        self.text(text).into()
    }

    fn frame(&self, title: &str, place: Place) -> Frame {
        Frame {
            title: self.said(title),
            place: Some(place),
            visitor: Some(Visitor { name: self.said("ann"), admin: true, writes: true }),
            csrf: self.text("b6d81b360a5672d80c27430f39153e2c"),
            theme: self.theme,
            flashes: Vec::new(),
            here: paths::browse().with_query([("q", self.nasty.as_str())]),
        }
    }

    fn object_at(&self, at: usize) -> Reference {
        let (kind, name) = OBJECTS[at % OBJECTS.len()];
        Reference { kind: Kind::of(kind), name: self.said(name), href: Some(paths::object(ROOT, COLLECTION, &self.text(&format!("{kind}--{at}")))) }
    }

    fn choices(&self, values: &[&str]) -> Vec<Choice> {
        values.iter().enumerate().map(|(at, value)| Choice { value: self.text(value), label: self.said(value), chosen: at == 0 }).collect()
    }

    fn acts(&self) -> Acts {
        Acts {
            single: false,
            writes: true,
            labels: vec![self.text("c2")],
            levels: self.choices(&["clear", "green", "amber", "amber+strict", "red"]),
            formats: self.choices(&["STIX 2.1", "CSV", "MISP"]),
            query: self.text("kind=indicator"),
            all: Some(1204),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let fact = |name: &str, values: Vec<Shown>| Fact { name: self.said(name), values };
        vec![
            fact("pattern", vec![Shown::Code(self.said("[domain-name:value = 'p.estonine.com']"))]),
            fact("indicator types", vec![Shown::Text(self.said("malicious-activity"))]),
            fact("valid from", vec![Shown::Time(Moment::new(NOW - 12 * DAY, NOW))]),
            fact("made by", vec![Shown::Object(self.object_at(8))]),
            fact(
                "references",
                vec![
                    Shown::Address(Outward::of("https://www.example.org/2021/03/02/hafnium/")),
                    Shown::Address(Outward::of(&self.text("javascript:alert(1)"))),
                ],
            ),
        ]
    }

    fn days() -> Vec<Day> {
        (0..30)
            .map(|at| Day { date: format!("2021-03-{:02}", at + 1), count: (at * 37 + 11) % 90 * u64::from(at % 7 < 5), href: Some(paths::browse()) })
            .collect()
    }

    fn overview(&self) -> Overview {
        let consumer = |user: Option<&str>, behind, state| Consumer {
            user: user.map(|user| self.said(user)),
            collection: self.said("Exchange 2021 indicators"),
            asked: Moment::new(NOW - 60_000_000 * (behind + 1), NOW),
            position: (behind < 900).then(|| Moment::new(NOW - DAY, NOW)),
            behind,
            state,
        };
        let figure =
            |value: &str, label, note: &str| Figure { value: value.to_owned(), label, note: Some(self.said(note)), href: Some(paths::browse()) };
        Overview {
            frame: Frame {
                flashes: vec![Flash { tone: Tone::Done, text: self.said("12 indicators were published.") }],
                ..self.frame("Overview", Place::Overview)
            },
            collections: self.choices(&["All collections", "Exchange 2021", "Submissions"]),
            figures: vec![
                figure("2 140", "objects", "in 4 collections"),
                figure("1 204", "indicators in force", "38 revoked"),
                figure("57", "added today", "12 by hand"),
                figure("9", "end within 14 days", "the first tomorrow"),
            ],
            holdings: OBJECTS
                .iter()
                .enumerate()
                .map(|(at, (kind, _))| Holding {
                    kind: Kind::of(kind),
                    total: 1204 / (at as u64 + 1),
                    ages: [at as u64 % 3, 12, 40, 0, 1100 / (at as u64 + 1)],
                    href: paths::browse(),
                })
                .collect(),
            chart: Chart::new(&Self::days()),
            days: Self::days(),
            consumers: vec![
                consumer(Some("siem"), 0, Keeping::Current),
                consumer(Some("opencti"), 312, Keeping::Behind),
                consumer(Some("old-firewall"), 980, Keeping::Silent),
                consumer(None, 0, Keeping::Current),
            ],
            ending: (1..6)
                .map(|at| Ending {
                    object: self.object_at(at * 2),
                    tlp: Tlp(LEVELS[at % 6]),
                    until: Moment::new(NOW + at as u64 * DAY, NOW),
                    address: self.text("feeds/exchange-2021/indicator--1"),
                })
                .collect(),
            all_ending: paths::browse(),
        }
    }

    fn browse(&self) -> Browse {
        let heading = |label, order| Heading { label, href: Some(paths::browse()), order };
        let row = |at: usize| browse::Row {
            address: self.text(&format!("feeds/exchange-2021/indicator--{at}")),
            object: self.object_at(at),
            detail: (!at.is_multiple_of(3)).then(|| self.said("Command-and-control host of DLTMiner, met by ESET on attacked servers.")),
            tlp: Tlp(LEVELS[at % 6]),
            confidence: Confidence((at % 5 != 4).then_some(u8::try_from(at * 23 % 101).unwrap())),
            labels: ["exchange-2021", "c2"].iter().take(at % 3).map(|label| self.said(label)).collect(),
            source: (at % 4 != 3).then(|| self.said("ESET")),
            until: (!at.is_multiple_of(2)).then(|| Moment::new(NOW + at as u64 * DAY, NOW)),
            added: Moment::new(NOW - at as u64 * DAY, NOW),
            state: [State::InForce, State::InForce, State::Ended, State::Revoked][at % 4],
        };
        Browse {
            frame: self.frame("Browse", Place::Browse),
            filter: Filter {
                text: self.text("estonine"),
                collections: self.choices(&["all", "Exchange 2021"]),
                kinds: self.choices(&["all", "indicator", "malware"]),
                levels: self.choices(&["all", "clear", "green"]),
                label: self.text("c2"),
                labels: vec![self.text("c2"), self.text("exchange-2021")],
                sources: self.choices(&["all", "ESET"]),
                confidence_from: self.text("10"),
                states: self.choices(&["any", "in force", "ended", "revoked"]),
                sort: self.text("-added"),
                chips: vec![
                    Chip { label: self.said("label is c2"), without: paths::browse() },
                    Chip { label: self.said("TLP is clear"), without: paths::browse() },
                ],
                clear: Some(paths::browse()),
                ..Filter::default()
            },
            headings: vec![
                heading("Object", None),
                heading("TLP", None),
                heading("Confidence", None),
                Heading { label: "Labels", href: None, order: None },
                heading("Source", None),
                heading("Valid until", None),
                heading("Added", Some(Order::Falling)),
            ],
            rows: (0..14).map(row).collect(),
            pager: Pager { shown: 14, total: Some(1204), first: Some(paths::browse()), next: Some(paths::browse()) },
            acts: self.acts(),
        }
    }

    fn graph(&self, count: usize) -> Graph {
        let vertices: Vec<Vertex> = (0..count).map(|at| Vertex { id: at.to_string(), object: self.object_at(at), central: at == 0 }).collect();
        let verbs = ["uses", "indicates", "attributed-to", "exploits", "based-on"];
        let edges: Vec<Edge> =
            (1..count).map(|at| Edge { from: at.to_string(), to: (at * 7 / 11 % at.min(6)).to_string(), label: self.said(verbs[at % 5]) }).collect();
        Graph::new(&vertices, &edges)
    }

    fn after(&self) -> Value {
        json!({"confidence": 85, "labels": [self.text("c2"), self.text("dltminer")], "name": self.text("p.estonine.com"), self.text("x"): 1})
    }

    fn changes(&self) -> Vec<diff::Change> {
        let before =
            json!({"confidence": 50, "labels": [self.text("c2")], "name": self.text("p.estonine.com"), "valid_until": "2022-03-10T00:00:00Z"});
        diff::between(before.as_object().unwrap(), self.after().as_object().unwrap())
    }

    fn object(&self) -> Object {
        let version = |at: u64, changes| Version {
            modified: Moment::new(NOW - at * DAY, NOW),
            added: Moment::new(NOW - at * DAY, NOW),
            by: Some(self.said("ann")),
            comment: Some(self.said("ESET confirmed it.")),
            revoked: at == 1,
            changes,
            restore: (at > 1).then(|| self.text("2021-03-12T00:00:00.000Z")),
        };
        Object {
            frame: self.frame("p.estonine.com", Place::Browse),
            address: self.text("feeds/exchange-2021/indicator--2"),
            object: Reference { href: None, ..self.object_at(2) },
            id: self.said("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"),
            collection: self.said("Exchange 2021 indicators"),
            collection_href: paths::collection(ROOT, COLLECTION),
            tlp: Tlp(Level::Green),
            confidence: Confidence(Some(85)),
            state: State::InForce,
            description: Some(self.said("Command-and-control host of DLTMiner, met by ESET on attacked Exchange servers.")),
            labels: vec![self.said("exchange-2021"), self.said("c2")],
            facts: self.facts(),
            json: serde_json::to_string_pretty(&self.after()).unwrap().into(),
            raw: paths::browse(),
            versions: vec![version(1, Some(self.changes())), version(3, Some(Vec::new())), version(12, None)],
            graph: Some(self.graph(14)),
            relations: (0..6)
                .map(|at| Relation {
                    outward: at % 2 == 0,
                    verb: self.said("indicates"),
                    other: self.object_at(at),
                    href: (at % 3 == 0).then(paths::browse),
                })
                .collect(),
            sightings: (0..2)
                .map(|at| Sighting {
                    last: Some(Moment::new(NOW - DAY, NOW)),
                    count: 3,
                    by: Some(self.said("Volexity")),
                    comment: Some(self.said("on two mail servers")),
                    negative: at == 1,
                })
                .collect(),
            origin: self.facts(),
            pulls: (0..3).map(|at| Pull { user: (at < 2).then(|| self.said("siem")), at: Moment::new(NOW, NOW), current: at != 1 }).collect(),
            acts: Acts { single: true, all: None, ..self.acts() },
            edit: Some(self.edit()),
        }
    }

    fn edit(&self) -> Edit {
        Edit {
            edit: paths::browse(),
            restore: paths::browse(),
            sight: paths::browse(),
            version: self.text("2021-03-12T00:00:00.000Z"),
            name: Some(self.text("p.estonine.com")),
            description: Some(self.text("Command-and-control host of DLTMiner.")),
            labels: self.text("exchange-2021\nc2"),
            confidence: self.text("85"),
            days: Some(self.text("90")),
            levels: self.choices(&["clear", "green", "amber", "amber+strict", "red"]),
            comment: self.nasty.clone(),
            json: self.text("{}"),
            open: false,
        }
    }

    fn passed(&self) -> Vec<Passed> {
        vec![Passed { line: 7, text: self.said("see the appendix"), why: self.said("nothing in it looks like an indicator") }]
    }

    fn paste(&self) -> Paste {
        Paste {
            frame: self.frame("Add indicators", Place::Add),
            text: self.text("hxxps://p.estonine[.]com/low?ipc, 34.90.207[.]23\n"),
            most: "10 MB".to_owned(),
            drafts: vec![Draft { href: paths::draft("a1"), name: self.said("eset-report.txt"), found: 31, touched: Moment::new(NOW - DAY, NOW) }],
        }
    }

    fn review(&self) -> Review {
        let found = |number: usize| Found {
            number,
            line: number + 1,
            written: self.said("p.estonine[.]com"),
            value: self.said("p.estonine.com"),
            kind: "domain",
            pattern: self.text("[domain-name:value = 'p.estonine.com']"),
            known: (number % 3 == 1).then(|| self.object_at(2)),
            warnings: (number % 4 == 2)
                .then(|| Warning { list: self.said("Top 1 million sites"), entry: self.said("estonine.com"), blocks: number % 8 == 2 })
                .into_iter()
                .collect(),
            chosen: number % 4 != 2,
        };
        Review {
            frame: self.frame("What was found", Place::Add),
            href: paths::draft("a1"),
            found: (0..8).map(found).collect(),
            passed: self.passed(),
        }
    }

    fn publish(&self) -> Publish {
        let chosen = |at: usize| Chosen {
            kind: "domain",
            value: self.said("p.estonine.com"),
            revises: at % 3 == 1,
            fault: (at == 4).then(|| self.said("you may not write TLP:RED")),
        };
        Publish {
            frame: self.frame("Publish", Place::Add),
            href: paths::draft("a1"),
            chosen: (0..6).map(chosen).collect(),
            defaults: self.defaults(),
        }
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            collections: self.choices(&["feeds/submissions"]),
            levels: self.choices(&["green", "amber"]),
            confidence: self.text("70"),
            days: self.text("90"),
            name: self.text(""),
            description: self.text("From the report of ESET."),
            labels: self.text("exchange-2021"),
            types: self.choices(&["malicious-activity", "anomalous-activity", "compromised"]),
            phases: self.choices(&["initial-access", "command-and-control"]),
            related: self.choices(&["HAFNIUM", "China Chopper"]),
            reference: self.text("https://example.org/"),
            accept_warnings: true,
            revive: false,
        }
    }

    fn done(&self) -> Done {
        Done { frame: self.frame("Published", Place::Add), published: (0..5).map(|at| self.object_at(at)).collect(), refused: self.passed() }
    }

    fn campaigns(&self) -> Campaigns {
        let row = |at: u64| campaign::Row {
            campaign: self.object_at(0),
            collection: self.said("Exchange 2021"),
            tlp: Tlp(Level::Clear),
            first: Some(Moment::new(NOW - 70 * DAY, NOW)),
            last: (at == 0).then(|| Moment::new(NOW, NOW)),
            objects: 412,
        };
        Campaigns { frame: self.frame("Campaigns", Place::Campaigns), rows: vec![row(0), row(1)] }
    }

    fn campaign(&self) -> Campaign {
        let dated = |at: u64| Dated {
            at: NOW - 70 * DAY + at * at % 71 * DAY,
            until: (at % 4 == 1).then_some(NOW - 60 * DAY + at * 2 * DAY),
            what: "first seen",
            object: self.object_at(usize::try_from(at).unwrap()),
            lane: ["Actors", "Malware", "Indicators", "Reports"][usize::try_from(at % 4).unwrap()],
        };
        let technique = |number: &str, name: &str, tactics: &[&str]| Technique {
            number: self.said(number),
            name: self.said(name),
            tactics: tactics.iter().map(|t| (*t).to_owned()).collect(),
            uses: 3,
            href: Some(paths::browse()),
        };
        Campaign {
            frame: self.frame("Exchange 2021", Place::Campaigns),
            campaign: self.object_at(0),
            tlp: Tlp(Level::Clear),
            description: Some(
                self.said(
                    "In early 2021 several groups used four vulnerabilities of Microsoft Exchange Server before and after they were published.",
                ),
            ),
            facts: self.facts(),
            timeline: Timeline::new(&(0..26).map(dated).collect::<Vec<_>>()),
            matrix: Matrix::new(&[
                technique("T1190", "Exploit Public-Facing Application", &["initial-access"]),
                technique("T1505", "Server Software Component", &["persistence"]),
                technique("T1505.003", "Web Shell", &["persistence"]),
                technique("T1003.001", "LSASS Memory", &["credential-access"]),
                technique("T1071.001", "Web Protocols", &["command-and-control"]),
                technique("T1560.001", "Archive via Utility", &["collection"]),
                technique("T1567.002", "Exfiltration to Cloud Storage", &["exfiltration"]),
                technique("T1114.002", "Remote Email Collection", &["collection", "x-own"]),
            ]),
            graph: self.graph(46),
            list: paths::browse(),
        }
    }

    fn imports(&self) -> Imports {
        let row = |at: u64| import::Row {
            href: paths::import("i1"),
            name: self.said("eset-2021-03-10.csv"),
            by: self.said("ann"),
            at: Moment::new(NOW - at * DAY, NOW),
            state: [import::State::Running, import::State::Done, import::State::Failed, import::State::Undone][usize::try_from(at % 4).unwrap()],
            added: 31 * at,
            refused: at,
        };
        Imports {
            frame: self.frame("Import", Place::Imports),
            defaults: self.defaults(),
            formats: self.choices(&["find out", "STIX", "CSV", "MISP", "text"]),
            most: "100 MB".to_owned(),
            rows: (0..4).map(row).collect(),
            pager: Pager { shown: 4, ..Pager::default() },
        }
    }

    fn import(&self) -> Import {
        let outcomes = [Outcome::Added, Outcome::Revised, Outcome::Known, Outcome::Skipped, Outcome::Refused];
        let verdict = |at: usize| Verdict {
            line: at as u64 + 1,
            outcome: outcomes[at % 5],
            text: self.said("34.90.207.23,ipv4,Command-and-control host"),
            object: (at % 5 < 3).then(|| self.object_at(2)),
            message: (at % 5 > 2).then(|| self.said("`valid_until` is before `valid_from` (§4.7)")),
        };
        Import {
            frame: self.frame("Import", Place::Imports),
            href: paths::import("i1"),
            name: self.said("eset-2021-03-10.csv"),
            by: self.said("ann"),
            at: Moment::new(NOW, NOW),
            state: import::State::Running,
            dry: true,
            progress: Progress { ended: false, done: 311, total: 900, added: 250, known: 40, revised: 12, refused: 9 },
            outcomes: self.choices(&["everything", "added", "refused"]),
            verdicts: (0..10).map(verdict).collect(),
            pager: Pager { shown: 10, total: Some(900), first: None, next: Some(paths::import("i1")) },
            undoable: true,
        }
    }

    fn audit(&self) -> Audit {
        let row = |at: u64| audit::Row {
            at: Moment::new(NOW - at * DAY / 3, NOW),
            who: (at != 2).then(|| self.said("ann")),
            act: self.said(["revoked", "logged in", "loaded the curated feed", "made a token"][usize::try_from(at % 4).unwrap()]),
            object: (at.is_multiple_of(4)).then(|| self.object_at(2)),
            detail: self.said("it was a false positive"),
            address: (at != 2).then(|| self.said("198.51.100.7")),
            request: Some(self.said("9f31c2-000417")),
            touched: (0..at % 3)
                .map(|one| audit::Touched {
                    object: (one == 0).then(|| self.object_at(2)),
                    what: self.said("user ann"),
                    how: "changed",
                    changes: self.changes(),
                })
                .collect(),
            more: usize::from(at == 4),
        };
        Audit {
            frame: self.frame("Audit", Place::Audit),
            who: self.text("ann"),
            acts: self.choices(&["everything", "revoked"]),
            about: self.text(""),
            from: self.text("2021-03-01"),
            to: self.text(""),
            rows: (0..9).map(row).collect(),
            pager: Pager { shown: 9, total: None, first: None, next: Some(paths::audit()) },
            export: paths::audit(),
            own: false,
        }
    }

    fn collections(&self) -> Collections {
        let row = |at: u64| collections::Row {
            href: paths::collection(ROOT, COLLECTION),
            title: self.said("Exchange 2021 indicators"),
            path: self.said("feeds/exchange-2021-indicators"),
            description: Some(self.said("What a SIEM wants: indicators in patterns that every client understands.")),
            public: at == 0,
            decay: at == 1,
            rights: "read and write",
            objects: 1204,
            last: (at == 0).then(|| Moment::new(NOW, NOW)),
        };
        Collections {
            frame: self.frame("Collections", Place::Collections),
            discovery: self.text("https://feeds.example/taxii2/"),
            rows: vec![row(0), row(1)],
            roots: self.choices(&["feeds"]),
        }
    }

    fn cards(&self) -> Vec<cards::Card> {
        cards::all(&Target {
            discovery: self.text("https://feeds.example/taxii2/"),
            api_root: self.text("https://feeds.example/feeds/"),
            collection: self.text("b2aad6f0-1d8a-4d2e-9f6b-0e3d2a1c4b5d"),
            title: self.text("Exchange 2021 indicators"),
            user: self.text("siem"),
        })
    }

    fn collection(&self) -> Collection {
        Collection {
            frame: self.frame("Exchange 2021 indicators", Place::Collections),
            href: paths::collection(ROOT, COLLECTION),
            title: self.said("Exchange 2021 indicators"),
            description: self.said("What a SIEM wants: indicators in patterns that every client understands."),
            public: true,
            decay: true,
            lives: vec![collections::Life { kind: Kind::of("ipv4-addr"), days: 90 }],
            id: self.said("b2aad6f0-1d8a-4d2e-9f6b-0e3d2a1c4b5d"),
            alias: Some(self.said("exchange-2021-indicators")),
            url: self.said("https://feeds.example/feeds/collections/b2aad6f0-1d8a-4d2e-9f6b-0e3d2a1c4b5d/"),
            objects: 1204,
            last: Some(Moment::new(NOW, NOW)),
            curated: true,
            browse: paths::browse(),
            grants: vec![collections::Grant { user: self.said("siem"), href: self.user_href(), read: true, write: true }],
            admin: true,
            users: self.choices(&["siem", "partner"]),
            cards: self.cards(),
            me: self.user_href(),
        }
    }

    fn user_href(&self) -> Href {
        paths::user(&self.text("siem"))
    }

    fn sharing(&self) -> Sharing {
        let terms = |open| sharing::Terms {
            address: self.said("feeds/exchange-2021"),
            collection: "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f".into(),
            text: self.said("What is shared here stays among those who share."),
            digest: self.text("9f86d081884c"),
            open,
        };
        let partner = |at: usize| sharing::Partner {
            name: self.said("acme"),
            title: self.said("Acme Corporation"),
            clearance: Tlp(LEVELS[at + 1]),
            users: at,
            shares: at * 2,
            ends: (at > 0).then(|| Moment::new(NOW + 40 * DAY, NOW)),
        };
        let link = |at: u64| sharing::Link {
            name: self.said("to-acme"),
            kind: "push",
            collection: paths::collection(ROOT, COLLECTION),
            address: self.said("feeds/exchange-2021"),
            url: self.said("https://taxii.acme.example/root/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/"),
            objects: at * 1_234,
            refused: at,
            done: (at > 0).then(|| Moment::new(NOW - at * DAY, NOW)),
            error: (at == 2).then(|| self.said("503 Service Unavailable: back soon")),
            paused: at == 1,
        };
        let consumer = |at: u64| sharing::Consumer {
            user: self.said("siem"),
            address: self.said("feeds/exchange-2021"),
            polled: Moment::new(NOW - at * DAY, NOW),
            objects: at * 100,
            behind: self.said("12 objects"),
            errors: (at > 2).then(|| self.said("3, last 429")),
        };
        Sharing {
            frame: self.frame("Sharing", Place::Sharing),
            admin: true,
            terms: [true, false].map(terms).into(),
            partners: (0..3).map(partner).collect(),
            links: (0..3).map(link).collect(),
            consumers: (0..3).map(consumer).collect(),
        }
    }

    fn users(&self) -> Users {
        let row = |at: usize| users::Row {
            href: self.user_href(),
            name: self.said(["ann", "siem", "partner"][at]),
            admin: at == 0,
            clearance: Tlp(LEVELS[at + 1]),
            grants: at,
            tokens: at * 2,
            used: (at > 0).then(|| Moment::new(NOW, NOW)),
        };
        Users { frame: self.frame("Users", Place::Users), rows: (0..3).map(row).collect(), levels: self.choices(&["clear", "green"]) }
    }

    fn user(&self) -> User {
        let token = |at: u64| Token {
            id: self.said("9f86d081884c"),
            label: self.said("SIEM in Vienna"),
            created: Moment::new(NOW - 30 * DAY, NOW),
            expires: (at > 0).then(|| Moment::new(NOW + at * 40 * DAY, NOW)),
            used: (at != 1).then(|| Moment::new(NOW, NOW)),
            ended: at == 2,
        };
        User {
            frame: self.frame("siem", Place::Users),
            href: self.user_href(),
            name: self.said("siem"),
            admin: true,
            clearance: Tlp(Level::Amber),
            created: Moment::new(NOW - 100 * DAY, NOW),
            levels: self.choices(&["clear", "green", "amber"]),
            grants: vec![users::Grant {
                address: self.text("feeds/exchange-2021"),
                title: self.said("Exchange 2021"),
                href: paths::collection(ROOT, COLLECTION),
                read: true,
                write: false,
            }],
            collections: self.choices(&["Exchange 2021", "Submissions"]),
            tokens: (0..3).map(token).collect(),
            secret: Some(self.said("taxiway_abcdefghijklmnopqrstuvwxyz")),
            cards: self.cards(),
            targets: self.choices(&["Exchange 2021", "Submissions"]),
            manages: true,
        }
    }

    fn login(&self) -> Login {
        let flash = Flash { tone: Tone::Fault, text: self.said("The user or the password is not right.") };
        Login {
            frame: Frame { visitor: None, flashes: vec![flash], ..self.frame("Log in", Place::Overview) },
            user: self.text("ann"),
            next: paths::overview(),
        }
    }

    fn error(&self) -> Error {
        Error {
            frame: self.frame("There is no such page", Place::Overview),
            status: 404,
            what: self.said("There is no such thing here, or it is not yours to see."),
            request: Some(self.said("9f31c2-000417")),
        }
    }
}
