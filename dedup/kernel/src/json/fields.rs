//! The fields asked for, prepared once for any number of records.
//!
//! The first of them make up the text, the others are lifted as columns.
//! A field `a.b` may be the key `a.b` of the record, or the key `b` of the
//! object under the key `a`. Both are *targets*. All targets are held in one
//! tree of keys that is walked while a record is read. The targets below a
//! node are consecutive, so that a later duplicate of its key can forget them.

use std::ops::Range;

use super::record::MAX_DEPTH;

/// No node: nothing below this object is asked for.
pub const NOWHERE: u32 = u32::MAX;
/// The node of the record itself.
pub const ROOT: u32 = 0;

/// A tree of keys, and for each field asked for its one or two targets.
pub struct Fields {
    names: Vec<String>,
    text_count: usize,
    nodes: Vec<Node>,
    /// Per field: the target of the literal key, then that of the dotted path.
    targets: Vec<(u32, Option<u32>)>,
    target_count: usize,
}

struct Node {
    children: Vec<(Vec<u8>, u32)>,
    /// The target of this very place, if any is asked for.
    target: Option<u32>,
    /// The targets here and below.
    below: Range<u32>,
}

impl Fields {
    /// Prepares the fields that make up the text and `more` fields; a name may occur more than once.
    pub fn new<S: AsRef<str>>(text_fields: &[S], more: &[S]) -> Fields {
        let mut fields = Fields {
            names: text_fields.iter().chain(more).map(|name| name.as_ref().to_owned()).collect(),
            text_count: text_fields.len(),
            nodes: vec![Node::new()],
            targets: Vec::new(),
            target_count: 0,
        };
        let mut places = Vec::new();
        for name in text_fields.iter().chain(more).map(AsRef::as_ref) {
            let path: Vec<&str> = name.split('.').collect();
            let literal = fields.insert(&[name]);
            // No record is deep enough for a longer path.
            places.push((literal, (2..=MAX_DEPTH).contains(&path.len()).then(|| fields.insert(&path))));
        }
        fields.number(ROOT, &mut 0);
        let target = |node: u32| fields.nodes[node as usize].target.expect("asked for");
        fields.targets = places.iter().map(|&(key, path)| (target(key), path.map(target))).collect();
        fields.target_count = fields.nodes[ROOT as usize].below.len();
        fields
    }

    /// The names of the fields that make up the text.
    pub fn text_names(&self) -> &[String] {
        &self.names[..self.text_count]
    }

    /// The numbers of the fields that are lifted as columns; those below make up the text.
    pub fn columns(&self) -> Range<usize> {
        self.text_count..self.names.len()
    }

    /// How many targets there are.
    pub fn target_count(&self) -> usize {
        self.target_count
    }

    /// The targets of field `field`: of the literal key, and of the dotted path where the name has a dot.
    pub fn targets(&self, field: usize) -> (usize, Option<usize>) {
        let (literal, path) = self.targets[field];
        (literal as usize, path.map(|target| target as usize))
    }

    /// The node below `node` for `key`, or `NOWHERE`.
    #[inline]
    pub(super) fn child(&self, node: u32, key: &[u8]) -> u32 {
        let children = &self.nodes[node as usize].children;
        children.iter().find(|(name, _)| name == key).map_or(NOWHERE, |&(_, child)| child)
    }

    /// The target of exactly this node.
    pub(super) fn target(&self, node: u32) -> Option<usize> {
        self.nodes[node as usize].target.map(|target| target as usize)
    }

    /// The targets at and below `node`.
    pub(super) fn below(&self, node: u32) -> Range<usize> {
        let below = &self.nodes[node as usize].below;
        below.start as usize..below.end as usize
    }

    /// Adds the place `path` below the root and marks it as asked for.
    fn insert(&mut self, path: &[&str]) -> u32 {
        let mut node = ROOT;
        for key in path {
            node = match self.child(node, key.as_bytes()) {
                NOWHERE => {
                    let child = self.nodes.len() as u32;
                    self.nodes.push(Node::new());
                    self.nodes[node as usize].children.push((key.as_bytes().to_vec(), child));
                    child
                }
                child => child,
            };
        }
        self.nodes[node as usize].target = Some(0);
        node
    }

    /// Numbers the targets depth first, so that those of a subtree are consecutive.
    fn number(&mut self, node: u32, next: &mut u32) {
        let start = *next;
        if let Some(target) = &mut self.nodes[node as usize].target {
            *target = *next;
            *next += 1;
        }
        for i in 0..self.nodes[node as usize].children.len() {
            let child = self.nodes[node as usize].children[i].1;
            self.number(child, next);
        }
        self.nodes[node as usize].below = start..*next;
    }
}

impl Node {
    fn new() -> Node {
        Node { children: Vec::new(), target: None, below: 0..0 }
    }
}
