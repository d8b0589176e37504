"use strict";
// Plays a line's stretch of the sound that this page carries. Nothing is fetched from anywhere.
(() => {
  const data = document.getElementById("sound-form");
  if (!data) return;
  const form = JSON.parse(data.textContent);
  const moves = [-1, -1, -1, -1, 2, 4, 6, 8];
  const letters = form.block / 3 * 4;
  const texts = new Map();
  let context = null;
  let playing = null;

  function text(channel) {
    if (!texts.has(channel)) {
      const element = document.getElementById("sound-" + channel);
      texts.set(channel, element ? element.textContent : "");
    }
    return texts.get(channel);
  }

  // Four bits a sample; a block begins with its first sample and its step.
  function decodeBlock(raw, take) {
    let value = raw.charCodeAt(0) | raw.charCodeAt(1) << 8;
    if (value > 32767) value -= 65536;
    let index = raw.charCodeAt(2);
    let at = 0;
    take(at++, value);
    for (let byte = 4; byte < raw.length; byte++) {
      const pair = raw.charCodeAt(byte);
      for (const code of [pair & 15, pair >> 4]) {
        const step = form.steps[index];
        let change = step >> 3;
        if (code & 4) change += step;
        if (code & 2) change += step >> 1;
        if (code & 1) change += step >> 2;
        value = Math.max(-32768, Math.min(32767, code & 8 ? value - change : value + change));
        index = Math.max(0, Math.min(88, index + moves[code & 7]));
        take(at++, value);
      }
    }
  }

  function decode(channel, from, to) {
    const samples = new Float32Array(Math.max(1, to - from));
    const all = text(channel);
    for (let block = Math.floor(from / form.samples); block * form.samples < to; block++) {
      const raw = atob(all.slice(block * letters, (block + 1) * letters));
      if (!raw) break;
      const first = block * form.samples - from;
      decodeBlock(raw, (at, value) => {
        if (first + at >= 0 && first + at < samples.length) samples[first + at] = value / 32768;
      });
    }
    return samples;
  }

  function stop() {
    if (!playing) return;
    const last = playing;
    playing = null;
    last.source.onended = null;
    last.source.stop();
    last.row.classList.remove("playing");
    last.button.setAttribute("aria-pressed", "false");
  }

  function play(button) {
    const again = playing && playing.button === button;
    stop();
    if (again) return;
    context = context || new AudioContext();
    context.resume();
    const { channel, from, to } = button.dataset;
    const samples = decode(channel, Number(from), Number(to));
    const buffer = context.createBuffer(1, samples.length, form.rate);
    buffer.copyToChannel(samples, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.onended = stop;
    playing = { source, button, row: button.closest("tr") };
    playing.row.classList.add("playing");
    button.setAttribute("aria-pressed", "true");
    source.start();
  }

  document.addEventListener("click", (event) => {
    if (String(window.getSelection())) return;
    const row = event.target.closest("tr");
    const button = row && row.querySelector("button");
    if (button) play(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
  });
})();
