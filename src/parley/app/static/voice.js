"use strict";

const REDIALS = [300, 1000, 2000, 4000, 8000]; // milliseconds before each attempt to come back to a lost line

/* A spoken conversation: microphone out, the agent's voice in, over WS /voice/stream. A line that is lost is dialled
   again, and the same conversation goes on. */
class Call {
  constructor({ tenant, agent, onEvent, onEnd }) {
    this.onEvent = onEvent;
    this.onEnd = onEnd;
    this.playing = [];
    this.playUntil = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.address = `${scheme}://${location.host}/voice/stream?tenant_id=${tenant}&agent_id=${agent}`;
    this.redials = 0;
    this.dial();
  }

  dial() {
    const socket = (this.socket = new WebSocket(this.address));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => (this.stream ? this.start() : this.begin());
    socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    socket.onclose = ({ code }) => this.lost(code);
  }

  lost(code) {
    if (this.stopped) return;
    const wait = REDIALS[this.redials++];
    if (!this.conversation || code === 1000 || (code >= 4400 && code < 4500) || wait === undefined) {
      this.stop();
      return;
    }
    this.silence();
    this.onEvent({ event: "line_lost" });
    this.again = setTimeout(() => this.dial(), wait);
  }

  start() {
    const input = { encoding: "pcm16", sample_rate: this.context.sampleRate };
    const known = this.conversation ? { conversation_id: this.conversation } : {};
    this.socket.send(JSON.stringify({ event: "start", input, ...known }));
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
    this.start();
    const node = new AudioWorkletNode(this.context, "microphone");
    node.port.onmessage = ({ data }) => {
      if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
    };
    this.context.createMediaStreamSource(this.stream).connect(node);
  }

  take(event) {
    if (event.event === "audio_response") this.play(event.data);
    else if (event.event === "clear") this.silence();
    else if (event.event === "ready") this.redials = 0;
    else if (event.event === "conversation") this.conversation = event.conversation_id;
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
    clearTimeout(this.again);
    this.silence();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
    this.socket.close();
    this.onEnd();
  }
}
