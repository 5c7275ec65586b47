"use strict";

/* Practice: choose a scenario, talk with its customer over WS /chat/{session_id}, see what earned and lost points. */
const WAITS = [500, 1000, 2000, 4000, 8000]; // before another attempt to connect, in milliseconds
const MOST_UNSURE = 100; // fewer than the server remembers
const WORDS = { satisfied: "The customer was satisfied.", impatient: "The customer ran out of patience.", time: "The time was up." };
let practice = null;

function element(tag, className, text, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  made.append(...children);
  return made;
}

async function send(path, body) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}) };
  const answer = await fetch(path, options);
  const said = await answer.json();
  if (!answer.ok) throw new Error(typeof said.detail === "string" ? said.detail : said.detail.map((fault) => fault.msg).join("; "));
  return said;
}

/* A trainee's side of one session. What was sent stays in `unsure` until the server is known to have it: after a lost
   connection it is sent again under the same id, which the server says only once. */
class Practice {
  constructor(session, scenario) {
    this.id = session.session_id;
    this.scenario = scenario;
    this.deadline = session.deadline_at && new Date(session.deadline_at);
    this.last = null;
    this.mine = new Set();
    this.unsure = new Map();
    this.hinted = new Set();
    this.attempt = 0;
    for (const line of session.messages) this.line(line.role === "user" ? "user" : "agent", line.content, line.message_id);
    this.ticking = setInterval(() => this.tick(), 1000);
    this.tick();
    this.connect();
  }

  connect() {
    clearTimeout(this.again);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = (this.socket = new WebSocket(`${scheme}://${location.host}/chat/${this.id}`));
    const known = this.last ? { last_message_id: this.last } : {};
    socket.onopen = () => socket.send(JSON.stringify({ type: "session_start", content: "", metadata: known }));
    socket.onmessage = ({ data }) => socket === this.socket && this.take(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.socket && this.lost(code);
  }

  lost(code) {
    if (this.over) return;
    if (code >= 4400 && code < 4500) {
      this.stop();
      return;
    }
    state("Connection lost. Trying again …");
    this.again = setTimeout(() => this.connect(), WAITS[Math.min(this.attempt++, WAITS.length - 1)]);
  }

  take(frame) {
    const about = frame.metadata || {};
    if (frame.type === "session_start") {
      this.attempt = 0;
      state("");
      for (const id of about.client_ids || []) this.unsure.delete(id);
      for (const [id, words] of this.unsure) this.give(id, words);
    } else if (frame.type === "assistant_message") {
      this.line("agent", frame.content, frame.message_id);
    } else if (frame.type === "user_message") {
      this.unsure.delete(about.client_id);
      if (this.mine.has(about.client_id)) this.last = frame.message_id;
      else this.line("user", frame.content, frame.message_id);
    } else if (frame.type === "coaching" && !this.hinted.has(about.item)) {
      this.hinted.add(about.item);
      this.line("hint", frame.content);
    } else if (frame.type === "session_complete") {
      this.stop();
      showScore(this.scenario, about.score, about.ending);
    } else if (frame.type === "error") {
      this.line("error", frame.detail);
    }
  }

  say(words) {
    const id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    this.mine.add(id);
    this.unsure.set(id, words);
    if (this.unsure.size > MOST_UNSURE) this.unsure.delete(this.unsure.keys().next().value);
    this.line("user", words);
    this.give(id, words);
  }

  give(id, words) {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type: "user_message", content: words, metadata: { client_id: id } }));
  }

  line(kind, words, messageId) {
    const box = byId("exchange");
    box.append(element("div", kind === "hint" ? "hint" : `line ${kind}`, words));
    box.scrollTop = box.scrollHeight;
    if (messageId) this.last = messageId;
  }

  tick() {
    if (!this.deadline) return;
    const left = Math.max(0, Math.round((this.deadline - Date.now()) / 1000));
    byId("clock").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
  }

  stop() {
    this.over = true;
    clearInterval(this.ticking);
    clearTimeout(this.again);
    this.socket.close();
  }
}

function state(words) {
  byId("line-state").textContent = words;
}

function step(name) {
  for (const one of ["choice", "rehearsal", "result"]) byId(one).hidden = one !== name;
  byId("papers").hidden = name === "choice";
}

function complain(error) {
  const place = byId("choice").hidden ? byId("exchange") : byId("scenarios");
  place.append(element("div", "line error", error.message));
}

/* Choosing */

async function listScenarios() {
  const { scenarios } = await get(`/api/scenarios?tenant_id=${byId("tenant").value}&limit=100`);
  byId("scenarios").replaceChildren(...scenarios.map(card));
  if (!scenarios.length) byId("scenarios").append(element("p", "", "There is nothing to practise yet."));
}

function card(scenario) {
  const { config } = scenario;
  const minutes = config.time_limit_minutes;
  const tags = [{ en: "English", de: "Deutsch" }[scenario.language], config.difficulty || "medium", minutes && `${minutes} min`];
  const shown = tags.filter(Boolean).map((tag) => element("span", "tag", tag));
  const made = element("button", "card", null, element("strong", "", scenario.title), element("span", "", config.description), element("span", "tags", null, ...shown));
  made.type = "button";
  made.lang = scenario.language;
  made.dataset.name = scenario.name;
  made.addEventListener("click", () => begin(scenario).catch(complain));
  return made;
}

async function begin(scenario) {
  const name = byId("trainee-name").value.trim() || "trainee";
  const body = { scenario_id: scenario.id, tenant_id: scenario.tenant_id, user_id: name, coaching: byId("hints").checked };
  open(await send("/api/sessions", body), scenario);
  byId("words").focus();
}

async function resume(id) {
  const session = await get(`/api/sessions/${encodeURIComponent(id)}`);
  open(session, await get(`/api/scenarios/${session.scenario_id}`));
}

function open(session, scenario) {
  history.replaceState(null, "", `#practise/${session.session_id}`);
  practice?.stop();
  byId("exchange").replaceChildren();
  byId("clock").textContent = "";
  state("");
  byId("scene").textContent = scenario.title;
  byId("rehearsal").lang = scenario.language;
  showPapers(scenario);
  if (session.status !== "active") {
    showScore(scenario, session.score, session.data.ending);
    return;
  }
  step("rehearsal");
  practice = new Practice(session, scenario);
}

function choose() {
  practice?.stop();
  practice = null;
  history.replaceState(null, "", "#practise");
  step("choice");
  return listScenarios().catch(complain);
}

/* Brief and documents */

const isNarrow = () => matchMedia("(max-width: 50rem)").matches;

function showPapers(scenario) {
  byId("papers").lang = scenario.language;
  byId("brief").textContent = scenario.config.brief || scenario.config.description || "";
  byId("brief-box").open = true;
  byId("papers-box").open = !isNarrow();
  byId("query").value = "";
  byId("paper").replaceChildren();
  byId("paper-list").replaceChildren(
    ...scenario.documents.map((one) => {
      const button = element("button", "", one.title);
      button.type = "button";
      button.dataset.filename = one.filename;
      button.addEventListener("click", () => openPaper(scenario, one).catch(complain));
      return element("li", "", null, button);
    }),
  );
  byId("look").hidden = !scenario.documents.length;
  byId("look").dataset.scenario = scenario.id;
}

const addressOf = (scenario, filename) => `/api/documents/${scenario.id}/${encodeURIComponent(filename)}`;

async function openPaper(scenario, { filename, type }) {
  const address = addressOf(scenario, filename);
  byId("papers-box").open = true;
  for (const button of byId("paper-list").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.filename === filename));
  }
  if (type && !type.startsWith("text/") && type !== "application/json") {
    const link = element("a", "", "Open in a new window");
    Object.assign(link, { href: address, target: "_blank", rel: "noopener" });
    byId("paper").replaceChildren(link);
    return;
  }
  const answer = await fetch(address);
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const text = await answer.text();
  byId("paper").replaceChildren(...(filename.endsWith(".md") ? blocks(text) : [element("pre", "", text)]));
  byId("paper").focus({ preventScroll: true });
}

/* Headings, lists and paragraphs of Markdown, as text: nothing in a document becomes markup. */
function blocks(text) {
  const made = [];
  for (const part of text.split(/\n\s*\n|\n(?=#)|(?<=^#.*)\n/m)) {
    const lines = part.trim().split("\n");
    const heading = lines[0].match(/^(#+)\s+(.*)/);
    if (heading) made.push(element(heading[1].length === 1 ? "h3" : "h4", "", heading[2]));
    else if (/^([-*]|\d+[.)]) /.test(lines[0])) made.push(element("ul", "", null, ...points(lines)));
    else if (lines[0]) made.push(element("p", "", lines.join(" ")));
  }
  return made;
}

function points(lines) {
  const joined = [];
  for (const line of lines) {
    if (/^\s*([-*]|\d+[.)]) /.test(line)) joined.push(line.replace(/^\s*[-*] /, ""));
    else joined[joined.length - 1] += ` ${line.trim()}`;
  }
  return joined.map((line) => element("li", "", line));
}

async function look(query) {
  const { results } = await get(`/api/scenarios/${byId("look").dataset.scenario}/search?query=${encodeURIComponent(query)}`);
  const found = results.flatMap((one) => [element("h4", "", one.title), element("p", "", one.content.replace(/^([^:]*: )?[-*] /, "$1"))]);
  byId("paper").replaceChildren(...(found.length ? found : [element("p", "", "Nothing in the documents is about that.")]));
}

/* The score */

function showScore(scenario, score, ending) {
  const again = element("button", "", "Choose another scenario");
  again.addEventListener("click", choose);
  const once = element("button", "quiet", "Practise this again");
  once.addEventListener("click", () => begin(scenario).catch(complain));
  const next = element("div", "next", null, once, again);
  byId("result").replaceChildren(element("h2", "", scenario.title), ...(score ? scored(scenario, score, ending) : [element("p", "", "This session was left; it has no score.")]), next);
  if (isNarrow()) byId("brief-box").open = byId("papers-box").open = false;
  step("result");
  byId("result").scrollTop = 0;
}

function scored(scenario, score, ending) {
  const meter = element("meter");
  Object.assign(meter, { min: 0, max: 100, low: score.pass_mark, high: score.pass_mark, optimum: 100, value: score.percent });
  const titles = score.items.filter((item) => score.blocked_by.includes(item.id)).map((item) => item.title);
  const why = titles.length ? `Failed by what must not happen: ${titles.join(", ")}.` : `${score.pass_mark} % is needed to pass.`;
  const by = score.judged_by === "house" ? "" : `Judged by ${score.judged_by}.`;
  const verdict = element("div", `verdict ${score.passed ? "passed" : ""}`, null,
    element("b", "", `${Math.round(score.percent)} %`),
    element("p", "", `${score.passed ? "Passed" : "Not passed"}: ${score.points} of ${score.max_points} points. ${why} ${WORDS[ending] || ""} ${by}`),
    meter);
  return [verdict, element("ul", "items", null, ...score.items.map((item) => row(scenario, item)))];
}

function row(scenario, item) {
  const worth = item.max_points ? `${item.points} / ${item.max_points}` : "must hold";
  const head = element("div", "head", null, element("span", "mark", item.passed ? "✓" : "✗"), element("span", "", item.title), element("b", "", worth));
  const made = element("li", `item ${item.passed ? "passed" : ""}`, null, head);
  made.dataset.item = item.id;
  if (item.quote) made.append(element("blockquote", "", item.quote));
  if (item.note) made.append(element("p", "note", item.note));
  if (item.parts.length) {
    const parts = item.parts.map((part) => element("li", "", `${part.passed ? "✓" : "✗"} ${part.title}`));
    made.append(element("ul", "parts", null, ...parts));
  }
  if (item.better) made.append(better(scenario, item.better));
  return made;
}

function better(scenario, { text, source, passage }) {
  const made = element("p", "better", text ? `Better: “${text}”` : "");
  if (source) {
    const paper = scenario.documents.find((one) => one.filename === source) || { filename: source, title: source };
    const link = element("a", "", paper.title);
    link.href = addressOf(scenario, source);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      openPaper(scenario, paper).catch(complain);
    });
    const words = passage.startsWith(`${paper.title}: `) ? passage.slice(paper.title.length + 2) : passage;
    made.append(element("cite", "", null, link, `: ${words.replace(/^([^:]*: )?[-*] /, "$1")}`));
  }
  return made;
}

/* Wiring */

function tab(name) {
  document.body.classList.toggle("practising", name === "practise");
  document.body.classList.toggle("calling", name === "calls");
  for (const one of ["talk", "calls", "practise"]) byId(`tab-${one}`).setAttribute("aria-pressed", String(name === one));
}

byId("tab-talk").addEventListener("click", () => {
  tab("talk");
  history.replaceState(null, "", location.pathname);
});
byId("tab-practise").addEventListener("click", () => {
  tab("practise");
  if (practice && !practice.over) history.replaceState(null, "", `#practise/${practice.id}`);
  else choose();
});
byId("tenant").addEventListener("change", () => document.body.classList.contains("practising") && choose());
byId("speak").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = byId("words").value.trim();
  if (!words || !practice) return;
  byId("words").value = "";
  practice.say(words);
});
byId("finish").addEventListener("click", async () => {
  const { id, scenario } = practice;
  try {
    const session = await send(`/api/sessions/${id}/complete`);
    practice.stop();
    showScore(scenario, session.score, session.data.ending);
  } catch (error) {
    complain(error);
  }
});
byId("leave").addEventListener("click", choose);
byId("look").addEventListener("submit", (event) => {
  event.preventDefault();
  const query = byId("query").value.trim();
  if (query) look(query).catch(complain);
});
byId("trainee").addEventListener("submit", (event) => event.preventDefault());
addEventListener("online", () => practice && !practice.over && practice.socket.readyState === WebSocket.CLOSED && practice.connect());

/* A reload, or the address sent to another device, goes on with the same session. */
document.addEventListener("tenants", () => {
  const [place, id] = location.hash.slice(1).split("/");
  if (place !== "practise") return;
  tab("practise");
  if (id) resume(id).catch((error) => choose().then(() => complain(error)));
  else choose();
});
