"use strict";

/* A spoken conversation: microphone out, the agent's voice in, over WS /voice/stream. */
class Call {
  constructor({ tenant, agent, onEvent, onEnd }) {
    this.onEvent = onEvent;
    this.onEnd = onEnd;
    this.playing = [];
    this.playUntil = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/voice/stream?tenant_id=${tenant}&agent_id=${agent}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.begin();
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = () => this.stop();
  }

  async begin() {
    try {
      const microphone = { echoCancellation: true, noiseSuppression: true, channelCount: 1 };
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: microphone });
      this.context = new AudioContext();
      await this.context.audioWorklet.addModule("/static/microphone.js");
    } catch (error) {
      this.onEvent({ event: "error", detail: `No microphone: ${error.message}` });
      this.stop();
      return;
    }
    const input = { encoding: "pcm16", sample_rate: this.context.sampleRate };
    this.socket.send(JSON.stringify({ event: "start", input }));
    const node = new AudioWorkletNode(this.context, "microphone");
    node.port.onmessage = ({ data }) => {
      if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
    };
    this.context.createMediaStreamSource(this.stream).connect(node);
  }

  take(event) {
    if (event.event === "audio_response") this.play(event.data);
    else if (event.event === "clear") this.silence();
    this.onEvent(event);
  }

  async play(data) {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    if (bytes.length <= 44) return;
    const turn = (this.decoding = (this.decoding || Promise.resolve()).then(() => this.context.decodeAudioData(bytes.buffer)));
    const sound = await turn;
    const source = this.context.createBufferSource();
    source.buffer = sound;
    source.connect(this.context.destination);
    this.playUntil = Math.max(this.playUntil, this.context.currentTime);
    source.start(this.playUntil);
    this.playUntil += sound.duration;
    this.playing.push(source);
    source.onended = () => (this.playing = this.playing.filter((one) => one !== source));
  }

  silence() {
    for (const source of this.playing) source.stop();
    this.playing = [];
    this.playUntil = 0;
  }

  hangUp() {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ event: "end" }));
    this.stop();
  }

  stop() {
    if (this.stopped) return;
    this.stopped = true;
    this.silence();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
    this.socket.close();
    this.onEnd();
  }
}
