//! `mekong translate` and `mekong transcribe`, as far as they need no model, or a tiny one with random
//! weights.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common;
use crate::fixture::Desk;

#[test]
fn a_model_that_is_not_there_is_an_error_with_a_next_step() {
    let desk = Desk::empty();
    let args = [
        "translate",
        "xin chào",
        "--from",
        "vi",
        "--to",
        "zh",
        "--model",
        "no-such-model",
    ];
    assert!(desk.fails(&args).contains("no-such-model"));
    let sound = desk.file("a.wav", b"RIFF");
    let args = [
        "transcribe",
        &sound,
        "--language",
        "vi",
        "--model",
        "no-such-model",
    ];
    desk.fails(&args);
    let folder = desk.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    desk.fails(&[
        "translate",
        "x",
        "--from",
        "vi",
        "--to",
        "zh",
        "--model",
        folder,
    ]);
}

#[test]
fn a_direction_needs_two_languages() {
    let desk = Desk::empty();
    desk.refused(&["translate", "x", "--from", "vi", "--to", "vi"]);
    desk.refused(&["translate", "x", "--from", "vi"]);
    desk.refused(&[
        "translate",
        "x",
        "--from",
        "vi",
        "--to",
        "zh",
        "--beam",
        "0",
    ]);
    desk.refused(&["transcribe", "x.wav"]);
}

/// A translation by the model of this name or path, as JSON.
fn translated(workspace: &std::path::Path, model: &str) -> Value {
    let args = [
        "translate",
        "Xin chào.",
        "--from",
        "vi",
        "--to",
        "th",
        "--model",
        model,
        "--max-tokens",
        "6",
        "--json",
    ];
    common::json(workspace, &args)
}

#[test]
fn a_t5_folder_and_gguf_files_translate_by_their_path() {
    let dir = tempfile::tempdir().unwrap();
    for model in [
        "t5/folder-a",
        "t5/gguf-c/q8_0.gguf",
        "decoder/gemma3/q8_0.gguf",
        "decoder/qwen2/f32.gguf",
        "decoder/qwen3/q8_0.gguf",
        "decoder/hunyuan-dense/q8_0.gguf",
    ] {
        let path = common::root().join("tests/fixtures").join(model);
        let answer = translated(dir.path(), path.to_str().unwrap());
        let ids = answer["token_ids"].as_array().unwrap();
        assert!(!ids.is_empty() && ids.len() <= 6, "{model}: {answer}");
    }
}

#[test]
fn a_gguf_model_is_imported_listed_with_its_licence_checked_and_used_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("source").join("tiny");
    std::fs::create_dir_all(&folder).unwrap();
    let bytes =
        std::fs::read(common::root().join("tests/fixtures/decoder/qwen3/q8_0.gguf")).unwrap();
    std::fs::write(folder.join("tiny.gguf"), &bytes).unwrap();
    let sha: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let card = format!(
        "name='tiny'\nkind='decoder-only'\nlanguages=['vi','th']\nlicense='Apache-2.0'\nsource='here'\n\
         [[files]]\npath='tiny.gguf'\nbytes={}\nsha256='{sha}'\n",
        bytes.len()
    );
    std::fs::write(folder.join("model.toml"), card).unwrap();
    let stray = folder.join("tokenizer.json");
    std::fs::write(&stray, "{}").unwrap();
    let import = ["models", "import", folder.to_str().unwrap(), "--json"];
    let refused = common::run(dir.path(), &import);
    assert!(common::stderr(&refused).contains("tokenizer.json"));
    std::fs::remove_file(stray).unwrap();
    common::json(dir.path(), &import);
    let list = common::run(dir.path(), &["models", "list"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.contains("tiny") && list.contains("licence Apache-2.0"),
        "{list}"
    );
    let check = common::json(dir.path(), &["models", "check", "--json"]);
    assert_eq!(check["ok"], true, "{check}");
    assert_eq!(translated(dir.path(), "tiny")["engine"], "tiny");
}

#[test]
fn an_m2m100_as_published_is_imported_made_smaller_and_used_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("source").join("published");
    std::fs::create_dir_all(&folder).unwrap();
    let fixture = common::root().join("tests/fixtures/m2m100/sentencepiece");
    let mut card = "name='published'\nkind='m2m100'\nlanguages=['zh','vi','th','my','lo','km']\n\
                    license='MIT'\nsource='here'\n"
        .to_owned();
    for name in [
        "model.safetensors",
        "config.json",
        "vocab.json",
        "sentencepiece.bpe.model",
    ] {
        let bytes = std::fs::read(fixture.join(name)).unwrap();
        std::fs::write(folder.join(name), &bytes).unwrap();
        let digest = Sha256::digest(&bytes);
        let sha: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        let bytes = bytes.len();
        card += &format!("[[files]]\npath='{name}'\nbytes={bytes}\nsha256='{sha}'\n");
    }
    std::fs::write(folder.join("model.toml"), &card).unwrap();
    let import = ["models", "import", folder.to_str().unwrap(), "--json"];
    common::json(dir.path(), &import);
    assert_eq!(translated(dir.path(), "published")["engine"], "published");
    let trim = ["models", "trim", "published", "--keep-floats", "--json"];
    let small = common::json(dir.path(), &trim);
    assert!(
        small["description"]
            .as_str()
            .unwrap()
            .contains("pieces, f32"),
        "{small}"
    );
    let listed = dir.path().join("models/published-small/model.toml");
    let listed = std::fs::read_to_string(listed).unwrap();
    for name in ["vocab.json", "sentencepiece.bpe.model", "model.safetensors"] {
        assert!(listed.contains(&format!("\"{name}\"")), "{listed}");
    }
    let check = common::json(
        dir.path(),
        &["models", "check", "published-small", "--json"],
    );
    assert_eq!(check["ok"], true, "{check}");
    let answer = translated(dir.path(), "published-small");
    assert_eq!(answer["engine"], "published-small");
    // A vocabulary that nobody listed would change what is written.
    let files = card
        .split("[[files]]")
        .filter(|part| !part.contains("vocab.json"));
    let without = files.collect::<Vec<_>>().join("[[files]]");
    std::fs::write(folder.join("model.toml"), without).unwrap();
    let other = tempfile::tempdir().unwrap();
    let refused = common::stderr(&common::run(other.path(), &import));
    assert!(refused.contains("vocab.json"), "{refused}");
}

#[test]
fn a_second_model_that_writes_something_else_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = |name: &str| {
        let path = common::root().join("tests/fixtures").join(name);
        path.to_str().unwrap().to_owned()
    };
    let flags = |second: &str| {
        let first = fixture("t5/folder-a");
        let args = [
            "translate",
            "Xin chào.",
            "--from",
            "vi",
            "--to",
            "th",
            "--model",
            &first,
            "--second",
            &fixture(second),
            "--max-tokens",
            "6",
            "--json",
        ];
        common::json(dir.path(), &args)["flags"].to_string()
    };
    assert!(!flags("t5/folder-a").contains("opinions-differ"));
    let told = flags("decoder/qwen3/q8_0.gguf");
    assert!(told.contains("opinions-differ"), "{told}");
}

#[test]
fn the_terms_of_a_case_are_in_force_where_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let glossaries = dir.path().join("glossaries");
    std::fs::create_dir_all(&glossaries).unwrap();
    let table = "id,vi,th,case\na,người dẫn đường,คนนำทาง,K-1\nb,người dẫn đường,มัคคุเทศก์,K-2\n";
    std::fs::write(glossaries.join("own.csv"), table).unwrap();
    let model = common::root().join("tests/fixtures/t5/folder-a");
    let terms = |more: &[&str]| {
        let text = "Tôi gặp người dẫn đường.";
        let fixed = ["translate", text, "--from", "vi", "--to", "th", "--json"];
        let model = ["--model", model.to_str().unwrap(), "--max-tokens", "6"];
        let args = [&fixed[..], &model, more].concat();
        common::json(dir.path(), &args)["terms"].to_string()
    };
    for more in [
        &["--case", "K-1"][..],
        &["--case", "K-1", "--glossary", "own"],
    ] {
        let found = terms(more);
        assert!(
            found.contains("คนนำทาง") && !found.contains("มัคคุเทศก์"),
            "{found}"
        );
    }
    assert!(terms(&["--case", "K-2"]).contains("มัคคุเทศก์"));
    assert_eq!(terms(&[]), "[]");
    assert_eq!(terms(&["--case", "K-3"]), "[]");
    let desk = Desk::empty();
    let raw = ["translate", "x", "--from", "vi", "--to", "th", "--raw"];
    desk.refused(&[&raw[..], &["--case", "K-1"]].concat());
}
