"use strict";

/* A call on the simulated line: who calls whom, what is said while it is said, and the facts with their proofs. */
const OVER = ["completed", "failed", "cancelled"];
const STATES = { initiated: "Ringing …", in_progress: "On the line", completed: "Completed", failed: "Failed", cancelled: "Hung up" };
let line = null;
let owners = {}; // agent → the business that calls

/* One call that is followed. Lines are known by their ids: one that was cut, or taken back, is told of again. */
class FollowedCall {
  constructor(call) {
    this.id = call.id;
    this.lines = new Map();
    this.known = {};
    byId("call-lines").replaceChildren(...call.warnings.map((warning) => element("p", "note", warning)));
    byId("alarm").textContent = "";
    byId("learnt").replaceChildren();
    this.status(call);
    this.source = new EventSource(`/calls/${call.id}/events`);
    const tell = (name, take) => this.source.addEventListener(name, ({ data }) => take.call(this, JSON.parse(data)));
    tell("status", this.status);
    tell("transcript", this.transcript);
    tell("transcript_removed", ({ id }) => this.remove(id));
    tell("partial", this.partial);
    tell("slots", ({ slots }) => this.learn(slots));
    tell("emergency", ({ kind }) => (byId("alarm").textContent = kind ? `Emergency: ${kind}` : ""));
    tell("ended", this.ended);
  }

  status({ status, reason, duration }) {
    const shown = byId("call-state");
    shown.dataset.status = status;
    const about = [STATES[status] || status, duration && `${duration} s`, OVER.includes(status) && reason && reason.replaceAll("_", " ")];
    shown.textContent = about.filter(Boolean).join(" · ");
    byId("hang-up").hidden = OVER.includes(status);
  }

  transcript({ id, ordinal, role, content }) {
    const key = id || ordinal;
    this.unsaid();
    const made = this.lines.get(key) || element("div", `line ${role === "user" ? "user" : "agent"}`);
    made.textContent = content;
    if (!content) return this.remove(key);
    if (!this.lines.has(key)) byId("call-lines").append(made);
    this.lines.set(key, made);
    this.scroll();
  }

  remove(key) {
    this.lines.get(key)?.remove();
    this.lines.delete(key);
  }

  partial({ role, content }) {
    this.unsaid();
    this.speaking = element("div", `line partial ${role === "user" ? "user" : "agent"}`, content);
    byId("call-lines").append(this.speaking);
    this.scroll();
  }

  unsaid() {
    this.speaking?.remove();
    this.speaking = null;
  }

  /* While the call goes on: what the agent has understood so far. */
  learn(slots) {
    const told = Object.entries(slots).filter(([, value]) => value !== null && value !== "");
    byId("learnt").replaceChildren(...told.map(([name, value]) => fact(name, value)));
  }

  ended(record) {
    this.source.close();
    this.unsaid();
    this.status(record);
    const { evidence = {}, ...facts } = record.structured_data || {};
    const known = Object.entries(facts).sort((one, other) => (one[1] === null) - (other[1] === null));
    const told = known.map(([name, value]) => fact(name, value, evidence[name]));
    byId("learnt").replaceChildren(...(told.length ? told : [element("p", "", "Nothing was said that could be written down.")]));
    byId("call-lines").dataset.ended = this.id;
  }

  scroll() {
    const box = byId("call-lines");
    box.scrollTop = box.scrollHeight;
  }

  leave() {
    this.source.close();
  }
}

function fact(name, value, proof) {
  const told = value === null || value === undefined ? "not said" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const detail = element("dd", told === "not said" ? "none" : "", null, element("b", "", value === true ? "yes" : value === false ? "no" : told));
  if (proof) detail.append(element("blockquote", "", proof.quote));
  return element("div", "", null, element("dt", "", name.replaceAll("_", " ")), detail);
}

async function dispatchers() {
  const tenants = [...byId("tenant").options];
  const found = await Promise.all(
    tenants.map(async ({ value, text }) => {
      const { agents } = await get(`/agents?tenant_id=${value}&limit=500`);
      const callers = agents.filter((agent) => agent.is_active && agent.type === "dispatch");
      return callers.map((agent) => ({ id: agent.id, name: `${agent.name} (${text})`, owner: value, late: agent.scenario_type === "emergency" }));
    }),
  );
  const callers = found.flat().sort((one, other) => one.late - other.late); // a check-in first
  owners = Object.fromEntries(callers.map(({ id, owner }) => [id, owner]));
  fill(byId("dispatcher"), callers);
  byId("no-dispatcher").hidden = callers.length > 0;
  byId("place-call").disabled = callers.length === 0;
}

async function place() {
  line?.leave();
  const call = await send("/calls/initiate", {
    tenant_id: owners[byId("dispatcher").value],
    agent_config_id: byId("dispatcher").value,
    driver_name: byId("driver-name").value.trim(),
    load_number: byId("load").value.trim(),
    phone_number: "+16085550117",
    simulate: { persona: byId("persona").value, seed: Math.floor(Math.random() * 1000), speed: Number(byId("pace").value) },
  });
  line = new FollowedCall(call);
}

/* What went wrong, where the call is shown. */
function fault(error) {
  byId("call-lines").append(element("div", "line error", error.message));
}

byId("tab-calls").addEventListener("click", () => {
  tab("calls");
  history.replaceState(null, "", "#calls");
  dispatchers().catch(fault);
});
byId("place").addEventListener("submit", (event) => {
  event.preventDefault();
  place().catch(fault);
});
byId("hang-up").addEventListener("click", () => line && send(`/calls/${line.id}/cancel`).catch(fault));
byId("new-dispatcher").addEventListener("click", async () => {
  try {
    await send("/agents", { tenant_id: byId("tenant").value, name: "Check-in", type: "dispatch", scenario_type: "check_in" });
    await dispatchers();
  } catch (error) {
    fault(error);
  }
});
document.addEventListener("tenants", () => location.hash === "#calls" && byId("tab-calls").click());
