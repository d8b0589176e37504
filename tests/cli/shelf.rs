//! `mekong models` and `mekong glossary`

use std::fs;

use sha2::{Digest, Sha256};

use crate::common::{mekong, root, stderr};
use crate::fixture::{Desk, files};

#[test]
fn a_listed_model_is_found_and_a_changed_file_is_named() {
    let desk = Desk::empty();
    let folder = desk.workspace().join("models/small");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("model.bin"), b"weights").unwrap();
    let sha256 = "9a129df2a9d0ea83aa2f2a89bf68d5cbb3aa8f21a3a5a1b5c5e1fd9d4a6a1c3e";
    let card = format!(
        "name='small'\nkind='whisper-ggml'\nlanguages=['lo']\nlicense='MIT'\nsource='here'\n\
         [[files]]\npath='model.bin'\nbytes=7\nsha256='{sha256}'\n"
    );
    std::fs::write(folder.join("model.toml"), card).unwrap();
    let list = desk.json(&["models", "list", "--json"]);
    let small = list["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["name"] == "small")
        .unwrap();
    assert_eq!(
        (&small["bytes"], &small["purpose"]),
        (&7.into(), &"speech".into())
    );
    assert!(desk.text(&["models", "list"]).contains("small"));

    let output = desk.run(&["models", "check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let checked: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(checked["ok"], false);
    let small = checked["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["name"] == "small")
        .unwrap();
    assert!(
        small["error"].as_str().unwrap().contains("SHA-256"),
        "{small}"
    );
    desk.fails(&["models", "check"]);
}

#[test]
fn a_folder_that_is_no_model_is_not_imported() {
    let desk = Desk::empty();
    let folder = desk.path("folder");
    std::fs::create_dir(&folder).unwrap();
    desk.fails(&["models", "import", folder.to_str().unwrap()]);
    desk.fails(&["models", "import", "/nowhere/at/all"]);
    assert_eq!(files(&desk.workspace()), []);
}

#[test]
fn a_glossary_that_is_not_valid_is_not_imported() {
    let desk = Desk::empty();
    let bad = desk.file("bad.csv", b"\xff\xfe\0\0");
    desk.fails(&["glossary", "import", &bad]);
    desk.fails(&["glossary", "import", "/nowhere/at/all.csv"]);
    desk.fails(&[
        "glossary",
        "export",
        desk.path("x.csv").to_str().unwrap(),
        "--name",
        "none",
    ]);
    assert!(!desk.path("x.csv").exists());
    assert!(desk.json(&["glossary", "list", "--json"]).is_array());
}

const OWN: &str = "id,zh,vi\nboat,船,tàu\n";

#[test]
fn an_own_glossary_adds_to_the_one_that_ships() {
    let desk = Desk::empty();
    let count = || {
        desk.json(&["glossary", "list", "--json"])
            .as_array()
            .unwrap()
            .len()
    };
    let shipped = count();
    assert!(shipped > 0);
    let file = desk.file("boats.csv", OWN.as_bytes());
    desk.text(&["glossary", "import", &file]);
    assert_eq!(count(), shipped + 1);
    let all = desk.text(&["glossary", "export", "-"]);
    assert!(
        all.contains("tàu") && all.contains("trafficking-in-persons"),
        "{all}"
    );
}

#[test]
fn a_glossary_takes_the_place_of_another_only_when_told() {
    let desk = Desk::empty();
    for (name, text) in [("boats.csv", OWN), ("trafficking.csv", OWN)] {
        let file = desk.file(name, text.as_bytes());
        if name == "boats.csv" {
            desk.text(&["glossary", "import", &file]);
        }
        let told = desk.fails(&["glossary", "import", &file]);
        assert!(told.contains("--replace"), "{told}");
        desk.text(&["glossary", "import", &file, "--replace"]);
    }
    let all = desk.text(&["glossary", "export", "-", "--name", "trafficking"]);
    assert_eq!(all.lines().count(), 2, "{all}");
}

#[test]
fn terms_go_to_standard_output_or_to_a_new_file() {
    let desk = Desk::empty();
    let output = mekong(&desk.workspace())
        .args(["glossary", "export", "-"])
        .current_dir(desk.path(""))
        .output()
        .unwrap();
    assert!(output.status.success() && !desk.path("-").exists());
    assert!(output.stdout.starts_with(b"id,"), "{}", stderr(&output));
    let path = desk.file("x.csv", b"kept");
    assert!(
        desk.fails(&["glossary", "export", &path])
            .contains("--force")
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
    desk.text(&["glossary", "export", &path, "--force"]);
    assert_eq!(fs::read(&path).unwrap(), output.stdout);
}

#[test]
fn a_model_may_be_named_by_the_folder_one_stands_in() {
    let desk = Desk::empty();
    let kit = desk.path("kit");
    for part in ["models/practice", "recordings/practice"] {
        fs::create_dir_all(kit.join(part)).unwrap();
    }
    let import = |at: &str| {
        mekong(&desk.workspace())
            .env("MEKONG_KIT", &kit)
            .args(["models", "import", at])
            .current_dir(root().join("models/practice/asr"))
            .output()
            .unwrap()
    };
    let output = import(".");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(desk.workspace().join("models/asr/model.toml").is_file());
    // The same again, by another name of the folder: nothing is overwritten, the old one is named.
    let told = stderr(&import("../asr"));
    assert!(
        told.contains("already there") && told.contains("models/asr"),
        "{told}"
    );
    assert_eq!(
        fs::read_dir(desk.workspace().join("models"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn a_model_that_the_kit_has_is_named_where_it_lies() {
    let desk = Desk::empty();
    let kit = root().join("models/practice/mt");
    let told = desk.fails(&["models", "import", kit.to_str().unwrap()]);
    assert!(
        told.contains(kit.to_str().unwrap()) && told.contains("can be used as it is"),
        "{told}"
    );
}

#[test]
fn a_wrong_path_is_answered_with_what_a_models_folder_is() {
    let desk = Desk::empty();
    let file = desk.file("model.bin", b"x");
    let folder = desk.path("").to_str().unwrap().to_owned();
    for path in [file.as_str(), &folder, "/nowhere/at/all"] {
        let told = desk.fails(&["models", "import", path]);
        assert!(told.contains("the folder that holds model.toml"), "{told}");
    }
}

#[test]
fn a_glossary_goes_out_and_comes_in_as_tbx() {
    let desk = Desk::empty();
    let path = desk.path("own.tbx");
    let out = path.to_str().unwrap();
    let args = ["glossary", "export", out, "--name", "trafficking"];
    desk.text(&args);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("type=\"TBX-Basic\"") && text.contains("<term>律师</term>"));
    desk.text(&["glossary", "import", out]);
    let table = |name| {
        let text = desk.text(&["glossary", "export", "-", "--name", name]);
        let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
        rows.sort();
        rows
    };
    assert_eq!(table("own"), table("trafficking"));
    let piped = [
        "glossary", "export", "-", "--name", "own", "--format", "tbx",
    ];
    assert_eq!(desk.text(&piped), text);
    let bad = desk.file("bad.tbx", b"<!DOCTYPE tbx><tbx></tbx>");
    assert!(
        desk.fails(&["glossary", "import", &bad])
            .contains("DOCTYPE")
    );
}

/// A translation of one word by the model of this name.
fn greeting(desk: &Desk, model: &str) -> String {
    let args = [
        "translate",
        "你叫什么名字？",
        "--from",
        "zh",
        "--to",
        "vi",
        "--model",
        model,
    ];
    desk.text(&args)
}

#[test]
fn smaller_copies_are_listed_with_their_parent_and_translate() {
    let desk = Desk::empty();
    let parent = fs::read_to_string(root().join("models/practice/mt/model.toml")).unwrap();
    let mut sizes = Vec::new();
    for (name, bits) in [("small", None), ("smaller", Some("6"))] {
        let mut args = vec!["models", "trim", "practice-mt", "--to", name, "--json"];
        args.extend(bits.into_iter().flat_map(|bits| ["--bits", bits]));
        let made = desk.json(&args);
        let told = made["description"].as_str().unwrap();
        let wanted = format!("pieces, {} bits.", bits.unwrap_or("8"));
        assert!(told.contains(&wanted), "{told}");
        let card = desk
            .workspace()
            .join("models")
            .join(name)
            .join("model.toml");
        let card: toml::Table = fs::read_to_string(card).unwrap().parse().unwrap();
        let hash = |card: &toml::Table| {
            let files = card["files"].as_array().unwrap();
            let weights = files
                .iter()
                .find(|f| f["path"].as_str() == Some("model.safetensors"));
            weights.unwrap()["sha256"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            card["parent_sha256"].as_str().unwrap(),
            hash(&parent.parse().unwrap())
        );
        assert_ne!(card["parent_sha256"].as_str().unwrap(), hash(&card));
        assert_eq!(desk.json(&["models", "check", name, "--json"])["ok"], true);
        assert_eq!(greeting(&desk, name), greeting(&desk, "practice-mt"));
        sizes.push(made["bytes"].as_u64().unwrap());
    }
    assert!(sizes[1] < sizes[0], "{sizes:?}");
    let both = [
        "models",
        "trim",
        "practice-mt",
        "--keep-floats",
        "--bits",
        "6",
    ];
    desk.refused(&both);
    desk.refused(&["models", "trim", "practice-mt", "--bits", "4"]);
    // It is there already, and the copy of a copy would lose twice.
    assert!(
        desk.fails(&["models", "trim", "practice-mt", "--to", "small"])
            .contains("already there")
    );
    let again = desk.fails(&["models", "trim", "small", "--to", "third"]);
    assert!(again.contains("8 bits already"), "{again}");
    assert!(!desk.workspace().join("models/third").exists());
}

#[test]
fn what_cannot_be_made_smaller_is_told_apart() {
    let desk = Desk::empty();
    let told = desk.fails(&["models", "trim", "practice-asr"]);
    assert!(told.contains("for speech, not for translation"), "{told}");
    let folder = desk.path("tiny");
    fs::create_dir(&folder).unwrap();
    let file = root().join("tests/fixtures/t5/gguf-c/q8_0.gguf");
    let bytes = fs::read(file).unwrap();
    fs::write(folder.join("tiny.gguf"), &bytes).unwrap();
    let sha256: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let card = format!(
        "name='tiny'\nkind='t5'\nlanguages=['vi','th']\nlicense='Apache-2.0'\nsource='here'\n\
         [[files]]\npath='tiny.gguf'\nbytes={}\nsha256='{sha256}'\n",
        bytes.len()
    );
    fs::write(folder.join("model.toml"), card).unwrap();
    desk.json(&["models", "import", folder.to_str().unwrap(), "--json"]);
    let told = desk.fails(&["models", "trim", "tiny"]);
    assert!(told.contains("one GGUF file"), "{told}");
}
