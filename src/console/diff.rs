//! What differs between two versions of an object, property by property.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// How deep a difference is told by path; what is deeper is told as one value.
const DEEPEST: usize = 16;

/// One difference, at one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where: names and positions, like `kill_chain_phases`, `external_references[0].url` or `extensions."a.b"`.
    pub path: String,
    /// What happened there.
    pub what: What,
}

/// What happened to a property.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// It was not there before.
    Set(Value),
    /// It is not there any more.
    Unset(Value),
    /// It has another value.
    Became {
        /// The value before.
        before: Value,
        /// The value after.
        after: Value,
    },
    /// A list has lost and won elements; both in the order in which they stood. Order alone is told by two empty lists.
    List {
        /// Elements that went.
        removed: Vec<Value>,
        /// Elements that came.
        added: Vec<Value>,
    },
}

/// The differences from `before` to `after`: those of properties of `before` in its order, then those only `after` has, in its order.
pub fn between(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    objects("", before, after, 0, &mut changes);
    changes
}

fn objects(path: &str, before: &Map<String, Value>, after: &Map<String, Value>, depth: usize, changes: &mut Vec<Change>) {
    for (name, old) in before {
        let path = below(path, name);
        match after.get(name) {
            Some(new) => values(path, old, new, depth + 1, changes),
            None => changes.push(Change { path, what: What::Unset(old.clone()) }),
        }
    }
    for (name, new) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        changes.push(Change { path: below(path, name), what: What::Set(new.clone()) });
    }
}

fn values(path: String, before: &Value, after: &Value, depth: usize, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) if depth < DEEPEST => objects(&path, before, after, depth, changes),
        (Value::Array(before), Value::Array(after)) => lists(path, before, after, depth, changes),
        _ => changes.push(Change { path, what: What::Became { before: before.clone(), after: after.clone() } }),
    }
}

/// Lists of the same length in which one object changed are told by what changed in it; others by what went and what came.
fn lists(path: String, before: &[Value], after: &[Value], depth: usize, changes: &mut Vec<Change>) {
    let mut differing = before.iter().zip(after).enumerate().filter(|(_, (old, new))| old != new);
    if before.len() == after.len()
        && let (Some((at, (old @ Value::Object(_), new @ Value::Object(_)))), None) = (differing.next(), differing.next())
    {
        return values(format!("{path}[{at}]"), old, new, depth + 1, changes);
    }
    let what = What::List { removed: beyond(before, after), added: beyond(after, before) };
    changes.push(Change { path, what });
}

/// The elements of `list` that `other` does not have, each as often as it is missing there.
fn beyond(list: &[Value], other: &[Value]) -> Vec<Value> {
    let mut there: HashMap<String, usize> = HashMap::new();
    for element in other {
        *there.entry(element.to_string()).or_default() += 1;
    }
    let missing = |element: &&Value| match there.get_mut(&element.to_string()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    };
    list.iter().filter(missing).cloned().collect()
}

/// A path with one more name; a name that could be taken for a path is quoted.
fn below(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let name = if plain { name.to_owned() } else { Value::from(name).to_string() };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn diff(before: &Value, after: &Value) -> Vec<Change> {
        between(before.as_object().unwrap(), after.as_object().unwrap())
    }

    fn change(path: &str, what: What) -> Change {
        Change { path: path.to_owned(), what }
    }

    #[test]
    fn equal_objects_do_not_differ() {
        let one = json!({"a": 1, "b": [1, {"c": null}]});
        assert_eq!(diff(&one, &one), []);
        assert_eq!(diff(&json!({}), &json!({})), []);
    }

    #[test]
    fn properties_are_set_unset_and_changed_in_a_stable_order() {
        let changes = diff(&json!({"z": 1, "gone": true, "same": "x"}), &json!({"new": null, "z": 2, "same": "x"}));
        assert_eq!(
            changes,
            [
                change("gone", What::Unset(json!(true))),
                change("z", What::Became { before: json!(1), after: json!(2) }),
                change("new", What::Set(Value::Null)),
            ]
        );
    }

    #[test]
    fn lists_tell_what_came_and_what_went_each_as_often_as_it_did() {
        let changes = diff(&json!({"labels": ["a", "b", "b"]}), &json!({"labels": ["b", "c"]}));
        assert_eq!(changes, [change("labels", What::List { removed: vec![json!("a"), json!("b")], added: vec![json!("c")] })]);
        let order = diff(&json!({"labels": ["a", "b"]}), &json!({"labels": ["b", "a"]}));
        assert_eq!(order, [change("labels", What::List { removed: vec![], added: vec![] })]);
    }

    #[test]
    fn one_changed_object_in_a_list_is_told_by_what_changed_in_it() {
        let before = json!({"external_references": [{"source_name": "a"}, {"source_name": "b", "url": "http://x"}]});
        let after = json!({"external_references": [{"source_name": "a"}, {"source_name": "b", "url": "https://x"}]});
        assert_eq!(
            diff(&before, &after),
            [change("external_references[1].url", What::Became { before: json!("http://x"), after: json!("https://x") })]
        );
    }

    #[test]
    fn names_that_look_like_paths_are_quoted() {
        let changes = diff(&json!({"extensions": {"a.b": {"c": 1}}}), &json!({"extensions": {"a.b": {"c": 2}}}));
        assert_eq!(changes[0].path, "extensions.\"a.b\".c");
        assert_eq!(diff(&json!({}), &json!({"": 1}))[0].path, "\"\"");
    }

    #[test]
    fn a_change_of_type_is_one_change() {
        let changes = diff(&json!({"a": [1]}), &json!({"a": {"b": 1}}));
        assert_eq!(changes, [change("a", What::Became { before: json!([1]), after: json!({"b": 1}) })]);
    }

    #[test]
    fn deep_objects_end_the_descent_not_the_process() {
        let deep = |leaf: i32| (0..100).fold(json!(leaf), |inner, _| json!({"n": inner}));
        let changes = diff(&deep(1), &deep(2));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].path.matches('n').count(), DEEPEST);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..3).prop_map(Value::from), "[a-c]".prop_map(Value::from)];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn any_object() -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map("[a-d]", any_value(), 0..5).prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_differs_has_a_change_and_what_is_equal_has_none(before in any_object(), after in any_object()) {
            prop_assert_eq!(between(&before, &after).is_empty(), before == after);
        }

        #[test]
        fn the_way_back_names_the_same_paths(before in any_object(), after in any_object()) {
            let paths = |changes: Vec<Change>| { let mut p: Vec<_> = changes.into_iter().map(|c| c.path).collect(); p.sort(); p };
            prop_assert_eq!(paths(between(&before, &after)), paths(between(&after, &before)));
        }
    }
}
