//! `mekong import`, `transcribe` and `translate` with sound and the practice models

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::common::{mekong, practice_sound, root, stderr};
use crate::fixture::Desk;

/// A 16 kHz, 16-bit WAV whose channel `n` is a faint tone of its own, or silence.
fn wav(channels: u16, seconds: u32, silent: bool) -> Vec<u8> {
    let samples = seconds * 16_000;
    let size = samples * u32::from(channels) * 2;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + size).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    bytes.extend(channels.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend((32_000 * u32::from(channels)).to_le_bytes());
    bytes.extend((channels * 2).to_le_bytes());
    bytes.extend(b"\x10\0data");
    bytes.extend(size.to_le_bytes());
    for at in 0..samples {
        for channel in 0..channels {
            let phase = at % (40 + u32::from(channel));
            let value = if silent { 0 } else { phase as i16 - 20 };
            bytes.extend(value.to_le_bytes());
        }
    }
    bytes
}

fn times(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_refused_at_once() {
    let desk = Desk::empty();
    for name in ["pipe.wav", "pipe.srt"] {
        let pipe = desk.path(name);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let path = pipe.to_str().unwrap();
        // Opened, the pipe would wait for a writer for ever.
        let told = desk.fails(&["import", path, "--languages", "zh,vi"]);
        assert!(told.contains("a pipe, a socket or a device"), "{told}");
        assert_eq!(times(&told, name), 1, "{told}");
    }
    let pipe = desk.path("pipe.wav");
    desk.fails(&["transcribe", pipe.to_str().unwrap(), "--language", "vi"]);
    desk.fails(&["import", "/dev/zero", "--languages", "zh,vi"]);
    let folder = desk.path("").to_str().unwrap().to_owned();
    let told = desk.fails(&["import", &folder, "--languages", "zh,vi"]);
    assert!(told.contains("not its folder"), "{told}");
    assert_eq!(desk.json(&["list", "--json"]), json!([]));
}

#[test]
fn an_error_is_told_once_and_names_the_users_file() {
    let desk = Desk::empty();
    let mut broken = wav(1, 1, false);
    broken.truncate(44);
    for (name, bytes) in [
        ("letter.wav", &b"%PDF-1.7"[..]),
        ("broken.wav", &broken),
        ("random.mp3", b"\x01\x02\x03\x04 nothing of a sound"),
    ] {
        let file = desk.file(name, bytes);
        let told = desk.fails(&["import", &file, "--languages", "zh,vi"]);
        assert_eq!(times(&told, &file), 1, "{told}");
        assert_eq!(times(&told, "next:"), 1, "{told}");
        assert!(!told.contains(".incoming"), "{told}");
    }
}

#[test]
fn a_recording_without_speech_says_so_everywhere() {
    let desk = Desk::empty();
    let file = desk.file("quiet room.wav", &wav(1, 2, true));
    let args = ["import", &file, "--languages", "th,lo"];
    let output = desk.run(&args);
    assert!(output.status.success() && stderr(&output).contains("no speech was found"));
    let id = desk.json(&["list", "--json"])[0]["id"].clone();
    let id = id.as_str().unwrap();
    let shown = desk.json(&["show", id, "--json"]);
    assert_eq!(
        shown["notes"],
        json!(["no speech was found in this recording"])
    );
    assert_eq!(shown["audio"][0]["original_name"], "quiet room.wav");
    let text = desk.text(&["show", id]);
    assert!(
        text.contains("no speech was found") && text.contains("quiet room.wav"),
        "{text}"
    );
    assert!(desk.text(&["list"]).contains("quiet room.wav"));
    assert_eq!(
        desk.json(&["list", "--json"])[0]["original"],
        "quiet room.wav"
    );
}

#[test]
fn a_recording_that_is_held_already_is_not_stored_twice_by_accident() {
    let desk = Desk::empty();
    let file = desk.file("a.wav", &wav(1, 1, true));
    let copy = desk.file("another name.wav", &wav(1, 1, true));
    let import = |file: &str, more: &[&str]| -> Value {
        let args = [&["import", file, "--languages", "my,km", "--json"], more].concat();
        desk.json(&args)[0].clone()
    };
    let first = import(&file, &[]);
    assert_eq!(first["already"], false);
    let second = import(&copy, &[]);
    assert_eq!(
        (&second["id"], &second["already"]),
        (&first["id"], &json!(true))
    );
    let text = desk.text(&["import", &copy, "--languages", "my,km"]);
    assert!(text.contains("already stored") && text.contains(first["id"].as_str().unwrap()));
    assert_eq!(desk.json(&["list", "--json"]).as_array().unwrap().len(), 1);
    assert_eq!(
        fs::read_dir(desk.workspace().join("recordings"))
            .unwrap()
            .count(),
        1
    );
    assert_ne!(import(&copy, &["--again"])["id"], first["id"]);
    assert_eq!(desk.json(&["list", "--json"]).as_array().unwrap().len(), 2);
}

#[test]
fn channels_are_named_one_by_one_or_all_together() {
    let desk = Desk::empty();
    let file = desk.file("two.wav", &wav(2, 1, false));
    let import = |channels: &str| {
        desk.run(&[
            "import",
            &file,
            "--languages",
            "zh,vi",
            "--channels",
            channels,
            "--again",
            "--json",
        ])
    };
    let told = stderr(&import("officer=zh"));
    assert!(told.contains("1 named, 2 in the recording"), "{told}");
    assert_eq!(import("a=zh,A=vi").status.code(), Some(2));
    let output = import("all=zh+vi");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown = desk.json(&["show", told[0]["id"].as_str().unwrap(), "--json"]);
    assert_eq!(
        shown["channels"],
        json!([
            {"index": 0, "speaker": "speaker-1", "languages": ["zh", "vi"]},
            {"index": 1, "speaker": "speaker-2", "languages": ["zh", "vi"]},
        ])
    );
}

/// A kit without any model.
fn empty_kit(desk: &Desk) -> std::path::PathBuf {
    let kit = desk.path("kit");
    for part in ["models/practice", "recordings/practice"] {
        fs::create_dir_all(kit.join(part)).unwrap();
    }
    kit
}

#[test]
fn without_a_translation_model_lines_wait_and_the_command_says_so() {
    let desk = Desk::empty();
    let kit = empty_kit(&desk);
    let document = json!({"segments": [{"start_ms": 0, "lang": "zh", "text": "你同意录音吗？"}]});
    let file = desk.file("talk.json", document.to_string().as_bytes());
    let run = |args: &[&str]| -> Output {
        let mut command = mekong(&desk.workspace());
        command.env("MEKONG_KIT", &kit).args(args).output().unwrap()
    };
    let output = run(&["import", &file, "--languages", "zh,vi", "--json"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("warning: no installed model translates"),
        "{told}"
    );
    assert!(
        told.contains("1 missing translation") && told.contains("mekong resume"),
        "{told}"
    );
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(made[0]["untranslated"], 1);
    assert_eq!(run(&["resume"]).status.code(), Some(1));
    assert_eq!(desk.json(&["list", "--json"])[0]["pending"], 1);

    // With a model the rest is done.
    desk.text(&["resume"]);
    assert_eq!(desk.json(&["list", "--json"])[0]["pending"], 0);
}

#[test]
fn after_an_edit_resume_renews_the_machines_translation() {
    let desk = Desk::empty();
    let document = json!({"segments": [{"start_ms": 0, "lang": "zh", "text": "你好。"}]});
    let file = desk.file("talk.json", document.to_string().as_bytes());
    let made = desk.json(&["import", &file, "--languages", "zh,vi", "--json"]);
    let id = made[0]["id"].as_str().unwrap();
    let args = [
        "edit",
        id,
        "1",
        "--text",
        "你同意录音吗？",
        "--by",
        "Li",
        "--json",
    ];
    let edited = desk.json(&args);
    assert_eq!(
        (&edited["version"], &edited["pending"], &edited["stale"]),
        (&json!(2), &json!(["vi"]), &json!([]))
    );
    let again = desk.run(&["edit", id, "1", "--text", "你同意吗？", "--by", "Li"]);
    assert!(
        stderr(&again).contains(&format!("mekong resume {id}")),
        "{}",
        stderr(&again)
    );
    let flags =
        || desk.json(&["show", id, "--json"])["segments"][0]["translations"][0]["flags"].clone();
    assert!(flags().to_string().contains("stale"));
    assert!(desk.text(&["show", id]).contains("of an earlier version"));
    desk.text(&["resume", id]);
    assert!(!flags().to_string().contains("stale"));
}

#[test]
fn marks_and_pictures_are_carried_over_with_a_flag() {
    let desk = Desk::empty();
    for text in ["🙂❤️", "…", "?!"] {
        let made = desk.json(&["translate", text, "--from", "vi", "--to", "zh", "--json"]);
        assert_eq!(made["translation"], text);
        assert!(made["flags"].to_string().contains("untranslated"), "{made}");
    }
}

#[test]
fn a_line_that_is_no_text_does_not_end_a_translation() {
    let desk = Desk::empty();
    for (form, lines) in [(None, 3), (Some("--json"), 3)] {
        let mut child = mekong(&desk.workspace())
            .args(["translate", "--from", "vi", "--to", "zh", "--beam", "1"])
            .args(form)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = b"T\xf4i\n\xff\xfe\nT\xc3\xb4i \xc4\x91\xe1\xbb\x93ng \xc3\xbd.\n";
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(text.lines().count(), lines, "{text}");
        assert!(text.lines().last().unwrap().contains("同意"), "{text}");
        assert!(stderr(&output).contains("line 2 of standard input is left out"));
        if form.is_some() {
            let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
            assert_eq!(first["error"], "it is not UTF-8 text");
        }
    }
}

fn copy(from: &Path, to: &Path, skip: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() && name != skip {
            fs::copy(&path, to.join(&name)).unwrap();
        }
    }
}

#[test]
fn a_model_named_by_its_path_keeps_its_practice_mark() {
    let desk = Desk::empty();
    let listed = root().join("models/practice/mt");
    let bare = desk.path("bare-mt");
    copy(&listed, &bare, "model.toml");
    for (folder, vouched) in [(&listed, true), (&bare, false)] {
        let model = folder.to_str().unwrap();
        let args = [
            "translate",
            "Tôi đồng ý.",
            "--from",
            "vi",
            "--to",
            "zh",
            "--json",
        ];
        let output = desk.run(&[&args[..], &["--model", model]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let made = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(made.contains("practice-model"), vouched, "{made}");
        assert_eq!(stderr(&output).contains("no model.toml vouches"), !vouched);
    }
}

#[test]
fn a_speech_model_is_taken_by_its_folder_or_its_file() {
    let desk = Desk::empty();
    let listed = root().join("models/practice/asr");
    let bare = desk.path("bare-asr");
    copy(&listed, &bare, "model.toml");
    let sound = desk.file("a.wav", &wav(1, 1, true));
    for (path, vouched) in [
        (listed.clone(), true),
        (listed.join("model.bin"), true),
        (bare.clone(), false),
        (bare.join("model.bin"), false),
    ] {
        let model = path.to_str().unwrap();
        let args = [
            "transcribe",
            &sound,
            "--language",
            "lo",
            "--model",
            model,
            "--json",
        ];
        let output = desk.run(&args);
        assert!(output.status.success(), "{}", stderr(&output));
        let told = stderr(&output);
        assert_eq!(
            told.contains("no model.toml vouches"),
            !vouched,
            "{model}: {told}"
        );
    }
    let speech = practice_sound("zh-vi");
    let model = listed.to_str().unwrap();
    let heard = desk.json(&[
        "transcribe",
        &speech,
        "--language",
        "vi",
        "--model",
        model,
        "--json",
    ]);
    assert!(
        heard["segments"][0]["flags"]
            .to_string()
            .contains("practice-model")
    );
}

#[cfg(unix)]
#[test]
fn an_import_that_is_interrupted_ends_with_130_and_leaves_what_was_there() {
    use std::time::{Duration, Instant};

    let (desk, ids) = Desk::with_talks();
    let show = |id: &String| desk.json(&["show", id, "--json"]);
    let before: Vec<Value> = ids.iter().map(show).collect();
    let recordings = desk.workspace().join("recordings");
    let folders = || fs::read_dir(&recordings).map_or(0, Iterator::count);
    let known = folders();
    let sound = practice_sound("zh-vi");
    let mut child = mekong(&desk.workspace())
        .args(["import", &sound, "--languages", "zh,vi"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It is in the middle once it has a folder of its own.
    let begun = Instant::now();
    while folders() == known {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(sent.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("stopping"), "{}", stderr(&ended));

    let after: Vec<Value> = ids.iter().map(show).collect();
    assert_eq!(before, after);
    for id in &ids {
        assert_eq!(desk.json(&["verify", id, "--json"])["ok"], true);
    }
    // The rest is done when it is asked for; before the copy was whole nothing is left behind.
    desk.text(&["resume"]);
    let list = desk.json(&["list", "--json"]);
    let list = list.as_array().unwrap();
    let kept = list.len() - ids.len();
    assert!(kept <= 1, "{list:?}");
    assert_eq!(folders(), known + kept);
    assert!(list.iter().all(|one| one["pending"] == 0), "{list:?}");
}
