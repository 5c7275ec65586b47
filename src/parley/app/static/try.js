"use strict";

const byId = (id) => document.getElementById(id);
const talk = byId("talk");
let conversation = null;

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.json();
}

function fill(select, items) {
  select.replaceChildren(...items.map((item) => new Option(item.name, item.id)));
}

function show(kind, text) {
  const line = document.createElement("div");
  line.className = `line ${kind}`;
  line.textContent = text;
  talk.append(line);
  talk.scrollTop = talk.scrollHeight;
  return line;
}

function explain(done) {
  const facts = {
    intent: done.intent,
    language: done.language,
    understood: Object.entries(done.slots).map(([name, value]) => `${name}: ${value}`).join(", "),
    sources: done.sources.map((source) => source.title).join(", "),
    remembered: done.cached || "no",
    model: done.model,
    actions: done.actions.map((action) => `${action.name} ${action.ok ? "✓" : "✗"}`).join(", "),
    emergency: done.emergency ? "yes" : "",
    ...Object.fromEntries(Object.entries(done.timings).map(([name, ms]) => [name.replace("_ms", ""), `${ms} ms`])),
  };
  tell(facts);
}

/* A spoken turn: milliseconds from the end of the caller's words, and from the moment the turn was taken. */
function time(metrics) {
  const parts = {
    "turn taken after": metrics.decision_ms,
    "words after": metrics.transcript_ms,
    "first text": metrics.first_text_ms,
    "first sound": metrics.first_audio_ms,
    "heard": metrics.heard_ms,
  };
  tell(Object.fromEntries(Object.entries(parts).map(([name, ms]) => [name, ms && `${Math.round(ms)} ms`])));
}

function tell(facts) {
  byId("facts").replaceChildren(
    ...Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) => {
      const term = document.createElement("dt");
      const detail = document.createElement("dd");
      term.textContent = name;
      detail.textContent = value;
      return [term, detail];
    }),
  );
}

function fresh() {
  conversation = null;
  talk.replaceChildren();
}

async function chooseTenant() {
  const { agents } = await get(`/agents?tenant_id=${byId("tenant").value}&limit=500`);
  fill(byId("agent"), agents.filter((agent) => agent.is_active).reverse());
  fresh();
}

/* Server-sent events over POST: EventSource can only GET. */
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
      yield [fields.event, JSON.parse(fields.data)];
    }
  }
}

async function say(message) {
  show("user", message);
  const line = show("agent", "");
  const body = { message, tenant_id: byId("tenant").value, agent_id: byId("agent").value };
  if (conversation) body.conversation_id = conversation;
  const answer = await fetch("/chat/stream", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    const { detail } = await answer.json();
    line.remove();
    show("error", typeof detail === "string" ? detail : detail.map((fault) => fault.msg).join("; "));
    return;
  }
  for await (const [name, data] of events(answer)) {
    if (name === "delta") line.textContent += data.text;
    if (name === "done") {
      conversation = data.conversation_id;
      line.textContent = data.reply;
      explain(data);
    }
    talk.scrollTop = talk.scrollHeight;
  }
}

byId("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const message = byId("line").value.trim();
  if (!message) return;
  byId("line").value = "";
  try {
    await say(message);
  } catch (error) {
    show("error", `The connection was lost: ${error.message}`);
  }
  byId("line").focus();
});
/* Speaking: the same agent, by voice. */
let call = null;
let caller = null;
const agentLines = new Map(); // of replies that are still being heard

function heard(event) {
  if (event.event === "transcript_partial" || event.event === "transcript_final") {
    caller = caller || show("user", "");
    caller.textContent = event.text;
    if (event.event === "transcript_final") caller = null;
  } else if (event.event === "reply_delta") {
    if (!agentLines.has(event.reply)) agentLines.set(event.reply, show("agent", ""));
    agentLines.get(event.reply).textContent += event.text;
  } else if (event.event === "reply_heard") {
    const line = agentLines.get(event.reply);
    if (line && !event.complete) line.textContent = `${event.text} …`;
    agentLines.delete(event.reply);
  } else if (event.event === "agent_state") {
    byId("call").textContent = `Hang up (${event.state})`;
  } else if (event.event === "metrics") {
    time(event);
  } else if (event.event === "line_lost") {
    caller = null;
    agentLines.clear(); // the next session counts its replies anew
    byId("call").textContent = "Hang up (line lost, dialling again)";
  } else if (event.event === "error") {
    show("error", event.detail);
  }
  talk.scrollTop = talk.scrollHeight;
}

byId("call").addEventListener("click", () => {
  if (call) {
    call.hangUp();
    return;
  }
  fresh();
  byId("call").textContent = "Hang up";
  const onEnd = () => {
    call = caller = null;
    agentLines.clear();
    byId("call").textContent = "Speak";
  };
  call = new Call({ tenant: byId("tenant").value, agent: byId("agent").value, onEvent: heard, onEnd });
});

byId("tenant").addEventListener("change", chooseTenant);
byId("agent").addEventListener("change", fresh);
byId("fresh").addEventListener("click", fresh);

get("/tenants?limit=500")
  .then(async ({ tenants }) => {
    fill(byId("tenant"), tenants.reverse());
    document.dispatchEvent(new Event("tenants"));
    await chooseTenant();
  })
  .catch((error) => show("error", error.message));
