//! Operators of ONNX that are known and not imported: why, and what to export instead.

use super::error::Reason;
use super::registry::{ML, RUNTIME};

/// Operators of one domain, the reason, and what to do.
type Refusal = (&'static str, &'static [&'static str], &'static str, &'static str);

const REFUSED: &[Refusal] = &[
    (
        "",
        &["AffineGrid", "GridSample"],
        "it reads an image at computed places",
        "resize with Resize to a fixed size, or turn and cut images before they become records",
    ),
    (
        "",
        &["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"],
        "it draws at random",
        "export the model in evaluation mode, in which it draws nothing",
    ),
    (
        "",
        &["BitCast", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor"],
        "it works on the bits of integers",
        "do it before the model, and give the result as features of the record",
    ),
    (
        "",
        &["BlackmanWindow", "HammingWindow", "HannWindow", "MelWeightMatrix"],
        "it makes a constant that the file should hold",
        "run onnxsim on the model, which folds it",
    ),
    (
        "",
        &["CausalConvWithState", "LinearAttention", "TensorScatter"],
        "it keeps a state from one run to the next",
        "export the model for a whole series at once, without a cache",
    ),
    ("", &["CenterCropPad"], "its sizes are computed", "write Slice and Pad with fixed sizes"),
    ("", &["Col2Im"], "it adds up overlapping blocks", "write a ConvTranspose with a constant kernel"),
    (
        "",
        &["CumProd", "ReduceProd"],
        "it multiplies many values, whose scales have no end",
        "write Mul of the few factors",
    ),
    (
        "",
        &["DFT", "STFT"],
        "it has complex values",
        "write a MatMul by constant matrices of cosines and sines, or transform signals before they become records",
    ),
    ("", &["DeformConv"], "it reads entries at computed places", "train with Conv"),
    ("", &["Det"], "it divides by computed values", "compute the determinant before the model, as a feature"),
    (
        "",
        &["Hardmax"],
        "it is the class of the largest score as a vector",
        "select the scores before it: the class is proven from them",
    ),
    (
        "",
        &["ImageDecoder"],
        "it reads an image file",
        "decode images before the model; a record holds their entries as numbers",
    ),
    (
        "",
        &["LpPool"],
        "its powers and roots are not spelled out",
        "write Pow, AveragePool, and Pow with the inverse exponent",
    ),
    (
        "",
        &["MaxRoiPool", "NonMaxSuppression", "RoiAlign"],
        "it reads regions that the model finds",
        "select an output before it, or cut regions before they become records",
    ),
    ("", &["MaxUnpool"], "it writes to computed places", "write Resize, or ConvTranspose with constant weights"),
    (
        "",
        &["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"],
        "it is a loss, which belongs to training",
        "export the model in evaluation mode, and select its scores",
    ),
    (
        "",
        &["Optional", "OptionalGetElement", "OptionalHasElement"],
        "whether there is a value is known only when the model runs",
        "export the model with the value, or without it",
    ),
    (
        "",
        &["RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"],
        "it reads texts",
        "encode texts before the model; a record holds numbers, or numbers of rows of a table",
    ),
    (
        "",
        &["SequenceMap"],
        "it runs a function on each value of a list",
        "export the model with a Loop of fixed length",
    ),
    (
        "",
        &["Tan"],
        "it has no end at odd multiples of a right angle",
        "give Sin and Cos of the angle as features of their own",
    ),
    ("", &["Unique"], "the size of its result depends on the record", "prepare the record before the model"),
    (
        ML,
        &["CastMap", "CategoryMapper", "DictVectorizer"],
        "it reads dictionaries or texts",
        "encode categories before the model; a record holds numbers",
    ),
];

/// Why there is no converter for an operator.
pub(super) fn reason(domain: &str, name: &str) -> Reason {
    let found = REFUSED.iter().find(|refusal| refusal.0 == domain && refusal.1.contains(&name));
    let unknown = if domain == RUNTIME { Reason::Fused } else { Reason::Operator };
    found.map_or(unknown, |&(_, _, why, advice)| Reason::Refused { why, advice })
}
