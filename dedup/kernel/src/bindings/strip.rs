//! Stripping batches of texts.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use super::batches::tasks;
use super::{check_offsets, invalid};
use crate::sketch::text_of;
use crate::strip::{Action, Loss, Place, Removal, Rule, Scratch, Source, Stripper as Kernel, form};
use crate::threads::each;

/// The fields of `dedup.model.Rule` that matter here, in its order: id, cls, pos, max_words, action, strength, pattern,
/// literals, cased, line.
type RuleFields = (String, String, String, usize, String, String, String, Vec<String>, bool, String);
/// Line number from 1, removed text, action, id of the rule.
type RemovalFields = (usize, String, &'static str, String);
type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// The fields of `dedup.model.Stripped`, in its order, with the texts as (bytes, offsets).
type StrippedFields<'py> = (
    (Array<'py, u8>, Array<'py, i64>),
    Array<'py, u32>,
    Array<'py, u32>,
    Array<'py, u8>,
    Array<'py, i64>,
    Array<'py, i64>,
    Option<Vec<Vec<RemovalFields>>>,
);

/// Boilerplate rules, ready to strip texts.
#[pyclass(module = "dedup._kernel", frozen)]
pub struct Stripper {
    pub kernel: Arc<Kernel>,
    ids: Vec<String>,
}

/// Some stripped documents.
#[derive(Default)]
struct Part {
    data: Vec<u8>,
    ends: Vec<usize>,
    dropped_lines: Vec<u32>,
    removed_bytes: Vec<u32>,
    guarded: Vec<u8>,
    losses: Vec<Loss>,
    removals: Vec<Vec<RemovalFields>>,
}

#[pymethods]
impl Stripper {
    #[new]
    fn new(rules: Vec<RuleFields>) -> PyResult<Stripper> {
        let ids: Vec<String> = rules.iter().map(|rule| rule.0.clone()).collect();
        let rules: Option<Vec<Rule>> = rules.into_iter().map(rule).collect();
        let rules = rules.ok_or_else(|| invalid("a rule has an unknown pos, action or strength"))?;
        let refuse = |(number, error): (usize, String)| invalid(format!("rule {}: {error}", ids[number]));
        let kernel = Kernel::new(rules).map_err(refuse)?;
        Ok(Stripper { kernel: Arc::new(kernel), ids })
    }

    /// The matching form of a line, and where its plain form begins and ends.
    #[staticmethod]
    fn form(line: &str, fold: bool) -> (Cow<'_, [u8]>, usize, usize) {
        let mut form = Vec::new();
        form::append(line, fold, &mut form);
        let (start, end) = form::plain(&form);
        (form.into(), start, end)
    }

    /// Strip each text of a buffer; with `explain` also list what was removed.
    ///
    /// Without `guard`, which is for tests, also where little or nothing would remain.
    #[pyo3(signature = (data, offsets, explain, guard=true))]
    fn strip<'py>(
        &self,
        py: Python<'py>,
        data: PyReadonlyArray1<'py, u8>,
        offsets: PyReadonlyArray1<'py, i64>,
        explain: bool,
        guard: bool,
    ) -> PyResult<StrippedFields<'py>> {
        let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
        check_offsets(offsets, data.len())?;
        let parts = super::guard_all(py, offsets, || {
            each(tasks(offsets), || (), |(), task| self.strip_part(data, offsets, task, explain, guard))
        })?;
        let mut all = Part { ends: vec![0], ..Part::default() };
        for part in parts {
            let start = all.data.len();
            all.data.extend_from_slice(&part.data);
            all.ends.extend(part.ends.iter().map(|end| start + end));
            all.dropped_lines.extend(part.dropped_lines);
            all.removed_bytes.extend(part.removed_bytes);
            all.guarded.extend(part.guarded);
            all.losses.extend(part.losses);
            all.removals.extend(part.removals);
        }
        let (lines, chars) = add_up(&all.losses, self.kernel.slots());
        let ends: Vec<i64> = all.ends.iter().map(|&end| end as i64).collect();
        Ok((
            (all.data.into_pyarray(py), ends.into_pyarray(py)),
            all.dropped_lines.into_pyarray(py),
            all.removed_bytes.into_pyarray(py),
            all.guarded.into_pyarray(py),
            lines.into_pyarray(py),
            chars.into_pyarray(py),
            explain.then_some(all.removals),
        ))
    }
}

impl Stripper {
    fn strip_part(
        &self,
        data: &[u8],
        offsets: &[i64],
        task: Range<usize>,
        explain: bool,
        guard: bool,
    ) -> Part {
        let mut part = Part::default();
        let mut scratch = Scratch::default();
        let mut removals = Vec::new();
        for i in task {
            let bytes = &data[offsets[i] as usize..offsets[i + 1] as usize];
            let text = text_of(bytes);
            let stripped = self.kernel.strip(&text, &mut scratch, guard, &mut removals);
            let dropped = removals.iter().filter(|removal| removal.action == Action::Drop);
            part.data.extend_from_slice(stripped.text.as_bytes());
            part.ends.push(part.data.len());
            part.dropped_lines.push(dropped.count() as u32);
            part.removed_bytes.push((text.len() - stripped.text.len()) as u32);
            part.guarded.push(u8::from(stripped.is_guarded));
            part.losses.extend(removals.iter().map(|removal| self.kernel.loss(&text, removal)));
            if explain {
                part.removals.push(removals.iter().map(|removal| self.describe(&text, removal)).collect());
            }
        }
        part
    }

    fn describe(&self, text: &str, removal: &Removal) -> RemovalFields {
        let action = match removal.action {
            Action::Drop => "drop",
            Action::StripPrefix => "strip_prefix",
            Action::StripSuffix => "strip_suffix",
        };
        let rule = match removal.source {
            Source::Caption => "structure.caption",
            Source::Repeat => "structure.repeat",
            Source::Rule(number) => &self.ids[number as usize],
        };
        (removal.line + 1, text[removal.start..removal.end].to_owned(), action, rule.to_owned())
    }
}

/// Lines and characters lost, by slot.
pub fn add_up<'a>(losses: impl IntoIterator<Item = &'a Loss>, slots: usize) -> (Vec<i64>, Vec<i64>) {
    let (mut lines, mut chars) = (vec![0; slots], vec![0; slots]);
    for loss in losses {
        lines[loss.slot] += loss.lines;
        chars[loss.slot] += loss.chars;
    }
    (lines, chars)
}

fn rule(fields: RuleFields) -> Option<Rule> {
    let (_, class, place, max_words, action, strength, pattern, literals, is_cased, line) = fields;
    Some(Rule {
        is_prompt: class == "prompt",
        place: match place.as_str() {
            "head" => Place::Head,
            "tail" => Place::Tail,
            "any" => Place::Any,
            _ => return None,
        },
        max_words,
        action: match action.as_str() {
            "drop" => Action::Drop,
            "strip_prefix" => Action::StripPrefix,
            "strip_suffix" => Action::StripSuffix,
            _ => return None,
        },
        is_weak: match strength.as_str() {
            "strong" => false,
            "weak" => true,
            "learned" => false,
            _ => return None,
        },
        pattern,
        literals,
        is_cased,
        line,
    })
}
