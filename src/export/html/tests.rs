//! Tests of the page's player: a click plays what was said there. Runs the page's own script under
//! Node, where that is at hand.

use std::fs;
use std::process::Command;

use super::super::markup_tests::working_copy;
use super::super::tests::{interview, line};
use super::*;
use crate::domain::{FlagKind, SamplePos, Span};
use crate::export::{Format, Sound};

/// A browser's parts that the player uses: it clicks the button and prints the samples played.
const BROWSER: &str = r#"
const page = require("fs").readFileSync(process.argv[1], "utf8");
const element = (id) => {
  const found = page.match(new RegExp(`<script type="[^"]*" id="${id}">([^<]*)</script>`));
  return found && { textContent: found[1] };
};
const handlers = {};
const button = { dataset: {}, setAttribute() {}, closest: () => row };
const row = { classList: { add() {}, remove() {} }, querySelector: () => button };
for (const [, name, value] of page.match(/<button[^>]*>/)[0].matchAll(/data-(\w+)="(\d+)"/g))
  button.dataset[name] = value;
global.document = { getElementById: element, addEventListener: (name, act) => handlers[name] = act };
global.window = { getSelection: () => "" };
global.AudioContext = class {
  resume() {}
  createBuffer(channels, length, rate) { return { rate, copyToChannel(s) { this.samples = s; } }; }
  createBufferSource() {
    return { connect() {}, stop() {}, start() { console.log(this.buffer.rate + " " + Array.from(this.buffer.samples).join(" ")); } };
  }
};
eval(page.match(/<script>([\s\S]*?)<\/script>/)[1]);
handlers.click({ target: { closest: () => row } });
"#;

#[test]
fn a_click_plays_what_was_said_there() {
    let folder = tempfile::tempdir().unwrap();
    let files = [(0, working_copy(folder.path(), "0.wav", 60_000))];
    let mut segment = line(1, Lang::Zh, "好");
    // Over a border of blocks, and not at one.
    segment.span = Span::new(SamplePos(30_123), SamplePos(40_456));
    let interview = interview(&[Lang::Zh]);
    let lines = [segment];
    let mut source = Source::new(&interview, &lines);
    source.sound = Sound {
        files: &files,
        covered: &[],
        heard: None,
    };
    let mut page = Vec::new();
    crate::export::write(Format::Html, &source, &mut page, &mut |_, _| Ok(())).unwrap();
    let path = folder.path().join("page.html");
    fs::write(&path, page).unwrap();
    let Ok(output) = Command::new("node")
        .args(["-e", BROWSER])
        .arg(&path)
        .output()
    else {
        return; // it is not on this machine
    };
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (rate, samples) = told.trim().split_once(' ').unwrap();
    assert_eq!(rate, "16000");
    let samples: Vec<f64> = samples.split(' ').map(|s| s.parse().unwrap()).collect();
    assert_eq!(samples.len(), 10_333);
    let (mut signal, mut noise) = (0.0, 0.0);
    for (at, sample) in (30_123u32..).zip(&samples) {
        let said = 9_000.0 * (f64::from(at) * 0.05).sin() / 32_768.0;
        signal += said * said;
        noise += (said - sample).powi(2);
    }
    assert!(noise * 100.0 < signal, "{noise} {signal}");
}

#[test]
fn the_script_in_bundles_writes_the_same_page() {
    let script = crate::evidence::SCRIPT;
    let style = format!("<style>{STYLE}</style>\n");
    let style = crate::evidence::sha256(style.as_bytes());
    for known in [fingerprint(STYLE), fingerprint(PLAYER), style] {
        assert!(script.contains(&known), "{known}");
    }
    for kind in FlagKind::ALL {
        let told = format!("meaning[\"{}\"] = \"{}\"\n", kind.as_str(), explain(kind));
        assert!(script.contains(&told), "{told}");
        let held = script.contains(&format!("|{}|", kind.as_str()))
            || script.contains(&format!("({}|", kind.as_str()))
            || script.contains(&format!("|{})$/", kind.as_str()));
        assert_eq!(held, kind.quarantines(), "{kind:?}");
    }
    let mut all = Lang::ALL;
    all.sort_by_key(|lang| lang.code());
    let codes = all.map(Lang::code).join(" ");
    let names = all.map(Lang::name).join(" ");
    let own = all.map(Lang::native_name).join("/");
    for list in [codes, names, own] {
        assert!(script.contains(&format!("split(\"{list}\",")), "{list}");
    }
}
