//! Small files that ask for much: known integers and strings are copied wherever they are read, and all copies are counted.

use zkdx_circuits::onnx::{ImportOptions, import};

/// A field of a protocol buffer that holds bytes.
fn field(number: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    [varint(number << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

/// A field that holds a number.
fn number(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(value as u8 & 127 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// 64-bit integers of a list, or a single one.
fn integers(name: &str, axes: &[u64], values: &[u64]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let dims: Vec<u8> = axes.iter().flat_map(|&dim| number(1, dim)).collect();
    [dims, number(2, 7), field(8, name), field(9, data)].concat()
}

fn yes() -> Vec<u8> {
    [number(2, 9), field(8, "yes"), field(9, [1])].concat()
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| field(1, input)).collect();
    let attributes: Vec<u8> = attributes.iter().flat_map(|attribute| field(5, attribute)).collect();
    [inputs, field(2, output), field(4, operator), attributes].concat()
}

/// An attribute that is an integer, a tensor or a graph.
fn attribute(name: &str, kind: u64, value: Vec<u8>) -> Vec<u8> {
    [field(1, name), value, number(20, kind)].concat()
}

fn graph(nodes: &[Vec<u8>], tensors: &[Vec<u8>], inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
    let names = |number: u64, names: &[&str]| -> Vec<u8> {
        names.iter().flat_map(|name| field(number, field(1, name))).collect()
    };
    let list = |number: u64, list: &[Vec<u8>]| list.iter().flat_map(|item| field(number, item)).collect::<Vec<u8>>();
    [list(1, nodes), field(2, "main"), list(5, tensors), names(11, inputs), names(12, outputs)].concat()
}

/// Nodes that make `y`, which is added to a record of two entries; `yes`, `few` = 0, `turns` and `many` = 2²⁴ are known.
fn refusal(nodes: Vec<Vec<u8>>, turns: u64) -> String {
    let dims = [1, 2].map(|dim| field(1, number(1, dim))).concat();
    let record = [field(1, "x"), field(2, field(1, [number(1, 1), field(2, dims)].concat()))].concat();
    let last = [
        node("Cast", &["y"], "floats", &[attribute("to", 2, number(3, 1))]),
        node("Add", &["x", "floats"], "scores", &[]),
    ];
    let many = node("ConstantOfShape", &["many"], "big", &[attribute("value", 4, field(5, integers("", &[1], &[7])))]);
    let tensors =
        [yes(), integers("few", &[1], &[0]), integers("turns", &[], &[turns]), integers("many", &[1], &[1 << 24])];
    let nodes = [vec![many], nodes, last.to_vec()].concat();
    let graph = [graph(&nodes, &tensors, &[], &["scores"]), field(11, record)].concat();
    let model = [number(1, 9), field(8, number(2, 20)), field(7, graph)].concat();
    match import(&model, &ImportOptions::default()) {
        Ok(graph) => format!("{} nodes", graph.nodes.len()),
        Err(error) => error.to_string(),
    }
}

fn looped(outputs: &[&str]) -> Vec<u8> {
    let body = graph(&[], &[], &["turn", "going"], outputs);
    node("Loop", &["turns", "yes"], "y", &[attribute("body", 5, field(6, body))])
}

#[test]
fn what_fits_is_imported() {
    let first = || node("Gather", &["big", "few"], "y", &[]);
    assert_eq!(refusal(vec![first()], 0), "3 nodes");
    assert_eq!(refusal(vec![looped(&["yes", "few"])], 1), "3 nodes");
}

#[test]
fn constants_that_are_integers_count_as_constants() {
    let copies: Vec<String> = (0..17).map(|index| format!("copy{index}")).collect();
    let mut nodes: Vec<_> = copies.iter().map(|copy| node("Identity", &["big"], copy, &[])).collect();
    let firsts: Vec<String> = copies.iter().map(|copy| format!("{copy}/first")).collect();
    nodes.extend(copies.iter().zip(&firsts).map(|(copy, first)| node("Gather", &[copy, "few"], first, &[])));
    let sum = |(index, first): (usize, &String)| {
        let before = if index == 0 { "few".to_owned() } else { format!("sum{}", index - 1) };
        let sum = if index + 1 == firsts.len() { "y".to_owned() } else { format!("sum{index}") };
        node("Add", &[&before, first], &sum, &[])
    };
    nodes.extend(firsts.iter().enumerate().map(sum));
    let error = refusal(nodes, 0);
    assert!(error.contains("the constants of the model have more than 268435456 entries"), "{error}");
}

#[test]
fn reading_integers_again_and_again_is_bounded() {
    let read = |inputs: usize| refusal(vec![node("Max", &vec!["big"; inputs], "y", &[])], 0);
    assert!(read(40).contains("more than 536870912 entries in all"), "{}", read(40));
    let mut nodes: Vec<_> = (0..40).map(|index| node("Shape", &["big"], &format!("shape{index}"), &[])).collect();
    nodes.push(node("Gather", &["big", "few"], "y", &[]));
    let error = refusal(nodes, 0);
    assert!(error.contains("more than 536870912 entries in all"), "{error}");
}

/// A graph without nodes hands out what is around it.
#[test]
fn turns_that_only_hand_out_are_counted() {
    let error = refusal(vec![looped(&["yes", "big"])], 17);
    assert!(error.contains("becomes more than 65536 nodes"), "{error}");
    let error = refusal(vec![looped(&[&["yes"], &vec!["few"; 1024][..]].concat())], 4096);
    assert!(error.contains("becomes more than 65536 nodes"), "{error}");
}
