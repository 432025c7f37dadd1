use super::{program, read};

#[test]
fn the_image_is_small_non_root_and_probed() {
    let file = read("deploy/Dockerfile");
    let stages: Vec<_> = file.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(stages.len(), 3);
    assert!(stages[2].contains("distroless") && stages[2].contains("@sha256:"), "{}", stages[2]);
    assert!(file.contains("cargo build --release --locked --package muster"));
    let last = file.rsplit("\nFROM ").next().unwrap();
    assert!(last.contains("\nUSER 65532:65532\n"));
    assert!(last.contains("\"http://127.0.0.1:8090/readyz\"]"));
    assert!(last.contains("ENTRYPOINT [\"/usr/local/bin/muster\"]"));
    assert!(last.contains("CMD [\"up\"]") && program::has("up"));
}

#[test]
fn the_program_knows_every_variable_of_the_image() {
    let file = read("deploy/Dockerfile");
    let last = file.rsplit("\nFROM ").next().unwrap();
    let block = last.split_once("\nENV ").unwrap().1.split("\nEXPOSE").next().unwrap();
    let variables: Vec<_> =
        block.split_whitespace().filter_map(|word| word.split_once('=')).map(|(name, _)| name).collect();
    assert_eq!(variables.len(), 4);
    for variable in variables {
        assert!(program::reads(variable), "muster reads no {variable}");
    }
}
