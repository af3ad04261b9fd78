//! A readable account of an imported model, without its weights.

use std::fmt;

use serde::Serialize;

use super::error::printable;

/// What a model consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Shape of the record.
    pub input_shape: Vec<usize>,
    /// Name of the output that is proven.
    pub output: String,
    /// Shape of the scores.
    pub output_shape: Vec<usize>,
    /// The nodes that compute on the record, in order.
    pub nodes: Vec<SummaryNode>,
    /// Number of learned values.
    pub parameters: usize,
    /// Labels of the classes.
    pub labels: Option<Vec<String>>,
    /// What the importer decided on the user's behalf.
    pub notes: Vec<String>,
}

/// One node of the ONNX file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SummaryNode {
    /// Its name, or that of its first output.
    pub name: String,
    /// Its operator, with the domain unless that is ONNX's own.
    pub operator: String,
    /// Shape of its result.
    pub shape: Vec<usize>,
    /// Learned values that it is the first to read.
    pub parameters: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["node", "operator", "shape", "parameters"].map(String::from);
        let total = ["total", "", "", &self.parameters.to_string()].map(String::from);
        let rows: Vec<_> = [header].into_iter().chain(self.nodes.iter().map(row)).chain([total]).collect();
        let widths = [0, 1, 2, 3].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
        for [name, operator, shape, parameters] in &rows {
            let [a, b, c, d] = widths;
            writeln!(f, "{name:a$}  {operator:b$}  {shape:c$}  {parameters:>d$}")?;
        }
        writeln!(f, "record {:?}, output `{}` {:?}", self.input_shape, printable(&self.output), self.output_shape)?;
        if let Some(labels) = &self.labels {
            let labels: Vec<_> = labels.iter().map(|label| printable(label)).collect();
            writeln!(f, "labels: {}", labels.join(", "))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

fn row(node: &SummaryNode) -> [String; 4] {
    [printable(&node.name), printable(&node.operator), format!("{:?}", node.shape), node.parameters.to_string()]
}
