//! Records from files, and what is said about those that cannot be read.

use zkdx_circuits::records::{RecordError, read_csv, read_json, read_npy};

fn names() -> Vec<String> {
    ["age", "pulse"].map(String::from).to_vec()
}

fn csv(text: &str) -> Result<Vec<Vec<f64>>, RecordError> {
    read_csv(text.as_bytes(), &names(), None).map(|records| records.values)
}

fn json(text: &str) -> Result<Vec<Vec<f64>>, RecordError> {
    read_json(text.as_bytes(), &names()).map(|records| records.values)
}

fn said<T>(result: Result<T, RecordError>) -> String {
    result.map(drop).unwrap_err().to_string()
}

#[test]
fn columns_come_in_any_order() {
    assert_eq!(csv("pulse, age\n60, 41.5\n7e1,42\n").unwrap(), [[41.5, 60.0], [42.0, 70.0]]);
    let labelled = read_csv("\u{feff}age,ill,pulse\n1,0,2\n3,1,4".as_bytes(), &names(), Some("ill")).unwrap();
    assert_eq!((labelled.values, labelled.labels), (vec![vec![1.0, 2.0], vec![3.0, 4.0]], Some(vec![0, 1])));
}

#[test]
fn csv_errors_say_where() {
    assert_eq!(said(csv("")), "header: feature `age` is missing");
    assert_eq!(said(csv("age,pulse\n")), "there are no records");
    assert_eq!(said(csv("age\n1")), "header: feature `pulse` is missing");
    assert_eq!(said(csv("age,pulse,name\n1,2,3")), "header: `name` is no feature of the model");
    assert_eq!(said(csv("age,pulse,age\n1,2,3")), "header: feature `age` is given twice");
    assert_eq!(said(csv("age,pulse\n1,2\n1,x")), "row 2, column 2 (`pulse`): not a number");
    assert_eq!(said(csv("age,pulse\n1,")), "row 1, column 2 (`pulse`): not a number");
    assert_eq!(said(csv("age,pulse\n1,NaN")), "row 1, column 2 (`pulse`): not a finite number");
    assert_eq!(said(csv("age,pulse\n1,2,3")), "this is not CSV: line 2 has 3 cells, the header has 2");
    let label = |text: &str| said(read_csv(text.as_bytes(), &names(), Some("ill")));
    assert_eq!(label("age,pulse\n1,2"), "header: feature `ill` is missing");
    assert_eq!(label("age,pulse,ill\n1,2,-1"), "row 1, column 3 (`ill`): not a class index");
}

#[test]
fn json_records_are_objects_or_arrays() {
    assert_eq!(json(r#"{"pulse": 60, "age": 41.5}"#).unwrap(), [[41.5, 60.0]]);
    assert_eq!(json("[41.5, 60]").unwrap(), [[41.5, 60.0]]);
    assert_eq!(json(r#"[[1, 2], {"pulse": 4, "age": 3}]"#).unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
}

#[test]
fn json_errors_say_where() {
    assert_eq!(said(json(r#"{"age": 1}"#)), "the record: feature `pulse` is missing");
    assert_eq!(said(json(r#"{"age": 1, "pulse": 2, "x": 3}"#)), "the record: `x` is no feature of the model");
    assert_eq!(said(json(r#"{"age": 1, "pulse": 2, "age": 3}"#)), "the record: feature `age` is given twice");
    assert_eq!(said(json(r#"[{"age": 1, "pulse": null}]"#)), "record 1, feature `pulse`: not a number");
    assert_eq!(said(json("[1, 2, 3]")), "the record: 3 values, expected 2");
    assert_eq!(said(json("[[1, 2], 3]")), "record 2: neither an object nor an array");
    assert_eq!(said(json("[]")), "there are no records");
    assert_eq!(said(json("{")), "this is not JSON: line 1, column 1");
    assert_eq!(said(json("[1, 1e999]")), "this is not JSON: line 1, column 10");
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn npy_arrays_are_read_and_checked() {
    let floats: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let file = |shape: &str, order: &str| {
        npy(&format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': {shape}, }}"), &floats)
    };
    let read = |bytes: &[u8]| read_npy(bytes, 2).map(|records| records.values);
    assert_eq!(read(&file("(2, 2)", "False")).unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(read(&file("(2,)", "False")).unwrap(), [[1.0, 2.0]]);
    assert_eq!(said(read(&file("(1, 4)", "False"))), "each record: 4 values, expected 2");
    assert_eq!(said(read(&file("(0, 2)", "False"))), "there are no records");
    assert_eq!(said(read(&file("(3, 2)", "False"))), "this is not NPY: it is cut off");
    assert!(said(read(&file("(2, 2)", "True"))).contains("Fortran order"));
    assert_eq!(said(read(b"\x93NUMPY")), "this is not NPY: its header makes no sense");
    let huge = file("(4611686018427387904, 2)", "False");
    assert_eq!(said(read(&huge)), "this is not NPY: it has more values than can be read");
}
