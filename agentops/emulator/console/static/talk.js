"use strict";

const RATE = 24000;
const form = document.getElementById("talk");
const words = document.getElementById("words");
const state = document.getElementById("state");
const log = document.getElementById("log");
const send = document.getElementById("send");
const end = document.getElementById("end");
const starters = [document.getElementById("start-chat"), document.getElementById("start-voice")];

let socket = null;
let audio = null;
let microphone = null;
let playedUntil = 0;
let playing = [];
let growing = {};

function say(text) {
  state.textContent = text;
}

function setConnected(connected) {
  for (const control of [words, send, end]) control.disabled = !connected;
  for (const starter of starters) starter.disabled = connected;
  if (connected) words.focus();
}

function show(role, text, isFinal) {
  let line = growing[role];
  if (!line) {
    line = document.createElement("li");
    const speaker = role === "user" ? "user" : "agent";
    line.className = `line ${speaker}`;
    const label = document.createElement("span");
    label.className = "role";
    label.textContent = speaker;
    line.append(label, document.createElement("span"));
    log.append(line);
    growing[role] = line;
  }
  line.lastChild.textContent = text;
  if (isFinal) delete growing[role];
  line.scrollIntoView({ block: "nearest" });
}

function toBase64(samples) {
  const pcm = new Int16Array(samples.length);
  samples.forEach((sample, index) => { pcm[index] = Math.max(-1, Math.min(1, sample)) * 32767; });
  return btoa(String.fromCharCode(...new Uint8Array(pcm.buffer)));
}

function play(encoded) {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const pcm = new Int16Array(bytes.buffer);
  const buffer = audio.createBuffer(1, pcm.length, RATE);
  buffer.getChannelData(0).set(Float32Array.from(pcm, (sample) => sample / 32768));
  const source = audio.createBufferSource();
  source.buffer = buffer;
  source.connect(audio.destination);
  playedUntil = Math.max(playedUntil, audio.currentTime + 0.1);
  source.start(playedUntil);
  playedUntil += buffer.duration;
  playing.push(source);
  source.onended = () => { playing = playing.filter((each) => each !== source); };
}

function stopPlaying() {
  for (const source of playing) source.stop();
  playing = [];
  playedUntil = 0;
}

const handlers = {
  "session.created": (message) => { setConnected(true); say(`Connected, ${message.call_id}.`); },
  "transcript.delta": (message) => show(message.role, message.text, false),
  "transcript": (message) => show(message.role, message.text, true),
  "output_audio.delta": (message) => { if (audio) play(message.audio); },
  "interruption": stopPlaying,
  "error": (message) => say(`Error ${message.code}: ${message.message}`),
};

async function listen() {
  audio = new AudioContext({ sampleRate: RATE });
  await audio.audioWorklet.addModule("/console/static/capture.js");
  microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
  const capture = new AudioWorkletNode(audio, "capture");
  capture.port.onmessage = ({ data }) => {
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: "input_audio_buffer.append", audio: toBase64(data) }));
    }
  };
  audio.createMediaStreamSource(microphone).connect(capture);
}

function hangUp() {
  microphone?.getTracks().forEach((track) => track.stop());
  audio?.close();
  microphone = audio = socket = null;
  stopPlaying();
  growing = {};
  setConnected(false);
}

async function connect(mode) {
  say("Connecting…");
  starters.forEach((starter) => { starter.disabled = true; });
  try {
    if (mode === "webcall") await listen();
    const answer = await fetch(`/console/agents/${form.dataset.agent}/session`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ mode }),
    });
    if (!answer.ok) throw new Error(`no session: ${answer.status}`);
    const { token } = await answer.json();
    const address = `${location.origin.replace("http", "ws")}/atoms/v1/agent/connect?token=${token}`;
    socket = new WebSocket(address);
  } catch (failure) {
    hangUp();
    say(`Could not start: ${failure.message}`);
    return;
  }
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    handlers[message.type]?.(message);
  };
  socket.onclose = ({ code }) => { hangUp(); say(`Ended (${code}).`); };
}

starters[0].addEventListener("click", () => connect("chat"));
starters[1].addEventListener("click", () => connect("webcall"));
end.addEventListener("click", () => socket?.send(JSON.stringify({ type: "session.close" })));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = words.value.trim();
  if (!text || !socket) return;
  socket.send(JSON.stringify({ type: "input_text.send", text }));
  words.value = "";
});
