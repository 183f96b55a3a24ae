// Hands the microphone's samples to the page in pieces of 40 ms.
class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.held = new Float32Array(sampleRate / 25);
    this.used = 0;
  }

  process(inputs) {
    for (const sample of inputs[0][0] ?? []) {
      this.held[this.used++] = sample;
      if (this.used === this.held.length) {
        this.port.postMessage(this.held.slice());
        this.used = 0;
      }
    }
    return true;
  }
}

registerProcessor("capture", Capture);
