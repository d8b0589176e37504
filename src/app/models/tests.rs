//! Cards and files that must be refused, and which model is chosen.

use super::*;

fn verify(model: &Model) -> Result<(), Error> {
    model.verify(&Cancel::new(), &|_| {})
}

fn install(root: &Path, name: &str, practice: bool) -> PathBuf {
    let folder = root.join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("model.bin"), b"weights").unwrap();
    let sha = sha256_file(&folder.join("model.bin"), &mut |_| {}, &Cancel::new()).unwrap();
    let card = format!(
        "name='{name}'\nkind='whisper-ggml'\nlanguages=['zh','km']\nlicense='x'\nsource='y'\n\
         practice={practice}\n[[files]]\npath='model.bin'\nbytes=7\nsha256='{sha}'\n"
    );
    fs::write(folder.join("model.toml"), card).unwrap();
    folder
}

#[test]
fn a_real_model_comes_before_a_practice_one_unless_named() {
    let dir = tempfile::tempdir().unwrap();
    install(dir.path(), "a-practice", true);
    install(dir.path(), "group/real", false);
    let shelf = Shelf::read(&[dir.path().to_owned()]);
    let name = |p| shelf.for_speech(Lang::Km, p).unwrap().card.name.clone();
    assert_eq!(name(None), "group/real");
    assert_eq!(name(Some("a-practice")), "a-practice");
    assert!(matches!(
        shelf.for_speech(Lang::Lo, None),
        Err(Error::NoSpeech(Lang::Lo))
    ));
}

#[test]
fn the_model_that_errs_least_is_taken_and_a_doubtful_one_last() {
    let dir = tempfile::tempdir().unwrap();
    let rates = [
        ("a-unlisted", None),
        ("b-unusable", Some(55.0)),
        ("c-fair", Some(22.5)),
        ("d-good", Some(9.1)),
        ("e-good-too", Some(9.1)),
        ("f-not-a-number", Some(f32::NAN)),
    ];
    for (name, percent) in rates {
        let folder = install(dir.path(), name, false);
        let card = folder.join("model.toml");
        let mut text = fs::read_to_string(&card).unwrap();
        if let Some(percent) = percent {
            let rate = format!("{{ unit = 'words', percent = {percent:?}, source = 'x' }}");
            let rate = rate.replace("NaN", "nan");
            text = text.replace(
                "[[files]]",
                &format!("error_rates = {{ km = {rate} }}\n[[files]]"),
            );
        }
        fs::write(&card, text).unwrap();
    }
    install(dir.path(), "a-practice", true);
    let mut shelf = Shelf::read(&[dir.path().to_owned()]);
    assert!(shelf.broken.is_empty(), "{:?}", shelf.broken);
    let mut order = Vec::new();
    while let Ok(model) = shelf.for_speech(Lang::Km, None) {
        let name = model.card.name.clone();
        shelf.models.retain(|m| m.card.name != name);
        order.push(name);
    }
    // A Whisper without a figure is in doubt for Khmer, as one with a bad figure is.
    let wanted = [
        "d-good",
        "e-good-too",
        "c-fair",
        "b-unusable",
        "a-unlisted",
        "f-not-a-number",
        "a-practice",
    ];
    assert_eq!(order, wanted);
    let shelf = Shelf::read(&[dir.path().to_owned()]);
    let name = |lang, p| shelf.for_speech(lang, p).unwrap().card.name.clone();
    // No figure for Chinese: by name.
    assert_eq!(name(Lang::Zh, None), "a-unlisted");
    assert_eq!(name(Lang::Km, Some("c-fair")), "c-fair");
}

#[test]
fn one_changed_byte_or_a_missing_file_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let folder = install(dir.path(), "m", false);
    let model = Model::read(&folder).unwrap();
    verify(&model).unwrap();
    fs::write(folder.join("model.bin"), b"weighty").unwrap();
    assert!(matches!(
        verify(&model),
        Err(Error::Changed {
            what: "SHA-256",
            ..
        })
    ));
    fs::write(folder.join("model.bin"), b"weight").unwrap();
    assert!(matches!(
        verify(&model),
        Err(Error::Changed { what: "size", .. })
    ));
    fs::remove_file(folder.join("model.bin")).unwrap();
    assert!(matches!(verify(&model), Err(Error::Missing { .. })));
}

#[test]
fn checking_tells_how_far_it_is_and_stops_on_a_wish() {
    let dir = tempfile::tempdir().unwrap();
    let model = Model::read(&install(dir.path(), "m", false)).unwrap();
    let mut told = Vec::new();
    let cancel = Cancel::new();
    model
        .verify_with(&mut |done, total| told.push((done, total)), &cancel)
        .unwrap();
    assert_eq!(told, [(7, 7)]);
    cancel.cancel();
    assert!(matches!(
        model.verify_with(&mut |_, _| {}, &cancel),
        Err(Error::Cancelled)
    ));
}

#[test]
fn every_file_that_an_engine_loads_must_be_listed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = install(dir.path(), "m", false);
    let card = fs::read_to_string(folder.join("model.toml")).unwrap();
    fs::write(folder.join("model.safetensors"), b"stray").unwrap();
    let model = Model::read(&folder).unwrap();
    assert!(matches!(verify(&model), Err(Error::Unlisted { .. })));
    for incomplete in [
        card.replace("model.bin", "LICENSE"),
        card.replace("whisper-ggml", "m2m100"),
        format!("memory_bits = 4\n{card}"),
    ] {
        fs::write(folder.join("model.toml"), &incomplete).unwrap();
        assert!(matches!(Model::read(&folder), Err(Error::Card { .. })));
    }
}

#[test]
fn what_numbers_the_pieces_of_an_m2m100_must_be_listed_where_there_is_no_tokenizer_json() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("m");
    fs::create_dir(&folder).unwrap();
    let write = |kind: &str, files: &[&str]| {
        let mut card =
            format!("name='m'\nkind='{kind}'\nlanguages=['zh','km']\nlicense='MIT'\nsource='y'\n");
        for file in files {
            fs::write(folder.join(file), b"weights").unwrap();
            let sha = sha256_file(&folder.join(file), &mut |_| {}, &Cancel::new()).unwrap();
            card += &format!("[[files]]\npath='{file}'\nbytes=7\nsha256='{sha}'\n");
        }
        fs::write(folder.join("model.toml"), card).unwrap();
        Model::read(&folder)
    };
    let (both, pieces) = (
        ["model.safetensors", "config.json"],
        "sentencepiece.bpe.model",
    );
    let with = |more: &[&'static str]| [&both[..], more].concat();
    assert!(matches!(write("m2m100", &both), Err(Error::Card { .. })));
    assert!(matches!(
        write("t5", &with(&[pieces])),
        Err(Error::Card { .. })
    ));
    let nllb = write("m2m100", &with(&[pieces])).unwrap();
    verify(&nllb).unwrap();
    for stray in ["vocab.json", "tokenizer_config.json"] {
        fs::write(folder.join(stray), b"{}").unwrap();
        assert!(matches!(verify(&nllb), Err(Error::Unlisted { path }) if path.ends_with(stray)));
        fs::remove_file(folder.join(stray)).unwrap();
    }
    verify(&write("m2m100", &with(&[pieces, "vocab.json"])).unwrap()).unwrap();
    fs::write(folder.join("tokenizer.json"), b"{}").unwrap();
    assert!(matches!(verify(&nllb), Err(Error::Unlisted { .. })));
    // With a tokenizer.json nobody looks at the others.
    verify(&write("m2m100", &with(&["tokenizer.json"])).unwrap()).unwrap();
}

#[test]
fn a_card_that_points_outside_its_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = install(dir.path(), "m", false);
    for outside in ["../x", "/etc/passwd", "a/../../x", ""] {
        let card = fs::read_to_string(folder.join("model.toml")).unwrap();
        let card = card.replace("'model.bin'", &format!("'{outside}'"));
        fs::write(folder.join("model.toml"), &card).unwrap();
        assert!(
            matches!(Model::read(&folder), Err(Error::Card { .. })),
            "{outside}"
        );
        install(dir.path(), "m", false);
    }
}
