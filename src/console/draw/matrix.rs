//! The ATT&CK matrix of the techniques that are used: tactics in the order of the kill chain, as a table.

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::console::parts::said::Said;
use crate::console::paths::Href;

/// The tactics of the enterprise matrix, in its order, as `kill_chain_phases` of the kill chain `mitre-attack` write them. The last two
/// took the place of `defense-evasion`; both generations are in use.
pub const TACTICS: [(&str, &str); 16] = [
    ("reconnaissance", "Reconnaissance"),
    ("resource-development", "Resource Development"),
    ("initial-access", "Initial Access"),
    ("execution", "Execution"),
    ("persistence", "Persistence"),
    ("privilege-escalation", "Privilege Escalation"),
    ("defense-evasion", "Defense Evasion"),
    ("stealth", "Stealth"),
    ("defense-impairment", "Defense Impairment"),
    ("credential-access", "Credential Access"),
    ("discovery", "Discovery"),
    ("lateral-movement", "Lateral Movement"),
    ("collection", "Collection"),
    ("command-and-control", "Command and Control"),
    ("exfiltration", "Exfiltration"),
    ("impact", "Impact"),
];
/// Tactics of one generation only: without a technique they are not shown.
const SOMETIMES: [&str; 3] = ["defense-evasion", "stealth", "defense-impairment"];

/// A technique that is used.
#[derive(Debug, Clone)]
pub struct Technique {
    /// Its number: `T1190`, `T1505.003`; empty where it has none.
    pub number: Said,
    /// Its name.
    pub name: Said,
    /// The tactics it serves, as kill chain phases write them.
    pub tactics: Vec<String>,
    /// How many relationships name it.
    pub uses: usize,
    /// Where it is shown.
    pub href: Option<Href>,
}

/// The matrix.
#[derive(Debug, Clone, Template)]
#[template(path = "draw/matrix.html")]
pub struct Matrix {
    /// The tactics from left to right.
    pub columns: Vec<Column>,
    /// How many techniques there are.
    pub techniques: usize,
}

impl HtmlSafe for Matrix {}

/// A tactic with what serves it.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: Said,
    /// Its techniques by number, sub-techniques after theirs.
    pub cells: Vec<Cell>,
}

/// A technique under one tactic.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The technique.
    pub technique: Technique,
    /// Whether it is a sub-technique that stands under its technique.
    pub under: bool,
}

impl Matrix {
    /// The matrix of these techniques. Tactics that ATT&CK does not have come last, and so does what serves none.
    pub fn new(techniques: &[Technique]) -> Self {
        let mut by_tactic: BTreeMap<&str, Vec<&Technique>> = BTreeMap::new();
        for technique in techniques {
            for tactic in &technique.tactics {
                by_tactic.entry(tactic).or_default().push(technique);
            }
        }
        let homeless: Vec<&Technique> = techniques.iter().filter(|technique| technique.tactics.is_empty()).collect();
        let known = TACTICS.iter().map(|(name, label)| (*name, Said::from(*label), by_tactic.remove(name).unwrap_or_default()));
        let mut columns: Vec<Column> =
            known.filter(|(name, _, used)| !used.is_empty() || !SOMETIMES.contains(name)).map(|(_, label, used)| column(label, &used)).collect();
        columns.extend(by_tactic.iter().map(|(name, used)| column((*name).into(), used)));
        if !homeless.is_empty() {
            columns.push(column("No tactic".into(), &homeless));
        }
        Self { columns, techniques: techniques.len() }
    }
}

fn column(name: Said, used: &[&Technique]) -> Column {
    let mut sorted: Vec<&Technique> = used.to_vec();
    sorted.sort_by(|a, b| (&a.number, &a.name).cmp(&(&b.number, &b.name)));
    sorted.dedup_by(|a, b| a.number == b.number && a.name == b.name);
    let parent = |technique: &Technique| technique.number.raw().split_once('.').map(|(parent, _)| parent.to_owned());
    let stands = |number: &str| sorted.iter().any(|other| other.number.raw() == number);
    let cells = sorted.iter().map(|one| Cell { under: parent(one).is_some_and(|p| stands(&p)), technique: (*one).clone() }).collect();
    Column { name, cells }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn technique(number: &str, tactics: &[&str]) -> Technique {
        let tactics = tactics.iter().map(|t| (*t).to_owned()).collect();
        Technique { number: number.into(), name: format!("name of {number}").into(), tactics, uses: 2, href: None }
    }

    fn names(matrix: &Matrix) -> Vec<&str> {
        matrix.columns.iter().map(|column| column.name.raw()).collect()
    }

    #[test]
    fn tactics_stand_in_the_order_of_the_kill_chain_and_unknown_ones_last() {
        let matrix = Matrix::new(&[technique("T1", &["impact", "x-own"]), technique("T2", &["initial-access"]), technique("T3", &[])]);
        let names = names(&matrix);
        assert_eq!(names[..3], ["Reconnaissance", "Resource Development", "Initial Access"]);
        assert_eq!(names[names.len() - 3..], ["Impact", "x-own", "No tactic"]);
        assert!(!names.contains(&"Defense Evasion"));
        assert!(self::names(&Matrix::new(&[technique("T4", &["defense-evasion"])])).contains(&"Defense Evasion"));
    }

    #[test]
    fn a_sub_technique_stands_under_its_technique_once() {
        let all = [technique("T1505.003", &["persistence"]), technique("T1505", &["persistence"]), technique("T1059.001", &["persistence"])];
        let twice = [all.to_vec(), all.to_vec()].concat();
        let matrix = Matrix::new(&twice);
        let cells = &matrix.columns.iter().find(|c| c.name.raw() == "Persistence").unwrap().cells;
        let seen: Vec<_> = cells.iter().map(|cell| (cell.technique.number.raw(), cell.under)).collect();
        assert_eq!(seen, [("T1059.001", false), ("T1505", false), ("T1505.003", true)]);
    }

    #[test]
    fn all_of_it_is_escaped() {
        let nasty = Technique { name: "<script>\"'".into(), ..technique("<b>", &["<i>"]) };
        let html = Matrix::new(&[nasty]).to_string();
        assert!(!html.contains("<script>") && !html.contains("<b>") && !html.contains("<i>"), "{html}");
    }

    #[test]
    fn without_techniques_it_says_so() {
        assert!(Matrix::new(&[]).to_string().contains("No technique"));
    }
}
