//! Objects and how they are related, as a graph: laid out by forces, then each node put into a cell of its own, so that none covers another.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;

use askama::Template;
use askama::filters::HtmlSafe;

use super::Area;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::paths::Href;

/// More nodes than these nobody can read; the rest is counted.
pub const MOST: usize = 150;

const NODE: (i32, i32) = (172, 42);
const CELL: (i32, i32) = (224, 92);
const MARGIN: i32 = 16;
/// Columns of text that a node has room for.
const COLUMNS: usize = 17;
/// An octet of a label is about this wide.
const LETTER: i32 = 6;
const ROUNDS: u32 = 240;

/// An object in the graph.
#[derive(Debug, Clone)]
pub struct Vertex {
    /// By which edges name it.
    pub id: String,
    /// What is shown of it.
    pub object: Reference,
    /// Whether the graph is about it.
    pub central: bool,
}

/// A relationship in the graph.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The id of its source.
    pub from: String,
    /// The id of its target.
    pub to: String,
    /// What it says, like `uses`.
    pub label: Said,
}

/// The drawing.
#[derive(Debug, Clone, Template)]
#[template(path = "draw/graph.svg")]
pub struct Graph {
    /// What it shows, in a sentence.
    pub summary: String,
    /// The nodes, in the order in which they were given.
    pub nodes: Vec<Node>,
    /// The lines between them.
    pub lines: Vec<Line>,
    /// The whole.
    pub area: Area,
    /// How many objects are not drawn.
    pub left_out: usize,
}

impl HtmlSafe for Graph {}

/// An object as it is drawn.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where.
    pub area: Area,
    /// Its outline: a path in the drawing's units.
    pub outline: String,
    /// Its kind's abbreviation.
    pub short: String,
    /// The word by which the style sheet knows its family.
    pub class: &'static str,
    /// Its name, cut to the room there is.
    pub name: String,
    /// Its type, cut to the room there is.
    pub type_name: String,
    /// Its whole name.
    pub title: String,
    /// Where it is shown.
    pub href: Option<Href>,
    /// Whether the graph is about it.
    pub central: bool,
}

/// A relationship as it is drawn.
#[derive(Debug, Clone)]
pub struct Line {
    /// A path in the drawing's units.
    pub path: String,
    /// The whole relationship in words.
    pub title: String,
    /// Its word, where there is room for it.
    pub label: Option<Label>,
}

/// A word at a line.
#[derive(Debug, Clone)]
pub struct Label {
    /// The middle of its base line.
    pub x: i32,
    /// Its base line.
    pub y: i32,
    /// The word.
    pub text: String,
    /// The room it takes.
    pub area: Area,
}

/// A point of the layout by forces; the ideal distance of neighbours is 1.
#[derive(Debug, Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

impl Graph {
    /// Draws what is given; edges whose ends are not drawn are left out, and so is all beyond [`MOST`].
    pub fn new(vertices: &[Vertex], edges: &[Edge]) -> Self {
        let drawn = vertices.get(..MOST).unwrap_or(vertices);
        let places: BTreeMap<&str, usize> = drawn.iter().enumerate().rev().map(|(at, vertex)| (vertex.id.as_str(), at)).collect();
        let ends = |edge: &Edge| Some((*places.get(edge.from.as_str())?, *places.get(edge.to.as_str())?));
        let joined: Vec<(usize, usize, &Edge)> =
            edges.iter().filter_map(|e| ends(e).map(|(from, to)| (from, to, e))).filter(|(f, t, _)| f != t).collect();
        let pairs: Vec<(usize, usize)> = joined.iter().map(|(from, to, _)| (*from, *to)).collect();
        let cells = closed_up(&settle(&spread(drawn.len(), &pairs), &degrees(drawn, &pairs)));
        let (nodes, area) = place(drawn, &cells);
        let lines = lines(&nodes, &joined, area);
        let left_out = vertices.len() - drawn.len();
        Self { summary: summary(nodes.len(), lines.len(), left_out), nodes, lines, area, left_out }
    }
}

/// How many lines end at each node; the central ones first of all.
fn degrees(vertices: &[Vertex], pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut degrees: Vec<usize> = vertices.iter().map(|vertex| if vertex.central { pairs.len() + 1 } else { 0 }).collect();
    for end in pairs.iter().flat_map(|(from, to)| [*from, *to]) {
        if let Some(degree) = degrees.get_mut(end) {
            *degree += 1;
        }
    }
    degrees
}

/// Fruchterman and Reingold's layout: all push each other off, lines pull their ends together, and it cools down. It starts from a
/// spiral, so that the same graph always looks the same.
fn spread(count: usize, pairs: &[(usize, usize)]) -> Vec<Point> {
    let mut points: Vec<Point> = (0..count).map(spiral).collect();
    for round in 0..ROUNDS {
        let heat = 0.6 * f64::from(ROUNDS - round) / f64::from(ROUNDS);
        let mut moves = vec![Point { x: 0.0, y: 0.0 }; count];
        for (at, here) in points.iter().enumerate() {
            for (other, there) in points.iter().enumerate().skip(at + 1) {
                let (x, y, far) = apart(*here, *there);
                push(&mut moves, at, other, x, y, 1.0 / (far * far));
            }
        }
        for (from, to) in pairs {
            if let (Some(here), Some(there)) = (points.get(*from), points.get(*to)) {
                let (x, y, far) = apart(*here, *there);
                push(&mut moves, *from, *to, x, y, -far);
            }
        }
        for (point, step) in points.iter_mut().zip(&moves) {
            // Gravity keeps parts that nothing joins from leaving.
            let (x, y) = (step.x - 0.08 * point.x, step.y - 0.08 * point.y);
            let length = x.hypot(y).max(1e-9);
            let bound = length.min(heat) / length;
            point.x += x * bound;
            point.y += y * bound;
        }
    }
    points
}

fn spiral(at: usize) -> Point {
    let at = f64::from(u32::try_from(at).unwrap_or(u32::MAX));
    let (angle, radius) = (at * TAU * 0.381_966, 0.7 * at.sqrt());
    Point { x: radius * angle.cos(), y: radius * angle.sin() }
}

/// The way from `there` to `here` and its length, which is never 0.
fn apart(here: Point, there: Point) -> (f64, f64, f64) {
    let (x, y) = (here.x - there.x, here.y - there.y);
    let far = x.hypot(y);
    if far < 0.01 { (0.01, 0.0, 0.01) } else { (x, y, far) }
}

/// Moves the two ends of a way by `force` times the way, against each other.
fn push(moves: &mut [Point], one: usize, other: usize, x: f64, y: f64, force: f64) {
    for (end, sign) in [(one, force), (other, -force)] {
        if let Some(step) = moves.get_mut(end) {
            step.x += sign * x;
            step.y += sign * y;
        }
    }
}

/// Gives each point the free cell that is nearest to it, those with many lines first. Cells are as many as make a calm picture.
fn settle(points: &[Point], degrees: &[usize]) -> Vec<(i32, i32)> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(degrees.get(*at).copied().unwrap_or(0)), *at));
    let mut taken = BTreeSet::new();
    let mut cells = vec![(0, 0); points.len()];
    for at in order {
        if let (Some(point), Some(cell)) = (points.get(at), cells.get_mut(at)) {
            *cell = nearest(*point, &taken);
            taken.insert(*cell);
        }
    }
    cells
}

/// The nearest free cell, looked for in growing squares around the cell of the point.
fn nearest(point: Point, taken: &BTreeSet<(i32, i32)>) -> (i32, i32) {
    // Less room than the layout wants: what is then too near is put aside by what follows, and the eye has less to travel.
    let (x, y) = (point.x * 0.75, point.y * 1.05);
    let (column, row) = (whole(x), whole(y));
    let mut ring = 0i32;
    loop {
        let around = (-ring..=ring).flat_map(|dy| (-ring..=ring).map(move |dx| (dx, dy))).filter(|(dx, dy)| dx.abs().max(dy.abs()) == ring);
        let free = around.map(|(dx, dy)| (column + dx, row + dy)).filter(|cell| !taken.contains(cell));
        let distance = |cell: &(i32, i32)| (f64::from(cell.0) - x).hypot((f64::from(cell.1) - y) * 0.6);
        if let Some(cell) = free.min_by(|a, b| distance(a).total_cmp(&distance(b)).then(a.cmp(b))) {
            return cell;
        }
        ring += 1;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounded and within the bounds of a layout of 150 points")]
fn whole(number: f64) -> i32 {
    number.round().clamp(-10_000.0, 10_000.0) as i32
}

/// The same cells without the columns and rows in which nothing stands.
fn closed_up(cells: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let columns: BTreeSet<i32> = cells.iter().map(|(column, _)| *column).collect();
    let rows: BTreeSet<i32> = cells.iter().map(|(_, row)| *row).collect();
    let rank = |all: &BTreeSet<i32>, one: i32| i32::try_from(all.range(..one).count()).unwrap_or(0);
    cells.iter().map(|(column, row)| (rank(&columns, *column), rank(&rows, *row))).collect()
}

/// Nodes in their cells, and the whole around them. Each second row stands half a cell aside, so that fewer lines run through nodes.
fn place(vertices: &[Vertex], cells: &[(i32, i32)]) -> (Vec<Node>, Area) {
    let corner = |(column, row): (i32, i32)| (column * CELL.0 + row.rem_euclid(2) * CELL.0 / 2, row * CELL.1);
    let corners: Vec<(i32, i32)> = cells.iter().copied().map(corner).collect();
    let left = corners.iter().map(|(x, _)| *x).min().unwrap_or(0) - MARGIN;
    let top = corners.iter().map(|(_, y)| *y).min().unwrap_or(0) - MARGIN;
    let right = corners.iter().map(|(x, _)| *x).max().unwrap_or(0) + NODE.0 + MARGIN;
    let bottom = corners.iter().map(|(_, y)| *y).max().unwrap_or(0) + NODE.1 + MARGIN;
    let nodes = vertices.iter().zip(corners).map(|(vertex, (x, y))| node(vertex, Area { x: x - left, y: y - top, width: NODE.0, height: NODE.1 }));
    (nodes.collect(), Area { x: 0, y: 0, width: right - left, height: bottom - top })
}

fn node(vertex: &Vertex, area: Area) -> Node {
    let object = &vertex.object;
    let class = object.kind.family.class();
    Node {
        area,
        outline: outline(class, area),
        short: object.kind.short.clone(),
        class,
        name: object.name.cut(COLUMNS),
        type_name: object.kind.name.cut(COLUMNS + 3),
        title: format!("{}: {}", object.kind.name.plain(), object.name.plain()),
        href: object.href.clone(),
        central: vertex.central,
    }
}

/// The outline of a family's nodes: shape tells it, and colour only helps.
fn outline(class: &str, area: Area) -> String {
    let Area { x, y, width: w, height: h } = area;
    match class {
        "who" => format!("M{} {y}h{}a{r} {r} 0 0 1 0 {h}h-{}a{r} {r} 0 0 1 0 -{h}z", x + h / 2, w - h, w - h, r = h / 2),
        "how" => format!("M{} {y}h{}l10 {half}l-10 {half}h-{}l-10 -{half}z", x + 10, w - 20, w - 20, half = h / 2),
        "sign" => format!("M{} {y}h{}l8 8v{}l-8 8h-{}l-8 -8v-{}z", x + 8, w - 16, h - 16, w - 16, h - 16),
        "weak" => format!("M{} {y}h{}l-10 {h}h-{}z", x + 10, w - 10, w - 10),
        "paper" => format!("M{x} {y}h{}l12 12v{}h-{w}z", w - 12, h - 12),
        "fact" => format!("M{x} {y}h{w}v{h}h-{w}z"),
        _ => format!("M{} {y}h{}a6 6 0 0 1 6 6v{}a6 6 0 0 1 -6 6h-{}a6 6 0 0 1 -6 -6v-{}a6 6 0 0 1 6 -6z", x + 6, w - 12, h - 12, w - 12, h - 12),
    }
}

fn lines(nodes: &[Node], joined: &[(usize, usize, &Edge)], area: Area) -> Vec<Line> {
    let mut full: Vec<Area> = nodes.iter().map(|node| node.area).collect();
    let mut parallel: BTreeMap<(usize, usize), i32> = BTreeMap::new();
    let mut lines = Vec::new();
    for (from, to, edge) in joined {
        let (Some(source), Some(target)) = (nodes.get(*from), nodes.get(*to)) else { continue };
        let twins = parallel.entry((*from.min(to), *from.max(to))).or_default();
        *twins += 1;
        let curve = Curve::between(source.area, target.area, *twins, area);
        let label = curve.label(&edge.label, &full, area);
        full.extend(label.as_ref().map(|label| label.area));
        lines.push(Line { path: curve.path(), title: format!("{} {} {}", source.title, edge.label.plain(), target.title), label });
    }
    lines
}

/// A slightly bent line from the edge of one node to the edge of another.
struct Curve {
    start: (f64, f64),
    bend: (f64, f64),
    end: (f64, f64),
}

impl Curve {
    /// The line number `twin` (from 1) between two nodes, bent more the more there are, and never out of `bounds`.
    fn between(source: Area, target: Area, twin: i32, bounds: Area) -> Self {
        let middle = |area: Area| (f64::from(area.centre().0), f64::from(area.centre().1));
        let (from, to) = (middle(source), middle(target));
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let sag = 0.1 * f64::from(twin);
        let inside = |at: f64, size: i32| at.clamp(2.0, f64::from(size) - 2.0);
        let bend = (inside(f64::midpoint(from.0, to.0) - y * sag, bounds.width), inside(f64::midpoint(from.1, to.1) + x * sag, bounds.height));
        Self { start: leave(source, from, bend, 0.0), bend, end: leave(target, to, bend, 5.0) }
    }

    fn path(&self) -> String {
        let Self { start, bend, end } = self;
        format!("M{:.0} {:.0}Q{:.0} {:.0} {:.0} {:.0}", start.0, start.1, bend.0, bend.1, end.0, end.1)
    }

    fn at(&self, t: f64) -> (i32, i32) {
        let part = |a: f64, b: f64, c: f64| (1.0 - t) * (1.0 - t) * a + 2.0 * t * (1.0 - t) * b + t * t * c;
        (whole(part(self.start.0, self.bend.0, self.end.0)), whole(part(self.start.1, self.bend.1, self.end.1)))
    }

    /// The word at the first place along the line where it covers nothing.
    fn label(&self, word: &Said, full: &[Area], bounds: Area) -> Option<Label> {
        let text = word.cut(24);
        let width = LETTER * i32::try_from(text.chars().count()).unwrap_or(24) + 4;
        [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8].into_iter().find_map(|t| {
            let (x, y) = self.at(t);
            let area = Area { x: x - width / 2, y: y - 9, width, height: 14 };
            let free = bounds.holds(&area) && !full.iter().any(|taken| taken.overlaps(&area));
            free.then(|| Label { x, y: y + 2, text: text.clone(), area })
        })
    }
}

/// Where the way from the middle of a node towards a point leaves the node, `gap` beyond its edge.
fn leave(area: Area, middle: (f64, f64), towards: (f64, f64), gap: f64) -> (f64, f64) {
    let (x, y) = (towards.0 - middle.0, towards.1 - middle.1);
    let across = (f64::from(area.width) / 2.0 + gap) / x.abs().max(1e-9);
    let along = (f64::from(area.height) / 2.0 + gap) / y.abs().max(1e-9);
    let share = across.min(along).min(1.0);
    (middle.0 + x * share, middle.1 + y * share)
}

fn summary(nodes: usize, lines: usize, left_out: usize) -> String {
    let rest = if left_out == 0 { String::new() } else { format!(" {left_out} more objects are not drawn.") };
    format!("{nodes} objects and {lines} relationships between them.{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::parts::kind::Kind;
    use crate::console::paths;
    use proptest::prelude::*;

    fn vertex(at: usize, name: &str) -> Vertex {
        const KINDS: [&str; 8] = ["campaign", "malware", "indicator", "vulnerability", "report", "ipv4-addr", "x-mine", "tool"];
        let object = Reference { kind: Kind::of(KINDS[at % 8]), name: name.into(), href: Some(paths::user(&at.to_string())) };
        Vertex { id: at.to_string(), object, central: at == 0 }
    }

    fn edge(from: usize, to: usize) -> Edge {
        Edge { from: from.to_string(), to: to.to_string(), label: "uses".into() }
    }

    fn graph(count: usize, pairs: &[(usize, usize)]) -> Graph {
        let vertices: Vec<Vertex> = (0..count).map(|at| vertex(at, &format!("object number {at}"))).collect();
        Graph::new(&vertices, &pairs.iter().map(|(from, to)| edge(*from, *to)).collect::<Vec<_>>())
    }

    fn sound(graph: &Graph) {
        for (at, node) in graph.nodes.iter().enumerate() {
            assert!(graph.area.holds(&node.area), "{:?} is outside", node.area);
            assert!(graph.nodes[..at].iter().all(|other| !other.area.overlaps(&node.area)), "{} covers another", node.title);
        }
        let labels: Vec<&Label> = graph.lines.iter().filter_map(|line| line.label.as_ref()).collect();
        for (at, label) in labels.iter().enumerate() {
            assert!(graph.area.holds(&label.area));
            assert!(graph.nodes.iter().all(|node| !node.area.overlaps(&label.area)));
            assert!(labels[..at].iter().all(|other| !other.area.overlaps(&label.area)));
        }
        for line in &graph.lines {
            for (at, number) in line.path.split(|c: char| !c.is_ascii_digit() && c != '-').filter(|n| !n.is_empty()).enumerate() {
                let bound = if at % 2 == 0 { graph.area.width } else { graph.area.height };
                assert!((0..=bound).contains(&number.parse().unwrap()), "{} leaves {:?}", line.path, graph.area);
            }
        }
    }

    #[test]
    fn no_one_and_the_most_nodes_fit() {
        sound(&graph(0, &[]));
        sound(&graph(1, &[]));
        let star: Vec<(usize, usize)> = (1..150).map(|at| (0, at)).collect();
        let large = graph(150, &star);
        assert_eq!((large.nodes.len(), large.lines.len(), large.left_out), (150, 149, 0));
        sound(&large);
    }

    #[test]
    fn what_is_beyond_the_most_is_counted_and_not_drawn() {
        let pairs: Vec<(usize, usize)> = (1..200).map(|at| (at - 1, at)).collect();
        let graph = graph(200, &pairs);
        assert_eq!((graph.nodes.len(), graph.left_out, graph.lines.len()), (MOST, 50, MOST - 1));
        assert!(graph.summary.contains("50 more"));
    }

    #[test]
    fn names_and_labels_are_escaped() {
        let nasty = "<script>alert(\"1\")</script>'&\u{202E}";
        let vertices = [vertex(0, nasty), vertex(1, nasty)];
        let edges = [Edge { from: "0".into(), to: "1".into(), label: nasty.into() }];
        let svg = Graph::new(&vertices, &edges).to_string();
        assert!(!svg.contains("<script") && !svg.contains('\u{202E}'), "{svg}");
    }

    #[test]
    fn lines_to_nowhere_and_to_itself_are_not_drawn() {
        assert!(graph(2, &[(0, 7), (1, 1)]).lines.is_empty());
    }

    #[test]
    fn neighbours_stand_nearer_than_strangers() {
        let pairs = [(0, 1), (0, 2), (0, 3), (4, 5), (4, 6), (4, 7)];
        let graph = graph(8, &pairs);
        let far = |a: usize, b: usize| {
            let (a, b) = (graph.nodes[a].area.centre(), graph.nodes[b].area.centre());
            f64::from(a.0 - b.0).hypot(f64::from(a.1 - b.1) * 2.4)
        };
        let near: f64 = pairs.iter().map(|(a, b)| far(*a, *b)).sum::<f64>() / 6.0;
        let strangers: f64 = (0..4).flat_map(|a| (4..8).map(move |b| (a, b))).map(|(a, b)| far(a, b)).sum::<f64>() / 16.0;
        assert!(near < strangers, "{near} {strangers}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn any_graph_is_drawn_without_overlaps_and_always_alike(count in 0usize..40, pairs in prop::collection::vec((0usize..40, 0usize..40), 0..80)) {
            let one = graph(count, &pairs);
            sound(&one);
            prop_assert_eq!(one.to_string(), graph(count, &pairs).to_string());
        }
    }
}
