//! The guide's chapter on writing an adapter quotes the example `custom_adapter`.

use std::fs;

#[test]
fn chapter_quotes_the_example() {
    let example = fs::read_to_string("custom_adapter.rs").unwrap();
    let chapter = fs::read_to_string("../smi-adapter/src/guide/adapter.md").unwrap();
    let blocks: Vec<&str> = chapter.split("```text\n").skip(1).collect();
    assert!(blocks.len() > 5);
    for block in blocks {
        let code = block.split("```").next().unwrap().trim_end();
        assert!(example.contains(code), "not in the example:\n{code}");
    }
}
