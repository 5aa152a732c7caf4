// The browser's line to the server: /ws/{broker}/{user}. Frames {type, data, timestamp, seq} become `live` events on the
// document; after a broken line it asks for what it missed. `live-again` says that the log could not tell it all: look
// once yourself. `window.sofia.tell(frame)` speaks to the server; what is said while the line is down is not kept.
// Every signed-in page has the line: base_app.html names its address in `data-socket`.
//
// What happens to leads comes also by names of its own, with the frame's data as detail: `lead.created`, `lead.changed`
// (lead_id, changed: names such as stage, status, score, agent, name, tags), `lead.deleted` (lead_id), `leads.changed`
// (many at once: changed, job_id), `job.changed` (job_id, kind, state, done, total), `job.ended` (job_id, kind, state).
(() => {
  'use strict';

  const page = document.querySelector('[data-socket]');
  if (!page || window.sofia.tell) return;
  const indicator = document.getElementById('live');
  const address = new URL(page.dataset.socket, window.location.href.replace(/^http/, 'ws'));

  let socket = null;
  const MOST_SEEN = 2000;
  const seen = new Set();
  let lastSeq = null;
  let attempts = 0;
  let lastHeard = 0;
  let timer = 0;
  let pulse = 0;

  const WORDS = { live: page.dataset.wordLive, connecting: page.dataset.wordConnecting, offline: page.dataset.wordOffline };
  function show(state) {
    if (!indicator) return;
    indicator.dataset.state = state;
    indicator.querySelector('.words').textContent = WORDS[state];
  }
  const emit = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
  const tell = (frame) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  };
  window.sofia.tell = tell;

  // Frames that concern leads, by the names that pages listen to.
  const TOPICS = {
    lead_created: 'lead.created',
    lead_updated: 'lead.changed',
    stage_changed: 'lead.changed',
    lead_deleted: 'lead.deleted',
    'leads.changed': 'leads.changed',
    'job.changed': 'job.changed',
    'job.ended': 'job.ended',
  };
  // The server's own words; everything else is an event. Their number is the newest of the log, not one of theirs.
  const OWN = new Set(['hello', 'heartbeat', 'pong', 'resumed', 'resync', 'watching', 'error']);
  function receive(frame) {
    if (frame.type === 'resync') emit('live-again');
    if (OWN.has(frame.type)) {
      if (lastSeq === null || frame.type === 'resync') lastSeq = frame.seq ?? lastSeq;
      return;
    }
    if (Number.isInteger(frame.seq)) {
      // Known by its number, not by its order: what was committed late comes after younger ones.
      if (seen.has(frame.seq)) return;
      seen.add(frame.seq);
      if (seen.size > MOST_SEEN) seen.delete(seen.values().next().value);
      lastSeq = Math.max(lastSeq ?? 0, frame.seq);
    }
    emit('live', frame);
    if (TOPICS[frame.type]) emit(TOPICS[frame.type], frame.data);
  }

  function connect() {
    clearTimeout(timer);
    if (socket || navigator.onLine === false) return;
    const line = new WebSocket(address);
    socket = line;
    line.onopen = () => {
      attempts = 0;
      lastHeard = Date.now();
      show('live');
      if (lastSeq !== null) tell({ type: 'resume', since: lastSeq });
      emit('live-open');
      pulse = setInterval(() => {
        if (Date.now() - lastHeard > 60000) line.close();
        else tell({ type: 'ping' });
      }, 20000);
    };
    line.onmessage = (event) => {
      lastHeard = Date.now();
      receive(JSON.parse(event.data));
    };
    line.onclose = (event) => {
      if (socket !== line) return;
      clearInterval(pulse);
      socket = null;
      show(navigator.onLine === false ? 'offline' : 'connecting');
      // Policy violation: signed out, or moved to another broker. A plain request tells which and goes to the sign-in page.
      if (event.code === 1008 || event.code === 4401 || event.code === 4403) emit('live-refused');
      const ceiling = Math.min(30000, 700 * 2 ** attempts);
      attempts = Math.min(attempts + 1, 8);
      if (attempts > 3) show('offline');
      timer = setTimeout(connect, ceiling / 2 + Math.random() * (ceiling / 2));
    };
  }

  // A line that outlived a change of network may be dead without knowing it.
  function drop() {
    const line = socket;
    socket = null;
    clearInterval(pulse);
    line?.close();
  }
  window.addEventListener('online', () => {
    attempts = 0;
    drop();
    connect();
  });
  window.addEventListener('offline', () => {
    drop();
    show('offline');
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || socket) return;
    attempts = 0;
    connect();
  });
  connect();
})();
