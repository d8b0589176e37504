//! Every parser of the program behind one door: valid files to begin with, and what is done with the
//! bytes. `tests/parsers.rs` and `scripts/proof fuzz` change the valid files at random; with a nightly
//! compiler `cargo fuzz` looks for new paths through the same functions.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use mekong_interview::app::models::Model;
use mekong_interview::audio::{Decoder, Series, read_journal, read_sound_chain, recover_parts};
use mekong_interview::config::Config;
use mekong_interview::domain::{Cancel, Channel, InterviewId, Lang};
use mekong_interview::evidence::{
    Check, KnownKey, Link, PublicKey, Receipt, Reception, Role, Row, SecretKey, Sign as _,
    SoundHead, Story, check_rows, open_bundle, parse_canonical, sha256, write_bundle,
};
use mekong_interview::export::{Redaction, Template};
use mekong_interview::glossary::Glossary;
use mekong_interview::store::{Correction, NewInterview, NewSegment, SearchQuery, Store};
use mekong_interview::vault::{self, LockFile};
use mekong_interview::{evidence, speech, transcript, translate};

#[path = "kept.rs"]
mod kept;
#[path = "models.rs"]
mod models;

/// One parser.
pub struct Target {
    /// On the command line.
    pub name: &'static str,
    /// Valid files, from which changed ones are made.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Parses; an error is an answer, a panic is none.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 45] = [
    target("glossary-csv", csv_seeds, glossary_csv),
    target("glossary-tbx", tbx_seeds, glossary_tbx),
    target("transcript-json", json_seeds, |b| {
        read_transcript(b, "json")
    }),
    target("transcript-csv", table_seeds, |b| read_transcript(b, "csv")),
    target("transcript-srt", srt_seeds, |b| read_transcript(b, "srt")),
    target("transcript-vtt", vtt_seeds, |b| read_transcript(b, "vtt")),
    target("sound-wav", || sounds(&["wav"]), decode),
    target("sound-flac", || sounds(&["flac"]), decode),
    target("sound-other", other_sounds, decode),
    target("session-part", || sounds(&["wav"]), session_part),
    target("session-log", log_seeds, session_log),
    target("ggml", ggml_seeds, ggml),
    target("gguf", gguf_seeds, gguf),
    target(
        "safetensors",
        || of("m2m100/small-a/model.safetensors"),
        |b| models::m2m100(b, "model.safetensors"),
    ),
    target(
        "model-config",
        || of("m2m100/small-a/config.json"),
        |b| models::m2m100(b, "config.json"),
    ),
    target(
        "tokenizer",
        || of("m2m100/small-a/tokenizer.json"),
        |b| models::m2m100(b, "tokenizer.json"),
    ),
    target(
        "pieces",
        || of("m2m100/sentencepiece/sentencepiece.bpe.model"),
        |b| models::pieces(b, "sentencepiece.bpe.model"),
    ),
    target(
        "piece-numbers",
        || of("m2m100/sentencepiece/vocab.json"),
        |b| models::pieces(b, "vocab.json"),
    ),
    target("bundle", bundle_seeds, bundle),
    target("chain", chain_seeds, chain),
    target("query", query_seeds, query),
    target("config-toml", config_seeds, config),
    target("model-toml", model_seeds, model),
    target("list-toml", list_seeds, lists),
    target("lock-file", lock_seeds, lock_file),
    target("sealed-file", sealed_seeds, sealed_file),
    target("shard-index", models::shards_seeds, models::shards),
    target(
        "t5-config",
        || of("t5/folder-a/config.json"),
        |b| models::t5(b, "config.json"),
    ),
    target(
        "t5-tokenizer",
        || of("t5/folder-a/tokenizer.json"),
        |b| models::t5(b, "tokenizer.json"),
    ),
    target(
        "ctc-vocabulary",
        models::ctc_vocabulary_seeds,
        models::ctc_vocabulary,
    ),
    target(
        "ctc-config",
        || of("wav2vec2/layer/config.json"),
        models::ctc_config,
    ),
    target(
        "ctc-settings",
        models::ctc_settings_seeds,
        models::ctc_settings,
    ),
    target(
        "ctc-weights",
        || of("wav2vec2/layer/model.safetensors"),
        models::ctc_weights,
    ),
    target(
        "whisper-vocabulary",
        models::whisper_vocabulary_seeds,
        models::whisper_vocabulary_file,
    ),
    target(
        "whisper-config",
        || of("whisper/config.json"),
        models::whisper_config,
    ),
    target(
        "whisper-weights",
        || of("whisper/model.safetensors"),
        models::whisper_weights,
    ),
    target("session-plan", kept::session_seeds, kept::session),
    target("intake-plan", kept::intake_seeds, kept::intake),
    target("calibrations", kept::calibrations_seeds, kept::calibrations),
    target("measurements", kept::measurements_seeds, kept::measurements),
    target("choices", kept::choices_seeds, kept::choices),
    target("public-key", kept::keys_seeds, kept::keys),
    target("tries", kept::tries_seeds, kept::tries),
    target("received", kept::received_seeds, kept::received),
    target("test-set", kept::test_set_seeds, kept::words_of_a_test_set),
];

const fn target(name: &'static str, seeds: fn() -> Vec<Vec<u8>>, run: fn(&[u8])) -> Target {
    Target { name, seeds, run }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The package for `cargo fuzz` lies two folders below the program's.
    let mut up = here.ancestors();
    let found = up.find(|folder| folder.join("recordings/practice").is_dir());
    found.unwrap_or(here).to_owned()
}

fn of(fixture: &str) -> Vec<Vec<u8>> {
    let path = root().join("tests/fixtures").join(fixture);
    vec![fs::read(path).unwrap()]
}

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
    static STORE: RefCell<Option<Store>> = const { RefCell::new(None) };
}

/// Hands over a folder that holds these bytes under this name.
fn in_file(bytes: &[u8], name: &str, take: impl FnOnce(&Path, &Path)) {
    FOLDER.with(|folder| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        take(folder.path(), &path);
        // Gone already where a parser put it aside.
        let _ = fs::remove_file(path);
    });
}

fn csv_seeds() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(root().join("glossaries/trafficking.csv")).unwrap();
    let short: Vec<&str> = text.split_inclusive('\n').take(6).collect();
    let cases = "id,case,zh,vi,km\n1,K-1,护照|旅行证件,hộ chiếu,លិខិតឆ្លងដែន\n2,,签证,thị thực,\n";
    vec![short.concat().into_bytes(), cases.as_bytes().to_vec()]
}

fn tbx_seeds() -> Vec<Vec<u8>> {
    let written = |csv: &Vec<u8>| {
        let mut out = Vec::new();
        let glossary = Glossary::read_csv(csv).unwrap();
        glossary.write_tbx(&mut out).unwrap();
        out
    };
    csv_seeds().iter().map(written).collect()
}

fn glossary_csv(bytes: &[u8]) {
    if let Ok(glossary) = Glossary::read_csv(bytes) {
        let _ = glossary.problems();
        glossary.write_csv(&mut io::sink()).unwrap();
    }
}

fn glossary_tbx(bytes: &[u8]) {
    if let Ok(glossary) = Glossary::read_tbx(bytes) {
        glossary.write_tbx(&mut io::sink()).unwrap();
        let _ = glossary.for_case(Some("K-1"));
    }
}

fn json_seeds() -> Vec<Vec<u8>> {
    let text = r#"{"segments":[{"start_ms":0,"end_ms":900,"speaker":"officer","lang":"zh","text":"你好","translations":[{"lang":"vi","text":"Xin chào","terms":[],"flags":["x"]}]},{"start_ms":1000,"lang":"km","text":"ខ្ញុំ"}]}"#;
    vec![text.as_bytes().to_vec(), b"[]".to_vec()]
}

fn table_seeds() -> Vec<Vec<u8>> {
    let text = "start_ms,end_ms,speaker,lang,text,translation\n0,900,officer,th,\"สวัสดี, ครับ\",你好\n1000,,,lo,ສະບາຍດີ,\n";
    vec![text.as_bytes().to_vec()]
}

fn srt_seeds() -> Vec<Vec<u8>> {
    let text = "1\n00:00:00,000 --> 00:00:01,500\n[zh] 你好\n[vi] Xin chào\n\n2\n00:00:02,000 --> 00:00:03,000\nမင်္ဂလာပါ\n";
    vec![text.as_bytes().to_vec()]
}

fn vtt_seeds() -> Vec<Vec<u8>> {
    let text = "WEBVTT - title\n\nNOTE words\n\nid\n00:00.000 --> 00:01.500 align:start\n<v officer>你好</v>\n\n01:00:02.000 --> 01:00:03.000\n<b>ສະບາຍດີ</b> &amp; &lt;\n";
    vec![text.as_bytes().to_vec()]
}

fn read_transcript(bytes: &[u8], ending: &str) {
    in_file(bytes, &format!("words.{ending}"), |_, path| {
        let _ = transcript::read(path);
    });
}

fn sounds(endings: &[&str]) -> Vec<Vec<u8>> {
    let folder = root().join("tests/fixtures/audio");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    let fits = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let small = path.metadata().unwrap().len() < 200_000;
        small && !name.starts_with("bad") && endings.iter().any(|e| name.ends_with(e))
    };
    paths
        .iter()
        .filter(|p| fits(p))
        .map(|p| fs::read(p).unwrap())
        .collect()
}

fn other_sounds() -> Vec<Vec<u8>> {
    sounds(&["mp3", "aac", "m4a", "mp4", "ogg", "opus", "mkv", "webm"])
}

fn decode(bytes: &[u8]) {
    in_file(bytes, "sound", |_, path| {
        let Ok(mut decoder) = Decoder::open(path) else {
            return;
        };
        // A small file that promises days of silence is heard for a while only.
        for _ in 0..200 {
            if !matches!(decoder.next_block(), Ok(Some(_))) {
                break;
            }
        }
        let _ = (decoder.notes(), decoder.progress());
    });
}

fn session_part(bytes: &[u8]) {
    in_file(bytes, "part-001.wav", |folder, _| {
        let _ = recover_parts(folder, Series::default());
    });
}

fn log_seeds() -> Vec<Vec<u8>> {
    let entry = r#"{"at":1,"clock_ms":2,"entry":{"number":1,"wall":"w","notice":{"what":"began","pre_roll":5}},"wall":"w"}"#;
    let part = r#"{"at":1,"clock_ms":2,"entry":{"number":2,"wall":"w","notice":{"what":"part-closed","part":{"name":"part-001.wav","rate":16000,"channels":1,"frames":9}}},"wall":"w"}"#;
    vec![
        format!("{entry}\n{part}\n").into_bytes(),
        b"mekong-sealed-lines-1\n00ff\n".to_vec(),
    ]
}

fn session_log(bytes: &[u8]) {
    for name in ["journal.jsonl", "sound-chain.jsonl"] {
        in_file(bytes, name, |folder, _| {
            let _ = (
                read_journal(folder, Series::default()),
                read_sound_chain(folder),
            );
        });
    }
}

fn ggml_seeds() -> Vec<Vec<u8>> {
    let mut bytes = fs::read(root().join("models/practice/asr/model.bin")).unwrap();
    bytes.truncate(400_000);
    vec![bytes]
}

fn ggml(bytes: &[u8]) {
    in_file(bytes, "model.bin", |_, path| {
        let _ = speech::check_model(path);
    });
}

fn gguf_seeds() -> Vec<Vec<u8>> {
    let files = [
        "decoder/qwen3/q8_0.gguf",
        "decoder/gemma3/q8_0.gguf",
        "t5/gguf-c/q8_0.gguf",
    ];
    files.into_iter().flat_map(of).collect()
}

fn gguf(bytes: &[u8]) {
    in_file(bytes, "model.gguf", |_, path| {
        let _ = translate::open(path, "fuzz", None, &Cancel::new());
    });
}

fn signer() -> &'static SecretKey {
    static KEY: OnceLock<SecretKey> = OnceLock::new();
    KEY.get_or_init(|| SecretKey::new("李明", Role::Officer).unwrap())
}

fn events() -> (Vec<Link>, Vec<Row>) {
    let mut columns = serde_json::Map::new();
    columns.insert("text".into(), "ສະບາຍດີ 你好".into());
    let row = Row::new("text 1.1".into(), columns).unwrap();
    let mut draft = evidence::Draft::of(evidence::Kind::Recognised, std::slice::from_ref(&row));
    let first = draft
        .link("a-1", 1, evidence::BEGIN, "2026-11-24T00:00:00Z")
        .unwrap();
    draft = evidence::Draft::of(evidence::Kind::Sealed, &[]).with("lines", 1);
    draft.signer = Some(signer());
    let second = draft
        .link("a-1", 2, &first.hash, "2026-11-24T00:00:01Z")
        .unwrap();
    (vec![first, second], vec![row])
}

fn bundle_seeds() -> Vec<Vec<u8>> {
    let (links, rows) = events();
    let line = |text: &str| format!("{text}\n").into_bytes();
    let contents = evidence::Contents {
        interview: "a-1".into(),
        head: links[1].hash.clone(),
        chain: links.iter().flat_map(|l| line(&l.body)).collect(),
        records: line(&rows[0].line),
        keys: line(&signer().public().to_text()),
        interview_json: br#"{"id":"a-1","segments":[]}"#.to_vec(),
        transcript: b"words".to_vec(),
        page: b"<!DOCTYPE html>".to_vec(),
        copies: mekong_interview::export::COPIES_FORM,
        sound: Vec::new(),
        audio: Vec::new(),
    };
    let write = |to: Option<&PublicKey>| {
        let mut out = Vec::new();
        write_bundle(
            &mut out,
            &contents,
            signer(),
            to,
            &mut |_, _| {},
            &Cancel::new(),
        )
        .unwrap();
        out
    };
    vec![write(None), write(Some(signer().public()))]
}

fn bundle(bytes: &[u8]) {
    let secret = signer();
    let keys = [KnownKey {
        public: secret.public().clone(),
        own: true,
        revoked: None,
    }];
    let how = Reception {
        keys: &keys,
        before: &|_| None,
        secret: Some(secret),
        into: None,
        admit: &mut |_| Ok(()),
        copies: mekong_interview::export::COPIES,
        tell: &mut |_| {},
        cancel: &Cancel::new(),
    };
    let _ = open_bundle(Cursor::new(bytes), how);
}

fn chain_seeds() -> Vec<Vec<u8>> {
    let (links, rows) = events();
    let key = signer();
    let mut lines: Vec<String> = links.into_iter().map(|link| link.body).collect();
    lines.extend(rows.into_iter().map(|row| row.line));
    lines.push(key.public().to_text());
    vec![lines.join("\n").into_bytes(), lines.remove(0).into_bytes()]
}

fn chain(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let links: Vec<Link> = text
        .lines()
        .map(|line| Link {
            body: line.to_owned(),
            hash: sha256(line.as_bytes()),
        })
        .collect();
    let (story, _): (Story, Check) = Story::of("a-1", &links);
    let rows: Vec<Row> = text
        .lines()
        .filter_map(|l| Some(Row::from_line(l)?.0))
        .collect();
    let _ = (check_rows(&story.events, &rows), story.seal_check());
    for line in text.lines() {
        let _ = (
            parse_canonical(line),
            PublicKey::from_text(line),
            Receipt::read(line),
        );
        let _ = SoundHead::default().follow("a-1", line);
    }
}

fn query_seeds() -> Vec<Vec<u8>> {
    let typed = [
        "张伟 AND \"hộ chiếu\" NOT -ສະບາຍ* OR (ខ្ញុំ NEAR ပါ)",
        "“curly” \"open NEAR NOT AND ((a OR b) -c*",
        "E12345678 ๑๒๓",
    ];
    typed.iter().map(|t| t.as_bytes().to_vec()).collect()
}

fn query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    STORE.with_borrow_mut(|held| {
        let store = held.get_or_insert_with(some_lines);
        for like in [false, true] {
            let query = SearchQuery {
                text: text.chars().take(400).collect(),
                like,
                context: true,
                limit: 20,
                ..SearchQuery::default()
            };
            // Whatever is typed is a question.
            store.search(&query).unwrap();
        }
    });
}

fn some_lines() -> Store {
    use mekong_interview::domain::{SamplePos, Span};
    let mut store = Store::open_in_memory().unwrap();
    let id = InterviewId("20260101-000000-000001".into());
    let interview = NewInterview {
        id: id.clone(),
        case: None,
        languages: vec![Lang::Zh, Lang::Vi],
        started: "2026-01-01T00:00:00Z".into(),
        duration_ms: 6_000,
        audio: Vec::new(),
        channels: vec![Channel {
            index: 0,
            speaker: "officer".into(),
            languages: vec![Lang::Zh],
            speech_models: Default::default(),
        }],
        working: Vec::new(),
        notes: Vec::new(),
        asked: None,
    };
    let words = [
        "张伟的护照",
        "Hộ chiếu của tôi",
        "สวัสดีครับ",
        "ສະບາຍດີ",
        "ខ្ញុំឈ្មោះ",
        "မင်္ဂလာပါ",
    ];
    let lines: Vec<NewSegment> = (0..)
        .zip(words)
        .map(|(n, _)| NewSegment {
            channel: 0,
            speaker: "officer".into(),
            span: Span::new(SamplePos(n * 16_000), SamplePos(n * 16_000 + 8_000)),
            lang: Lang::SIX[n as usize],
            flags: Vec::new(),
        })
        .collect();
    store.create_interview(&interview, &lines).unwrap();
    for (line, text) in store.segments(&id).unwrap().iter().zip(words) {
        let new = Correction {
            text: Some(text),
            translation: None,
            by: "seed",
            reason: None,
        };
        store.edit(&id, line.id, &new).unwrap();
    }
    store
}

fn config_seeds() -> Vec<Vec<u8>> {
    vec![b"beam = 4\nmax_tokens = 200\nglossaries = [\"a\"]\nlock_after_minutes = 10\nengine = \"auto\"\n".to_vec()]
}

fn config(bytes: &[u8]) {
    in_file(bytes, "config.toml", |_, path| {
        let _ = Config::read(path);
    });
}

fn model_seeds() -> Vec<Vec<u8>> {
    let read = |name: &str| fs::read(root().join("models/practice").join(name).join("model.toml"));
    vec![read("asr").unwrap(), read("mt").unwrap()]
}

fn model(bytes: &[u8]) {
    in_file(bytes, "model.toml", |folder, _| {
        if let Ok(model) = Model::read(folder) {
            let _ = (model.weights(), model.digest());
        }
    });
}

fn list_seeds() -> Vec<Vec<u8>> {
    let list = "[[redact]]\nwords = [\"张伟\", \"Trương Vĩ\"]\nreason = \"name\"\n[[redact]]\nfrom = \"00:00:01.500\"\nto = \"00:00:02.000\"\nreason = \"sound\"\n";
    let form = fs::read(root().join("src/export/templates/record-km.toml")).unwrap();
    vec![list.as_bytes().to_vec(), form]
}

fn lists(bytes: &[u8]) {
    in_file(bytes, "record-km.toml", |folder, path| {
        let _ = (Redaction::load(path), Template::of(Lang::Km, Some(folder)));
    });
}

fn lock_seeds() -> Vec<Vec<u8>> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    vec![MADE.get_or_init(lock_bytes).clone()]
}

fn lock_bytes() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let key = mekong_interview::vault::WorkspaceKey::generate().unwrap();
    let recipient = mekong_interview::vault::RecoveryIdentity::generate().recipient();
    let lock = LockFile::make(&key, "nine blue boats at dawn", &recipient).unwrap();
    lock.write(folder.path()).unwrap();
    fs::read(folder.path().join("vault.json")).unwrap()
}

fn lock_file(bytes: &[u8]) {
    in_file(bytes, "vault.json", |folder, _| {
        let _ = LockFile::read(folder);
    });
}

/// A locked folder whose key this process holds.
fn sealed_home() -> &'static Path {
    static HOME: OnceLock<(tempfile::TempDir, Arc<vault::Unlocked>)> = OnceLock::new();
    let home = HOME.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("vault.json"), lock_bytes()).unwrap();
        let key = vault::WorkspaceKey::generate().unwrap();
        let held = vault::hold(folder.path(), key).unwrap();
        (folder, held)
    });
    home.0.path()
}

/// A sealed file of two chunks, and sealed lines.
fn sealed_seeds() -> Vec<Vec<u8>> {
    use std::io::Write as _;
    let path = sealed_home().join("seed");
    let mut file = vault::Writer::new(Vec::new(), &path).unwrap();
    file.write_all(&[7; 100_000]).unwrap();
    let mut lines = vault::LineSealer::new(&path).unwrap();
    let words = ["我叫张伟。", "ຂ້ອຍ", "ខ្ញុំ"].map(|words| lines.line(words).unwrap());
    vec![file.finish().unwrap(), words.concat()]
}

fn sealed_file(bytes: &[u8]) {
    use std::io::Read as _;
    let path = sealed_home().join("file");
    fs::write(&path, bytes).unwrap();
    if let Ok(file) = vault::open(&path) {
        let _ = file.take(1 << 20).read_to_end(&mut Vec::new());
    }
    let _ = vault::read_lines(&path, 1 << 16, 1_000, &mut |_| true);
}
