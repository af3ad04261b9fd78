//! Everything that keeps a model from being imported, in one error.

use std::fmt;

use thiserror::Error;

use crate::graph::ShapeError;

/// Why a model was not imported: every problem that was found, in the order of the file.
#[derive(Clone, Debug, PartialEq, Error)]
pub struct ImportError {
    /// The problems; at least one.
    pub faults: Vec<Fault>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Where it is.
    pub place: Place,
    /// Shapes of the node's inputs, as far as they are known.
    pub shapes: Vec<Option<Vec<usize>>>,
    /// What is wrong.
    pub reason: Reason,
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file or the graph as a whole.
    Model,
    /// The named input of the graph.
    Input(String),
    /// The named output of the graph.
    Output(String),
    /// The named tensor of the file.
    Tensor(String),
    /// A node.
    Node {
        /// Its operator, with the domain unless that is ONNX's own.
        operator: String,
        /// Its name, or that of its first output.
        name: String,
    },
}

/// What is wrong. [`Reason::advice`] says what to try next.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The bytes are not an ONNX model.
    #[error("the bytes are not an ONNX model: {0}")]
    NotOnnx(String),
    /// The model is built in a way that ONNX forbids.
    #[error("{0}")]
    Broken(String),
    /// No converter for this operator.
    #[error("this operator is not supported")]
    Operator,
    /// An operator that is known and has no converter.
    #[error("this operator is not supported: {why}")]
    Refused {
        /// What it does that has no place here.
        why: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// No converter for this operator, which ONNX Runtime makes of several.
    #[error("this operator of ONNX Runtime is not supported")]
    Fused,
    /// The operator means something else in this old opset.
    #[error("this operator is supported from opset {since} on, the model uses opset {got}")]
    Opset {
        /// First opset in which it is supported.
        since: i64,
        /// The model's.
        got: i64,
    },
    /// The model uses an opset that came after this importer.
    #[error("opset {newest} is the newest that is supported, the model uses opset {got}")]
    NewOpset {
        /// The newest that is supported.
        newest: i64,
        /// The model's.
        got: i64,
    },
    /// The output depends on several inputs.
    #[error("the output depends on several inputs: {0}")]
    Inputs(String),
    /// An attribute or an input has a value that is legal and not supported, or not legal at all.
    #[error("{subject} {problem}")]
    Argument {
        /// The attribute or input, in words.
        subject: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A node of a function, or of a graph that a node holds.
    #[error("in its {place}: {reason}")]
    Inside {
        /// The operator and name of the inner node.
        place: String,
        /// What is wrong with it.
        reason: Box<Reason>,
    },
    /// Shapes do not fit.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A dimension is only known when the model runs.
    #[error("axis {axis} (`{name}`) has no fixed size")]
    Dynamic {
        /// The axis.
        axis: usize,
        /// The model's name for its size.
        name: String,
    },
    /// A tensor or an input has an element type that is not supported.
    #[error("the element type is {0}, not 32-bit float")]
    ElementType(String),
    /// The tensor lies in another file.
    #[error("its data lies outside the file")]
    ExternalData,
    /// A weight is NaN or infinite.
    #[error("it holds values that are NaN or infinite")]
    NotFinite,
    /// The model has no output that can serve as scores.
    #[error("{0}")]
    Output(String),
}

impl Reason {
    pub(super) fn broken<T>(problem: impl Into<String>) -> Result<T, Self> {
        Err(Self::Broken(problem.into()))
    }

    pub(super) fn argument<T>(subject: impl Into<String>, problem: impl Into<String>) -> Result<T, Self> {
        Err(Self::Argument { subject: subject.into(), problem: problem.into() })
    }

    /// What to try next.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotOnnx(_) => "check that the file is a complete .onnx file, not a checkpoint or a text file",
            Self::Broken(_) => "run onnx.checker.check_model on the file, and export it again",
            Self::Operator => "run onnxsim on the model, replace the operator, or select an output before it",
            Self::Refused { advice, .. } => advice,
            Self::Fused => "quantise the model as it was exported, before ONNX Runtime's optimiser fuses its nodes",
            Self::Opset { .. } => "export with opset 13 or newer, or run onnx.version_converter",
            Self::NewOpset { .. } => "export with an older opset, from 13 on",
            Self::Inputs(_) => "export with all features in one input of shape [batch, features]",
            Self::Inside { reason, .. } => reason.advice(),
            Self::Argument { .. } => "run onnxsim on the model, or export it without this option",
            Self::Shape(_) => "check the model with onnx.shape_inference in strict mode, and export it for one record",
            Self::Dynamic { .. } => "export with fixed shapes; only the batch axis may be symbolic",
            Self::ElementType(_) => "export the model in 32-bit floats",
            Self::ExternalData => "save the model as a single file, without external data",
            Self::NotFinite => "look for an overflow in training, and export again",
            Self::Output(_) => "select an output that holds the scores or probabilities of one record",
        }
    }
}

impl From<Fault> for ImportError {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl Fault {
    pub(super) fn new(place: Place, reason: Reason) -> Self {
        Self { place, shapes: Vec::new(), reason }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        write!(f, "the model cannot be imported, {count} problem{}:", if count == 1 { "" } else { "s" })?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if !self.shapes.is_empty() {
            let shapes: Vec<_> = self.shapes.iter().map(shape).collect();
            write!(f, " on {}", shapes.join(" and "))?;
        }
        write!(f, ": {}\n    try: {}", self.reason, self.reason.advice())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model => write!(f, "model"),
            Self::Input(name) => write!(f, "input `{}`", printable(name)),
            Self::Output(name) => write!(f, "output `{}`", printable(name)),
            Self::Tensor(name) => write!(f, "tensor `{}`", printable(name)),
            Self::Node { operator, name } => write!(f, "{} `{}`", printable(operator), printable(name)),
        }
    }
}

fn shape(shape: &Option<Vec<usize>>) -> String {
    shape.as_ref().map_or_else(|| "[?]".into(), |shape| format!("{shape:?}"))
}

/// A name from the file without control characters, cut to a length that a terminal can bear.
pub(super) fn printable(name: &str) -> String {
    const LONGEST: usize = 80;
    let short: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() { short + "…" } else { short }
}
