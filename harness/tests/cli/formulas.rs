//! The document's formulas from the command line: what is written, and what is refused.

use serde_json::Value;

use crate::program::{run, words};

#[test]
fn cases_carry_all_fields_and_name_files_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let line = "formulas placement --json --out out";
    let cases = run(folder.path(), &words(line)).with_status(0).json();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 20, "{}", cases.len());
    for case in cases {
        for field in [
            "formula",
            "case",
            "engine",
            "clock",
            "predicted",
            "measured",
            "relative_error",
            "tolerance",
            "valid_range",
            "verdict",
            "run",
        ] {
            assert!(case.get(field).is_some(), "{field}: {case}");
        }
        assert_eq!(case["formula"], "placement");
        assert!(folder.path().join("out").join(case["run"].as_str().unwrap()).is_file(), "{case}");
        assert_eq!(case["relative_error"].is_null(), {
            let is_bound =
                ["at-most", "at-least"].map(Value::from).contains(&case["tolerance"]["kind"]);
            is_bound || case["verdict"] == "outside its range"
        });
    }
    for engine in ["pipelined", "microbatch"] {
        assert!(cases.iter().any(|case| case["engine"] == engine), "{engine}");
    }
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("H(x) = H_mod(x mod P)") && page.contains("一致性哈希"));
}

#[test]
fn a_formula_that_is_none_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &words("formulas partitionning")).with_status(2);
    assert!(ended.err.contains("did you mean `partitioning`?"), "{}", ended.err);
    assert!(!folder.path().join("results").exists(), "nothing is written for bad usage");
}
